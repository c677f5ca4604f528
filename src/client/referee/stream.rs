//! The streaming of a bout, over as many connections as it takes.
//!
//! Responsible for going on after a broken connection; what is said on one is [`super::talk`]'s. Invariant: a connection is tried
//! again a bounded number of times, and only after a session has been opened, so that a wrong address fails at once. The signal is
//! handed in again once at most, to a server that has forgotten it.

use super::{
    Ending, Failure, aftermath,
    output::Output,
    show::Show,
    source::camera::Stop,
    talk::{Handed, Talk},
    task::Streaming,
    upload::Upload,
    verdict::Verdict,
};
use serde_json::Value;
use std::{fmt::Display, time::Duration};
use tokio::task::JoinHandle;

/// Connections that may fail one after another without a frame that gets through.
const TRIES: u32 = 8;
/// The waits between them double from the first to the longest: 20 s in all, within the time that a server keeps a session.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// The exit code of shells for a program that Ctrl+C ended: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

/// What to do about a connection that has ended.
enum Broken {
    /// Try again.
    Again(Failure),
    /// Give up.
    Final(Failure),
}

/// Streams a bout, tells the verdict, and saves it in the output.
///
/// # Errors
/// Every kind of [`Failure`].
pub async fn run(
    task: Streaming,
    output: Option<Output>,
    show: &mut Show,
) -> Result<Ending, Failure> {
    let upload = Upload::begin(task.input.clone(), &task.wish, task.unacked, task.realtime)?;
    let interrupts = task.input.stop().map(end_on_interrupt);
    show.upload(upload.expected().about());
    let result = result(&task, &mut Talk::new(&task, upload, show)).await;
    show.end();
    if let Some(interrupts) = interrupts {
        interrupts.abort();
    }
    let verdict = Verdict {
        result: &result?,
        server: &task.server,
    };
    verdict.tell(output)
}

/// The first Ctrl+C ends a recording, the second the program.
fn end_on_interrupt(recording: &Stop) -> JoinHandle<()> {
    let recording = recording.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if recording.is_said() {
                std::process::exit(INTERRUPTED);
            }
            recording.say();
        }
    })
}

async fn result(task: &Streaming, talk: &mut Talk<'_>) -> Result<Value, Failure> {
    let (mut failed, mut wait) = (0, FIRST_WAIT);
    let mut again = false;
    loop {
        let why = match once(talk).await {
            Ok(result) => return Ok(result),
            Err(Broken::Final(why)) => return Err(why),
            Err(Broken::Again(why)) => why,
        };
        if goes_on_without_us(talk.signal(), &why) {
            talk.note(&format!(
                "{why}; the analysis goes on, waiting for its result"
            ));
            match aftermath::result(&task.server, &task.session).await? {
                Some(result) => return Ok(result),
                None if again => return Err(no_result(task, &"it was handed in twice")),
                None => again = true,
            }
            // A server that was started anew has lost the analysis, but not the frames.
            talk.note("the server has no result; handing the signal in again");
            talk.take_signal_back();
            continue;
        }
        if again && matches!(why, Failure::Refused { .. }) {
            return Err(no_result(task, &why));
        }
        if talk.has_progressed() {
            (failed, wait) = (0, FIRST_WAIT);
        }
        failed += 1;
        if failed > TRIES {
            return Err(why);
        }
        talk.note(&format!("{why}; going on in {} ms", wait.as_millis()));
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// One connection's worth.
async fn once(talk: &mut Talk<'_>) -> Result<Value, Broken> {
    let had_session = talk.is_open();
    let mut link = match talk.open().await {
        Ok(link) => link,
        // The server may still hold the old connection for alive, or be on its way up again.
        Err(why @ (Failure::Connection(_) | Failure::Refused { .. })) if had_session => {
            return Err(Broken::Again(why));
        }
        Err(why) => return Err(Broken::Final(why)),
    };
    match talk.go_on(&mut link).await {
        Ok(result) => {
            link.close().await;
            Ok(result)
        }
        Err(why @ Failure::Connection(_)) => Err(Broken::Again(why)),
        Err(why) => Err(Broken::Final(why)),
    }
}

fn no_result(task: &Streaming, why: &dyn Display) -> Failure {
    let session = &task.session;
    Failure::Analysis(format!(
        "session {session} has ended without a result: {why}"
    ))
}

/// Whether the server is at work on the verdict: it said that it has the signal, or it does not let us in again.
const fn goes_on_without_us(signal: Handed, why: &Failure) -> bool {
    match signal {
        Handed::NotYet => false,
        Handed::Sent => matches!(why, Failure::Refused { .. }),
        Handed::Taken => true,
    }
}
