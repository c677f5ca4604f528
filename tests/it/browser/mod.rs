//! The pages in a real headless Chromium, judged by what is on the screen.
//!
//! Responsible for: a picture appears, stands still, walks, and the numbers under it are numbers; the same for the
//! page of the original's kind. Not for how the pages are built. Every wait is for a condition, with a deadline.

mod chrome;
mod pixels;
mod process;
mod referee;
mod referee_stage;

use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};

use crate::support::server::Server;
use chrome::Chrome;
use pixels::Shot;

/// Of the studio's picture: no hint, no notice and no horizon lies on the upper left part.
const STUDIO: (&str, [f64; 4]) = ("#canvas", [0.02, 0.04, 0.8, 0.44]);
const PAGE: (&str, [f64; 4]) = ("#screen", [0.02, 0.04, 0.98, 0.96]);
/// Mean difference (of 255) above which a visitor sees that the picture moved.
const MOVED: f64 = 3.0;

fn shot(chrome: &mut Chrome, (selector, part): (&str, [f64; 4])) -> Shot {
    chrome.shot(selector, part)
}

/// Waits until a picture is there that has not changed for a second, and returns it.
fn standing_still(chrome: &mut Chrome, place: (&str, [f64; 4])) -> Shot {
    let mut still = (shot(chrome, place), Instant::now());
    chrome.wait_until("a picture that stands still for a second", |chrome| {
        let now = shot(chrome, place);
        if now != still.0 {
            still = (now, Instant::now());
            return None;
        }
        (still.1.elapsed() > Duration::from_secs(1) && now.shows_a_picture()).then_some(now)
    })
}

/// Waits until the screen differs visibly from `from`, and returns what it shows then.
fn moved(chrome: &mut Chrome, place: (&str, [f64; 4]), from: &Shot) -> Shot {
    chrome.wait_until("the picture to move", |chrome| {
        let now = shot(chrome, place);
        (now.difference(from) > MOVED).then_some(now)
    })
}

/// Opens the studio, and returns its first picture once it stands still.
fn open_studio(chrome: &mut Chrome, server: &Server) -> Shot {
    chrome.open(&format!("{}/", server.url("main")));
    chrome.wait_for(
        "the first frame",
        "document.querySelector('#stage').classList.contains('drawn')",
    );
    standing_still(chrome, STUDIO)
}

/// Holds a key from the first picture on until the picture moved.
fn walk(chrome: &mut Chrome, letter: char, start: &Shot) -> Shot {
    chrome.key_down(letter);
    let after = moved(chrome, STUDIO, start);
    chrome.key_up(letter);
    after
}

#[test]
fn the_studio_opens_on_a_picture_that_stands_still_while_nothing_is_pressed() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let server = Server::start();
    let picture = open_studio(&mut chrome, &server);
    assert!(picture.shows_a_picture());
    assert_eq!(chrome.complaints(), [] as [&str; 0]);
}

#[test]
fn the_studio_moves_while_w_is_held_and_comes_to_rest_when_it_is_let_go() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let server = Server::start();
    let start = open_studio(&mut chrome, &server);
    walk(&mut chrome, 'w', &start);
    let rest = standing_still(&mut chrome, STUDIO);
    assert!(
        rest.difference(&start) > MOVED,
        "the world walked and did not jump back"
    );
}

#[test]
fn the_studio_shows_another_picture_after_w_than_after_a_from_the_same_start() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let server = Server::start();
    let first = open_studio(&mut chrome, &server);
    let forward = walk(&mut chrome, 'w', &first);
    let second = open_studio(&mut chrome, &server);
    assert!(first == second, "both walks start from the same picture");
    let left = walk(&mut chrome, 'a', &second);
    assert!(
        forward.difference(&left) > MOVED / 2.0,
        "forward and left differ by {}",
        forward.difference(&left)
    );
}

#[test]
fn the_studio_accounts_for_the_time_of_a_frame_stage_by_stage() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let server = Server::start();
    let start = open_studio(&mut chrome, &server);
    walk(&mut chrome, 'w', &start);
    standing_still(&mut chrome, STUDIO);
    let number =
        |value: &serde_json::Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    let total = chrome.eval("document.querySelector('#total').textContent");
    let stages =
        chrome.eval("[...document.querySelectorAll('#stages .value')].map((el) => el.textContent)");
    let total = number(&total).expect("the total is a number");
    let stages: Vec<f64> = stages
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(number)
        .collect();
    assert_eq!(
        stages.len(),
        7,
        "input, queue, wait, infer, encode, net, paint: {stages:?}"
    );
    let sum: f64 = stages.iter().sum();
    // Seven numbers and a total, each rounded to a tenth.
    assert!(
        (sum - total).abs() < 0.5,
        "{stages:?} make {sum}, not {total}"
    );
    assert!(stages[3] > 0.0, "the model took time");
}

