//! Whether frames are right: the same pictures, scenes and poses on the GPU and on the embedded runtime, level by level.
//!
//! Each case is drawn twice: a frame that becomes the picture, and then that picture from where it was taken, which shows the
//! state after a boundary. Invariant: a difference of more than [`TOLERANCE`] is a fault.

use super::{
    cases::{self, Case},
    effort::{Effort, Size},
    ground::{Ground, device, key},
    section::{Column, Section},
};
use crate::{
    app::assemble::cores,
    client::bench::report::{Row, Target},
    engine::{Backend as _, Engine, Item, ItemDone, ItemState, Outputs, Slot, rten::Rten},
    media::convert,
};
use std::{hint::spin_loop, task::Poll};

/// Levels of 255 by which a frame may differ. What 32-bit floats leave open is below a level ([`cases`]), so rounding may come out
/// one apart, and never two.
pub const TOLERANCE: u8 = 1;

/// A picture, as its batch was drawn: a frame, and what is left as the picture of it.
type Drawn = [Vec<u8>; 2];

/// What the embedded runtime draws at one size, case by case.
#[derive(Debug)]
pub struct Reference {
    size: Size,
    frames: Vec<Drawn>,
}

/// How far frames lie from the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// Frames that were compared, and as many states.
    pub frames: usize,
    /// Largest difference of a frame, in levels.
    pub frame: u8,
    /// Largest difference of a state.
    pub state: u8,
    /// Part of all values that differ at all, 0 to 1.
    pub differ: f64,
}

const COLUMNS: &[Column] = &[
    Column("engine", "engine"),
    Column("size", "size"),
    Column("batch", "batch"),
    Column("frames", "frames"),
    Column("frame_levels", "frame"),
    Column("state_levels", "state"),
    Column("differ_percent", "differ %"),
    Column("verdict", "verdict"),
];

/// A table of comparisons under this name.
pub fn section(name: &'static str) -> Section {
    Section::new(name, COLUMNS)
}

/// Compares our kernels with the embedded runtime, and keeps what that has drawn.
pub fn check(ground: &Ground, effort: &Effort) -> (Section, Vec<Reference>) {
    let mut section = section("truth");
    section.note(format!(
        "the largest difference to the embedded runtime on the CPU, in levels of 255; {TOLERANCE} is allowed. Scenes: street, \
         room, open; poses: ahead, sideways, turned, renewed by half. frame: as drawn; state: the picture after a boundary"
    ));
    let references = match draw(ground, effort) {
        Ok(references) => references,
        Err(why) => {
            section.fault("the embedded runtime", why);
            return (section, Vec::new());
        }
    };
    match ground.ptx() {
        Ok(mut engine) => {
            compare(
                &mut section,
                ("ptx", &mut *engine),
                ground,
                effort,
                &references,
            );
        }
        Err(e) => section.fault("ptx", e),
    }
    (section, references)
}

/// Draws every case on the embedded runtime.
fn draw(ground: &Ground, effort: &Effort) -> Result<Vec<Reference>, String> {
    let told = |e: crate::engine::LoadError| e.to_string();
    let mut engine = Rten
        .load(&ground.served, &device(None, cores()))
        .map_err(told)?;
    let mut reference = |&size: &Size| {
        let mut slot = engine.slot(&key(&ground.served, size)?).map_err(told)?;
        let draw = |(number, case): (usize, &Case)| {
            draw_batch(&mut *slot, size, &[(number, case)]).map(|mut one| one.remove(0))
        };
        let frames = cases::all()
            .iter()
            .enumerate()
            .map(draw)
            .collect::<Result<_, _>>()?;
        Ok(Reference { size, frames })
    };
    effort.truth.iter().map(&mut reference).collect()
}

/// Adds a row for each size and batch of an engine, and the worst of all to the findings. A size that the engine does not take
/// is left out, and why is said.
pub fn compare(
    section: &mut Section,
    (name, engine): (&str, &mut dyn Engine),
    ground: &Ground,
    effort: &Effort,
    references: &[Reference],
) {
    let (most, mut worst) = (engine.max_batch(), None);
    for reference in references {
        let size = reference.size;
        let slot = ground
            .key(size)
            .and_then(|key| engine.slot(&key).map_err(|e| e.to_string()));
        let mut slot = match slot {
            Ok(slot) => slot,
            Err(why) => {
                section.skip(format_args!("{name}, {size}"), why);
                continue;
            }
        };
        for &batch in effort.compared.iter().filter(|n| **n <= most.get()) {
            let what = format!("{name}, {size}, batch {batch}");
            match distance(&mut *slot, reference, batch) {
                Ok(distance) => {
                    worst = worst.max(Some(distance.frame.max(distance.state)));
                    row(section, name, (size, batch), distance);
                    if !distance.is_right() {
                        let (frame, state) = (distance.frame, distance.state);
                        let why = format!("frames differ by {frame} levels, states by {state}");
                        section.fault(what, why);
                    }
                }
                Err(why) => section.fault(what, why),
            }
        }
    }
    if let Some(worst) = worst {
        let found = Row::of(
            format!("{name}: largest difference"),
            worst.into(),
            "levels",
        );
        section.found(found.target(Target::AtMost(TOLERANCE.into())));
    }
}

