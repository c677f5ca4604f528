//! The referee's paths beside the stream itself: statistics, results, and what is said to those who knock at the stream in vain.

use super::{GROUP, access, analyze::analyze, stats::stats_of};
use crate::{
    dialects::referee::stats::{DISABLED, ServerStats},
    http::{
        readable::{read, readable},
        shared::Shared,
    },
    media::spool::is_name,
};
use actix_files::NamedFile;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    middleware::DefaultHeaders,
    web,
};
use serde::Serialize;
use std::path::Path;

/// Adds the routes.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(readable("/streaming/stats", stats))
        .service(
            readable("/artifacts/{session}/{name}", artifact)
                .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))),
        )
        .service(web::resource("/analyze").route(web::post().to(analyze)))
        .service(web::resource("/stream").route(read().to(stream)));
}

#[derive(Serialize)]
struct Detail<'a> {
    detail: &'a str,
}

/// A refusal in the form of the original's framework.
pub(super) fn refusal(status: StatusCode, detail: &str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.json(Detail { detail })
}

/// The refusal of a request that names no token where one is asked for.
pub(super) fn unauthorised(shared: &Shared, request: &HttpRequest) -> Option<HttpResponse> {
    let tokens = &shared.config.referee.tokens;
    let allowed = access::is_allowed(tokens, request.headers(), request.uri());
    (!allowed).then(|| refusal(StatusCode::UNAUTHORIZED, "Unauthorized"))
}

async fn stats(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    if let Some(refused) = unauthorised(&shared, &request) {
        return refused;
    }
    let referee = &shared.config.referee;
    if !referee.enabled {
        return HttpResponse::Ok().json(DISABLED);
    }
    let mut sessions = Vec::new();
    for handle in shared.directory.all() {
        if handle.group == GROUP
            && let Some(view) = handle.kept().await
        {
            sessions.push(stats_of(&view));
        }
    }
    let max = referee.max_sessions.get();
    HttpResponse::Ok().json(ServerStats::of(sessions, max, referee.memory_bytes))
}

/// A file of a result. Ranges are served, so that a browser can jump in a video.
async fn artifact(
    shared: web::Data<Shared>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    if let Some(refused) = unauthorised(&shared, &request) {
        return refused;
    }
    let (session, name) = path.into_inner();
    let missing = || refusal(StatusCode::NOT_FOUND, "Not Found");
    if !(is_name(&session) && is_name(&name)) {
        return missing();
    }
    let file = shared.config.referee.output_dir.join(session).join(name);
    match shared.blocking(move || open(&file)).await {
        Ok(Some(file)) => harmless(file).into_response(&request),
        Ok(None) => missing(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// A plain file in a plain folder; what a link points to is nobody's result.
fn open(path: &Path) -> Option<NamedFile> {
    let about = |path: &Path| std::fs::symlink_metadata(path).ok();
    let folder = path.parent().and_then(about)?;
    let plain = folder.is_dir() && about(path)?.is_file();
    plain.then(|| NamedFile::open(path).ok()).flatten()
}

/// A signal has the name that its client gave it, and lies on the studio's own origin: what is none of our kinds of files is
/// never shown as a page.
fn harmless(file: NamedFile) -> NamedFile {
    let extension = file.path().extension().and_then(|text| text.to_str());
    let shown = matches!(
        extension,
        Some("mp4" | "avi" | "json" | "csv" | "xlsx" | "txt")
    );
    match shown {
        true => file,
        false => file.set_content_type(header::ContentType::octet_stream().0),
    }
}

/// What came here was no handshake that the door let in.
async fn stream(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    if let Some(refused) = unauthorised(&shared, &request) {
        return refused;
    }
    if shared.is_draining() {
        return refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server is shutting down",
        );
    }
    let mut response = HttpResponse::build(StatusCode::UPGRADE_REQUIRED);
    response.insert_header((header::UPGRADE, "websocket"));
    response.json(Detail {
        detail: "This is a WebSocket: see docs/dialects/referee.md",
    })
}
