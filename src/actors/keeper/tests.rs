//! Sessions that keep their input, end to end over a scripted model and a real spool.

use super::*;
use crate::{
    actors::{
        registry::{Name, OpenError, SessionHandle},
        test_support::{
            BROKEN, ENCODING, House, StudyLog, UNREADABLE, Vaults, eventually, refusing, soon,
            until,
        },
    },
    engine::{
        RunError,
        scripted::{Act, Gate, Scripted},
    },
    media::ByteBudget,
    pipelines::Lane,
    session::{Command, Noted, SignalFile},
};

/// Warm-up takes the first act of a script.
const WARM_UP: Act = Act::Run;

struct Bench {
    house: House,
    vaults: Vaults,
    log: StudyLog,
}

impl Bench {
    async fn new(script: Scripted) -> Self {
        Self {
            house: House::new(script, 8).await,
            vaults: Vaults::new(1 << 24),
            log: StudyLog::default(),
        }
    }

    async fn open_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut Kept),
    ) -> Result<SessionHandle, OpenError> {
        let mut kept = self.vaults.kept(name, &self.log);
        change(&mut kept);
        let name = Name::Given(SessionId::new(name));
        let opener = Box::new(move || Ok(Lane::from(kept)));
        self.house.open_named(refusing(8), name, opener).await
    }

    async fn open(&self, name: &str) -> SessionHandle {
        self.open_with(name, |_| {}).await.unwrap()
    }
}

fn signal(bytes: &[u8]) -> SignalFile {
    SignalFile {
        filename: "bout.txt".into(),
        bytes: bytes.to_vec(),
    }
}

async fn outcome(watching: Watching) -> Outcome {
    soon("an outcome", watching.outcome).await.unwrap()
}

fn put(intake: &mut Intake, number: u64) {
    let bytes = format!("frame {number}");
    let noted = intake.frame(number, ENCODING, bytes.as_bytes()).unwrap();
    assert_eq!(noted, Noted::Received);
}

#[actix::test]
async fn every_frame_is_studied_once_and_the_verdict_tells_of_all() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    for number in [3, 0, 1, 2, 9] {
        put(&mut intake, number);
    }
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    let document = "bout.txt [0, 1, 2, 3, 9]".to_owned();
    assert_eq!(outcome(watching).await, Outcome::Concluded { document });
    let mut texts = bench.log.studied().into_iter().map(|(_, bytes)| bytes);
    assert_eq!(texts.next_back(), Some(b"frame 9".to_vec()));
    bench.house.is_empty().await;
}

#[actix::test]
async fn frames_are_studied_while_others_are_still_to_come() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    eventually("the first is studied", || bench.log.studied().len() == 1).await;
    put(&mut intake, 1);
    eventually("the second is studied", || bench.log.studied().len() == 2).await;
}

#[actix::test]
async fn without_overlap_nothing_is_studied_before_the_signal() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open_with("bout", |kept| kept.terms.overlap = false);
    let session = session.await.unwrap();
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    assert_eq!(session.kept().await.unwrap().studied, 0);
    assert_eq!(bench.house.script.batches(), [1], "only the warm-up");
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    assert!(matches!(outcome(watching).await, Outcome::Concluded { .. }));
}

