//! The admin listener: metrics, sessions, models, GPUs. On loopback, or behind a token. Errors are problems as in RFC 9457.

use super::{admin_spool, readable::readable, shared::Shared};
use crate::{
    actors::{
        board::ModelView,
        buffer::FrameRecord,
        cuda::GpuView,
        registry::{EndSession, Snapshot},
    },
    media::Stage,
    session::{EndReason, SessionId},
    telemetry,
};
use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    web,
};
use futures_util::future::join_all;
use serde::Serialize;
use std::collections::BTreeMap;

/// Adds the routes.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(readable("/metrics", metrics).wrap(from_fn(authorise)))
        .service(
            web::scope("/admin")
                .wrap(from_fn(authorise))
                .route("/sessions", web::get().to(sessions))
                .route("/sessions/{id}", web::get().to(session))
                .route("/sessions/{id}", web::delete().to(end_session))
                .route("/models", web::get().to(models))
                .route("/gpus", web::get().to(gpus))
                .configure(admin_spool::routes)
                .default_service(web::to(|| async {
                    problem(StatusCode::NOT_FOUND, "not-found", "No such resource.")
                })),
        );
}

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
struct Sessions {
    sessions: Vec<SessionJson>,
}

#[derive(Serialize)]
struct SessionJson {
    id: String,
    pipeline: &'static str,
    state: &'static str,
    model: String,
    backend: &'static str,
    width: u32,
    height: u32,
    fps: f64,
    viewers: usize,
    frames: u64,
    in_flight: usize,
    replaced: u64,
    age_s: f64,
    idle_s: f64,
}

#[derive(Serialize)]
struct SessionDetail {
    #[serde(flatten)]
    session: SessionJson,
    recent: Vec<FrameJson>,
}

#[derive(Serialize)]
struct FrameJson {
    frame: u64,
    action: u64,
    us: BTreeMap<&'static str, u128>,
}

#[derive(Serialize)]
struct Ended<'a> {
    ended: &'a str,
}

#[derive(Serialize)]
struct Models {
    models: Vec<ModelView>,
}

#[derive(Serialize)]
struct GpuList {
    gpus: Vec<GpuView>,
}

async fn metrics(shared: web::Data<Shared>) -> HttpResponse {
    // Read where it is kept, at the moment at which it is asked for.
    let uploads = shared.uploads.capacity() - shared.uploads.free();
    telemetry::upload_memory().set(uploads as f64);
    admin_spool::measure(shared.referee.as_ref());
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(shared.metrics.render())
}

async fn sessions(shared: web::Data<Shared>) -> HttpResponse {
    let handles = shared.directory.all();
    let snapshots = join_all(handles.iter().map(|handle| handle.snapshot())).await;
    let sessions = snapshots
        .iter()
        .flatten()
        .map(|snapshot| describe(&shared, snapshot))
        .collect();
    HttpResponse::Ok().json(Sessions { sessions })
}

async fn session(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let handle = shared.directory.find(&id);
    let snapshot = match &handle {
        Some(handle) => handle.snapshot().await,
        None => None,
    };
    let Some(snapshot) = snapshot else {
        return no_session();
    };
    let recent = snapshot.buffer.recent.iter().map(frame).collect();
    HttpResponse::Ok().json(SessionDetail {
        session: describe(&shared, &snapshot),
        recent,
    })
}

async fn end_session(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let end = EndSession {
        session: SessionId::new(id.as_str()),
        reason: EndReason::OperatorStopped,
    };
    match shared.registry.send(end).await {
        Ok(true) => HttpResponse::Ok().json(Ended { ended: &id }),
        Ok(false) | Err(_) => no_session(),
    }
}

async fn models(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(Models {
        models: shared.board.views(),
    })
}

async fn gpus(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(GpuList {
        gpus: shared.gpus.views(),
    })
}

fn describe(shared: &Shared, snapshot: &Snapshot) -> SessionJson {
    let Snapshot {
        handle,
        session,
        buffer,
    } = snapshot;
    let period = handle.spec.period.as_secs_f64();
    let is_idle = session.state == "idle";
    SessionJson {
        id: handle.id.to_string(),
        pipeline: handle.spec.pipeline,
        state: session.state,
        model: handle.key.model.to_string(),
        backend: shared
            .board
            .view(&handle.key.model)
            .map_or("none", |status| status.backend),
        width: handle.size.0,
        height: handle.size.1,
        fps: if period > 0.0 {
            (1000.0 / period).round() / 1000.0
        } else {
            0.0
        },
        viewers: buffer.viewers,
        frames: buffer.frames,
        in_flight: buffer.in_flight,
        replaced: buffer.replaced,
        age_s: session.age.as_secs_f64(),
        idle_s: if is_idle {
            session.in_state.as_secs_f64()
        } else {
            0.0
        },
    }
}

fn frame(record: &FrameRecord) -> FrameJson {
    let mut us: BTreeMap<_, _> = record
        .stages
        .iter()
        .map(|(stage, time)| (Stage::name(stage), time.as_micros()))
        .collect();
    us.insert("total", record.stages.total().as_micros());
    FrameJson {
        frame: record.frame.0,
        action: record.action.0,
        us,
    }
}

fn no_session() -> HttpResponse {
    problem(
        StatusCode::NOT_FOUND,
        "no-such-session",
        "No session has this id.",
    )
}

pub(super) fn problem(status: StatusCode, code: &str, detail: &str) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or_default();
    HttpResponse::build(status)
        .content_type("application/problem+json")
        .json(Problem {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code,
            detail,
        })
}

/// Lets nobody through without the token, if there is one.
async fn authorise<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let token = request
        .app_data::<web::Data<Shared>>()
        .and_then(|shared| shared.config.admin.token.clone());
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    if token.is_none_or(|token| given.is_some_and(|given| token.matches(given))) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let mut refusal = problem(
        StatusCode::UNAUTHORIZED,
        "unauthorised",
        "Send the admin token as a bearer token.",
    );
    refusal.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        header::HeaderValue::from_static("Bearer"),
    );
    Ok(request.into_response(refusal).map_into_right_body())
}
