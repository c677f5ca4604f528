//! What an engine is to a slot: where its tensors lie in the slot's buffers, and what it puts on a stream.
//!
//! Not responsible for copies, events and states; [`super::slot`] does those for every machine alike. Invariant: a layout's
//! offsets are inside its sizes, and every tensor of every item has a place of its own.

use super::stream::Stream;
use super::{fault::Checked, inlet::Form};
use crate::engine::{
    DType, EngineKey, LoadError, Manifest, RunError,
    manifest::{Advance, PixelForm, TensorSpec},
};
use cust::sys::CUdeviceptr;
use std::{num::NonZeroUsize, sync::Arc};

/// Every tensor begins at a multiple of this: what the driver aligns memory to, and more than any kernel asks.
const ALIGN: usize = 256;

/// A loaded model, on the device's thread.
pub trait Machine {
    /// Items that a slot takes at once.
    fn max_batch(&self) -> NonZeroUsize;

    /// Where the tensors of a slot lie.
    ///
    /// # Errors
    /// If the shape is not the model's.
    fn layout(&self, key: &EngineKey) -> Result<Layout, LoadError>;

    /// What a slot of this layout runs; whatever it needs besides is taken here.
    ///
    /// # Errors
    /// If memory is short, or the library refuses.
    fn program(&mut self, key: &EngineKey, buffers: Buffers)
    -> Result<Box<dyn Program>, LoadError>;
}

/// The device's side of a slot's buffers.
#[derive(Clone, Copy, Debug)]
pub struct Buffers {
    /// Inputs.
    pub up: CUdeviceptr,
    /// Outputs.
    pub down: CUdeviceptr,
}

/// What a slot runs. Every call puts work on the stream and returns.
pub trait Program {
    /// The picture of this inlet and item has arrived in the buffer of inputs, in this form; the program wants it in its own.
    fn arrive(&self, _: &Stream, _inlet: usize, _item: usize, _: Form) -> Checked<()> {
        Ok(())
    }

    /// Brings an item's state from where its session keeps it.
    fn gather(&self, _: &Stream, _item: usize, _state: usize, _from: CUdeviceptr) -> Checked<()> {
        Ok(())
    }

    /// The run itself, of so many items. Captured into a graph: it may use no address that changes from run to run.
    ///
    /// # Errors
    /// If it cannot be put on the stream.
    fn enqueue(&self, stream: &Stream, items: usize) -> Result<(), RunError>;

    /// Brings an item's new state to where it is kept until the run is known to have succeeded.
    fn scatter(&self, _: &Stream, _item: usize, _state: usize, _to: CUdeviceptr) -> Checked<()> {
        Ok(())
    }
}

/// Offsets of the same tensor for item 0, 1, 2 …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stride {
    base: usize,
    step: usize,
}

/// Where the tensors of a slot lie.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Items at once.
    pub batch: usize,
    /// Bytes at the beginning of the buffer of inputs that go up in one copy.
    pub small: usize,
    /// Bytes of the buffer of inputs.
    pub up: usize,
    /// Bytes of the buffer of outputs.
    pub down: usize,
    /// Inputs, states not among them.
    pub inlets: Vec<Port>,
    /// State inputs.
    pub states: Vec<StatePort>,
    /// Where the addresses of an item's states are written, two a state: where it is, and where its successor goes. `None`
    /// if the program copies states to its own place.
    pub places: Option<Stride>,
    /// Outputs that leave the device.
    pub outlets: Vec<Port>,
}

/// One input or output of an item.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its role.
    pub role: Arc<str>,
    /// Its elements in the model's own form.
    pub dtype: DType,
    /// Its extents in the model's own form, the batch being 1.
    pub shape: Vec<usize>,
    /// Its bytes in the model's own form.
    pub bytes: usize,
    /// How it is told as pixels, if it is a picture.
    pub pixels: Option<PixelForm>,
    /// Where it lies; a picture that leaves lies there as pixels.
    pub at: Stride,
}

/// One state input of an item.
#[derive(Clone, Debug)]
pub struct StatePort {
    /// The input; it lies nowhere in the slot's buffers.
    pub port: Port,
    /// When its successor takes its place.
    pub advance: Advance,
}