#[actix::test]
async fn a_frame_on_which_the_engine_fails_is_tried_again() {
    let bad = || Act::Fail(RunError::item("the script says so"));
    let bench = Bench::new(Scripted::new([WARM_UP, bad(), bad()])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    assert!(matches!(outcome(watching).await, Outcome::Concluded { .. }));
}

#[actix::test]
async fn a_frame_that_always_fails_ends_the_session_with_a_reason() {
    let bad = || Act::Fail(RunError::item("the script says so"));
    let bench = Bench::new(Scripted::new([WARM_UP, bad(), bad(), bad()])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 7);
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    let why = "frame 7 failed again and again: the script says so".to_owned();
    assert_eq!(outcome(watching).await, Outcome::Failed(why));
    bench.house.is_empty().await;
}

#[actix::test]
async fn after_a_failure_of_ours_the_frames_are_still_on_the_disk() {
    let bad = || Act::Fail(RunError::item("the script says so"));
    let bench = Bench::new(Scripted::new([WARM_UP, bad(), bad(), bad()])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 7);
    drop(intake);
    bench.house.is_empty().await;
    let found = async || bench.vaults.root.list().unwrap();
    until("the folder is free", async || found().await.len() == 1).await;
    assert_eq!(found().await[0].frames, 1);
}

#[actix::test]
async fn what_cannot_be_judged_goes_with_its_answer() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    intake.frame(0, ENCODING, BROKEN).unwrap();
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    assert_eq!(outcome(watching).await, Outcome::Failed("no frame".into()));
    assert!(!bench.vaults.has("bout"));
}

#[actix::test]
async fn a_frame_that_cannot_be_decoded_holds_up_no_other() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    intake.frame(0, ENCODING, BROKEN).unwrap();
    put(&mut intake, 1);
    let view = async || session.kept().await.unwrap();
    until("both are studied", async || view().await.studied == 2).await;
    assert_eq!(view().await.undecodable, [0]);
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    let document = "bout.txt [1]".to_owned();
    assert_eq!(outcome(watching).await, Outcome::Concluded { document });
}

#[actix::test]
async fn a_signal_that_cannot_be_read_leaves_the_frames_for_a_better_one() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    let watching = intake.conclude(signal(UNREADABLE)).await.unwrap();
    let why = "the script says so".to_owned();
    assert_eq!(outcome(watching).await, Outcome::BadSignal(why));
    let intake = session.intake().await.unwrap();
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    assert!(matches!(outcome(watching).await, Outcome::Concluded { .. }));
}

#[actix::test]
async fn one_connection_at_a_time_may_write_and_the_next_goes_on_where_it_stopped() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut first = session.intake().await.unwrap();
    put(&mut first, 0);
    put(&mut first, 4);
    assert_eq!(session.intake().await.unwrap_err(), IntakeError::Busy);
    drop(first);
    let second = session.intake().await.unwrap();
    assert_eq!(second.ledger().highest(), Some(4));
    assert_eq!(second.ledger().missing_numbers(10), [1, 2, 3]);
}

#[actix::test]
async fn a_number_that_is_held_is_counted_and_not_kept_again() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    let before = intake.spooled_bytes();
    let noted = intake.frame(0, ENCODING, b"another").unwrap();
    assert_eq!((noted, intake.spooled_bytes()), (Noted::Duplicate, before));
    let counts = session.kept().await.unwrap().counts;
    assert_eq!((counts.frames, counts.total, counts.duplicates), (1, 2, 1));
}

#[actix::test]
async fn a_client_that_does_not_come_back_within_the_window_loses_its_session() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open_with("bout", |kept| kept.terms.resume_window = Duration::ZERO);
    let session = session.await.unwrap();
    // The session ends when its keeper next looks at the clock, whether or not the intake was taken by then.
    drop(session.intake().await);
    bench.house.is_empty().await;
    eventually("its folder has gone", || !bench.vaults.has("bout")).await;
}

#[actix::test]
async fn what_is_written_after_the_end_is_refused_and_never_acknowledged() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    session
        .apply(Command::Stop(EndReason::OperatorStopped))
        .await;
    bench.house.is_empty().await;
    until("the end is known", async || {
        matches!(intake.frame(1, ENCODING, b"late"), Err(FrameFault::Ended))
    })
    .await;
    assert!(matches!(intake.sync(), Err(FrameFault::Ended)));
    let kept = intake.keep_signal(&signal(b"touch"));
    assert!(matches!(kept, Err(FrameFault::Ended)), "{kept:?}");
    let mut ended = intake.ended();
    let ended = soon("the reason", ended.wait_for(Option::is_some)).await;
    let reason = ended.unwrap().clone().unwrap().reason;
    assert_eq!(reason, EndReason::OperatorStopped);
    drop(intake);
    assert!(!bench.vaults.has("bout"), "its folder goes with the intake");
}

