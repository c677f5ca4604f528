//! Where the library may lie. Only names files; opens none.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The names that the dynamic linker is asked for: a development package's and a release's.
const NAMES: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];

/// What the process's environment says. Empty is as good as not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `ORT_DYLIB_PATH`, the name that other programs know.
    pub dylib_path: Option<OsString>,
    /// `VIRTUAL_ENV`: the Python that its user works in.
    pub virtual_env: Option<OsString>,
}

/// Candidates, best first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Somebody meant this file.
    Named(PathBuf),
    /// Wherever it happens to be; a name without a directory is for the dynamic linker.
    Anywhere(Vec<PathBuf>),
}

impl Surroundings {
    fn set(value: Option<&OsString>) -> Option<&Path> {
        value.filter(|value| !value.is_empty()).map(Path::new)
    }
}

/// Where to look.
pub(super) fn of(path: Option<&Path>, surroundings: &Surroundings) -> Places {
    let dylib_path = Surroundings::set(surroundings.dylib_path.as_ref());
    if let Some(path) = path.or(dylib_path) {
        return Places::Named(path.to_owned());
    }
    let python = Surroundings::set(surroundings.virtual_env.as_ref());
    let names = NAMES.iter().map(PathBuf::from);
    Places::Anywhere(
        names
            .chain(python.into_iter().flat_map(in_python))
            .collect(),
    )
}

/// The libraries of the package `onnxruntime` in a Python environment, the newest name first.
pub fn in_python(root: &Path) -> Vec<PathBuf> {
    let package = "site-packages/onnxruntime/capi";
    let pythons = entries(&root.join("lib"), "python3").into_iter();
    pythons
        .flat_map(|python| entries(&python.join(package), NAMES[0]))
        .collect()
}

/// What a directory holds with this beginning of its name, in descending order; nothing if it is not there.
fn entries(directory: &Path, beginning: &str) -> Vec<PathBuf> {
    let found = std::fs::read_dir(directory).into_iter().flatten();
    let fits = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(beginning))
    };
    let paths = found.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> = paths.filter(fits).collect();
    paths.sort_unstable_by(|a, b| b.cmp(a));
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python_with_the_package(root: &Path) -> PathBuf {
        let capi = root.join("lib/python3.11/site-packages/onnxruntime/capi");
        std::fs::create_dir_all(&capi).unwrap();
        std::fs::write(capi.join("libonnxruntime_providers_shared.so"), "").unwrap();
        let library = capi.join("libonnxruntime.so.1.32.0");
        std::fs::write(&library, "").unwrap();
        library
    }

    #[test]
    fn a_path_of_the_settings_goes_before_the_environments() {
        let surroundings = Surroundings {
            dylib_path: Some("/environment.so".into()),
            virtual_env: None,
        };
        let named = of(Some(Path::new("/settings.so")), &surroundings);
        assert_eq!(named, Places::Named("/settings.so".into()));
        let named = of(None, &surroundings);
        assert_eq!(named, Places::Named("/environment.so".into()));
    }

    #[test]
    fn an_empty_variable_names_nothing() {
        let surroundings = Surroundings {
            dylib_path: Some("".into()),
            virtual_env: Some("".into()),
        };
        assert_eq!(of(None, &surroundings), of(None, &Surroundings::default()));
    }

    #[test]
    fn the_dynamic_linker_goes_before_the_users_python() {
        let root = tempfile::tempdir().unwrap();
        let library = python_with_the_package(root.path());
        let surroundings = Surroundings {
            dylib_path: None,
            virtual_env: Some(root.path().into()),
        };
        let [first, second] = NAMES.map(PathBuf::from);
        let expected = Places::Anywhere(vec![first, second, library]);
        assert_eq!(of(None, &surroundings), expected);
    }

    #[test]
    fn a_python_without_the_package_has_no_library() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("lib/python3.11/site-packages")).unwrap();
        assert_eq!(in_python(root.path()), Vec::<PathBuf>::new());
        assert_eq!(in_python(&root.path().join("none")), Vec::<PathBuf>::new());
    }
}
