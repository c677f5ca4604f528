//! The embedded backend: ONNX graphs on the CPU through rten, a runtime in pure Rust that needs nothing installed.
//!
//! A slot runs on submit and is ready at once. The model's own thread pool is bound to the device's thread count. State is
//! the state tensors themselves, on the host; it is replaced only when a run succeeded.

use super::{
    backend::{
        Backend, DeviceSpec, Engine, EngineKey, EngineState, Item, ItemDone, ItemState, LoadError,
        Outputs, Probe, Role, RunError, RunTimes, Slot,
    },
    manifest::{Advance, Manifest, TensorSpec},
    repository::Model,
    tensor::{DType, Data, Tensor},
};
use rten::{NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::{Layout, TensorView};
use std::{num::NonZeroUsize, sync::Arc, task::Poll, time::Instant};

/// rten on the CPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rten;

struct RtenEngine {
    graph: Arc<Graph>,
    of: Model,
}

struct Graph {
    model: rten::Model,
    pool: Arc<ThreadPool>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

/// One input or output: its node, its role, and how it takes part in the state.
struct Port {
    node: NodeId,
    role: Arc<str>,
    dtype: DType,
    /// Of an input: the role of the output that replaces it, and when.
    fed_by: Option<(Arc<str>, Advance)>,
}

/// State tensors in the order of the graph's state inputs.
struct HostState(Vec<Tensor>);

struct RtenSlot {
    graph: Arc<Graph>,
    /// What each input must look like, in the order of the graph's inputs.
    shapes: Vec<Vec<usize>>,
    done: Option<Vec<ItemDone>>,
}

impl Backend for Rten {
    fn name(&self) -> &'static str {
        "rten"
    }

    fn probe(&self) -> Probe {
        Probe::Available("rten, built in".into())
    }

    fn load(&self, model: &Model, device: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        let manifest = &model.manifest;
        if !manifest.file.ends_with(".onnx") {
            return Err(LoadError::new(
                format!("rten cannot read {}", manifest.file),
                "give it an .onnx file",
            ));
        }
        let fix = "export the model with operators that rten has, or install ONNX Runtime";
        let rten = rten::Model::load(model.read()?.into_owned()).map_err(|e| {
            LoadError::new(
                format!("{} is not a graph that rten can run: {e}", manifest.file),
                fix,
            )
        })?;
        let graph = Graph {
            inputs: ports(&rten, manifest, &manifest.input)?,
            outputs: ports(&rten, manifest, &manifest.output)?,
            pool: Arc::new(ThreadPool::with_num_threads(device.threads.get())),
            model: rten,
        };
        Ok(Box::new(RtenEngine {
            graph: Arc::new(graph),
            of: model.clone(),
        }))
    }
}

fn ports(
    model: &rten::Model,
    manifest: &Manifest,
    specs: &[TensorSpec],
) -> Result<Vec<Port>, LoadError> {
    let port = |spec: &TensorSpec| {
        let node = model.find_node(&spec.name).ok_or_else(|| {
            let why = format!(
                "the graph has no `{}`, which model.toml gives the role `{}`",
                spec.name, spec.role
            );
            LoadError::new(why, "correct the name in model.toml")
        })?;
        let fed_by = manifest
            .state_of(&spec.role)
            .map(|s| (Arc::from(s.output.as_str()), s.advance));
        Ok(Port {
            node,
            role: Arc::from(spec.role.as_str()),
            dtype: spec.dtype,
            fed_by,
        })
    };
    specs.iter().map(port).collect()
}

impl Engine for RtenEngine {
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn Slot>, LoadError> {
        self.of
            .check(key)
            .map_err(|e| LoadError::new(e.to_string(), "ask for a shape on the model's axes"))?;
        let inputs = &self.of.manifest.input;
        Ok(Box::new(RtenSlot {
            graph: Arc::clone(&self.graph),
            shapes: inputs.iter().map(|spec| spec.shape_at(key)).collect(),
            done: None,
        }))
    }

    fn max_batch(&self) -> NonZeroUsize {
        self.of.manifest.batch.max
    }
}

impl Slot for RtenSlot {
    fn submit(&mut self, batch: Vec<Item>) {
        self.done = Some(self.graph.run_batch(batch, &self.shapes));
    }

    fn poll(&mut self) -> Poll<Vec<ItemDone>> {
        self.done.take().map_or(Poll::Pending, Poll::Ready)
    }
}

// === impl Graph ===

impl Graph {
    /// Runs the items that are sound; one that is not fails alone.
    fn run_batch(&self, batch: Vec<Item>, shapes: &[Vec<usize>]) -> Vec<ItemDone> {
        let started = Instant::now();
        let judge = |item: Item| {
            let item = self.with_host_state(item);
            let fault = self.check(&item, shapes).err();
            (item, fault)
        };
        let batch: Vec<_> = batch.into_iter().map(judge).collect();
        let sound = batch.iter().filter(|(_, fault)| fault.is_none());
        let sound: Vec<&Item> = sound.map(|(item, _)| item).collect();
        let mut outputs = match sound.as_slice() {
            [] => Ok(Vec::new().into_iter()),
            sound => self.run(sound).map(Vec::into_iter),
        };
        let times = RunTimes {
            infer: started.elapsed(),
            ..RunTimes::default()
        };
        let answer = |(item, fault): (Item, Option<RunError>)| {
            let outcome = match (fault, &mut outputs) {
                (Some(fault), _) => Err(fault),
                (None, Err(e)) => Err(e.clone()),
                (None, Ok(outputs)) => outputs
                    .next()
                    .ok_or_else(|| RunError::batch("the model gave too few items")),
            };
            let state = match &outcome {
                Ok(outputs) => self.advance(item, outputs),
                Err(_) => item.state,
            };
            ItemDone {
                outcome,
                state,
                times,
            }
        };
        batch.into_iter().map(answer).collect()
    }

    /// Whether an item has every input, as the slot wants it.
    fn check(&self, item: &Item, shapes: &[Vec<usize>]) -> Result<(), RunError> {
        let mut state_index = 0;
        for (port, shape) in self.inputs.iter().zip(shapes) {
            port.check(port.input_of(item, state_index)?, shape)?;
            state_index += usize::from(port.fed_by.is_some());
        }
        Ok(())
    }

    /// Turns fresh state into this backend's form; moves, never copies. State that lacks a tensor stays as it is.
    fn with_host_state(&self, mut item: Item) -> Item {
        let fed = || self.inputs.iter().filter(|port| port.fed_by.is_some());
        item.state = match item.state {
            ItemState::Fresh(mut tensors) => {
                let at = |tensors: &[(Role, Tensor)], port: &Port| {
                    tensors.iter().position(|(role, _)| **role == *port.role)
                };
                if fed().any(|port| at(&tensors, port).is_none()) {
                    ItemState::Fresh(tensors)
                } else {
                    let take = |port| Some(tensors.swap_remove(at(&tensors, port)?).1);
                    ItemState::Kept(EngineState::new(HostState(
                        fed().filter_map(take).collect(),
                    )))
                }
            }
            other => other,
        };
        item
    }

    fn run(&self, batch: &[&Item]) -> Result<Vec<Outputs>, RunError> {
        let stacked = self.stack_inputs(batch)?;
        let inputs = self
            .inputs
            .iter()
            .zip(&stacked)
            .map(|(port, tensor)| Ok((port.node, view(tensor.as_ref())?)))
            .collect::<Result<Vec<_>, RunError>>()?;
        let nodes: Vec<NodeId> = self.outputs.iter().map(|port| port.node).collect();
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let values = self
            .model
            .run(inputs, &nodes, Some(options))
            .map_err(|e| RunError::batch(e.to_string()))?;
        self.unstack_outputs(values, batch.len())
    }

    /// One tensor an input for the whole batch; borrowed where the batch is one item.
    fn stack_inputs<'a>(&self, batch: &[&'a Item]) -> Result<Vec<Stacked<'a>>, RunError> {
        let mut state_index = 0;
        self.inputs
            .iter()
            .map(|port| {
                let parts = batch.iter().map(|item| port.input_of(item, state_index));
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                state_index += usize::from(port.fed_by.is_some());
                match parts.as_slice() {
                    [one] => Ok(Stacked::Borrowed(one)),
                    many => Tensor::stack(many)
                        .map(Stacked::Owned)
                        .map_err(|e| RunError::batch(e.to_string())),
                }
            })
            .collect()
    }

    fn unstack_outputs(&self, values: Vec<Value>, batch: usize) -> Result<Vec<Outputs>, RunError> {
        let mut items: Vec<Vec<(Arc<str>, Tensor)>> = (0..batch).map(|_| Vec::new()).collect();
        for (port, value) in self.outputs.iter().zip(values) {
            let parts = tensor(value)?.unstack();
            if parts.len() != batch {
                return Err(RunError::batch(format!(
                    "output `{}` has {} items, not {batch}",
                    port.role,
                    parts.len()
                )));
            }
            for (item, part) in items.iter_mut().zip(parts) {
                item.push((Arc::clone(&port.role), part));
            }
        }
        Ok(items.into_iter().map(Outputs::new).collect())
    }

    /// The state after a run that succeeded.
    fn advance(&self, item: Item, outputs: &Outputs) -> ItemState {
        let ItemState::Kept(mut state) = item.state else {
            return item.state;
        };
        let fed = self.inputs.iter().filter_map(|port| port.fed_by.as_ref());
        if let Some(HostState(tensors)) = state.get_mut() {
            for (tensor, (output, advance)) in tensors.iter_mut().zip(fed) {
                let due = *advance == Advance::EveryRun || item.boundary;
                if let Some(new) = outputs.peek(output).filter(|_| due) {
                    tensor.clone_from(new);
                }
            }
        }
        ItemState::Kept(state)
    }
}

