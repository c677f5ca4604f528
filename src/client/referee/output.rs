//! The file that a result is saved in.
//!
//! Invariant: it is open for writing before anything is sent, and what lay there stays until there is a result. One that was
//! made for nothing is removed.

use super::Failure;
use serde_json::Value;
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

/// The file, open.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    file: File,
    /// Whether it is there for this result alone, and does not hold it yet.
    is_in_vain: bool,
}

impl Output {
    /// Opens it, if one was asked for.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be written.
    pub fn open(path: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let mut options = OpenOptions::new();
        options.write(true);
        let (file, is_in_vain) = match options.clone().create_new(true).open(path) {
            Err(why) if why.kind() == ErrorKind::AlreadyExists => (options.open(path), false),
            made => (made, true),
        };
        Ok(Some(Self {
            path: path.to_owned(),
            file: file.map_err(|why| local(path, &why))?,
            is_in_vain,
        }))
    }

    /// Writes the result, whole, in the place of what was there.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be written.
    pub fn save(mut self, result: &Value) -> Result<(), Failure> {
        let text = format!("{result:#}\n");
        self.write(text.as_bytes())
            .map_err(|why| local(&self.path, &why))?;
        self.is_in_vain = false;
        Ok(())
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        // A pipe or a terminal has no length.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(text)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.is_in_vain {
            let removed = std::fs::remove_file(&self.path);
            tracing::debug!(?removed, "no result to save");
        }
    }
}

fn local(path: &Path, why: &io::Error) -> Failure {
    Failure::Local(format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_longer_file_is_written_over_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        std::fs::write(&path, "x".repeat(100)).unwrap();
        let output = Output::open(Some(&path)).unwrap().unwrap();
        output.save(&json!({"a": 1})).unwrap();
        let saved = std::fs::read(&path).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&saved).unwrap(),
            json!({"a": 1})
        );
    }

    #[test]
    fn without_a_result_nothing_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
        std::fs::write(&old, "kept").unwrap();
        for path in [&old, &new] {
            drop(Output::open(Some(path)).unwrap());
        }
        assert_eq!(std::fs::read_to_string(old).unwrap(), "kept");
        assert!(!new.exists());
    }
}