#[actix::test]
async fn a_shutdown_leaves_what_was_kept_on_the_disk() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    drop(intake);
    let within = Duration::from_secs(60);
    session.apply(Command::Drain { within }).await;
    bench.house.is_empty().await;
    let found = async || bench.vaults.root.list().unwrap();
    until("the folder is free", async || found().await.len() == 1).await;
    assert_eq!(found().await[0].frames, 1);
}

#[actix::test]
async fn a_shutdown_leaves_nothing_of_what_nobody_can_go_on_with() {
    let bench = Bench::new(Scripted::new([])).await;
    let whole = |kept: &mut Kept| kept.bout.input_video = Some("bout.avi".into());
    let session = bench.open_with("bout", whole).await.unwrap();
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    drop(intake);
    let within = Duration::from_secs(60);
    session.apply(Command::Drain { within }).await;
    bench.house.is_empty().await;
    eventually("its folder has gone", || !bench.vaults.has("bout")).await;
}

#[actix::test]
async fn a_session_found_again_is_studied_from_its_first_frame() {
    let bench = Bench::new(Scripted::new([])).await;
    let mut kept = bench.vaults.kept("bout", &bench.log);
    let at = kept.vault.writer.append(5, ENCODING, b"found").unwrap();
    kept.vault.ledger.note(5);
    kept.vault.found.push(at);
    let name = Name::Given(SessionId::new("bout"));
    let opener = Box::new(move || Ok(Lane::from(kept)));
    let session = bench
        .house
        .open_named(refusing(8), name, opener)
        .await
        .unwrap();
    eventually("it is studied", || {
        bench.log.studied() == [(5, b"found".to_vec())]
    })
    .await;
    assert_eq!(session.kept().await.unwrap().counts.frames, 1);
}

#[actix::test]
async fn two_sessions_never_have_one_name() {
    let bench = Bench::new(Scripted::new([])).await;
    let _first = bench.open("bout").await;
    let name = Name::Given(SessionId::new("bout"));
    let opener = Box::new(|| panic!("it must not be asked"));
    let second = bench.house.open_named(refusing(8), name, opener).await;
    assert_eq!(second.unwrap_err(), OpenError::Exists);
}

#[actix::test]
async fn a_frame_that_has_no_memory_is_refused_and_those_before_it_stay() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open_with("bout", |kept| kept.vault.budget = ByteBudget::new(10));
    let mut intake = session.await.unwrap().intake().await.unwrap();
    let refused = intake.frame(0, ENCODING, b"frame").unwrap_err();
    assert!(matches!(refused, FrameFault::Memory), "{refused}");
    assert_eq!((intake.ledger().distinct(), intake.spooled_bytes()), (0, 0));
}

#[actix::test]
async fn what_is_reserved_is_told_whoever_has_the_right_to_write_and_is_given_back_before_the_verdict()
 {
    let bench = Bench::new(Scripted::new([])).await;
    let free = bench.vaults.budget().free();
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    let held = free - bench.vaults.budget().free();
    let told = session.kept().await.unwrap().memory_bytes;
    assert_eq!(told, held);
    assert!(told > 1_000, "the frame's own memory is in it");
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    outcome(watching).await;
    assert_eq!(bench.vaults.budget().free(), free);
}

