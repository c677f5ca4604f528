//! Which library runs the models on the CPU. Decided once, at the start, and said in one line of the log.

use crate::{
    config::{BackendChoice, Config},
    engine::{
        Backend,
        ort::{Missing, Ort, Surroundings},
        rten::Rten,
    },
};
use std::sync::Arc;

/// The library that the settings choose. ONNX Runtime that was asked for and cannot be used is chosen all the same: its models
/// then fail with the reason, as nobody wants to find out by the frame rate.
pub fn cpu_backend(config: &Config) -> Arc<dyn Backend> {
    let ort = || onnxruntime(config);
    match config.engine.backend {
        BackendChoice::Rten => {
            said(&Rten, "engine.backend");
            Arc::new(Rten)
        }
        BackendChoice::OnnxRuntime => asked_for(ort()),
        BackendChoice::Auto => best(ort()),
    }
}

/// ONNX Runtime on the CPU, where the settings or the surroundings say that it is.
pub fn onnxruntime(config: &Config) -> Ort {
    Ort::find(config.engine.onnxruntime.as_deref(), &surroundings())
}

/// What this process's environment says of ONNX Runtime's library.
pub fn surroundings() -> Surroundings {
    Surroundings {
        dylib_path: std::env::var_os("ORT_DYLIB_PATH"),
        virtual_env: std::env::var_os("VIRTUAL_ENV"),
    }
}

fn asked_for(ort: Ort) -> Arc<dyn Backend> {
    match ort.ready() {
        Ok(library) => said(&ort, &library),
        Err(missing) => {
            let fix = missing.fix();
            tracing::error!(backend = ort.name(), %missing, fix, "runtime cannot be used");
        }
    }
    Arc::new(ort)
}

fn best(ort: Ort) -> Arc<dyn Backend> {
    let missing = match ort.ready() {
        Ok(library) => {
            said(&ort, &library);
            return Arc::new(ort);
        }
        Err(missing) => missing,
    };
    if missing == Missing::Absent {
        said(&Rten, &missing.to_string());
    } else {
        let fix = missing.fix();
        tracing::warn!(backend = Rten.name(), why = %missing, fix, "runtime chosen");
    }
    Arc::new(Rten)
}

fn said(backend: &dyn Backend, why: &str) {
    tracing::info!(backend = backend.name(), why, "runtime chosen");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Flag, Sources},
        engine::{DeviceSpec, Probe, Repository},
    };
    use std::num::NonZeroUsize;

    /// The settings with these two keys.
    fn config(backend: &str, onnxruntime: &str) -> Config {
        let flag = |key: &str, value: &str| Flag {
            name: "--set".into(),
            key: format!("engine.{key}"),
            value: value.into(),
        };
        Config::load(Sources {
            flags: vec![flag("backend", backend), flag("onnxruntime", onnxruntime)],
            ..Sources::default()
        })
        .unwrap()
    }

    #[test]
    fn a_library_that_cannot_be_used_leaves_the_models_to_the_built_in_one() {
        assert_eq!(cpu_backend(&config("auto", "/nowhere.so")).name(), "rten");
    }

    #[test]
    fn the_built_in_library_is_taken_where_it_is_asked_for() {
        assert_eq!(cpu_backend(&config("rten", "/nowhere.so")).name(), "rten");
    }

    #[test]
    fn a_library_that_was_asked_for_is_never_replaced_in_silence() {
        let backend = cpu_backend(&config("onnxruntime", "/nowhere.so"));
        assert_eq!(backend.name(), "onnxruntime");
        let Probe::Missing { why, fix } = backend.probe() else {
            panic!("there is no such file")
        };
        assert!(why.contains("/nowhere.so"), "{why}");
        let repository = Repository::open(None);
        let model = repository.get("world-box").unwrap();
        let device = DeviceSpec {
            name: "cpu0".into(),
            threads: NonZeroUsize::MIN,
            gpu: None,
        };
        let error = backend.load(model, &device).err().unwrap();
        assert_eq!((error.why, error.fix), (why, fix));
    }
}
