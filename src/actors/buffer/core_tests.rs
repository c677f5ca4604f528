//! When frames start and with what, at times that the test chooses.

use super::*;
use crate::{
    actors::test_support::{TrackLog, action, unlimited},
    session::SceneChange,
};

const BEAT: Duration = Duration::from_millis(33);

fn core(period: Duration, log: &TrackLog, t0: Instant) -> Core {
    let mut core = Core::new(
        &SessionSpec {
            period,
            ..unlimited()
        },
        Box::new(log.clone()),
        t0,
    );
    core.set_open(true);
    core
}

fn drawing(step: Step) -> Drawing {
    match step {
        Step::Draw(drawing) => *drawing,
        other => panic!("{other:?} is no frame"),
    }
}

/// Draws the frame that is due and brings its state home at the same moment.
fn draw(core: &mut Core, now: Instant) -> Drawing {
    let mut drawn = drawing(core.step(now, true));
    core.state_home(std::mem::take(&mut drawn.state));
    drawn
}

#[test]
fn without_pacing_a_frame_starts_as_soon_as_the_state_is_home() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(usize::MAX));
    let mut core = core(Duration::ZERO, &log, t0);
    core.offer(t0, action(1)).unwrap();
    let first = drawing(core.step(t0, true));
    assert!(
        matches!(core.step(t0, true), Step::Blocked),
        "the state is away"
    );
    core.state_home(first.state);
    assert!(matches!(core.step(t0, false), Step::Blocked), "no credit");
    assert_eq!(
        drawing(core.step(t0, true)).frame,
        FrameId(first.frame.0 + 1)
    );
}

#[test]
fn with_pacing_a_walk_waits_for_the_beat() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(usize::MAX));
    let mut core = core(BEAT, &log, t0);
    core.offer(t0, action(1)).unwrap();
    draw(&mut core, t0);
    let early = t0 + BEAT / 2;
    core.offer(early, action(2)).unwrap();
    let nearly = BEAT - Duration::from_millis(1);
    assert!(matches!(core.step(early, true), Step::WaitUntil(then) if then == t0 + nearly));
    assert_eq!(draw(&mut core, t0 + BEAT).action, ActionId(2));
}

#[test]
fn frames_that_start_a_little_early_do_not_move_the_beat() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(usize::MAX));
    let mut core = core(BEAT, &log, t0);
    core.offer(t0, action(1)).unwrap();
    let nearly = Duration::from_millis(1);
    draw(&mut core, t0);
    for beat in 1..10 {
        draw(&mut core, t0 + beat * BEAT - nearly);
    }
    let then = t0 + 10 * BEAT - nearly;
    assert!(matches!(core.step(t0 + 9 * BEAT, true), Step::WaitUntil(at) if at == then));
}

#[test]
fn an_action_at_rest_starts_a_frame_at_once() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(1));
    let mut core = core(BEAT, &log, t0);
    core.offer(t0, action(1)).unwrap();
    draw(&mut core, t0);
    let soon = t0 + Duration::from_millis(1);
    assert!(matches!(core.step(soon, true), Step::Rest));
    core.offer(soon, action(2)).unwrap();
    let drawn = draw(&mut core, soon);
    assert_eq!(drawn.action, ActionId(2));
    assert_eq!(drawn.stages.get(Stage::Tick), Duration::ZERO);
}

#[test]
fn what_is_in_flight_queues_an_action_only_beyond_the_beat() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(usize::MAX));
    let mut core = core(BEAT, &log, t0);
    let ms = Duration::from_millis;
    core.offer(t0, action(1)).unwrap();
    let first = drawing(core.step(t0, true));
    core.offer(t0 + ms(5), action(2)).unwrap();
    core.state_home(first.state);
    let second = drawing(core.step(t0 + BEAT, true));
    assert_eq!(second.stages.get(Stage::Queue), Duration::ZERO);
    assert_eq!(second.stages.get(Stage::Tick), BEAT - ms(5));
    core.offer(t0 + BEAT + ms(5), action(3)).unwrap();
    core.state_home(second.state);
    let third = drawing(core.step(t0 + 2 * BEAT + ms(9), true));
    assert_eq!(third.stages.get(Stage::Queue), ms(9));
    assert_eq!(third.stages.get(Stage::Tick), BEAT - ms(5));
}

#[test]
fn the_newest_of_several_actions_wins_and_the_others_are_counted() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(1));
    let mut core = core(Duration::ZERO, &log, t0);
    let replaced: Vec<_> = (1..=4)
        .map(|n| core.offer(t0, action(n)).unwrap().replaced)
        .collect();
    assert_eq!(replaced, [false, true, true, true]);
    assert_eq!(draw(&mut core, t0).action, ActionId(4));
    assert_eq!((core.replaced(), log.acted()), (3, vec![4]));
}

#[test]
fn a_corrected_scene_is_drawn_and_is_no_action() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(1));
    let mut core = core(Duration::ZERO, &log, t0);
    core.offer(t0, action(7)).unwrap();
    draw(&mut core, t0);
    core.offer(t0, Media::Scene(SceneChange::default()))
        .unwrap();
    assert_eq!(draw(&mut core, t0).action, ActionId(7));
    assert_eq!(log.acted(), [7], "nobody pressed a key");
    assert!(matches!(core.step(t0, true), Step::Rest));
}

#[test]
fn a_lost_state_begins_again_from_the_start_picture_and_a_kept_one_does_not() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(usize::MAX));
    let mut core = core(Duration::ZERO, &log, t0);
    core.offer(t0, action(1)).unwrap();
    draw(&mut core, t0);
    assert_eq!(log.fresh(), 1);
    drawing(core.step(t0, true));
    core.state_home(ItemState::Lost);
    assert_eq!(log.fresh(), 2);
    assert!(matches!(
        drawing(core.step(t0, true)).state,
        ItemState::Fresh(_)
    ));
}

#[test]
fn a_closed_buffer_starts_nothing() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(usize::MAX));
    let mut core = core(Duration::ZERO, &log, t0);
    core.offer(t0, action(1)).unwrap();
    core.set_open(false);
    assert!(matches!(core.step(t0, true), Step::Blocked));
}

#[test]
fn after_a_frame_that_was_too_late_the_next_one_is_run_late_and_the_one_after_it_is_not() {
    let (t0, log) = (Instant::now(), TrackLog::drawing(usize::MAX));
    let mut core = core(Duration::ZERO, &log, t0);
    core.offer(t0, action(1)).unwrap();
    assert_eq!(draw(&mut core, t0).class, Class::Interactive);
    core.too_late();
    assert_eq!(draw(&mut core, t0).class, Class::Lossless);
    assert_eq!(draw(&mut core, t0).class, Class::Interactive);
}
