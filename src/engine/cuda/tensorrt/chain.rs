//! One plan, or several that run one behind the other: what one gives and a later one takes, by its name, stays on the device.
//!
//! Invariant: every input of every plan is one of the manifest's or an output of a plan before it, of the same type.

use super::context::Shaped;
use crate::engine::{EngineKey, LoadError, Manifest, manifest::TensorSpec};
use std::collections::HashMap;
use tensorrt_rs::{Dims, Engine, Error, Format, Location, Mode, TensorInfo};

/// Plans in the order in which they run.
pub struct Chain(Vec<Link>);

/// One plan, read.
struct Link {
    engine: Engine,
    tensors: Vec<TensorInfo>,
}

/// The shapes of all tensors of all plans, by name.
pub type Shapes = HashMap<String, Dims>;

impl Chain {
    /// Asks the plans for their tensors, and how they hang together.
    ///
    /// # Errors
    /// An input that nobody gives; the library's words.
    pub fn new(manifest: &Manifest, engines: Vec<Engine>) -> Result<Self, LoadError> {
        let link = |engine: Engine| {
            let tensors = engine.tensors().map_err(|e| refused("asking a plan", &e))?;
            Ok::<_, LoadError>(Link { engine, tensors })
        };
        let chain = Self(engines.into_iter().map(link).collect::<Result<_, _>>()?);
        for (nth, link) in chain.0.iter().enumerate() {
            for input in link.tensors.iter().filter(|t| t.mode == Mode::Input) {
                chain.check_given(manifest, nth, input)?;
            }
        }
        Ok(chain)
    }

    fn check_given(
        &self,
        manifest: &Manifest,
        nth: usize,
        input: &TensorInfo,
    ) -> Result<(), LoadError> {
        if manifest.input.iter().any(|spec| spec.name == input.name) {
            return Ok(());
        }
        let earlier = self.0[..nth].iter().flat_map(|link| &link.tensors);
        let mut givers = earlier.filter(|t| t.mode == Mode::Output && t.name == input.name);
        let is_plain =
            |t: &TensorInfo| t.location == Location::Device && t.format == Format::Linear;
        match givers.next() {
            Some(giver) if giver.dtype == input.dtype && is_plain(giver) && is_plain(input) => {
                Ok(())
            }
            Some(_) => Err(LoadError::new(
                format!(
                    "`{}` leaves one plan in another form than the next takes it",
                    input.name
                ),
                "build both with the same types, linear, in device memory",
            )),
            None => Err(LoadError::new(
                format!("a plan takes `{}`, which nobody gives it", input.name),
                "name it as an input in model.toml, or give it by a plan that runs before",
            )),
        }
    }

    /// The tensors of all plans; one of a name that several have, the first.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let mut all: Vec<TensorInfo> = Vec::new();
        for tensor in self.0.iter().flat_map(|link| &link.tensors) {
            // What a plan gives and another takes is both; whoever asks says which is meant.
            let is_there = |t: &TensorInfo| t.name == tensor.name && t.mode == tensor.mode;
            if !all.iter().any(is_there) {
                all.push(tensor.clone());
            }
        }
        all
    }

    /// A context of each plan for so many items, and the shapes of all their tensors.
    ///
    /// # Errors
    /// The library's words, for instance that a plan's profile does not hold the shapes.
    pub fn contexts(
        &self,
        (manifest, key): (&Manifest, &EngineKey),
        items: usize,
    ) -> Result<(Vec<Shaped>, Shapes), Error> {
        let extents = |spec: &TensorSpec| {
            let mut extents: Vec<_> = spec.shape_at(key).into_iter().map(|n| n as i64).collect();
            if let Some(batch) = extents.first_mut() {
                *batch = items as i64;
            }
            Ok::<_, Error>((spec.name.clone(), Dims::new(&extents)?))
        };
        let mut shapes: Shapes = manifest
            .input
            .iter()
            .map(extents)
            .collect::<Result<_, _>>()?;
        let mut contexts = Vec::new();
        for Link { engine, tensors } in &self.0 {
            let context = Shaped::new(engine, tensors, &shapes)?;
            for output in tensors.iter().filter(|t| t.mode == Mode::Output) {
                shapes.insert(output.name.clone(), context.extents(&output.name)?);
            }
            contexts.push(context);
        }
        Ok((contexts, shapes))
    }
}

/// The library's words, with a cure.
pub fn refused(doing: &str, error: &Error) -> LoadError {
    LoadError::new(
        format!("{doing}: {error}"),
        "see the log for the library's words; build the plan again if they are of the plan",
    )
}
