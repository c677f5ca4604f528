//! The referee's page: a drawn bout is judged, its evidence leads to its frames, and a file of no use is told and forgiven.

use super::chrome::Chrome;
use crate::support::server::Server;

/// The page, and a server that keeps its files in a directory of its own.
fn open() -> Option<(Chrome, Server)> {
    let mut chrome = Chrome::start()?;
    let server = Server::start();
    chrome.open(&format!("{}/referee", server.url("main")));
    Some((chrome, server))
}

fn text(chrome: &mut Chrome, selector: &str) -> String {
    let text = chrome.eval(&format!("document.querySelector('{selector}').textContent"));
    text.as_str().unwrap_or_default().to_owned()
}

fn judged(chrome: &mut Chrome) {
    chrome.wait_for(
        "a verdict",
        "['left', 'right', 'abstain'].includes(document.querySelector('#verdict').dataset.winner)",
    );
}

#[test]
fn a_drawn_bout_is_judged_and_its_evidence_leads_to_its_frames() {
    let Some((mut chrome, _server)) = open() else {
        return;
    };
    chrome.eval("document.querySelector('#invite-draw').click()");
    chrome.wait_for(
        "a verdict, or the leave to ask for one",
        "!document.querySelector('#judge').disabled || document.querySelector('#verdict').dataset.winner",
    );
    chrome.eval("document.querySelector('#verdict').dataset.winner || document.querySelector('#judge').click()");
    judged(&mut chrome);
    assert!(!text(&mut chrome, "#verdict-why").is_empty());
    chrome.wait_for(
        "a line of evidence",
        "document.querySelector('#evidence button') !== null",
    );
    chrome.wait_for(
        "the overlay to play",
        "document.querySelector('#overlay').readyState >= 2",
    );
    let last = "[...document.querySelectorAll('#evidence button')].at(-1)";
    let frame = chrome.eval(&format!("Number({last}.dataset.frame)"));
    let frame = frame.as_f64().expect("a frame's number");
    chrome.eval(&format!("{last}.click()"));
    // Within half a frame of the frame's middle.
    chrome.wait_for(
        "the video to stand at that frame",
        &format!(
            "Math.abs(document.querySelector('#overlay').currentTime * 15 - {}) <= 0.5 || document.querySelector('#overlay').currentTime === document.querySelector('#overlay').duration",
            frame + 0.5
        ),
    );
    assert!(chrome.complaints().is_empty(), "{:?}", chrome.complaints());
}

#[test]
fn a_signal_of_no_use_is_told_in_words_and_a_drawn_bout_is_judged_after_it() {
    let Some((mut chrome, server)) = open() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (video, signal) = (dir.path().join("bout.avi"), dir.path().join("broken.txt"));
    let drawn = crate::support::http::get(server.addr("main"), "/studio/bout.avi?seed=2");
    std::fs::write(&video, drawn.body).unwrap();
    std::fs::write(&signal, "nothing of use").unwrap();
    chrome.choose_file("#video-file", &video);
    chrome.choose_file("#signal-file", &signal);
    chrome.wait_for(
        "the leave to ask for a verdict",
        "!document.querySelector('#judge').disabled",
    );
    chrome.eval("document.querySelector('#judge').click()");
    chrome.wait_for(
        "an error in words",
        "/start time/.test(document.querySelector('#verdict').textContent + document.querySelector('#notice').textContent)",
    );
    chrome.eval("document.querySelector('#draw-go').click()");
    chrome.wait_for(
        "a verdict, or the leave to ask for one",
        "!document.querySelector('#judge').disabled || document.querySelector('#verdict').dataset.winner",
    );
    chrome.eval("document.querySelector('#verdict').dataset.winner || document.querySelector('#judge').click()");
    judged(&mut chrome);
}
