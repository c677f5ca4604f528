//! A GPU of the driver's double behind its actors: what sessions, scheduler and operators hear of its failures.

#[path = "../../../tests/common/fake_gpu.rs"]
#[allow(dead_code, reason = "integration tests use the rest")]
mod fake_gpu;

use super::*;
use crate::{
    actors::{
        post::post,
        scheduler::Lost,
        test_support::{Received, credits, eventually, inbox, order},
        work::{RunBatch, Work, WorkDone, WorkError},
    },
    engine::{
        Data, EngineKey, ItemState, Manifest, Repository, Role, Scope, Tensor, cuda::ptx::Ptx,
    },
};
use fake_cuda_control::Control;
use tokio::sync::{Mutex, MutexGuard};

/// Side of the pictures, in pixels.
const SIDE: usize = 64;
/// Failures in a row after which the world is given up.
const MAX_FAILURES: usize = 3;

/// The double is the process's, so these tests take turns.
static TURN: Mutex<()> = Mutex::const_new(());

/// A GPU with the world on it, and what it told.
struct House {
    control: Control,
    gpu: Arc<Gpu>,
    seat: Seat,
    key: EngineKey,
    board: Board,
    gpus: Gpus,
    free: Received<SlotFree>,
    changed: Received<DeviceChanged>,
    _turn: MutexGuard<'static, ()>,
}

/// The world with a warm-up that an interpreter of kernels gets through.
fn world() -> Model {
    let repository = Repository::open(None);
    let built_in = repository.get("world-box").unwrap();
    let mut manifest = Manifest::clone(&built_in.manifest);
    manifest.batch.gpu = NonZeroUsize::new(2);
    let side = |(name, _): (&String, _)| (name.clone(), SIDE);
    manifest.warmup.axes = manifest.axes.iter().map(side).collect();
    let mut own = Repository::default();
    own.insert(manifest, built_in.read().unwrap().into_owned());
    own.get("world-box").unwrap().clone()
}

impl House {
    /// The world comes up on a GPU of which so many bytes are left to others.
    async fn open(reserve: usize) -> Self {
        let turn = TURN.lock().await;
        let (control, driver) = fake_gpu::reset();
        let gpu = Gpu::new(driver.facts(0).unwrap());
        let (model, board, gpus) = (world(), Board::default(), Gpus::default());
        let (free, freed) = inbox();
        let (changed, heard) = inbox();
        let backend: Arc<dyn Backend> = Arc::new(Ptx::new(Arc::clone(&gpu)));
        let key = model.key(&[("height", SIDE), ("width", SIDE)]).unwrap();
        let (settle, settled) = oneshot::channel();
        let seat = Cuda::start(CudaConfig {
            gpu: Arc::clone(&gpu),
            spec: DeviceSpec {
                name: "cuda0".into(),
                threads: NonZeroUsize::MIN,
                gpu: Some(0),
            },
            slots: NonZeroUsize::new(2).unwrap(),
            spin: Duration::from_micros(50),
            models: vec![(model, backend)],
            board: board.clone(),
            gpus: gpus.clone(),
            max_failures: MAX_FAILURES,
            reserve,
            watcher: None,
            every: Duration::from_millis(20),
            free,
            changed,
            settled: Some(settle),
        });
        settled.await.unwrap();
        Self {
            control,
            gpu,
            seat: seat.unwrap(),
            key,
            board,
            gpus,
            free: freed,
            changed: heard,
            _turn: turn,
        }
    }

    async fn prepare(&self) -> Result<Prepared, LoadError> {
        let prepare = Prepare(self.key.clone());
        self.seat.prepare.send(prepare).await.unwrap()
    }

    /// One frame of a session with this state.
    async fn frame(&mut self, state: ItemState) -> WorkDone {
        let answer = self.submit(state).next().await;
        self.free.next().await;
        answer
    }

