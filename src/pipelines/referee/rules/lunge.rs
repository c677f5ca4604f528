//! Who lunged from the line: a wide stance that grows in the first frames. Told, not used for a verdict.

use super::series::mean;
use crate::pipelines::referee::{
    tracks::{BACK_FOOT, FRONT_FOOT, Side, Tracks},
    verdict::Lunges,
};

/// Frames looked at.
const FIRST: usize = 5;
/// Mean distance of the feet from which a stance is wide, in units of the table. The baseline multiplies the table's
/// distances by the normalisation constant again, which gives pixels, and every stance is wider than 0.8 of these.
const WIDE: f64 = 0.8;

/// Both fencers' lunges.
pub fn lunges(tracks: &Tracks) -> Lunges {
    Lunges {
        left: lunged(tracks, Side::Left),
        right: lunged(tracks, Side::Right),
    }
}

/// Whether the stance of the first five frames was wide, and wider at their end.
pub fn lunged(tracks: &Tracks, side: Side) -> bool {
    let stance = |frame| {
        let front = tracks.point(side, frame, FRONT_FOOT)?;
        let back = tracks.point(side, frame, BACK_FOOT)?;
        Some(f64::from((front.x - back.x).hypot(front.y - back.y)))
    };
    let stances: Vec<f64> = (0..FIRST).filter_map(stance).collect();
    mean(&stances) >= WIDE && stances.last() > stances.first()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::rules::drawn::{Drawn, tracks};

    #[test]
    fn who_steps_out_wide_from_the_line_lunges() {
        let tracks = tracks(Drawn::new().lunge(6, 0.2), Drawn::new().go(6, 0.1));
        let expected = Lunges {
            left: true,
            right: false,
        };
        assert_eq!(lunges(&tracks), expected);
    }

    #[test]
    fn who_was_not_seen_did_not_lunge() {
        assert_eq!(lunges(&Tracks::default()), Lunges::default());
    }
}
