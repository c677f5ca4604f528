//! The hall behind the fencers: floor, wall, piste, furniture, people who look on.
//!
//! Painted once a bout, with a margin for a camera that trembles. Not responsible for what moves.

use super::{
    body::Build,
    canvas::{Canvas, Colour},
    figure::{self, Outfit},
    space::{P2, p2, v3},
};
use crate::media::random::Random;

const WALLS: [Colour; 8] = [
    [206, 204, 196],
    [170, 176, 180],
    [222, 214, 196],
    [140, 152, 160],
    [96, 104, 112],
    [184, 168, 148],
    [232, 232, 230],
    [60, 64, 72],
];
const FLOORS: [Colour; 7] = [
    [164, 124, 84],
    [124, 92, 64],
    [72, 96, 120],
    [90, 122, 98],
    [120, 122, 124],
    [186, 160, 124],
    [70, 72, 76],
];
const PISTES: [Colour; 5] = [
    [150, 154, 158],
    [108, 112, 118],
    [66, 92, 132],
    [176, 172, 160],
    [84, 88, 92],
];
const THINGS: [Colour; 7] = [
    [150, 34, 36],
    [30, 58, 120],
    [36, 36, 40],
    [226, 190, 60],
    [56, 120, 84],
    [228, 228, 224],
    [120, 88, 60],
];

/// What of the hall is drawn by lot.
pub struct Hall {
    lot: Random,
    /// Depth of the wall, metres.
    wall: f32,
    /// The piste's colour.
    piste: Colour,
}

// === impl Hall ===

impl Hall {
    pub fn draw(seed: u64) -> Self {
        let mut lot = Random::of(seed, 4);
        Self {
            wall: lot.range(-7.5, -2.6),
            piste: lot.pick(&PISTES),
            lot,
        }
    }

    /// Paints all that stands still.
    pub fn paint(mut self, canvas: &mut Canvas<'_>, bystanders: usize) {
        self.shell(canvas);
        self.on_the_wall(canvas);
        for _ in 0..self.lot.below(6) {
            self.thing(canvas);
        }
        self.strip(canvas);
        self.apparatus(canvas);
        for _ in 0..bystanders {
            self.bystander(canvas);
        }
    }

    /// Floor and wall.
    fn shell(&mut self, canvas: &mut Canvas<'_>) {
        let size = canvas.camera().size();
        let (far, wide) = (0.4 * size.x, 1.4 * size.x);
        let edge = |x: f32| canvas.camera().project(v3(x, 0.0, self.wall));
        let (left, right) = (edge(-60.0), edge(60.0));
        let slope = (right.y - left.y) / (right.x - left.x);
        let base = |x: f32| p2(x, left.y + slope * (x - left.x));
        let (a, b) = (base(-far), base(wide));
        let (wall, floor) = (self.lot.pick(&WALLS), self.lot.pick(&FLOORS));
        let up = self.lot.range(0.75, 1.1);
        let top = [p2(-far, -size.y), p2(wide, -size.y), b, a];
        canvas.shaded(&top, scaled(wall, up), scaled(wall, 0.92));
        let bottom = [a, b, p2(wide, 2.0 * size.y), p2(-far, 2.0 * size.y)];
        let near = self.lot.range(0.75, 1.1);
        canvas.shaded(&bottom, scaled(floor, 0.86), scaled(floor, near));
        canvas.line(&[a, b], 0.006 * size.x, scaled(wall, 0.5), 1.0);
    }

    /// A rectangle on the wall: metres from the piste's middle and the floor.
    fn panel(&self, canvas: &mut Canvas<'_>, x: f32, y: f32, w: f32, h: f32) -> [P2; 4] {
        [(x, y + h), (x + w, y + h), (x + w, y), (x, y)]
            .map(|(x, y)| canvas.camera().project(v3(x, y, self.wall)))
    }

