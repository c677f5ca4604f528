//! Files that are not the ONNX Runtime that is wanted: each is told with a reason and a cure, and ends nothing.
//!
//! Those that must be libraries are compiled here, from a few lines of C.

use crate::{
    probe::device,
    subject::{onnxruntime, peers, world_box},
};
use frameloom::engine::{
    Backend as _, Probe,
    ort::{Fault, Missing, Ort, Surroundings, in_python},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What comes of a file that somebody names.
fn named(path: &Path) -> Missing {
    let ort = Ort::find(Some(path), &Surroundings::default());
    ort.ready().expect_err("it cannot be used")
}

/// A library of this source; `None` without a C compiler, which says so.
fn compiled(folder: &Path, source: &str) -> Option<PathBuf> {
    let (text, library) = (folder.join("library.c"), folder.join("libonnxruntime.so"));
    std::fs::write(&text, source).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]);
    let status = compiler.arg(&library).arg(&text).status();
    let compiled = status.is_ok_and(|status| status.success());
    if !compiled {
        println!("skipped: no C compiler");
    }
    compiled.then_some(library)
}

/// An ONNX Runtime that tells this version (as C has it) and has no interface.
fn source(version: &str) -> String {
    format!(
        "static const void *api(unsigned version) {{ return 0; }}\n\
         static const char *told(void) {{ return {version}; }}\n\
         static const struct {{ const void *(*api)(unsigned); const char *(*told)(void); }}\n\
         base = {{ api, told }};\n\
         const void *OrtGetApiBase(void) {{ return &base; }}\n"
    )
}

fn named_source(source: &str) -> Option<(tempfile::TempDir, PathBuf, Missing)> {
    let folder = tempfile::tempdir().unwrap();
    let library = compiled(folder.path(), source)?;
    let missing = named(&library);
    Some((folder, library, missing))
}

/// The library that the suite runs on, and its file.
fn present() -> Option<(Ort, PathBuf)> {
    let ort = onnxruntime();
    match ort.ready() {
        Ok(library) => {
            let (_, path) = library.split_once(", ").unwrap();
            Some((ort, path.into()))
        }
        Err(missing) => {
            println!("skipped: {missing}");
            None
        }
    }
}

#[test]
fn what_is_there_is_told_with_version_and_path() {
    let Some((ort, path)) = present() else { return };
    let Probe::Available(library) = ort.probe() else {
        panic!("it was available")
    };
    assert!(library.starts_with("ONNX Runtime 1."), "{library}");
    assert!(path.is_absolute() && path.is_file(), "{library}");
}

#[test]
fn the_library_of_the_package_for_python_is_found() {
    if in_python(&peers()).is_empty() {
        println!("skipped: the tests' Python has no onnxruntime");
        return;
    }
    present().expect("it can be used");
}

#[test]
fn where_nothing_is_installed_it_says_how_to_install_it() {
    let missing = Missing::Absent;
    let Probe::Missing { why, fix } = Probe::from(missing) else {
        panic!("it is missing")
    };
    assert!(why.contains("no ONNX Runtime"), "{why}");
    assert!(fix.contains("pip install onnxruntime"), "{fix}");
    assert!(fix.contains("engine.onnxruntime"), "{fix}");
}

#[test]
fn a_file_that_is_not_there_is_told_by_its_path() {
    let missing = named(Path::new("/nowhere/libonnxruntime.so"));
    let why = missing.to_string();
    assert!(why.contains("/nowhere/libonnxruntime.so"), "{why}");
    assert!(why.contains("No such file"), "{why}");
    assert!(missing.fix().contains("engine.onnxruntime"));
}

#[test]
fn files_that_are_no_libraries_are_told_in_the_linkers_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libonnxruntime.so");
    for (bytes, words) in [
        (&b""[..], "file too short"),
        (&[b'#'; 4_096], "invalid ELF header"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let missing = named(&file);
        assert!(matches!(missing, Missing::Unusable(Fault::Unopened { .. })));
        assert!(missing.to_string().contains(words), "{missing}");
    }
    assert!(matches!(
        named(folder.path()),
        Missing::Unusable(Fault::Unopened { .. })
    ));
}

