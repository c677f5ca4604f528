//! How people look: fencers in white with masks, and people who stand about.
//!
//! Drawn from the far side to the near one. Not responsible for where joints are.

use super::{
    blade::Blade,
    body::{Body, SideJoints},
    canvas::{Canvas, Colour},
    space::{P2, V3, p2, v3},
};
use crate::media::random::Random;

/// What somebody wears.
#[derive(Clone, Debug)]
pub struct Outfit {
    jacket: Colour,
    /// A metallic vest over it.
    vest: Option<Colour>,
    trousers: Colour,
    sock: Colour,
    shoe: Colour,
    glove: Colour,
    skin: Colour,
    hair: Colour,
    /// The mesh and the bib of a mask.
    mask: Option<[Colour; 2]>,
    /// How much darker the far side is.
    shade: f32,
}

const SKIN: [Colour; 4] = [
    [224, 188, 160],
    [198, 152, 118],
    [141, 98, 68],
    [92, 62, 44],
];
const HAIR: [Colour; 4] = [[38, 30, 26], [92, 66, 42], [176, 142, 92], [120, 118, 116]];
const CLUB: [Colour; 6] = [
    [24, 44, 110],
    [158, 28, 34],
    [18, 92, 62],
    [235, 235, 232],
    [30, 30, 34],
    [228, 160, 30],
];
const STREET: [Colour; 6] = [
    [44, 48, 60],
    [70, 62, 56],
    [36, 62, 96],
    [112, 40, 46],
    [86, 96, 84],
    [26, 26, 28],
];

// === impl Outfit ===

impl Outfit {
    /// A fencer's.
    pub fn fencer(lot: &mut Random, masked: bool) -> Self {
        let white = lot.range(205.0, 250.0) as u8;
        let warm = lot.range(0.0, 14.0) as u8;
        let cloth = [white, white, white - warm];
        let vest = lot.chance(0.35).then(|| {
            let grey = lot.range(110.0, 175.0) as u8;
            [grey, grey, grey + 8]
        });
        let mesh = lot.range(34.0, 86.0) as u8;
        let bib = if lot.chance(0.75) {
            cloth
        } else {
            lot.pick(&CLUB)
        };
        Self {
            jacket: cloth,
            vest,
            trousers: [white - 6, white - 6, white - warm],
            sock: if lot.chance(0.7) {
                cloth
            } else {
                lot.pick(&CLUB)
            },
            shoe: lot.pick(&CLUB),
            glove: if lot.chance(0.6) {
                cloth
            } else {
                lot.pick(&CLUB)
            },
            skin: lot.pick(&SKIN),
            hair: lot.pick(&HAIR),
            mask: masked.then_some([[mesh, mesh, mesh + 4], bib]),
            shade: lot.range(0.72, 0.9),
        }
    }

    /// Somebody's who looks on.
    pub fn bystander(lot: &mut Random) -> Self {
        let trousers = lot.pick(&STREET);
        Self {
            jacket: if lot.chance(0.2) {
                lot.pick(&CLUB)
            } else {
                lot.pick(&STREET)
            },
            vest: None,
            trousers,
            sock: trousers,
            shoe: [30, 28, 28],
            glove: lot.pick(&SKIN),
            skin: lot.pick(&SKIN),
            hair: lot.pick(&HAIR),
            mask: None,
            shade: 0.85,
        }
    }
}

fn darker(colour: Colour, by: f32) -> Colour {
    colour.map(|c| (f32::from(c) * by) as u8)
}

/// One person on a canvas.
struct Figure<'a, 'c> {
    canvas: &'a mut Canvas<'c>,
    outfit: &'a Outfit,
    girth: f32,
    height: f32,
    facing: f32,
}

/// Draws a person, and the blade of one who has one.
pub fn draw(
    canvas: &mut Canvas<'_>,
    body: &Body,
    outfit: &Outfit,
    (height, girth, facing): (f32, f32, f32),
    blade: Option<&Blade>,
) {
    let (far, near) = match body.front_is_near {
        true => (&body.back, &body.front),
        false => (&body.front, &body.back),
    };
    let shade = outfit.shade;
    let mut figure = Figure {
        canvas,
        outfit,
        girth,
        height,
        facing,
    };
    figure.shadow(body);
    if let (Some(blade), false) = (blade, body.front_is_near) {
        figure.blade(blade);
    }
    figure.arm(far, shade);
    figure.leg(far, shade);
    figure.leg(near, 1.0);
    figure.trunk(body);
    figure.head(body);
    figure.arm(near, 0.97);
    if let (Some(blade), true) = (blade, body.front_is_near) {
        figure.blade(blade);
    }
}

// === impl Figure ===

impl Figure<'_, '_> {
    fn at(&self, place: V3) -> P2 {
        self.canvas.camera().project(place)
    }

    /// Pixels of a share of the height at a place.
    fn px(&self, share: f32, place: V3) -> f32 {
        share * self.height * self.canvas.camera().scale_at(place.z)
    }

