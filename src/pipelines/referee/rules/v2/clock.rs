//! When in the video a time of the scoring device is.
//!
//! Device and camera are started one after the other and stopped together: the video's last frame is at `Phrase recording
//! ended`, while its first one comes up to half a second late. So times are counted back from the end. The tracks
//! themselves bear this out: by this clock the fencers are closest 3 frames after the first hit, give or take 0.8 frames
//! (mean, over 136 bouts); counted from the start, give or take 1.8.

use crate::pipelines::referee::{signal::Signal, tracks::FPS};

/// Frames that the video may be longer or shorter than the recording, and still have ended with it: a second, where half of one
/// was seen. What is further off was cut by other hands, and is counted from the start.
const MOST_SHIFT: f64 = 15.0;

/// From seconds of the device to frames of the video.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    shift: f64,
    last: usize,
}

impl Clock {
    /// The clock of a video of so many frames.
    pub fn new(signal: &Signal, frames: usize) -> Self {
        let last = frames.saturating_sub(1);
        let shift = signal
            .end_time
            .map(|end| last as f64 - end * FPS)
            .filter(|shift| shift.abs() <= MOST_SHIFT)
            .unwrap_or(0.0);
        Self { shift, last }
    }

    /// The frame of a time, held to the video.
    pub fn frame(&self, time: f64) -> usize {
        // A float below zero or NaN becomes frame 0.
        ((time * FPS + self.shift).round() as usize).min(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::rules::drawn::signal;

    fn frame(time: f64, end: Option<f64>, frames: usize) -> usize {
        let mut signal = signal(1.0, &[]);
        signal.end_time = end;
        Clock::new(&signal, frames).frame(time)
    }

    #[test]
    fn the_last_frame_is_at_the_end_of_the_recording() {
        assert_eq!(frame(2.0, Some(2.0), 28), 27);
        assert_eq!(frame(1.0, Some(2.0), 28), 12);
        assert_eq!(frame(1.0, Some(2.0), 34), 18);
    }

    #[test]
    fn without_an_end_or_with_one_far_off_time_counts_from_the_start() {
        assert_eq!(frame(1.0, None, 28), 15);
        assert_eq!(frame(1.0, Some(60.0), 28), 15);
        assert_eq!(frame(1.0, Some(2.0), 500), 15);
    }

    #[test]
    fn a_frame_is_never_outside_of_the_video() {
        assert_eq!(frame(99.0, None, 28), 27);
        assert_eq!(frame(0.0, Some(2.0), 25), 0);
        assert_eq!(frame(f64::NAN, None, 28), 0);
        assert_eq!(frame(1.0, None, 0), 0);
    }
}
