//! The vendor's own libraries, on a machine with or without a device: they open and say what they are, and what they say of
//! a failure arrives. `scripts/vendor-tensorrt` fetches them.

use crate::{assumed, children, vendor::fetched};
use std::{env, path::Path};
use tensorrt_rs::{Flavour, Library, Logger};

/// What the script fetches.
const LIBRARIES: [(&str, &str, Flavour); 3] = [
    ("libnvinfer_lean.so.11", "11.4.0", Flavour::Lean),
    ("libnvinfer_lean.so.10", "10.16.1", Flavour::Lean),
    ("libtensorrt_rtx.so.1", "1.7.1", Flavour::Rtx),
];

#[test]
fn the_vendors_libraries_open_and_say_what_they_are() {
    let folder = match fetched("libraries") {
        Ok(folder) => folder,
        Err(why) => return println!("skipped: {why}"),
    };
    for (file, version, flavour) in LIBRARIES {
        let library = Library::open(Some(&folder.join(file))).unwrap();
        let says = (library.version().to_string(), library.flavour());
        assert_eq!(says, (version.to_owned(), flavour));
    }
}

/// Names the library that a child opens.
const LIBRARY: &str = "TENSORRT_RS_LIBRARY";

/// Nothing is to be relied on without a device, not even that a runtime is an object; so it is tried where nothing is lost.
#[test]
fn what_the_vendors_libraries_cannot_do_they_say_in_their_own_words() {
    const SELF: &str = "real::what_the_vendors_libraries_cannot_do_they_say_in_their_own_words";
    if children::is_child() {
        let library = env::var_os(LIBRARY).unwrap();
        return println!("refused: {}", refusal(Path::new(&library)));
    }
    let folder = match fetched("libraries") {
        Ok(folder) => folder,
        Err(why) => return println!("skipped: {why}"),
    };
    for (file, ..) in LIBRARIES {
        let library = folder.join(file);
        let done = children::run(SELF, &[(LIBRARY, library.to_str().unwrap())]);
        println!("{file}: {}", done.says);
        assert!(done.succeeded);
        let refused = done
            .says
            .lines()
            .find_map(|line| line.split_once("refused: "));
        let (_, words) = refused.unwrap();
        assert!(words.contains(" failed: "));
        assert!(!words.contains("gave no reason"), "{words}");
    }
}

/// What the library says of a plan that is none, or, where there is no device, of the wish for a runtime.
fn refusal(path: &Path) -> String {
    let library = Library::open(Some(path)).unwrap();
    let logger = Logger::new(|severity, message| println!("{severity:?}: {message}"));
    let error = match library.runtime(&assumed(), logger) {
        Ok(runtime) => runtime.deserialize(b"this is no plan").unwrap_err(),
        Err(error) => error,
    };
    error.to_string()
}
