//! A double in C++, compiled of the vendor's headers.
//!
//! Invariant: nothing of the headers outlives the test.

use super::{declarations::implementation, enumerators::assertions, fetched};
use crate::children;
use std::{
    ffi::{CStr, c_char},
    fs,
    path::Path,
};
use tensorrt_rs::Library;

/// What the double is made of besides what the headers declare.
const FRAME: &str = include_str!("frame.cpp");

/// The double, open.
pub struct Cpp {
    /// Holds the library and what it was made of.
    _folder: tempfile::TempDir,
    pub library: Library,
    last_call: unsafe extern "C" fn() -> *const c_char,
}

impl Cpp {
    /// Of the headers of one folder, saying that it is that version; `restored` methods are put back into the engine.
    pub fn compile(headers: &str, version: i32, restored: &[&str]) -> Result<Self, String> {
        let all = fetched("headers")?;
        let (folder, own) = (tempfile::tempdir().unwrap(), all.join(headers));
        let header = restore(
            &fs::read_to_string(own.join("NvInferImpl.h")).unwrap(),
            restored,
        );
        fs::write(folder.path().join("NvInferImpl.h"), &header).unwrap();
        // Headers include their neighbours first, so all of them have to be neighbours of the changed one.
        for neighbour in fs::read_dir(&own).unwrap() {
            let neighbour = neighbour.unwrap().path();
            let to = folder.path().join(neighbour.file_name().unwrap());
            if neighbour.is_file() && !to.exists() {
                fs::copy(&neighbour, to).unwrap();
            }
        }
        let classes = ["VRuntime", "VCudaEngine", "VExecutionContext"];
        let methods = classes.map(|class| implementation(&header, class)).concat();
        let text = FRAME
            .replace("METHODS", &methods)
            .replace("ASSERTIONS", &assertions());
        let path = folder.path().join("libcpp.so");
        let [own, all] = [folder.path(), &all].map(|place| format!("-I{}", place.display()));
        let [major, version] = [
            format!("-DMAJOR={}", version / 10_000),
            format!("-DVERSION={version}"),
        ];
        let arguments = [
            "-x",
            "c++",
            "-std=c++17",
            "-w",
            &own,
            &all,
            &major,
            &version,
        ];
        children::compile("c++", &arguments, &text, &path)?;
        Ok(Self::open(folder, &path))
    }

    fn open(folder: tempfile::TempDir, path: &Path) -> Self {
        let library = Library::open(Some(path)).unwrap();
        // SAFETY: it was compiled from the text above, where this function is.
        let last_call = unsafe {
            let library = std::mem::ManuallyDrop::new(libloading::Library::new(path).unwrap());
            *library.get(c"last_call").unwrap()
        };
        Self {
            _folder: folder,
            library,
            last_call,
        }
    }

    /// The last call's name and what it was given.
    pub fn last(&self) -> String {
        // SAFETY: it gives a string of the library's that lives until the next call.
        let last = unsafe { CStr::from_ptr((self.last_call)()) };
        last.to_str().unwrap().to_owned()
    }
}

/// Puts methods that a later version dropped back where they were: behind the one that makes contexts.
fn restore(header: &str, methods: &[&str]) -> String {
    let before =
        "createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept = 0;";
    let method = |name: &&str| format!(" virtual std::size_t {name}() noexcept = 0;");
    let methods: String = methods.iter().map(method).collect();
    assert!(header.contains(before));
    header.replacen(before, &format!("{before}{methods}"), 1)
}
