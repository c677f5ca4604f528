//! The recipe of the world's graph (`models/recipes/world_box.py`) in double precision, as plainly as can be.
//!
//! Not responsible for speed. Invariant: written from the recipe, not from the kernels: interpolation is by hats over all
//! knots, as there.

const HALF_VIEW: f64 = 0.99;
const FAR: f64 = 64.0;
const ABSENT: f64 = 16.0;

struct Box {
    centre: f64,
    floor: f64,
    wall: f64,
    back: f64,
    ceiling: f64,
    near_x: f64,
    near_down: f64,
    near_up: f64,
    a: f64,
    b: f64,
}

impl Box {
    fn new([horizon, floor, wall, back]: [f64; 4], width: usize, height: usize) -> Self {
        let longest = width.max(height) as f64;
        let (a, b) = (
            width as f64 / longest * HALF_VIEW,
            height as f64 / longest * HALF_VIEW,
        );
        let centre = horizon.clamp(0.05, 0.95) * 2.0 - 1.0;
        let floor = floor.clamp(0.05, FAR);
        let has_ceiling = wall > 0.0 && wall < ABSENT;
        let wall = wall.abs().clamp(0.05, FAR);
        let present = |value: f64| if value < ABSENT { 1.0 } else { 0.0 };
        Self {
            centre,
            floor,
            wall,
            back: back.clamp(0.5, FAR),
            ceiling: if has_ceiling { floor * 0.8 } else { FAR },
            near_x: present(wall) / a,
            near_down: present(floor) / ((1.0 - centre) * b),
            near_up: present(wall) / ((1.0 + centre) * b),
            a,
            b,
        }
    }

    /// Where the ray through (u, v) ends in the picture, and its magnification.
    fn place(&self, pose: [f64; 5], u: f64, v: f64) -> [f64; 3] {
        let [x, y, z, yaw, pitch] = pose;
        let x = x.clamp(-0.9 * self.wall, 0.9 * self.wall);
        let y = y.clamp(-0.9 * self.ceiling, 0.9 * self.floor);
        let z = z.clamp(-FAR, 0.9 * self.back);
        let (yaw, pitch) = (yaw.clamp(-0.5, 0.5), pitch.clamp(-0.5, 0.5));
        let (dx, dy) = (u * self.a, (v - self.centre) * self.b);
        let ahead = (dy * pitch.sin() + pitch.cos()).max(0.05);
        let dy = dy * pitch.cos() - pitch.sin();
        let (dx, ahead) = (
            dx * yaw.cos() + ahead * yaw.sin(),
            (ahead * yaw.cos() - dx * yaw.sin()).max(0.05),
        );
        let inverse = (ahead / (self.back - z))
            .max(dx / (self.wall - x))
            .max(-dx / (self.wall + x))
            .max(dy / (self.floor - y))
            .max(-dy / (self.ceiling + y));
        let (x, y, z) = (x + dx / inverse, y + dy / inverse, z + ahead / inverse);
        let near = (x.abs() * self.near_x)
            .max(y * self.near_down)
            .max(-y * self.near_up);
        let depth = near + (z - near).abs();
        let gx = mirror(x / (depth * self.a));
        let gy = mirror(y / (depth * self.b) + self.centre);
        [gx, gy, depth * inverse]
    }
}

fn mirror(value: f64) -> f64 {
    let turns = (value + 1.0) * 0.25;
    1.0 - ((turns - turns.floor()) * 4.0 - 2.0).abs()
}

/// -1 to 1.
fn line(at: usize, steps: usize) -> f64 {
    at as f64 * 2.0 / steps as f64 - 1.0
}

fn hat(pixel: f64, knot: f64, cells: usize) -> f64 {
    (1.0 - (pixel - knot).abs() * cells as f64 * 0.5).max(0.0)
}

/// Values on the coarse grid, interpolated to a pixel.
fn interpolated(coarse: &dyn Fn(f64, f64) -> f64, [px, py]: [f64; 2], cells: [usize; 2]) -> f64 {
    let mut sum = 0.0;
    for row in 0..=cells[1] {
        let v = line(row, cells[1]);
        let tall = hat(py, v, cells[1]);
        for column in (0..=cells[0]).filter(|_| tall > 0.0) {
            let u = line(column, cells[0]);
            let weight = tall * hat(px, u, cells[0]);
            if weight > 0.0 {
                sum += weight * coarse(u, v);
            }
        }
    }
    sum
}

