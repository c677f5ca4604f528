//! The gamecraft dialect's routes: its own listener, and the same under `/d/gamecraft` and `/api`.

use super::{
    body::{self, Body, BodyFault},
    mjpeg::MjpegBody,
    readable::read,
    refusal::Refusal,
    shared::Shared,
    ws,
};
use crate::{
    actors::registry::{EndSession, GroupLimit, OnFull, OpenError, OpenSession, SessionHandle},
    config,
    dialects::gamecraft::{
        Fault, control, fault, mjpeg,
        reply::{ActionSent, Health, Started, Stopped, saved_path},
        socket::{Notice, WorldSocket},
        start::{self, ImageSource, Start, StartLimits},
    },
    media::{
        ActionId, DecodeLimits,
        jpeg::{Quality, Subsampling},
    },
    pipelines::{
        OpenFault,
        world::{MotionConfig, WorldOptions},
    },
    session::{Action, Class, EgressPolicy, EndReason, IngressPolicy, Media, SessionSpec},
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
use std::{
    num::NonZeroUsize,
    path::Path,
    time::{Duration, Instant},
};

/// The group that this dialect's sessions count in.
const GROUP: &str = "gamecraft";

/// Bytes of an action's body: it is read where frames are sent, so it may not take long.
const CONTROL_BYTES: usize = 64 * 1024;

/// A frame is worth drawing for so long after its action: what a person still takes for immediate (Miller 1968, Nielsen
/// 1993: 0.1 s).
const DEADLINE: Duration = Duration::from_millis(100);

/// Failures in a row that end a world: three seconds' worth would be a frozen picture that nobody explains.
const MAX_FAILURES: u32 = 10;

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
    let worker_ready = shared.is_ready();
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
    let world = shared
        .world
        .clone()
        .ok_or_else(|| refused(no_world(&shared)))?;
    let options = world_options(&shared, (width, height)).map_err(refused)?;
    let assets = shared.config.gamecraft.assets_dir.clone();
    let opener = move || {
        let opened = load(image, &assets, &options.limits)
            .and_then(|image| world.open(options, image.as_deref()));
        drop(lease);
        opened
    };
    let limit = group_limit(&shared.config.gamecraft);
    let model = shared.config.gamecraft.model.as_str().to_owned();
    let open = OpenSession {
        limit,
        model,
        prefix: "stream_",
        pipeline: "world",
        opener: Box::new(opener),
    };
    let handle = shared
        .registry
        .send(open)
        .await
        .map_err(OpenError::from)
        .and_then(|r| r)
        .map_err(refused)?;
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

fn group_limit(config: &config::Gamecraft) -> GroupLimit {
    let on_full = match config.on_full {
        config::OnFull::Refuse => OnFull::Refuse,
        config::OnFull::EvictOldest => OnFull::EvictOldest,
    };
    GroupLimit {
        group: GROUP,
        max: config.max_streams.get(),
        on_full,
    }
}

fn no_world(shared: &Shared) -> OpenError {
    let model = shared.config.gamecraft.model.as_str();
    OpenError::NotReady(format!("the model `{model}` is not in the repository"))
}

fn world_options(shared: &Shared, size: (u32, u32)) -> Result<WorldOptions, OpenError> {
    let (config, limits) = (&shared.config.gamecraft, &shared.config.limits);
    let quality =
        Quality::new(config.jpeg_quality.into()).map_err(|e| OpenError::Internal(e.to_string()))?;
    let period = Duration::from_secs(1) / config.fps.get();
    Ok(WorldOptions {
        size,
        motion: MotionConfig {
            hold: config.action_hold,
            fps: config.fps.get(),
        },
        quality: (quality, Subsampling::S420),
        limits: DecodeLimits {
            max_bytes: limits.image_bytes,
            max_side: limits.image_side,
            max_pixels: limits.image_pixels,
        },
        spec: SessionSpec {
            pipeline: "world",
            ingress: IngressPolicy::NewestWins,
            egress: EgressPolicy::Latest,
            class: Class::Interactive,
            period: if config.pacing {
                period
            } else {
                Duration::ZERO
            },
            deadline: DEADLINE,
            credits: NonZeroUsize::MIN.saturating_add(1),
            still_repeat: config.still_repeat,
            idle_timeout: shared.config.sessions.idle_timeout,
            max_failures: MAX_FAILURES,
            input_rate: u32::try_from(limits.control_per_second.get()).unwrap_or(u32::MAX),
            max_viewers: limits.viewers.get(),
        },
    })
}

/// The picture's bytes; a path may only lead to a file inside the assets directory.
fn load(
    image: Option<ImageSource>,
    assets: &Path,
    limits: &DecodeLimits,
) -> Result<Option<Vec<u8>>, OpenFault> {
    match image {
        None => Ok(None),
        Some(ImageSource::Inline(bytes)) => Ok(Some(bytes)),
        Some(ImageSource::Asset(path)) => read_asset(&path, assets, limits.max_bytes).map(Some),
    }
}

fn read_asset(path: &str, assets: &Path, max_bytes: usize) -> Result<Vec<u8>, OpenFault> {
    let outside =
        || OpenFault::Invalid("image_path must name a file inside the assets directory".into());
    let root = assets.canonicalize().map_err(|_| outside())?;
    let file = root.join(path).canonicalize().map_err(|_| outside())?;
    let is_inside = file.starts_with(&root) && file.is_file();
    let size = std::fs::metadata(&file).map_err(|_| outside())?.len();
    if !is_inside || size > max_bytes as u64 {
        return Err(outside());
    }
    std::fs::read(&file).map_err(|_| outside())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_assets_directory() {
        let dir = tempfile::tempdir().unwrap();
        let assets = dir.path().join("assets");
        std::fs::create_dir(&assets).unwrap();
        std::fs::write(assets.join("ok.png"), b"picture").unwrap();
        std::fs::write(dir.path().join("secret"), b"secret").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), assets.join("link.png")).unwrap();
        assert_eq!(read_asset("ok.png", &assets, 100), Ok(b"picture".to_vec()));
        let absolute = dir.path().join("secret");
        for bad in [
            "../secret",
            "link.png",
            absolute.to_str().unwrap(),
            "",
            ".",
            "missing.png",
            "a\0b",
        ] {
            assert!(
                matches!(read_asset(bad, &assets, 100), Err(OpenFault::Invalid(_))),
                "{bad:?}"
            );
        }
        assert!(
            read_asset("ok.png", &assets, 3).is_err(),
            "larger than allowed"
        );
    }
}
