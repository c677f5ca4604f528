//! One batch at a time: up, run, down, without taking memory and without waiting.
//!
//! [`Parts`] takes all memory; [`CudaSlot`] settles the program, captures its graphs, and then only fills, launches and
//! polls. Invariants: shapes and addresses are bound once; nothing of a batch is looked at before its last event has come;
//! a run that failed leaves every state as it was.

mod parts;
mod riding;

pub use parts::Parts;

use super::{
    fault::{Check as _, Checked, Code},
    graph::Graph,
    inlet::{self, Form},
    machine::Program,
    memory::{Block, Claim},
    pinned::PinnedBytes,
    ptx::Floats,
    state::GpuState,
    stream::Event,
};
use crate::engine::{
    DType, Data, Item, ItemDone, LoadError, Outputs, Role, RunError, RunTimes, Slot, Tensor,
};
use cust::sys::cuMemcpyDtoHAsync_v2;
use riding::{Held, Riding};
use std::{sync::Arc, task::Poll};

/// A slot of any machine.
pub struct CudaSlot {
    // Dropped in this order: what was captured, what it ran, what it ran on.
    graphs: Vec<Option<Graph>>,
    program: Box<dyn Program>,
    /// Begun, risen, run, fallen.
    events: [Event; 4],
    parts: Parts,
    run: Run,
    /// What libraries took for it.
    claim: Option<Claim>,
}

/// What is in the slot. Its vectors keep their memory from batch to batch.
#[derive(Default)]
struct Run {
    is_on: bool,
    riding: Vec<Riding>,
    /// Items that run: those that are sound, in order.
    sound: usize,
    /// How the inputs of each item that runs have come, inlet by inlet.
    forms: Vec<Form>,
    /// Pictures in the making: output by output, item by item.
    pictures: Vec<Option<PinnedBytes>>,
    fault: Option<RunError>,
}

impl CudaSlot {
    /// Runs the program once at every batch size, and captures it.
    ///
    /// # Errors
    /// If it cannot run at all. That it cannot be captured is no error.
    pub fn new(parts: Parts, program: Box<dyn Program>) -> Result<Self, LoadError> {
        let event = || Event::new().map_err(|e| e.load("making an event"));
        let (batch, inlets) = (parts.layout.batch, parts.layout.inlets.len());
        let pictures = parts.shared.pictures.iter().flatten().count();
        let run = Run {
            riding: Vec::with_capacity(batch),
            forms: Vec::with_capacity(batch * inlets),
            pictures: Vec::with_capacity(batch * pictures),
            ..Run::default()
        };
        // Whole before anything is put on its stream: should that fail, it is waited for when the slot is dropped.
        let mut slot = Self {
            graphs: Vec::with_capacity(batch),
            program,
            events: [event()?, event()?, event()?, event()?],
            parts,
            run,
            claim: None,
        };
        for items in 1..=batch {
            let graph = settle(&mut slot.parts, &*slot.program, items)?;
            slot.graphs.push(graph);
        }
        Ok(slot)
    }

    /// The same, holding what libraries took for it.
    pub fn with(self: Box<Self>, claim: Claim) -> Box<Self> {
        let mut slot = self;
        slot.claim = Some(claim);
        slot
    }

    /// Takes an item aboard: checks it, and writes what goes up.
    fn board(&mut self, item: Item) {
        let checked = inlet::check(&item, &self.parts.layout);
        let Item {
            inputs,
            state,
            boundary,
        } = item;
        let held = match checked {
            Ok(()) => Held::take(state, &self.parts),
            Err(fault) => Err((state, fault)),
        };
        let riding = match held {
            Ok(state) => {
                self.write(&inputs, &state);
                Riding {
                    state,
                    boundary,
                    fault: None,
                }
            }
            Err((state, fault)) => Riding {
                state: Held::AsItCame(state),
                boundary,
                fault: Some(fault),
            },
        };
        self.run.sound += usize::from(riding.fault.is_none());
        self.run.riding.push(riding);
    }

