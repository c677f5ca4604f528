//! From the start of the process until `/readyz` says yes, with the built-in models.

use super::{
    Effort,
    report::{Row, Section, Target},
    server::Server,
    stats::Samples,
};

/// Starts in one run, at least.
const STARTS: u32 = 10;

/// Measures.
///
/// # Errors
/// If a server does not come up.
pub async fn measure(effort: Effort) -> anyhow::Result<Section> {
    let mut took = Vec::new();
    for _ in 0..STARTS.max(effort.rounds) {
        took.push(Server::start(&[]).await?.took.as_secs_f64());
    }
    let took: Samples = took.into_iter().collect();
    let mut section = Section::new("start");
    section.note(format!(
        "{} starts, one after another; asked every 2 ms",
        took.len()
    ));
    section.row(Row::median(
        "from the process's start to /readyz",
        &took,
        "s",
    ));
    section.row(Row::of("the slowest start", took.max(), "s").target(Target::AtMost(1.5)));
    Ok(section)
}
