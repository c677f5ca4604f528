//! A graph that ONNX Runtime has loaded: its session, its names, and how tensors go in and come out.
//!
//! Inputs are lent to the library where they lie. Outputs are copied out of it once.

use super::{library::Library, missing::Missing, provider::Provider};
use crate::engine::{
    backend::{DeviceSpec, LoadError, RunError, Scope},
    host::{Graph, find_each},
    manifest::{Manifest, TensorSpec},
    tensor::{DType, Data, Tensor},
};
use ort::{
    ErrorCode,
    session::{
        HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue,
        builder::SessionBuilder,
    },
    value::{
        DynValue, Outlet, PrimitiveTensorElementType, Tensor as Owned, TensorElementType, TensorRef,
    },
};
use std::{cell::RefCell, num::NonZeroUsize};

/// A model's session.
pub(super) struct OrtGraph {
    /// A run wants it alone; there is one at a time on the device's thread.
    session: RefCell<Session>,
    options: RunOptions<HasSelectedOutputs>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    provider: Provider,
}

/// A tensor of the graph.
struct Port {
    name: String,
    element: Element,
}

/// Element types that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    F32,
    I32,
    /// Given and shown as 32 bits, as rten does: exporters write indices so, and none needs more.
    I64,
    U8,
}

/// `y = Identity(x)`, both one float: what shows that a provider comes up.
///
/// In protobuf, by the field numbers of `onnx.proto3`: ModelProto { 1: 8, 7: GraphProto { 1: NodeProto { 1: "x", 2: "y",
/// 4: "Identity" }, 2: "g", 11: x, 12: y }, 8: OperatorSetIdProto { 2: 14 } }, x and y being ValueInfoProto { 1: name, 2:
/// TypeProto { 1: { 1: FLOAT, 2: { 1: { 1: 1 } } } } }.
const SMALLEST: &[u8] = b"\x08\x08\x3a\x37\x0a\x10\x0a\x01x\x12\x01y\x22\x08Identity\x12\x01g\
    \x5a\x0f\x0a\x01x\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01\
    \x62\x0f\x0a\x01y\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01\x42\x02\x10\x0e";

/// Brings a provider up with the smallest graph.
///
/// # Errors
/// The library's own words.
pub(super) fn try_out(library: &Library, provider: Provider) -> Result<(), Missing> {
    let commit = |mut session: SessionBuilder| session.commit_from_memory(SMALLEST);
    session(library, provider, NonZeroUsize::MIN)
        .and_then(|session| commit(session).map_err(|error| no_device(library, provider, &error)))
        .map(drop)
}

fn no_device(library: &Library, provider: Provider, error: &ort::Error) -> Missing {
    Missing::NoDevice {
        library: library.to_string(),
        device: provider.device(),
        words: error.to_string(),
        needs: provider.needs(),
    }
}

/// A session to be, with its provider registered.
fn session(
    library: &Library,
    provider: Provider,
    threads: NonZeroUsize,
) -> Result<SessionBuilder, Missing> {
    let environment = library.environment()?;
    let session = || {
        let mut session = Session::builder(environment)?
            // A server's threads sleep while nothing is to be done: those that spin would take the cores from sockets
            // and encoders between two frames.
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .with_intra_threads(threads.get())?
            .with_inter_threads(1)?
            // Planning a run's memory as one block gained nothing, and keeps a block for each shape: 40 MiB of one world
            // of 1216×704.
            .with_memory_pattern(false)?;
        provider.register(&mut session)?;
        Ok(session)
    };
    session().map_err(|error: ort::Error| no_device(library, provider, &error))
}

impl OrtGraph {
    pub(super) fn load(
        library: &Library,
        provider: Provider,
        device: &DeviceSpec,
        manifest: &Manifest,
        bytes: &[u8],
    ) -> Result<Self, LoadError> {
        let session = session(library, provider, device.threads)?
            .commit_from_memory(bytes)
            .map_err(|error| {
                let file = &manifest.file;
                let why = format!("{file} is not a graph that ONNX Runtime can run: {error}");
                LoadError::new(why, format!("export it again, for {library}"))
            })?;
        let inputs = ports(&manifest.input, session.inputs())?;
        let outputs = ports(&manifest.output, session.outputs())?;
        Ok(Self {
            options: only(&outputs)
                .map_err(|error| LoadError::new(error.to_string(), "install ONNX Runtime again"))?,
            session: RefCell::new(session),
            inputs,
            outputs,
            provider,
        })
    }

    /// A GPU's error may be one that killed its context; that it had no memory is none of these.
    fn failed(&self, error: ort::Error) -> RunError {
        let message = error.to_string();
        let is_argument = error.code() == ErrorCode::InvalidArgument;
        let scope = match self.provider.is_gpu() && !is_argument && !is_of_memory(&message) {
            true => Scope::Device,
            false => Scope::Batch,
        };
        RunError { scope, message }
    }
}

/// Whether an error tells of memory that is not there, in the words of the arena and of CUDA: the library has no code for it.
fn is_of_memory(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let words = ["failed to allocate", "out of memory", "out_of_memory"];
    words.iter().any(|words| message.contains(words))
}

/// Asks for the outputs that the manifest names, so that others are not computed.
fn only(outputs: &[Port]) -> ort::Result<RunOptions<HasSelectedOutputs>> {
    let asked = outputs
        .iter()
        .fold(OutputSelector::no_default(), |all, port| {
            all.with(port.name.as_str())
        });
    Ok(RunOptions::new()?.with_outputs(asked))
}

