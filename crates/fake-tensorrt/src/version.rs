//! Which version this library is, for as long as it is loaded.
//!
//! The file's name decides: `libfake_tensorrt_10.13.3.so`, `…_11.so`, `…_rtx.so`. A name without a version leaves it to
//! `FAKE_TENSORRT_VERSION`. So a process can load several, if they are different files.

use std::{
    ffi::{CStr, OsStr},
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::LazyLock,
};

/// The variable that is asked when the file's name says nothing.
const VARIABLE: &str = "FAKE_TENSORRT_VERSION";
/// What a file's name says before its version.
const STEM: &str = "libfake_tensorrt_";

/// Major, minor and patch; TensorRT-RTX has majors of its own, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) [i32; 3]);

/// The version of this library.
pub(crate) static OWN: LazyLock<Version> = LazyLock::new(|| {
    let told = named(&file()).or_else(|| std::env::var(VARIABLE).ok());
    told.as_deref()
        .and_then(Version::parse)
        .unwrap_or(Version([11, 4, 0]))
});

/// The file that this code was loaded from.
fn file() -> std::path::PathBuf {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let here: *const () = file as *const ();
    // SAFETY: it fills what it is given, and null pointers are valid in what it leaves out.
    let info = unsafe {
        libc::dladdr(here.cast(), info.as_mut_ptr());
        info.assume_init()
    };
    if info.dli_fname.is_null() {
        return std::path::PathBuf::new();
    }
    // SAFETY: the name ends with a zero byte and lives as long as this code.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    OsStr::from_bytes(name.to_bytes()).into()
}

/// The version in a file's name.
fn named(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_str()?;
    stem.strip_prefix(STEM).map(ToOwned::to_owned)
}

// === impl Version ===

impl Version {
    /// `10.13.3`; or a major alone, for the version of it that is in use: `10`, `11`, `rtx`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "10" => return Some(Self([10, 13, 3])),
            "11" => return Some(Self([11, 4, 0])),
            "rtx" => return Some(Self([1, 7, 1])),
            _ => {}
        }
        let numbers: Result<Vec<i32>, _> = text.split('.').map(str::parse).collect();
        numbers.ok()?.try_into().ok().map(Self)
    }

    /// As `getInferLibVersion` tells it.
    pub(crate) fn raw(self) -> i32 {
        let [major, minor, patch] = self.0;
        major * 10_000 + minor * 100 + patch
    }

    /// The part that plans are bound to.
    pub(crate) fn of_plans(self) -> String {
        let [major, minor, _] = self.0;
        format!("{major}.{minor}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_the_version_behind_the_stem() {
        let named = |name: &str| named(Path::new(name));
        assert_eq!(
            named("/tmp/libfake_tensorrt_10.13.3.so").as_deref(),
            Some("10.13.3")
        );
        assert_eq!(named("/tmp/libfake_tensorrt.so"), None);
    }

    #[test]
    fn a_major_alone_stands_for_the_version_in_use() {
        let raw = |text| Version::parse(text).map(Version::raw);
        assert_eq!(raw("10"), Some(101_303));
        assert_eq!(raw("rtx"), Some(10_701));
        assert_eq!(raw("12.0.0"), Some(120_000));
        assert_eq!(raw("twelve"), None);
    }
}
