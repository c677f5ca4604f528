//! Who had the right of way, by who paused: whoever stops, loses it.
//!
//! [`holder`] is the baseline's rule, which looks at each fencer's first pause alone; [`timeline`] says it frame by frame,
//! for people to look at, and decides nothing.

use crate::pipelines::referee::{
    tracks::Side,
    verdict::{Favour, Pause, RightOfWay},
};

/// Who has the right of way, and when the other one lost it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holder {
    /// Who has it.
    pub side: Side,
    /// Seconds at which the other's first pause began.
    pub lost_at: f64,
}

/// The baseline's rule: who paused alone has lost it; of two who paused, the one whose first pause began earlier; at the
/// same time the right one. `None` if nobody paused.
pub fn holder(left: &[Pause], right: &[Pause]) -> Option<Holder> {
    let start = |pauses: &[Pause]| pauses.first().map(|pause| pause.start_time);
    let (side, lost_at) = match (start(left), start(right)) {
        (None, None) => return None,
        (Some(left), None) => (Side::Right, left),
        (None, Some(right)) => (Side::Left, right),
        (Some(left), Some(right)) if left < right => (Side::Right, left),
        (Some(_), Some(right)) => (Side::Left, right),
    };
    Some(Holder { side, lost_at })
}

/// Who had the right of way in each of `frames` frames: it goes to whoever does not pause while the other does, and stays.
pub fn timeline(left: &[Pause], right: &[Pause], frames: usize) -> Vec<RightOfWay> {
    let mut line: Vec<RightOfWay> = Vec::new();
    let mut holder = Favour::None;
    for frame in 0..frames as u64 {
        let paused = |pauses: &[Pause]| {
            pauses
                .iter()
                .any(|pause| (pause.start_frame..=pause.end_frame).contains(&frame))
        };
        holder = match (paused(left), paused(right)) {
            (true, false) => Favour::Right,
            (false, true) => Favour::Left,
            _ => holder,
        };
        match line.last_mut() {
            Some(last) if last.holder == holder => last.end_frame = frame,
            _ => line.push(RightOfWay {
                start_frame: frame,
                end_frame: frame,
                holder,
            }),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::verdict::PauseKind;

    fn pause(start: usize, end: usize) -> Pause {
        Pause::over(start, end, PauseKind::Pause)
    }

    fn side(left: &[Pause], right: &[Pause]) -> Option<Side> {
        holder(left, right).map(|holder| holder.side)
    }

    #[test]
    fn nobody_has_it_when_nobody_paused() {
        assert_eq!(side(&[], &[]), None);
    }

    #[test]
    fn who_paused_alone_has_lost_it() {
        assert_eq!(side(&[pause(3, 8)], &[]), Some(Side::Right));
        assert_eq!(side(&[], &[pause(3, 8)]), Some(Side::Left));
    }

    #[test]
    fn of_two_who_paused_the_first_has_lost_it() {
        let earlier = [pause(15, 20), pause(60, 70)];
        let holder = holder(&[pause(30, 40)], &earlier).unwrap();
        assert_eq!(holder.side, Side::Left);
        assert_eq!(holder.lost_at, 1.0);
    }

    #[test]
    fn at_the_same_time_left_has_it() {
        assert_eq!(side(&[pause(3, 8)], &[pause(3, 9)]), Some(Side::Left));
    }

    #[test]
    fn the_timeline_has_no_gaps_and_changes_hands_at_pauses() {
        let line = timeline(&[pause(2, 5)], &[pause(5, 7)], 9);
        let read: Vec<_> = line
            .iter()
            .map(|stretch| (stretch.start_frame, stretch.end_frame, stretch.holder))
            .collect();
        let expected = [
            (0, 1, Favour::None),
            (2, 5, Favour::Right),
            (6, 8, Favour::Left),
        ];
        assert_eq!(read, expected);
    }
}
