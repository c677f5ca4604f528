//! Whom the first blade contact favours: the one whose weapon hand worked more around it.
//!
//! The baseline's rule. Without right of way its answer counts; with it, it is told and decides nothing.

use super::{right_of_way::Holder, series::variance};
use crate::pipelines::referee::{
    signal::BladeContact,
    tracks::{BACK_WRIST, FRONT_WRIST, Side, Tracks},
    verdict::{BladeDetails, Favour, WristVariances},
};

/// Frames looked at before the contact.
const BEFORE: usize = 8;
/// Frames looked at after it.
const AFTER: usize = 3;
/// Variance above which the holder's hand was at work, and keeps the right of way.
const AT_WORK: f64 = 0.1;

/// What the first contact says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blade {
    /// Whom it favours; nobody without a contact.
    pub favours: Favour,
    /// What was measured.
    pub details: BladeDetails,
}

/// Looks at the first contact, if there is one. One outside of the tracks favours the right fencer, as the baseline says.
pub fn blade(contacts: &[BladeContact], tracks: &Tracks, holder: Option<Holder>) -> Blade {
    let Some(contact) = contacts.first() else {
        return Blade::default();
    };
    let at = usize::try_from(contact.frame).unwrap_or(usize::MAX);
    let (first, last) = (at.saturating_sub(BEFORE), at.saturating_add(AFTER));
    let last = last.min(tracks.frames().saturating_sub(1));
    if first >= last {
        return Blade {
            favours: Favour::Right,
            details: BladeDetails::default(),
        };
    }
    let wrists = wrists(tracks, first, last);
    Blade {
        favours: Some(favours(&wrists, holder)).into(),
        details: BladeDetails {
            analysis_window: Some(format!("frames {first}-{last}")),
            contact_frame: Some(contact.frame),
            wrists: Some(wrists),
            current_right_of_way: Some(holder.map(|holder| holder.side).into()),
        },
    }
}

fn favours(wrists: &WristVariances, holder: Option<Holder>) -> Side {
    let (left, right) = (wrists.left_variance_total, wrists.right_variance_total);
    match holder.map(|holder| holder.side) {
        None if left > right => Side::Left,
        None => Side::Right,
        Some(Side::Left) if left > AT_WORK => Side::Left,
        Some(Side::Right) if right > AT_WORK => Side::Right,
        Some(side) => side.other(),
    }
}

/// The left fencer's keypoint 10, and the right one's 9: those that the baseline takes for the weapon's.
fn wrists(tracks: &Tracks, first: usize, last: usize) -> WristVariances {
    let of = |side, keypoint| {
        let seen = (first..=last).filter_map(|frame| tracks.point(side, frame, keypoint));
        let (x, y): (Vec<f64>, Vec<f64>) = seen
            .map(|point| (f64::from(point.x), f64::from(point.y)))
            .unzip();
        (variance(&x, 1), variance(&y, 1), x.len())
    };
    let (left_x, left_y, samples_left) = of(Side::Left, FRONT_WRIST);
    let (right_x, right_y, samples_right) = of(Side::Right, BACK_WRIST);
    WristVariances {
        left_variance_x: left_x,
        left_variance_y: left_y,
        left_variance_total: left_x + left_y,
        right_variance_x: right_x,
        right_variance_y: right_y,
        right_variance_total: right_x + right_y,
        samples_left,
        samples_right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::{
        rules::drawn::{Drawn, tracks},
        signal::frame_at,
    };

    fn contact(time: f64) -> Vec<BladeContact> {
        vec![BladeContact {
            time,
            frame: frame_at(time),
        }]
    }

    fn holder(side: Side) -> Option<Holder> {
        Some(Holder { side, lost_at: 0.0 })
    }

    /// The left hand works around frame 10, the right one does not.
    fn left_works() -> Tracks {
        let busy = Drawn::new().go(8, 0.0).beat(8, 0.8).go(4, 0.0);
        tracks(busy, Drawn::new().go(20, 0.0))
    }

    #[test]
    fn without_a_contact_nobody_is_favoured() {
        assert_eq!(blade(&[], &left_works(), None), Blade::default());
    }

    #[test]
    fn without_right_of_way_the_hand_that_worked_more_is_favoured() {
        let blade = blade(&contact(0.7), &left_works(), None);
        assert_eq!(blade.favours, Favour::Left);
    }

    #[test]
    fn hands_that_worked_alike_favour_the_right_one() {
        let still = Drawn::new().go(20, 0.0);
        let tracks = tracks(still.clone(), still);
        assert_eq!(blade(&contact(0.7), &tracks, None).favours, Favour::Right);
    }

    #[test]
    fn a_holder_whose_hand_worked_keeps_it() {
        let blade = blade(&contact(0.7), &left_works(), holder(Side::Left));
        assert_eq!(blade.favours, Favour::Left);
        assert_eq!(blade.details.current_right_of_way, Some(Favour::Left));
    }

    #[test]
    fn a_holder_whose_hand_rested_loses_it() {
        let blade = blade(&contact(0.7), &left_works(), holder(Side::Right));
        assert_eq!(blade.favours, Favour::Left);
    }

    #[test]
    fn the_window_is_twelve_frames_held_to_the_bout() {
        let window = |time| {
            blade(&contact(time), &left_works(), None)
                .details
                .analysis_window
        };
        assert_eq!(window(0.7), Some("frames 2-13".to_owned()));
        assert_eq!(window(0.1), Some("frames 0-4".to_owned()));
    }

    #[test]
    fn a_contact_outside_of_the_tracks_favours_the_right_one() {
        let blade = blade(&contact(9.0), &left_works(), None);
        assert_eq!(blade.favours, Favour::Right);
        assert_eq!(blade.details, BladeDetails::default());
    }
}
