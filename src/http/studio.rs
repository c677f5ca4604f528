//! The studio on the main listener, its status, and the other dialects under the same origin.

use super::{assets, cors, gamecraft, readable::readable, shared::Shared};
use crate::{
    actors::board::ModelView,
    config::{ListenName, RulesChoice},
    dialects::referee::stats::Health as RefereeHealth,
};
use actix_web::{HttpRequest, HttpResponse, http::header, middleware::from_fn, web};
use serde::Serialize;

/// The place that a model which finds fencers fills.
const POSE: &str = "pose";

/// Adds the routes.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(readable("/", root))
        .service(readable("/referee", referee))
        .service(readable("/docs/{path:.*}", document))
        .service(readable("/health", health))
        .service(readable("/studio/status.json", status))
        .service(readable("/studio/{path:.*}", file))
        .service(
            web::scope("/d/gamecraft")
                .wrap(from_fn(cors::allow_all))
                .configure(gamecraft::routes)
                .default_service(web::to(gamecraft::not_found)),
        );
}

#[derive(Serialize)]
struct Api {
    name: &'static str,
    version: &'static str,
}

/// What both dialects of this listener say of their health.
#[derive(Serialize)]
struct Health {
    #[serde(flatten)]
    referee: RefereeHealth,
    version: &'static str,
}

#[derive(Serialize)]
struct Status {
    version: &'static str,
    pipelines: Vec<Pipeline>,
    sessions: usize,
    max_sessions: usize,
    listeners: Listeners,
}

/// Ports that the studio names to its visitor; none where a listener is not open.
#[derive(Serialize)]
struct Listeners {
    gamecraft: Option<u16>,
}

#[derive(Serialize)]
struct Pipeline {
    name: &'static str,
    ready: bool,
    state: &'static str,
    model: String,
    title: String,
    kind: &'static str,
    engine: &'static str,
    backend: &'static str,
    device: String,
    why: Option<String>,
    fix: Option<String>,
    /// Of the referee: the rules that decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<&'static str>,
}

/// The studio for browsers; for programs the object that the API's original answers.
async fn root(request: HttpRequest) -> HttpResponse {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if accept.contains("text/html") {
        return assets::file(&request, "index.html");
    }
    HttpResponse::Ok().json(Api {
        name: "Frameloom",
        version: env!("CARGO_PKG_VERSION"),
    })
}

async fn referee(request: HttpRequest) -> HttpResponse {
    assets::file(&request, "referee.html")
}

/// Documentation of this very version, as it is written.
async fn document(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    assets::document(&request, &path)
}

async fn file(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    assets::file(&request, &path)
}

async fn health(shared: web::Data<Shared>) -> HttpResponse {
    let model = shared.config.referee.model.to_string();
    HttpResponse::Ok().json(Health {
        referee: RefereeHealth::new(&model, shared.judges_bouts()),
        version: env!("CARGO_PKG_VERSION"),
    })
}

async fn status(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(Status {
            version: env!("CARGO_PKG_VERSION"),
            pipelines: pipelines(&shared),
            sessions: shared.directory.len(),
            max_sessions: shared.config.sessions.max.get(),
            listeners: Listeners {
                gamecraft: shared.address(ListenName::Gamecraft).map(|at| at.port()),
            },
        })
}

fn pipelines(shared: &Shared) -> Vec<Pipeline> {
    let mut all = vec![world(shared)];
    all.extend(judging(shared));
    all
}

fn world(shared: &Shared) -> Pipeline {
    let model = shared.config.gamecraft.model.as_str();
    match shared.board.view(model) {
        Some(view) => Pipeline::of("world", view),
        None => Pipeline::without(
            "world",
            model,
            "set gamecraft.model to a model of the repository",
        ),
    }
}

/// The referee, unless it is turned off.
fn judging(shared: &Shared) -> Option<Pipeline> {
    let config = &shared.config.referee;
    let mut views = shared.board.views().into_iter();
    let pipeline = match views.find(|view| view.slot == POSE) {
        Some(view) => Pipeline::of("referee", view),
        None => Pipeline::without(
            "referee",
            POSE,
            "set referee.model to a model that finds fencers",
        ),
    };
    let rules = match config.rules {
        RulesChoice::V1 => "v1",
        RulesChoice::V2 => "v2",
    };
    config.enabled.then_some(Pipeline {
        rules: Some(rules),
        ..pipeline
    })
}

impl Pipeline {
    /// How the model stands that fills its place.
    fn of(name: &'static str, view: ModelView) -> Self {
        let (engine, device) = match view.threads_in_words() {
            Some(threads) => ("cpu", format!("{} ({threads})", view.device)),
            None => ("gpu", view.device),
        };
        Self {
            name,
            ready: view.ready,
            state: view.state,
            device,
            model: view.model,
            title: view.title,
            kind: view.kind,
            engine,
            backend: view.backend,
            why: view.why,
            fix: view.fix,
            rules: None,
        }
    }

    /// No model fills its place.
    fn without(name: &'static str, model: &str, fix: &str) -> Self {
        Self {
            name,
            ready: false,
            state: "failed",
            model: model.to_owned(),
            title: model.to_owned(),
            kind: "unknown",
            engine: "none",
            backend: "none",
            device: String::new(),
            why: Some(format!("no model `{model}` is known")),
            fix: Some(fix.to_owned()),
            rules: None,
        }
    }
}
