//! A library on this machine: finding it, asking which version it is, and refusing those that are not known.
//!
//! Makes nothing but a [`Runtime`], and that only for somebody who has a proof of a device: without a driver some
//! versions return addresses where nothing lies.
//! Invariant: a library that was opened is never closed, for its objects and threads point into it.

use crate::{
    error::{Error, heard},
    logger::Logger,
    object::{Object, Raw},
    runtime::Runtime,
    table::{SPOKEN, Table},
    version::{Flavour, Version},
};
use cuda_lazy::Present;
use libloading::os::unix::{self, RTLD_LOCAL, RTLD_NOW};
use std::{
    error::Error as _,
    ffi::{OsStr, c_void},
    fmt,
    path::{Path, PathBuf},
};

/// A library whose version is spoken here. Cheap to clone.
#[derive(Clone)]
pub struct Library {
    path: PathBuf,
    raw_version: i32,
    version: Version,
    flavour: Flavour,
    table: &'static Table,
    create_runtime: CreateRuntime,
}

/// Why there is no library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The loader cannot open it.
    #[error("{} cannot be opened: {why}", path.display())]
    Loader {
        /// As it was named.
        path: PathBuf,
        /// The loader's own words.
        why: String,
    },
    /// It was opened and is no TensorRT.
    #[error("{} is not TensorRT: it has no {symbol}", path.display())]
    Foreign {
        /// As it was named.
        path: PathBuf,
        /// What it lacks.
        symbol: &'static str,
    },
    /// It is a version whose methods are not known here.
    #[error("{} is {flavour} {version}; this program speaks {SPOKEN}", path.display())]
    Unspoken {
        /// As it was named.
        path: PathBuf,
        /// Which library.
        flavour: Flavour,
        /// What it says that it is.
        version: Version,
    },
    /// None of the usual names leads to one that can be used.
    #[error("no TensorRT was found: {}", each(.0))]
    NotFound(
        /// One for each of [`NAMES`].
        Vec<OpenError>,
    ),
}

fn each(errors: &[OpenError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// Where the vendor's packages put their libraries, in the order in which they are looked for: what builds and runs, what
/// only runs, what is for consumers' cards; the newer first.
pub const NAMES: [&str; 7] = [
    "libnvinfer.so.11",
    "libnvinfer.so.10",
    "libnvinfer.so",
    "libnvinfer_lean.so.11",
    "libnvinfer_lean.so.10",
    "libnvinfer_lean.so",
    "libtensorrt_rtx.so.1",
];

/// `createInferRuntime_INTERNAL(logger, version)`.
type CreateRuntime = unsafe extern "C" fn(*mut c_void, i32) -> Raw;
/// `getInferLibVersion()`.
type GetVersion = unsafe extern "C" fn() -> i32;

const CREATE_RUNTIME: &str = "createInferRuntime_INTERNAL";
const CREATE_BUILDER: &str = "createInferBuilder_INTERNAL";
const GET_VERSION: &str = "getInferLibVersion";

// === impl Library ===

impl Library {
    /// Opens the library at `path`, or the first of [`NAMES`] that can be used.
    ///
    /// # Errors
    /// It cannot be opened, or is not one that is spoken here.
    pub fn open(path: Option<&Path>) -> Result<Self, OpenError> {
        if let Some(path) = path {
            return Self::open_one(path);
        }
        let mut errors = Vec::new();
        for name in NAMES {
            match Self::open_one(Path::new(name)) {
                Ok(library) => return Ok(library),
                Err(error) => errors.push(error),
            }
        }
        Err(OpenError::NotFound(errors))
    }

    fn open_one(path: &Path) -> Result<Self, OpenError> {
        let library = Opened::new(path)?;
        // SAFETY: the libraries export both under these names, for C, since TensorRT 5; the first may always be called.
        let (raw_version, create_runtime) = unsafe {
            let version: GetVersion = library.symbol(GET_VERSION)?;
            (version(), library.symbol(CREATE_RUNTIME)?)
        };
        let version = Version::from_raw(raw_version);
        let flavour = Flavour::of(version, library.has(CREATE_BUILDER));
        let table = Table::of(version).ok_or_else(|| OpenError::Unspoken {
            path: path.into(),
            flavour,
            version,
        })?;
        Ok(Self {
            path: path.into(),
            raw_version,
            version,
            flavour,
            table,
            create_runtime,
        })
    }

    /// As it was named when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says that it is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Which of the vendor's libraries it is.
    #[must_use]
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// A runtime on the device that is current on this thread; `_device` proves that there is one.
    ///
    /// The libraries take the first logger that they are given for what belongs to no runtime: pass the same each time.
    ///
    /// # Errors
    /// The library made none.
    pub fn runtime(&self, _device: &Present, log: Logger) -> Result<Runtime, Error> {
        let face = log.face(self.table.logger);
        let object = heard("createInferRuntime", || {
            // SAFETY: the logger is of the shape that this version takes and lives for ever. The version is the library's
            // own, so its check of the caller's headers passes. What it returns is ours; with a device it is no wild
            // pointer.
            unsafe { Object::from_raw((self.create_runtime)(face, self.raw_version)) }
        })?;
        Ok(Runtime::new(object, self.table))
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({})",
            self.flavour,
            self.version,
            self.path.display()
        )
    }
}

/// A library that is open, and stays so.
struct Opened<'a> {
    path: &'a Path,
    library: std::mem::ManuallyDrop<unix::Library>,
}

impl<'a> Opened<'a> {
    fn new(path: &'a Path) -> Result<Self, OpenError> {
        // SAFETY: what runs when it is opened is the vendor's, or that of a library which whoever runs the program named in
        // its place. Its symbols stay its own, so that several versions can be open.
        let opened =
            unsafe { unix::Library::open(Some::<&OsStr>(path.as_ref()), RTLD_NOW | RTLD_LOCAL) };
        let library = opened.map_err(|error| OpenError::Loader {
            path: path.into(),
            why: loaders_words(path, &error),
        })?;
        Ok(Self {
            path,
            library: std::mem::ManuallyDrop::new(library),
        })
    }

    /// # Safety
    /// `F` is the type of the function that the vendor exports under this name.
    unsafe fn symbol<F: Copy>(&self, symbol: &'static str) -> Result<F, OpenError> {
        // SAFETY: passed on to the caller.
        let found = unsafe { self.library.get::<F>(symbol) };
        found.map(|found| *found).map_err(|_| OpenError::Foreign {
            path: self.path.into(),
            symbol,
        })
    }

    fn has(&self, symbol: &'static str) -> bool {
        // SAFETY: the address is not used.
        unsafe { self.symbol::<*const c_void>(symbol) }.is_ok()
    }
}

/// What the loader said, without the library's name in front, which every error here has already.
fn loaders_words(path: &Path, error: &libloading::Error) -> String {
    let words = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let name = format!("{}: ", path.display());
    words
        .strip_prefix(&name)
        .map_or(words.clone(), ToOwned::to_owned)
}
