//! Builds that do not come to a good end: nothing is left of them, and it is said why.

use super::{BUILD, Workshop};
use crate::support::server::Launch;
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::Signal,
};
use std::{fs, fs::File, io::Write as _, path::Path};

#[test]
fn a_builder_that_fails_is_told_in_its_last_words() {
    let workshop = Workshop::trtexec(
        r#"printf 'half a plan' > "$out"
echo "[I] Start parsing network model."
echo "[E] Could not parse the graph." >&2
echo "&&&& FAILED TensorRT.trtexec"
exit 1"#,
    );
    let (code, printed) = workshop.build(&["world-box"]);
    assert_eq!(code, Some(1), "{printed}");
    for part in [
        "world-box: not built",
        "exit status: 1",
        "Could not parse the graph.",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    workshop.assert_nothing_left();
}

#[test]
fn a_builder_that_writes_nothing_has_failed_too() {
    let workshop = Workshop::trtexec("exit 0");
    let (code, printed) = workshop.build(&["world-box"]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("wrote nothing"), "{printed}");
    workshop.assert_nothing_left();
}

#[test]
fn one_model_that_cannot_be_built_does_not_hold_up_the_others() {
    let workshop = Workshop::trtexec(&format!("case $out in *fencer*) exit 1 ;; esac\n{BUILD}"));
    let (code, printed) = workshop.build(&["--all"]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("fencer-keypoints: not built"), "{printed}");
    assert!(printed.contains("world-box: built"), "{printed}");
}

#[test]
fn a_failed_build_leaves_the_plan_that_was_there() {
    let workshop = Workshop::trtexec(&format!("test -e $here/broken && exit 1\n{BUILD}"));
    workshop.build(&["world-box"]);
    fs::write(workshop.path().join("broken"), "").unwrap();
    let (code, printed) = workshop.build(&["world-box", "--force"]);
    assert_eq!(code, Some(1), "{printed}");
    fs::remove_file(workshop.path().join("broken")).unwrap();
    let (_, printed) = workshop.build(&["world-box"]);
    assert!(printed.contains("there already"), "{printed}");
}

/// A pipe that is open for both directions, so that opening it waits for nobody.
fn pipe(path: &Path) -> File {
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    File::options().read(true).write(true).open(path).unwrap()
}

/// A builder that writes half a plan and goes on when something comes through the pipe.
fn slow() -> (Workshop, File) {
    let workshop = Workshop::trtexec(&format!(
        "echo $$ > $here/pid\nprintf half > $out\necho \"[I] Start parsing network model.\"\nread go < $here/pipe\n{BUILD}"
    ));
    let pipe = pipe(&workshop.path().join("pipe"));
    (workshop, pipe)
}

fn background(launch: Launch) -> crate::support::server::Server {
    launch.only(&[]).unready().start()
}

#[test]
fn a_signal_ends_the_builder_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        let (workshop, _pipe) = slow();
        let mut build = background(workshop.building(&["world-box"]));
        build.await_printed("Start parsing");
        assert_eq!(workshop.files("partial").len(), 2, "the graph and the plan");
        build.signal(signal);
        assert_eq!(build.await_exit().code(), Some(1));
        workshop.assert_nothing_left();
        let pid = fs::read_to_string(workshop.path().join("pid")).unwrap();
        assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists());
    }
}

#[test]
fn two_cannot_build_the_same_plan_at_once() {
    let (workshop, mut pipe) = slow();
    let mut first = background(workshop.building(&["world-box"]));
    first.await_printed("Start parsing");
    let (code, printed) = workshop.build(&["world-box"]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("another process"), "{printed}");
    pipe.write_all(b"go\n").unwrap();
    assert_eq!(first.await_exit().code(), Some(0));
    assert_eq!(workshop.files(".engine").len(), 1);
}

#[test]
fn a_killed_build_leaves_no_plan_and_holds_up_no_other() {
    let (workshop, mut pipe) = slow();
    let mut first = background(workshop.building(&["world-box"]));
    first.await_printed("Start parsing");
    first.signal(Signal::KILL);
    first.await_exit();
    assert_eq!(workshop.files(".engine").len(), 0);
    // One for the builder that lost its parent, one for ours.
    pipe.write_all(b"go\ngo\n").unwrap();
    let (code, printed) = workshop.build(&["world-box"]);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(workshop.files(".engine.toml").len(), 1);
}

#[test]
fn without_a_gpu_somebody_must_say_for_what() {
    let workshop = Workshop::trtexec(BUILD);
    let (code, printed) = workshop.launch(&["models", "build", "world-box"]).run();
    assert_eq!((code, workshop.builds()), (Some(1), 0), "{printed}");
    assert!(printed.contains("--compute 8.9"), "{printed}");
}

#[test]
fn a_precision_that_the_builder_does_not_take_is_refused_with_the_way_to_it() {
    let workshop = Workshop::new("trtexec", "110400", BUILD);
    let (code, printed) = workshop.build(&["world-box", "--precision", "fp16"]);
    assert_eq!((code, workshop.builds()), (Some(1), 0), "{printed}");
    assert!(printed.contains("export the file in fp16"), "{printed}");
    let (code, printed) = workshop.build(&["world-box"]);
    assert_eq!((code, workshop.builds()), (Some(0), 1), "{printed}");
    assert!(!workshop.arguments().iter().any(|a| a == "--fp16"));
}

#[test]
fn a_builder_whose_plans_nobody_here_runs_is_refused() {
    for (version, said) in [("8601", "TensorRT 8.6.1"), ("next", "does not say which")] {
        let workshop = Workshop::new("trtexec", version, BUILD);
        let (code, printed) = workshop.build(&["world-box"]);
        assert_eq!((code, workshop.builds()), (Some(1), 0), "{printed}");
        assert!(printed.contains(said), "{printed}");
    }
}

#[test]
fn a_builder_that_is_not_there_is_told_by_its_key() {
    let cache = "gpu.builder=/nowhere/trtexec";
    let launch = Launch::command(&["models", "build", "world-box", "--set", cache]);
    let (code, printed) = launch.run();
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("gpu.builder") && printed.contains("/nowhere/trtexec"));
}

#[test]
fn a_model_that_is_not_there_is_told_with_those_that_are() {
    let workshop = Workshop::trtexec(BUILD);
    let (code, printed) = workshop.build(&["world-bix"]);
    assert_eq!((code, workshop.builds()), (Some(1), 0), "{printed}");
    assert!(printed.contains("world-bix") && printed.contains("world-box"));
}
