//! `world.cu`: what the graph of `world-box` computes, in three launches a batch.
//!
//! The kernels read one record an item (`WorldItem` in the source): the addresses of the session's picture and of its
//! successor, then pose and scene, which is what [`Layout::by_item`] lays out for this model.

use super::super::stream::Stream;
use super::{
    super::{
        fault::Checked,
        gpu::{Gpu, Owner},
        machine::{Buffers, Layout, Machine, Program},
        memory::{Block, Claim},
    },
    kernels::{Extent, Kernel, Kernels, argument, int},
};
use crate::engine::{EngineKey, LoadError, Model, RunError};
use std::{num::NonZeroUsize, sync::Arc};

/// What a manifest says in `kernels` for these.
pub const NAME: &str = "world-box-1";
/// The record that the kernels read, in bytes.
const RECORD: usize = 56;
/// The coarse grid has a knot on every fourth pixel, and five numbers a knot.
const COARSE: usize = 4;
const PLANES: usize = 5;

/// The world's kernels, loaded.
pub struct World {
    gpu: Arc<Gpu>,
    of: Model,
    kernels: [Kernel; 3],
    _code: Claim,
}

/// What one slot runs.
struct Walk {
    kernels: [Kernel; 3],
    buffers: Buffers,
    grid: Block,
    sampled: Block,
    width: usize,
    height: usize,
}

impl World {
    /// Compiles the kernels for the device.
    ///
    /// # Errors
    /// The driver's words, or that the manifest is not that of a world.
    pub fn load(gpu: &Arc<Gpu>, model: &Model) -> Result<Self, LoadError> {
        let load = || Kernels::load(include_str!("../kernels/world.ptx"));
        let (kernels, code) = Claim::measured(gpu, Owner::Engine, load)?;
        let world = Self {
            gpu: Arc::clone(gpu),
            of: model.clone(),
            kernels: [
                kernels.get("world_grid")?,
                kernels.get("world_warp")?,
                kernels.get("world_finish")?,
            ],
            _code: code,
        };
        let warm = model.warmup_key().map_err(|e| unfit(&e))?;
        world.layout(&warm)?;
        Ok(world)
    }
}

impl Machine for World {
    fn max_batch(&self) -> NonZeroUsize {
        self.of.manifest.batch.on_gpu()
    }

    fn layout(&self, key: &EngineKey) -> Result<Layout, LoadError> {
        self.of.check(key)?;
        let layout = Layout::by_item(&self.of.manifest, key, self.max_batch());
        let side = |axis| key.axis(axis).unwrap_or(0);
        let picture = [1, 3, side("height"), side("width")];
        let roles = layout.inlets.iter().map(|inlet| &*inlet.role);
        let pictures = layout.states.iter().map(|s| &s.port).chain(&layout.outlets);
        // What the kernels read and write, and no more than there is room for.
        let is_world = layout.small == RECORD * layout.batch
            && roles.eq(["pose", "scene"])
            && (layout.states.len(), layout.outlets.len()) == (1, 1)
            && pictures
                .clone()
                .all(|port| port.shape == picture && port.pixels.is_some())
            && picture[2..]
                .iter()
                .all(|side| side.is_multiple_of(COARSE) && *side > COARSE);
        match is_world {
            true => Ok(layout),
            false => Err(unfit(&"its inputs and outputs are not those of a world")),
        }
    }

    fn program(
        &mut self,
        key: &EngineKey,
        buffers: Buffers,
    ) -> Result<Box<dyn Program>, LoadError> {
        let side = |axis| key.axis(axis).unwrap_or(0);
        let (width, height) = (side("width"), side("height"));
        let knots = (width / COARSE + 1) * (height / COARSE + 1);
        let floats = |n: usize, what| {
            let bytes = n * self.max_batch().get() * size_of::<f32>();
            Block::take(&self.gpu, bytes, Owner::Slot, what)
        };
        Ok(Box::new(Walk {
            grid: floats(PLANES * knots, "a world's grid")?,
            sampled: floats(3 * width * height, "a world's samples")?,
            kernels: self.kernels.clone(),
            buffers,
            width,
            height,
        }))
    }
}

impl Program for Walk {
    fn enqueue(&self, stream: &Stream, items: usize) -> Result<(), RunError> {
        let put = || self.put(stream, items);
        put().map_err(|e| e.run("putting the world's kernels on the stream"))
    }
}

impl Walk {
    fn put(&self, stream: &Stream, items: usize) -> Checked<()> {
        let [grid, warp, finish] = &self.kernels;
        let (records, pixels) = (self.buffers.up, self.buffers.down);
        let (knots, samples) = (self.grid.at(), self.sampled.at());
        let (width, height) = (int(self.width), int(self.height));
        let (columns, rows) = (self.width / COARSE + 1, self.height / COARSE + 1);
        let sides = [argument(&width), argument(&height)];
        let mut to_grid = [argument(&records), argument(&knots), sides[0], sides[1]];
        let mut to_warp = [
            argument(&records),
            argument(&knots),
            argument(&samples),
            sides[0],
            sides[1],
        ];
        let mut to_finish = [
            argument(&records),
            argument(&knots),
            argument(&samples),
            argument(&pixels),
            sides[0],
            sides[1],
        ];
        let all = Extent::Picture(self.width, self.height, items);
        // SAFETY: the arguments are those of `world.cu`. The buffers were taken for the slot's sides and largest batch, and
        // each record of the batch names two blocks of the picture's size.
        unsafe {
            grid.launch(stream, Extent::Picture(columns, rows, items), &mut to_grid)?;
            warp.launch(stream, all, &mut to_warp)?;
            finish.launch(stream, all, &mut to_finish)
        }
    }
}

fn unfit(why: &dyn std::fmt::Display) -> LoadError {
    LoadError::new(
        format!("the world's kernels do not fit this model: {why}"),
        "remove `kernels` from its model.toml",
    )
}
