//! How long a fencer waits for the verdict after a bout that was streamed while it was fenced, against an upload after it.
//!
//! The same bout and the same models: one server studies frames while others come, the other waits for the signal
//! (`referee.overlap`). The first gets them as a camera has them, the second as fast as it takes them.

use super::{
    Effort,
    bout::{FPS, Pace, Recording, Referee, SIZE},
    report::{Row, Section, Target},
    stats::Samples,
};

/// Length of the bout, in seconds.
const BOUT: f64 = 60.0;

/// Measures.
///
/// # Errors
/// If a server does not come up, or does not judge.
pub async fn measure(effort: Effort) -> anyhow::Result<Section> {
    let recording = Recording::draw(1, BOUT)?;
    let streams = Referee::start(&[]).await?;
    let uploads = Referee::start(&[("referee.overlap", "false".into())]).await?;
    let mut rounds = Vec::new();
    for round in 0..effort.verdicts {
        let session = format!("bench-{round}");
        let streamed = streams.judge(&session, &recording, Pace::RealTime).await?;
        let uploaded = uploads.judge(&session, &recording, Pace::Full).await?;
        anyhow::ensure!(
            streamed.decision == uploaded.decision,
            "the two ways gave two verdicts: {} and {}",
            streamed.decision,
            uploaded.decision
        );
        rounds.push((
            streamed.decided.as_secs_f64(),
            uploaded.decided.as_secs_f64(),
        ));
    }
    let mut section = Section::new("verdict");
    let (width, height) = SIZE;
    section.note(format!(
        "a drawn bout of {BOUT} s, {width}×{height} at {FPS} fps, {} frames of {:.0} KB; both ways gave the same verdict",
        recording.len(),
        recording.bytes() as f64 / recording.len() as f64 / 1e3
    ));
    let each = |of: fn(&(f64, f64)) -> f64| rounds.iter().map(of).collect::<Samples>();
    section.row(Row::median(
        "last frame to verdict, streamed in real time",
        &each(|round| round.0),
        "s",
    ));
    section.row(Row::median(
        "last frame to verdict, uploaded and then analysed",
        &each(|round| round.1),
        "s",
    ));
    let share = each(|round| 100.0 * round.0 / round.1);
    section.row(Row::median("the first of the second", &share, "%").target(Target::AtMost(20.0)));
    Ok(section)
}