struct Picture<'a> {
    plane: &'a [f64],
    width: usize,
    height: usize,
}

impl Picture<'_> {
    /// Nothing outside.
    fn at(&self, x: f64, y: f64) -> f64 {
        let inside =
            (0.0..self.width as f64).contains(&x) && (0.0..self.height as f64).contains(&y);
        if inside {
            self.plane[y as usize * self.width + x as usize]
        } else {
            0.0
        }
    }

    /// Bilinear, at view coordinates.
    fn sampled(&self, gx: f64, gy: f64) -> f64 {
        let x = (gx + 1.0) / 2.0 * (self.width - 1) as f64;
        let y = (gy + 1.0) / 2.0 * (self.height - 1) as f64;
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (x - left, y - top);
        let row = |y| self.at(left, y) * (1.0 - right) + self.at(left + 1.0, y) * right;
        row(top) * (1.0 - down) + row(top + 1.0) * down
    }
}

/// The frame [3, height, width] of the recipe.
pub fn frame(
    width: usize,
    height: usize,
    image: &[f32],
    pose: [f32; 6],
    scene: [f32; 4],
) -> Vec<f32> {
    let scene_box = Box::new(scene.map(f64::from), width, height);
    let [x, y, z, yaw, pitch, renewal] = pose.map(f64::from);
    let weight = renewal.clamp(0.0, 1.0);
    let seen = [x, y, z, yaw, pitch];
    let farther = [x, y, z - 0.8 * scene_box.back, yaw, pitch];
    let cells = [width / 4, height / 4];
    let of_pixels = |value: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        let pixel = |i: usize| value(line(i % width, width - 1), line(i / width, height - 1));
        (0..width * height).map(pixel).collect()
    };
    let places = |pose: [f64; 5]| {
        let axis = |axis: usize| {
            of_pixels(&|px, py| {
                let offset = |u: f64, v: f64| scene_box.place(pose, u, v)[axis] - [u, v][axis];
                interpolated(&offset, [px, py], cells) + [px, py][axis]
            })
        };
        [axis(0), axis(1)]
    };
    let amount = of_pixels(&|px, py| {
        let amount =
            |u: f64, v: f64| ((scene_box.place(seen, u, v)[2] - 1.0) * 0.8).clamp(0.0, 0.55);
        interpolated(&amount, [px, py], cells)
    });
    let (seen, farther) = (places(seen), places(farther));
    let mut frame = Vec::new();
    for plane in image.chunks(width * height) {
        let plane: Vec<f64> = plane.iter().map(|&v| v.into()).collect();
        let picture = Picture {
            plane: &plane,
            width,
            height,
        };
        let drawn = |[gx, gy]: &[Vec<f64>; 2]| -> Vec<f64> {
            gx.iter()
                .zip(gy)
                .map(|(&x, &y)| picture.sampled(x, y))
                .collect()
        };
        let (near, far) = (drawn(&seen), drawn(&farther));
        let near = sharpened(
            &Picture {
                plane: &near,
                width,
                height,
            },
            &amount,
        );
        frame.extend(
            near.iter()
                .zip(&far)
                .map(|(n, f)| (n + (f - n) * weight) as f32),
        );
    }
    frame
}

fn sharpened(drawn: &Picture, amount: &[f64]) -> Vec<f64> {
    let pixel = |i: usize| {
        let (x, y) = ((i % drawn.width) as f64, (i / drawn.width) as f64);
        let mut mean = 0.0;
        for (dy, tall) in [(-1.0, 1.0), (0.0, 2.0), (1.0, 1.0)] {
            for (dx, wide) in [(-1.0, 1.0), (0.0, 2.0), (1.0, 1.0)] {
                mean += drawn.at(x + dx, y + dy) * tall * wide / 16.0;
            }
        }
        (drawn.plane[i] + (drawn.plane[i] - mean) * amount[i]).clamp(0.0, 1.0)
    };
    (0..drawn.plane.len()).map(pixel).collect()
}
