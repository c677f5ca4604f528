//! Findings from facts, for machines that are not here.

use super::*;
use crate::{
    app::doctor::facts::{Driver, Nvml, PlanFacts},
    config::{BackendChoice, Config, Gpu},
};
use tensorrt_rs::{Flavour, Version};

fn settings() -> Gpu {
    Config::load(crate::config::Sources::default()).unwrap().gpu
}

fn plan(device: Option<u32>, state: PlanState) -> PlanFacts {
    PlanFacts {
        device,
        state,
        why: "the plan's why".into(),
        fix: "run `frameloom models build world`".into(),
    }
}

fn world(plan: PlanFacts) -> ModelFacts {
    ModelFacts {
        name: "world".into(),
        title: "World".into(),
        slot: "world".into(),
        kind: "trained",
        version: "1".into(),
        file: "model.onnx".into(),
        prefers: None,
        has_kernels: false,
        plans: vec![plan],
    }
}

/// A machine with nothing.
fn bare() -> Facts {
    Facts {
        gpu: settings(),
        backend: BackendChoice::Auto,
        names_onnxruntime: false,
        driver: Err("libcuda.so.1: no such file".into()),
        nvml: Err("libnvidia-ml.so.1: no such file".into()),
        tensorrt: Err("no TensorRT".into()),
        builder: Err("no builder".into()),
        onnxruntime: Err(("no ONNX Runtime".into(), "install it".into())),
        onnxruntime_cuda: Vec::new(),
        models: vec![world(plan(None, PlanState::NotBuilt))],
        faults: Vec::new(),
        wanted: vec![Wanted {
            key: "gamecraft.model",
            model: Ok("world".into()),
        }],
    }
}

/// A machine with one GPU of this kind and everything that there is for it.
fn rich(compute: (i32, i32), state: PlanState) -> Facts {
    let version = Version::from_raw(101_303);
    let gpu = Device {
        ordinal: 0,
        name: "Some GPU".into(),
        compute,
        memory: 80 << 30,
        multiprocessors: 132,
    };
    Facts {
        driver: Ok(Driver {
            cuda: (13, 0),
            devices: vec![Ok(gpu)],
        }),
        nvml: Ok(Nvml {
            driver: Some("580.1".into()),
        }),
        tensorrt: Ok(TensorRt::new(
            "libnvinfer.so.10".into(),
            version,
            Flavour::Full,
        )),
        builder: Ok(BuilderProgram {
            path: "/usr/bin/trtexec".into(),
            version,
            flavour: Flavour::Full,
        }),
        models: vec![world(plan(Some(0), state))],
        ..bare()
    }
}

fn find(facts: &Facts, subject: &str) -> Finding {
    let findings = of(facts);
    let found = findings.iter().find(|finding| finding.subject == subject);
    found
        .unwrap_or_else(|| panic!("{subject}: {findings:#?}"))
        .clone()
}

fn troubles(facts: &Facts) -> Vec<String> {
    let findings = of(facts).into_iter();
    let troubles = findings.filter(|finding| finding.mark == Mark::Trouble);
    troubles.map(|finding| finding.subject).collect()
}

#[test]
fn a_machine_with_nothing_is_in_no_trouble() {
    let facts = bare();
    assert_eq!(troubles(&facts), [""; 0]);
    for subject in ["driver", "nvml", "tensorrt", "builder", "onnxruntime"] {
        let finding = find(&facts, subject);
        assert_eq!(finding.mark, Mark::NotUsed, "{finding:?}");
        assert!(finding.fix.is_some(), "{finding:?}");
    }
    let model = find(&facts, "gamecraft.model");
    assert!(model.text.contains("rten on the CPU") && model.text.contains("no GPU"));
}

#[test]
fn what_the_settings_name_and_cannot_be_is_trouble() {
    for (name, subject) in [
        ("driver", "driver"),
        ("nvml", "nvml"),
        ("tensorrt", "tensorrt"),
        ("builder", "builder"),
    ] {
        let mut facts = bare();
        let path = Some("/nowhere/lib.so".into());
        match name {
            "driver" => facts.gpu.driver = path,
            "nvml" => facts.gpu.nvml = path,
            "tensorrt" => facts.gpu.tensorrt = path,
            _ => facts.gpu.builder = path,
        }
        assert_eq!(troubles(&facts), [subject]);
        let fix = find(&facts, subject).fix.unwrap();
        assert!(fix.contains(&format!("gpu.{name}")), "{fix}");
    }
}

