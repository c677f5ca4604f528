//! The least that a frame's kernels must move, held against the device's own memory.
//!
//! A part above 100 % is no fault of the clock: what one kernel writes may still be in the device's cache when the next reads it.

use super::{
    bare_loop::Laps,
    copies,
    effort::{Effort, Size},
    ground::Ground,
    section::{Column, Section},
};
use crate::{
    client::bench::report::Row,
    engine::cuda::transfer::{Transfer, Way},
};
use std::time::Duration;

/// Part of all the time, and the longest that the copy may take.
const SHARE: f64 = 0.01;
const MOST: Duration = Duration::from_millis(500);

/// Bytes a pixel, of three floats each (`kernels/world.cu`): `world_warp` reads the picture and writes samples, `world_finish`
/// reads samples and writes the frame, and three bytes of pixels.
const A_PIXEL: usize = 4 * 12 + 3;
/// Bytes a knot of the coarse grid: `world_grid` writes three planes of floats, `world_warp` reads two, `world_finish` one. The
/// two planes of a renewal are left out, as most frames have none.
const A_KNOT: usize = 6 * 4;
/// The grid has a knot on every so many pixels, and one more at the end.
const COARSE: usize = 4;

const COLUMNS: &[Column] = &[
    Column("size", "size"),
    Column("batch", "batch"),
    Column("mib_a_frame", "MiB a frame"),
    Column("infer_us_a_frame", "infer µs a frame"),
    Column("gb_per_s", "GB/s"),
    Column("percent_of_memory", "% of memory"),
];

/// Times a copy within the device, and holds the kernels of every lap against it.
pub fn measure(ground: &Ground, effort: &Effort, laps: &Laps) -> Section {
    let mut section = Section::new("kernel limit", COLUMNS);
    section.note(
        "what a frame's kernels must move at least, over the time they take, against a copy within the device, which reads and \
         writes each byte. Above 100 % the device's cache helps",
    );
    let memory = match memory(ground, effort) {
        Ok(memory) => memory,
        Err(why) => {
            section.skip("the device's memory", why);
            f64::NAN
        }
    };
    section.found(Row::of("device's memory, read and written", memory, "GB/s"));
    for lap in laps.alone() {
        let (least, frames) = (least(lap.size), (lap.batches * lap.batch) as f64);
        let infer = lap.device.infer.as_secs_f64() / frames;
        let rate = least as f64 / infer / 1e9;
        let part = 100.0 * rate / memory;
        section.row(vec![
            lap.size.to_string().into(),
            lap.batch.into(),
            (least as f64 / f64::from(1 << 20)).into(),
            (1e6 * infer).into(),
            rate.into(),
            part.into(),
        ]);
        if Some(&lap.batch) == effort.batches.last() {
            let what = format!("{}, batch {}: kernels", lap.size, lap.batch);
            section.found(Row::of(what, part, "% mem"));
        }
    }
    section
}

/// 10⁹ bytes a second that the device's memory reads and writes together.
fn memory(ground: &Ground, effort: &Effort) -> Result<f64, String> {
    // Both sides of the copy together, and no more than an eighth of what there is.
    let bytes = effort.within.min(ground.facts().memory / 16);
    let mut transfer = Transfer::new(&ground.gpu, bytes).map_err(|e| e.to_string())?;
    let slice = effort.slice(SHARE, 1, MOST);
    Ok(2.0 * copies::rate(&mut transfer, Way::Within, effort.least, slice)?)
}

/// Bytes that the kernels of one frame must move.
fn least(size: Size) -> usize {
    let knots = (size.width / COARSE + 1) * (size.height / COARSE + 1);
    A_PIXEL * size.pixels() + A_KNOT * knots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_moves_its_pixels_five_times_and_its_grid_twice() {
        // 64 × 64 pixels: four times three floats and once three bytes; 17 × 17 knots, six floats.
        assert_eq!(least(Size::new(64, 64)), 4096 * 51 + 289 * 24);
    }
}
