//! When the next frame is due. Pure: the caller says what time it is.

use std::time::{Duration, Instant};

/// A metronome that neither drifts nor bursts, and that a standing world does not have to wait for.
///
/// - On time, beats are `period` apart, measured from beat to beat and not from work to work.
/// - More than one period late, the beat starts anew: lost frames are not made up for in a burst.
/// - After [`Pacer::rest`] the next frame is due at once.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    period: Duration,
    due: Option<Instant>,
}

impl Pacer {
    /// A pacer with this time between frames; zero paces nothing.
    pub fn new(period: Duration) -> Self {
        Self { period, due: None }
    }

    /// When the next frame is due; `None` means that it may start at any moment.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A frame started at `now`.
    pub fn started(&mut self, now: Instant) {
        let beat = self
            .due
            .filter(|due| now.saturating_duration_since(*due) <= self.period)
            .unwrap_or(now);
        self.due = Some(beat + self.period);
    }

    /// Nothing moves any more: whatever comes next need not wait for a beat.
    pub fn rest(&mut self) {
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    const T: Duration = Duration::from_millis(33);

    #[test]
    fn beats_do_not_drift_when_work_starts_a_little_late() {
        let t0 = Instant::now();
        let mut p = Pacer::new(T);
        p.started(t0);
        p.started(t0 + T + Duration::from_millis(4));
        assert_eq!(
            p.due(),
            Some(t0 + 2 * T),
            "measured from the beat, not from the late start"
        );
    }

    #[test]
    fn a_long_stall_is_not_made_up_for() {
        let t0 = Instant::now();
        let mut p = Pacer::new(T);
        p.started(t0);
        let late = t0 + 10 * T;
        p.started(late);
        assert_eq!(p.due(), Some(late + T));
    }

    #[test]
    fn after_a_rest_a_frame_may_start_at_once() {
        let t0 = Instant::now();
        let mut p = Pacer::new(T);
        p.started(t0);
        assert_eq!(p.due(), Some(t0 + T));
        p.rest();
        assert_eq!(p.due(), None);
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_frames_than_its_length_allows(gaps in prop::collection::vec(0u64..200, 1..300)) {
            let t0 = Instant::now();
            let mut now = t0;
            let mut p = Pacer::new(T);
            let mut starts = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                if p.due().is_none_or(|due| due <= now) {
                    p.started(now);
                    starts.push(now);
                }
            }
            // A start may be one period late and the next on time: hence one beat of tolerance, never more.
            for (i, a) in starts.iter().enumerate() {
                for (j, b) in starts.iter().enumerate().skip(i) {
                    let allowed = (*b - *a).as_nanos() / T.as_nanos() + 2;
                    prop_assert!((j - i) as u128 <= allowed);
                }
            }
        }
    }
}
