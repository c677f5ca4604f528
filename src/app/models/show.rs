//! What a person sees while a plan is built: on a terminal one line that lives, elsewhere a line now and then.
//!
//! The builders tell no share of the work, so what is shown is what they do and how long it has taken.

use crate::app::{child::Said, say};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    collections::VecDeque,
    io::{IsTerminal as _, stderr},
    time::{Duration, Instant},
};

/// How often the line on a terminal shows that time passes.
const TICK: Duration = Duration::from_millis(120);
/// How long a log may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// Lines that are kept for the case that it fails.
const KEPT: usize = 200;
/// Of those, what is told.
const TOLD: usize = 6;

/// The show of one build.
#[derive(Debug)]
pub struct Show {
    model: String,
    began: Instant,
    spoke: Instant,
    bar: Option<ProgressBar>,
    last: VecDeque<String>,
}

impl Show {
    /// Of a model's build, which begins now.
    pub fn new(model: &str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} {spinner} {elapsed} {wide_msg}");
            let bar = ProgressBar::new_spinner()
                .with_style(style.expect("the template is one"))
                .with_prefix(model.to_owned());
            bar.enable_steady_tick(TICK);
            bar
        });
        let now = Instant::now();
        Self {
            model: model.to_owned(),
            began: now,
            spoke: now,
            bar,
            last: VecDeque::new(),
        }
    }

    /// Shows what the builder says.
    pub fn hear(&mut self, said: &Said<'_>) {
        match said {
            Said::Line(line) => {
                if !line.trim().is_empty() {
                    self.keep(line);
                }
                if let Some(step) = step(line) {
                    self.tell(step);
                }
            }
            Said::Tick if self.bar.is_none() && self.spoke.elapsed() >= SILENCE => {
                self.tell("still building");
            }
            Said::Tick => {}
        }
    }

    fn tell(&mut self, step: &str) {
        self.spoke = Instant::now();
        match &self.bar {
            Some(bar) => bar.set_message(step.to_owned()),
            None => say::news(format_args!(
                "{}: {} s: {step}",
                self.model,
                self.began.elapsed().as_secs()
            )),
        }
    }

    fn keep(&mut self, line: &str) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    /// How long it has taken.
    pub fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// The builder's last words: its last errors, or its last lines if it told none.
    pub fn last_words(&self) -> String {
        let errors: Vec<_> = self
            .last
            .iter()
            .filter(|line| line.contains("[E]"))
            .collect();
        let told = match errors.is_empty() {
            true => self.last.iter().collect(),
            false => errors,
        };
        let from = told.len().saturating_sub(TOLD);
        let told: Vec<_> = told[from..].iter().map(|line| line.as_str()).collect();
        match told.as_slice() {
            [] => "it said nothing".to_owned(),
            told => told.join("\n  "),
        }
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What the builders' programs say of their own steps; the rest of their own lines repeats the options.
const STEPS: [&str; 7] = [
    "Start parsing",
    "Finished parsing",
    "Building engine",
    "Engine built",
    "Created engine",
    "Engine generation",
    "Setting persistentCacheLimit",
];

/// What is worth showing of a line, without date and level: `[11/03/2026-12:00:00] [I] [TRT] …`.
fn step(line: &str) -> Option<&str> {
    let mut rest = line.trim();
    let (mut is_library, mut is_grave) = (false, false);
    while let Some((tag, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        is_library |= tag == "TRT";
        is_grave |= tag == "W" || tag == "E";
        rest = behind.trim_start();
    }
    let is_step = STEPS.iter().any(|step| rest.starts_with(step));
    (!rest.is_empty() && (is_library || is_grave || is_step)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_the_librarys_words_are_shown_and_options_are_not() {
        let date = "[11/03/2026-12:00:00]";
        for (line, shown) in [
            (
                "[I] [TRT] Compiler backend is used",
                Some("Compiler backend is used"),
            ),
            (
                "[I] Engine built in 12.5 sec.",
                Some("Engine built in 12.5 sec."),
            ),
            (
                "[W] optShapes is being broadcasted",
                Some("optShapes is being broadcasted"),
            ),
            ("[I] === Build Options ===", None),
            ("[I] Precision: FP32+FP16", None),
            ("[I] ", None),
        ] {
            assert_eq!(step(&format!("{date} {line}")), shown, "{line}");
        }
        assert_eq!(step(""), None);
    }

    fn last_words(lines: &[&str]) -> String {
        let mut show = Show::new("m");
        lines.iter().for_each(|line| show.hear(&Said::Line(line)));
        show.last_words()
    }

    #[test]
    fn errors_are_better_last_words_than_last_lines() {
        let words = last_words(&["[I] one", "[E] Could not parse", "", "&&&& FAILED"]);
        assert_eq!(words, "[E] Could not parse");
        assert_eq!(last_words(&["one", "two"]), "one\n  two");
        assert_eq!(last_words(&[]), "it said nothing");
    }
}
