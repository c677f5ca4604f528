//! The video file whose sound a new one shall have.
//!
//! Invariant: the file is open, so it is there even if it has no name any more.

use std::{fs::File, io, process::Stdio, sync::Arc};

/// An open video file. Cheap to clone; equal to its clones alone.
#[derive(Clone, Debug)]
pub struct Sound(Arc<File>);

impl Sound {
    /// The sound of this file.
    #[must_use]
    pub fn of(file: File) -> Self {
        Self(Arc::new(file))
    }

    /// The file as a program's standard input, by whose name it is opened anew and read from its beginning.
    ///
    /// # Errors
    /// If the process has no more file descriptors.
    pub(super) fn input(&self) -> io::Result<Stdio> {
        Ok(self.0.try_clone()?.into())
    }
}

impl PartialEq for Sound {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
