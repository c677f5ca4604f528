//! The referee's stage under a visitor's hands: files dropped on it, the scrubber, the bout over time; and a video that has
//! not the decision's fifteen frames a second.

use super::{
    chrome::Chrome,
    referee::{judge, judge_a_drawn_bout, judged, open},
};
use crate::support::{http::get, server::Server};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Drops both files of a drawn bout at once, the signal before the video.
const DROP_BOTH: &str = "(async () => {
    const file = async (name) => new File([await (await fetch(`/studio/${name}?seed=2`)).blob()], name);
    const dataTransfer = new DataTransfer();
    for (const name of ['bout.txt', 'bout.avi']) dataTransfer.items.add(await file(name));
    const stage = document.querySelector('#stage');
    const happens = (what) => stage.dispatchEvent(new DragEvent(what, { dataTransfer, bubbles: true, cancelable: true }));
    happens('dragenter');
    const hinted = stage.classList.contains('dropping');
    const taken = !happens('dragover') && !happens('drop');
    return [hinted, taken, !stage.classList.contains('dropping')];
})()";

/// Pixels at the left and at the right of the timeline that are no time.
const GUTTER: f64 = 64.0;
const MARGIN: f64 = 12.0;

/// Waits until the overlay shows a frame at so many a second, and the play head stands at its beginning.
fn wait_for_frame(chrome: &mut Chrome, frame: f64, fps: f64) {
    let middle = frame + 0.5;
    chrome.wait_for(
        &format!("the video to stand at frame {frame}"),
        &format!("!document.querySelector('#overlay').seeking && Math.abs(document.querySelector('#overlay').currentTime * {fps} - {middle}) < 0.5"),
    );
    let head = chrome.eval("Number(document.querySelector('#timeline').dataset.time)");
    let head = head.as_f64().expect("a number");
    assert!(
        (head * fps - frame).abs() < 0.1,
        "{head} s is not frame {frame}"
    );
}

/// Where a share of the bout's time lies on the timeline.
fn place(chrome: &mut Chrome, share: f64) -> (f64, f64) {
    let size = chrome.eval("[document.querySelector('#timeline').clientWidth, document.querySelector('#timeline').clientHeight]");
    let side = |i: usize| size[i].as_f64().expect("a number");
    let x = GUTTER + (side(0) - GUTTER - MARGIN) * share;
    (x, side(1) / 2.0)
}

/// A drawn bout at 30 frames a second, in a format that only the server reads; `None` where nothing makes one.
fn film_at_30(server: &Server, folder: &Path) -> Option<PathBuf> {
    let (drawn, film) = (folder.join("drawn.avi"), folder.join("bout.avi"));
    let bytes = get(server.addr("main"), "/studio/bout.avi?seed=2").body;
    std::fs::write(&drawn, bytes).unwrap();
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-i"])
        .arg(&drawn)
        .args(["-vf", "fps=30,scale=480:-2", "-c:v", "mpeg4", "-q:v", "2"])
        .arg(&film)
        .status();
    if made.is_ok_and(|status| status.success()) {
        return Some(film);
    }
    println!("skipped: no ffmpeg that makes a video");
    None
}

#[test]
fn a_video_and_a_signal_that_are_dropped_together_are_told_apart_and_judged() {
    let Some((mut chrome, _server)) = open() else {
        return;
    };
    let dropped = chrome.eval(DROP_BOTH);
    assert_eq!(dropped, serde_json::json!([true, true, true]));
    judge(&mut chrome);
    let names = chrome.eval(
        "['#video-name', '#signal-name'].map((name) => document.querySelector(name).textContent)",
    );
    assert_eq!(
        names,
        serde_json::json!(["bout.avi · 60 frames", "bout.txt"])
    );
    judged(&mut chrome);
}

#[test]
fn the_scrubber_puts_the_video_on_its_frame() {
    let Some((mut chrome, _server)) = open() else {
        return;
    };
    judge_a_drawn_bout(&mut chrome);
    for frame in [30.0, 7.0] {
        chrome.eval(&format!("document.querySelector('#scrub').value = {frame}; document.querySelector('#scrub').dispatchEvent(new Event('input'))"));
        wait_for_frame(&mut chrome, frame, 15.0);
    }
}

#[test]
fn a_press_on_the_timeline_puts_the_video_there_and_a_drag_takes_it_along() {
    let Some((mut chrome, _server)) = open() else {
        return;
    };
    judge_a_drawn_bout(&mut chrome);
    let pressed = place(&mut chrome, 12.5 / 60.0);
    chrome.drag("#timeline", &[pressed]);
    wait_for_frame(&mut chrome, 12.0, 15.0);
    let dragged = place(&mut chrome, 30.5 / 60.0);
    chrome.drag("#timeline", &[pressed, dragged]);
    wait_for_frame(&mut chrome, 30.0, 15.0);
}

#[test]
fn a_whole_file_of_30_frames_a_second_is_shown_at_its_own_rate() {
    let Some((mut chrome, server)) = open() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let Some(film) = film_at_30(&server, folder.path()) else {
        return;
    };
    let signal = folder.path().join("bout.txt");
    let text = get(server.addr("main"), "/studio/bout.txt?seed=2").body;
    std::fs::write(&signal, text).unwrap();
    chrome.choose_file("#video-file", &film);
    chrome.choose_file("#signal-file", &signal);
    judge(&mut chrome);
    judged(&mut chrome);
    chrome.wait_for(
        "the overlay to play",
        "document.querySelector('#overlay').readyState >= 2 && !document.querySelector('#transport').hidden",
    );
    // Four seconds, whichever way they are counted.
    assert_eq!(chrome.eval("document.querySelector('#scrub').max"), "119");
    let middle = place(&mut chrome, 60.5 / 120.0);
    chrome.drag("#timeline", &[middle]);
    wait_for_frame(&mut chrome, 60.0, 30.0);
    // A line of evidence names a frame at fifteen a second; its middle is the beginning of the second of two pictures.
    let frame = chrome.eval("Number(document.querySelector('#evidence button').dataset.frame)");
    let frame = frame.as_f64().expect("a number");
    chrome.eval("document.querySelector('#evidence button').click()");
    wait_for_frame(&mut chrome, 2.0 * frame + 1.0, 30.0);
    let current =
        chrome.eval("document.querySelector('#evidence button').getAttribute('aria-current')");
    assert_eq!(current, "true");
}
