//! What reads plans.
//!
//! Invariant: a runtime outlives every engine that it read.

use crate::{
    engine::Engine,
    error::{Error, heard},
    object::Object,
    table::Table,
};
use std::{fmt, sync::Arc};

/// What reads plans, on the device on which it was made. Clones are the same one.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    object: Object,
    table: &'static Table,
}

// SAFETY: reading plans is all that is done with it, and that may be done from several threads ("How TensorRT Works", thread
// safety, in the vendor's documentation).
unsafe impl Sync for Inner {}

// === impl Runtime ===

impl Runtime {
    pub(crate) fn new(object: Object, table: &'static Table) -> Self {
        Self(Arc::new(Inner { object, table }))
    }

    pub(crate) fn table(&self) -> &'static Table {
        self.0.table
    }

    /// Reads a plan and puts its weights on the device; the bytes are not needed afterwards.
    ///
    /// A plan is for one version of one library and, as a rule, one kind of device. Who trusts its source must have reasons:
    /// a plan can carry code.
    ///
    /// # Errors
    /// It is not a plan for this library and device, or there is no memory for it; the error has the library's words.
    pub fn deserialize(&self, plan: &[u8]) -> Result<Engine, Error> {
        let object = heard("deserializeCudaEngine", || {
            // SAFETY: the object is a runtime of the table's version; the library reads the plan during the call alone, and
            // what it returns is ours.
            unsafe {
                let (deserialize, this) = self.0.object.method(self.table().deserialize);
                Object::from_raw(deserialize(this, plan.as_ptr().cast(), plan.len()))
            }
        })?;
        Ok(Engine::new(object, self.clone()))
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}
