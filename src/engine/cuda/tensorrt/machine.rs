//! Plans as a machine: a context of each for each size of a batch, and a place for each of their tensors.
//!
//! Plain inputs and outputs lie in the slot's own buffers; pictures and states have places of their own, which our kernels and
//! copies on the device fill and empty. Invariant: shapes and addresses of a context are set once, before its first run:
//! "modifying the context from which the graph was captured will result in undefined behavior when executing the graph"
//! (TensorRT Developer Guide, CUDA graphs). So there is one for 1, 2, 4 … items and one for the largest batch; a batch in
//! between rides in the next larger one, whose other items nobody looks at. They never run at the same time, so they work in
//! the same memory.

use super::{
    super::{
        fault::{Check as _, Checked},
        gpu::{Gpu, Owner},
        inlet::Form,
        machine::{Buffers, Layout, Machine, Port, Program},
        memory::{Block, Claim},
        ptx::{Floats, PixelKernels, ResizeKernel},
        stream::Stream,
    },
    chain::{Chain, Shapes, refused},
    context::Shaped,
    plan::Tensors,
};
use crate::engine::{EngineKey, LoadError, Model, RunError, Scope};
use cust::sys::{CUdeviceptr, cuMemcpyDtoDAsync_v2};
use std::{cell::RefCell, num::NonZeroUsize, rc::Rc, sync::Arc};
use tensorrt_rs::{Dims, Engine, Mode, TensorInfo};

/// A plan that has been read.
pub struct TensorRtMachine {
    gpu: Arc<Gpu>,
    of: Model,
    chain: Chain,
    tensors: Rc<Tensors>,
    kernels: PixelKernels,
    resize: ResizeKernel,
    _weights: Claim,
}

/// What one slot runs.
struct Run {
    // Dropped before the memory that they work in: for each size, ascending, a context of each plan.
    contexts: Vec<(usize, RefCell<Vec<Shaped>>)>,
    tensors: Rc<Tensors>,
    /// For each tensor of the plan.
    places: Vec<Place>,
    layout: Layout,
    buffers: Buffers,
    kernels: PixelKernels,
    resize: ResizeKernel,
    /// For each inlet that is a picture: one at the model's size, as pixels, an item behind the other.
    sized: Vec<Option<Block>>,
    /// Memory that contexts work in, and what goes from plan to plan.
    _held: Vec<Block>,
}

/// Where a tensor of the plan lies.
struct Place {
    at: CUdeviceptr,
    /// Bytes of one item.
    each: usize,
    floats: Floats,
    /// Its own memory, if it does not lie in the slot's buffers.
    _block: Option<Block>,
}

// === impl TensorRtMachine ===

impl TensorRtMachine {
    /// Checks the plan against the manifest.
    ///
    /// # Errors
    /// What does not fit.
    pub fn new(
        gpu: &Arc<Gpu>,
        model: &Model,
        plans: Vec<Engine>,
        weights: Claim,
    ) -> Result<Self, LoadError> {
        let chain = Chain::new(&model.manifest, plans)?;
        Ok(Self {
            gpu: Arc::clone(gpu),
            of: model.clone(),
            tensors: Rc::new(Tensors::find(&model.manifest, &chain.tensors())?),
            chain,
            kernels: PixelKernels::load()?,
            resize: ResizeKernel::load()?,
            _weights: weights,
        })
    }

    /// A place for each tensor: in the slot's buffers for what comes and leaves as it is, else its own.
    fn places(
        &self,
        key: &EngineKey,
        layout: &Layout,
        buffers: Buffers,
    ) -> Result<Vec<Place>, LoadError> {
        let mut places = Vec::new();
        for (at, bound) in self.tensors.all.iter().enumerate() {
            let port = Port::new(&bound.spec, key);
            let each = match port.pixels {
                Some(_) => port.shape.iter().product::<usize>() * bound.floats.bytes(),
                None => port.bytes,
            };
            let address = self.plain(at, layout, buffers);
            let own = || {
                let bytes = each * layout.batch;
                Block::take(&self.gpu, bytes, Owner::Slot, "a plan's tensors")
            };
            let block = address.is_none().then(own).transpose()?;
            places.push(Place {
                at: address
                    .or(block.as_ref().map(Block::at))
                    .unwrap_or_default(),
                each,
                floats: bound.floats,
                _block: block,
            });
        }
        Ok(places)
    }

    /// Checks that the plans read and write what there is room for: the manifest's shapes, and no other.
    fn check_shapes(
        &self,
        shapes: &Shapes,
        (key, items): (&EngineKey, usize),
    ) -> Result<(), LoadError> {
        for bound in &self.tensors.all {
            let (name, mut want) = (&bound.spec.name, bound.spec.shape_at(key));
            if let Some(batch) = want.first_mut() {
                *batch = items;
            }
            let wanted = want.iter().map(|n| *n as i64);
            let have = shapes.get(name).map(Dims::as_slice).unwrap_or_default();
            if !have.iter().copied().eq(wanted) {
                return Err(LoadError::new(
                    format!("`{name}` is {have:?} in the plan and {want:?} in model.toml"),
                    "correct the shapes in model.toml",
                ));
            }
        }
        Ok(())
    }

