//! What a bench says: a table for people, and the same as JSON.

use super::{proc, stats::Samples};
use serde::Serialize;
use std::fmt::{self, Write as _};

/// Everything that was measured, and where.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// One a measurement.
    pub sections: Vec<Section>,
}

/// Where it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Cores that the bench and what it started may use.
    pub cores: usize,
    /// The load average over one minute when the bench began.
    pub load_before: f64,
    /// The same when it ended; the bench itself is part of it.
    pub load_after: f64,
    /// The program's version.
    pub version: &'static str,
    /// `release` or `debug`.
    pub build: &'static str,
}

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    /// Its name on the command line.
    pub name: &'static str,
    /// How it was measured.
    pub notes: Vec<String>,
    /// What it gave.
    pub rows: Vec<Row>,
}

/// One number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Of what.
    pub what: String,
    /// How much.
    pub value: f64,
    /// Of which unit.
    pub unit: &'static str,
    /// Smallest and largest, where there are several.
    pub spread: Option<(f64, f64)>,
    /// What it should be.
    pub target: Option<Target>,
    /// Whether it is; nothing without a target.
    pub met: Option<bool>,
}

/// What a number should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Machine {
    /// This one, now.
    pub fn here() -> Self {
        Self {
            processor: proc::processor().unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            load_before: proc::load(),
            load_after: f64::NAN,
            version: env!("CARGO_PKG_VERSION"),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        }
    }
}

impl Section {
    /// One without numbers yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            notes: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Says how it was measured.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds a number.
    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Whether every number with a target met it.
    pub fn is_met(&self) -> bool {
        self.rows.iter().all(|row| row.met != Some(false))
    }
}

impl Row {
    /// A number that only informs.
    pub fn of(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            spread: None,
            target: None,
            met: None,
        }
    }

    /// The median of samples, with their spread.
    pub fn median(what: impl Into<String>, samples: &Samples, unit: &'static str) -> Self {
        Self {
            spread: Some((samples.min(), samples.max())),
            ..Self::of(what, samples.median(), unit)
        }
    }

    /// Holds it to a target; a number that could not be had misses it.
    #[must_use]
    pub fn target(self, target: Target) -> Self {
        Self {
            target: Some(target),
            met: Some(target.is_met(self.value)),
            ..self
        }
    }
}

impl Target {
    /// Whether this value is as it should be.
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

// === impl Display ===

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processor,
            cores,
            load_before,
            load_after,
            version,
            build,
        } = self;
        write!(
            f,
            "frameloom {version} ({build} build) on {processor}, {cores} cores, load {load_before:.1} before"
        )?;
        if load_after.is_finite() {
            write!(f, " and {load_after:.1} after")?;
        }
        Ok(())
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.name)?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        let width = self.rows.iter().map(|row| row.what.chars().count()).max();
        let width = width.unwrap_or(0);
        self.rows
            .iter()
            .try_for_each(|row| writeln!(f, "  {}", row.line(width)))
    }
}

impl Row {
    fn line(&self, width: usize) -> String {
        let mut line = format!(
            "{:width$}  {:>9} {:<7}",
            self.what,
            short(self.value),
            self.unit
        );
        // Writing to a string cannot fail.
        let _ = match self.spread {
            Some((min, max)) => write!(
                line,
                " {:<19}",
                format!("({} to {})", short(min), short(max))
            ),
            None => write!(line, " {:<19}", ""),
        };
        if let (Some(target), Some(met)) = (self.target, self.met) {
            let verdict = if met { "met" } else { "MISSED" };
            let _ = write!(line, " {:<9} {verdict}", target.to_string());
        }
        line.trim_end().to_owned()
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 || v == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_missed_shows_in_the_row_and_in_its_section() {
        let mut section = Section::new("stop");
        section.row(Row::of("time", 2.5, "s").target(Target::AtMost(2.0)));
        assert!(!section.is_met());
        assert!(
            section.to_string().contains("≤ 2       MISSED"),
            "{section}"
        );
    }

    #[test]
    fn a_number_that_could_not_be_had_misses_its_target() {
        let row = Row::of("p99", f64::NAN, "ms").target(Target::AtMost(5.0));
        assert_eq!(row.met, Some(false));
    }

    #[test]
    fn a_number_without_a_target_has_no_verdict() {
        let mut section = Section::new("start");
        section.row(Row::median(
            "time",
            &[3.0, 1.0, 2.0].into_iter().collect(),
            "s",
        ));
        assert!(section.is_met());
        assert_eq!(section.rows[0].spread, Some((1.0, 3.0)));
    }
}
