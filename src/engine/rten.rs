//! The embedded backend: ONNX graphs on the CPU through rten, a runtime in pure Rust that needs nothing installed.
//!
//! The model's own thread pool is bound to the device's thread count. Items, batches and state are [`super::host`]'s.

use super::{
    backend::{Backend, DeviceSpec, Engine, LoadError, Probe, RunError},
    host::{Graph, HostEngine, find_each, onnx_of},
    repository::Model,
    tensor::{Data, Tensor},
};
use rten::{NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::{Layout, TensorView};
use std::sync::Arc;

/// rten on the CPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rten;

struct RtenGraph {
    model: rten::Model,
    pool: Arc<ThreadPool>,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
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
        let bytes = onnx_of(model, self.name())?.into_owned();
        let fix = "export the model with operators that rten has, or install ONNX Runtime";
        let rten = rten::Model::load(bytes).map_err(|e| {
            LoadError::new(
                format!("{} is not a graph that rten can run: {e}", manifest.file),
                fix,
            )
        })?;
        let node = |name: &str| rten.find_node(name);
        let graph = RtenGraph {
            inputs: find_each(&manifest.input, node)?,
            outputs: find_each(&manifest.output, node)?,
            pool: Arc::new(ThreadPool::with_num_threads(device.threads.get())),
            model: rten,
        };
        Ok(Box::new(HostEngine::new(model, graph)))
    }
}

impl Graph for RtenGraph {
    fn run(&self, inputs: &[&Tensor]) -> Result<Vec<Tensor>, RunError> {
        let inputs = self.inputs.iter().zip(inputs);
        let inputs = inputs.map(|(node, tensor)| (*node, view(tensor))).collect();
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let values = self
            .model
            .run(inputs, &self.outputs, Some(options))
            .map_err(|e| RunError::batch(e.to_string()))?;
        values.into_iter().map(tensor).collect()
    }
}

fn view(tensor: &Tensor) -> ValueOrView<'_> {
    let shape = tensor.shape();
    match tensor.data() {
        Data::F32(v) => TensorView::from_data(shape, v.as_slice()).into(),
        Data::I32(v) => TensorView::from_data(shape, v.as_slice()).into(),
        Data::U8(v) => TensorView::from_data(shape, v.as_slice()).into(),
        Data::Pinned(v) => TensorView::from_data(shape, &v[..]).into(),
    }
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
