//! ONNX Runtime's library: opened when the program runs, and looked at before anybody relies on it.
//!
//! A binding that finds another interface than it was made for panics, or worse. So everything that can be wrong with a file
//! is found out here: whether it is whole ([`elf`]), whether the dynamic linker takes it, whether it is ONNX Runtime, and
//! whether it has the interface that is wanted. Not responsible for where to look, nor for what is done with the library.
//! Invariant: a [`Candidate`] can be called through that interface, and stays open as long as it lives.

#[cfg(not(unix))]
compile_error!("which file a library came from is asked of the dynamic linker of Unix systems");

mod elf;

use libloading::Symbol;
use std::{
    ffi::{CStr, c_char, c_void},
    path::{Path, PathBuf},
};

/// A library that can be used.
#[derive(Debug)]
pub struct Candidate {
    /// Its file, as the linker found it.
    pub path: PathBuf,
    /// What it calls its version, such as `1.24.1`.
    pub version: String,
    /// Keeps it open.
    _open: libloading::Library,
}

/// Why a library cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The dynamic linker does not take the file.
    #[error("the library cannot be opened: {words}")]
    Unopened {
        /// What the linker says; names the file.
        words: String,
    },
    /// A part of the file is missing; opening it would end the process.
    #[error("{} is cut short: it has {found} bytes of {needed}", path.display())]
    CutShort {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length that its own header tells.
        needed: u64,
    },
    /// It is another library.
    #[error("{} is not ONNX Runtime: it has no working OrtGetApiBase", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It does not have the functions that are called.
    #[error("{} is ONNX Runtime {version}, and 1.{interface} or later is needed", path.display())]
    TooOld {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: String,
        /// The interface that was asked for.
        interface: u32,
    },
}

/// The entry of every version; `OrtApiBase` in `onnxruntime_c_api.h`.
#[repr(C)]
struct ApiBase {
    /// The interface of this number, or null.
    get_api: unsafe extern "C" fn(u32) -> *const c_void,
    version: unsafe extern "C" fn() -> *const c_char,
}

type GetApiBase = unsafe extern "C" fn() -> *const ApiBase;

/// Opens a library and finds out whether it can be called through an interface, which has the number of the minor version
/// that brought it.
///
/// A name without a directory goes to the dynamic linker, which looks where it always does.
///
/// # Errors
/// What is wrong with it.
pub fn open(path: &Path, interface: u32) -> Result<Candidate, Fault> {
    let cut = elf::cut_short(path).filter(|_| !is_for_the_linker(path));
    if let Some(elf::CutShort { found, needed }) = cut {
        let path = path.to_owned();
        return Err(Fault::CutShort {
            path,
            found,
            needed,
        });
    }
    // SAFETY: opening a library runs its initialisers. Whoever names this file, or installs it where libraries are looked
    // for, trusts it with the process.
    let open = unsafe { libloading::Library::new(path) }.map_err(|error| Fault::Unopened {
        words: match error {
            libloading::Error::DlOpen { source } => source.to_string(),
            other => other.to_string(),
        },
    })?;
    let (path, version) = look_at(&open, path, interface)?;
    Ok(Candidate {
        path,
        version,
        _open: open,
    })
}

/// Whether this is a name without a directory, which the dynamic linker looks for.
pub fn is_for_the_linker(path: &Path) -> bool {
    path.components().count() == 1 && !path.is_absolute()
}

/// The file and the version of an open library that can be called.
fn look_at(
    open: &libloading::Library,
    asked: &Path,
    interface: u32,
) -> Result<(PathBuf, String), Fault> {
    let foreign = || Fault::Foreign {
        path: asked.to_owned(),
    };
    // SAFETY: the function of this name has had this signature in every version of ONNX Runtime (`onnxruntime_c_api.h`).
    let base: Symbol<'_, GetApiBase> =
        unsafe { open.get(b"OrtGetApiBase") }.map_err(|_| foreign())?;
    let path = file_of(*base).unwrap_or_else(|| asked.to_owned());
    // SAFETY: the call takes nothing, and gives a table that lives as long as the library, or null.
    let base = unsafe { base().as_ref() }.ok_or_else(foreign)?;
    // SAFETY: both functions of the table are there in every version, and take no pointer.
    let version = unsafe { text((base.version)()) }.ok_or_else(foreign)?;
    // An older library answers the next call too, but with a line of its own on standard error.
    // SAFETY: as above.
    if !is_new_enough(&version, interface) || unsafe { (base.get_api)(interface) }.is_null() {
        return Err(Fault::TooOld {
            path,
            version,
            interface,
        });
    }
    Ok((path, version))
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

/// Whether a version such as `1.32.0` has the interface.
fn is_new_enough(version: &str, interface: u32) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let (Some(Some(major)), Some(Some(minor))) = (parts.next(), parts.next()) else {
        return false;
    };
    (major, minor) >= (1, interface)
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
            assert_eq!(is_new_enough(version, 24), enough, "{version}");
        }
    }

    #[test]
    fn a_name_without_a_directory_is_for_the_linker() {
        for (path, is_for_it) in [
            ("libonnxruntime.so", true),
            ("lib/libonnxruntime.so", false),
            ("/libonnxruntime.so", false),
            ("/", false),
        ] {
            assert_eq!(is_for_the_linker(Path::new(path)), is_for_it, "{path}");
        }
    }

    #[test]
    fn a_library_of_something_else_is_told_by_its_path() {
        // The C library is open in every process, under a name that the linker knows.
        let path = file_of_c().expect("a program has a C library");
        let fault = open(&path, 24).expect_err("it has no OrtGetApiBase");
        assert_eq!(fault, Fault::Foreign { path });
    }

    fn file_of_c() -> Option<PathBuf> {
        let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
        let files = maps
            .lines()
            .filter_map(|line| line.split_whitespace().nth(5));
        files.map(PathBuf::from).find(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("libc.so") || name.starts_with("libc-"))
        })
    }
}
