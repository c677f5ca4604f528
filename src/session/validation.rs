//! What is wrong with an upload, in the words that its clients know.
//!
//! Judges the frames alone: an upload without fault is valid although its signal is still to come
//! ([`Validation::has_signal`] tells that). Invariant: `valid` is true exactly when `issues` is empty.

use std::time::Duration;

use super::ledger::Ledger;

/// Fewer frames than these cannot show an action.
pub const FEWEST_FRAMES: u64 = 10;

/// So many missing numbers are named one by one; more are named by their first and last.
const NAMED_MISSING: usize = 5;

/// So many undecodable frames are named; a message must stay far below a client's 1 MiB.
const NAMED_UNDECODABLE: usize = 100;

/// What is known of an upload beside its [`Ledger`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known<'a> {
    /// Frames that the client said it would send.
    pub expected_frames: Option<u64>,
    /// Frames that are held but could not be decoded, as far as that is known by now, in order.
    pub undecodable: &'a [u64],
    /// How long nothing has come, where that was too long.
    pub timed_out_after: Option<Duration>,
    /// Whether the signal has come.
    pub has_signal: bool,
}

/// The judgement of an upload, field by field as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// Whether there is no issue.
    pub valid: bool,
    /// Each thing that is wrong, as text.
    pub issues: Vec<String>,
    /// Different frames that are held.
    pub frame_count: u64,
    /// Holes between the lowest and the highest number.
    pub missing_frames: u64,
    /// Frames that came although they were held.
    pub duplicate_frames: u64,
    /// Frames that came after one with a higher number.
    pub out_of_order_frames: u64,
    /// Whether the signal has come.
    pub has_signal: bool,
}

/// Judges the upload that `ledger` counted.
#[must_use]
pub fn validate(ledger: &Ledger, known: &Known<'_>) -> Validation {
    let found = [
        no_frames(ledger),
        missing(ledger),
        unexpected(ledger, known.expected_frames),
        too_few(ledger),
        undecodable(known.undecodable),
        known.timed_out_after.map(timed_out),
    ];
    let issues: Vec<String> = found.into_iter().flatten().collect();
    Validation {
        valid: issues.is_empty(),
        issues,
        frame_count: ledger.distinct(),
        missing_frames: ledger.missing(),
        duplicate_frames: ledger.duplicates(),
        out_of_order_frames: ledger.out_of_order(),
        has_signal: known.has_signal,
    }
}

fn no_frames(ledger: &Ledger) -> Option<String> {
    (ledger.distinct() == 0).then(|| "No frames received".to_owned())
}

fn missing(ledger: &Ledger) -> Option<String> {
    let numbers = ledger.missing_numbers(NAMED_MISSING);
    let (first, last) = (numbers.first()?, ledger.last_missing()?);
    let count = ledger.missing();
    Some(if count <= NAMED_MISSING as u64 {
        format!("Missing frames: {numbers:?}")
    } else {
        format!("Missing {count} frames (first: {first}, last: {last})")
    })
}

fn unexpected(ledger: &Ledger, expected: Option<u64>) -> Option<String> {
    let received = ledger.distinct();
    let expected = expected.filter(|expected| *expected != received)?;
    Some(format!("Expected {expected} frames, received {received}"))
}

/// An upload without any frame has been told so already.
fn too_few(ledger: &Ledger) -> Option<String> {
    let count = ledger.distinct();
    (1..FEWEST_FRAMES)
        .contains(&count)
        .then(|| format!("Too few frames: {count} (minimum {FEWEST_FRAMES})"))
}

fn undecodable(numbers: &[u64]) -> Option<String> {
    let named = &numbers[..numbers.len().min(NAMED_UNDECODABLE)];
    let more = numbers.len() - named.len();
    match (named.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(format!("Undecodable frames: {named:?}")),
        (false, more) => Some(format!("Undecodable frames: {named:?} and {more} more")),
    }
}

fn timed_out(idle: Duration) -> String {
    format!(
        "Session timeout: no activity for {:.1}s",
        idle.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issues(numbers: impl IntoIterator<Item = u64>, known: Known<'_>) -> Vec<String> {
        validate(&numbers.into_iter().collect(), &known).issues
    }

    #[test]
    fn a_whole_upload_is_valid_before_its_signal_has_come() {
        let judged = validate(&(0..10).collect(), &Known::default());
        assert!(judged.valid && judged.issues.is_empty() && !judged.has_signal);
        assert_eq!(judged.frame_count, 10);
    }

    #[test]
    fn an_upload_without_frames_has_that_one_issue() {
        let judged = validate(&Ledger::new(), &Known::default());
        assert_eq!(judged.issues, ["No frames received"]);
        assert!(!judged.valid);
    }

    #[test]
    fn up_to_five_missing_frames_are_named() {
        let numbers = (0..20).filter(|number| ![3, 7, 8, 9, 11].contains(number));
        let expected = ["Missing frames: [3, 7, 8, 9, 11]"];
        assert_eq!(issues(numbers, Known::default()), expected);
    }

    #[test]
    fn more_missing_frames_are_told_by_the_first_and_the_last() {
        let numbers = (0..30).filter(|number| number % 2 == 0 || *number > 14);
        let expected = ["Missing 7 frames (first: 1, last: 13)"];
        assert_eq!(issues(numbers, Known::default()), expected);
    }

    #[test]
    fn fewer_than_ten_frames_are_too_few() {
        let expected = ["Too few frames: 9 (minimum 10)"];
        assert_eq!(issues(0..9, Known::default()), expected);
    }

    #[test]
    fn another_number_of_frames_than_was_said_is_an_issue() {
        let known = Known {
            expected_frames: Some(12),
            ..Known::default()
        };
        assert_eq!(issues(0..11, known), ["Expected 12 frames, received 11"]);
        assert_eq!(issues(0..12, known), [""; 0]);
    }

    #[test]
    fn undecodable_frames_are_named_up_to_a_hundred() {
        let all: Vec<u64> = (0..102).collect();
        let known = |undecodable| Known {
            undecodable,
            ..Known::default()
        };
        assert_eq!(
            issues(0..20, known(&[4, 6])),
            ["Undecodable frames: [4, 6]"]
        );
        let many = issues(0..200, known(&all));
        assert!(many[0].ends_with("98, 99] and 2 more"), "{many:?}");
    }

    #[test]
    fn silence_is_told_in_tenths_of_a_second() {
        let known = Known {
            timed_out_after: Some(Duration::from_millis(300_250)),
            ..Known::default()
        };
        let expected = ["Session timeout: no activity for 300.2s"];
        assert_eq!(issues(0..10, known), expected);
    }

    #[test]
    fn the_counts_are_those_of_the_ledger() {
        let judged = validate(
            &[5, 2, 2, 4].into_iter().collect(),
            &Known {
                has_signal: true,
                ..Known::default()
            },
        );
        assert_eq!((judged.frame_count, judged.missing_frames), (3, 1));
        assert_eq!(
            (judged.duplicate_frames, judged.out_of_order_frames),
            (1, 2)
        );
        assert!(judged.has_signal);
    }
}
