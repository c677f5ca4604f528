//! A bout that stands ready to be looked at: plan, people, camera and the painted hall, and from them any frame.
//!
//! Not responsible for the truth's form. Invariant: a frame is a function of its number alone.

use super::{
    blade::{self, Blade, Near, nearness},
    body::{Body, Build},
    camera::Camera,
    canvas::Canvas,
    figure::{self, Outfit},
    hall::Hall,
    options::BoutOptions,
    plan::Plan,
    space::{P2, p2},
};
use crate::media::{Rgb8, random::Random};
use std::sync::OnceLock;
use tiny_skia::Pixmap;

/// Side of the tile of noise, pixels.
const TILE: u32 = 256;
/// Pictures that one with motion blur is the mean of.
const EXPOSURES: u32 = 3;

/// One of the people of a bout.
struct Actor {
    build: Build,
    outfit: Outfit,
    /// How high the point is held, metres.
    lift: f32,
}

/// Two fencers and what they do.
struct Pair {
    actors: [Actor; 2],
    plan: Plan,
}

/// Everything a frame is drawn from.
pub struct Stage {
    pub options: BoutOptions,
    pub plan: Plan,
    pub camera: Camera,
    seed: u64,
    actors: [Actor; 2],
    /// The two on the piste behind.
    behind: Option<Pair>,
    tile: Option<Pixmap>,
    /// Painted when the first frame is drawn.
    hall: OnceLock<Option<Pixmap>>,
}

// === impl Stage ===

impl Stage {
    /// Sets a stage by lot; options have been checked.
    pub fn set(seed: u64, options: BoutOptions) -> Self {
        let plan = Plan::draw(seed, &options);
        let camera = Camera::draw(seed, &options, &plan);
        let mut lot = Random::of(seed, 5);
        let front = actors(&mut lot, plan.gap, (0.0, 0.0), options.masks);
        let behind = options.bout_behind.then(|| {
            let plan = Plan::draw(seed ^ 0xB0, &options);
            let place = (lot.range(-2.5, 2.5), lot.range(-5.0, -3.2));
            Pair {
                actors: actors(&mut lot, plan.gap, place, true),
                plan,
            }
        });
        Self {
            tile: tile(seed, options.noise),
            options,
            plan,
            camera,
            seed,
            actors: front,
            behind,
            hall: OnceLock::new(),
        }
    }

    /// Number of frames.
    pub fn frames(&self) -> u64 {
        (self.options.seconds * self.options.fps).round().max(1.0) as u64
    }

    /// Seconds at which a frame is taken.
    pub fn time_of(&self, number: u64) -> f32 {
        (number.min(self.frames() - 1) as f64 / self.options.fps) as f32
    }

    /// Whether each has the weapon in the right hand.
    pub fn right_handed(&self) -> [bool; 2] {
        [0, 1].map(|who| self.actors[who].build.right_handed)
    }

    /// How far the camera has moved the picture in a frame, whole pixels.
    pub fn tremble(&self, number: u64) -> P2 {
        let most = self.options.jitter as f32;
        let mut lot = Random::of(self.seed, 1000 + number);
        let mut shift = || lot.range(-most, most).round();
        p2(shift(), shift())
    }

    /// Where both fencers and their blades are at a time.
    pub fn poses(&self, time: f32) -> ([Body; 2], [Blade; 2]) {
        poses(&self.actors, &self.plan, time)
    }

    /// One frame.
    pub fn frame(&self, number: u64) -> Rgb8 {
        let (width, height) = (self.options.width, self.options.height);
        let black = || Rgb8::filled(width, height, [0; 3]);
        let Some(hall) = self.hall.get_or_init(|| self.paint_hall()) else {
            return black();
        };
        let Some(still) = self.window(hall, self.tremble(number)) else {
            return black();
        };
        let open = self.options.shutter / self.options.fps as f32;
        let time = self.time_of(number);
        let taken = match self.options.fencers && open > 0.0 {
            false => self.exposed(still, number, time),
            true => {
                let shots = (0..EXPOSURES).map(|k| {
                    let at = time + open * (k as f32 / (EXPOSURES - 1) as f32 - 0.5);
                    self.exposed(still.clone(), number, at)
                });
                mean(&shots.collect::<Vec<_>>())
            }
        };
        let taken = self.grained(taken, number);
        let mut data = Vec::with_capacity(width as usize * height as usize * Rgb8::CHANNELS);
        for pixel in taken.data().chunks_exact(4) {
            data.extend_from_slice(&pixel[..3]);
        }
        Rgb8 {
            width,
            height,
            data,
        }
    }

