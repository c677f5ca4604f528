//! A headless Chromium driven over its own debugging protocol (CDP).
//!
//! Responsible for one browser with one page: open, evaluate, press keys, drag, choose a file, take a picture of what
//! is on the screen. Not for the life of its process, nor for what the pages mean.
//! Invariant: one command is under way at a time, and every wait ends at a deadline.

use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::pixels::Shot;
use super::process::Process;

/// The longest any condition of a page may take on a loaded two-core machine.
const DEADLINE: Duration = Duration::from_secs(90);
/// How often a condition of the page is looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One browser with one page.
pub struct Chrome {
    socket: WebSocket<TcpStream>,
    session: String,
    last_id: u64,
    complaints: Vec<String>,
    _process: Process,
}

impl Chrome {
    /// Starts a browser, or says on the console why this test is skipped.
    pub fn start() -> Option<Self> {
        let process = Process::start()?;
        let stream = TcpStream::connect(process.addr()).expect("connect to the browser");
        let timeout = stream.set_read_timeout(Some(DEADLINE));
        timeout.expect("set a timeout");
        let (socket, _) = tungstenite::client(&process.url, stream).expect("speak to the browser");
        let mut chrome = Self {
            socket,
            session: String::new(),
            last_id: 0,
            complaints: Vec::new(),
            _process: process,
        };
        chrome.open_page();
        Some(chrome)
    }

    /// Goes to an address; returns once the document is there.
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.wait_for(
            &format!("{url} to load"),
            "document.readyState === 'complete' && location.href !== 'about:blank'",
        );
    }

    /// The value of an expression in the page, after its promise if it is one.
    pub fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "`{expression}` threw: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait_for(&mut self, what: &str, expression: &str) {
        self.wait_until(what, |chrome| {
            (chrome.eval(expression) == true).then_some(())
        });
    }

    /// Looks again and again until `look` finds what it looks for.
    ///
    /// # Panics
    /// At the deadline.
    pub fn wait_until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "waited too long for {what}; the page said: {:?}",
                self.complaints
            );
            look_again();
        }
    }

    /// Presses a letter key and keeps it down.
    pub fn key_down(&mut self, letter: char) {
        self.key("keyDown", letter);
    }

    /// Lets a letter key go.
    pub fn key_up(&mut self, letter: char) {
        self.key("keyUp", letter);
    }

    /// Presses the mouse on an element, at so many pixels from its left edge and its top; moves on to each further place, and
    /// lets go.
    pub fn drag(&mut self, selector: &str, places: &[(f64, f64)]) {
        let corner = self.eval(&format!(
            "(() => {{ const e = document.querySelector('{selector}'); e.scrollIntoView({{ block: 'center' }}); \
             const b = e.getBoundingClientRect(); return [b.x, b.y]; }})()"
        ));
        let side = |i: usize| corner[i].as_f64().expect("a number");
        let (left, top) = (side(0), side(1));
        let mut mouse = |kind: &str, (x, y): (f64, f64)| {
            let params = json!({
                "type": kind, "x": left + x, "y": top + y, "button": "left", "buttons": 1, "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", params);
        };
        for (at, place) in places.iter().enumerate() {
            let kind = if at == 0 {
                "mousePressed"
            } else {
                "mouseMoved"
            };
            mouse(kind, *place);
        }
        if let Some(last) = places.last() {
            mouse("mouseReleased", *last);
        }
    }

    /// Chooses a file in a file input, as a visitor would.
    pub fn choose_file(&mut self, selector: &str, file: &Path) {
        let expression = format!("document.querySelector('{selector}')");
        let object = self.call("Runtime.evaluate", json!({ "expression": expression }));
        let params = json!({ "files": [file], "objectId": object["result"]["objectId"] });
        self.call("DOM.setFileInputFiles", params);
    }

    /// What is on the screen in a part of an element: left, top, right, bottom as shares of its box.
    pub fn shot(&mut self, selector: &str, part: [f64; 4]) -> Shot {
        let expression = format!(
            "(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect(); \
             return [b.x + scrollX, b.y + scrollY, b.width, b.height]; }})()"
        );
        let found = self.eval(&expression);
        let side = |i: usize| found[i].as_f64().expect("a number");
        let (left, top) = (side(0) + side(2) * part[0], side(1) + side(3) * part[1]);
        let (width, height) = (side(2) * (part[2] - part[0]), side(3) * (part[3] - part[1]));
        let clip = json!({ "x": left, "y": top, "width": width, "height": height, "scale": 1 });
        let answer = self.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "clip": clip }),
        );
        Shot::from_base64_png(answer["data"].as_str().expect("a picture"))
    }

    /// What the page complained of: exceptions, refused loads, failed requests.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    fn open_page(&mut self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let params = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", params);
        self.session = attached["sessionId"]
            .as_str()
            .expect("a session")
            .to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
        // Fades would make "two equal pictures" a question of when.
        let calm = json!([{ "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": calm }));
    }

    fn key(&mut self, kind: &str, letter: char) {
        let code = format!("Key{}", letter.to_ascii_uppercase());
        self.call(
            "Input.dispatchKeyEvent",
            json!({ "type": kind, "code": code, "key": letter.to_string() }),
        );
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket
            .send(Message::text(message.to_string()))
            .expect("send to the browser");
        loop {
            let text = self
                .socket
                .read()
                .expect("hear from the browser")
                .into_text()
                .expect("text");
            let heard: Value = serde_json::from_str(&text).expect("JSON");
            if heard["id"] == self.last_id {
                assert!(heard.get("error").is_none(), "{method}: {}", heard["error"]);
                return heard["result"].clone();
            }
            self.note(&heard);
        }
    }

    fn note(&mut self, event: &Value) {
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self
                .complaints
                .push(event["params"]["exceptionDetails"].to_string()),
            Some("Log.entryAdded") if event["params"]["entry"]["level"] == "error" => {
                self.complaints.push(event["params"]["entry"].to_string());
            }
            _ => {}
        }
    }
}

/// Lets a moment pass before a condition of the page is looked at again.
#[expect(
    clippy::disallowed_methods,
    reason = "what is on a screen cannot notify us; this paces the looking and orders nothing"
)]
fn look_again() {
    std::thread::sleep(LOOK_EVERY);
}
