//! A plan as a machine: a context for each size of a batch, and a place for each of its tensors.
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
    },
    context::Shaped,
    plan::Tensors,
};
use crate::engine::{EngineKey, LoadError, Model, RunError, Scope};
use cust::{
    stream::Stream,
    sys::{CUdeviceptr, cuMemcpyDtoDAsync_v2},
};
use std::{cell::RefCell, num::NonZeroUsize, rc::Rc, sync::Arc};
use tensorrt_rs::Engine;

/// A plan that has been read.
pub struct TensorRtMachine {
    gpu: Arc<Gpu>,
    of: Model,
    engine: Engine,
    tensors: Rc<Tensors>,
    kernels: PixelKernels,
    resize: ResizeKernel,
    _weights: Claim,
}

/// What one slot runs.
struct Run {
    // Dropped before the memory that they work in; by size, ascending.
    contexts: Vec<RefCell<Shaped>>,
    tensors: Rc<Tensors>,
    /// For each tensor of the plan.
    places: Vec<Place>,
    layout: Layout,
    buffers: Buffers,
    kernels: PixelKernels,
    resize: ResizeKernel,
    /// For each inlet that is a picture: one at the model's size, as pixels, an item behind the other.
    sized: Vec<Option<Block>>,
    _activations: Block,
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
        engine: Engine,
        weights: Claim,
    ) -> Result<Self, LoadError> {
        let tensors = engine.tensors().map_err(|e| refused("asking a plan", &e))?;
        Ok(Self {
            gpu: Arc::clone(gpu),
            of: model.clone(),
            tensors: Rc::new(Tensors::find(&model.manifest, &tensors)?),
            engine,
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
        let fix = "ask for a shape on the model's axes";
        self.of
            .check(key)
            .map_err(|e| LoadError::new(e.to_string(), fix))?;
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
        let shaped = |items| Shaped::new(&self.engine, (&self.of.manifest, key), items);
        let contexts = sizes(layout.batch).map(shaped);
        let mut contexts = contexts.collect::<Result<Vec<_>, _>>().map_err(making)?;
        let bytes = contexts.iter_mut().map(Shaped::activations);
        let bytes = bytes.collect::<Result<Vec<_>, _>>().map_err(making)?;
        let bytes = bytes.into_iter().max().unwrap_or(0);
        let activations = Block::take(&self.gpu, bytes, Owner::Slot, "a plan's activations")?;
        for context in &mut contexts {
            // SAFETY: the block has the size for the largest batch and is dropped after the contexts, of which one runs at a
            // time; so are the places, which have room for the largest batch.
            unsafe {
                context.work_in(activations.at(), activations.bytes());
                for (bound, place) in self.tensors.all.iter().zip(&places) {
                    context.bind(&bound.spec.name, place.at).map_err(making)?;
                }
            }
        }
        Ok(Box::new(Run {
            contexts: contexts.into_iter().map(RefCell::new).collect(),
            tensors: Rc::clone(&self.tensors),
            places,
            layout,
            buffers,
            kernels: self.kernels.clone(),
            resize: self.resize.clone(),
            sized,
            _activations: activations,
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
        let fits = |context: &&RefCell<Shaped>| context.borrow().items() >= items;
        let context = self.contexts.iter().find(fits);
        let context = context.ok_or_else(|| RunError::batch("more items than the plan takes"))?;
        let mut context = context.borrow_mut();
        // SAFETY: the stream is the slot's; every address was bound, and the slot waits for its stream before it frees any.
        unsafe { context.enqueue(stream) }.map_err(run)?;
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

fn refused(doing: &str, error: &tensorrt_rs::Error) -> LoadError {
    LoadError::new(
        format!("{doing}: {error}"),
        "see the log for the library's words; build the plan again if they are of the plan",
    )
}
