//! The page of the original's kind, on a listener of its own: the page, its files, its health, and the API under `/api`.

use super::{assets, cors, gamecraft, readable::readable, shared::Shared};
use crate::config::ListenName;
use actix_web::{HttpRequest, HttpResponse, middleware::from_fn, web};
use serde::Serialize;

/// Where the page looks for the API when it is told nothing.
const DEFAULT_API_PORT: u16 = 8083;

/// Adds the routes.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(readable("/", page))
        .service(readable("/static/{path:.*}", file))
        .service(readable("/health", health))
        // The original forwards these to the API's process; here it is the same process.
        .service(
            web::scope("/api")
                .wrap(from_fn(cors::allow_all))
                .configure(gamecraft::routes)
                .default_service(web::to(gamecraft::not_found)),
        );
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    frontend: &'static str,
    api_server: &'static str,
    api_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

async fn page(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let Some(page) = assets::text("gamecraft/index.html") else {
        return HttpResponse::NotFound().finish();
    };
    let port = shared
        .address(ListenName::Gamecraft)
        .map(|at| at.port())
        .filter(|port| *port != DEFAULT_API_PORT);
    let host = host_name(request.connection_info().host());
    let url = port
        .map(|port| format!("http://{host}:{port}"))
        .unwrap_or_default();
    let meta = |url: &str| format!("<meta name=\"api-url\" content=\"{url}\">");
    assets::html(page.replace(&meta(""), &meta(&url)))
}

async fn file(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    assets::file(&request, &format!("gamecraft/static/{path}"))
}

async fn health(shared: web::Data<Shared>) -> HttpResponse {
    let api = shared.address(ListenName::Gamecraft);
    HttpResponse::Ok().json(Health {
        status: if api.is_some() { "healthy" } else { "degraded" },
        frontend: "running",
        api_server: if api.is_some() {
            "reachable"
        } else {
            "unreachable"
        },
        api_url: api.map(|at| format!("http://{at}")).unwrap_or_default(),
        error: api
            .is_none()
            .then_some("the gamecraft listener is not open"),
    })
}

/// The host of a `Host` header without its port; anything that is no host name becomes `localhost`, since it goes into a page.
fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'[' | b']' | b':'));
    if is_name {
        name.to_owned()
    } else {
        "localhost".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_name_gets_into_the_page() {
        for (host, name) in [
            ("example.org:8085", "example.org"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]:8085", "[::1]"),
            ("\"><script>", "localhost"),
            ("", "localhost"),
        ] {
            assert_eq!(host_name(host), name);
        }
    }
}
