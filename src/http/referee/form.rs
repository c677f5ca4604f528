//! The form of `/analyze`, read part by part: the video goes to a file as it comes, so that memory holds a piece of it only.
//!
//! Invariant: the file has no name, so nothing is left of it once it is closed, however the process ends.

use crate::{
    config::Referee,
    dialects::referee::upload::{UploadFault, Wrong, file_name, switch},
    http::shared::Shared,
    media::spool::{SpoolError, is_name},
};
use actix_multipart::{Field, Multipart, MultipartError};
use futures_util::StreamExt as _;
use std::{fs::File, time::Duration};

/// Bytes of a switch.
const SWITCH: usize = 64;

/// Wrong parts that are told; a form with more of them is not read on.
const MOST_WRONG: usize = 16;

/// Pieces are written to the disk when there are so many bytes of them: one hop to a thread that may block, not one a piece.
const WRITE: usize = 1 << 20;

/// What the form's reader has read and not handed out.
const PIECE: usize = 256 << 10;

/// A whole form.
#[derive(Debug)]
pub struct Form {
    /// The video, from its beginning.
    pub video: File,
    /// Its name, as the client's machine calls it.
    pub video_name: String,
    /// The signal's name.
    pub signal_name: String,
    /// The signal.
    pub signal: Vec<u8>,
    /// Whether the result shall hold the table of keypoints.
    pub include_keypoints: bool,
    /// Whether the overlay video is wanted.
    pub save_overlay: bool,
}

/// What has come of it.
#[derive(Default)]
struct Parts {
    video: Option<(File, String)>,
    signal: Option<(Vec<u8>, String)>,
    include_keypoints: Option<bool>,
    save_overlay: Option<bool>,
    wrong: Vec<Wrong>,
}

/// What a form may be.
#[derive(Clone, Copy)]
struct Bounds {
    video: u64,
    signal: usize,
    /// Nothing may come for so long.
    patience: Duration,
}

/// Bytes that a form holds in memory while it comes, at most: pieces on their way to the disk, twice, and the signal.
pub fn most_bytes(referee: &Referee) -> usize {
    2 * WRITE + PIECE + referee.signal_bytes
}

/// Reads a form.
///
/// # Errors
/// What is wrong with it, as a refusal.
pub async fn read(shared: &Shared, mut multipart: Multipart) -> Result<Form, UploadFault> {
    let referee = &shared.config.referee;
    let bounds = Bounds {
        video: referee.video_bytes,
        signal: referee.signal_bytes,
        patience: shared.config.limits.body_timeout,
    };
    let mut parts = Parts::default();
    while let Some(field) = next(&mut multipart, bounds.patience).await? {
        parts.take(shared, field, bounds).await?;
    }
    parts.finish()
}

async fn next(multipart: &mut Multipart, patience: Duration) -> Result<Option<Field>, UploadFault> {
    match tokio::time::timeout(patience, multipart.next()).await {
        Ok(Some(Ok(field))) => Ok(Some(field)),
        // No form at all: all of its parts are missing.
        Ok(
            None
            | Some(Err(
                MultipartError::ContentTypeMissing
                | MultipartError::ContentTypeParse
                | MultipartError::ContentTypeIncompatible
                | MultipartError::BoundaryMissing,
            )),
        ) => Ok(None),
        Ok(Some(Err(error))) => Err(UploadFault::new(
            400,
            format!("There was an error parsing the body: {error}"),
        )),
        Err(_) => Err(late()),
    }
}

fn late() -> UploadFault {
    UploadFault::new(408, "The body did not come in time")
}

impl Parts {
    async fn take(
        &mut self,
        shared: &Shared,
        mut field: Field,
        bounds: Bounds,
    ) -> Result<(), UploadFault> {
        let disposition = field.content_disposition();
        let given = disposition.and_then(|about| about.get_filename());
        let name = file_name(given.unwrap_or_default()).to_owned();
        // Of a part that comes twice the last one counts, and there is memory for one.
        match field.name() {
            Some("signal") => self.signal = None,
            Some("video") => self.video = None,
            _ => {}
        }
        match field.name().unwrap_or_default() {
            "video" if name.is_empty() => return Err(UploadFault::unnamed_video()),
            "signal" if name.is_empty() => return Err(UploadFault::unnamed_signal()),
            "signal" if !is_name(&name) => return Err(UploadFault::signal_no_name()),
            "video" => self.video = Some((to_file(shared, &mut field, bounds).await?, name)),
            "signal" => {
                self.signal = Some((
                    to_memory(&mut field, bounds.signal, bounds.patience).await?,
                    name,
                ))
            }
            "include_keypoints" => {
                self.include_keypoints =
                    self.switch("include_keypoints", &mut field, bounds).await?;
            }
            "save_overlay" => {
                self.save_overlay = self.switch("save_overlay", &mut field, bounds).await?;
            }
            // As the original's framework, which ignores what nobody asked for.
            _ => while piece(&mut field, bounds.patience).await?.is_some() {},
        }
        Ok(())
    }

