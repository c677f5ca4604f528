//! The library's file: opened, looked at, started. One a process, for as long as that lives.
//!
//! The binding `ort` has one place for a library, which cannot be emptied, and panics at its first call if what lies there
//! has another interface. So everything that can be wrong is found out here before.

use super::{elf, missing::Missing, places::Places};
use libloading::Symbol;
use ort::{environment::Environment, logging::LogLevel, sys::OrtApiBase};
use std::{
    ffi::{CStr, c_char, c_void},
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// The library in use.
#[derive(Debug)]
pub(super) struct Library {
    path: PathBuf,
    version: String,
    /// Or why it did not start. It cannot be started twice.
    environment: Result<Environment, String>,
}

/// A library that could be used.
struct Candidate {
    path: PathBuf,
    version: String,
    /// Keeps it open until `ort` has opened it too.
    _open: libloading::Library,
}

static IN_USE: OnceLock<Library> = OnceLock::new();
static OPENING: Mutex<()> = Mutex::new(());

type GetApiBase = unsafe extern "C" fn() -> *const OrtApiBase;

/// The first library that can be used.
///
/// # Errors
/// What is wrong with the one that was named, or with the first that is there.
pub(super) fn find(places: &Places) -> Result<&'static Library, Missing> {
    let anywhere = match places {
        Places::Named(path) => return open(path),
        Places::Anywhere(paths) => paths,
    };
    let mut fault = None;
    for path in anywhere {
        match open(path) {
            Ok(library) => return Ok(library),
            Err(missing) if is_absent(&missing, path) => {}
            Err(missing) => {
                fault.get_or_insert(missing);
            }
        }
    }
    Err(fault.unwrap_or(Missing::Absent))
}

/// Whether the linker says of this very name that there is none, and not of something that the library needs.
fn is_absent(missing: &Missing, path: &Path) -> bool {
    let Missing::Unopened { words } = missing else {
        return false;
    };
    let name = path.to_string_lossy();
    let said = words.strip_prefix(&*name).unwrap_or_default();
    said.ends_with("No such file or directory")
}

/// Opens and starts the library at this path, unless it is in use already.
fn open(path: &Path) -> Result<&'static Library, Missing> {
    // A name without a directory goes to the linker as it is.
    let by_name = path.components().count() == 1 && !path.is_absolute();
    let path = if by_name {
        path.to_owned()
    } else {
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
    };
    if let Some(elf::CutShort { found, needed }) = elf::cut_short(&path).filter(|_| !by_name) {
        return Err(Missing::CutShort {
            path,
            found,
            needed,
        });
    }
    let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    let library = match IN_USE.get() {
        Some(library) if by_name || library.is_at(&path) => library,
        // What is wrong with the file itself is worth more to a reader than that it comes too late.
        Some(library) => {
            let Candidate { path, .. } = look_at(&path)?;
            let in_use = library.to_string();
            return Err(Missing::Another { path, in_use });
        }
        None => start(look_at(&path)?)?,
    };
    library.environment().map(|_| library)
}

/// Opens a file and finds out whether it is an ONNX Runtime that can be called.
fn look_at(path: &Path) -> Result<Candidate, Missing> {
    // SAFETY: opening a library runs its initialisers. Whoever names this file, or installs it where libraries are looked
    // for, trusts it with the process.
    let open = unsafe { libloading::Library::new(path) }.map_err(|error| Missing::Unopened {
        words: match error {
            libloading::Error::DlOpen { source } => source.to_string(),
            other => other.to_string(),
        },
    })?;
    let foreign = || Missing::Foreign {
        path: path.to_owned(),
    };
    // SAFETY: the function of this name has had this signature in every version of ONNX Runtime (`onnxruntime_c_api.h`).
    let base: Symbol<'_, GetApiBase> =
        unsafe { open.get(b"OrtGetApiBase") }.map_err(|_| foreign())?;
    let path = file_of(*base).unwrap_or_else(|| path.to_owned());
    // SAFETY: the call takes nothing, and gives a table that lives as long as the library, or null.
    let base = unsafe { base().as_ref() }.ok_or_else(foreign)?;
    // SAFETY: both functions of the table are there in every version, and take no pointer.
    let version = unsafe { text((base.GetVersionString)()) }.ok_or_else(foreign)?;
    // An older library answers the next call too, but with a line of its own on standard error.
    // SAFETY: as above.
    if !is_new_enough(&version) || unsafe { (base.GetApi)(ort::MINOR_VERSION) }.is_null() {
        return Err(Missing::TooOld { path, version });
    }
    Ok(Candidate {
        path,
        version,
        _open: open,
    })
}

