//! A small grey picture and its edges: where, which way and how strong.
//!
//! Responsible for reducing a picture of any size to some thousand edge elements. Not for what they mean. Coordinates
//! are pixels of the small picture.

use crate::media::Rgb8;

/// Longest side of the small picture: enough for lines, small enough for a few milliseconds.
const LONGEST: u32 = 200;
/// Edges weaker than this (of 255, by Sobel / 8) are noise.
const WEAKEST: f32 = 6.0;
/// The most edges that are kept, the strongest first.
const MOST: usize = 3000;

/// A small grey picture, 0 to 255.
pub(super) struct Grey {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

/// One point of an edge, with the unit normal of the edge there.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub x: f32,
    pub y: f32,
    pub normal: [f32; 2],
    pub strength: f32,
}

impl Grey {
    /// Averages blocks of the picture down to at most [`LONGEST`] pixels a side; luma by BT.601.
    pub fn of(picture: &Rgb8) -> Self {
        let block = picture.width.max(picture.height).div_ceil(LONGEST).max(1) as usize;
        let (full, width) = (picture.width as usize, picture.width as usize / block);
        let height = picture.height as usize / block;
        let mut data = vec![0.0; width * height];
        for y in 0..height * block {
            let row = &picture.data[y * full * 3..][..width * block * 3];
            let sums = &mut data[y / block * width..][..width];
            for (sum, pixels) in sums.iter_mut().zip(row.chunks_exact(block * 3)) {
                let luma =
                    |p: &[u8]| 77 * u32::from(p[0]) + 150 * u32::from(p[1]) + 29 * u32::from(p[2]);
                *sum += pixels.chunks_exact(3).map(luma).sum::<u32>() as f32;
            }
        }
        let share = 1.0 / (256.0 * (block * block) as f32);
        data.iter_mut().for_each(|value| *value *= share);
        Self {
            width,
            height,
            data,
        }
    }

    /// Mean of one row.
    pub fn row(&self, y: usize) -> f32 {
        self.data[y * self.width..][..self.width]
            .iter()
            .sum::<f32>()
            / self.width as f32
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    /// The strongest edges, by the Sobel operator.
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for y in 1..self.height.saturating_sub(1) {
            for x in 1..self.width.saturating_sub(1) {
                edges.extend(self.edge(x, y));
            }
        }
        if edges.len() > MOST {
            edges.select_nth_unstable_by(MOST, |a, b| b.strength.total_cmp(&a.strength));
            edges.truncate(MOST);
        }
        edges
    }

    fn edge(&self, x: usize, y: usize) -> Option<Edge> {
        let column = |x: usize| self.at(x, y - 1) + 2.0 * self.at(x, y) + self.at(x, y + 1);
        let row = |y: usize| self.at(x - 1, y) + 2.0 * self.at(x, y) + self.at(x + 1, y);
        let (gx, gy) = (column(x + 1) - column(x - 1), row(y + 1) - row(y - 1));
        let length = gx.hypot(gy);
        let strength = length / 8.0;
        (strength >= WEAKEST).then(|| Edge {
            x: x as f32,
            y: y as f32,
            normal: [gx / length, gy / length],
            // Saturated, so that one hard contour does not outvote many soft lines.
            strength: strength.min(32.0),
        })
    }
}
