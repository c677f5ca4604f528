//! What a plan's tensors must be for the manifest's: checked when a plan is loaded, so that no run is surprised.

use super::super::ptx::Floats;
use crate::engine::{DType, LoadError, Manifest, manifest::TensorSpec};
use tensorrt_rs::{Format, Location, Mode, TensorInfo};

/// A plan's tensors as the manifest has them.
#[derive(Clone, Debug)]
pub struct Tensors {
    /// Inputs, then outputs, each once.
    pub all: Vec<Bound>,
    /// Inputs that an item brings, by their place in `all`.
    pub inlets: Vec<usize>,
    /// State inputs, each with the output that takes its place.
    pub states: Vec<(usize, usize)>,
    /// Outputs that leave the device.
    pub outlets: Vec<usize>,
}

/// One tensor of a plan.
#[derive(Clone, Debug)]
pub struct Bound {
    /// What the manifest says of it.
    pub spec: TensorSpec,
    /// The floats of a picture's planes in the plan.
    pub floats: Floats,
}

impl Tensors {
    /// Finds the manifest's tensors among the plan's.
    ///
    /// # Errors
    /// The first that is not there, or not as the manifest says.
    pub fn find(manifest: &Manifest, plan: &[TensorInfo]) -> Result<Self, LoadError> {
        let bind = |mode| move |spec: &TensorSpec| bind(spec, plan, mode);
        let inputs = manifest.input.iter().map(bind(Mode::Input));
        let outputs = manifest.output.iter().map(bind(Mode::Output));
        let all = inputs.chain(outputs).collect::<Result<Vec<_>, _>>()?;
        let outputs = manifest.input.len();
        let output = |role: &str| manifest.output.iter().position(|o| o.role == role);
        let (mut inlets, mut states) = (Vec::new(), Vec::new());
        for (at, spec) in manifest.input.iter().enumerate() {
            match manifest.state_of(&spec.role) {
                None => inlets.push(at),
                Some(state) => {
                    let successor = output(&state.output).map(|nth| outputs + nth);
                    let successor = successor.ok_or_else(|| {
                        LoadError::new("a state has no successor", "correct model.toml")
                    })?;
                    whole(&all[at])?;
                    whole(&all[successor])?;
                    states.push((at, successor));
                }
            }
        }
        let leaves = |(nth, spec): (usize, &TensorSpec)| (!spec.resident).then_some(outputs + nth);
        Ok(Self {
            outlets: manifest
                .output
                .iter()
                .enumerate()
                .filter_map(leaves)
                .collect(),
            all,
            inlets,
            states,
        })
    }
}

fn bind(spec: &TensorSpec, plan: &[TensorInfo], mode: Mode) -> Result<Bound, LoadError> {
    let (name, role) = (&spec.name, &spec.role);
    let found = plan
        .iter()
        .find(|info| info.name == *name && info.mode == mode);
    let info = found.ok_or_else(|| {
        let why = format!("the plan has no `{name}`, which model.toml gives the role `{role}`");
        LoadError::new(why, "correct the name in model.toml")
    })?;
    if info.location != Location::Device || info.format != Format::Linear {
        return Err(LoadError::new(
            format!(
                "the plan wants `{name}` elsewhere, or in another order, than plain device memory"
            ),
            "build it with linear inputs and outputs",
        ));
    }
    Ok(Bound {
        floats: floats(spec, info)?,
        spec: spec.clone(),
    })
}

/// Pictures may be halves in the plan: our kernels make them. Anything else is as the manifest says.
fn floats(spec: &TensorSpec, info: &TensorInfo) -> Result<Floats, LoadError> {
    use tensorrt_rs::DType as T;
    match (spec.dtype, info.dtype) {
        (DType::F32, T::F32) | (DType::I32, T::I32) | (DType::U8, T::U8) => Ok(Floats::Single),
        (DType::F32, T::F16) if spec.pixels().is_some() => Ok(Floats::Half),
        (want, have) => Err(LoadError::new(
            format!(
                "`{}` is {want:?} in model.toml and {have:?} in the plan",
                spec.name
            ),
            "build the plan with the types of model.toml",
        )),
    }
}

/// A session's state begins as 32-bit floats.
fn whole(bound: &Bound) -> Result<(), LoadError> {
    match bound.floats {
        Floats::Single => Ok(()),
        Floats::Half => Err(LoadError::new(
            format!("the plan keeps the state `{}` in halves", bound.spec.name),
            "build it with 32-bit floats as inputs and outputs",
        )),
    }
}
