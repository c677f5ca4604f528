//! The library: found, looked at by [`onnxruntime_find`], started. One a process, for as long as that lives.
//!
//! The binding `ort` has one place for a library, which cannot be emptied, and panics at its first call if what lies there
//! has another interface. So everything that can be wrong is found out here before.

use super::{missing::Missing, places::Places};
use onnxruntime_find::{Candidate, Fault, is_for_the_linker};
use ort::{environment::Environment, logging::LogLevel};
use std::{
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

static IN_USE: OnceLock<Library> = OnceLock::new();
static OPENING: Mutex<()> = Mutex::new(());

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
    let Missing::Unusable(Fault::Unopened { words }) = missing else {
        return false;
    };
    let name = path.to_string_lossy();
    let said = words.strip_prefix(&*name).unwrap_or_default();
    said.ends_with("No such file or directory")
}

/// Opens and starts the library at this path, unless it is in use already.
fn open(path: &Path) -> Result<&'static Library, Missing> {
    let by_name = is_for_the_linker(path);
    let path = if by_name {
        path.to_owned()
    } else {
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
    };
    let look_at = || onnxruntime_find::open(&path, ort::MINOR_VERSION);
    let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    let library = match IN_USE.get() {
        Some(library) if by_name || library.is_at(&path) => library,
        // What is wrong with the file itself is worth more to a reader than that it comes too late.
        Some(library) => {
            let Candidate { path, .. } = look_at()?;
            let in_use = library.to_string();
            return Err(Missing::Another { path, in_use });
        }
        None => start(look_at()?)?,
    };
    library.environment().map(|_| library)
}

/// Hands the library to `ort` and starts it.
fn start(candidate: Candidate) -> Result<&'static Library, Missing> {
    let builder = ort::init_from(&candidate.path).map_err(|error| Missing::Unstarted {
        library: name(&candidate.version, &candidate.path),
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
    // `ort` has it open for good, so that the candidate may close it.
    Ok(IN_USE.get_or_init(|| Library {
        path: candidate.path.clone(),
        version: candidate.version.clone(),
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
    fn a_name_that_the_linker_does_not_know_is_absent_and_what_it_needs_is_not() {
        let said = |words: &str| {
            let words = words.into();
            Missing::from(Fault::Unopened { words })
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