impl Port {
    /// This input's tensor in an item: from its state or from its inputs.
    fn input_of<'a>(&self, item: &'a Item, state_index: usize) -> Result<&'a Tensor, RunError> {
        let found = match (&self.fed_by, &item.state) {
            (None, _) => item
                .inputs
                .iter()
                .find(|(role, _)| **role == *self.role)
                .map(|(_, t)| t),
            (Some(_), ItemState::Kept(state)) => {
                state.get::<HostState>().and_then(|s| s.0.get(state_index))
            }
            (Some(_), _) => None,
        };
        found.ok_or_else(|| {
            RunError::item(format!("the item has no tensor of role `{}`", self.role))
        })
    }

    /// Whether a tensor is what this input takes.
    fn check(&self, tensor: &Tensor, shape: &[usize]) -> Result<(), RunError> {
        let (role, want, have) = (&self.role, self.dtype, tensor.dtype());
        if have != want {
            return Err(RunError::item(format!(
                "`{role}` must be {want:?}, not {have:?}"
            )));
        }
        if tensor.shape() != shape {
            let have = tensor.shape();
            return Err(RunError::item(format!(
                "`{role}` must have the shape {shape:?}, not {have:?}"
            )));
        }
        Ok(())
    }
}

enum Stacked<'a> {
    Borrowed(&'a Tensor),
    Owned(Tensor),
}