    fn on_the_wall(&mut self, canvas: &mut Canvas<'_>) {
        let kind = self.lot.below(4);
        let step = self.lot.range(0.9, 2.6);
        let colour = self.lot.pick(&WALLS);
        let mut x = -14.0;
        while kind > 0 && x < 14.0 {
            let (y, h) = [(0.0, 0.0), (0.3, 2.2), (2.2, 1.4), (0.0, 1.1)][kind];
            let corners = self.panel(canvas, x, y, step * 0.8, h);
            canvas.polygon(&corners, colour, 0.8);
            x += step;
        }
        for _ in 0..self.lot.below(7) {
            let (x, y) = (self.lot.range(-7.0, 7.0), self.lot.range(0.8, 2.8));
            let (w, h) = (self.lot.range(0.3, 2.4), self.lot.range(0.2, 1.2));
            let corners = self.panel(canvas, x, y, w, h);
            let colour = self.lot.pick(&THINGS);
            canvas.polygon(&corners, colour, 0.9);
        }
    }

    /// A bench, a bag, a box on the floor between piste and wall.
    fn thing(&mut self, canvas: &mut Canvas<'_>) {
        let lot = &mut self.lot;
        let (x, z) = (lot.range(-6.0, 6.0), lot.range(self.wall + 0.3, -1.6));
        let (w, h) = (lot.range(0.3, 1.8), lot.range(0.2, 0.9));
        let colour = lot.pick(&THINGS);
        let at = |x: f32, y: f32| canvas.camera().project(v3(x, y, z));
        let corners = [at(x, h), at(x + w, h), at(x + w, 0.0), at(x, 0.0)];
        let lid = canvas.camera().project(v3(x, h, z - 0.3));
        let lid_end = canvas.camera().project(v3(x + w, h, z - 0.3));
        canvas.polygon(
            &[corners[0], corners[1], lid_end, lid],
            scaled(colour, 1.1),
            1.0,
        );
        canvas.polygon(&corners, scaled(colour, 0.85), 1.0);
    }

    fn strip(&mut self, canvas: &mut Canvas<'_>) {
        let at = |x: f32, z: f32| canvas.camera().project(v3(x, 0.0, z));
        let strip = [at(-7.0, -0.9), at(7.0, -0.9), at(7.0, 0.9), at(-7.0, 0.9)];
        let lines = [-7.0, -5.0, -2.0, 0.0, 2.0, 5.0, 7.0].map(|x| [at(x, -0.9), at(x, 0.9)]);
        let edges = [[strip[0], strip[1]], [strip[3], strip[2]]];
        let width = 0.03 * canvas.camera().scale_at(0.0);
        canvas.polygon(&strip, self.piste, 0.92);
        let paint = if self.lot.chance(0.7) {
            [240, 240, 236]
        } else {
            [40, 40, 44]
        };
        for line in lines.iter().chain(&edges) {
            canvas.line(line, width, paint, 0.8);
        }
    }

    /// The scoring apparatus on its stand, behind the middle of the piste.
    fn apparatus(&mut self, canvas: &mut Canvas<'_>) {
        let foot = lamp_place();
        let high = self.lot.range(0.7, 1.2);
        let camera = canvas.camera().clone();
        let at = |x: f32, y: f32| camera.project(v3(x, y, foot.z));
        canvas.polygon(
            &[
                at(-0.25, high),
                at(0.25, high),
                at(0.25, 0.0),
                at(-0.25, 0.0),
            ],
            [58, 60, 64],
            1.0,
        );
        canvas.polygon(
            &[
                at(-0.4, high + 0.22),
                at(0.4, high + 0.22),
                at(0.4, high),
                at(-0.4, high),
            ],
            [24, 24, 26],
            1.0,
        );
    }

    fn bystander(&mut self, canvas: &mut Canvas<'_>) {
        let lot = &mut self.lot;
        let z = lot.range((self.wall + 0.4).min(-2.0), -1.7);
        let facing = if lot.chance(0.5) { 1.0 } else { -1.0 };
        let x = lot.range(-6.0, 6.0);
        let build = Build::draw(lot, facing, x, z);
        let outfit = Outfit::bystander(lot);
        let form = (build.height, build.girth, build.facing);
        figure::draw(canvas, &build.standing(), &outfit, form, None);
    }
}

/// Where the apparatus stands.
fn lamp_place() -> super::space::V3 {
    v3(0.0, 0.0, -1.5)
}

fn scaled(colour: Colour, by: f32) -> Colour {
    colour.map(|c| (f32::from(c) * by).clamp(0.0, 255.0) as u8)
}
