//! Which libraries are taken, and how the others are refused.

use crate::{Bench, VERSIONS, children};
use fake_tensorrt::Double;
use std::path::Path;
use tensorrt_rs::{Flavour, Library, OpenError, library::NAMES};

#[test]
fn each_version_that_is_spoken_opens_and_says_what_it_is() {
    for text in VERSIONS {
        let bench = Bench::new(text);
        assert_eq!(bench.library.version().to_string(), text);
        let rtx = bench.library.flavour() == Flavour::Rtx;
        assert_eq!(rtx, text.starts_with("1."));
    }
}

#[test]
fn versions_of_one_process_are_kept_apart() {
    let (ten, eleven) = (Bench::new("10"), Bench::new("11"));
    let _runtimes = (ten.runtime(), eleven.runtime());
    assert_eq!(ten.library.version().major, 10);
    assert_eq!(eleven.library.version().major, 11);
}

#[test]
fn an_unknown_major_is_refused_with_what_it_is_and_what_is_spoken() {
    let double = Double::install("12.0.0").unwrap();
    let error = Library::open(Some(double.path())).unwrap_err();
    assert!(matches!(error, OpenError::Unspoken { .. }));
    let says = error.to_string();
    let spoken = "TensorRT 12.0.0; this program speaks TensorRT 10.0 to 10.16, TensorRT 11 and TensorRT-RTX 1.7";
    assert!(says.ends_with(spoken), "{says}");
}

#[test]
fn an_rtx_other_than_1_7_is_refused_by_name() {
    for version in ["1.6.1", "1.8.0"] {
        let double = Double::install(version).unwrap();
        let says = Library::open(Some(double.path())).unwrap_err().to_string();
        assert!(
            says.contains(&format!("is TensorRT-RTX {version}")),
            "{says}"
        );
    }
}

#[test]
fn a_minor_version_of_10_that_never_was_is_refused_by_name() {
    let double = Double::install("10.17.0").unwrap();
    let says = Library::open(Some(double.path())).unwrap_err().to_string();
    assert!(says.contains("is TensorRT 10.17.0"), "{says}");
}

#[test]
fn a_library_that_is_not_there_is_told_in_the_loaders_words() {
    let error = Library::open(Some(Path::new("/nowhere/libnvinfer.so"))).unwrap_err();
    let expected = "/nowhere/libnvinfer.so cannot be opened: cannot open shared object file: No such file or directory";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_library_that_is_no_tensorrt_is_told_by_what_it_lacks() {
    let error = Library::open(Some(Path::new("libc.so.6"))).unwrap_err();
    let OpenError::Foreign { symbol, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(symbol, "getInferLibVersion");
}

#[test]
fn without_a_path_every_usual_name_is_tried_and_told() {
    match Library::open(None) {
        Ok(library) => println!("skipped: {library:?} is installed here"),
        Err(error) => {
            let says = error.to_string();
            assert!(NAMES.iter().all(|name| says.contains(name)), "{says}");
        }
    }
}

#[test]
fn without_a_path_the_first_usual_name_that_opens_is_taken() {
    const SELF: &str = "opening::without_a_path_the_first_usual_name_that_opens_is_taken";
    if children::is_child() {
        let library = Library::open(None).unwrap();
        assert_eq!(library.path(), Path::new("libnvinfer.so.10"));
        // The name tells the double no version, so the environment did.
        assert_eq!(library.version().to_string(), "10.16.1");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("libnvinfer.so.11"), "no library").unwrap();
    for name in ["libnvinfer.so.10", "libtensorrt_rtx.so.1"] {
        std::fs::copy(fake_tensorrt::built().unwrap(), folder.path().join(name)).unwrap();
    }
    let folder = folder.path().to_str().unwrap();
    let variables = [
        ("LD_LIBRARY_PATH", folder),
        ("FAKE_TENSORRT_VERSION", "10.16.1"),
    ];
    let done = children::run(SELF, &variables);
    assert!(done.succeeded, "{}", done.says);
}
