//! `frameloom models build`: one plan after another, each whole or not at all.

use super::{
    builder::{Builder, Order},
    ground::{self, Ground},
    named,
    show::Show,
    staging::Staging,
};
use crate::{
    app::{
        child::{Children, Stopped},
        doctor::probe,
        exit::Exit,
        say,
    },
    config::{Config, GpuChoice},
    engine::{
        Model, Repository,
        plans::{
            self, BuiltFlavour, BuiltFor, Compute, Key, Plan, Precision, Profiles, Sidecar, graph,
            sidecar::SCHEMA,
        },
    },
};
use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use std::{
    borrow::Cow,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};
use tempfile::TempPath;
use tensorrt_rs::Flavour;
use time::OffsetDateTime;

/// What shall be built.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Models, by name.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,
    /// Every model that has an .onnx file.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// fp32, fp16, bf16, int8, or strong (typed by the ONNX file). TensorRT 10 builds fp32 unless told otherwise; since
    /// TensorRT 11, and with TensorRT-RTX, there is only strong.
    #[arg(long, value_name = "PRECISION")]
    precision: Option<Precision>,
    /// Build again what is there already.
    #[arg(long)]
    force: bool,
    /// The compute capability to build for, such as 8.9; otherwise that of each GPU that is used.
    #[arg(long, value_name = "CAPABILITY")]
    compute: Option<Compute>,
    /// A plan that the lean library and later versions run too. It may be slower.
    #[arg(long)]
    version_compatible: bool,
}

/// What one build made.
enum Made {
    /// A plan, by the builder.
    Built(PathBuf, Show),
    /// It was there already.
    There(PathBuf),
}

/// What all builds of one command have in common.
struct Site<'a> {
    options: &'a Options,
    cache: &'a Path,
    builder: Builder,
    children: Children,
}

/// Builds what is asked for. A model that cannot be built does not hold up the others.
///
/// # Errors
/// If nothing can be built, or somebody ends it.
pub fn run(options: &Options, config: &Config) -> anyhow::Result<Exit> {
    let models = chosen(options, config)?;
    let mut children = Children::new()?;
    let path = std::env::var_os("PATH");
    let named = config.gpu.builder.as_deref();
    let builder = Builder::find(named, path.as_deref(), &mut children)
        .map_err(|error| anyhow!("{error}; {}", error.fix()))?;
    let grounds = grounds(options, config, &builder, &mut children)?;
    warn_of_another_library(config, &builder, &mut children)?;
    let mut site = Site {
        options,
        cache: &config.gpu.plans_dir,
        builder,
        children,
    };
    let mut exit = Exit::Ok;
    for model in &models {
        for ground in &grounds {
            match site.build(model, *ground) {
                Ok(made) => tell(model, &made),
                Err(error) if error.is::<Stopped>() => return Err(error.context("not built")),
                Err(error) => {
                    say::trouble(format_args!("{}: not built: {error:#}", model.name()));
                    exit = Exit::Failure;
                }
            }
        }
    }
    Ok(exit)
}

fn chosen(options: &Options, config: &Config) -> anyhow::Result<Vec<Model>> {
    let repository = Repository::open(Some(&config.engine.models_dir));
    let mut models = probe::all(config, &repository);
    if options.all {
        models.retain(|model| plans::origin(model) == Some(plans::Origin::Cache));
        return Ok(models);
    }
    let names = options.names.iter();
    names
        .map(|name| self::named(&models, &repository, name))
        .collect()
}

fn grounds(
    options: &Options,
    config: &Config,
    builder: &Builder,
    children: &mut Children,
) -> anyhow::Result<Vec<Ground>> {
    let gpus = match &config.gpu.devices {
        GpuChoice::None => Err("gpu.devices is \"none\"".to_owned()),
        choice => probe::gpus(config, children)?.map(|mut gpus| {
            let taken = choice.of(u32::try_from(gpus.len()).unwrap_or(u32::MAX));
            gpus.retain(|(ordinal, _)| taken.contains(ordinal));
            gpus
        }),
    };
    let gpus = match &gpus {
        Ok(gpus) if gpus.is_empty() => Err("gpu.devices takes none of the GPUs"),
        Ok(gpus) => Ok(gpus.as_slice()),
        Err(why) => Err(why.as_str()),
    };
    ground::of(gpus, options.compute, builder.flavour()).map_err(|why| anyhow!(why))
}

/// The library that will load the plans may be another one than the builder's. That is told, not refused: plans may be meant
/// for another machine.
fn warn_of_another_library(
    config: &Config,
    builder: &Builder,
    children: &mut Children,
) -> anyhow::Result<()> {
    if let Ok(library) = probe::tensorrt(config, children)?
        && library.version() != builder.version
    {
        say::trouble(format_args!(
            "note: the library here is {} {} and {builder} builds for its own version: the server will not take these plans",
            library.flavour(),
            library.version()
        ));
    }
    Ok(())
}

fn tell(model: &Model, made: &Made) {
    let name = model.name();
    match made {
        Made::There(path) => say::news(format_args!("{name}: there already: {}", path.display())),
        Made::Built(path, show) => say::news(format_args!(
            "{name}: built in {} s: {}",
            show.took().as_secs(),
            path.display()
        )),
    }
}

