//! Where a fencer stood still or went back.
//!
//! The baseline's rule, number by number: a pause is read from the front foot, and checked against the back foot and the
//! height of the front foot, so that a lunge in slow motion does not count. A step to or from a frame in which a foot was not
//! seen is no way at all.

use super::series::{mean, steps, variance};
use crate::pipelines::referee::{
    tracks::{BACK_FOOT, FRONT_FOOT, Side, Tracks},
    verdict::{Pause, PauseKind},
};

/// Way a frame under which the front foot stands; above it, backwards, the fencer retreats.
const STILL: f64 = 0.03;
/// Frames that a pause lasts at least.
const SHORTEST: usize = 4;
/// Way forward a frame that the back foot stays under in a pause.
const BACK_FOOT_STILL: f64 = 0.05;
/// Variance of the front foot's height that a standing foot stays under.
const HEIGHT_STILL: f64 = 0.001;

/// First and last frame.
type Run = (usize, usize);

/// Every pause and retreat of a fencer, in order of time.
pub fn pauses(tracks: &Tracks, side: Side) -> Vec<Pause> {
    let front = steps(&tracks.advance(side, FRONT_FOOT));
    let halted = |at: usize| front[at].abs() < STILL || front[at] < 0.0;
    runs(0..front.len(), halted)
        .into_iter()
        .flat_map(|run| classify(tracks, side, &front, run))
        .collect()
}

/// One retreat, or the pauses that are left of a run of frames without advance.
fn classify(tracks: &Tracks, side: Side, front: &[f64], (start, end): Run) -> Vec<Pause> {
    let speeds: Vec<f64> = front[start..=end].iter().map(|step| step.abs()).collect();
    if mean(&speeds) > STILL {
        return vec![Pause::over(start, end, PauseKind::Retreat)];
    }
    let back = steps(&tracks.advance(side, BACK_FOOT));
    runs(start..end + 1, |at| back[at] < BACK_FOOT_STILL)
        .into_iter()
        .filter(|piece| height_kept(tracks, side, *piece))
        .map(|(start, end)| Pause::over(start, end, PauseKind::Pause))
        .collect()
}

/// Whether the front foot kept its height; one that was not seen did.
fn height_kept(tracks: &Tracks, side: Side, (start, end): Run) -> bool {
    let heights: Vec<f64> = (start..=end)
        .filter_map(|frame| Some(f64::from(tracks.point(side, frame, FRONT_FOOT)?.y)))
        .collect();
    heights.is_empty() || variance(&heights, 0) < HEIGHT_STILL
}

/// Unbroken stretches of at least [`SHORTEST`] frames.
fn runs(frames: std::ops::Range<usize>, holds: impl Fn(usize) -> bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for at in frames.filter(|at| holds(*at)) {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == at => *end = at,
            _ => runs.push((at, at)),
        }
    }
    runs.retain(|(start, end)| end + 1 - start >= SHORTEST);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::rules::drawn::{Drawn, tracks};

    fn kinds(drawn: Drawn, side: Side) -> Vec<(u64, u64, PauseKind)> {
        let pauses = pauses(&tracks(drawn.clone(), drawn), side);
        pauses
            .iter()
            .map(|pause| (pause.start_frame, pause.end_frame, pause.kind))
            .collect()
    }

    #[test]
    fn who_goes_forward_all_the_time_never_pauses() {
        let drawn = Drawn::new().go(20, 0.1);
        assert_eq!(kinds(drawn, Side::Left), []);
    }

    #[test]
    fn standing_still_is_a_pause_on_either_side() {
        let drawn = Drawn::new().go(5, 0.1).go(6, 0.0).go(5, 0.1);
        let expected = [(6, 11, PauseKind::Pause)];
        assert_eq!(kinds(drawn.clone(), Side::Left), expected);
        assert_eq!(kinds(drawn, Side::Right), expected);
    }

    #[test]
    fn going_back_is_a_retreat() {
        let drawn = Drawn::new().go(5, 0.1).go(6, -0.1).go(5, 0.1);
        assert_eq!(kinds(drawn, Side::Left), [(6, 11, PauseKind::Retreat)]);
    }

    #[test]
    fn three_frames_are_no_pause() {
        let drawn = Drawn::new().go(5, 0.1).go(3, 0.0).go(5, 0.1);
        assert_eq!(kinds(drawn, Side::Left), []);
    }

    #[test]
    fn a_back_foot_that_closes_up_is_no_pause() {
        let drawn = Drawn::new().go(5, 0.1).close_up(6, 0.1).go(5, 0.1);
        assert_eq!(kinds(drawn, Side::Left), []);
    }

    #[test]
    fn a_front_foot_in_the_air_is_no_pause() {
        let drawn = Drawn::new().go(5, 0.1).lift(6, 0.05).go(5, 0.1);
        assert_eq!(kinds(drawn, Side::Left), []);
    }

    #[test]
    fn a_fencer_who_is_not_seen_counts_as_standing() {
        let drawn = Drawn::new().go(5, 0.1).hide(8).go(5, 0.1);
        assert_eq!(kinds(drawn, Side::Left), [(6, 14, PauseKind::Pause)]);
    }
}
