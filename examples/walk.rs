//! Walks into a picture without a server and writes frames of the walk: for looking at the world model.
//!
//! `cargo run --release --example walk -- PICTURE PREFIX KEYS TIMES [SPEED] [MODE]` writes `PREFIX-<key>-<time>.jpg` for
//! each key (of `wasd`) and time (seconds, separated by commas). It uses the scene fit, the motion and the model that
//! the server uses; only the frames' clock is made up.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use frameloom::media::jpeg::{Encoder, Quality, Subsampling};
use frameloom::media::{DecodeLimits, Rgb8, convert, picture, resize};
use frameloom::pipelines::world::motion::{Motion, MotionConfig};
use frameloom::pipelines::world::scene::Scene;
use frameloom::session::{Direction, SceneMode};
use rten::{Model, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

const FPS: u32 = 30;
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/world-box/model.onnx");

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, prefix, keys, times, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: walk PICTURE PREFIX KEYS TIMES [SPEED] [MODE]");
    };
    let picture = framed(&std::fs::read(Path::new(file)).context("cannot read the picture")?)?;
    let started = Instant::now();
    let mut scene = Scene::fit(&picture);
    println!(
        "{file}: {scene:?}, fitted in {:.1} ms",
        started.elapsed().as_secs_f64() * 1e3
    );
    if let Some(mode) = rest.get(1) {
        scene = scene
            .with_mode(SceneMode::of_name(mode).context("a mode is room, street, open or flat")?);
    }
    let speed = rest.first().map_or(Ok(0.2), |speed| speed.parse())?;
    let times = times
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<f32>, _>>()?;
    let mut painter = Painter::load()?;
    for key in keys.chars() {
        let to = Direction::of_key(&key.to_string()).context("a key is w, a, s or d")?;
        painter.walk(
            &picture,
            &scene,
            to,
            speed,
            &times,
            &format!("{prefix}-{key}"),
        )?;
    }
    Ok(())
}

/// The picture at the default frame size, or that size on its side.
fn framed(file: &[u8]) -> Result<Rgb8> {
    let limits = DecodeLimits {
        max_bytes: 1 << 26,
        max_side: 1 << 14,
        max_pixels: 50_000_000,
    };
    let whole = picture::decode(file, &limits)?;
    let (width, height) = if whole.width >= whole.height {
        (608, 352)
    } else {
        (352, 608)
    };
    Ok(resize::cover(&whole, width, height))
}

struct Painter {
    model: Model,
    options: RunOptions,
    encoder: Encoder,
}

impl Painter {
    fn load() -> Result<Self> {
        let mut options = RunOptions::default();
        options.thread_pool = Some(Arc::new(ThreadPool::with_num_threads(1)));
        let encoder = Encoder::new(
            Quality::new(90).context("90 is a quality")?,
            Subsampling::S420,
        );
        Ok(Self {
            model: Model::load_file(MODEL)?,
            options,
            encoder,
        })
    }

    fn walk(
        &mut self,
        start: &Rgb8,
        scene: &Scene,
        to: Direction,
        speed: f32,
        times: &[f32],
        prefix: &str,
    ) -> Result<()> {
        let (width, height) = (start.width, start.height);
        let mut image = NdTensor::<f32, 4>::zeros([1, 3, height as usize, width as usize]);
        convert::rgb8_to_planar(
            &start.data,
            width,
            height,
            image.data_mut().context("contiguous")?,
        );
        let mut motion = Motion::new(MotionConfig {
            fps: FPS,
            ..MotionConfig::default()
        });
        let (mut now, mut spent, mut rebased) = (Instant::now(), Duration::ZERO, 0);
        let last = times.iter().fold(0.0_f32, |a, &b| a.max(b));
        let frames = (last * FPS as f32).round() as u32;
        for frame in 1..=frames {
            motion.act(now, to, speed);
            let pose = motion.advance(now);
            let began = Instant::now();
            let drawn = self.draw(&image, pose.to_tensor(), motion.seen(scene).to_tensor())?;
            spent += began.elapsed();
            now += Duration::from_secs(1) / FPS;
            if let Some(time) = times
                .iter()
                .find(|&&time| (time * FPS as f32).round() as u32 == frame)
            {
                self.save(&drawn, &format!("{prefix}-{time:05.1}.jpg"))?;
            }
            if motion.needs_rebase(scene) {
                motion.rebase(scene);
                image = drawn;
                rebased += 1;
            }
        }
        println!(
            "{prefix}: {rebased} references, {:.1} ms a frame",
            spent.as_secs_f64() * 1e3 / f64::from(frames)
        );
        Ok(())
    }

    fn draw(
        &self,
        image: &NdTensor<f32, 4>,
        pose: [f32; 6],
        scene: [f32; 4],
    ) -> Result<NdTensor<f32, 4>> {
        let pose = NdTensor::from_data([1, 6], pose.to_vec());
        let scene = NdTensor::from_data([1, 4], scene.to_vec());
        let inputs: Vec<(_, ValueOrView)> = vec![
            (self.model.node_id("image")?, image.view().into()),
            (self.model.node_id("pose")?, pose.view().into()),
            (self.model.node_id("scene")?, scene.view().into()),
        ];
        let outputs = [self.model.node_id("frame")?];
        let [frame] = self
            .model
            .run_n(inputs, outputs, Some(self.options.clone()))?;
        Ok(frame.try_into()?)
    }

    fn save(&mut self, frame: &NdTensor<f32, 4>, path: &str) -> Result<()> {
        let [_, _, height, width] = frame.shape();
        let mut picture = Rgb8::filled(u32::try_from(width)?, u32::try_from(height)?, [0; 3]);
        convert::planar_to_rgb8(
            frame.data().context("contiguous")?,
            picture.width,
            picture.height,
            &mut picture.data,
        );
        std::fs::write(path, self.encoder.encode(&picture)?)?;
        Ok(())
    }
}