impl Site<'_> {
    fn build(&mut self, model: &Model, ground: Ground) -> anyhow::Result<Made> {
        if plans::origin(model) != Some(plans::Origin::Cache) {
            let file = &model.manifest.file;
            bail!("its file is {file}, and plans are built from .onnx files");
        }
        let built_for = self.built_for(ground)?;
        let staging = Staging::begin(self.cache, &Key::new(model, &built_for))?;
        if !self.options.force && is_there(model, staging.plan()) {
            return Ok(Made::There(staging.plan().to_owned()));
        }
        let show = self.make(model, ground, built_for, &staging)?;
        Ok(Made::Built(staging.plan().to_owned(), show))
    }

    fn built_for(&self, ground: Ground) -> anyhow::Result<BuiltFor> {
        let flavour = match (self.builder.flavour(), self.options.version_compatible) {
            (Flavour::Rtx, true) => bail!("TensorRT-RTX builds no version-compatible plans"),
            (Flavour::Rtx, false) => BuiltFlavour::Rtx,
            (_, true) => BuiltFlavour::LeanCompatible,
            (_, false) => BuiltFlavour::Full,
        };
        let precision = self.builder.precision(self.options.precision);
        Ok(BuiltFor {
            version: self.builder.version,
            flavour,
            compute: ground.compute,
            precision: precision.map_err(|why| anyhow!(why))?,
        })
    }

    fn make(
        &mut self,
        model: &Model,
        ground: Ground,
        built_for: BuiltFor,
        staging: &Staging,
    ) -> anyhow::Result<Show> {
        let profiles = Profiles::of(&model.manifest);
        let (onnx, free) = graph_of(model, &profiles, staging)?;
        let plan = staging.partial()?.into_temp_path();
        let order = Order {
            onnx: onnx.path(),
            plan: &plan,
            built_for,
            profiles: &profiles,
            free: &free,
            device: ground.device,
        };
        say::news(format_args!(
            "{}: {} builds for compute capability {}, {}",
            model.name(),
            self.builder,
            ground.compute,
            built_for.precision
        ));
        let mut command = Command::new(&self.builder.path);
        command.args(self.builder.arguments(&order));
        let mut show = Show::new(model.name());
        let ended = self.children.run(command, None, |said| show.hear(&said))?;
        judge(ended, &self.builder, &show)?;
        staging.publish(plan, self.describe(model, built_for, profiles))?;
        Ok(show)
    }

    fn describe(&self, model: &Model, built_for: BuiltFor, profiles: Profiles) -> Sidecar {
        Sidecar {
            schema: SCHEMA,
            tensorrt: built_for.version,
            flavour: built_for.flavour,
            compute: built_for.compute,
            onnx_sha256: model.manifest.sha256.to_ascii_lowercase(),
            // Known when the plan is.
            plan_sha256: String::new(),
            precision: built_for.precision,
            builder: self.builder.to_string(),
            built: date(OffsetDateTime::now_utc()),
            profiles,
        }
    }
}

fn judge(ended: ExitStatus, builder: &Builder, show: &Show) -> anyhow::Result<()> {
    if ended.success() {
        return Ok(());
    }
    bail!("{builder} failed ({ended}):\n  {}", show.last_words())
}

/// Whether the plan at this path is whole, and the one that would be built: its name says all but its bytes.
fn is_there(model: &Model, path: &Path) -> bool {
    let Ok(sidecar) = Sidecar::read(path) else {
        return false;
    };
    let plan = Plan {
        model: model.name().to_owned(),
        path: path.to_owned(),
        sidecar,
    };
    plan.verify(model).is_ok()
}

/// The graph as a file: the model's own, beside which its weights may lie, or a copy of what is in memory.
enum Onnx {
    Own(PathBuf),
    Copy(TempPath),
}

impl Onnx {
    fn path(&self) -> &Path {
        match self {
            Self::Own(path) => path,
            Self::Copy(path) => path,
        }
    }
}

/// The graph, checked against the manifest's hash, and the inputs whose shapes the builder must be told.
fn graph_of(
    model: &Model,
    profiles: &Profiles,
    staging: &Staging,
) -> anyhow::Result<(Onnx, Vec<String>)> {
    let bytes = model.read()?;
    let free = match graph::inputs(&bytes) {
        Some(inputs) => graph::free(&inputs, profiles).map_err(|why| {
            anyhow!("{why}; export it with free extents, or let model.toml ask for less")
        })?,
        None => bail!("{} is no ONNX graph with inputs", model.manifest.file),
    };
    Ok((onnx_of(model, bytes, staging)?, free))
}

fn onnx_of(model: &Model, bytes: Cow<'_, [u8]>, staging: &Staging) -> anyhow::Result<Onnx> {
    if let Some(folder) = model.folder() {
        let path = folder.join(&model.manifest.file);
        return Ok(Onnx::Own(std::path::absolute(path)?));
    }
    let mut copy = staging.partial()?;
    copy.write_all(&bytes).context("a copy of the graph")?;
    Ok(Onnx::Copy(copy.into_temp_path()))
}

/// As sidecars write it.
fn date(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_so_that_a_later_one_is_a_greater_text() {
        let at = |seconds| date(OffsetDateTime::from_unix_timestamp(seconds).unwrap());
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(1_793_707_445), "2026-11-03T12:04:05Z");
    }
}
