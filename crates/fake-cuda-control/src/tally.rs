//! What has been called and moved, for tests to look at.

/// What lives now, and what has happened since the last reset.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes that callers have allocated on all devices.
    pub device_bytes: u64,
    /// Blocks that those are.
    pub allocations: u64,
    /// Bytes of pinned host memory.
    pub pinned_bytes: u64,
    /// Blocks that those are.
    pub pinned_allocations: u64,
    /// Streams, those that every context has by itself not among them.
    pub streams: u64,
    /// Events.
    pub events: u64,
    /// Modules.
    pub modules: u64,
    /// Graphs.
    pub graphs: u64,
    /// Graphs that can be launched.
    pub executable_graphs: u64,
    /// Primary contexts that are active.
    pub contexts: u64,
    /// Pieces of work that are queued and have not been carried out.
    pub queued: u64,
    /// Bytes that copies have carried from the host to devices.
    pub bytes_to_device: u64,
    /// Bytes that copies have carried from devices to the host.
    pub bytes_to_host: u64,
    /// Bytes that copies have carried within devices.
    pub bytes_within: u64,
    /// Kernels that have run, those of graphs among them.
    pub kernels: u64,
    /// Graphs that have been carried out.
    pub graph_launches: u64,
    /// Calls of `cuCtxSynchronize`.
    pub context_synchronises: u64,
    /// Other calls that waited for all of a context: giving memory back, unloading a module.
    pub implicit_synchronises: u64,
}
