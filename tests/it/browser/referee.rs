//! The referee's page: a drawn bout is judged and its evidence leads to its frames; a signal of no use is told and
//! forgiven; a line that breaks costs no verdict; a server that asks for a token is told it.

use super::chrome::Chrome;
use crate::support::{
    http::get,
    server::{Launch, Server},
};
use std::path::PathBuf;
use tempfile::TempDir;

/// Where the play head is drawn: the bout over time, without the names at its left.
const TIMELINE: (&str, [f64; 4]) = ("#timeline", [0.08, 0.0, 1.0, 0.8]);
/// Notes each state of each stage as it comes, since a stage may be over before anybody looks.
const WATCH_STAGES: &str = "window.moved = new Set();
    new MutationObserver((seen) => { for (const { target } of seen) window.moved.add(`${target.dataset.stage} ${target.dataset.state}`); })
        .observe(document.querySelector('#work'), { attributes: true, attributeFilter: ['data-state'], subtree: true });";
/// Hangs up as soon as the signal is out.
const CUT_AFTER_SIGNAL: &str = "const send = WebSocket.prototype.send;
    let signal = false;
    WebSocket.prototype.send = function (data) {
        send.call(this, data);
        if (signal) { signal = false; WebSocket.prototype.send = send; window.cut = true; this.close(); }
        signal = typeof data === 'string' && JSON.parse(data).type === 'signal';
    };";

/// The page, on a server that keeps its files in a directory of its own.
pub(super) fn open() -> Option<(Chrome, Server)> {
    let mut chrome = Chrome::start()?;
    let server = Server::start();
    chrome.open(&format!("{}/referee", server.url("main")));
    Some((chrome, server))
}

/// Asks for a verdict once that is allowed.
pub(super) fn judge(chrome: &mut Chrome) {
    chrome.wait_for(
        "the leave to ask for a verdict",
        "!document.querySelector('#judge').disabled",
    );
    chrome.eval("document.querySelector('#judge').click()");
}

pub(super) fn judged(chrome: &mut Chrome) {
    chrome.wait_for(
        "a verdict",
        "['left', 'right', 'abstain'].includes(document.querySelector('#verdict').dataset.winner)",
    );
}

/// Has a bout drawn and judged, and its overlay on the stage.
pub(super) fn judge_a_drawn_bout(chrome: &mut Chrome) {
    chrome.eval("document.querySelector('#invite-draw').click()");
    judge(chrome);
    judged(chrome);
    chrome.wait_for(
        "the overlay to play",
        "document.querySelector('#overlay').readyState >= 2 && !document.querySelector('#transport').hidden",
    );
}

/// The video of a drawn bout, and a signal file that says nothing.
fn with_broken_signal(server: &Server) -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (video, signal) = (dir.path().join("bout.avi"), dir.path().join("broken.txt"));
    let drawn = get(server.addr("main"), "/studio/bout.avi?seed=2");
    std::fs::write(&video, drawn.body).unwrap();
    std::fs::write(&signal, "nothing of use").unwrap();
    (dir, video, signal)
}

#[test]
fn a_drawn_bout_is_sent_goes_through_all_stages_and_is_judged() {
    let Some((mut chrome, _server)) = open() else {
        return;
    };
    chrome.eval(WATCH_STAGES);
    judge_a_drawn_bout(&mut chrome);
    for stage in [
        "video_reconstruction",
        "fisheye",
        "yolo",
        "decision",
        "overlay",
    ] {
        let done = chrome.eval(&format!("window.moved.has('{stage} done')"));
        assert_eq!(done, true, "{stage} was never done");
    }
    let worked = chrome.eval("window.moved.has('yolo working')");
    assert_eq!(worked, true, "the search for fencers was seen on its way");
    let sent = chrome.eval("document.querySelector('#send-count').textContent");
    assert_eq!(sent, "60 of 60 frames");
    let why = chrome.eval("document.querySelector('#verdict-why').textContent");
    assert!(!why.as_str().unwrap_or_default().is_empty(), "{why}");
    assert!(chrome.complaints().is_empty(), "{:?}", chrome.complaints());
}

