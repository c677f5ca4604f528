//! How fast both were over the whole bout, by the front foot; and who was clearly faster.

use super::series::mean;
use crate::pipelines::referee::{
    tracks::{FRONT_FOOT, Side, Tracks},
    verdict::SpeedComparison,
};

/// How many times the other's speed is clearly faster.
const CLEARLY: f64 = 1.2;

/// Mean speed and mean change of speed of both front feet, in units a frame; NaN where nothing was seen.
pub fn speeds(tracks: &Tracks) -> SpeedComparison {
    let (left_speed, left_accel) = speed(tracks, Side::Left);
    let (right_speed, right_accel) = speed(tracks, Side::Right);
    SpeedComparison {
        left_speed,
        right_speed,
        left_accel,
        right_accel,
    }
}

/// Who was at least 1.2 times as fast as the other.
pub fn clearly_faster(speeds: &SpeedComparison) -> Option<Side> {
    let (left, right) = (speeds.left_speed, speeds.right_speed);
    match () {
        () if left > 0.0 && left >= CLEARLY * right => Some(Side::Left),
        () if right > 0.0 && right >= CLEARLY * left => Some(Side::Right),
        () => None,
    }
}

/// Only frames next to each other in both of which the foot was seen count.
fn speed(tracks: &Tracks, side: Side) -> (f64, f64) {
    let foot = |frame| tracks.point(side, frame, FRONT_FOOT);
    let distance = |frame: usize| {
        let (before, now) = (foot(frame.checked_sub(1)?)?, foot(frame)?);
        Some(f64::from((now.x - before.x).hypot(now.y - before.y)))
    };
    let steps: Vec<f64> = (0..tracks.frames()).filter_map(distance).collect();
    let changes: Vec<f64> = steps
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .collect();
    (mean(&steps), mean(&changes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::rules::drawn::{Drawn, tracks};

    fn faster(left: f64, right: f64) -> Option<Side> {
        let tracks = tracks(Drawn::new().go(20, left), Drawn::new().go(20, right));
        clearly_faster(&speeds(&tracks))
    }

    #[test]
    fn a_steady_walk_has_its_step_as_speed_and_no_change() {
        let tracks = tracks(Drawn::new().go(20, 0.1), Drawn::new().go(20, -0.2));
        let speeds = speeds(&tracks);
        assert!((speeds.left_speed - 0.1).abs() < 1e-5);
        assert!((speeds.right_speed - 0.2).abs() < 1e-5);
        assert!(speeds.left_accel < 1e-5);
    }

    #[test]
    fn a_fifth_more_is_clearly_faster() {
        assert_eq!(faster(0.121, 0.1), Some(Side::Left));
        assert_eq!(faster(0.1, 0.121), Some(Side::Right));
        assert_eq!(faster(0.1, 0.11), None);
    }

    #[test]
    fn two_who_stand_are_equally_fast() {
        assert_eq!(faster(0.0, 0.0), None);
    }

    #[test]
    fn without_tracks_there_is_no_speed() {
        let speeds = speeds(&Tracks::default());
        assert!(speeds.left_speed.is_nan());
        assert_eq!(clearly_faster(&speeds), None);
    }
}
