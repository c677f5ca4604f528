//! Drawn bouts for the studio: a video and the signal file that belongs to it, the same for the same seed.
//!
//! Not responsible for drawing. Invariant: one bout costs a few megabytes and a thread of the pool for uploads, whatever is asked.

use super::{readable::readable, shared::Shared};
use crate::{
    config::RefereeFisheye,
    media::{
        bout::{Bout, BoutOptions},
        jpeg::{Encoder, Quality, Subsampling},
        video::{AviWriter, Rate},
    },
};
use actix_web::{HttpResponse, http::header, web};
use serde::Deserialize;
use std::{error::Error, io::Cursor};

/// Pixels in a row and rows: enough for the model, and drawn in two seconds.
const SIZE: (u32, u32) = (960, 540);

const QUALITY: u32 = 85;

/// The strongest lens that bouts are drawn through.
const STRONGEST_LENS: f64 = 0.5;

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    seed: u64,
}

/// Adds the routes.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(readable("/studio/bout.avi", video))
        .service(readable("/studio/bout.txt", signal));
}

async fn video(shared: web::Data<Shared>, wish: web::Query<Wish>) -> HttpResponse {
    let lens = lens(&shared.config.referee.fisheye);
    answer(&shared, "video/x-msvideo", move || film(wish.seed, lens)).await
}

async fn signal(shared: web::Data<Shared>, wish: web::Query<Wish>) -> HttpResponse {
    let lens = lens(&shared.config.referee.fisheye);
    let text = move || Ok(bout(wish.seed, lens)?.signal().as_bytes().to_vec());
    answer(&shared, "text/plain; charset=utf-8", text).await
}

async fn answer(
    shared: &Shared,
    kind: &'static str,
    make: impl FnOnce() -> Result<Vec<u8>, Box<dyn Error>> + Send + 'static,
) -> HttpResponse {
    let made = shared
        .blocking(move || make().map_err(|e| e.to_string()))
        .await;
    match made {
        Ok(Ok(bytes)) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, kind))
            .body(bytes),
        Ok(Err(why)) => HttpResponse::InternalServerError().body(why),
        Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
    }
}

/// The lens that the referee straightens, so that a drawn hall is straight again when it has; none where it bends more than
/// is drawn.
fn lens(fisheye: &RefereeFisheye) -> Option<f64> {
    let drawn = fisheye.strength.abs() <= STRONGEST_LENS;
    (fisheye.enabled && drawn).then_some(fisheye.strength)
}

fn bout(seed: u64, lens: Option<f64>) -> Result<Bout, Box<dyn Error>> {
    let (width, height) = SIZE;
    let options = BoutOptions {
        width,
        height,
        lens,
        // For whoever compares it with the verdict; the rules never read it.
        human_line: true,
        ..BoutOptions::default()
    };
    Ok(Bout::draw(seed, options)?)
}

fn film(seed: u64, lens: Option<f64>) -> Result<Vec<u8>, Box<dyn Error>> {
    let bout = bout(seed, lens)?;
    let mut encoder = Encoder::new(Quality::new(QUALITY)?, Subsampling::S420);
    let rate = Rate::from_fps(bout.truth().fps)?;
    let mut writer = AviWriter::new(Cursor::new(Vec::new()), SIZE, rate)?;
    for frame in bout.frames() {
        writer.frame(&encoder.encode(&frame)?)?;
    }
    Ok(writer.finish()?.into_inner())
}