    /// Memory for what goes from one plan to the next, by name.
    fn links(&self, shapes: &Shapes) -> Result<Vec<(String, Block)>, LoadError> {
        let is_ours = |t: &TensorInfo| self.tensors.all.iter().any(|b| b.spec.name == t.name);
        let given = self.chain.tensors().into_iter();
        let between = given.filter(|t| t.mode == Mode::Output && !is_ours(t));
        let link = |tensor: TensorInfo| {
            let shape = shapes.get(&tensor.name);
            let bytes = shape.and_then(|shape| tensor.linear_bytes(shape));
            let bytes = bytes.ok_or_else(|| {
                let why = format!("nobody knows how large `{}` is", tensor.name);
                LoadError::new(
                    why,
                    "build the plans with shapes that follow from their inputs",
                )
            })?;
            let block = Block::take(&self.gpu, bytes, Owner::Slot, "what goes from plan to plan")?;
            Ok((tensor.name, block))
        };
        between.map(link).collect()
    }

    /// The address in the slot's buffers of a tensor that comes or leaves as it is.
    fn plain(&self, at: usize, layout: &Layout, buffers: Buffers) -> Option<CUdeviceptr> {
        let Tensors {
            inlets,
            outlets,
            states,
            ..
        } = &*self.tensors;
        let lies = |port: &Port, base| port.pixels.is_none().then(|| base + port.at.of(0) as u64);
        if let Some(nth) = inlets.iter().position(|i| *i == at) {
            return lies(&layout.inlets[nth], buffers.up);
        }
        let is_successor = states.iter().any(|(_, to)| *to == at);
        let nth = outlets.iter().position(|o| *o == at && !is_successor)?;
        lies(&layout.outlets[nth], buffers.down)
    }
}

impl Machine for TensorRtMachine {
    fn max_batch(&self) -> NonZeroUsize {
        self.of.manifest.batch.on_gpu()
    }

    fn layout(&self, key: &EngineKey) -> Result<Layout, LoadError> {
        self.of.check(key)?;
        Ok(Layout::by_tensor(&self.of.manifest, key, self.max_batch()))
    }

    fn program(
        &mut self,
        key: &EngineKey,
        buffers: Buffers,
    ) -> Result<Box<dyn Program>, LoadError> {
        let layout = self.layout(key)?;
        let places = self.places(key, &layout, buffers)?;
        let sized = layout.inlets.iter().map(|inlet| {
            let bytes = inlet.leaving() * layout.batch;
            let take = || Block::take(&self.gpu, bytes, Owner::Slot, "pictures that are resized");
            inlet.pixels.map(|_| take()).transpose()
        });
        let sized = sized.collect::<Result<_, _>>()?;
        let making = |e| refused("making an execution context", &e);
        let (mut contexts, mut largest) = (Vec::new(), Shapes::new());
        for items in sizes(layout.batch) {
            let made = self.chain.contexts((&self.of.manifest, key), items);
            let (made, shapes) = made.map_err(making)?;
            self.check_shapes(&shapes, (key, items))?;
            contexts.push((items, made));
            largest = shapes;
        }
        let links = self.links(&largest)?;
        let mut bytes = 0;
        for context in contexts.iter_mut().flat_map(|(_, made)| made) {
            bytes = bytes.max(context.activations().map_err(making)?);
        }
        let activations = Block::take(&self.gpu, bytes, Owner::Slot, "a plan's activations")?;
        let address = |name: &str| {
            let bound = self.tensors.all.iter().position(|b| b.spec.name == name);
            let link = || links.iter().find(|(link, _)| link == name);
            bound
                .map(|at| places[at].at)
                .or_else(|| link().map(|(_, block)| block.at()))
        };
        for context in contexts.iter_mut().flat_map(|(_, made)| made) {
            // SAFETY: the block has the size for the largest batch and is dropped after the contexts, of which one runs at a
            // time; so are places and links, which have room for the largest batch.
            unsafe { context.bind((activations.at(), activations.bytes()), address) }
                .map_err(making)?;
        }
        let held = links
            .into_iter()
            .map(|(_, block)| block)
            .chain([activations]);
        Ok(Box::new(Run {
            _held: held.collect(),
            contexts: contexts
                .into_iter()
                .map(|(n, made)| (n, RefCell::new(made)))
                .collect(),
            tensors: Rc::clone(&self.tensors),
            places,
            layout,
            buffers,
            kernels: self.kernels.clone(),
            resize: self.resize.clone(),
            sized,
        }))
    }
}

// === impl Run ===