    /// Writes a sound item's inputs, and the addresses of its states, to pinned memory.
    fn write(&mut self, inputs: &[(Role, Tensor)], held: &Held) {
        let (item, parts) = (self.run.sound, &mut self.parts);
        for inlet in &parts.layout.inlets {
            if let Ok((tensor, form)) = inlet::find(inputs, inlet) {
                let (at, bytes) = (inlet.at.of(item), tensor.as_bytes());
                parts.up_host.bytes_mut()[at..at + bytes.len()].copy_from_slice(bytes);
                self.run.forms.push(form);
            }
        }
        if let Some(state) = held.state() {
            parts.place(item, state.blocks.iter().map(Block::at));
        }
    }

    /// Puts everything on the stream.
    fn launch(&mut self) -> Result<(), RunError> {
        let on = |doing| move |e: Code| e.run(doing);
        let [begun, risen, run, fallen] = &self.events;
        let stream = &self.parts.stream;
        begun.record(stream).map_err(on("marking the upload"))?;
        self.rise().map_err(on("uploading"))?;
        risen.record(stream).map_err(on("marking the run"))?;
        match &self.graphs[self.run.sound - 1] {
            Some(graph) => graph.launch(stream).map_err(on("launching a graph"))?,
            None => self.program.enqueue(stream, self.run.sound)?,
        }
        self.keep().map_err(on("keeping states"))?;
        run.record(stream).map_err(on("marking the download"))?;
        fall(&self.parts, &mut self.run)?;
        fallen.record(stream).map_err(on("marking the end"))
    }

    /// Uploads inputs and states that begin, and brings states that go on to where the program wants them.
    fn rise(&self) -> Checked<()> {
        let parts = &self.parts;
        let (up, host) = (parts.up.at(), parts.up_host.at());
        if parts.layout.small > 0 {
            // SAFETY: both buffers have these bytes, and the pinned one is not written before the batch is done.
            unsafe { parts.copy_up(up, host, parts.layout.small)? };
        }
        let sound = self.run.riding.iter().filter(|r| r.fault.is_none());
        for (item, riding) in sound.enumerate() {
            self.rise_pictures(item)?;
            if let Held::Beginning(tensors, state) = &riding.state {
                self.begin(item, tensors, state)?;
            }
            let blocks = riding.state.state().map(|state| state.blocks.iter());
            for (nth, block) in blocks.into_iter().flatten().enumerate() {
                self.program.gather(&parts.stream, item, nth, block.at())?;
            }
        }
        Ok(())
    }

    fn rise_pictures(&self, item: usize) -> Checked<()> {
        let parts = &self.parts;
        let count = parts.layout.inlets.len();
        let forms = self.run.forms.get(item * count..(item + 1) * count);
        let inlets = parts.layout.inlets.iter().zip(forms.unwrap_or_default());
        for (nth, (inlet, form)) in inlets.enumerate().filter(|(_, (i, _))| i.pixels.is_some()) {
            let bytes = match form {
                Form::Pixels { width, height } => width * height * 3,
                Form::Own => inlet.bytes,
            };
            let at = inlet.at.of(item);
            let (to, from) = (parts.up.at() + at as u64, parts.up_host.at());
            // SAFETY: as in `rise`; the offset and its bytes are inside both buffers.
            unsafe { parts.copy_up(to, from.wrapping_add(at), bytes)? };
            self.program.arrive(&parts.stream, nth, item, *form)?;
        }
        Ok(())
    }

    /// Uploads a state that begins. The tensors are kept until the batch is done.
    fn begin(&self, item: usize, tensors: &[(Role, Tensor)], state: &GpuState) -> Checked<()> {
        let parts = &self.parts;
        let ports = parts.layout.states.iter().map(|state| &state.port);
        for (port, block) in ports.zip(&state.blocks) {
            let Ok((tensor, form)) = inlet::find(tensors, port) else {
                continue;
            };
            let bytes = tensor.as_bytes();
            let to = match (form, &parts.arriving) {
                (Form::Pixels { .. }, Some(arriving)) => {
                    arriving.at() + (arriving.bytes() / parts.layout.batch * item) as u64
                }
                _ => block.at(),
            };
            // SAFETY: the tensor stays in `riding`, unchanged, until the batch is done.
            unsafe { parts.copy_up(to, bytes.as_ptr(), bytes.len())? };
            if let (Form::Pixels { .. }, Some(form)) = (form, port.pixels) {
                let pixels = bytes.len() / 3;
                parts.kernels.to_planar(
                    &parts.stream,
                    (to, block.at()),
                    pixels,
                    (form, Floats::Single),
                )?;
            }
        }
        Ok(())
    }

