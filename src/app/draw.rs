//! `bench-role draw`: single frames of drawn bouts with their truth, for the recipe that trains the keypoint model.
//!
//! One binary file, so that a recipe needs no parser: a record a frame of `width · height · 3` bytes RGB, then 2 · 17 · 3 little-endian
//! f32 (x, y, COCO's visibility; the left fencer first), all zero in a hall without fencers.

use crate::media::bout::{Bout, BoutOptions};
use anyhow::Context as _;
use clap::Args;
use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

/// A golden-ratio step: consecutive seeds give unlike bouts, and unlike places in them.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What is drawn.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Where the frames go.
    #[arg(long)]
    out: PathBuf,
    /// How many.
    #[arg(long)]
    count: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Pixels in a row.
    #[arg(long, default_value_t = 256)]
    width: u32,
    /// Rows.
    #[arg(long, default_value_t = 144)]
    height: u32,
    /// One hall of so many is without fencers.
    #[arg(long, default_value_t = 12)]
    empty_every: u64,
}

/// Draws them.
///
/// # Errors
/// If the file cannot be written or the size is not drawn.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let file = File::create(&options.out)
        .with_context(|| format!("cannot write {}", options.out.display()))?;
    let mut out = BufWriter::new(file);
    for n in 0..options.count {
        record(options, n, &mut out)?;
    }
    Ok(out.flush()?)
}

fn record(options: &Options, n: u64, out: &mut impl std::io::Write) -> anyhow::Result<()> {
    let seed = options.seed + n;
    let look = BoutOptions {
        width: options.width,
        height: options.height,
        fencers: !(n + 1).is_multiple_of(options.empty_every),
        ..BoutOptions::default()
    };
    let bout = Bout::draw(seed, look.varied(seed))?;
    let number = seed.wrapping_mul(STEP) % bout.len();
    out.write_all(&bout.frame(number).data)?;
    let truth = bout.truth().keypoints.get(number as usize);
    let persons = truth.map_or([[[0.0; 3]; 17]; 2], |truth| [truth.left, truth.right]);
    for value in persons.as_flattened().as_flattened() {
        out.write_all(&value.to_le_bytes())?;
    }
    Ok(())
}