#[actix::test]
async fn a_verdict_that_is_stopped_holds_its_memory_until_its_job_has_ended() {
    let gate = Arc::new(Gate::default());
    let bench = Bench::new(Scripted::new([])).await;
    bench.log.hold_verdicts(&gate);
    let free = bench.vaults.budget().free();
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    let held = session.kept().await.unwrap().memory_bytes;
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    eventually("its job has begun", || bench.log.is_judging()).await;
    let stop = Command::Stop(EndReason::OperatorStopped);
    session.apply(stop).await;
    bench.house.is_empty().await;
    assert!(soon("its end", watching.outcome).await.is_err());
    assert_eq!(free - bench.vaults.budget().free(), held);
    gate.open();
    let budget = bench.vaults.budget();
    eventually("it is given back", || budget.free() == free).await;
}

#[actix::test]
async fn frames_that_were_there_before_have_their_memory_already() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open_with("bout", |kept| {
        let vault = &mut kept.vault;
        let at = vault.writer.append(0, ENCODING, b"frame 0").unwrap();
        vault.ledger.note(0);
        vault.found.push(at);
        vault.books = vault.budget.try_lease(500);
        // Nothing is left for more of them.
        vault.budget = ByteBudget::new(0);
    });
    let session = session.await.unwrap();
    assert_eq!(session.kept().await.unwrap().memory_bytes, 1_500);
    let mut intake = session.intake().await.unwrap();
    assert_eq!(
        intake.frame(0, ENCODING, b"frame 0").unwrap(),
        Noted::Duplicate
    );
    let refused = intake.frame(1, ENCODING, b"frame 1").unwrap_err();
    assert!(matches!(refused, FrameFault::Memory), "{refused}");
}

#[actix::test]
async fn a_session_has_as_many_frames_as_it_may_have() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open_with("bout", |kept| kept.terms.max_frames = 1);
    let mut intake = session.await.unwrap().intake().await.unwrap();
    put(&mut intake, 0);
    let refused = intake.frame(1, ENCODING, b"one too many").unwrap_err();
    assert!(matches!(refused, FrameFault::TooMany(1)), "{refused}");
}

#[actix::test]
async fn frames_of_several_sessions_share_a_batch() {
    let gate = Arc::new(Gate::default());
    let bench = Bench::new(Scripted::new([WARM_UP, Act::Hold(Arc::clone(&gate))])).await;
    let mut intakes = Vec::new();
    for name in ["a", "b", "c"] {
        intakes.push(bench.open(name).await.intake().await.unwrap());
    }
    intakes.iter_mut().for_each(|intake| put(intake, 0));
    let waiting = async || bench.house.scheduler().await.waiting;
    until("two wait behind the first", async || waiting().await == 2).await;
    gate.open();
    eventually("all are studied", || bench.log.studied().len() == 3).await;
    assert_eq!(bench.house.script.batches(), [1, 1, 2]);
}

#[actix::test]
async fn no_more_frames_are_under_way_than_the_session_has_credits() {
    let gate = Arc::new(Gate::default());
    let bench = Bench::new(Scripted::new([WARM_UP, Act::Hold(Arc::clone(&gate))])).await;
    let session = bench.open("bout").await;
    let credits = bench.vaults.kept("other", &bench.log).spec.credits.get();
    let mut intake = session.intake().await.unwrap();
    for number in 0..20 {
        put(&mut intake, number);
    }
    let view = async || session.kept().await.unwrap();
    until("it is busy", async || view().await.under_way == credits).await;
    assert_eq!(view().await.counts.frames, 20);
    gate.open();
    eventually("all are studied", || bench.log.studied().len() == 20).await;
}

#[actix::test]
async fn progress_is_told_to_whoever_waits_for_the_verdict() {
    let bench = Bench::new(Scripted::new([])).await;
    let session = bench.open("bout").await;
    let mut intake = session.intake().await.unwrap();
    put(&mut intake, 0);
    let watching = intake.conclude(signal(b"touch")).await.unwrap();
    let stages = watching.stages.clone();
    outcome(watching).await;
    let progress = |name| stages.borrow().get(name).unwrap().progress;
    assert_eq!(
        (progress("study"), progress("decision")),
        (Some(1.0), Some(1.0))
    );
}