    /// Puts a frame on the GPU.
    fn submit(&self, state: ItemState) -> Received<WorkDone> {
        let (reply_to, done) = inbox();
        let row = |role, values: &[f32]| {
            let tensor = Tensor::f32(vec![1, values.len()], values.to_vec());
            (Role::Borrowed(role), tensor.unwrap())
        };
        let mut order = order("a", credits(1).try_take().unwrap(), &reply_to);
        order.key = self.key.clone();
        order.item.state = state;
        order.item.inputs = vec![
            row("pose", &[0.0, 0.0, 0.2, 0.0, 0.0, 0.0]),
            row("scene", &[0.5, 1.0, 1.4, 6.0]),
        ];
        let batch = RunBatch {
            key: self.key.clone(),
            work: vec![Work::new(order)],
            slot: self.seat.slots.try_take().unwrap(),
        };
        post(&self.seat.run, batch);
        done
    }

    fn view(&self) -> GpuView {
        self.gpus.views().pop().unwrap()
    }
}

fn fresh() -> ItemState {
    let pixels = Data::U8(vec![100; SIDE * SIDE * 3]);
    let picture = Tensor::new(vec![1, SIDE, SIDE, 3], pixels).unwrap();
    ItemState::Fresh(vec![(Role::Borrowed("image"), picture)])
}

fn scope(done: &WorkDone) -> Option<Scope> {
    match &done.outcome {
        Err(WorkError::Run(e)) => Some(e.scope),
        _ => None,
    }
}

#[actix::test]
async fn frames_are_drawn_and_the_gpu_is_told_of() {
    let mut house = House::open(0).await;
    let prepared = house.prepare().await.unwrap();
    assert_eq!(prepared.max_batch.get(), 2);
    let done = house.frame(fresh()).await;
    assert!(done.outcome.is_ok(), "{:?}", done.outcome);
    assert!(done.tag.stages.get(crate::media::Stage::Infer) > Duration::ZERO);
    let state = SIDE * SIDE * 3 * 4;
    let gpus = house.gpus.clone();
    let is_told = move || gpus.views().iter().any(|view| view.session_bytes == state);
    eventually("the session's memory is told of", is_told).await;
    let view = house.view();
    assert_eq!(
        (view.health, &*view.name, &*view.compute),
        (Health::Well, "Fake GPU", "9.0")
    );
    assert!(view.slot_bytes > 0 && view.graph_fallbacks == 0);
}

#[actix::test]
async fn lack_of_memory_in_a_run_answers_it_and_the_next_one_is_drawn() {
    let mut house = House::open(0).await;
    let _prepared = house.prepare().await.unwrap();
    house.control.fail("cuGraphLaunch", 0, 1, 2);
    let failed = house.frame(fresh()).await;
    assert_eq!(scope(&failed), Some(Scope::Slot));
    assert!(matches!(failed.state, ItemState::Fresh(_)), "as it came");
    assert!(house.frame(failed.state).await.outcome.is_ok());
    assert!(house.board.is_ready("world-box") && house.changed.now().is_empty());
}

#[actix::test]
async fn a_dead_context_is_left_and_the_world_comes_up_in_another() {
    let mut house = House::open(0).await;
    let _prepared = house.prepare().await.unwrap();
    let kept = house.frame(fresh()).await.state;
    assert!(house.control.poison(0, 719));
    let failed = house.frame(kept).await;
    assert_eq!(scope(&failed), Some(Scope::Device));
    assert!(
        matches!(failed.state, ItemState::Lost),
        "it was on the device"
    );
    assert!(house.frame(fresh()).await.outcome.is_ok());
    assert!(house.board.is_ready("world-box") && house.changed.now().is_empty());
    assert_eq!(house.view().health, Health::Well);
}

#[actix::test]
async fn a_context_that_died_while_nothing_ran_is_left_when_a_session_comes() {
    let mut house = House::open(0).await;
    drop(house.prepare().await.unwrap());
    assert!(house.control.poison(0, 719));
    let _prepared = house.prepare().await.unwrap();
    assert!(house.frame(fresh()).await.outcome.is_ok());
    assert!(house.board.is_ready("world-box") && house.changed.now().is_empty());
}

