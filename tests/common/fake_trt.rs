//! TensorRT's double with a model in a folder: a plan of the double's own form, and the sidecar that a build would write.

use super::fake_gpu::{self, FakeGpu};
use fake_tensorrt::Double;
use frameloom::engine::{
    Manifest, Model, Repository,
    cuda::tensorrt::TensorRt,
    plans::{BuiltFlavour, Capability, Precision, Profiles, Sidecar, sidecar},
};
use sha2::{Digest as _, Sha256};
use std::{ffi::c_void, path::Path, sync::Arc};
use tensorrt_rs::{Flavour, Library};

/// A library of one version, and the folder of its models.
#[allow(dead_code, reason = "each test binary uses what it needs")]
pub struct FakeTrt {
    /// What a test may ask of it.
    pub double: Double,
    /// The library, as the server has it.
    pub library: Library,
    models: tempfile::TempDir,
}

/// The driver's functions that plans of the double run with.
type Copy = extern "C" fn(u64, u64, usize, *mut c_void) -> i32;
type Record = extern "C" fn(*mut c_void, *mut c_void) -> i32;
type Wait = extern "C" fn(*mut c_void) -> i32;

#[allow(dead_code, reason = "each test binary uses what it needs")]
impl FakeTrt {
    /// One that says it is this version (`10`, `11`, `rtx`), running on the driver's double.
    pub fn install(version: &str) -> Self {
        let double = Double::install(version).unwrap();
        // SAFETY: the driver's double exports these with the driver's signatures, and is never closed.
        unsafe {
            let driver = libloading::Library::new(fake_gpu::library()).unwrap();
            double.use_driver(
                *driver.get::<Copy>(b"cuMemcpyDtoDAsync_v2").unwrap(),
                *driver.get::<Record>(b"cuEventRecord").unwrap(),
                *driver.get::<Wait>(b"cuStreamSynchronize").unwrap(),
            );
            std::mem::forget(driver);
        }
        Self {
            library: Library::open(Some(double.path())).unwrap(),
            double,
            models: tempfile::tempdir().unwrap(),
        }
    }

    /// The backend on a GPU of the driver's double.
    pub fn backend(&self, fake: &FakeGpu) -> TensorRt {
        let on = (fake.driver, Arc::clone(&fake.gpu));
        let plans = self.models.path().to_owned();
        TensorRt::new(self.library.clone(), on, TensorRt::logger(), plans)
    }

    /// A model whose file is a plan: the first line of the plan, with the version, is put before these.
    pub fn model(&self, manifest: &str, plan: &str) -> Model {
        let version = self.library.version();
        let plan = format!("fake-plan {}.{}\n{plan}", version.major, version.minor);
        let sha256 = hex(plan.as_bytes());
        let text = manifest.replace("SHA", &sha256);
        let parsed = Manifest::parse(&text).unwrap();
        let folder = self.models.path().join(&parsed.name);
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(&parsed.file);
        std::fs::write(folder.join("model.toml"), text).unwrap();
        std::fs::write(&file, plan).unwrap();
        std::fs::write(
            sidecar::path_of(&file),
            self.sidecar(&parsed, sha256).render(),
        )
        .unwrap();
        self.open(&parsed.name)
    }

    /// One plan more beside a model's own, with its sidecar.
    pub fn add_plan(&self, model: &Model, file: &str, plan: &str) {
        let version = self.library.version();
        let plan = format!("fake-plan {}.{}\n{plan}", version.major, version.minor);
        let path = self.models.path().join(model.name()).join(file);
        let sidecar = self.sidecar(&model.manifest, hex(plan.as_bytes()));
        std::fs::write(sidecar::path_of(&path), sidecar.render()).unwrap();
        std::fs::write(path, plan).unwrap();
    }

    /// Where the files of models lie.
    pub fn folder(&self) -> &Path {
        self.models.path()
    }

    /// The model of this name, as its folder is now.
    pub fn open(&self, name: &str) -> Model {
        let repository = Repository::open(Some(self.models.path()));
        repository.get(name).unwrap().clone()
    }

    fn sidecar(&self, manifest: &Manifest, plan_sha256: String) -> Sidecar {
        Sidecar {
            schema: sidecar::SCHEMA,
            tensorrt: self.library.version(),
            flavour: match self.library.flavour() {
                Flavour::Rtx => BuiltFlavour::Rtx,
                _ => BuiltFlavour::Full,
            },
            compute: Capability::Of((9, 0).into()),
            onnx_sha256: hex(b"a graph"),
            plan_sha256,
            precision: Precision::Strong,
            builder: "by hand".into(),
            built: "2026-11-03T12:00:00Z".into(),
            profiles: Profiles::of(manifest),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}