impl Run {
    /// Where the picture is at the model's size: where it came, or where it was resized to.
    fn at_size(
        &self,
        stream: &Stream,
        (inlet, item): (usize, usize),
        (from, have): (CUdeviceptr, (usize, usize)),
    ) -> Checked<CUdeviceptr> {
        let port = &self.layout.inlets[inlet];
        let want = port
            .pixel_shape()
            .map(|[_, height, width, _]| (width, height));
        match (want, &self.sized[inlet]) {
            (Some(want), Some(sized)) if want != have => {
                let to = sized.at() + (item * port.leaving()) as u64;
                self.resize.resize(stream, (from, to), (have, want))?;
                Ok(to)
            }
            _ => Ok(from),
        }
    }

    /// Brings outputs to where they leave: pictures as pixels, what lies elsewhere by a copy.
    fn tell(&self, stream: &Stream, items: usize) -> Checked<()> {
        for (outlet, at) in self.layout.outlets.iter().zip(&self.tensors.outlets) {
            let place = &self.places[*at];
            let to = self.buffers.down + outlet.at.of(0) as u64;
            match outlet.pixels {
                Some(form) => {
                    let sizes = (outlet.leaving() / 3, items);
                    let how = (form, place.floats);
                    self.kernels.to_pixels(stream, (place.at, to), sizes, how)?;
                }
                None if place.at != to => copy(stream, place.at, to, place.each * items)?,
                None => {}
            }
        }
        Ok(())
    }
}

impl Program for Run {
    fn arrive(&self, stream: &Stream, inlet: usize, item: usize, form: Form) -> Checked<()> {
        let (port, place) = (
            &self.layout.inlets[inlet],
            &self.places[self.tensors.inlets[inlet]],
        );
        let (from, to) = (self.buffers.up + port.at.of(item) as u64, place.item(item));
        match (form, port.pixels) {
            (Form::Pixels { width, height }, Some(form)) => {
                let from = self.at_size(stream, (inlet, item), (from, (width, height)))?;
                let how = (form, place.floats);
                self.kernels
                    .to_planar(stream, (from, to), port.leaving() / 3, how)
            }
            // Floats of 32 bits where the plan has 16: by way of pixels, as if they had come so.
            (Form::Own, Some(form)) if place.floats == Floats::Half => {
                let Some(sized) = &self.sized[inlet] else {
                    return Ok(());
                };
                let (pixels, at) = (port.leaving() / 3, item * port.leaving());
                let sized = sized.at() + at as u64;
                let single = (form, Floats::Single);
                self.kernels
                    .to_pixels(stream, (from, sized), (pixels, 1), single)?;
                self.kernels
                    .to_planar(stream, (sized, to), pixels, (form, place.floats))
            }
            _ => copy(stream, from, to, port.bytes),
        }
    }

    fn gather(&self, stream: &Stream, item: usize, state: usize, from: CUdeviceptr) -> Checked<()> {
        let place = &self.places[self.tensors.states[state].0];
        copy(stream, from, place.item(item), place.each)
    }

    fn enqueue(&self, stream: &Stream, items: usize) -> Result<(), RunError> {
        let run = |e: tensorrt_rs::Error| RunError {
            scope: Scope::Slot,
            message: format!("running a plan: {e}"),
        };
        let fits = self.contexts.iter().find(|(size, _)| *size >= items);
        let (_, contexts) =
            fits.ok_or_else(|| RunError::batch("more items than the plan takes"))?;
        for context in contexts.borrow_mut().iter_mut() {
            // SAFETY: the stream is the slot's; every address was bound, and the slot waits for its stream before it frees any.
            unsafe { context.enqueue(stream) }.map_err(run)?;
        }
        self.tell(stream, items)
            .map_err(|e| e.run("bringing a plan's outputs to where they leave"))
    }

    fn scatter(&self, stream: &Stream, item: usize, state: usize, to: CUdeviceptr) -> Checked<()> {
        let place = &self.places[self.tensors.states[state].1];
        copy(stream, place.item(item), to, place.each)
    }
}

impl Place {
    /// The address of an item.
    fn item(&self, item: usize) -> CUdeviceptr {
        self.at + (item * self.each) as u64
    }
}

/// The sizes of batches that have a context: powers of two, and the largest.
fn sizes(batch: usize) -> impl Iterator<Item = usize> {
    let powers = std::iter::successors(Some(1), |n: &usize| n.checked_mul(2));
    powers.take_while(move |n| *n < batch).chain([batch])
}

/// Puts a copy on the device on the stream.
fn copy(stream: &Stream, from: CUdeviceptr, to: CUdeviceptr, bytes: usize) -> Checked<()> {
    // SAFETY: both sides are places of the slot or blocks of states that ride in it, with room for these bytes.
    unsafe { cuMemcpyDtoDAsync_v2(to, from, bytes, stream.as_inner()) }.check()
}
