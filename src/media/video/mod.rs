//! Videos as files to be written: sequences of JPEGs in AVI by ourselves, H.264 and MP4 by ffmpeg where it is installed.
//!
//! Not responsible for reading them, which [`clip`](super::clip) does. Invariant: a file that was begun and not finished plays as
//! far as it goes.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@rate`] | [`Rate`]: frames a second, exactly |
//! | [`avi`] | [`AviWriter`]: JPEGs into an AVI file, the one video format that needs no codec |
//! | [`child`] | [`Child`](child::Child): a program that runs beside us, and is stopped when it hangs |
//! | [`ffmpeg`] | [`Ffmpeg`]: the program, run as a child: changing containers, H.264 |
//! | [`sound`] | [`Sound`]: the file whose sound a new one shall have |
//!
//! Writing and running a child block: call them on threads that may wait.

pub mod avi;
pub mod child;
pub mod ffmpeg;
pub mod rate;
pub mod sound;

pub use avi::{AviError, AviWriter};
pub use ffmpeg::{Ffmpeg, FfmpegError, H264Encoder, Sought};
pub use rate::Rate;
pub use sound::Sound;