#[test]
fn the_gamecraft_page_starts_a_stream_paints_it_and_walks() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let server = Server::start();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("picture.png");
    tiles().save(&file).expect("write the picture");

    chrome.open(&format!("{}/", server.url("gamecraft_page")));
    chrome.choose_file("#image", &file);
    chrome.wait_for(
        "Start to be allowed",
        "!document.querySelector('#start').disabled",
    );
    chrome.eval("document.querySelector('#start').click()");
    chrome.wait_for("the stream", "!document.querySelector('#stop').disabled");
    chrome.key_down('w');
    chrome.wait_for(
        "the video",
        "document.querySelector('#video').naturalWidth > 0",
    );
    let painted = chrome.wait_until("the video to be painted", |chrome| {
        let now = shot(chrome, PAGE);
        now.shows_a_picture().then_some(now)
    });
    moved(&mut chrome, PAGE, &painted);
    chrome.key_up('w');
    standing_still(&mut chrome, PAGE);
}

/// A browser paints a part of a picture stream only once the next part has begun: the server has to begin it early.
#[test]
fn the_start_picture_of_a_video_is_painted_although_no_second_one_follows() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    // No repeat comes to help within the deadline.
    let server = Server::with_settings("[gamecraft]\nstill_repeat_ms = 60000");
    chrome.open(&format!("{}/", server.url("gamecraft_page")));
    let started = chrome.eval(&format!(
        "(async () => {{
            const canvas = Object.assign(document.createElement('canvas'), {{ width: 608, height: 352 }});
            const context = canvas.getContext('2d');
            for (let x = 0; x < 608; x += 76) {{ context.fillStyle = x % 152 ? '#fff' : '#024'; context.fillRect(x, 0, 76, 352); }}
            const image_base64 = canvas.toDataURL('image/png').split(',')[1];
            const answer = await fetch('{api}/start_stream', {{ method: 'POST', body: JSON.stringify({{ image_base64 }}),
                headers: {{ 'Content-Type': 'application/json' }} }});
            const video = document.querySelector('#video');
            video.src = '{api}/video/' + (await answer.json()).stream_id;
            video.hidden = false;
            return answer.status;
        }})()",
        api = server.url("gamecraft"),
    ));
    assert_eq!(started, 200);
    chrome.wait_until("the picture to be painted", |chrome| {
        shot(chrome, PAGE).shows_a_picture().then_some(())
    });
}

#[test]
fn the_studio_says_that_the_server_went_away_and_tries_again() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let server = Server::start();
    open_studio(&mut chrome, &server);
    server.terminate();
    chrome.wait_for(
        "the connection state",
        "document.querySelector('#link').dataset.state === 'reconnecting'",
    );
    chrome.wait_for(
        "the notice",
        "document.querySelector('#notice').innerText.includes('Trying again')",
    );
}

#[test]
fn the_studio_says_that_the_server_is_full() {
    let Some(mut chrome) = Chrome::start() else {
        return;
    };
    let server = Server::with_settings("[gamecraft]\nmax_streams = 1");
    chrome.open(&format!("{}/studio/status.json", server.url("main")));
    let taken = chrome.eval(
        "fetch('/d/gamecraft/start_stream', { method: 'POST', body: '{}', \
         headers: { 'Content-Type': 'application/json' } }).then((response) => response.status)",
    );
    assert_eq!(taken, 200);
    chrome.open(&format!("{}/", server.url("main")));
    chrome.wait_for(
        "the notice",
        "document.querySelector('#notice').innerText.includes('Trying again')",
    );
}

/// A picture of coloured tiles in which every way of walking shows.
fn tiles() -> RgbImage {
    RgbImage::from_fn(608, 352, |x, y| {
        let bright = if (x / 38 + y / 44) % 2 == 0 { 90 } else { 0 };
        Rgb([bright + (x / 4) as u8, bright + (y / 3) as u8, 60])
    })
}