    /// Brings the new states to the spare blocks, where the program has not put them there itself.
    fn keep(&self) -> Checked<()> {
        for (item, spare) in self.parts.spare.iter().enumerate().take(self.run.sound) {
            for (nth, block) in spare.iter().enumerate() {
                self.program
                    .scatter(&self.parts.stream, item, nth, block.at())?;
            }
        }
        Ok(())
    }

    /// Whether the batch is done, and how; `None` is not yet.
    fn end(&mut self) -> Option<Result<RunTimes, RunError>> {
        if let Some(fault) = self.run.fault.take() {
            return Some(Err(self.settled(fault)));
        }
        if self.run.sound == 0 {
            return Some(Ok(RunTimes::default()));
        }
        match self.events[3].is_past() {
            Ok(false) => None,
            Ok(true) => Some(Ok(self.times())),
            Err(e) => Some(Err(self.settled(e.run("waiting for the device")))),
        }
    }

    /// A fault after which nothing of the batch is under way any more: what was put on the stream before it still used this
    /// batch's memory. Should the stream have a worse one, it is that.
    fn settled(&self, fault: RunError) -> RunError {
        match self.parts.stream.synchronize() {
            Err(code) if code.scope() > fault.scope => code.run("ending a batch that failed"),
            _ => fault,
        }
    }

    fn times(&self) -> RunTimes {
        let [begun, risen, run, fallen] = &self.events;
        RunTimes {
            upload: risen.since(begun),
            infer: run.since(risen),
            download: fallen.since(run),
        }
    }

    /// Makes the answers. States move on only where the run has succeeded.
    fn answers(&mut self, end: &Result<RunTimes, RunError>) -> Vec<ItemDone> {
        let Self { parts, run, .. } = self;
        let times = end.as_ref().copied().unwrap_or_default();
        let (sound, pictures) = (run.sound, &mut run.pictures);
        let mut item = 0;
        let answer = |riding: Riding| {
            let fault = riding.fault.or_else(|| end.as_ref().err().cloned());
            let (outcome, state) = match fault {
                Some(fault) => (Err(fault), riding.state.back()),
                None => {
                    let outputs = outputs(parts, pictures, (item, sound));
                    let state = riding.state.moved_on(parts, item, riding.boundary);
                    item += 1;
                    (outputs, state)
                }
            };
            ItemDone {
                outcome,
                state,
                times,
            }
        };
        let answers = run.riding.drain(..).map(answer).collect();
        run.pictures.clear();
        run.forms.clear();
        answers
    }
}

impl Slot for CudaSlot {
    fn submit(&mut self, batch: Vec<Item>) {
        self.run.is_on = true;
        self.run.sound = 0;
        batch.into_iter().for_each(|item| self.board(item));
        if self.run.sound > 0 {
            self.run.fault = self.launch().err();
        }
    }

    fn poll(&mut self) -> Poll<Vec<ItemDone>> {
        if !self.run.is_on {
            return Poll::Pending;
        }
        let Some(end) = self.end() else {
            return Poll::Pending;
        };
        self.run.is_on = false;
        Poll::Ready(self.answers(&end))
    }
}

impl Drop for CudaSlot {
    fn drop(&mut self) {
        // What still runs uses memory that goes now. An error was told already, or nobody is left to hear it.
        let _ = self.parts.stream.synchronize();
    }
}

