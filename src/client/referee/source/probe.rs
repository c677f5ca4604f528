//! What ffprobe tells of a video file before it is decoded.
//!
//! Invariant: a number of frames from here is never taken for exact.

use super::{
    Count,
    ffmpeg::{missing, named},
};
use crate::client::referee::Failure;
use serde::Deserialize;
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// What ffprobe says, as JSON.
#[derive(Deserialize)]
struct Probe {
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Stream {
    avg_frame_rate: String,
    r_frame_rate: String,
    nb_frames: Option<String>,
}

#[derive(Deserialize)]
struct Format {
    duration: Option<String>,
}

/// Frames a second, and how many by the container.
///
/// # Errors
/// [`Failure::Local`] if there is no ffprobe, or no video in the file.
pub fn probe(path: &Path) -> Result<(f64, Count), Failure> {
    let what = path.display().to_string();
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-of", "json"])
        .args([
            "-show_entries",
            "stream=avg_frame_rate,r_frame_rate,nb_frames:format=duration",
        ])
        .arg(named(path))
        .stdin(Stdio::null())
        .output()
        .map_err(|why| missing("ffprobe", &what, &why))?;
    let none = || {
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said
            .lines()
            .last()
            .unwrap_or("no video in it")
            .trim()
            .to_owned();
        Failure::Local(format!("{what}: {why}"))
    };
    let probe: Probe = serde_json::from_slice(&output.stdout).map_err(|_| none())?;
    let stream = probe.streams.first().ok_or_else(none)?;
    let fps = rate(&stream.avg_frame_rate)
        .or_else(|| rate(&stream.r_frame_rate))
        .ok_or_else(|| Failure::Local(format!("{what}: it does not say how fast it is")))?;
    Ok((fps, count(stream, probe.format.as_ref(), fps)))
}

/// What the container counts; of one that does not count, such as Matroska, what its length amounts to.
fn count(stream: &Stream, format: Option<&Format>, fps: f64) -> Count {
    let counted = stream.nb_frames.as_ref().and_then(|text| text.parse().ok());
    let lasts = || {
        let seconds: f64 = format?.duration.as_ref()?.parse().ok()?;
        let frames = (seconds * fps).round();
        (frames.is_finite() && frames >= 1.0).then_some(frames as u64)
    };
    counted.or_else(lasts).map_or(Count::Unknown, Count::About)
}

/// Reads `30000/1001`.
fn rate(text: &str) -> Option<f64> {
    let (over, under) = text.split_once('/').unwrap_or((text, "1"));
    let rate = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_fraction() {
        assert_eq!(rate("15/1"), Some(15.0));
        assert!((rate("30000/1001").unwrap() - 29.97).abs() < 0.001);
        for none in ["0/0", "0/1", "", "x/y", "1/0"] {
            assert_eq!(rate(none), None, "{none}");
        }
    }

    #[test]
    fn a_length_stands_in_for_a_count_that_is_not_there() {
        let about = Count::About;
        for (counted, lasts, expected) in [
            (Some("45"), Some("2.003"), about(45)),
            (Some("N/A"), Some("2.003"), about(60)),
            (None, Some("2.003"), about(60)),
            (None, Some("N/A"), Count::Unknown),
            (None, Some("inf"), Count::Unknown),
            (None, None, Count::Unknown),
        ] {
            let text = |text: &str| text.to_owned();
            let stream = Stream {
                avg_frame_rate: text("30/1"),
                r_frame_rate: text("30/1"),
                nb_frames: counted.map(text),
            };
            let format = Format {
                duration: lasts.map(text),
            };
            let found = count(&stream, Some(&format), 30.0);
            assert_eq!(found, expected, "{counted:?} {lasts:?}");
        }
    }

    #[test]
    fn a_matroska_file_says_about_how_many_frames_it_has() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bout.mkv", "bout.webm"] {
            let film = folder.path().join(name);
            let codec = if name.ends_with("webm") {
                "libvpx"
            } else {
                "mpeg4"
            };
            let made = Command::new("ffmpeg")
                .args(["-loglevel", "error", "-f", "lavfi", "-i"])
                .args(["testsrc=size=96x64:rate=30:duration=2", "-c:v", codec])
                .arg(&film)
                .status();
            if !made.is_ok_and(|status| status.success()) {
                println!("skipped: no ffmpeg that makes {name}");
                continue;
            }
            let (fps, frames) = probe(&film).unwrap();
            assert_eq!(fps, 30.0);
            let frames = frames.about().unwrap();
            assert!((59..=61).contains(&frames), "{name}: {frames}");
        }
    }
}