// === impl Stride ===

impl Stride {
    /// The offset for an item.
    pub fn of(&self, item: usize) -> usize {
        self.base + item * self.step
    }
}

// === impl Layout ===

impl Layout {
    /// One record an item: the addresses of its states, then its inputs, one behind the other. What our own kernels read.
    pub fn by_item(manifest: &Manifest, key: &EngineKey, batch: NonZeroUsize) -> Self {
        let mut layout = Self::of(manifest, key, batch);
        let addresses = 2 * size_of::<CUdeviceptr>() * layout.states.len();
        let record = addresses + layout.inlets.iter().map(|inlet| inlet.bytes).sum::<usize>();
        let mut base = addresses;
        for inlet in &mut layout.inlets {
            inlet.at = Stride { base, step: record };
            // A record holds what the model reads, so a picture cannot arrive in another form.
            inlet.pixels = None;
            base += inlet.bytes;
        }
        layout.places = Some(Stride {
            base: 0,
            step: record,
        });
        layout.small = record * layout.batch;
        layout.up = layout.small;
        layout
    }

    /// One tensor an input for the whole batch, pictures last. What libraries read.
    pub fn by_tensor(manifest: &Manifest, key: &EngineKey, batch: NonZeroUsize) -> Self {
        let mut layout = Self::of(manifest, key, batch);
        let (items, mut base) = (layout.batch, 0);
        let mut put = |inlet: &mut Port| {
            inlet.at = Stride {
                base,
                step: inlet.bytes,
            };
            base += (inlet.bytes * items).next_multiple_of(ALIGN);
        };
        let is_picture = |inlet: &&mut Port| inlet.pixels.is_some();
        let inlets = &mut layout.inlets;
        inlets
            .iter_mut()
            .filter(|i| !is_picture(i))
            .for_each(&mut put);
        let small = inlets.iter().filter(|i| i.pixels.is_none());
        layout.small = small
            .map(|i| (i.bytes * items).next_multiple_of(ALIGN))
            .sum();
        inlets.iter_mut().filter(is_picture).for_each(&mut put);
        layout.up = base;
        layout
    }

    fn of(manifest: &Manifest, key: &EngineKey, batch: NonZeroUsize) -> Self {
        let port = |spec: &TensorSpec| Port::new(spec, key);
        let mut layout = Self {
            batch: batch.get(),
            small: 0,
            up: 0,
            down: 0,
            inlets: Vec::new(),
            states: Vec::new(),
            places: None,
            outlets: manifest
                .output
                .iter()
                .filter(|o| !o.resident)
                .map(port)
                .collect(),
        };
        for spec in &manifest.input {
            match manifest.state_of(&spec.role) {
                Some(state) => layout.states.push(StatePort {
                    port: port(spec),
                    advance: state.advance,
                }),
                None => layout.inlets.push(port(spec)),
            }
        }
        for outlet in &mut layout.outlets {
            let step = outlet.leaving();
            outlet.at = Stride {
                base: layout.down,
                step,
            };
            layout.down += (step * layout.batch).next_multiple_of(ALIGN);
        }
        layout
    }
}

// === impl Port ===

impl Port {
    pub fn new(spec: &TensorSpec, key: &EngineKey) -> Self {
        let shape = spec.shape_at(key);
        Self {
            role: Arc::from(spec.role.as_str()),
            dtype: spec.dtype,
            bytes: shape.iter().product::<usize>() * spec.dtype.bytes(),
            pixels: spec.pixels(),
            shape,
            at: Stride { base: 0, step: 0 },
        }
    }

    /// The picture's extents as pixels: `[1, height, width, 3]`.
    pub fn pixel_shape(&self) -> Option<[usize; 4]> {
        match (self.pixels, self.shape.as_slice()) {
            (Some(_), &[_, channels, height, width]) => Some([1, height, width, channels]),
            _ => None,
        }
    }

    /// Its bytes as it leaves the device: a picture as pixels, anything else as it is.
    pub fn leaving(&self) -> usize {
        let pixels = self.pixel_shape().map(|shape| shape.iter().product());
        pixels.unwrap_or(self.bytes)
    }
}
