//! The rectangle that is kept of a straightened picture.
//!
//! Knows which points are good, not why. Invariant: every point of the rectangle is good, and both sides are even, as video
//! codecs want them.

/// Columns `x .. x + width`, rows `y .. y + height`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Rectangle {
    pub(super) fn area(&self) -> usize {
        self.width * self.height
    }

    /// Without the last column or row, where their number is odd.
    fn even(self) -> Self {
        Self {
            width: self.width & !1,
            height: self.height & !1,
            ..self
        }
    }
}

/// The rectangle of the most good points; of equal ones the first in the order of reading by its last row. Sides that are
/// odd lose their last line. Empty where there are no two good lines.
///
/// `good` holds rows of `width` points. The largest rectangle under a histogram for each row, hence O(points).
pub(super) fn largest(good: &[bool], width: usize) -> Rectangle {
    let mut best = Rectangle::default();
    let mut heights = vec![0; width + 1];
    let mut rising = Vec::with_capacity(width + 1);
    for (row, line) in good.chunks_exact(width).enumerate() {
        for (height, &good) in heights.iter_mut().zip(line) {
            *height = if good { *height + 1 } else { 0 };
        }
        largest_under(&heights, row, &mut rising, &mut best);
    }
    best.even()
}

/// Looks for a larger rectangle among those whose last row is `row`; the last of `heights` is 0 and closes all others.
fn largest_under(
    heights: &[usize],
    row: usize,
    rising: &mut Vec<(usize, usize)>,
    best: &mut Rectangle,
) {
    rising.clear();
    for (column, &height) in heights.iter().enumerate() {
        let mut start = column;
        while let Some((from, tall)) = rising.pop_if(|(_, tall)| *tall >= height) {
            let found = Rectangle {
                x: from,
                y: row + 1 - tall,
                width: column - from,
                height: tall,
            };
            if found.area() > best.area() {
                *best = found;
            }
            start = from;
        }
        rising.push((start, height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rectangle(x: usize, y: usize, width: usize, height: usize) -> Rectangle {
        Rectangle {
            x,
            y,
            width,
            height,
        }
    }

    /// By trying every rectangle.
    fn most_points(good: &[bool], width: usize) -> usize {
        let height = good.len() / width;
        let whole = |x: usize, y: usize, x1: usize, y1: usize| {
            (y..y1).all(|row| (x..x1).all(|column| good[row * width + column]))
        };
        let mut most = 0;
        for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
            for (x1, y1) in (x..=width).flat_map(|x1| (y..=height).map(move |y1| (x1, y1))) {
                if whole(x, y, x1, y1) {
                    most = most.max((x1 - x) * (y1 - y));
                }
            }
        }
        most
    }

    #[test]
    fn a_picture_that_is_good_all_over_is_kept_whole() {
        assert_eq!(largest(&[true; 24], 6), rectangle(0, 0, 6, 4));
    }

    #[test]
    fn an_odd_side_loses_its_last_line() {
        assert_eq!(largest(&[true; 35], 7), rectangle(0, 0, 6, 4));
    }

    #[test]
    fn bad_margins_are_cut_away() {
        let good: Vec<bool> = (0..10 * 8)
            .map(|at| (1..9).contains(&(at % 10)) && (2..6).contains(&(at / 10)))
            .collect();
        assert_eq!(largest(&good, 10), rectangle(1, 2, 8, 4));
    }

    #[test]
    fn where_nothing_is_good_nothing_is_kept() {
        assert_eq!(largest(&[false; 24], 6).area(), 0);
    }

    proptest! {
        #[test]
        fn no_other_rectangle_has_more_good_points(width in 1usize..8, cells in prop::collection::vec(prop::bool::weighted(0.75), 1..64)) {
            let good = &cells[..cells.len() / width * width];
            let mut heights = vec![0; width + 1];
            let mut best = Rectangle::default();
            for (row, line) in good.chunks_exact(width).enumerate() {
                for (height, &good) in heights.iter_mut().zip(line) {
                    *height = if good { *height + 1 } else { 0 };
                }
                largest_under(&heights, row, &mut Vec::new(), &mut best);
            }
            prop_assert_eq!(best.area(), most_points(good, width));
            let inside = |at: &usize| {
                (best.x..best.x + best.width).contains(&(at % width)) && (best.y..best.y + best.height).contains(&(at / width))
            };
            prop_assert!((0..good.len()).filter(inside).all(|at| good[at]));
        }
    }
}
