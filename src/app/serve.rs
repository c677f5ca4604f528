//! From start to stop: settings, actors, listeners, signals, drain.

use super::{
    assemble::{Assembled, assemble, cores},
    exit::Exit,
    leftovers,
    pid::PidFile,
    say, system,
};
use crate::{
    actors::registry::Drain,
    config::{Config, ListenName},
    http::{Bound, Shared, bind},
    telemetry,
};
use anyhow::Context as _;
use std::{num::NonZeroUsize, time::Duration};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// How often recorded metrics are folded into their buckets.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Serves until a signal ends it.
///
/// # Errors
/// If it cannot start at all; a listener that cannot be opened is only told.
pub fn serve(config: Config) -> anyhow::Result<Exit> {
    telemetry::init_log(&config.log).context("logging")?;
    system::allow_many_files();
    let pid_file = config
        .server
        .pid_file
        .as_deref()
        .map(PidFile::create)
        .transpose()?;
    let exit = actix::System::new().block_on(run(config))?;
    drop(pid_file);
    Ok(exit)
}

async fn run(config: Config) -> anyhow::Result<Exit> {
    let metrics = telemetry::install()?;
    let mut signals = Signals::new()?;
    let Assembled {
        shared,
        settled,
        drain,
    } = assemble(config, metrics)?;
    if let Some(referee) = &shared.referee {
        let policy = shared.config.referee.leftovers;
        leftovers::start(referee.spool().clone(), policy, shared.upload_pool.clone());
    }
    let bound = open_listeners(&shared);
    if bound.is_empty() {
        return Ok(Exit::Unavailable);
    }
    actix::spawn(announce_models(shared.clone(), settled));
    actix::spawn(keep_metrics(shared.clone()));
    let mut handles = Vec::new();
    for Bound { server, handle, .. } in bound {
        handles.push(handle);
        actix::spawn(server);
    }
    signals.first().await;
    tracing::info!("shutting down");
    let deadline = shared.config.server.drain_deadline;
    tokio::select! {
        () = stop(&shared, &drain, &handles, deadline) => tracing::info!("stopped"),
        () = tokio::time::sleep(deadline) => tracing::warn!("deadline reached, connections cut"),
        () = signals.second() => tracing::warn!("stopped at once"),
    }
    Ok(Exit::Ok)
}

/// Opens every listener that can be opened, and prints a line for each.
fn open_listeners(shared: &Shared) -> Vec<Bound> {
    let mut open = Vec::new();
    for listen in shared.config.listen.enabled() {
        match bind(listen, workers_for(listen.name, shared), shared) {
            Ok(bound) => {
                let name = bound.name.as_str();
                say::news(format_args!("listening {name:<14} http://{}", bound.at));
                open.push(bound);
            }
            Err(error) => say::trouble(format_args!("frameloom: {error}")),
        }
    }
    // Set once, here.
    shared
        .bound
        .get_or_init(|| open.iter().map(|bound| (bound.name, bound.at)).collect());
    open
}

/// Video leaves by these two; a page and an operator need one thread.
fn workers_for(name: ListenName, shared: &Shared) -> NonZeroUsize {
    match name {
        ListenName::Main | ListenName::Gamecraft => shared.config.server.workers.resolve(cores()),
        ListenName::GamecraftPage | ListenName::Admin => NonZeroUsize::MIN,
    }
}

/// Says which pipelines are ready and on what, as soon as that is known.
async fn announce_models(shared: Shared, settled: Vec<tokio::sync::oneshot::Receiver<()>>) {
    // A sender goes only with its device's thread, and then the board says why.
    futures_util::future::join_all(settled).await;
    for model in shared.board.views() {
        let (slot, on) = (
            &model.slot,
            format!("{} by {}", model.title, model.runs_on()),
        );
        match (&model.load_seconds, &model.why, &model.fix) {
            (Some(took), ..) => say::news(format_args!(
                "pipeline  {slot:<14} ready in {took:.2} s: {on}"
            )),
            (None, Some(why), Some(fix)) => {
                say::trouble(format_args!("pipeline  {slot:<14} failed: {why}; {fix}"))
            }
            _ => say::trouble(format_args!("pipeline  {slot:<14} {}: {on}", model.state)),
        }
    }
    if shared.world.is_none() {
        let model = shared.config.gamecraft.model.as_str();
        say::trouble(format_args!(
            "pipeline  {:<14} failed: there is no model `{model}`; change gamecraft.model",
            "world"
        ));
    }
    let referee = &shared.config.referee;
    if shared.referee.is_none() {
        say::trouble(format_args!(
            "pipeline  {:<14} failed: `{}` cannot be used (the log says why); change referee.model",
            "referee", referee.model
        ));
    }
}

async fn keep_metrics(shared: Shared) {
    let mut tick = tokio::time::interval(METRICS_UPKEEP);
    loop {
        tick.tick().await;
        shared.metrics.upkeep();
    }
}

/// Tells everybody, lets work in flight finish, and closes the listeners.
async fn stop(
    shared: &Shared,
    drain: &watch::Sender<Option<Duration>>,
    handles: &[actix_web::dev::ServerHandle],
    deadline: Duration,
) {
    drain.send_replace(Some(deadline));
    // Half of the time is for work in flight; clients that do not read may take the other half.
    let drained = shared.registry.send(Drain {
        within: deadline / 4,
    });
    drop(tokio::time::timeout(deadline / 2, drained).await);
    // They have left the HTTP server, so it does not wait for them.
    drop(tokio::time::timeout(deadline / 8, shared.ingest.idle()).await);
    futures_util::future::join_all(handles.iter().map(|handle| handle.stop(true))).await;
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn first(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    async fn second(&mut self) {
        self.interrupt.recv().await;
    }
}
