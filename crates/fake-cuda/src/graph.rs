//! Graphs: captured work, as it was noted.
//!
//! Not responsible for launching. Invariant: a graph never changes; what can be launched keeps its own share of it.

use crate::{code::Code, context::Context, machine::Shared, work::Work};
use std::sync::Arc;

/// One graph.
#[derive(Debug)]
pub(crate) struct Graph {
    works: Arc<[Work]>,
    /// A handle for each piece of work.
    pub nodes: Vec<usize>,
}

impl Graph {
    pub fn of(shared: &mut Shared, works: Vec<Work>) -> Self {
        let nodes = works.iter().map(|_| shared.handle()).collect();
        Self {
            works: works.into(),
            nodes,
        }
    }
}

impl Context {
    pub fn graph(&self, graph: usize) -> Result<&Graph, Code> {
        self.graphs.get(&graph).ok_or(Code::INVALID_HANDLE)
    }

    /// `cuGraphInstantiate`.
    pub fn instantiate(&mut self, shared: &mut Shared, graph: usize) -> Result<usize, Code> {
        let works = Arc::clone(&self.graph(graph)?.works);
        let handle = shared.handle();
        self.executables.insert(handle, works);
        Ok(handle)
    }

    /// `cuGraphDestroy`.
    pub fn destroy_graph(&mut self, graph: usize) -> Result<(), Code> {
        let gone = self.graphs.remove(&graph);
        gone.map(|_| ()).ok_or(Code::INVALID_HANDLE)
    }

    /// `cuGraphExecDestroy`.
    pub fn destroy_executable(&mut self, executable: usize) -> Result<(), Code> {
        let gone = self.executables.remove(&executable);
        gone.map(|_| ()).ok_or(Code::INVALID_HANDLE)
    }
}
