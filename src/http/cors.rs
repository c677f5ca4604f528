//! CORS as the original's framework answers it with default options: every origin, every route, errors too.
//!
//! `actix-cors` does not put the header on answers to requests without an `Origin`, which a plain `curl` of the original
//! shows; hence these few lines.

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::Next,
};

const METHODS: HeaderValue =
    HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// Answers preflights, and lets every origin read every answer.
///
/// # Errors
/// Those of the route.
pub async fn allow_all<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let asks = request
        .headers()
        .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if request.method() == Method::OPTIONS && asks {
        preflight(request).map_into_right_body()
    } else {
        next.call(request).await?.map_into_left_body()
    };
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    Ok(response)
}

fn preflight(request: ServiceRequest) -> ServiceResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS));
    if let Some(wanted) = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
    {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()));
    }
    request.into_response(response.finish())
}
