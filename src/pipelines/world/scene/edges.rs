//! A small grey picture and its edges: where, which way and how strong.
//!
//! Responsible for reducing a picture of any size to some thousand edge elements. Not for what they mean. Coordinates
//! are pixels of the small picture.

use crate::media::Rgb8;

/// Longest side of the small picture: enough for lines, small enough for a few milliseconds.
const LONGEST: u32 = 200;
/// Edges weaker than this (of 255 a pixel) are noise.
const WEAKEST: f32 = 2.0;
/// Stronger ones count as this: one hard contour does not outvote many soft lines.
const STRONGEST: f32 = 5.0;
/// The most edges that are kept, the strongest first.
const MOST: usize = 5000;

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

    /// Mean of the part from (x, y) up to, not including, (to_x, to_y); 0 of nothing.
    pub fn mean(&self, (x, y): (usize, usize), (to_x, to_y): (usize, usize)) -> f32 {
        let (to_x, to_y) = (to_x.min(self.width), to_y.min(self.height));
        let rows = (y..to_y).map(|y| self.data[y * self.width..][..to_x].iter().skip(x));
        let count = to_x.saturating_sub(x) * to_y.saturating_sub(y);
        rows.flatten().sum::<f32>() / count.max(1) as f32
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    /// The strongest edges: Sobel gradients, pooled over 3 × 3 by their structure tensor, so that a line counts fully and
    /// the disorder of leaves or gravel hardly.
    pub fn edges(&self) -> Vec<Edge> {
        if self.width < 5 || self.height < 5 {
            return Vec::new();
        }
        let tensors = self.tensors();
        let mut edges = Vec::new();
        for y in 2..self.height - 2 {
            for x in 2..self.width - 2 {
                let around =
                    (y - 1..=y + 1).flat_map(|y| &tensors[y * self.width..][x - 1..=x + 1]);
                let sum = around.fold([0.0; 3], |sum, t| {
                    [sum[0] + t[0], sum[1] + t[1], sum[2] + t[2]]
                });
                edges.extend(edge(x, y, sum));
            }
        }
        if edges.len() > MOST {
            edges.select_nth_unstable_by(MOST, |a, b| b.strength.total_cmp(&a.strength));
            edges.truncate(MOST);
        }
        edges
            .iter_mut()
            .for_each(|edge| edge.strength = edge.strength.min(STRONGEST));
        edges
    }

    /// For each pixel gx² + gy², gx² - gy² and 2·gx·gy of its gradient; 0 at the border.
    fn tensors(&self) -> Vec<[f32; 3]> {
        let mut tensors = vec![[0.0; 3]; self.data.len()];
        for y in 1..self.height - 1 {
            for x in 1..self.width - 1 {
                let column = |x: usize| self.at(x, y - 1) + 2.0 * self.at(x, y) + self.at(x, y + 1);
                let row = |y: usize| self.at(x - 1, y) + 2.0 * self.at(x, y) + self.at(x + 1, y);
                let (gx, gy) = (
                    (column(x + 1) - column(x - 1)) / 8.0,
                    (row(y + 1) - row(y - 1)) / 8.0,
                );
                tensors[y * self.width + x] = [gx * gx + gy * gy, gx * gx - gy * gy, 2.0 * gx * gy];
            }
        }
        tensors
    }
}

/// The edge of a pooled tensor, unless it is too weak.
fn edge(x: usize, y: usize, [energy, along, across]: [f32; 3]) -> Option<Edge> {
    let coherence = along.hypot(across) / energy.max(1e-6);
    let strength = (energy / 9.0).sqrt() * coherence * coherence;
    let angle = across.atan2(along) / 2.0;
    (strength >= WEAKEST).then(|| Edge {
        x: x as f32,
        y: y as f32,
        normal: [angle.cos(), angle.sin()],
        strength,
    })
}
