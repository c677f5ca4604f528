//! Paths that can only be read: by GET, and by HEAD, which is how monitors and proxies look.

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard, http::header, web,
};

/// A path with one answer for readers; other methods are told so (RFC 9110, section 15.5.6).
pub fn readable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(read().to(handler))
        .default_service(web::to(|| async {
            HttpResponse::MethodNotAllowed()
                .insert_header((header::ALLOW, "GET, HEAD"))
                .finish()
        }))
}

/// A route for readers.
pub fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
