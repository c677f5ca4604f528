//! All sections as they come: printed, written to a file, and at the end gathered in one table.

use super::section::Section;
use crate::client::bench::{
    proc,
    report::{Machine, Section as Findings},
};
use anyhow::Context as _;
use serde::Serialize;
use std::path::PathBuf;

/// What was measured so far.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    /// Whether nothing is wrong so far.
    passed: bool,
    sections: Vec<Section>,
    #[serde(skip)]
    json: Option<PathBuf>,
}

impl Report {
    /// Says where this is, before anything is measured.
    pub fn begin(json: Option<PathBuf>) -> Self {
        let machine = Machine::here();
        println!("{machine}");
        if cfg!(debug_assertions) {
            eprintln!("this is a debug build: its numbers say nothing, build with --release");
        }
        Self {
            machine,
            passed: true,
            sections: Vec::new(),
            json,
        }
    }

    /// Prints a section, and writes all so far.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&mut self, section: Section) -> anyhow::Result<()> {
        print!("{section}");
        self.passed &= section.faults.is_empty();
        self.sections.push(section);
        self.write()
    }

    /// Prints the one table; gives whether nothing is wrong.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn end(mut self) -> anyhow::Result<bool> {
        self.machine.load_after = proc::load();
        let mut all = Findings::new("all in one");
        for section in &self.sections {
            section.findings.iter().for_each(|row| all.row(row.clone()));
        }
        print!("{all}");
        let faults = self.sections.iter().flat_map(|section| &section.faults);
        faults.for_each(|fault| println!("  FAILED: {fault}"));
        let verdict = match self.passed {
            true => "passed: every frame is right",
            false => "FAILED",
        };
        println!("  {verdict}\n\n{}", self.machine);
        self.write()?;
        Ok(self.passed)
    }

    fn write(&self) -> anyhow::Result<()> {
        let Some(path) = &self.json else {
            return Ok(());
        };
        let json = serde_json::to_vec_pretty(self)?;
        std::fs::write(path, json).with_context(|| path.display().to_string())
    }
}
