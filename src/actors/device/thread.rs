//! The device's thread: obeys commands, polls what runs, rebuilds what broke.
//!
//! It sleeps while nothing runs, and polls every [`POLL`] while something does; a CPU slot is done when `submit` returns, so a
//! CPU device never polls twice.

use super::{
    DeviceConfig,
    loaded::{BatchEnd, Loaded, unrun},
    {Prepared, SHAPES},
};
use crate::{
    actors::{
        board::Entry,
        credit::Credit,
        post::post,
        priority,
        scheduler::{DeviceChanged, Lost},
        work::{RunBatch, SlotFree},
    },
    engine::{EngineKey, LoadError, LoadState, Scope, lifecycle::LoadEvent},
    media::Stage,
    telemetry::labels::{EngineState, RunOutcome},
};
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How often a running batch is looked at: well below a frame, far above the cost of a look.
const POLL: Duration = Duration::from_micros(50);

/// How often a device that does nothing looks for memory that other threads gave back.
const TIDY: Duration = Duration::from_millis(250);

/// What the actor in front asks of the thread.
pub enum Command {
    Run(RunBatch),
    Prepare {
        key: EngineKey,
        reply: oneshot::Sender<Result<Prepared, LoadError>>,
    },
    Release {
        key: EngineKey,
        /// The right to be in the channel.
        _credit: Credit,
    },
}

pub struct DeviceThread {
    // Dropped before the platform that it stands on, however the thread ends.
    loaded: BTreeMap<Arc<str>, Loaded>,
    config: DeviceConfig,
    inbox: Receiver<Command>,
}

impl DeviceThread {
    pub fn new(mut config: DeviceConfig, inbox: Receiver<Command>) -> Self {
        let models = std::mem::take(&mut config.models);
        let loaded: BTreeMap<Arc<str>, Loaded> = models
            .into_iter()
            .map(|(model, backend)| {
                (
                    Arc::from(model.name()),
                    Loaded::new(model, backend, &config.spec, config.slots),
                )
            })
            .collect();
        Self {
            loaded,
            config,
            inbox,
        }
    }

    /// Runs until the actor in front has gone.
    pub fn run(mut self) {
        match self.config.spec.gpu {
            None => priority::step_back(priority::DEVICE),
            // It computes nothing itself: it looks often, and must not be woken late.
            Some(_) => priority::wake_on_time(),
        }
        let models: Vec<_> = self.loaded.keys().cloned().collect();
        match self.config.platform.enter() {
            Ok(()) => models.iter().for_each(|model| self.bring_up(model)),
            Err(e) => models
                .iter()
                .for_each(|model| self.give_up(model, e.clone())),
        }
        // Whoever wanted to know may have gone.
        self.config.settled.take().map(|settled| settled.send(()));
        while let Some(command) = self.next_command() {
            match command {
                Command::Run(batch) => self.start(batch),
                // Whoever asked may have gone.
                Command::Prepare { key, reply } => drop(reply.send(self.prepare(&key))),
                Command::Release { key, .. } => {
                    if let Some(loaded) = self.loaded.get_mut(&key.model) {
                        loaded.release(&key);
                    }
                }
            }
        }
        // Before the platform that it stands on.
        self.loaded.values_mut().for_each(Loaded::unload);
        self.loaded.clear();
    }