#[test]
fn each_line_of_evidence_leads_the_video_and_the_play_head_to_its_frame() {
    let Some((mut chrome, _server)) = open() else {
        return;
    };
    judge_a_drawn_bout(&mut chrome);
    let lines = chrome.eval(
        "[...document.querySelectorAll('#evidence button')].map((line) => Number(line.dataset.frame))",
    );
    let frames: Vec<f64> = serde_json::from_value(lines).expect("numbers");
    assert!(frames.iter().any(|frame| *frame > 0.0), "{frames:?}");
    for (line, frame) in frames.iter().enumerate() {
        chrome.eval("document.querySelector('#scrub').value = 0; document.querySelector('#scrub').dispatchEvent(new Event('input'))");
        let before = chrome.shot(TIMELINE.0, TIMELINE.1);
        chrome.eval(&format!(
            "document.querySelectorAll('#evidence button')[{line}].click()"
        ));
        // A frame lasts a fifteenth of a second; less than half of one from its middle is within it.
        let middle = frame + 0.5;
        chrome.wait_for(
            &format!("the video to stand at frame {frame}"),
            &format!("!document.querySelector('#overlay').seeking && Math.abs(document.querySelector('#overlay').currentTime * 15 - {middle}) < 0.5"),
        );
        let head = chrome.eval("Number(document.querySelector('#timeline').dataset.time)");
        let head = head.as_f64().expect("a number");
        assert!(
            (head * 15.0 - frame).abs() < 0.01,
            "{head} s is not frame {frame}"
        );
        let after = chrome.shot(TIMELINE.0, TIMELINE.1);
        assert_eq!(
            after != before,
            *frame > 0.0,
            "the drawn play head, frame {frame}"
        );
    }
}

#[test]
fn a_signal_of_no_use_is_told_in_words_and_another_is_judged_without_a_second_upload() {
    let Some((mut chrome, server)) = open() else {
        return;
    };
    let (dir, video, broken) = with_broken_signal(&server);
    chrome.eval(
        "window.frames_sent = 0; const send = WebSocket.prototype.send; \
         WebSocket.prototype.send = function (data) { window.frames_sent += data instanceof Blob; send.call(this, data); };",
    );
    chrome.choose_file("#video-file", &video);
    chrome.choose_file("#signal-file", &broken);
    judge(&mut chrome);
    chrome.wait_for(
        "an error in words",
        "/start time/.test(document.querySelector('#notice').innerText)",
    );
    let good = dir.path().join("good.txt");
    let drawn = get(server.addr("main"), "/studio/bout.txt?seed=2");
    std::fs::write(&good, drawn.body).unwrap();
    chrome.choose_file("#signal-file", &good);
    chrome.wait_for(
        "the other signal",
        "document.querySelector('#signal-name').textContent === 'good.txt'",
    );
    judge(&mut chrome);
    judged(&mut chrome);
    assert_eq!(chrome.eval("window.frames_sent"), 60);
}

#[test]
fn a_drawn_bout_is_judged_after_one_that_failed() {
    let Some((mut chrome, server)) = open() else {
        return;
    };
    let (_dir, video, broken) = with_broken_signal(&server);
    chrome.choose_file("#video-file", &video);
    chrome.choose_file("#signal-file", &broken);
    judge(&mut chrome);
    chrome.wait_for(
        "the error",
        "document.querySelector('#link').dataset.state === 'error'",
    );
    chrome.eval("document.querySelector('#draw-go').click()");
    judge(&mut chrome);
    judged(&mut chrome);
}

#[test]
fn a_verdict_that_was_reached_while_the_line_was_broken_is_found() {
    let Some((mut chrome, _server)) = open() else {
        return;
    };
    chrome.eval(CUT_AFTER_SIGNAL);
    judge_a_drawn_bout(&mut chrome);
    assert_eq!(chrome.eval("window.cut"), true, "the line was broken");
}

#[test]
fn a_page_without_the_servers_token_says_so_and_one_with_it_gets_its_verdict() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let token = "a-token-for-a-club";
    let settings = format!("[referee]\ntokens = \"{token}\"");
    let server = Launch::new().settings(&settings).start();
    let page = format!("{}/referee", server.url("main"));
    chrome.open(&page);
    chrome.eval("document.querySelector('#invite-draw').click()");
    judge(&mut chrome);
    chrome.wait_for(
        "the word that a token is asked for",
        "/asks for a token/.test(document.querySelector('#notice').innerText)",
    );
    chrome.open(&format!("{page}?token={token}"));
    judge_a_drawn_bout(&mut chrome);
}
