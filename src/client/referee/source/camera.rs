//! A camera, recorded by ffmpeg through Video4Linux.
//!
//! Invariant: what a camera gave once cannot be had again, so a recording is opened once.

use super::{Clip, Count, Source, ffmpeg::Decoder};
use crate::client::referee::{Failure, pack::Picture};
use std::{
    ffi::OsStr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What to record.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The camera is `/dev/video<index>`.
    pub index: u32,
    /// Seconds.
    pub duration: f64,
    /// Frames a second.
    pub fps: f64,
    /// Sides in pixels, where the camera shall not choose.
    pub size: Option<(u32, u32)>,
    /// Ends it sooner.
    pub stop: Stop,
}

/// A word that ends a recording; what has been recorded is kept.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Says it.
    pub fn say(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has been said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A recording that goes on.
#[derive(Debug)]
pub struct Camera {
    decoder: Decoder,
    stop: Stop,
}

impl Source for Camera {
    fn clip(&self) -> Clip {
        self.decoder.clip()
    }

    fn next(&mut self) -> Result<Option<Picture>, Failure> {
        match self.stop.is_said() {
            true => Ok(None),
            false => self.decoder.next(),
        }
    }
}

/// Begins to record.
///
/// # Errors
/// [`Failure::Local`] if there is no such camera, it is in use, or ffmpeg is missing.
pub fn open(recording: &Recording) -> Result<Camera, Failure> {
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
    Ok(Camera {
        decoder: Decoder::record(&input, recording.fps, Count::About(frames), device)?,
        stop: recording.stop.clone(),
    })
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
