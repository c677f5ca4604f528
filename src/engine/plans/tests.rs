//! Plans in folders: found, refused, and never mistaken for something else.

use super::*;
use crate::engine::{LoadError, Repository, manifest::Manifest, scripted};
use tensorrt_rs::{Flavour, Version};

const ONNX: &[u8] = b"a graph";

fn manifest(name: &str, batch: usize) -> String {
    let sha = hex(&Sha256::digest(ONNX));
    let text = scripted::MANIFEST;
    let parsed = Manifest::parse(text).unwrap();
    text.replacen("name = \"scripted\"", &format!("name = \"{name}\""), 1)
        .replacen("none.bin", "model.onnx", 1)
        .replacen(&parsed.sha256, &sha, 1)
        .replacen(
            &format!("max = {}", parsed.batch.max),
            &format!("max = {batch}"),
            1,
        )
}

fn of(text: &str) -> Model {
    let mut repository = Repository::default();
    let manifest = Manifest::parse(text).unwrap();
    let name = manifest.name.clone();
    repository.insert(manifest, *b"");
    repository.get(&name).unwrap().clone()
}

/// A model with an ONNX file, and batches of 2.
pub(super) fn model(name: &str) -> Model {
    of(&manifest(name, 2))
}

/// The same with batches of 16.
pub(super) fn wider(name: &str) -> Model {
    of(&manifest(name, 16))
}

/// This machine.
pub(super) fn target() -> Target {
    Target {
        version: Version {
            major: 10,
            minor: 13,
            patch: 3,
        },
        flavour: Flavour::Full,
        compute: (9, 0).into(),
    }
}

/// Of a plan that was built here for [`model`].
pub(super) fn sidecar() -> Sidecar {
    let model = model("m");
    Sidecar {
        schema: sidecar::SCHEMA,
        tensorrt: target().version,
        flavour: BuiltFlavour::Full,
        compute: Capability::Of(target().compute),
        onnx_sha256: hex(&Sha256::digest(ONNX)),
        plan_sha256: hex(&Sha256::digest(b"a plan")),
        precision: Precision::Fp16,
        builder: "trtexec 10.13.3".into(),
        built: "2026-11-03T12:00:00Z".into(),
        profiles: Profiles::of(&model.manifest),
    }
}

/// Puts a plan and its sidecar into the cache, as a build does.
fn put(cache: &Path, name: &str, sidecar: &Sidecar) -> PathBuf {
    let path = Key::new(&model(name), &sidecar.built_for()).plan(cache);
    std::fs::write(&path, "a plan").unwrap();
    std::fs::write(sidecar::path_of(&path), sidecar.render()).unwrap();
    path
}

#[test]
fn a_plan_that_fits_is_found_and_read() {
    let cache = tempfile::tempdir().unwrap();
    let path = put(cache.path(), "m", &sidecar());
    let plan = find(&model("m"), cache.path(), &target()).unwrap();
    assert_eq!(plan.path, path);
    assert_eq!(plan.read(&model("m")).unwrap(), b"a plan");
    assert_eq!(plan.verify(&model("m")), Ok(()));
}

#[test]
fn a_plan_that_was_not_built_names_the_command_that_builds_it() {
    let missing = Path::new("/nowhere/plans");
    let unusable = find(&model("m"), missing, &target()).unwrap_err();
    assert!(matches!(unusable, Unusable::NotBuilt { .. }), "{unusable}");
    let error = LoadError::from(unusable);
    assert!(error.why.contains("/nowhere/plans"), "{error}");
    assert_eq!(error.fix, "run `frameloom models build m`");
}

#[test]
fn a_plan_that_does_not_fit_is_refused_with_what_differs() {
    let cache = tempfile::tempdir().unwrap();
    put(cache.path(), "m", &sidecar());
    let here = Target {
        compute: (8, 9).into(),
        ..target()
    };
    let error = LoadError::from(find(&model("m"), cache.path(), &here).unwrap_err());
    assert!(
        error.why.contains("9.0") && error.why.contains("8.9"),
        "{error}"
    );
    assert_eq!(error.fix, "run `frameloom models build m`");
}

#[test]
fn of_several_plans_the_one_that_fits_is_found_and_of_those_the_newest() {
    let cache = tempfile::tempdir().unwrap();
    let other = Sidecar {
        compute: Capability::Of((8, 9).into()),
        built: "2026-12-24T00:00:00Z".into(),
        ..sidecar()
    };
    put(cache.path(), "m", &other);
    put(cache.path(), "m", &sidecar());
    let newer = Sidecar {
        precision: Precision::Fp32,
        built: "2026-11-04T00:00:00Z".into(),
        ..sidecar()
    };
    put(cache.path(), "m", &newer);
    let plan = find(&model("m"), cache.path(), &target()).unwrap();
    assert_eq!(plan.sidecar.precision, Precision::Fp32);
}

