//! Plans that are built: what the builder is told, and what is in the cache then.

use super::{BUILD, Workshop};
use std::fs;

#[test]
fn a_plan_is_built_with_a_sidecar_that_describes_it() {
    let workshop = Workshop::trtexec(BUILD);
    let (code, printed) = workshop.build(&["world-box", "--precision", "fp16"]);
    assert_eq!(code, Some(0), "{printed}");
    let [plan] = workshop.files(".engine").try_into().unwrap();
    assert!(printed.contains(plan.to_str().unwrap()), "{printed}");
    assert_eq!(fs::read(&plan).unwrap(), b"a plan");
    let [sidecar] = workshop.files(".engine.toml").try_into().unwrap();
    let sidecar: toml::Table = fs::read_to_string(sidecar).unwrap().parse().unwrap();
    for (key, value) in [
        ("tensorrt", "10.13.3"),
        ("flavour", "full"),
        ("compute", "9.0"),
        ("precision", "fp16"),
        ("builder", "trtexec 10.13.3"),
    ] {
        assert_eq!(sidecar[key].as_str(), Some(value), "{sidecar}");
    }
    let image = &sidecar["profiles"]["image"];
    assert_eq!(image["max"].as_array().unwrap().len(), 4, "{sidecar}");
    assert_eq!(workshop.files("partial").len(), 0);
}

#[test]
fn the_builder_is_told_what_the_manifest_says() {
    let workshop = Workshop::trtexec(BUILD);
    let (code, printed) = workshop.build(&["world-box", "--precision", "fp16"]);
    assert_eq!(code, Some(0), "{printed}");
    let arguments = workshop.arguments();
    for argument in [
        "--minShapes=image:1x3x64x64,pose:1x6,scene:1x4",
        "--optShapes=image:8x3x352x608,pose:8x6,scene:8x4",
        "--maxShapes=image:8x3x1280x1280,pose:8x6,scene:8x4",
        "--fp16",
        "--skipInference",
    ] {
        assert!(arguments.iter().any(|a| a == argument), "{arguments:?}");
    }
    assert!(arguments[0].starts_with("--onnx="), "{arguments:?}");
}

#[test]
fn what_the_builder_does_is_told_as_it_does_it() {
    let workshop = Workshop::trtexec(BUILD);
    let (_, printed) = workshop.build(&["world-box"]);
    let at = |text: &str| {
        printed
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {printed}"))
    };
    let said = at("trtexec 10.13.3 builds for compute capability 9.0, fp32");
    assert!(said < at("s: Start parsing network model."), "{printed}");
    assert!(at("s: Start parsing") < at("s: Engine built in 1.5 sec."));
    assert!(at("s: Engine built") < at("world-box: built in"));
}

#[test]
fn what_is_there_is_not_built_again_unless_that_is_wanted() {
    let workshop = Workshop::trtexec(BUILD);
    workshop.build(&["world-box"]);
    let (code, printed) = workshop.build(&["world-box"]);
    assert_eq!((code, workshop.builds()), (Some(0), 1), "{printed}");
    assert!(printed.contains("there already"), "{printed}");
    workshop.build(&["world-box", "--force"]);
    assert_eq!(workshop.builds(), 2);
    workshop.build(&["world-box", "--precision", "bf16"]);
    assert_eq!((workshop.builds(), workshop.files(".engine").len()), (3, 2));
}

#[test]
fn a_plan_whose_bytes_changed_is_built_again() {
    let workshop = Workshop::trtexec(BUILD);
    workshop.build(&["world-box"]);
    let [plan] = workshop.files(".engine").try_into().unwrap();
    fs::write(plan, "half").unwrap();
    let (code, printed) = workshop.build(&["world-box"]);
    assert_eq!((code, workshop.builds()), (Some(0), 2), "{printed}");
}

#[test]
fn all_builds_every_model_that_has_a_graph() {
    let workshop = Workshop::trtexec(BUILD);
    let (code, printed) = workshop.build(&["--all"]);
    assert_eq!(code, Some(0), "{printed}");
    let mut plans = workshop.files(".engine");
    plans.sort();
    assert_eq!(plans.len(), 2, "{plans:?}");
    assert!(plans[0].to_str().unwrap().contains("fencer-keypoints-"));
    assert!(plans[1].to_str().unwrap().contains("world-box-"));
}

#[test]
fn rtx_needs_no_gpu_and_builds_for_all_of_them() {
    let workshop = Workshop::new("tensorrt_rtx", "10701", BUILD);
    let (code, printed) = workshop.launch(&["models", "build", "world-box"]).run();
    assert_eq!(code, Some(0), "{printed}");
    let [sidecar] = workshop.files(".engine.toml").try_into().unwrap();
    let sidecar: toml::Table = fs::read_to_string(sidecar).unwrap().parse().unwrap();
    for (key, value) in [
        ("tensorrt", "1.7.1"),
        ("flavour", "rtx"),
        ("compute", "any"),
        ("precision", "strong"),
    ] {
        assert_eq!(sidecar[key].as_str(), Some(value), "{sidecar}");
    }
}

#[test]
fn a_model_of_ones_own_is_built_from_its_own_file() {
    let workshop = Workshop::trtexec(BUILD);
    let models = workshop.path().join("models");
    let folder = models.join("world-box");
    fs::create_dir_all(&folder).unwrap();
    let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/models/world-box");
    for name in ["model.toml", "model.onnx"] {
        fs::copy(format!("{built_in}/{name}"), folder.join(name)).unwrap();
    }
    let models = format!("engine.models_dir={}", models.display());
    let (code, printed) = workshop.build(&["world-box", "--set", &models]);
    assert_eq!(code, Some(0), "{printed}");
    let onnx = format!("--onnx={}", folder.join("model.onnx").display());
    assert_eq!(workshop.arguments()[0], onnx);
}
