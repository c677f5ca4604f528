//! What a person can type. `frameloom` alone means `frameloom serve`.

use super::{bare, doctor, draw, exit::Exit, gpu_bench, models, phrases, pid, serve, system};
use crate::{
    client::{bench, referee},
    config::{Config, ConfigErrors, Flag, Sources},
};
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Real-time AI video models for live sessions.
#[derive(Debug, Parser)]
#[command(name = "frameloom", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGINT or SIGTERM.
    Serve(Settings),
    /// Stop the server that wrote the pid file, and wait until it has gone.
    Stop(Settings),
    /// Show or check the settings.
    Config {
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// The models: what there is, what could run it, and TensorRT plans of it.
    Models {
        #[command(subcommand)]
        what: ModelsCommand,
    },
    /// Say what this machine has, what of it is used, and what to do about the rest.
    Doctor {
        #[command(flatten)]
        options: doctor::Options,
        #[command(flatten)]
        settings: Settings,
    },
    /// Asks one library, for `doctor`.
    #[command(hide = true)]
    DoctorPart(doctor::PartRole),
    /// Speak to a server from outside, as its users' programs do.
    Client {
        #[command(subcommand)]
        what: ClientCommand,
    },
    /// Measure this program on this machine, against the least that could do the same.
    Bench(Bench),
    /// A helper process of `bench`.
    #[command(hide = true)]
    BenchRole {
        #[command(subcommand)]
        role: Role,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct Bench {
    #[command(subcommand)]
    what: Option<BenchCommand>,
    #[command(flatten)]
    options: bench::Options,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// How often the referee's rules agree with human referees on recorded bouts.
    Referee(phrases::Options),
    /// Whether a GPU draws what the CPU draws, and what it reaches.
    Gpu {
        #[command(flatten)]
        options: gpu_bench::Options,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The model and the encoder in a bare loop.
    Loop(bare::Options),
    /// Single frames of drawn bouts with their truth, for recipes.
    Draw(draw::Options),
    #[command(flatten)]
    Client(bench::Role),
}

#[derive(Debug, Subcommand)]
enum ClientCommand {
    Referee(Box<referee::Options>),
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Every model, and what could run it here.
    List {
        #[command(flatten)]
        options: models::ListOptions,
        #[command(flatten)]
        settings: Settings,
    },
    /// Look at one model closely: its file, its graph, and everything that could run it.
    Check {
        #[command(flatten)]
        options: models::CheckOptions,
        #[command(flatten)]
        settings: Settings,
    },
    /// Build TensorRT plans for the GPUs of this machine.
    Build {
        #[command(flatten)]
        options: models::BuildOptions,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every setting with where it came from.
    Print(Settings),
    /// Check the settings, and say what is wrong with them.
    Check(Settings),
}

/// Where settings come from.
#[derive(Clone, Debug, Args)]
struct Settings {
    /// Settings file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address of every listener that has none of its own [server.host].
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,
    /// File that holds the process id while the server runs [server.pid_file].
    #[arg(long, value_name = "FILE")]
    pid_file: Option<String>,
    /// Any other setting, as often as needed.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Runs the program, and ends the process.
pub fn run() -> ! {
    system::keep_frames_and_no_uploads();
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => with_config(&cli.settings, serve::serve),
        Some(Command::Serve(settings)) => with_config(&settings, serve::serve),
        Some(Command::Stop(settings)) => with_config(&settings, pid::stop),
        Some(Command::Config {
            what: ConfigCommand::Print(settings),
        }) => with_config(&settings, |config| {
            println!("{}", config.render().trim_end());
            Ok(Exit::Ok)
        }),
        Some(Command::Config {
            what: ConfigCommand::Check(settings),
        }) => with_config(&settings, |_| {
            println!("settings are sound");
            Ok(Exit::Ok)
        }),
        Some(Command::Models { what }) => match what {
            ModelsCommand::List { options, settings } => {
                with_config(&settings, |config| models::list(options, &config))
            }
            ModelsCommand::Check { options, settings } => {
                with_config(&settings, |config| models::check(&options, &config))
            }
            ModelsCommand::Build { options, settings } => {
                with_config(&settings, |config| models::build(&options, &config))
            }
        },
        Some(Command::Doctor { options, settings }) => {
            with_config(&settings, |config| doctor::run(options, &config))
        }
        Some(Command::DoctorPart(role)) => doctor::answer(&role),
        Some(Command::Client {
            what: ClientCommand::Referee(options),
        }) => referee::run(&options)
            .map(|ending| Exit::Client(ending.code()))
            .map_err(anyhow::Error::from),
        Some(Command::Bench(Bench {
            what: Some(BenchCommand::Referee(options)),
            ..
        })) => phrases::run(&options),
        Some(Command::Bench(Bench {
            what: Some(BenchCommand::Gpu { options, settings }),
            ..
        })) => with_config(&settings, |config| gpu_bench::run(&options, &config)),
        Some(Command::Bench(Bench {
            what: None,
            options,
        })) => bench::run(&options).map(|all_met| match all_met {
            true => Exit::Ok,
            false => Exit::Failure,
        }),
        Some(Command::BenchRole { role }) => match role {
            Role::Loop(options) => bare::run(&options),
            Role::Draw(options) => draw::run(&options),
            Role::Client(role) => bench::play(&role),
        }
        .map(|()| Exit::Ok),
    };
    let exit = outcome.unwrap_or_else(|error| {
        eprintln!("frameloom: {error:#}");
        exit_of(&error)
    });
    exit.now()
}

fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(failure) = error.downcast_ref::<referee::Failure>() {
        return Exit::Client(failure.code());
    }
    match error.downcast_ref::<ConfigErrors>() {
        Some(_) => Exit::Config,
        None => Exit::Failure,
    }
}

fn with_config(
    settings: &Settings,
    then: impl FnOnce(Config) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    then(settings.load()?)
}

impl Settings {
    fn load(&self) -> anyhow::Result<Config> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            anyhow::Ok((path.clone(), text))
        };
        let file = self.config.as_ref().map(read).transpose()?;
        Ok(Config::load(Sources {
            file,
            env: std::env::vars().collect(),
            flags: self.flags()?,
        })?)
    }

    fn flags(&self) -> anyhow::Result<Vec<Flag>> {
        let named = [
            ("--host", "server.host", &self.host),
            ("--pid-file", "server.pid_file", &self.pid_file),
        ];
        let named = named
            .into_iter()
            .filter_map(|(flag, key, value)| Some(Ok(Flag::new(flag, key, value.clone()?))));
        let any = self.set.iter().map(|pair| {
            let (key, value) = pair
                .split_once('=')
                .with_context(|| format!("--set {pair}: expected KEY=VALUE"))?;
            Ok(Flag::new("--set", key.trim(), value.trim()))
        });
        named.chain(any).collect()
    }
}
