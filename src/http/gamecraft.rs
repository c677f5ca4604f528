//! The gamecraft dialect's routes: its own listener, and the same under `/d/gamecraft` and `/api`.

use super::{
    body::{self, Body, BodyFault},
    mjpeg::MjpegBody,
    readable::read,
    refusal::Refusal,
    shared::Shared,
    worlds, ws,
};
use crate::{
    actors::registry::{EndSession, OpenError, SessionHandle},
    dialects::gamecraft::{
        Fault, control, fault, mjpeg,
        reply::{ActionSent, Health, Started, Stopped, saved_path},
        socket::{Notice, WorldSocket},
        start::{self, ImageSource, Start, StartLimits},
    },
    media::ActionId,
    session::{Action, EndReason, Media},
    telemetry::labels::RejectReason,
};
use actix_web::{
    HttpRequest, HttpResponse, Resource, ResponseError as _, Route, guard,
    http::{
        ConnectionType, Version,
        header::{self, HeaderValue},
    },
    web,
};
use std::time::Instant;

/// The group that this dialect's sessions count in.
pub const GROUP: &str = "gamecraft";

/// Bytes of an action's body: it is read where frames are sent, so it may not take long.
const CONTROL_BYTES: usize = 64 * 1024;

/// Adds the routes.
pub fn routes(app: &mut web::ServiceConfig) {
    let get = || web::route().guard(guard::Get());
    let post = || web::route().guard(guard::Post());
    app.service(only("/health", "GET, HEAD", read().to(health)))
        .service(only("/start_stream", "POST", post().to(start_stream)))
        .service(only("/control/{id}", "POST", post().to(control)))
        .service(only("/video/{id}", "GET", get().to(video)))
        .service(only("/stop_stream/{id}", "POST", post().to(stop_stream)))
        .service(only("/ws/world/{id}", "GET", get().to(world_socket)));
}

/// A path with one route; other methods are told which ones it has (RFC 9110, section 15.5.6).
fn only(path: &str, allow: &'static str, route: Route) -> Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(move || async move {
            let mut refusal = Refusal::from(Fault::wrong_method()).error_response();
            let allow = HeaderValue::from_static(allow);
            refusal.headers_mut().insert(header::ALLOW, allow);
            refusal
        }))
}

/// What a wrong path gets here.
pub async fn not_found() -> HttpResponse {
    Refusal::from(Fault::no_route()).error_response()
}

async fn health(shared: web::Data<Shared>) -> HttpResponse {
    let model = shared.config.gamecraft.model.as_str();
    let view = shared.board.view(model);
    let worker_ready = shared.draws_worlds();
    HttpResponse::Ok().json(Health {
        status: if worker_ready { "healthy" } else { "unhealthy" },
        worker_ready,
        active_streams: shared.directory.count(GROUP),
        model,
        model_state: view.as_ref().map_or("unknown", |view| view.state),
        engine: view.as_ref().map_or("none", |view| view.backend),
    })
}

async fn start_stream(
    shared: web::Data<Shared>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let limit = shared.config.limits.body_bytes;
    let read = body::read(&shared, &request, payload, limit).await;
    if matches!(read, Err(BodyFault::NoMemory)) {
        shared.world_admission.rejected(RejectReason::Memory);
    }
    let Body { bytes, lease } = read?;
    fault::require_json(content_type(&request))?;
    let limits = StartLimits {
        prompt_chars: shared.config.limits.prompt_chars,
        image_bytes: shared.config.limits.image_bytes,
    };
    let refused = |e: OpenError| Refusal::of_open(&e, shared.config.gamecraft.retry_after);
    let Start { image, mut params } = shared
        .blocking(move || start::parse(&bytes, limits))
        .await
        .map_err(refused)??;
    let inline = matches!(image, Some(ImageSource::Inline(_)));
    let [height, width] = params.video_size;
    let size = (width, height);
    let request = worlds::Request { image, size, lease };
    let handle = worlds::open(&shared, request).await.map_err(refused)?;
    if inline {
        params.image_path = Some(saved_path(handle.id.as_str()));
    }
    Ok(HttpResponse::Ok().json(Started::new(handle.id.as_str(), &params)))
}

async fn control(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let limit = shared.config.limits.body_bytes.min(CONTROL_BYTES);
    let Body { bytes, .. } = body::read(&shared, &request, payload, limit).await?;
    let received = Instant::now();
    fault::require_json(content_type(&request))?;
    let control = control::parse(&bytes)?;
    let handle = find(&shared, &id).ok_or_else(Fault::stream_not_found)?;
    let speed = control.speed()? as f32;
    let action = Action {
        id: ActionId(0),
        direction: control.direction,
        speed,
        received,
    };
    handle.offer(Media::Action(action)).await?;
    Ok(HttpResponse::Ok().json(ActionSent::new(&id, &control)))
}

async fn video(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let handle = find(&shared, &id).ok_or_else(|| Fault::no_video(&id))?;
    let viewer = handle.subscribe().await?;
    let body = MjpegBody::new(viewer, shared.world_viewers.watch());
    let caching = HeaderValue::from_static("no-cache, no-store, must-revalidate");
    let kind = HeaderValue::from_static(mjpeg::CONTENT_TYPE);
    let mut response = HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::CONTENT_TYPE, kind))
        .streaming(body);
    // HTTP/1.0, which nginx speaks to what is behind it unless told otherwise, knows no chunks: there the connection's end
    // is the body's (RFC 9112, section 6.1).
    if request.version() < Version::HTTP_11 {
        response.head_mut().no_chunking(true);
        response
            .head_mut()
            .set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

async fn stop_stream(
    shared: web::Data<Shared>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let handle = find(&shared, &id).ok_or_else(Fault::stream_not_found)?;
    let end = EndSession {
        session: handle.id,
        reason: EndReason::ClientStopped,
    };
    match shared.registry.send(end).await {
        Ok(true) => Ok(HttpResponse::Ok().json(Stopped::new(&id))),
        Ok(false) | Err(_) => Err(Fault::stream_not_found().into()),
    }
}

async fn world_socket(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let handle = find(&shared, &id).ok_or_else(|| Fault::no_video(&id))?;
    let viewer = handle.subscribe().await?;
    let (view, pacing) = (
        shared.board.view(&handle.key.model),
        &shared.config.gamecraft,
    );
    let engine = view
        .as_ref()
        .map_or_else(String::new, |view| view.runs_on());
    let dialect = WorldSocket::new(&Notice::World {
        stream_id: handle.id.as_str(),
        model: &handle.key.model,
        title: view.as_ref().map_or("", |view| &view.title),
        engine: &engine,
        kind: view.as_ref().map_or("unknown", |view| view.kind),
        fps: if pacing.pacing { pacing.fps.get() } else { 0 },
        width: handle.size.0,
        height: handle.size.1,
        scene: handle.scene.map(Into::into),
    });
    let parts = ws::Parts {
        dialect,
        port: handle,
        viewer,
        meter: shared.world_viewers.watch(),
        drain: shared.drain.clone(),
        message_bytes: shared.config.limits.ws_message_bytes,
    };
    ws::upgrade(parts, &request, payload)
        .map_err(|refused| Fault::bad_request(refused.to_string()).into())
}

fn find(shared: &Shared, id: &str) -> Option<SessionHandle> {
    shared
        .directory
        .find(id)
        .filter(|handle| handle.group == GROUP)
}

fn content_type(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::CONTENT_TYPE)?.to_str().ok()
}