#[actix::test]
async fn a_death_that_two_batches_tell_of_is_one() {
    let mut house = House::open(0).await;
    let _prepared = [
        house.prepare().await.unwrap(),
        house.prepare().await.unwrap(),
    ];
    // Both stay on the GPU until it dies.
    house.control.set_looks(u32::MAX);
    let launched = house.control.calls("cuGraphLaunch");
    let (mut a, mut b) = (house.submit(fresh()), house.submit(fresh()));
    let are_on = || house.control.calls("cuGraphLaunch") == launched + 2;
    eventually("both are on the gpu", are_on).await;
    assert!(house.control.poison(0, 719));
    for done in [&mut a, &mut b] {
        assert_eq!(scope(&done.next().await), Some(Scope::Device));
    }
    house.control.set_looks(1);
    assert!(house.frame(fresh()).await.outcome.is_ok());
    assert_eq!(house.control.calls("cuDevicePrimaryCtxReset_v2"), 1);
}

#[actix::test]
async fn sessions_that_were_admitted_before_a_restart_have_their_memory_after_it() {
    let mut house = House::open(0).await;
    let _prepared = [
        house.prepare().await.unwrap(),
        house.prepare().await.unwrap(),
    ];
    assert!(house.control.poison(0, 719));
    house.frame(fresh()).await;
    let state = SIDE * SIDE * 3 * 4;
    let gpu = Arc::clone(&house.gpu);
    eventually("both states are set aside again", || {
        gpu.memory().sessions >= 2 * state
    })
    .await;
    let taken = house.control.calls("cuMemAlloc_v2");
    let (a, b) = (house.frame(fresh()).await, house.frame(fresh()).await);
    assert!(a.outcome.is_ok() && b.outcome.is_ok());
    assert_eq!(
        house.control.calls("cuMemAlloc_v2"),
        taken,
        "no frame takes memory"
    );
}

#[actix::test]
async fn a_gpu_that_fails_as_often_as_it_may_is_given_up_and_takes_no_session() {
    let mut house = House::open(0).await;
    let _prepared = house.prepare().await.unwrap();
    house.control.fail("cuGraphLaunch", 0, u64::MAX, 2);
    for _ in 0..MAX_FAILURES {
        assert!(house.frame(fresh()).await.outcome.is_err());
    }
    assert_eq!(
        house.changed.next().await.lost,
        Lost::Model("world-box".into())
    );
    assert_eq!(house.changed.next().await.lost, Lost::Everything);
    let refused = house.prepare().await.unwrap_err();
    assert_eq!(refused.why, "the GPU was given up");
    assert_eq!(house.view().health, Health::Failed);
    assert!(!house.board.is_ready("world-box"));
    let late = house.frame(fresh()).await;
    assert!(
        matches!(late.state, ItemState::Fresh(_)),
        "answered at once, as it came"
    );
}

#[actix::test]
async fn a_session_is_refused_when_only_what_is_left_to_others_is_free() {
    let house = House::open(usize::MAX).await;
    let refused = house.prepare().await.unwrap_err();
    assert!(refused.why.contains("left to others"), "{refused}");
    assert!(refused.fix.contains("gpu.reserve_mb"));
}

#[actix::test]
async fn memory_returns_to_what_it_was_when_sessions_have_gone() {
    let mut house = House::open(0).await;
    let gpu = Arc::clone(&house.gpu);
    let sessions = || gpu.memory().sessions;
    eventually("the warm-up's state is free again", || sessions() == 0).await;
    let prepared = house.prepare().await.unwrap();
    assert_eq!(sessions(), SIDE * SIDE * 3 * 4);
    let done = house.frame(fresh()).await;
    drop((done, prepared));
    eventually("the session's state is free again", || sessions() == 0).await;
    post(
        &house.seat.release,
        crate::actors::device::Release(house.key.clone()),
    );
    eventually("the slots are free again", || gpu.memory().slots == 0).await;
    assert_eq!(gpu.memory().pinned, 0);
}
