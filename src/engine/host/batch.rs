//! One batch through a graph: items that are not sound fail alone, the others run together.

use super::{
    Graph,
    pixels::with_planes,
    port::{Port, inputs_of},
    state::{advance, with_host_state},
};
use crate::engine::{
    backend::{Item, ItemDone, Outputs, RunError, RunTimes},
    manifest::{Manifest, TensorSpec},
    tensor::Tensor,
};
use std::{sync::Arc, time::Instant};

/// A graph with the roles that the manifest gives its tensors.
pub(super) struct Served<G> {
    graph: G,
    inputs: Vec<Port>,
    /// The roles of the outputs.
    outputs: Vec<Arc<str>>,
}

impl<G> Served<G> {
    pub(super) fn new(manifest: &Manifest, graph: G) -> Self {
        let role = |spec: &TensorSpec| Arc::from(spec.role.as_str());
        Self {
            graph,
            inputs: inputs_of(manifest),
            outputs: manifest.output.iter().map(role).collect(),
        }
    }
}

impl<G: Graph> Served<G> {
    /// Runs the items that are sound; one answer an item, in order.
    pub(super) fn run_batch(&self, batch: Vec<Item>, shapes: &[Vec<usize>]) -> Vec<ItemDone> {
        let started = Instant::now();
        let judge = |item: Item| {
            let item = with_host_state(&self.inputs, with_planes((&self.inputs, shapes), item));
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
                Ok(outputs) => advance(&self.inputs, item, outputs),
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
        let mut inputs = self.inputs.iter().zip(shapes);
        inputs.try_for_each(|(port, shape)| port.check(port.input_of(item)?, shape))
    }

    fn run(&self, batch: &[&Item]) -> Result<Vec<Outputs>, RunError> {
        let stacked = self.stack_inputs(batch)?;
        let inputs: Vec<&Tensor> = stacked.iter().map(AsRef::as_ref).collect();
        self.unstack_outputs(self.graph.run(&inputs)?, batch.len())
    }

    /// One tensor an input for the whole batch; borrowed where the batch is one item.
    fn stack_inputs<'a>(&self, batch: &[&'a Item]) -> Result<Vec<Stacked<'a>>, RunError> {
        let stack = |port: &Port| {
            let parts = batch.iter().map(|item| port.input_of(item));
            match parts.collect::<Result<Vec<_>, _>>()?.as_slice() {
                [one] => Ok(Stacked::Borrowed(one)),
                many => Tensor::stack(many)
                    .map(Stacked::Owned)
                    .map_err(|e| RunError::batch(e.to_string())),
            }
        };
        self.inputs.iter().map(stack).collect()
    }

    fn unstack_outputs(
        &self,
        tensors: Vec<Tensor>,
        batch: usize,
    ) -> Result<Vec<Outputs>, RunError> {
        let mut items: Vec<Vec<(Arc<str>, Tensor)>> = (0..batch).map(|_| Vec::new()).collect();
        for (role, tensor) in self.outputs.iter().zip(tensors) {
            let parts = tensor.unstack();
            if parts.len() != batch {
                return Err(RunError::batch(format!(
                    "output `{role}` has {} items, not {batch}",
                    parts.len()
                )));
            }
            for (item, part) in items.iter_mut().zip(parts) {
                item.push((Arc::clone(role), part));
            }
        }
        Ok(items.into_iter().map(Outputs::new).collect())
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