#[test]
fn a_gpu_that_the_settings_name_and_is_not_there_is_trouble() {
    let mut facts = bare();
    facts.gpu.devices = GpuChoice::These(vec![0]);
    assert_eq!(troubles(&facts), ["gpu.devices"]);
    let mut facts = rich((9, 0), PlanState::Fresh);
    facts.gpu.devices = GpuChoice::These(vec![0]);
    assert_eq!(troubles(&facts), [""; 0]);
    facts.gpu.devices = GpuChoice::These(vec![0, 2]);
    assert!(find(&facts, "gpu.devices").text.contains("names 2"));
}

#[test]
fn a_gpu_is_told_with_what_it_is_and_whether_our_kernels_run_on_it() {
    let new = find(&rich((9, 0), PlanState::Fresh), "gpu 0");
    assert_eq!(
        new.text,
        "Some GPU, compute capability 9.0, 132 multiprocessors, 80.0 GiB; runs this server's own kernels"
    );
    let old = find(&rich((7, 0), PlanState::Fresh), "gpu 0");
    assert!(old.text.contains("need 7.5"), "{old:?}");
}

#[test]
fn a_gpu_that_is_left_to_others_is_not_used_and_neither_is_its_library() {
    let mut facts = rich((9, 0), PlanState::Fresh);
    facts.gpu.devices = GpuChoice::None;
    assert_eq!(find(&facts, "gpu 0").mark, Mark::NotUsed);
    assert_eq!(find(&facts, "tensorrt").mark, Mark::NotUsed);
    let model = find(&facts, "gamecraft.model");
    assert!(model.text.contains("gpu.devices takes none"), "{model:?}");
}

#[test]
fn a_gpu_that_cannot_be_asked_hides_no_other() {
    let mut facts = rich((9, 0), PlanState::Fresh);
    facts
        .driver
        .as_mut()
        .unwrap()
        .devices
        .insert(0, Err("it has fallen off".into()));
    // The second is number 1 then, but its facts say 0; what is asked is whether both are told.
    let told: Vec<_> = of(&facts)
        .into_iter()
        .filter(|f| f.subject == "gpu 0")
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((told[0].mark, told[1].mark), (Mark::NotUsed, Mark::Ok));
}

#[test]
fn a_plan_that_fits_runs_its_model() {
    let facts = rich((9, 0), PlanState::Fresh);
    let model = find(&facts, "gamecraft.model");
    assert!(model.text.contains("TensorRT plan on cuda0"), "{model:?}");
    assert!(!model.text.contains("nothing faster"), "{model:?}");
    assert_eq!(find(&facts, "plans").mark, Mark::Ok);
}

#[test]
fn a_plan_that_does_not_fit_is_why_nothing_faster_runs_the_model() {
    for state in [PlanState::Stale, PlanState::NotBuilt] {
        let facts = rich((9, 0), state);
        let model = find(&facts, "gamecraft.model");
        assert_eq!(model.mark, Mark::Ok);
        assert!(model.text.contains("rten on the CPU"), "{model:?}");
        assert!(model.text.contains("nothing faster, as the plan's why"));
        assert!(model.fix.unwrap().contains("models build world"));
        assert!(find(&facts, "plans").fix.is_some());
    }
}

#[test]
fn our_own_kernels_go_before_a_plan_where_they_run() {
    let mut facts = rich((9, 0), PlanState::Fresh);
    facts.models[0].has_kernels = true;
    let model = find(&facts, "gamecraft.model");
    assert!(model.text.contains("own kernels on cuda0"), "{model:?}");
    let mut old = rich((7, 0), PlanState::Fresh);
    old.models[0].has_kernels = true;
    let model = find(&old, "gamecraft.model");
    assert!(model.text.contains("plan on cuda0") && model.text.contains("need compute"));
}

/// ONNX Runtime with this provider for CUDA on the only GPU.
fn with_provider(state: PlanState, provided: Result<(), (String, String)>) -> Facts {
    Facts {
        onnxruntime: Ok("ONNX Runtime 1.32.0".into()),
        onnxruntime_cuda: vec![(0, provided)],
        ..rich((9, 0), state)
    }
}