fn row(section: &mut Section, name: &str, (size, batch): (Size, usize), distance: Distance) {
    section.row(vec![
        name.into(),
        size.to_string().into(),
        batch.into(),
        distance.frames.into(),
        usize::from(distance.frame).into(),
        usize::from(distance.state).into(),
        (100.0 * distance.differ).into(),
        if distance.is_right() {
            "right"
        } else {
            "WRONG"
        }
        .into(),
    ]);
}

fn distance(slot: &mut dyn Slot, reference: &Reference, batch: usize) -> Result<Distance, String> {
    let (cases, mut distance, mut values) = (cases::all(), Distance::default(), 0);
    let numbered: Vec<_> = cases.iter().enumerate().collect();
    for part in numbered.chunks(batch) {
        let drawn = draw_batch(slot, reference.size, part)?;
        for ((number, _), drawn) in part.iter().zip(&drawn) {
            values += distance.add(&reference.frames[*number], drawn);
        }
    }
    distance.differ /= values.max(1) as f64;
    Ok(distance)
}

impl Distance {
    /// Whether all is within the tolerance.
    pub fn is_right(&self) -> bool {
        self.frame <= TOLERANCE && self.state <= TOLERANCE
    }

    /// Takes a case in, `differ` being a count meanwhile; gives how many values were compared.
    fn add(&mut self, [frame, state]: &Drawn, drawn: &Drawn) -> usize {
        let mut largest = |wanted: &[u8], have: &[u8]| {
            let differences = wanted.iter().zip(have).map(|(a, b)| a.abs_diff(*b));
            differences.fold(0, |largest, difference| {
                self.differ += f64::from(u8::from(difference > 0));
                largest.max(difference)
            })
        };
        let levels = (largest(frame, &drawn[0]), largest(state, &drawn[1]));
        self.frames += 1;
        self.frame = self.frame.max(levels.0);
        self.state = self.state.max(levels.1);
        frame.len() + state.len()
    }
}

/// Draws cases as one batch, and then what has become of their pictures.
fn draw_batch(
    slot: &mut dyn Slot,
    size: Size,
    cases: &[(usize, &Case)],
) -> Result<Vec<Drawn>, String> {
    let first = cases
        .iter()
        .map(|(number, case)| case.frame(cases::fresh(size, *number)));
    let (frames, states) = run(slot, size, first.collect())?;
    let second = cases
        .iter()
        .zip(states)
        .map(|((_, case), state)| case.at_rest(state));
    let (rests, _) = run(slot, size, second.collect())?;
    Ok(frames.into_iter().zip(rests).map(<[_; 2]>::from).collect())
}

/// Runs a batch to its end: pixels and states.
fn run(
    slot: &mut dyn Slot,
    size: Size,
    batch: Vec<Item>,
) -> Result<(Vec<Vec<u8>>, Vec<ItemState>), String> {
    let mut drawn = (Vec::new(), Vec::new());
    for ItemDone { outcome, state, .. } in finish(slot, batch) {
        let outputs = outcome.map_err(|e| e.to_string())?;
        drawn.0.push(pixels(outputs, size)?);
        drawn.1.push(state);
    }
    Ok(drawn)
}

/// Submits a batch, and looks until it is done.
pub fn finish(slot: &mut dyn Slot, batch: Vec<Item>) -> Vec<ItemDone> {
    slot.submit(batch);
    loop {
        match slot.poll() {
            Poll::Ready(done) => return done,
            Poll::Pending => spin_loop(),
        }
    }
}

/// The frame as interleaved bytes, however the engine tells it.
fn pixels(mut outputs: Outputs, size: Size) -> Result<Vec<u8>, String> {
    let frame = outputs.take("frame").map_err(|e| e.to_string())?;
    if let Ok(pixels) = frame.as_u8() {
        return Ok(pixels.to_vec());
    }
    let planes = frame.as_f32().map_err(|e| e.to_string())?;
    let mut pixels = vec![0; 3 * size.pixels()];
    convert::planar_to_rgb8(planes, size.width as u32, size.height as u32, &mut pixels);
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_the_largest_difference_and_how_many_values_differ() {
        let mut distance = Distance::default();
        let compared = distance.add(&[vec![0, 10], vec![5, 5]], &[vec![0, 11], vec![5, 8]]);
        assert_eq!((compared, distance.frames), (4, 1));
        assert_eq!((distance.frame, distance.state), (1, 3));
        assert_eq!(distance.differ, 2.0);
        assert!(!distance.is_right());
    }

    #[test]
    fn the_embedded_runtime_draws_every_case_unlike_the_others() {
        let repository = crate::engine::Repository::open(None);
        let model = repository.get("world-box").unwrap();
        let mut engine = Rten.load(model, &device(None, cores())).unwrap();
        let size = Size::new(64, 64);
        let mut slot = engine.slot(&key(model, size).unwrap()).unwrap();
        let cases = cases::all();
        // The same picture, so that only scene and pose tell them apart.
        let drawn: std::collections::HashSet<_> = cases
            .iter()
            .map(|case| {
                draw_batch(&mut *slot, size, &[(0, case)])
                    .unwrap()
                    .remove(0)
            })
            .collect();
        assert_eq!(drawn.len(), cases.len());
    }
}
