//! Other runtimes on the same GPU, where their libraries are found: the same frames, the same bare loop.
//!
//! A library that is missing or refuses is no fault of ours: it is told in its own words.

use super::{
    bare_loop::{Lap, Loop},
    effort::Effort,
    ground::Ground,
    section::Section,
    truth::{self, Reference},
};
use crate::{
    app::backends::onnxruntime,
    client::bench::report::Row,
    config::Config,
    engine::{Backend, Model, cuda::tensorrt::TensorRt, ort::Ort},
};
use std::{sync::Arc, time::Duration};
use tensorrt_rs::Library;

/// Part of all the time, and the longest that one measurement may take.
const SHARE: f64 = 0.08;
const MOST: Duration = Duration::from_secs(1);

/// What was looked for.
pub struct Libraries {
    ort: (Ort, Result<String, String>),
    tensorrt: Result<TensorRt, String>,
}

impl Libraries {
    /// Looks for both.
    pub fn find(ground: &Ground, config: &Config) -> Self {
        let ort = onnxruntime(config).cuda(ground.facts().ordinal);
        let ready = ort.ready().map_err(|missing| missing.to_string());
        let on = (ground.driver, Arc::clone(&ground.gpu));
        let tensorrt = Library::open(config.gpu.tensorrt.as_deref()).map_err(|e| e.to_string());
        let backend = |library| {
            TensorRt::new(
                library,
                on,
                TensorRt::logger(),
                config.gpu.plans_dir.clone(),
            )
        };
        Self {
            ort: (ort, ready),
            tensorrt: tensorrt.map(backend),
        }
    }

    /// ONNX Runtime and TensorRT in words.
    pub fn told(&self) -> [String; 2] {
        let found = |found: String| found;
        let tensorrt = self.tensorrt.as_ref().map(|tensorrt| {
            let target = tensorrt.target();
            format!("TensorRT {}", target.version)
        });
        [
            self.ort.1.clone().map_or_else(found, found),
            tensorrt.map_or_else(Clone::clone, found),
        ]
    }

    /// Frames and loop of each that can be used.
    pub fn measure(&self, ground: &Ground, effort: &Effort, references: &[Reference]) -> Section {
        let mut section = truth::section("libraries");
        section.note("frames against the embedded runtime, as in truth; the loops are in the notes and the last table");
        match &self.ort.1 {
            Ok(_) => {
                let subject = (&self.ort.0 as &dyn Backend, &ground.model);
                compare(&mut section, subject, ground, effort, references);
            }
            Err(why) => section.skip("ONNX Runtime with CUDA", why),
        }
        let planned = self.tensorrt.as_ref().map_err(Clone::clone);
        let planned = planned.and_then(|tensorrt| {
            let has = tensorrt.has(&ground.served);
            has.map(|()| tensorrt).map_err(|e| e.to_string())
        });
        match planned {
            Ok(tensorrt) => {
                let subject = (tensorrt as &dyn Backend, &ground.served);
                compare(&mut section, subject, ground, effort, references);
            }
            Err(why) => section.skip("TensorRT", why),
        }
        section
    }
}

fn compare(
    section: &mut Section,
    (backend, model): (&dyn Backend, &Model),
    ground: &Ground,
    effort: &Effort,
    references: &[Reference],
) {
    let mut engine = match backend.load(model, &ground.spec()) {
        Ok(engine) => engine,
        Err(why) => return section.fault(backend.name(), why),
    };
    let name = backend.name();
    truth::compare(section, (name, &mut *engine), ground, effort, references);
    let runs = effort.truth.len() * effort.batches.len();
    let slice = effort.slice(SHARE / 2.0, runs, MOST);
    let most = engine.max_batch().get();
    for &size in &effort.truth {
        let opened = ground.key(size).and_then(|key| {
            let lanes = Loop::open(&mut *engine, &key, (size, 1));
            lanes.map_err(|e| e.to_string())
        });
        let Ok(mut lanes) = opened else {
            // Why is told already, with the frames of this size.
            continue;
        };
        for &batch in effort.batches.iter().filter(|n| **n <= most) {
            if effort.is_over() {
                return section.skip(format_args!("{name}, {size}"), "the time is over");
            }
            match lanes.lap((batch, 1), effort.least, slice) {
                Ok(lap) => tell(section, name, &lap),
                Err(why) => section.fault(format_args!("{name}, {size}, batch {batch}"), why),
            }
        }
    }
}

fn tell(section: &mut Section, name: &str, lap: &Lap) {
    let what = format!("{name}, {}, batch {}", lap.size, lap.batch);
    let millis = 1e3 * lap.batch_takes().as_secs_f64();
    section.note(format!(
        "{what}: {:.0} frames/s, {millis:.3} ms a batch",
        lap.rate()
    ));
    section.found(Row::of(format!("{what}: loop"), lap.rate(), "frames/s"));
}
