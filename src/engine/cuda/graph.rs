//! A stream's work, captured once and launched as one.

use super::fault::{Check as _, Checked, Code};
use super::stream::Stream;
use cust::sys::{
    CUgraph, CUgraphExec, CUstreamCaptureMode, cuGraphDestroy, cuGraphExecDestroy,
    cuGraphInstantiate_v2, cuGraphLaunch, cuStreamBeginCapture_v2, cuStreamEndCapture,
};
use std::ptr;

/// A graph that can be launched; destroyed when dropped, on the device's thread.
#[derive(Debug)]
pub struct Graph(CUgraphExec);

/// Why no graph was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGraph<E> {
    /// The work itself could not be put on the stream.
    #[error("the work cannot be put on a stream that is captured: {0}")]
    Work(E),
    /// The driver could not capture it.
    #[error("{0}")]
    Capture(Code),
}

impl Graph {
    /// Captures what `work` puts on the stream; nothing of it runs.
    ///
    /// # Errors
    /// If it cannot be captured; the stream can be used all the same.
    pub fn capture<E>(
        stream: &Stream,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<Self, NoGraph<E>> {
        // Only this thread's calls are watched: others may take memory meanwhile.
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream is alive.
        unsafe { cuStreamBeginCapture_v2(stream.as_inner(), mode) }
            .check()
            .map_err(NoGraph::Capture)?;
        let worked = work();
        let mut graph = ptr::null_mut();
        // SAFETY: a capture was begun on this stream, and is ended whatever became of the work.
        let ended = unsafe { cuStreamEndCapture(stream.as_inner(), &raw mut graph) }.check();
        let made = ended.and_then(|()| instantiate(graph));
        destroy(graph);
        match (worked, made) {
            (Ok(()), Ok(exec)) => Ok(Self(exec)),
            (Err(e), made) => {
                drop(made.map(Self));
                Err(NoGraph::Work(e))
            }
            (_, Err(e)) => Err(NoGraph::Capture(e)),
        }
    }

    /// Puts all of it on the stream.
    pub fn launch(&self, stream: &Stream) -> Checked<()> {
        // SAFETY: the graph and the stream are alive, and of one context.
        unsafe { cuGraphLaunch(self.0, stream.as_inner()) }.check()
    }
}

fn instantiate(graph: CUgraph) -> Checked<CUgraphExec> {
    if graph.is_null() {
        return Err(Code::NO_GRAPH);
    }
    let mut exec = ptr::null_mut();
    let (mut node, mut log) = (ptr::null_mut(), [0; 1]);
    // SAFETY: the graph is the one just captured; the log has the length that is given.
    unsafe {
        cuGraphInstantiate_v2(
            &raw mut exec,
            graph,
            &raw mut node,
            log.as_mut_ptr(),
            log.len(),
        )
    }
    .check()?;
    Ok(exec)
}

fn destroy(graph: CUgraph) {
    if !graph.is_null() {
        // SAFETY: made by the capture, and not used any more: a launchable graph is a copy.
        unsafe { cuGraphDestroy(graph) };
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: ours alone. A launch that is under way is not harmed (CUDA Driver API, `cuGraphExecDestroy`).
        unsafe { cuGraphExecDestroy(self.0) };
    }
}