#[test]
fn a_download_that_broke_off_is_refused_before_it_is_opened() {
    let Some((_, path)) = present() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libonnxruntime.so");
    let whole = std::fs::read(path).unwrap();
    for kept in [1_000, whole.len() / 2] {
        std::fs::write(&file, &whole[..kept]).unwrap();
        let missing = named(&file);
        let Missing::Unusable(Fault::CutShort { found, needed, .. }) = missing else {
            panic!("{missing}")
        };
        assert_eq!(found, kept as u64);
        assert!(needed > found && needed <= whole.len() as u64);
    }
}

#[test]
fn another_library_is_told_apart() {
    for source in [
        "int nothing(void) { return 0; }\n",
        "const void *OrtGetApiBase(void) { return 0; }\n",
        &source("0"),
        &source("\"\\xff\""),
    ] {
        let Some((_folder, path, missing)) = named_source(source) else {
            return;
        };
        assert_eq!(missing, Missing::Unusable(Fault::Foreign { path }));
    }
}

#[test]
fn an_older_library_is_told_with_its_version_and_the_one_that_is_wanted() {
    for (told, version) in [("\"1.17.3\"", "1.17.3"), ("\"unknown\"", "unknown")] {
        let Some((_folder, path, missing)) = named_source(&source(told)) else {
            return;
        };
        let version = version.to_owned();
        let expected = format!("is ONNX Runtime {version}, and 1.24 or later is needed");
        assert!(missing.to_string().ends_with(&expected), "{missing}");
        assert_eq!(
            missing,
            Missing::Unusable(Fault::TooOld {
                path,
                version,
                interface: 24
            })
        );
    }
}

#[test]
fn a_library_without_the_interface_that_its_version_promises_is_refused() {
    let Some((_folder, _, missing)) = named_source(&source("\"1.32.0\"")) else {
        return;
    };
    assert!(
        matches!(missing, Missing::Unusable(Fault::TooOld { .. })),
        "{missing}"
    );
}

#[test]
fn one_library_found_twice_is_one() {
    let Some((_, path)) = present() else { return };
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("libonnxruntime.so");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let again = Ort::find(Some(&link), &Surroundings::default());
    assert_eq!(again.ready(), onnxruntime().ready());
}

#[test]
fn a_second_library_is_refused_with_the_one_that_is_in_use() {
    let Some((ort, path)) = present() else { return };
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("libonnxruntime.so");
    std::fs::copy(&path, &second).unwrap();
    let missing = named(&second);
    assert!(matches!(missing, Missing::Another { .. }), "{missing}");
    assert!(
        missing.to_string().contains(path.to_str().unwrap()),
        "{missing}"
    );
    assert!(ort.ready().is_ok(), "the first one still runs");
}

#[test]
fn a_model_is_refused_with_the_reason_why_there_is_no_library() {
    let nowhere = Path::new("/nowhere/libonnxruntime.so");
    let ort = Ort::find(Some(nowhere), &Surroundings::default());
    let error = ort.load(&world_box().model, &device()).err().unwrap();
    let missing = named(nowhere);
    assert_eq!((error.why, error.fix), (missing.to_string(), missing.fix()));
}

#[test]
fn a_gpu_that_cannot_be_had_is_told_in_the_librarys_words_and_never_replaced_by_the_cpu() {
    let Some((ort, path)) = present() else { return };
    for (gpu, name, wanted) in [
        (ort.clone().cuda(0), "onnxruntime-cuda", "CUDA"),
        (ort.tensorrt(0), "onnxruntime-tensorrt", "TensorRT"),
    ] {
        assert_eq!(gpu.name(), name);
        let Err(missing) = gpu.ready() else {
            println!("{name} skipped: this machine has it");
            continue;
        };
        let why = missing.to_string();
        let begin = format!(
            "{} does not run on GPU 0 through {wanted}: ",
            path.display()
        );
        let (_, words) = why.split_once(&begin).expect(&why);
        assert!(words.len() > 10, "the library's own words: {words}");
        assert!(missing.fix().contains("onnxruntime-gpu"), "{missing}");
        let error = gpu.load(&world_box().model, &device()).err().unwrap();
        assert_eq!((error.why, error.fix), (why, missing.fix()));
    }
}
