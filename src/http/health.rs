//! `/livez` and `/readyz`, on every listener: the process lives; new sessions are taken.

use super::{readable::readable, shared::Shared};
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    draining: bool,
    models: Vec<ModelReady<'a>>,
}

#[derive(Serialize)]
struct ModelReady<'a> {
    model: &'a str,
    state: &'a str,
}

/// Adds the routes.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(readable("/livez", livez))
        .service(readable("/readyz", readyz));
}

async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
    let models = shared.board.views();
    let models = models.iter().map(|view| ModelReady {
        model: &view.model,
        state: view.state,
    });
    let body = Ready {
        ready: shared.is_ready(),
        draining: shared.is_draining(),
        models: models.collect(),
    };
    if body.ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}