#[test]
fn onnx_runtimes_provider_runs_what_has_neither_kernels_nor_a_plan() {
    let facts = with_provider(PlanState::NotBuilt, Ok(()));
    let model = find(&facts, "gamecraft.model");
    assert!(
        model
            .text
            .contains("CUDA provider on cuda0; nothing faster, as the plan's why")
    );
    let runtime = find(&facts, "onnxruntime");
    assert_eq!(runtime.text, "ONNX Runtime 1.32.0; runs on cuda0");
    let model = find(&with_provider(PlanState::Fresh, Ok(())), "gamecraft.model");
    assert!(model.text.contains("TensorRT plan on cuda0"), "{model:?}");
}

#[test]
fn a_provider_that_does_not_come_up_is_told_with_its_cure_and_leaves_the_model_to_the_cpu() {
    let refusal = Err(("no cuDNN".to_owned(), "install cuDNN".to_owned()));
    let facts = with_provider(PlanState::Impossible, refusal);
    let runtime = find(&facts, "onnxruntime");
    assert!(
        runtime.text.contains("not on cuda0: no cuDNN"),
        "{runtime:?}"
    );
    assert_eq!(runtime.fix.as_deref(), Some("install cuDNN"));
    let model = find(&facts, "gamecraft.model");
    assert!(model.text.contains("ONNX Runtime on the CPU"), "{model:?}");
    assert!(model.text.contains("no cuDNN"), "{model:?}");
}

#[test]
fn a_model_that_is_a_plan_itself_has_no_use_for_onnx_runtime() {
    let mut facts = with_provider(PlanState::Stale, Ok(()));
    facts.models[0].file = "model.engine".into();
    assert_eq!(troubles(&facts), ["gamecraft.model"]);
}

#[test]
fn whatever_is_not_used_says_what_would_have_it_used() {
    let mut left = rich((9, 0), PlanState::Fresh);
    left.gpu.devices = GpuChoice::None;
    let mut no_library = rich((9, 0), PlanState::NotBuilt);
    no_library.tensorrt = Err("no TensorRT".into());
    for facts in [
        bare(),
        left,
        no_library,
        rich((9, 0), PlanState::Impossible),
    ] {
        let unused = of(&facts).into_iter().filter(|f| f.mark == Mark::NotUsed);
        for finding in unused {
            let fix = finding.fix.as_deref().unwrap_or_default();
            assert!(!fix.is_empty(), "{finding:?}");
        }
    }
}

#[test]
fn a_model_that_nothing_here_runs_is_trouble() {
    let mut facts = bare();
    facts.models[0].file = "model.engine".into();
    assert_eq!(troubles(&facts), ["gamecraft.model"]);
}

#[test]
fn a_model_that_is_not_there_is_trouble() {
    let mut facts = bare();
    facts.wanted[0].model = Err("there is no model `x`".into());
    assert_eq!(troubles(&facts), ["gamecraft.model"]);
}

#[test]
fn a_builder_of_another_version_than_the_library_is_told() {
    let mut facts = rich((9, 0), PlanState::NotBuilt);
    facts.builder.as_mut().unwrap().version = Version::from_raw(110_400);
    let builder = find(&facts, "builder");
    assert_eq!(builder.mark, Mark::NotUsed);
    assert!(builder.text.contains("11.4.0") && builder.text.contains("10.13.3"));
}

#[test]
fn a_folder_that_is_no_model_is_told_and_no_trouble() {
    let mut facts = bare();
    facts.faults.push(("broken".into(), "no file".into()));
    assert_eq!(troubles(&facts), [""; 0]);
    assert_eq!(find(&facts, "folder broken").text, "no file");
}

#[test]
fn onnx_runtime_runs_what_prefers_nothing_else_on_the_cpu() {
    let mut facts = bare();
    facts.onnxruntime = Ok("ONNX Runtime 1.32.0".into());
    assert!(
        find(&facts, "gamecraft.model")
            .text
            .contains("ONNX Runtime on the CPU")
    );
    facts.models[0].prefers = Some("rten".into());
    assert!(
        find(&facts, "gamecraft.model")
            .text
            .contains("rten on the CPU")
    );
    facts.backend = BackendChoice::OnnxRuntime;
    facts.onnxruntime = Err(("not there".into(), "install it".into()));
    facts.names_onnxruntime = true;
    let troubles = troubles(&facts);
    assert!(
        troubles.iter().any(|subject| subject == "onnxruntime"),
        "{troubles:?}"
    );
    assert!(
        troubles.iter().any(|subject| subject == "gamecraft.model"),
        "{troubles:?}"
    );
}
