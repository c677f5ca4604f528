//! What the reader of signal files makes of good, odd and hostile files.

use super::*;
use proptest::prelude::*;

const PHRASE: &str = "Phrase 34 initialized at 2025-10-17 20:52:43
Audio cue duration: 2.48s
 0.001s | Phrase recording started
 1.649s | Off-Target: Blade-to-blade contact.
 6.135s | HIT: Left scores on Right!
Lockout active (0.130s window)
 6.158s | Lockout period started (0.200s window)
 6.293s | HIT: Simultaneous valid hits!
 6.349s | Phrase recording ended
Scores -> Fencer 1: HIT, Fencer 2: HIT
Phrase ended
 6.429s | Off-Target: Blade-to-blade contact.
Confirmed result winner: Left
";

fn read(text: &str) -> Result<Signal, SignalError> {
    parse("a.txt", text.as_bytes())
}

fn without(line: &str) -> String {
    let kept = PHRASE.lines().filter(|kept| !kept.contains(line));
    kept.map(|kept| format!("{kept}\n")).collect()
}

#[test]
fn a_phrase_is_read_line_by_line() {
    let signal = read(PHRASE).unwrap();
    assert_eq!(signal.kind, SignalKind::DoubleTouch);
    assert_eq!(signal.start_time, 0.001);
    assert_eq!(signal.hit_time, Some(6.293));
    assert_eq!(signal.hit_frame(), Some(94));
    assert_eq!(signal.end_time, Some(6.349));
    assert_eq!(signal.lockout_start, Some(6.158));
    let first = FirstHit {
        time: 6.135,
        by: Some(Side::Left),
    };
    assert_eq!(signal.first_hit, Some(first));
    assert_eq!(signal.declared_winner, Some(Side::Left));
}

#[test]
fn all_blade_contacts_are_kept_with_their_frames() {
    let contacts = read(PHRASE).unwrap().blade_contacts;
    let expected = [(1.649, 24), (6.429, 96)].map(|(time, frame)| BladeContact { time, frame });
    assert_eq!(contacts, expected);
}

#[test]
fn the_phrase_has_the_names_that_clients_read() {
    let json = serde_json::to_value(read(PHRASE).unwrap().phrase()).unwrap();
    assert_eq!(json["simultaneous_hit_frame"], 94);
    assert_eq!(json["blade_contacts"][0]["frame"], 24);
    assert_eq!(json["declared_winner"], "left");
    assert_eq!(json["fps"], 15.0);
}

#[test]
fn without_a_simultaneous_hit_the_first_one_counts() {
    let signal = read(&without("Simultaneous")).unwrap();
    assert_eq!(signal.hit_time, Some(6.135));
}

#[test]
fn without_a_start_there_is_no_phrase() {
    let error = read(&without("recording started")).unwrap_err();
    assert_eq!(error.to_string(), "Could not find start time in a.txt");
}

#[test]
fn without_a_hit_there_is_no_phrase() {
    let error = read(&without("HIT:")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Could not find simultaneous hit time in a.txt"
    );
}

#[test]
fn one_light_is_nothing_to_adjudicate() {
    let signal = read(&PHRASE.replace("Fencer 2: HIT", "Fencer 2: miss")).unwrap();
    let expected = SignalKind::Skipped {
        reason: "Only one fencer recorded a valid hit; nothing to adjudicate.",
        detail: "Not a double-touch phrase (Fencer 1: HIT, Fencer 2: MISS)".to_owned(),
    };
    assert_eq!(signal.kind, expected);
}

#[test]
fn no_light_at_all_needs_no_hit_time() {
    let text = without("HIT:").replace(
        "Fencer 1: HIT, Fencer 2: HIT",
        "Fencer 1: OFF, Fencer 2: OFF",
    );
    assert!(matches!(
        read(&text).unwrap().kind,
        SignalKind::Skipped { .. }
    ));
}

#[test]
fn a_winner_is_read_in_any_case_and_both_wordings() {
    for (line, winner) in [
        ("confirmed RESULT winner: right", Some(Side::Right)),
        ("Manual selection winner: Left", Some(Side::Left)),
        ("Winner: Left", None),
        ("Confirmed result winner: nobody", None),
    ] {
        let text = PHRASE.replace("Confirmed result winner: Left", line);
        assert_eq!(read(&text).unwrap().declared_winner, winner, "{line}");
    }
}

#[test]
fn byte_order_marks_and_windows_line_ends_do_not_matter() {
    let windows = format!("\u{feff}{}", PHRASE.replace('\n', "\r\n"));
    assert_eq!(read(&windows), read(PHRASE));
}

#[test]
fn bytes_that_are_no_text_are_passed_over() {
    let bytes = [b"\xff\xfe\x80 noise\n".as_slice(), PHRASE.as_bytes()].concat();
    assert_eq!(parse("a.txt", &bytes), read(PHRASE));
}

#[test]
fn the_first_time_of_a_line_counts_whole() {
    for (line, time) in [
        (" 12.345s | x 1.0s", Some(12.345)),
        ("1.2.3s", Some(2.3)),
        ("5s | 0.5s", Some(0.5)),
        (".5s", None),
        ("1.s", None),
        ("s", None),
        ("999999.0s", None),
    ] {
        assert_eq!(time_in(line), time, "{line}");
    }
}

#[test]
fn a_file_of_contacts_alone_is_kept_in_bounds() {
    let many = " 1.0s | Off-Target: Blade-to-blade contact.\n".repeat(3 * MOST_CONTACTS);
    let signal = read(&format!("{PHRASE}{many}")).unwrap();
    assert_eq!(signal.blade_contacts.len(), MOST_CONTACTS);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = parse("a.txt", &bytes);
    }

    #[test]
    fn no_mix_of_its_own_words_makes_it_panic(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "Phrase recording started", "HIT:", "Scores ->", "Fencer 1:", "Fencer 2:", "1.5s", "s", ".", "9", "\n",
                "\r", "é", "Confirmed result winner:", "Left", " ", "Simultaneous valid hits", "999999999999999999.9s",
            ]),
            0..60,
        )
    ) {
        let _ = read(&words.concat());
    }
}
