//! What the bus carries, and what part of it the frames' own copies reach.
//!
//! The limit is what a copy of pinned memory reaches that is large enough for its start not to count.

use super::{
    bare_loop::{Lap, Laps},
    effort::Effort,
    ground::Ground,
    section::{Column, Section},
};
use crate::{
    client::bench::report::Row,
    engine::cuda::transfer::{Transfer, Way},
};
use std::time::Duration;

/// Part of all the time, and the longest that one way may take.
const SHARE: f64 = 0.05;
const MOST: Duration = Duration::from_millis(300);

const WAYS: [(Way, &str); 4] = [
    (Way::Up, "pinned, up"),
    (Way::Down, "pinned, down"),
    (Way::PageableUp, "pageable, up"),
    (Way::PageableDown, "pageable, down"),
];

const COLUMNS: &[Column] = &[
    Column("what", "what"),
    Column("bytes", "bytes"),
    Column("gb_per_s", "GB/s"),
    Column("percent_of_the_bus", "% of the bus"),
];

/// Times copies each way, and holds the frames' downloads against them.
pub fn measure(ground: &Ground, effort: &Effort, laps: &Laps) -> Section {
    let mut section = Section::new("copies", COLUMNS);
    section.note(
        "the bus is the largest pinned copy of that direction. A frame comes down in a copy of its own, so a batch's frames \
         are held against the bus with all that lies between them",
    );
    let mut limit = [f64::NAN; 4];
    for &bytes in effort.copies.iter().rev() {
        match Transfer::new(&ground.gpu, bytes) {
            Ok(mut transfer) => each_way(&mut section, &mut transfer, effort, &mut limit),
            Err(why) => section.skip(format_args!("copies of {bytes} bytes"), why),
        }
    }
    for (at, what) in [(0, "bus, up"), (1, "bus, down")] {
        section.found(Row::of(what, limit[at], "GB/s"));
    }
    frames(&mut section, effort, laps, limit[1]);
    section
}

/// Sizes come with the largest first: that is the bus.
fn each_way(section: &mut Section, transfer: &mut Transfer, effort: &Effort, limit: &mut [f64; 4]) {
    let slice = effort.slice(SHARE, WAYS.len() * effort.copies.len(), MOST);
    for (at, (way, what)) in WAYS.into_iter().enumerate() {
        match rate(transfer, way, effort.least, slice) {
            Ok(rate) => {
                if limit[at].is_nan() {
                    limit[at] = rate;
                }
                let part = 100.0 * rate / limit[at % 2];
                section.row(vec![
                    what.into(),
                    transfer.bytes().into(),
                    rate.into(),
                    part.into(),
                ]);
            }
            Err(why) => section.fault(what, why),
        }
    }
}

/// 10⁹ bytes a second.
pub fn rate(
    transfer: &mut Transfer,
    way: Way,
    least: usize,
    slice: Duration,
) -> Result<f64, String> {
    let mut time = |times| transfer.time(way, times).map_err(|e| e.to_string());
    let once = time(least)?.div_f64(least as f64);
    let times = (slice.as_secs_f64() / once.as_secs_f64().max(1e-9)) as usize;
    let times = times.clamp(least, 100_000);
    let took = time(times)?;
    Ok((transfer.bytes() * times) as f64 / took.as_secs_f64() / 1e9)
}

fn frames(section: &mut Section, effort: &Effort, laps: &Laps, bus: f64) {
    for lap in laps.alone() {
        let bytes = frames_bytes(lap);
        let downloads = lap.device.download.as_secs_f64() / lap.batches as f64;
        let rate = bytes as f64 / downloads / 1e9;
        let (what, part) = (
            format!("{}, batch {}", lap.size, lap.batch),
            100.0 * rate / bus,
        );
        section.row(vec![
            format!("frames, {what}").into(),
            bytes.into(),
            rate.into(),
            part.into(),
        ]);
        if Some(&lap.batch) == effort.batches.last() {
            section.found(Row::of(format!("{what}: frames down"), part, "% bus"));
        }
    }
}

/// Bytes that a batch brings down: three a pixel.
fn frames_bytes(lap: &Lap) -> usize {
    3 * lap.size.pixels() * lap.batch
}