/// The graph's tensors that the manifest names, in its order and of its types.
fn ports(specs: &[TensorSpec], outlets: &[Outlet]) -> Result<Vec<Port>, LoadError> {
    let by_name = |name: &str| outlets.iter().find(|outlet| outlet.name() == name);
    let found = find_each(specs, by_name)?;
    let port = |(spec, outlet): (&TensorSpec, &Outlet)| {
        Ok(Port {
            name: spec.name.clone(),
            element: element(spec, outlet)?,
        })
    };
    specs.iter().zip(found).map(port).collect()
}

fn element(spec: &TensorSpec, outlet: &Outlet) -> Result<Element, LoadError> {
    let name = &spec.name;
    let fix = "export it with elements of f32, i32, i64 or u8";
    let Some(ty) = outlet.dtype().tensor_type() else {
        return Err(LoadError::new(format!("`{name}` is not a tensor"), fix));
    };
    let Some(element) = Element::of(ty) else {
        let why = format!("`{name}` has elements of {ty}, which are not served");
        return Err(LoadError::new(why, fix));
    };
    if element.shown() != spec.dtype {
        let [said, is] = [spec.dtype, element.shown()].map(word);
        let why = format!("`{name}` has elements of {ty} in the graph, and {said} in model.toml");
        let fix = format!("write dtype = \"{is}\" in model.toml");
        return Err(LoadError::new(why, fix));
    }
    Ok(element)
}

/// A type as `model.toml` has it.
fn word(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "f32",
        DType::I32 => "i32",
        DType::U8 => "u8",
    }
}

impl Graph for OrtGraph {
    fn run(&self, inputs: &[&Tensor]) -> Result<Vec<Tensor>, RunError> {
        let mut values = Vec::with_capacity(inputs.len());
        for (port, tensor) in self.inputs.iter().zip(inputs) {
            let value = port.element.value(tensor).map_err(|e| self.failed(e))?;
            values.push((port.name.as_str(), value));
        }
        let mut session = self.session.borrow_mut();
        let outputs = session
            .run_with_options(values, &self.options)
            .map_err(|e| self.failed(e))?;
        let take = |port: &Port| {
            let value = outputs
                .get(&port.name)
                .ok_or_else(|| RunError::batch(format!("the graph gave no `{}`", port.name)))?;
            port.element.tensor(value)
        };
        self.outputs.iter().map(take).collect()
    }
}

impl Element {
    fn of(ty: TensorElementType) -> Option<Self> {
        match ty {
            TensorElementType::Float32 => Some(Self::F32),
            TensorElementType::Int32 => Some(Self::I32),
            TensorElementType::Int64 => Some(Self::I64),
            TensorElementType::Uint8 => Some(Self::U8),
            _ => None,
        }
    }

    /// The type by which manifests and pipelines know it.
    fn shown(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::I32 | Self::I64 => DType::I32,
            Self::U8 => DType::U8,
        }
    }

    /// Lends a tensor to the library, which reads it where it lies. Only 64-bit integers are written anew.
    fn value(self, tensor: &Tensor) -> ort::Result<SessionInputValue<'_>> {
        let shape = tensor.shape();
        Ok(match tensor.data() {
            Data::F32(v) => TensorRef::from_array_view((shape, v.as_slice()))?.into(),
            Data::I32(v) if self == Self::I64 => {
                let wide: Vec<i64> = v.iter().map(|n| i64::from(*n)).collect();
                Owned::from_array((shape, wide))?.into()
            }
            Data::I32(v) => TensorRef::from_array_view((shape, v.as_slice()))?.into(),
            Data::U8(v) => TensorRef::from_array_view((shape, v.as_slice()))?.into(),
            Data::Pinned(v) => TensorRef::from_array_view((shape, &v[..]))?.into(),
        })
    }

    /// Copies an output out of the library.
    fn tensor(self, value: &DynValue) -> Result<Tensor, RunError> {
        let (shape, data) = match self {
            Self::F32 => copy(value, |v: &[f32]| Data::F32(v.to_vec())),
            Self::I32 => copy(value, |v: &[i32]| Data::I32(v.to_vec())),
            Self::I64 => copy(value, |v: &[i64]| Data::I32(v.iter().map(narrow).collect())),
            Self::U8 => copy(value, |v: &[u8]| Data::U8(v.to_vec())),
        }
        .map_err(|error| RunError::batch(error.to_string()))?;
        Tensor::new(shape, data).map_err(|error| RunError::batch(error.to_string()))
    }
}

/// 64 bits as 32; what does not fit stays at the end of the range.
fn narrow(wide: &i64) -> i32 {
    let nearest = if *wide < 0 { i32::MIN } else { i32::MAX };
    i32::try_from(*wide).unwrap_or(nearest)
}

fn copy<T: PrimitiveTensorElementType>(
    value: &DynValue,
    elements: impl Fn(&[T]) -> Data,
) -> ort::Result<(Vec<usize>, Data)> {
    let (shape, data) = value.try_extract_tensor::<T>()?;
    // The library never gives a negative extent of a tensor that is there.
    let shape = shape.iter().map(|n| usize::try_from(*n).unwrap_or(0));
    Ok((shape.collect(), elements(data)))
}