/// Hands the library to `ort` and starts it.
fn start(candidate: Candidate) -> Result<&'static Library, Missing> {
    let Candidate {
        path,
        version,
        _open,
    } = candidate;
    let builder = ort::init_from(&path).map_err(|error| Missing::Unstarted {
        library: name(&version, &path),
        words: error.to_string(),
    })?;
    // Its telemetry is a feature of builds for Windows; it stays off in any.
    let built = builder
        .with_name("frameloom")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build();
    let environment = built.map_err(|error| error.to_string());
    if let Ok(environment) = &environment {
        // Without it every node that is placed would be formatted, and then thrown away.
        environment.set_log_level(LogLevel::Warning);
    }
    Ok(IN_USE.get_or_init(|| Library {
        path,
        version,
        environment,
    }))
}

/// What the library says by itself. Its warnings are about graphs, for those who export them; its errors are returned too.
fn log(level: LogLevel, _category: &str, _id: &str, _location: &str, said: &str) {
    match level {
        LogLevel::Error | LogLevel::Fatal => tracing::warn!(said, "onnxruntime reports an error"),
        _ => tracing::debug!(said, "onnxruntime warns"),
    }
}

/// The file that holds a function, as the linker found it.
fn file_of(function: GetApiBase) -> Option<PathBuf> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: any address may be asked for; `info` is written to if the answer is not 0.
    let known = unsafe { libc::dladdr(function as *const c_void, info.as_mut_ptr()) } != 0;
    // SAFETY: all bytes zero are a valid value too: null pointers.
    let info = unsafe { info.assume_init() };
    // SAFETY: the name belongs to the linker and lives as long as the library is open, which it is.
    let name = unsafe { text(info.dli_fname) }.filter(|_| known)?;
    std::path::absolute(name).ok()
}

/// A C text; `None` if it is null or not UTF-8.
///
/// # Safety
/// The pointer is null, or points to a text that ends with a zero byte and lives through the call.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: as promised.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().ok().map(str::to_owned)
}

/// Whether a version such as `1.32.0` has the interface that is called.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let (Some(Some(major)), Some(Some(minor))) = (parts.next(), parts.next()) else {
        return false;
    };
    (major, minor) >= (1, ort::MINOR_VERSION)
}

fn name(version: &str, path: &Path) -> String {
    format!("ONNX Runtime {version}, {}", path.display())
}

impl Library {
    /// What sessions are made in.
    pub(super) fn environment(&self) -> Result<&Environment, Missing> {
        self.environment
            .as_ref()
            .map_err(|words| Missing::Unstarted {
                library: self.to_string(),
                words: words.clone(),
            })
    }

    fn is_at(&self, path: &Path) -> bool {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        real(&self.path) == real(path)
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(&self.version, &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_the_interfaces_on_are_new_enough() {
        for (version, enough) in [
            ("1.24.0", true),
            ("1.32.0", true),
            ("2.0.0", true),
            ("1.23.2", false),
            ("0.99.0", false),
            ("1", false),
            ("", false),
            ("one.two", false),
        ] {
            assert_eq!(is_new_enough(version), enough, "{version}");
        }
    }

    #[test]
    fn a_name_that_the_linker_does_not_know_is_absent_and_what_it_needs_is_not() {
        let said = |words: &str| Missing::Unopened {
            words: words.into(),
        };
        let end = "cannot open shared object file: No such file or directory";
        let name = Path::new("libonnxruntime.so");
        assert!(is_absent(&said(&format!("libonnxruntime.so: {end}")), name));
        assert!(!is_absent(&said(&format!("libneeded.so.3: {end}")), name));
        assert!(!is_absent(
            &said("libonnxruntime.so: invalid ELF header"),
            name
        ));
    }
}