    async fn switch(
        &mut self,
        name: &'static str,
        field: &mut Field,
        bounds: Bounds,
    ) -> Result<Option<bool>, UploadFault> {
        let bytes = to_memory(field, SWITCH, bounds.patience).await?;
        match switch(name, &String::from_utf8_lossy(&bytes)) {
            Ok(on) => Ok(Some(on)),
            Err(wrong) => {
                self.wrong.push(wrong);
                match self.wrong.len() {
                    MOST_WRONG.. => Err(UploadFault::form(&self.wrong)),
                    _ => Ok(None),
                }
            }
        }
    }

    fn finish(mut self) -> Result<Form, UploadFault> {
        let missing = [
            ("video", self.video.is_none()),
            ("signal", self.signal.is_none()),
        ];
        let missing = missing.iter().filter(|(_, is_missing)| *is_missing);
        self.wrong
            .extend(missing.map(|(name, _)| Wrong::missing(name)));
        match (self.video, self.signal) {
            (Some((video, video_name)), Some((signal, signal_name))) if self.wrong.is_empty() => {
                Ok(Form {
                    video,
                    video_name,
                    signal_name,
                    signal,
                    include_keypoints: self.include_keypoints.unwrap_or(false),
                    save_overlay: self.save_overlay.unwrap_or(true),
                })
            }
            _ => Err(UploadFault::form(&self.wrong)),
        }
    }
}

async fn piece(field: &mut Field, patience: Duration) -> Result<Option<bytes::Bytes>, UploadFault> {
    match tokio::time::timeout(patience, field.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(piece))) => Ok(Some(piece)),
        Ok(Some(Err(error))) => Err(UploadFault::new(
            400,
            format!("There was an error parsing the body: {error}"),
        )),
        Err(_) => Err(late()),
    }
}

async fn to_memory(
    field: &mut Field,
    limit: usize,
    patience: Duration,
) -> Result<Vec<u8>, UploadFault> {
    let mut all = Vec::new();
    while let Some(piece) = piece(field, patience).await? {
        if all.len() + piece.len() > limit {
            return Err(too_large(field, limit as u64));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

fn too_large(field: &Field, limit: u64) -> UploadFault {
    let name = field.name().unwrap_or_default();
    UploadFault::new(413, format!("{name} must be at most {limit} bytes"))
}

/// Writes a part to a file beside the frames of sessions, and gives it from its beginning.
async fn to_file(shared: &Shared, field: &mut Field, bounds: Bounds) -> Result<File, UploadFault> {
    let unkept =
        |error: SpoolError| UploadFault::new(507, format!("The video was not kept: {error}"));
    let spool = shared.referee.as_ref().ok_or_else(UploadFault::no_model)?;
    let spool = spool.spool().clone();
    let mut file = on_disk(move || spool.scratch()).await.map_err(unkept)?;
    let (mut pieces, mut written) = (Vec::new(), 0);
    loop {
        let piece = piece(field, bounds.patience).await?;
        let is_last = piece.is_none();
        pieces.extend_from_slice(&piece.unwrap_or_default());
        if written + pieces.len() as u64 > bounds.video {
            return Err(too_large(field, bounds.video));
        }
        if is_last || pieces.len() >= WRITE {
            written += pieces.len() as u64;
            let chunk = std::mem::take(&mut pieces);
            let write = move || file.append(&chunk).map(|()| file);
            file = on_disk(write).await.map_err(unkept)?;
        }
        if is_last {
            return on_disk(move || file.finish()).await.map_err(unkept);
        }
    }
}

/// Does what may block.
async fn on_disk<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, SpoolError> + Send + 'static,
) -> Result<T, SpoolError> {
    let done = actix_web::web::block(job).await;
    done.map_err(std::io::Error::other)?
}
