//! What there is, and one of it closely.

use super::{BUILD, Workshop};
use serde_json::Value;
use std::fs;

fn json(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap_or_else(|e| panic!("{e}: {printed}"))
}

#[test]
fn every_model_is_listed_with_what_could_run_it() {
    let workshop = Workshop::trtexec(BUILD);
    let (code, printed) = workshop.launch(&["models", "list"]).run();
    assert_eq!(code, Some(0), "{printed}");
    for name in ["world-box", "fencer-keypoints"] {
        let line = printed.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(
            line.contains("model.onnx") && line.contains("rten"),
            "{line}"
        );
        assert!(line.contains("not built"), "{line}");
    }
}

#[test]
fn a_plan_that_was_built_is_listed() {
    let workshop = Workshop::trtexec(BUILD);
    workshop.build(&["world-box"]);
    let (_, printed) = workshop.launch(&["models", "list", "--json"]).run();
    let listed = json(&printed);
    let state = |name: &str| {
        let models = listed["models"].as_array().unwrap();
        let model = models.iter().find(|model| model["name"] == name).unwrap();
        model["plans"][0]["state"].clone()
    };
    // Nothing here runs it, so nobody can say whether it fits.
    assert_eq!(state("world-box"), "unjudged");
    assert_eq!(state("fencer-keypoints"), "not-built");
}

#[test]
fn a_folder_that_is_no_model_is_listed_with_what_is_wrong() {
    let workshop = Workshop::trtexec(BUILD);
    let models = workshop.path().join("models");
    fs::create_dir_all(models.join("broken")).unwrap();
    fs::write(models.join("broken/model.toml"), "schema = ").unwrap();
    let set = format!("engine.models_dir={}", models.display());
    let list = ["models", "list", "--set", &set];
    let (_, printed) = workshop.launch(&list).run();
    assert!(printed.contains("broken is no model"), "{printed}");
    let (_, printed) = workshop.launch(&[&list[..], &["--json"]].concat()).run();
    assert_eq!(json(&printed)["faults"][0]["folder"], "broken");
    let check = ["models", "check", "broken", "--set", &set];
    let (code, printed) = workshop.launch(&check).run();
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("`broken` is no model"), "{printed}");
}

#[test]
fn a_sound_model_passes_its_check() {
    let workshop = Workshop::trtexec(BUILD);
    let (code, printed) = workshop.launch(&["models", "check", "world-box"]).run();
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("image 1x3x64x64 to 8x3x1280x1280"),
        "{printed}"
    );
}

#[test]
fn a_model_whose_file_is_another_does_not_pass_its_check() {
    let workshop = Workshop::trtexec(BUILD);
    let folder = workshop.path().join("models/world-box");
    fs::create_dir_all(&folder).unwrap();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/models/world-box/model.toml");
    fs::copy(manifest, folder.join("model.toml")).unwrap();
    fs::write(folder.join("model.onnx"), "another").unwrap();
    let set = format!(
        "engine.models_dir={}",
        workshop.path().join("models").display()
    );
    let check = ["models", "check", "world-box", "--json", "--set", &set];
    let (code, printed) = workshop.launch(&check).run();
    assert_eq!(code, Some(1), "{printed}");
    let found = json(&printed);
    assert_eq!(found["can_run"], false);
    let text = found["findings"][0]["text"].as_str().unwrap();
    assert!(text.contains("SHA-256"), "{text}");
}