impl AsRef<Tensor> for Stacked<'_> {
    fn as_ref(&self) -> &Tensor {
        match self {
            Self::Borrowed(tensor) => tensor,
            Self::Owned(tensor) => tensor,
        }
    }
}

fn view(tensor: &Tensor) -> Result<ValueOrView<'_>, RunError> {
    let shape = tensor.shape();
    Ok(match tensor.data() {
        Data::F32(v) => TensorView::from_data(shape, v.as_slice()).into(),
        Data::I32(v) => TensorView::from_data(shape, v.as_slice()).into(),
        Data::U8(v) => TensorView::from_data(shape, v.as_slice()).into(),
        Data::Pinned(v) => TensorView::from_data(shape, &v[..]).into(),
    })
}

fn tensor(value: Value) -> Result<Tensor, RunError> {
    let (shape, data) = match value {
        Value::FloatTensor(t) => (t.shape().to_vec(), Data::F32(t.into_data())),
        Value::Int32Tensor(t) => (t.shape().to_vec(), Data::I32(t.into_data())),
        Value::UInt8Tensor(t) => (t.shape().to_vec(), Data::U8(t.into_data())),
        _ => {
            return Err(RunError::batch(
                "the model gave an output of a type that is not served",
            ));
        }
    };
    Tensor::new(shape, data).map_err(|e| RunError::batch(e.to_string()))
}
