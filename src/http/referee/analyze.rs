//! `POST /analyze`: a whole video and its signal in one form; the verdict in the answer.
//!
//! The video goes the stream's own way: its frames are kept by the same [`Intake`] and judged by the same study, so the result is
//! the stream's for the same frames. A client that leaves before the answer loses the answer, not the artifacts.

use super::{form, form::Form, opening, routes::unauthorised};
use crate::{
    actors::{
        keeper::{FrameFault, Intake, Outcome},
        registry::{EndSession, OpenError, SessionHandle},
    },
    dialects::referee::upload::{UploadFault, folder},
    http::shared::Shared,
    media::{
        Encoding, Lease,
        clip::{Clip, ClipError},
        picture::{Sides, check},
        video::Sound,
    },
    session::{BoutSpec, EndReason, SessionId, SignalFile},
};
use actix_multipart::Multipart;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Names that are tried for uploads of one signal within one second.
const NAMES: u32 = 100;

/// Answers an upload.
pub async fn analyze(
    shared: web::Data<Shared>,
    request: HttpRequest,
    multipart: Multipart,
) -> HttpResponse {
    if let Some(refused) = unauthorised(&shared, &request) {
        return refused;
    }
    match judged(&shared, multipart).await {
        Ok(document) => HttpResponse::Ok()
            .content_type("application/json")
            .body(document),
        Err(fault) => refused(&fault),
    }
}

fn refused(fault: &UploadFault) -> HttpResponse {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    response
        .content_type("application/json")
        .body(fault.body.clone())
}

async fn judged(shared: &Shared, multipart: Multipart) -> Result<String, UploadFault> {
    if shared.is_draining() {
        return Err(busy("The server is shutting down"));
    }
    if !shared.judges_bouts() {
        return Err(UploadFault::no_model());
    }
    let place = Arc::clone(&shared.forms).try_acquire_owned();
    let place = place.map_err(|_| {
        let most = shared.config.referee.max_sessions;
        busy(&format!("Maximum concurrent uploads reached ({most})"))
    })?;
    let memory = reserve(shared, form::most_bytes(&shared.config.referee))?;
    let form = form::read(shared, multipart).await?;
    // A task of its own: a client that leaves from here on takes nothing along.
    let shared = shared.clone();
    let verdict = actix_web::rt::spawn(async move {
        let verdict = verdict(&shared, form).await;
        drop((place, memory));
        verdict
    });
    verdict.await.map_err(internal)?
}

/// Judges a form that has come.
async fn verdict(shared: &Shared, form: Form) -> Result<String, UploadFault> {
    let ffmpeg = shared.config.referee.ffmpeg.clone();
    // The first frame is read before its sides are known; it shall never need all memory that there is.
    let half = shared.config.referee.memory_bytes / 2;
    let first = reserve(shared, shared.config.referee.frame_bytes.min(half))?;
    let longest = first.bytes();
    let Form {
        video,
        signal_name,
        signal,
        include_keypoints,
        save_overlay,
        video_name,
    } = form;
    let sound = match shared.config.referee.fisheye.keep_audio {
        true => Some(Sound::of(video.try_clone().map_err(internal)?)),
        false => None,
    };
    let clip = web::block(move || Clip::open(video, &ffmpeg, longest)).await;
    let clip = clip
        .map_err(internal)?
        .map_err(|error| unreadable(&video_name, &error))?;
    let handle = open(shared, &signal_name, |id| {
        let about = clip.about();
        BoutSpec {
            id,
            fps: about.fps,
            width: about.width,
            height: about.height,
            expected_frames: None,
            include_keypoints,
            save_overlay,
            input_video: Some(video_name.clone()),
            sound: sound.clone(),
        }
    })
    .await?;
    let signal = SignalFile {
        filename: signal_name,
        bytes: signal,
    };
    let outcome = conclude(&handle, (clip, first), signal).await;
    // Nobody will resume it: a new upload has a name of its own.
    let end = EndSession {
        session: handle.id,
        reason: EndReason::ClientStopped,
    };
    shared.registry.send(end).await.unwrap_or(false);
    match outcome {
        Err(_) if shared.is_draining() => Err(busy("The server is shutting down")),
        outcome => outcome,
    }
}

