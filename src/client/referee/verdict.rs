//! The result in a few lines for a person.
//!
//! Reads the document as loosely as it can. Invariant: whatever is missing in it is not told.

use super::{
    Ending, Failure,
    output::Output,
    server::{Server, artifact},
};
use serde_json::Value;
use std::fmt;

/// Evidence beyond this many lines is only counted.
const MOST_EVIDENCE: usize = 8;
/// Files that are told, as they are called here and in the document.
const FILES: [(&str, &str); 2] = [("overlay", "analysis_video"), ("result", "result_json")];

/// A result to be told.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a> {
    /// The server's document.
    pub result: &'a Value,
    /// Where it came from.
    pub server: &'a Server,
}

impl Verdict<'_> {
    /// Whether there is a winner.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self.winner() {
            Some("left" | "right") => Ending::Done,
            _ => Ending::NoWinner,
        }
    }

    /// Prints it, and saves it where it was asked for.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be saved.
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    pub fn tell(&self, output: Option<Output>) -> Result<Ending, Failure> {
        print!("{self}");
        if let Some(output) = output {
            output.save(self.result)?;
        }
        Ok(self.ending())
    }

    fn winner(&self) -> Option<&str> {
        self.decision("winner")?.as_str()
    }

    /// Where the server has a file of the result. It lists none in a folder, so each is named by itself.
    fn file(&self, kind: &str) -> Option<String> {
        let folder = text(self.result.get("artifact_dir"))?;
        let path = text(self.result.get("artifacts")?.get(kind))?;
        Some(artifact(folder, path.rsplit('/').next()?))
    }

    /// A field of the decision; older documents, and those without a decision, have it beside.
    fn decision(&self, field: &str) -> Option<&Value> {
        let inside = self
            .result
            .get("decision")
            .and_then(|decision| decision.get(field));
        inside.or_else(|| self.result.get(field))
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<11}{value}");
        match (self.winner(), text(self.result.get("status"))) {
            (Some(winner), _) => row("winner", &winner)?,
            (None, Some(status)) => row("winner", &format_args!("none ({status})"))?,
            (None, None) => row("winner", &"none")?,
        }
        if let Some(reason) = text(self.decision("reason")) {
            row("reason", &reason)?;
        }
        if let Some(confidence) = self.decision("confidence").and_then(Value::as_f64) {
            row("confidence", &format_args!("{confidence:.2}"))?;
        }
        let evidence = self.decision("evidence").and_then(Value::as_array);
        let evidence: &[Value] = evidence.map_or(&[], Vec::as_slice);
        for fact in evidence.iter().take(MOST_EVIDENCE) {
            row("evidence", &Fact(fact))?;
        }
        if let Some(more) = evidence
            .len()
            .checked_sub(MOST_EVIDENCE)
            .filter(|more| *more > 0)
        {
            row("", &format_args!("and {more} more"))?;
        }
        if let Some(stats) = self.result.get("streaming_stats") {
            let count = |field: &str| stats.get(field).and_then(Value::as_u64).unwrap_or(0);
            let (received, missing) = (count("frames_received"), count("missing_frames"));
            row(
                "frames",
                &format_args!("{received} held, {missing} missing"),
            )?;
        }
        if let Some(seconds) = self.result.get("wall_time_seconds").and_then(Value::as_f64) {
            row("took", &format_args!("{seconds:.1} s"))?;
        }
        for (name, kind) in FILES {
            if let Some(path) = self.file(kind) {
                row(name, &self.server.url(&path))?;
            }
        }
        Ok(())
    }
}

/// A line of evidence.
struct Fact<'a>(&'a Value);

impl fmt::Display for Fact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = text(self.0.get("fact")).unwrap_or_default();
        match self.0.get("time").and_then(Value::as_f64) {
            Some(time) => write!(f, "{time:.2} s: {fact}"),
            None => f.write_str(fact),
        }
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(result: &Value) -> (String, Ending) {
        let server = Server::parse("http://localhost:8080", None).unwrap();
        let verdict = Verdict {
            result,
            server: &server,
        };
        (verdict.to_string(), verdict.ending())
    }

    #[test]
    fn a_verdict_is_told_with_its_evidence() {
        let (text, ending) = told(&json!({
            "decision": {"winner": "left", "reason": "Left has right-of-way", "confidence": 0.81,
                "evidence": [{"frame": 41, "time": 2.733, "fact": "right pauses"}]},
            "artifact_dir": "phrase 1", "artifacts": {"analysis_video": "phrase 1/bout_overlay.mp4",
                "excel": "phrase 1/bout.xlsx", "result_json": "phrase 1/analysis_result.json"}, "wall_time_seconds": 4.25,
            "streaming_stats": {"frames_received": 90, "missing_frames": 1},
        }));
        let expected = "\
winner     left
reason     Left has right-of-way
confidence 0.81
evidence   2.73 s: right pauses
frames     90 held, 1 missing
took       4.2 s
overlay    http://localhost:8080/artifacts/phrase%201/bout_overlay.mp4
result     http://localhost:8080/artifacts/phrase%201/analysis_result.json
";
        assert_eq!((text.as_str(), ending), (expected, Ending::Done));
    }

    #[test]
    fn an_abstention_has_no_winner() {
        let (text, ending) =
            told(&json!({"decision": {"winner": "abstain", "reason": "too few tracks"}}));
        assert_eq!(ending, Ending::NoWinner);
        assert!(
            text.contains("winner     abstain\nreason     too few tracks"),
            "{text}"
        );
    }

    #[test]
    fn a_skipped_phrase_says_so() {
        let (text, ending) = told(&json!({"status": "skipped", "reason": "one light"}));
        assert_eq!(ending, Ending::NoWinner);
        assert!(
            text.starts_with("winner     none (skipped)\nreason     one light"),
            "{text}"
        );
    }

    #[test]
    fn long_evidence_is_cut_and_counted() {
        let evidence = vec![json!({"fact": "x"}); 11];
        let (text, _) = told(&json!({"decision": {"winner": "right", "evidence": evidence}}));
        assert_eq!(text.matches("evidence").count(), 8);
        assert!(text.contains("and 3 more"), "{text}");
    }
}
