//! A camera, recorded by ffmpeg through Video4Linux.
//!
//! Invariant: what a camera gave once cannot be had again, so a recording is opened once.

use super::ffmpeg::Decoder;
use crate::client::referee::Failure;
use std::{ffi::OsStr, path::Path};

/// What to record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recording {
    /// The camera is `/dev/video<index>`.
    pub index: u32,
    /// Seconds.
    pub duration: f64,
    /// Frames a second.
    pub fps: f64,
    /// Sides in pixels, where the camera shall not choose.
    pub size: Option<(u32, u32)>,
}

/// Begins to record.
///
/// # Errors
/// [`Failure::Local`] if there is no such camera, it is in use, or ffmpeg is missing.
pub fn open(recording: &Recording) -> Result<Decoder, Failure> {
    let device = format!("/dev/video{}", recording.index);
    if !Path::new(&device).exists() {
        return Err(Failure::Local(format!(
            "{device}: there is no such camera; cameras here: {}",
            cameras()
        )));
    }
    let mut input = vec!["-f".to_owned(), "v4l2".to_owned()];
    if let Some((width, height)) = recording.size {
        input.extend(["-video_size".to_owned(), format!("{width}x{height}")]);
    }
    input.extend(["-t".to_owned(), recording.duration.to_string()]);
    input.extend(["-i".to_owned(), device.clone()]);
    let input: Vec<&OsStr> = input.iter().map(OsStr::new).collect();
    let frames = (recording.duration * recording.fps).round() as u64;
    Decoder::record(&input, recording.fps, Some(frames), device)
}

fn cameras() -> String {
    let entries = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut cameras: Vec<String> = names.filter(|name| name.starts_with("video")).collect();
    cameras.sort();
    match cameras.is_empty() {
        true => "none".to_owned(),
        false => cameras.join(", "),
    }
}