/// Memory of all sessions, taken before it is used.
fn reserve(shared: &Shared, bytes: usize) -> Result<Lease, UploadFault> {
    let referee = shared.referee.as_ref().ok_or_else(UploadFault::no_model)?;
    let full = || busy(&OpenError::NoMemory.to_string());
    referee.reserve_beside(bytes).ok_or_else(full)
}

/// Opens a session whose name tells the signal and the moment.
async fn open(
    shared: &Shared,
    signal: &str,
    bout: impl Fn(SessionId) -> BoutSpec,
) -> Result<SessionHandle, UploadFault> {
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = folder(signal, unix);
    for attempt in 1..NAMES {
        let id = match attempt {
            1 => name.clone(),
            _ => format!("{name}_{attempt}"),
        };
        match opening::open(shared, bout(SessionId::new(id))).await {
            Err(OpenError::Exists) => {}
            Err(OpenError::NotReady(_)) => return Err(UploadFault::no_model()),
            Err(error @ (OpenError::Full | OpenError::NoMemory | OpenError::Draining)) => {
                return Err(busy(&error.to_string()));
            }
            Err(error) => return Err(UploadFault::failed(error.to_string())),
            Ok(handle) => return Ok(handle),
        }
    }
    Err(busy("Too many uploads of this signal"))
}

/// Keeps all of a clip, whose first frame has this memory beside the session's, and awaits its verdict.
async fn conclude(
    handle: &SessionHandle,
    (mut clip, first): (Clip, Lease),
    signal: SignalFile,
) -> Result<String, UploadFault> {
    let intake = handle.intake().await.map_err(internal)?;
    clip.limit(intake.message_bytes())
        .map_err(|error| unreadable("The video", &error))?;
    drop(first);
    let kept = web::block(move || keep(intake, clip, &signal).map(|intake| (intake, signal))).await;
    let (intake, signal) = kept.map_err(internal)??;
    let watching = intake.conclude(signal).await.map_err(internal)?;
    match watching.outcome.await {
        Ok(Outcome::Concluded { document }) => Ok(document),
        Ok(Outcome::BadSignal(why) | Outcome::Failed(why)) => Err(UploadFault::failed(why)),
        Err(_) => Err(UploadFault::failed("the session ended before its verdict")),
    }
}

/// Keeps all frames and the signal. A frame that the stream would refuse is left out here too.
fn keep(mut intake: Intake, mut clip: Clip, signal: &SignalFile) -> Result<Intake, UploadFault> {
    let about = clip.about();
    let sides = Sides {
        width: about.width,
        height: about.height,
    };
    for number in 0.. {
        let Some(jpeg) = clip
            .frame()
            .map_err(|error| unreadable("The video", &error))?
        else {
            break;
        };
        if let Err(flaw) = check(jpeg, Encoding::Jpeg, sides) {
            tracing::debug!(number, %flaw, "frame left out");
            intake.flawed(jpeg.len());
            continue;
        }
        intake.frame(number, Encoding::Jpeg, jpeg).map_err(unkept)?;
    }
    intake.keep_signal(signal).map_err(unkept)?;
    Ok(intake)
}

fn unkept(fault: FrameFault) -> UploadFault {
    match fault {
        FrameFault::TooMany(_) => UploadFault::new(413, fault.to_string()),
        FrameFault::Memory => busy(&fault.to_string()),
        FrameFault::Ended | FrameFault::Spool(_) => UploadFault::failed(fault.to_string()),
    }
}

fn unreadable(name: &str, error: &ClipError) -> UploadFault {
    let text = format!("{name}: {error}");
    match error {
        ClipError::NoFfmpeg(_) => UploadFault::new(415, text),
        ClipError::TooLong(_) => UploadFault::new(413, text),
        ClipError::Unreadable(_) | ClipError::Io(_) => UploadFault::failed(text),
    }
}

fn busy(why: &str) -> UploadFault {
    UploadFault::new(503, why)
}

fn internal(error: impl std::fmt::Display) -> UploadFault {
    UploadFault::failed(error.to_string())
}
