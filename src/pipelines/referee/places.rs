//! [`Places`]: when in a bout each of its frames is, though some never came.
//!
//! A frame's number is its time, so a missing one leaves its place empty: in the table as a row without points, in the videos as
//! the picture before it, shown for longer. What counts table, evidence and videos in the same way is that all of them ask here.

/// Places of a whole bout that may be empty; beyond, its client counts otherwise than by one a frame, and time goes on without them.
/// A minute at 15 frames a second: a bout whose video lacks more cannot be judged by it, and each of them costs memory and a
/// drawn picture.
pub const MOST_MISSING: u64 = 900;

/// The places of a bout's frames, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Number and place of each frame that came, ascending.
    places: Vec<(u64, u64)>,
}

impl Places {
    /// Of frames with these numbers, which ascend.
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut spare = MOST_MISSING;
        let mut before: Option<(u64, u64)> = None;
        let place = |number: u64| {
            let place = before.map_or(0, |(last, place)| {
                let missing = number.saturating_sub(last).saturating_sub(1).min(spare);
                spare -= missing;
                place + 1 + missing
            });
            before = Some((number, place));
            (number, place)
        };
        Self {
            places: numbers.into_iter().map(place).collect(),
        }
    }

    /// The place of a frame that came.
    pub fn place(&self, number: u64) -> Option<u64> {
        let found = self.places.binary_search_by_key(&number, |(n, _)| *n);
        found.ok().map(|at| self.places[at].1)
    }

    /// All places, empty ones too.
    pub fn count(&self) -> u64 {
        self.places.last().map_or(0, |(_, place)| place + 1)
    }

    /// For each of these frames the places at which its picture is shown, so that all places show one: its own and the empty
    /// ones behind it; the first frame's also those before it.
    pub fn shown<'a, T>(
        &'a self,
        frames: impl IntoIterator<Item = (u64, T)> + 'a,
    ) -> impl Iterator<Item = (T, std::ops::Range<u64>)> + 'a {
        let mut frames = frames.into_iter().peekable();
        let mut from = 0;
        std::iter::from_fn(move || {
            let (_, frame) = frames.next()?;
            let next = frames.peek().and_then(|(number, _)| self.place(*number));
            let places = from..next.unwrap_or_else(|| self.count());
            from = places.end;
            Some((frame, places))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_frame_leaves_its_place_empty() {
        let places = Places::of([7, 8, 11]);
        assert_eq!(
            [7, 8, 9, 11].map(|n| places.place(n)),
            [Some(0), Some(1), None, Some(4)]
        );
        assert_eq!(places.count(), 5);
        assert_eq!(Places::default().count(), 0);
    }

    #[test]
    fn a_client_that_counts_in_its_own_way_makes_no_more_than_a_minute_of_empty_places() {
        let steps = Places::of((0..50).map(|n| n * 9_000));
        assert_eq!(steps.count(), MOST_MISSING + 50);
        let far = Places::of([0, u64::MAX]);
        assert_eq!(far.count(), MOST_MISSING + 2);
    }

    #[test]
    fn every_place_shows_the_picture_that_came_last() {
        let places = Places::of([0, 1, 2, 5, 6]);
        let shown: Vec<_> = places.shown([(1, 'a'), (2, 'b'), (5, 'c')]).collect();
        assert_eq!(shown, [('a', 0..2), ('b', 2..5), ('c', 5..7)]);
        assert_eq!(places.shown(Vec::<(u64, char)>::new()).count(), 0);
    }
}