    fn bone(&mut self, a: V3, b: V3, thick: (f32, f32), colour: Colour) {
        let (ra, rb) = (
            self.px(thick.0 * self.girth, a),
            self.px(thick.1 * self.girth, b),
        );
        let (from, to) = (self.at(a), self.at(b));
        self.canvas.limb(from, to, ra, rb, darker(colour, 0.86));
        // The light comes from above: a brighter core, a little higher.
        let up = |p: P2, r: f32| p2(p.x, p.y - 0.2 * r);
        self.canvas
            .limb(up(from, ra), up(to, rb), 0.74 * ra, 0.74 * rb, colour);
    }

    fn shadow(&mut self, body: &Body) {
        for side in [&body.front, &body.back] {
            let place = v3(side.ankle.x, 0.0, side.ankle.z);
            let (centre, radius) = (self.at(place), self.px(0.11, place));
            self.canvas
                .ellipse(centre, radius, 0.22 * radius, 0.0, [20, 20, 24], 0.3);
        }
    }

    fn leg(&mut self, side: &SideJoints, shade: f32) {
        let outfit = self.outfit;
        let trousers = darker(outfit.trousers, shade);
        self.bone(side.hip, side.knee, (0.052, 0.036), trousers);
        self.bone(
            side.knee,
            side.ankle,
            (0.034, 0.022),
            darker(outfit.sock, shade),
        );
        let cuff = side.knee.mix(side.ankle, 0.16);
        self.bone(side.knee, cuff, (0.037, 0.034), trousers);
        let sole = side.ankle - v3(0.0, 0.035, 0.0);
        let toe = v3(side.toe.x, sole.y - 0.01, side.toe.z);
        self.bone(sole, toe, (0.024, 0.016), darker(outfit.shoe, shade));
    }

    fn arm(&mut self, side: &SideJoints, shade: f32) {
        let sleeve = darker(self.outfit.jacket, shade);
        self.bone(side.shoulder, side.elbow, (0.034, 0.028), sleeve);
        self.bone(side.elbow, side.wrist, (0.028, 0.021), sleeve);
        let hand = side.wrist + (side.wrist - side.elbow).unit() * (0.045 * self.height);
        self.bone(
            side.wrist,
            hand,
            (0.022, 0.021),
            darker(self.outfit.glove, shade),
        );
    }

    fn trunk(&mut self, body: &Body) {
        let jacket = self.outfit.jacket;
        let belly = body.pelvis.mix(body.neck, 0.45);
        let chest = body.pelvis.mix(body.neck, 0.84);
        self.bone(
            body.front.hip,
            body.back.hip,
            (0.05, 0.05),
            self.outfit.trousers,
        );
        self.bone(body.pelvis, belly, (0.074, 0.07), jacket);
        self.bone(belly, chest, (0.07, 0.08), jacket);
        self.bone(
            body.front.shoulder,
            body.back.shoulder,
            (0.038, 0.038),
            jacket,
        );
        if let Some(vest) = self.outfit.vest {
            self.bone(body.pelvis.mix(belly, 0.3), chest, (0.062, 0.07), vest);
        }
        self.bone(chest, body.head, (0.036, 0.03), darker(jacket, 0.94));
    }

    fn head(&mut self, body: &Body) {
        let (centre, radius) = (self.at(body.head), self.px(0.064, body.head));
        let nose = self.at(body.nose);
        let turn = (nose.y - centre.y).atan2(nose.x - centre.x);
        let Outfit {
            mask, skin, hair, ..
        } = *self.outfit;
        let Some([mesh, bib]) = mask else {
            self.canvas
                .ellipse(centre, 0.86 * radius, 1.05 * radius, 0.0, hair, 1.0);
            let face = p2(
                centre.x + 0.3 * radius * self.facing,
                centre.y + 0.1 * radius,
            );
            self.canvas
                .ellipse(face, 0.62 * radius, 0.86 * radius, 0.0, skin, 1.0);
            return;
        };
        let under = p2(
            centre.x + 0.25 * radius * self.facing,
            centre.y + 0.95 * radius,
        );
        self.canvas.ellipse(
            under,
            0.72 * radius,
            0.68 * radius,
            0.3 * self.facing,
            bib,
            1.0,
        );
        self.canvas
            .ellipse(centre, 1.06 * radius, 1.12 * radius, turn, bib, 1.0);
        let front = centre.mix(nose, 0.42);
        self.canvas
            .ellipse(front, 0.86 * radius, 0.98 * radius, turn, mesh, 1.0);
        let glint = p2(
            front.x + 0.2 * radius * self.facing,
            front.y - 0.35 * radius,
        );
        let bright = mesh.map(|c| c.saturating_add(34));
        self.canvas
            .ellipse(glint, 0.34 * radius, 0.4 * radius, turn, bright, 0.6);
    }

    fn blade(&mut self, blade: &Blade) {
        let (hilt, bend, point) = (
            self.at(blade.hilt),
            self.at(blade.bend),
            self.at(blade.point),
        );
        let curve: Vec<P2> = (0..=8)
            .map(|k| {
                let along = k as f32 / 8.0;
                hilt.mix(bend, along).mix(bend.mix(point, along), along)
            })
            .collect();
        let metre = self.canvas.camera().scale_at(blade.hilt.z);
        let steel = [196, 200, 206];
        self.canvas
            .line(&curve, (0.011 * metre).max(0.8), steel, 0.95);
        let guard = 0.05 * metre;
        self.canvas
            .ellipse(hilt, 0.5 * guard, guard, 0.0, [150, 152, 158], 1.0);
    }
}
