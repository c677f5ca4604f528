//! The embedded pages: files of `studio/` and the texts of `docs/`, with their types, tags and rules for the browser.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, EntityTag, Header as _, HeaderValue, IfNoneMatch},
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Everything under `studio/`; read from the source tree in debug builds.
#[derive(RustEmbed)]
#[folder = "studio"]
struct Studio;

/// What is written for people under `docs/`, so that a page can lead to the words of its own version.
#[derive(RustEmbed)]
#[folder = "docs"]
#[include = "*.md"]
struct Docs;

/// What a page may load: itself and, for the world's page, the API on its other port.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src * data: blob:; media-src 'self' blob:; connect-src *; style-src 'self'; script-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
);

/// A file by its path under `studio/`.
pub fn file(request: &HttpRequest, path: &str) -> HttpResponse {
    found::<Studio>(request, path)
}

/// A page of documentation by its path under `docs/`, as plain text.
pub fn document(request: &HttpRequest, path: &str) -> HttpResponse {
    found::<Docs>(request, path)
}

fn found<Folder: RustEmbed>(request: &HttpRequest, path: &str) -> HttpResponse {
    // In release nothing has such a name; from disk it would lead out of the folder that the path was put in.
    let climbs = path.split('/').any(|part| part == "..");
    match Folder::get(path).filter(|_| !climbs) {
        Some(file) => answer(request, path, file),
        None => HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("not found\n"),
    }
}

/// The text of a file, for a page that is filled in before it is sent.
pub fn text(path: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&Studio::get(path)?.data).into_owned())
}

/// A page as HTML, under the pages' rules.
pub fn html(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(body)
}

fn answer(request: &HttpRequest, path: &str, file: EmbeddedFile) -> HttpResponse {
    let tag = EntityTag::new_strong(
        file.metadata
            .sha256_hash()
            .iter()
            .take(16)
            .map(|b| format!("{b:02x}"))
            .collect(),
    );
    let unchanged = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = if unchanged {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .content_type(content_type(path))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header(header::ETag(tag));
    if unchanged {
        response.finish()
    } else {
        response.body(file.data.into_owned())
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("woff2") => "font/woff2",
        Some("md") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
