//! The referee's settings become a [`RefereeModel`]: its model, its folder, its memory.

use crate::{
    config::{Config, FsyncChoice, PoseModel, Referee, RulesChoice},
    engine::{Model, Purpose, Repository},
    media::{
        ByteBudget,
        lens::Fisheye,
        spool::{Fsync, SpoolOptions, SpoolRoot},
        video::{Ffmpeg, Sought},
    },
    pipelines::{
        Terms,
        referee::{
            Judging, RefereeModel, RefereeOptions, rules::RuleSet, tracking::ReferencePostures,
        },
    },
};
use anyhow::Context as _;
use std::{
    sync::{Arc, LazyLock},
    thread,
};

/// What a model of the slot `pose` takes and gives.
const POSE: Purpose = Purpose {
    slot: "pose",
    input: "images",
    output: "predictions",
};

/// The referee. It is there where streaming is off too: whole videos are judged all the same.
///
/// # Errors
/// What is missing, and the key that names it.
pub fn referee(config: &Config, models: &Repository) -> anyhow::Result<RefereeModel> {
    let settings = &config.referee;
    let spool = SpoolRoot::open(&settings.spool_dir, spool_options(settings))
        .with_context(|| format!("referee.spool_dir {}", settings.spool_dir.display()))?;
    let model = pose_model(&settings.model, models)?;
    let budget = ByteBudget::new(settings.memory_bytes);
    let options = options(config, &model)?;
    RefereeModel::new(model, spool, budget, options).map_err(anyhow::Error::msg)
}

fn spool_options(settings: &Referee) -> SpoolOptions {
    SpoolOptions {
        fsync: match settings.fsync {
            FsyncChoice::Never => Fsync::Never,
            FsyncChoice::End => Fsync::End,
            FsyncChoice::Always => Fsync::Always,
        },
        min_free_bytes: settings.min_free_bytes,
    }
}

/// The model that the settings name.
///
/// # Errors
/// If there is none, or it is for something else.
pub(super) fn pose_model(choice: &PoseModel, models: &Repository) -> anyhow::Result<Model> {
    let model = match choice {
        PoseModel::Named(name) => models
            .get(name.as_str())
            .cloned()
            .with_context(|| format!("there is no model `{name}`; change referee.model"))?,
        PoseModel::At(path) => Model::adopt(path, POSE).context("referee.model")?,
    };
    let slot = &model.manifest.slot;
    anyhow::ensure!(
        slot == POSE.slot,
        "referee.model: `{}` fills the slot `{slot}`, not `{}`",
        model.name(),
        POSE.slot
    );
    Ok(model)
}

fn options(config: &Config, model: &Model) -> anyhow::Result<RefereeOptions> {
    let (settings, limits) = (&config.referee, &config.limits);
    let fisheye = settings.fisheye;
    Ok(RefereeOptions {
        lens: fisheye.enabled.then_some(Fisheye {
            strength: fisheye.strength,
            balance: fisheye.balance,
        }),
        log_progress: fisheye.progress,
        terms: Terms {
            overlap: settings.overlap,
            decode_ahead: settings.decode_ahead.get(),
            resume_window: settings.resume_window,
            silence: settings.session_timeout,
            max_frames: settings.max_frames,
            message_bytes: settings.frame_bytes,
            bytes_a_frame: 0,
        },
        signal_bytes: settings.signal_bytes,
        in_flight: settings.in_flight,
        largest: (limits.image_side, limits.image_pixels),
        judging: judging(settings, model)?,
    })
}

fn judging(settings: &Referee, model: &Model) -> anyhow::Result<Judging> {
    let reference = settings.init_reference_xlsx.as_deref();
    let reference = reference.map(ReferencePostures::from_xlsx).transpose();
    let reference = reference.context("referee.init_reference_xlsx")?;
    Ok(Judging {
        ffmpeg: seek_ffmpeg(settings.ffmpeg.clone()),
        reference: reference.map(Arc::new),
        output_dir: settings.output_dir.clone(),
        rules: match settings.rules {
            RulesChoice::V1 => RuleSet::V1,
            RulesChoice::V2 => RuleSet::V2,
        },
        model: Arc::clone(&model.manifest),
    })
}

/// Looks for the program on a thread of its own: it takes a tenth of a second to say what it is, and no listener shall wait for
/// that.
fn seek_ffmpeg(program: String) -> Arc<Sought> {
    let sought: Arc<Sought> = Arc::new(LazyLock::new(Box::new(move || find_ffmpeg(&program))));
    let asked = Arc::clone(&sought);
    let seek = move || {
        LazyLock::force(&asked);
    };
    // Without a thread, the first bout looks for it.
    drop(thread::Builder::new().name("ffmpeg".into()).spawn(seek));
    sought
}

fn find_ffmpeg(program: &str) -> Option<Ffmpeg> {
    let ffmpeg = Ffmpeg::find(program);
    match &ffmpeg {
        Some(ffmpeg) => tracing::info!(version = ffmpeg.version(), "ffmpeg found"),
        None => tracing::warn!(
            program,
            "ffmpeg not found: videos are written as Motion JPEG"
        ),
    }
    ffmpeg
}
