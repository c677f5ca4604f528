//! A verdict that the client did not hear: where it is looked for, and what becomes of a server that has none.

use serde_json::json;

use super::{double::Script, jpegs, scripted::stream};

#[test]
fn a_verdict_that_nobody_heard_is_found_among_the_artifacts() {
    let leaves = Script {
        leaves_after_signal: true,
        ..Script::good()
    };
    let (code, printed, _) = stream(leaves, &jpegs(3), &[]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("waiting for its result"), "{printed}");
    assert!(printed.contains("winner     left"), "{printed}");
}

#[test]
fn an_earlier_bout_s_result_is_not_taken_for_the_one_that_is_being_judged() {
    let leaves = Script {
        leaves_after_signal: true,
        works_for: 2,
        earlier: Some(json!({"decision": {"winner": "right", "reason": "an earlier bout's"}})),
        ..Script::good()
    };
    let (code, printed, _) = stream(leaves, &jpegs(3), &[]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("winner     left"), "{printed}");
    assert!(!printed.contains("an earlier bout's"), "{printed}");
}

#[test]
fn a_session_that_left_no_result_and_is_gone_ends_with_5() {
    let leaves = Script {
        leaves_after_signal: true,
        refuses_resume: Some("Session bout is not there"),
        ends: Err(("PROCESSING_FAILED", "")),
        ..Script::good()
    };
    let (code, printed, seen) = stream(leaves, &jpegs(3), &[]);
    assert_eq!(code, Some(5), "{printed}");
    assert!(printed.contains("ended without a result"), "{printed}");
    assert!(printed.contains("Session bout is not there"), "{printed}");
    assert_eq!(seen.starts.len(), 2, "a resume is tried once");
}

#[test]
fn a_session_that_never_leaves_a_result_gets_its_signal_twice_and_no_more() {
    let leaves = Script {
        leaves_after_signal: true,
        ends: Err(("PROCESSING_FAILED", "")),
        ..Script::good()
    };
    let (code, printed, seen) = stream(leaves, &jpegs(3), &[]);
    assert_eq!(code, Some(5), "{printed}");
    assert!(printed.contains("ended without a result"), "{printed}");
    assert_eq!(seen.starts.len(), 2);
    assert_eq!(seen.numbers, [0, 1, 2], "the frames are still there");
}
