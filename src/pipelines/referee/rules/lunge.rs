//! Who lunged from the line: a wide stance that grows in the first frames. Told, not used for a verdict.

use super::series::mean;
use crate::pipelines::referee::{
    tracks::{BACK_FOOT, FRONT_FOOT, Side, Tracks},
    verdict::Lunges,
};

/// Frames looked at.
const FIRST: usize = 5;
/// Mean distance of the feet from which a stance is wide. The original multiplies the table's distances by the normalisation
/// constant again before it compares, so these are pixels, and a stance of any width passes: what decides is whether it grows.
const WIDE: f64 = 0.8;

/// Both fencers' lunges; `constant` is the table's normalisation constant, pixels a unit, or 1 where it is not known.
pub fn lunges(tracks: &Tracks, constant: f64) -> Lunges {
    Lunges {
        left: lunged(tracks, Side::Left, constant),
        right: lunged(tracks, Side::Right, constant),
    }
}

/// Whether the stance of the first five frames was wide, and wider at their end.
pub fn lunged(tracks: &Tracks, side: Side, constant: f64) -> bool {
    let stance = |frame| {
        let front = tracks.point(side, frame, FRONT_FOOT)?;
        let back = tracks.point(side, frame, BACK_FOOT)?;
        Some(f64::from((front.x - back.x).hypot(front.y - back.y)))
    };
    let stances: Vec<f64> = (0..FIRST).filter_map(stance).collect();
    mean(&stances) * constant >= WIDE && stances.last() > stances.first()
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
        assert_eq!(lunges(&tracks, 1.0), expected);
    }

    #[test]
    fn with_the_constant_any_stance_that_grows_is_wide() {
        let tracks = tracks(Drawn::new().lunge(6, 0.02), Drawn::new().go(6, 0.1));
        assert!(!lunges(&tracks, 1.0).left);
        assert!(lunges(&tracks, 50.0).left);
    }

    #[test]
    fn who_was_not_seen_did_not_lunge() {
        assert_eq!(lunges(&Tracks::default(), 50.0), Lunges::default());
    }
}
