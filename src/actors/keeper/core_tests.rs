use super::*;
use crate::media::Encoding;
use proptest::prelude::*;

fn frame(number: u64) -> FrameRef {
    FrameRef {
        number,
        encoding: Encoding::Jpeg,
        offset: number * 100,
        bytes: 100,
    }
}

fn open(overlap: bool) -> Core {
    let mut core = Core::new(overlap);
    core.attach();
    core
}

fn started(core: &mut Core) -> Option<u64> {
    core.start().map(|frame| frame.number)
}

#[test]
fn the_lowest_number_that_waits_starts_first() {
    let mut core = open(true);
    for number in [7, 3, 5] {
        core.arrive(frame(number));
    }
    assert_eq!(
        [(); 4].map(|()| started(&mut core)),
        [Some(3), Some(5), Some(7), None]
    );
}

#[test]
fn nothing_starts_before_the_engines_are_attached() {
    let mut core = Core::new(true);
    core.arrive(frame(0));
    assert_eq!(started(&mut core), None);
    core.attach();
    assert_eq!(started(&mut core), Some(0));
}

#[test]
fn without_overlap_frames_wait_for_the_last() {
    let mut core = open(false);
    core.arrive(frame(0));
    assert_eq!(started(&mut core), None);
    core.seal();
    assert_eq!(started(&mut core), Some(0));
}

#[test]
fn a_frame_that_fails_is_tried_again_and_then_given_up() {
    let mut core = open(true);
    core.arrive(frame(4));
    for _ in 1..TRIES {
        assert_eq!(started(&mut core), Some(4));
        assert_eq!(core.fail(4), AfterFailure::Again);
    }
    assert_eq!(started(&mut core), Some(4));
    assert_eq!(core.fail(4), AfterFailure::GiveUp);
}

#[test]
fn a_session_without_frames_is_complete_when_it_is_sealed() {
    let mut core = open(true);
    assert!(!core.is_complete());
    core.seal();
    assert!(core.is_complete());
}

#[derive(Clone, Debug)]
enum Op {
    Arrive,
    Start,
    Finish(usize),
    Fail(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        Just(Op::Arrive),
        Just(Op::Start),
        any::<usize>().prop_map(Op::Finish),
        any::<usize>().prop_map(Op::Fail),
    ]
}

proptest! {
    #[test]
    fn no_frame_is_lost_or_studied_twice(ops in prop::collection::vec(op(), 0..120)) {
        let mut core = open(true);
        let (mut arrived, mut running, mut studied) = (0u64, Vec::new(), Vec::new());
        for op in ops {
            match op {
                Op::Arrive => { core.arrive(frame(arrived)); arrived += 1; }
                Op::Start => running.extend(started(&mut core)),
                Op::Finish(at) if !running.is_empty() => {
                    let number = running.swap_remove(at % running.len());
                    core.finish(number);
                    studied.push(number);
                }
                Op::Fail(at) if !running.is_empty() => {
                    let number = running.swap_remove(at % running.len());
                    if core.fail(number) == AfterFailure::GiveUp { return Ok(()); }
                }
                Op::Finish(_) | Op::Fail(_) => {}
            }
            prop_assert_eq!(core.arrived(), arrived);
        }
        core.seal();
        while !core.is_complete() {
            running.extend(started(&mut core));
            let number = running.pop().unwrap();
            core.finish(number);
            studied.push(number);
        }
        studied.sort_unstable();
        prop_assert_eq!(studied, (0..arrived).collect::<Vec<_>>());
    }
}
