//! What a person can type after `frameloom client referee`.
//!
//! Responsible for flags, their help and their ranges; [`super::task`] makes sense of them together.

use super::failure::EXIT_CODES;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Stream a bout to a referee, or upload it, or draw one.
///
///   stream:  frameloom client referee http://localhost:8080 --video bout.avi --signal bout.txt
///   upload:  frameloom client referee --upload http://localhost:8080 bout.avi bout.txt
///   draw:    frameloom client referee --generate bouts/1 --seed 1
///   both:    frameloom client referee http://localhost:8080 --generate --seed 1
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment, after_help = EXIT_CODES)]
pub struct Options {
    /// The server, such as http://localhost:8080.
    pub server: Option<String>,
    /// With --upload: the video file.
    #[arg(value_name = "VIDEO", conflicts_with = "video")]
    pub video_at: Option<PathBuf>,
    /// With --upload: the signal file.
    #[arg(value_name = "SIGNAL", conflicts_with = "signal")]
    pub signal_at: Option<PathBuf>,

    /// A video file, or a directory of pictures (jpg or png, in natural order).
    #[arg(long, value_name = "FILE|DIR", conflicts_with_all = ["camera", "generate"])]
    pub video: Option<PathBuf>,
    /// The scoring device's text file.
    #[arg(long, value_name = "FILE")]
    pub signal: Option<PathBuf>,
    /// Record from this camera (/dev/videoIDX) instead of a file; the signal is read when the recording is over.
    #[arg(long, value_name = "IDX", conflicts_with = "generate")]
    pub camera: Option<u32>,
    /// Seconds to record from a camera; Ctrl+C ends the recording sooner.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = positive)]
    pub duration: f64,
    /// Name of the session [default: phrase_YYYYMMDD_HHMMSS_, UTC, and a random tail].
    #[arg(long, value_name = "NAME")]
    pub session_id: Option<String>,
    /// How frames are sent.
    #[arg(long, value_enum, default_value_t = Encoding::Jpeg)]
    pub encoding: Encoding,
    /// Quality of encoded JPEGs [default: 85; pictures that are JPEG already are sent as they are unless this is given].
    #[arg(long, value_name = "1-100", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub jpeg_quality: Option<u32>,
    /// Frames a second at most; a faster video is thinned. Of pictures in a directory: their rate [default: 30].
    #[arg(long, value_parser = positive)]
    pub fps: Option<f64>,
    /// Width of the frames sent, in pixels [default: the video's].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=16_384))]
    pub width: Option<u32>,
    /// Height of the frames sent, in pixels [default: the video's].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=16_384))]
    pub height: Option<u32>,
    /// Frames that may be on their way before the server has answered; 1 waits for each answer.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub unacked: u16,
    /// Send at the video's own pace, as a camera would.
    #[arg(long)]
    pub realtime: bool,
    /// Save the result as JSON.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Tell on standard error what is sent and heard.
    #[arg(long, short)]
    pub verbose: bool,
    /// Token of a server that asks for one.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "FRAMELOOM_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<String>,

    /// Upload one video file by HTTP (POST /analyze) instead of streaming frames.
    #[arg(long, conflicts_with_all = ["camera", "generate", "realtime"])]
    pub upload: bool,
    /// Ask for the keypoints in the result, too.
    #[arg(long)]
    pub include_keypoints: bool,
    /// Do without the overlay video.
    #[arg(long)]
    pub no_overlay: bool,
    /// Seconds to wait for the answer to an upload.
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0, value_parser = positive)]
    pub timeout: f64,
    /// Ask whether the server is healthy, and nothing else.
    #[arg(long)]
    pub health: bool,

    /// Draw a bout: into this directory or Motion JPEG file, and with a server, stream it.
    #[arg(long, value_name = "DIR|FILE.avi", num_args = 0..=1, conflicts_with = "signal")]
    pub generate: Option<Option<PathBuf>>,
    /// What --generate draws.
    #[command(flatten)]
    pub bout: Bout,
}

/// What a drawn bout is like.
#[derive(Clone, Debug, Args)]
pub struct Bout {
    /// With --generate: another bout for each number; the same number, the same bout.
    #[arg(long, default_value_t = 1, requires = "generate")]
    pub seed: u64,
    /// With --generate: its length.
    #[arg(long, default_value_t = 6.0, value_parser = positive, requires = "generate")]
    pub seconds: f64,
    /// With --generate: the picture's sides in pixels.
    #[arg(long, value_name = "WxH", default_value = "640x360", value_parser = size, requires = "generate")]
    pub size: (u32, u32),
    /// With --generate: who has the right of way [default: the seed decides].
    #[arg(long, value_enum, requires = "generate")]
    pub winner: Option<Side>,
    /// With --generate: strength of the fisheye lens that it is seen through, which the server straightens; 0 for none.
    #[arg(long, value_name = "K", default_value_t = -0.18, allow_negative_numbers = true, requires = "generate")]
    pub lens: f64,
}

/// How a frame travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// Small; loses a little.
    Jpeg,
    /// Loses nothing.
    Png,
    /// Pixels as they are; for a server on this machine.
    Raw,
}

/// A fencer, by the side of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

// === impl Encoding ===

impl Encoding {
    /// The protocol's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Raw => "raw",
        }
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match number > 0.0 && number.is_finite() {
        true => Ok(number),
        false => Err("must be more than 0".to_owned()),
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once(['x', '×']).and_then(|(width, height)| {
        let side = |text: &str| text.parse().ok().filter(|side| (64..=4096).contains(side));
        Some((side(width)?, side(height)?))
    });
    sides.ok_or_else(|| "expected WIDTHxHEIGHT, each 64 to 4096, such as 640x360".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_two_sides() {
        assert_eq!(size("1280x720"), Ok((1280, 720)));
        for bad in ["1280", "0x5", "x", "64x", "9999x64", "-64x64"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rate_is_more_than_nothing() {
        assert_eq!(positive("29.97"), Ok(29.97));
        for bad in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(positive(bad).is_err(), "{bad}");
        }
    }
}
