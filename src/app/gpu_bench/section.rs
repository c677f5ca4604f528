//! One measurement's result: a table, what is to be known of it, and the findings that the last table repeats.
//!
//! Invariant: no line of the text is wider than [`WIDTH`], unless a single word is.

use crate::client::bench::report::Row;
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::fmt;

/// Columns of text: what a terminal, a log and a page show without a break.
pub const WIDTH: usize = 100;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// How it was measured, and what was left out and why.
    pub notes: Vec<String>,
    /// What it gave, row by row.
    pub rows: Vec<Record>,
    /// What of it counts most.
    pub findings: Vec<Row>,
    /// What went wrong: the command fails.
    pub faults: Vec<String>,
    #[serde(skip)]
    columns: &'static [Column],
}

/// A column: its name in JSON, and its head in the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Column(pub &'static str, pub &'static str);

/// One row, a cell a column.
#[derive(Clone, Debug)]
pub struct Record {
    columns: &'static [Column],
    cells: Vec<Cell>,
}

/// What stands in a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Words.
    Text(String),
    /// Whole things.
    Count(usize),
    /// A measured number; not-a-number is one that could not be had.
    Number(f64),
}

impl Section {
    /// One without rows yet.
    pub fn new(name: &'static str, columns: &'static [Column]) -> Self {
        Self {
            name,
            notes: Vec::new(),
            rows: Vec::new(),
            findings: Vec::new(),
            faults: Vec::new(),
            columns,
        }
    }

    /// Says how it was measured, or what was left out.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Something could not be measured, which is no fault: why.
    pub fn skip(&mut self, what: impl fmt::Display, why: impl fmt::Display) {
        self.notes.push(format!("skipped: {what}: {why}"));
    }

    /// Something is wrong.
    pub fn fault(&mut self, what: impl fmt::Display, why: impl fmt::Display) {
        self.faults.push(format!("{what}: {why}"));
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell a column");
        let columns = self.columns;
        self.rows.push(Record { columns, cells });
    }

    /// Adds a number to the last table.
    pub fn found(&mut self, row: Row) {
        self.findings.push(row);
    }

    fn widths(&self) -> Vec<usize> {
        let width = |at: usize| {
            let cells = self.rows.iter().map(|row| row.cells[at].to_string());
            let head = self.columns[at].1.to_owned();
            let widths = cells.chain([head]).map(|text| text.chars().count());
            widths.max().unwrap_or(0)
        };
        (0..self.columns.len()).map(width).collect()
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        let widths = self.widths();
        let is_text = |at: usize| {
            let mut cells = self.rows.iter().map(|row| &row.cells[at]);
            cells.all(|cell| matches!(cell, Cell::Text(_)))
        };
        let mut line = |cells: Vec<String>| {
            let padded = cells
                .iter()
                .enumerate()
                .map(|(at, cell)| match is_text(at) {
                    true => format!("{cell:<width$}", width = widths[at]),
                    false => format!("{cell:>width$}", width = widths[at]),
                });
            let mut padded: Vec<_> = padded.collect();
            let last = padded.pop().unwrap_or_default();
            let before = padded.iter().map(|cell| format!("{cell}  "));
            let before: String = before.collect();
            let indent = 2 + before.chars().count();
            // Words of the last column may be long, and go on below.
            let lines = match last.chars().count() + indent > WIDTH {
                true => wrapped(&last, indent),
                false => vec![last],
            };
            let blank = " ".repeat(indent - 2);
            let starts = [before].into_iter().chain(std::iter::repeat(blank));
            lines.iter().zip(starts).try_for_each(|(line, start)| {
                writeln!(f, "  {}", format!("{start}{line}").trim_end())
            })
        };
        line(self.columns.iter().map(|c| c.1.to_owned()).collect())?;
        let rows = self.rows.iter().map(|row| row.cells.iter());
        rows.map(|cells| cells.map(ToString::to_string).collect())
            .try_for_each(&mut line)
    }
}

/// Words, broken into lines that fit behind `indent` blanks.
fn wrapped(text: &str, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && indent + line + 1 + word.chars().count() > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.name)?;
        self.table(f)?;
        let faults = self.faults.iter().map(|fault| format!("FAILED: {fault}"));
        for note in self.notes.iter().cloned().chain(faults) {
            for line in wrapped(&note, 2) {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Count(n) => write!(f, "{n}"),
            Self::Number(value) if !value.is_finite() => f.write_str("–"),
            Self::Number(value) => match value.abs() {
                v if v >= 100.0 => write!(f, "{value:.0}"),
                v if v >= 10.0 => write!(f, "{value:.1}"),
                v if v >= 1.0 || v == 0.0 => write!(f, "{value:.2}"),
                _ => write!(f, "{value:.3}"),
            },
        }
    }
}

/// A row is an object: its columns' names, and what stands there.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.cells.len()))?;
        for (Column(name, _), cell) in self.columns.iter().zip(&self.cells) {
            object.serialize_entry(name, cell)?;
        }
        object.end()
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<usize> for Cell {
    fn from(n: usize) -> Self {
        Self::Count(n)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[Column("size", "size"), Column("frames_per_s", "frames/s")];

    #[test]
    fn words_stand_left_and_numbers_right() {
        let mut section = Section::new("loop", COLUMNS);
        section.row(vec!["64×64".into(), 1234.5.into()]);
        section.row(vec!["1280×720".into(), f64::NAN.into()]);
        let lines: Vec<_> = section.to_string().lines().map(str::to_owned).collect();
        assert_eq!(
            lines[1..],
            [
                "loop",
                "  size      frames/s",
                "  64×64         1234",
                "  1280×720         –"
            ]
        );
    }

    #[test]
    fn a_row_is_an_object_in_json_and_a_number_that_is_none_is_null() {
        let mut section = Section::new("loop", COLUMNS);
        section.row(vec!["64×64".into(), f64::NAN.into()]);
        let json = serde_json::to_value(&section).unwrap();
        assert_eq!(
            json["rows"],
            serde_json::json!([{"size": "64×64", "frames_per_s": null}])
        );
    }

    #[test]
    fn long_words_of_the_last_column_go_on_below_it() {
        const WORDS: &[Column] = &[Column("what", "what"), Column("found", "found")];
        let mut section = Section::new("here", WORDS);
        section.row(vec!["driver".into(), "word ".repeat(30).into()]);
        let text = section.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert!(lines[4].starts_with("          word"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn notes_are_broken_at_the_width() {
        let mut section = Section::new("loop", COLUMNS);
        section.note("word ".repeat(60));
        let longest = section.to_string().lines().map(|l| l.chars().count()).max();
        assert!(longest <= Some(WIDTH), "{longest:?}");
        assert!(longest > Some(WIDTH - 8), "{longest:?}");
    }
}