/// Runs the program once with zeros, so that it takes what it takes lazily, and then captures it.
fn settle(
    parts: &mut Parts,
    program: &dyn Program,
    items: usize,
) -> Result<Option<Graph>, LoadError> {
    let doing = "a first run with zeros";
    let load = |e: &dyn std::fmt::Display| {
        LoadError::new(format!("{doing}: {e}"), "see the log, and the model's card")
    };
    parts.clear().map_err(|e| e.load(doing))?;
    for item in 0..items {
        let places: Vec<_> = parts.spare[item].iter().map(Block::at).collect();
        parts.place(item, places.into_iter());
    }
    let (up, host, small) = (parts.up.at(), parts.up_host.at(), parts.layout.small);
    if small > 0 {
        // SAFETY: both buffers have these bytes, and the stream is waited for below.
        unsafe { parts.copy_up(up, host, small) }.map_err(|e| e.load(doing))?;
    }
    program
        .enqueue(&parts.stream, items)
        .map_err(|e| load(&e))?;
    parts.stream.synchronize().map_err(|e| e.load(doing))?;
    if !parts.gpu.captures() {
        return Ok(None);
    }
    match Graph::capture(&parts.stream, || program.enqueue(&parts.stream, items)) {
        Ok(graph) => Ok(Some(graph)),
        Err(why) => {
            parts.gpu.count_fallback();
            tracing::warn!(
                items,
                why = why.to_string(),
                "no graph, the work is put on the stream piece by piece"
            );
            Ok(None)
        }
    }
}

/// Downloads the outputs: pictures straight into buffers that leave, anything else into the slot's own.
fn fall(parts: &Parts, run: &mut Run) -> Result<(), RunError> {
    for (outlet, pool) in parts.layout.outlets.iter().zip(&parts.shared.pictures) {
        for item in 0..run.sound {
            let offset = outlet.at.of(item);
            let to = match pool {
                Some(pool) => {
                    let picture = pool.lend().map_err(|e| RunError::batch(e.to_string()))?;
                    let to = picture.at();
                    run.pictures.push(Some(picture));
                    to
                }
                None => parts.down_host.at().wrapping_add(offset),
            };
            let (from, bytes) = (parts.down.at() + offset as u64, outlet.leaving());
            let stream = parts.stream.as_inner();
            // SAFETY: both sides have these bytes; the target is lent until the batch is done, or the slot's own.
            unsafe { cuMemcpyDtoHAsync_v2(to.cast(), from, bytes, stream) }
                .check()
                .map_err(|e| e.run("downloading"))?;
        }
    }
    Ok(())
}

/// The outputs of one item, whose pictures are taken from those of so many items.
fn outputs(
    parts: &Parts,
    pictures: &mut [Option<PinnedBytes>],
    (item, of): (usize, usize),
) -> Result<Outputs, RunError> {
    let mut at = item;
    let output = |outlet: &super::machine::Port| {
        let (shape, data) = match outlet.pixel_shape() {
            Some(shape) => {
                let picture = pictures.get_mut(at).and_then(Option::take);
                at += of;
                let picture = picture.ok_or_else(|| RunError::batch("a picture is missing"))?;
                (shape.to_vec(), Data::Pinned(picture))
            }
            None => {
                let from = outlet.at.of(item);
                let bytes = &parts.down_host.bytes()[from..from + outlet.bytes];
                (outlet.shape.clone(), numbers(outlet.dtype, bytes))
            }
        };
        let tensor = Tensor::new(shape, data).map_err(|e| RunError::batch(e.to_string()))?;
        Ok((Arc::clone(&outlet.role), tensor))
    };
    let outputs = parts.layout.outlets.iter().map(output);
    outputs.collect::<Result<_, _>>().map(Outputs::new)
}

/// Bytes as the numbers that they are.
fn numbers(dtype: DType, bytes: &[u8]) -> Data {
    match dtype {
        DType::F32 => Data::F32(bytemuck::pod_collect_to_vec(bytes)),
        DType::I32 => Data::I32(bytemuck::pod_collect_to_vec(bytes)),
        DType::U8 => Data::U8(bytes.to_vec()),
    }
}