    fn next_command(&mut self) -> Option<Command> {
        let mut news = Instant::now();
        let mut tidied = news;
        loop {
            if self.collect() {
                news = Instant::now();
            }
            let busy = self.loaded.values().any(Loaded::is_busy);
            if !busy || tidied.elapsed() > TIDY {
                self.tidy();
                tidied = Instant::now();
            }
            let wait = match (busy, self.config.spec.gpu) {
                (true, _) if news.elapsed() < self.config.spin => Duration::ZERO,
                (true, _) => POLL,
                (false, Some(_)) => TIDY,
                // Nothing of a CPU comes back from other threads.
                (false, None) => return self.inbox.recv().ok(),
            };
            match self.inbox.recv_timeout(wait) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn tidy(&mut self) {
        self.loaded.values_mut().for_each(Loaded::tidy);
        self.config.platform.tidy();
    }

    fn prepare(&mut self, key: &EngineKey) -> Result<Prepared, LoadError> {
        // What others have given back may be what it needs.
        self.tidy();
        let shapes: usize = self.loaded.values().map(Loaded::shapes).sum();
        let is_there = self.loaded.values().any(|loaded| loaded.has(key));
        if shapes >= SHAPES.get() && !is_there {
            return Err(LoadError::new(
                format!("the device serves {shapes} shapes at once already"),
                "ask for a size that others use, or wait until one is free",
            ));
        }
        match self.state(&key.model) {
            Some(LoadState::Failed { why, fix }) => Err(LoadError { why, fix }),
            _ => self
                .admit(key)
                .or_else(|e| match self.config.platform.is_lost() {
                    false => Err(e),
                    // Nobody ran anything that could have told.
                    true => {
                        self.restart(&e.to_string());
                        self.admit(key)
                    }
                }),
        }
    }

    fn admit(&mut self, key: &EngineKey) -> Result<Prepared, LoadError> {
        match self.loaded.get_mut(&key.model) {
            Some(loaded) => loaded.admit(key),
            None => Err(LoadError::new(
                "the device does not have this model",
                "add it to the configuration",
            )),
        }
    }

    fn start(&mut self, RunBatch { key, work, slot }: RunBatch) {
        let now = Instant::now();
        let batch = work
            .into_iter()
            .map(|work| {
                let (item, mut running) = work.start();
                running
                    .tag
                    .stages
                    .set(Stage::Wait, now.saturating_duration_since(running.tag.mark));
                (item, running)
            })
            .unzip();
        let end = match self.loaded.get_mut(&key.model) {
            // A model that was given up still answers, at once.
            Some(loaded) => loaded.submit(&key, batch, slot),
            None => Some(unrun(batch.0, batch.1, slot)),
        };
        if let Some(end) = end {
            self.ended(&key.model, end);
        }
    }

    /// Answers what is done, and gives its slots back; whether there was anything.
    fn collect(&mut self) -> bool {
        let busy = self
            .loaded
            .iter_mut()
            .filter(|(_, loaded)| loaded.is_busy());
        let ends: Vec<_> = busy
            .flat_map(|(model, l)| l.poll().into_iter().map(|end| (Arc::clone(model), end)))
            .collect();
        let any = !ends.is_empty();
        self.all_ended(ends);
        any
    }

    /// Mends what several batches told at once. A context that died shows in each batch that was on it, and a slot that has no
    /// memory seldom is the only one: each damage counts once, the largest first.
    fn all_ended(&mut self, mut ends: Vec<(Arc<str>, BatchEnd)>) {
        ends.sort_by_key(|(_, end)| end.scope().map(Reverse));
        let mut mended: Vec<(Arc<str>, Scope)> = Vec::new();
        for (model, end) in ends {
            let scope = end.scope();
            let covers =
                |(other, scope): &(Arc<str>, Scope)| *scope == Scope::Device || *other == model;
            if scope.is_some() && mended.iter().any(covers) {
                post(&self.config.free, SlotFree);
                continue;
            }
            mended.extend(scope.map(|scope| (Arc::clone(&model), scope)));
            self.ended(&model, end);
        }
    }

    fn ended(&mut self, model: &Arc<str>, end: BatchEnd) {
        let Some(loaded) = self.loaded.get_mut(model) else {
            return;
        };
        match end {
            BatchEnd::Answered {
                items,
                failed: false,
            } => {
                loaded.failures = 0;
                loaded.meters.ran(items, RunOutcome::Ok);
            }
            BatchEnd::Answered {
                items,
                failed: true,
            } => loaded.meters.ran(items, RunOutcome::Failed),
            BatchEnd::Broken { scope, why } => {
                loaded.meters.ran(0, RunOutcome::Panicked);
                loaded.failures += 1;
                let failures = loaded.failures;
                tracing::error!(model = %model, failures, ?scope, why, "engine failed");
                self.mend(model, scope, why);
            }
        }
        post(&self.config.free, SlotFree);
    }

    /// Builds anew what a failure took, and no more.
    fn mend(&mut self, model: &Arc<str>, scope: Scope, why: String) {
        match scope {
            Scope::Device => self.restart(&why),
            Scope::Item | Scope::Batch | Scope::Slot if !self.is_exhausted(model) => {
                let mended = self.loaded.get_mut(model).map(Loaded::mend_slots);
                match mended {
                    Some(Err(e)) if self.config.platform.is_lost() => self.restart(&e.to_string()),
                    Some(Err(e)) => self.rebuild(model, e.to_string()),
                    Some(Ok(())) | None => {}
                }
            }
            _ => self.rebuild(model, why),
        }
    }

    /// Takes everything off the device, starts it again, and loads everything that was well.
    fn restart(&mut self, why: &str) {
        let well: Vec<_> = self.loaded.keys().cloned().collect();
        let well: Vec<_> = well
            .into_iter()
            .filter(|model| !matches!(self.state(model), Some(LoadState::Failed { .. })))
            .collect();
        for loaded in self.loaded.values_mut() {
            loaded.condemn(Scope::Device, why);
        }
        match self.config.platform.restart() {
            Ok(()) => well
                .iter()
                .for_each(|model| self.rebuild(model, why.to_owned())),
            Err(e) => well.iter().for_each(|model| self.give_up(model, e.clone())),
        }
    }

    /// Whether a model has failed as often as it may.
    fn is_exhausted(&self, model: &Arc<str>) -> bool {
        let failures = self.loaded.get(model).map_or(0, |loaded| loaded.failures);
        failures >= self.config.max_failures
    }

    fn state(&self, model: &str) -> Option<LoadState> {
        self.config.board.state(model, &self.config.spec.name)
    }

    /// Loads and warms a model that broke, again and again until it is well or given up.
    fn rebuild(&mut self, model: &Arc<str>, mut why: String) {
        loop {
            if self.is_exhausted(model) {
                let failures = self.config.max_failures;
                let why = format!("it failed {failures} times in a row, at last: {why}");
                let fix = "see the log, then restart the server";
                return self.give_up(model, LoadError::new(why, fix));
            }
            match self.try_bring_up(model) {
                Ok(()) => return,
                Err(e) => why = e.to_string(),
            }
            if let Some(loaded) = self.loaded.get_mut(model) {
                loaded.failures += 1;
            }
            if self.config.platform.is_lost() {
                return self.restart(&why);
            }
        }
    }

    /// Loads and warms a model for the first time; one that cannot be loaded now cannot be loaded later.
    fn bring_up(&mut self, model: &Arc<str>) {
        // A restart on behalf of another may have done it.
        if self.state(model).is_some_and(|state| state.is_ready()) {
            return;
        }
        match self.try_bring_up(model) {
            Ok(()) => {}
            Err(e) if self.config.platform.is_lost() => self.restart(&e.to_string()),
            Err(e) => self.give_up(model, e),
        }
    }

    /// Loads and warms a model; says on the board how it goes.
    fn try_bring_up(&mut self, model: &Arc<str>) -> Result<(), LoadError> {
        let began = Instant::now();
        self.load_and_warm(model)?;
        let took = began.elapsed();
        self.tell(model, LoadEvent::Warmed { took });
        if let Some(loaded) = self.loaded.get(model) {
            loaded.meters.loaded(took);
        }
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(model = %model, device = %self.config.spec.name, millis, "model ready");
        Ok(())
    }

    fn load_and_warm(&mut self, model: &Arc<str>) -> Result<(), LoadError> {
        self.tell(model, LoadEvent::Begin);
        let Some(loaded) = self.loaded.get_mut(model) else {
            return Ok(());
        };
        let warmup = loaded.model.manifest.warmup.runs;
        loaded.load(&self.config.spec)?;
        self.tell(model, LoadEvent::Loaded { warmup });
        for _ in 0..warmup {
            self.loaded
                .get_mut(model)
                .map_or(Ok(()), Loaded::warm_once)?;
            self.tell(model, LoadEvent::WarmedOnce);
        }
        Ok(())
    }

    fn give_up(&mut self, model: &Arc<str>, LoadError { why, fix }: LoadError) {
        tracing::error!(model = %model, why, fix, "model failed");
        if let Some(loaded) = self.loaded.get_mut(model) {
            loaded.unload();
        }
        self.tell(model, LoadEvent::Fail { why, fix });
        let failed = |model: &Arc<str>| matches!(self.state(model), Some(LoadState::Failed { .. }));
        let all_failed = self.loaded.keys().all(failed);
        self.lost(Lost::Model(Arc::clone(model)));
        if all_failed {
            self.lost(Lost::Everything);
        }
    }

    /// Tells that sessions must go elsewhere.
    fn lost(&self, lost: Lost) {
        let device = self.config.spec.name.clone();
        post(&self.config.changed, DeviceChanged { device, lost });
    }

    fn tell(&self, model: &Arc<str>, event: LoadEvent) {
        let state = self
            .config
            .board
            .apply(model, &self.config.spec.name, event);
        if let (Some(state), Some(loaded)) = (state, self.loaded.get(model)) {
            loaded.meters.state(label(&state));
        }
    }
}

/// Enters the device's models on the board, before anybody asks.
pub fn enter(config: &DeviceConfig) {
    for (model, backend) in &config.models {
        config.board.enter(Entry {
            manifest: Arc::clone(&model.manifest),
            backend: backend.name(),
            device: config.spec.name.clone(),
            threads: config.spec.gpu.map_or(config.spec.threads.get(), |_| 0),
            state: LoadState::Unloaded,
        });
    }
}

fn label(state: &LoadState) -> EngineState {
    match state {
        LoadState::Unloaded => EngineState::Unloaded,
        LoadState::Loading { .. } => EngineState::Loading,
        LoadState::Warming { .. } => EngineState::Warming,
        LoadState::Ready { .. } => EngineState::Ready,
        LoadState::Failed { .. } => EngineState::Failed,
    }
}