    /// The hall with a margin for the tremble; none if there is no memory for it.
    fn paint_hall(&self) -> Option<Pixmap> {
        let margin = self.options.jitter;
        let (width, height) = (self.options.width, self.options.height);
        let mut pixmap = Pixmap::new(width + 2 * margin, height + 2 * margin)?;
        let origin = p2(margin as f32, margin as f32);
        let mut canvas = Canvas::new(&mut pixmap, &self.camera, self.options.light, origin);
        Hall::draw(self.seed).paint(&mut canvas, self.options.bystanders);
        Some(pixmap)
    }

    /// The part of the hall that a moved camera sees.
    fn window(&self, hall: &Pixmap, shift: P2) -> Option<Pixmap> {
        let margin = self.options.jitter as i32;
        let mut pixmap = Pixmap::new(self.options.width, self.options.height)?;
        let (left, top) = (margin - shift.x as i32, margin - shift.y as i32);
        let row = pixmap.width() as usize * 4;
        let stride = hall.width() as usize * 4;
        let from = top.max(0) as usize * stride + left.max(0) as usize * 4;
        let rows = hall.data()[from..].chunks(stride);
        for (to, from) in pixmap.data_mut().chunks_exact_mut(row).zip(rows) {
            to.copy_from_slice(&from[..row]);
        }
        Some(pixmap)
    }

    /// The still picture with all that moves, as it is at a time.
    fn exposed(&self, mut picture: Pixmap, number: u64, time: f32) -> Pixmap {
        let shift = self.tremble(number);
        let mut canvas = Canvas::new(&mut picture, &self.camera, self.options.light, shift);
        if let Some(pair) = &self.behind {
            people(&mut canvas, &pair.actors, &pair.plan, time);
        }
        if self.options.fencers {
            people(&mut canvas, &self.actors, &self.plan, time);
        }
        picture
    }

    fn grained(&self, mut picture: Pixmap, number: u64) -> Pixmap {
        if let Some(tile) = &self.tile {
            let mut lot = Random::of(self.seed, 2_000_000 + number);
            let side = TILE as f32;
            let offset = p2(lot.range(0.0, side), lot.range(0.0, side));
            Canvas::new(&mut picture, &self.camera, 1.0, offset).grain(tile, offset);
        }
        picture
    }
}

fn actors(lot: &mut Random, gap: f32, (x, z): (f32, f32), masks: bool) -> [Actor; 2] {
    [1.0, -1.0].map(|facing| {
        let build = Build::draw(lot, facing, x - facing * 0.5 * gap, z);
        Actor {
            build,
            outfit: Outfit::fencer(lot, masks),
            lift: lot.range(-0.1, 0.35),
        }
    })
}

fn poses(actors: &[Actor; 2], plan: &Plan, time: f32) -> ([Body; 2], [Blade; 2]) {
    let bodies = [0, 1].map(|who| actors[who].build.pose(&plan.scripts[who], time));
    let contact = plan.contacts.iter();
    let near = Near {
        contact: contact.fold(0.0, |most, at| nearness(time, *at, 0.16).max(most)),
        hit: if time >= plan.first_hit.0 {
            1.0
        } else {
            nearness(time, plan.first_hit.0, 0.2)
        },
    };
    let blades = blade::blades(
        [&bodies[0], &bodies[1]],
        [0, 1].map(|who| actors[who].lift),
        near,
    );
    (bodies, blades)
}

/// Draws both fencers of a pair.
fn people(canvas: &mut Canvas<'_>, actors: &[Actor; 2], plan: &Plan, time: f32) {
    let (bodies, blades) = poses(actors, plan, time);
    for who in [0, 1] {
        let Actor { build, outfit, .. } = &actors[who];
        let form = (build.height, build.girth, build.facing);
        figure::draw(canvas, &bodies[who], outfit, form, Some(&blades[who]));
    }
}

/// Noise of this standard deviation as a half-transparent tile: white and black specks.
fn tile(seed: u64, deviation: f32) -> Option<Pixmap> {
    if deviation <= 0.0 {
        return None;
    }
    let mut lot = Random::of(seed, 6);
    let mut tile = Pixmap::new(TILE, TILE)?;
    for pixel in tile.data_mut().chunks_exact_mut(4) {
        // The sum of three is near enough to a normal distribution, with a standard deviation of a half.
        let noise = 2.0 * (lot.unit() + lot.unit() + lot.unit() - 1.5);
        // A grey of 128 moves by half of the alpha.
        let alpha = (2.0 * deviation * noise.abs()).min(255.0) as u8;
        let speck = if noise > 0.0 { alpha } else { 0 };
        pixel.copy_from_slice(&[speck, speck, speck, alpha]);
    }
    Some(tile)
}

/// The mean of pictures of one size.
fn mean(pictures: &[Pixmap]) -> Pixmap {
    let mut sum = pictures[0].clone();
    let count = pictures.len() as u16;
    for (at, byte) in sum.data_mut().iter_mut().enumerate() {
        let total: u16 = pictures.iter().map(|p| u16::from(p.data()[at])).sum();
        *byte = (total / count) as u8;
    }
    sum
}