#[test]
fn another_models_plan_is_not_taken() {
    let cache = tempfile::tempdir().unwrap();
    put(cache.path(), "m-2", &sidecar());
    let unusable = find(&model("m"), cache.path(), &target()).unwrap_err();
    assert!(matches!(unusable, Unusable::NotBuilt { .. }), "{unusable}");
}

#[test]
fn what_a_crash_left_is_no_plan() {
    let cache = tempfile::tempdir().unwrap();
    let path = put(cache.path(), "m", &sidecar());
    std::fs::remove_file(sidecar::path_of(&path)).unwrap();
    std::fs::write(cache.path().join(".m-0a1b2c3d4e5f.x1.partial"), "half").unwrap();
    let unusable = find(&model("m"), cache.path(), &target()).unwrap_err();
    assert!(matches!(unusable, Unusable::NotBuilt { .. }), "{unusable}");
}

#[test]
fn a_plan_whose_bytes_changed_is_refused_when_it_is_read() {
    let cache = tempfile::tempdir().unwrap();
    let path = put(cache.path(), "m", &sidecar());
    std::fs::write(&path, "half a plan").unwrap();
    let plan = find(&model("m"), cache.path(), &target()).unwrap();
    let unusable = plan.read(&model("m")).unwrap_err();
    assert_eq!(plan.verify(&model("m")).unwrap_err(), unusable);
    assert!(unusable.to_string().contains("SHA-256"), "{unusable}");
    assert_eq!(unusable.fix(), "run `frameloom models build m`");
}

#[test]
fn a_sidecar_that_cannot_be_read_is_told_and_hides_no_other_plan() {
    let cache = tempfile::tempdir().unwrap();
    let path = put(cache.path(), "m", &sidecar());
    std::fs::write(sidecar::path_of(&path), "schema = ").unwrap();
    let unusable = find(&model("m"), cache.path(), &target()).unwrap_err();
    assert!(matches!(unusable, Unusable::Broken { .. }), "{unusable}");
    let other = Sidecar {
        precision: Precision::Fp32,
        ..sidecar()
    };
    put(cache.path(), "m", &other);
    assert!(find(&model("m"), cache.path(), &target()).is_ok());
}

/// A model's folder whose file is a plan.
fn with_own_plan(root: &Path, sidecar: Option<&Sidecar>) -> Model {
    let folder = root.join("m");
    std::fs::create_dir(&folder).unwrap();
    let (onnx, plan) = (Sha256::digest(ONNX), Sha256::digest(b"a plan"));
    let text = manifest("m", 2)
        .replacen("model.onnx", "m.engine", 1)
        .replacen(&hex(&onnx), &hex(&plan), 1);
    std::fs::write(folder.join("model.toml"), text).unwrap();
    std::fs::write(folder.join("m.engine"), "a plan").unwrap();
    if let Some(sidecar) = sidecar {
        std::fs::write(folder.join("m.engine.toml"), sidecar.render()).unwrap();
    }
    let repository = Repository::open(Some(root));
    repository.get("m").expect("a sound folder").clone()
}

#[test]
fn a_model_whose_file_is_a_plan_has_its_sidecar_beside_it() {
    let root = tempfile::tempdir().unwrap();
    let model = with_own_plan(root.path(), Some(&sidecar()));
    let plan = find(&model, Path::new("/nowhere"), &target()).unwrap();
    assert_eq!(plan.read(&model).unwrap(), b"a plan");
    let here = Target {
        compute: (8, 9).into(),
        ..target()
    };
    let unusable = find(&model, Path::new("/nowhere"), &here).unwrap_err();
    assert!(unusable.fix().contains(".onnx"), "{}", unusable.fix());
}

#[test]
fn a_plan_of_ones_own_without_a_sidecar_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let model = with_own_plan(root.path(), None);
    let unusable = find(&model, Path::new("/nowhere"), &target()).unwrap_err();
    assert!(unusable.to_string().contains("m.engine.toml"), "{unusable}");
}

#[test]
fn a_model_of_another_kind_of_file_can_have_no_plan() {
    let text = manifest("m", 2).replacen("model.onnx", "model.bin", 1);
    let unusable = find(&of(&text), Path::new("/nowhere"), &target()).unwrap_err();
    assert!(matches!(unusable, Unusable::Foreign { .. }), "{unusable}");
}
