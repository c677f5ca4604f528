//! A server that plays one part of `/stream` by a script, so that the client can be shown what a good server never does.
//!
//! Responsible for keeping frames as the protocol counts them, and for the faults that the script asks for; not for judging.
//! Invariant: it plays in threads of its own and ends with the last connection that the script expects.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// What the server does.
#[derive(Clone, Debug)]
pub struct Script {
    /// Cuts one connection after another, each after so many frames have come on it; then none.
    pub cuts: Vec<usize>,
    /// Frames of these numbers that the server forgets when a connection is cut.
    pub forgets: Vec<u64>,
    /// Answers the first frame of this number by an error.
    pub refuses_frame: Option<u64>,
    /// Answers `session_start` by an error with these words.
    pub refuses_start: Option<&'static str>,
    /// Answers a `session_start` that resumes by an error with these words.
    pub refuses_resume: Option<&'static str>,
    /// Keeps so many acknowledgements back before it sends the first.
    pub keeps_back: usize,
    /// Cuts the line when it has taken the signal; the result then lies among the artifacts.
    pub leaves_after_signal: bool,
    /// Is still at work when it is asked so many times for its sessions.
    pub works_for: usize,
    /// What an earlier bout of the same name left among the artifacts; it lies there until the work is done.
    pub earlier: Option<Value>,
    /// Answers the signal: a result, or an error's code and words.
    pub ends: Result<Value, (&'static str, &'static str)>,
}

/// What the server has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// `session_start` messages, in their order.
    pub starts: Vec<Value>,
    /// Frames that are held.
    pub frames: BTreeMap<u64, Vec<u8>>,
    /// Numbers of all frames that came, also twice.
    pub numbers: Vec<u64>,
    /// What announced them.
    pub announcements: Vec<Value>,
    /// `session_end` messages.
    pub ends: Vec<Value>,
    /// What announced the signal, and the signal.
    pub signal: Option<(Value, Vec<u8>)>,
}

/// The server.
pub struct Double {
    /// Where it listens.
    pub at: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Script {
    /// A server that does all as it should, and finds for the left fencer.
    pub fn good() -> Self {
        Self {
            cuts: Vec::new(),
            forgets: Vec::new(),
            refuses_frame: None,
            refuses_start: None,
            refuses_resume: None,
            keeps_back: 0,
            leaves_after_signal: false,
            works_for: 0,
            earlier: None,
            ends: Ok(json!({
                "decision": {"winner": "left", "reason": "Left has right-of-way", "evidence": []},
                "artifact_dir": "bout", "wall_time_seconds": 0.5,
            })),
        }
    }
}

impl Double {
    /// Starts one.
    pub fn play(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let heard = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut cuts = VecDeque::from(script.cuts.clone());
            let mut looks = 0;
            while let Ok((stream, _)) = listener.accept() {
                if let Some(path) = plain_request(&stream) {
                    answer(stream, &script, &path, &mut looks);
                    continue;
                }
                let part = Part {
                    script: &script,
                    seen: &heard,
                    cut: cuts.pop_front(),
                    waiting: VecDeque::new(),
                };
                // A connection that breaks is the script's doing or the client's; either is looked at in what was seen.
                let _ = part.play(stream);
            }
        });
        Self { at, seen }
    }

    /// What has been seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

/// One connection.
struct Part<'a> {
    script: &'a Script,
    seen: &'a Mutex<Seen>,
    cut: Option<usize>,
    waiting: VecDeque<Value>,
}

type Socket = WebSocket<TcpStream>;
type Played = Result<(), Box<tungstenite::Error>>;

impl Part<'_> {
    fn play(mut self, stream: TcpStream) -> Played {
        let Ok(mut socket) = tungstenite::accept(stream) else {
            return Ok(());
        };
        let mut frames = 0;
        loop {
            let text = socket.read().map_err(Box::new)?;
            let Message::Text(text) = text else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            match message["type"].as_str().unwrap() {
                "session_start" => {
                    if self.start(&mut socket, message)? {
                        return Ok(());
                    }
                }
                "frame" => {
                    self.frame(&mut socket, message)?;
                    frames += 1;
                    if self.cut == Some(frames) {
                        self.forget();
                        return Ok(());
                    }
                }
                "session_end" => {
                    self.seen.lock().unwrap().ends.push(message);
                    say(
                        &mut socket,
                        &json!({"type": "session_ended", "validation": {"valid": true, "issues": []}}),
                    )?;
                }
                "signal" => return self.conclude(&mut socket, message),
                other => panic!("unexpected {other}"),
            }
        }
    }

    /// Whether the session was refused.
    fn start(&self, socket: &mut Socket, message: Value) -> Result<bool, Box<tungstenite::Error>> {
        let resume = message["resume"] == true;
        let mut seen = self.seen.lock().unwrap();
        seen.starts.push(message);
        let refused = match resume {
            true => self.script.refuses_resume,
            false => self.script.refuses_start,
        };
        if let Some(words) = refused {
            say(socket, &error("SESSION_START_FAILED", words, false))?;
            return Ok(true);
        }
        let next = seen.frames.keys().next_back().map_or(0, |last| last + 1);
        let missing: Vec<u64> = (0..next)
            .filter(|number| !seen.frames.contains_key(number))
            .collect();
        let mut started = json!({"type": "session_started", "session_id": "bout"});
        if resume {
            started["next_frame"] = next.into();
            started["missing"] = missing.into();
        }
        say(socket, &started)?;
        Ok(false)
    }

    fn frame(&mut self, socket: &mut Socket, announcement: Value) -> Played {
        let Message::Binary(bytes) = socket.read().map_err(Box::new)? else {
            panic!("a frame's bytes follow its announcement");
        };
        let number = announcement["frame_number"].as_u64().unwrap();
        let mut seen = self.seen.lock().unwrap();
        let again = seen.numbers.contains(&number);
        seen.numbers.push(number);
        seen.announcements.push(announcement);
        let answer = if self.script.refuses_frame == Some(number) && !again {
            error(
                "FRAME_PROCESSING_FAILED",
                &format!("Failed to decode frame {number}"),
                true,
            )
        } else {
            let known = seen.frames.insert(number, bytes.to_vec()).is_some();
            let status = if known { "duplicate" } else { "received" };
            json!({"type": "frame_ack", "session_id": "bout", "frame_number": number, "status": status})
        };
        self.waiting.push_back(answer);
        while self.waiting.len() > self.script.keeps_back {
            say(socket, &self.waiting.pop_front().unwrap())?;
        }
        Ok(())
    }

    fn forget(&self) {
        let mut seen = self.seen.lock().unwrap();
        for number in &self.script.forgets {
            seen.frames.remove(number);
        }
    }

    fn conclude(&self, socket: &mut Socket, announcement: Value) -> Played {
        let Message::Binary(bytes) = socket.read().map_err(Box::new)? else {
            panic!("a signal's bytes follow its announcement");
        };
        self.seen.lock().unwrap().signal = Some((announcement, bytes.to_vec()));
        say(socket, &json!({"type": "signal_ack", "status": "received"}))?;
        if self.script.leaves_after_signal {
            return Ok(());
        }
        say(socket, &json!({"type": "process_start"}))?;
        for progress in [0.0, 1.0] {
            let message = "Correcting fisheye distortion...";
            say(
                socket,
                &json!({"type": "process_progress", "stage": "fisheye", "progress": progress, "message": message}),
            )?;
        }
        match &self.script.ends {
            Ok(result) => say(
                socket,
                &json!({"type": "process_complete", "result": result}),
            )?,
            Err((code, words)) => say(socket, &error(code, words, false))?,
        }
        // The client goes first.
        while socket.read().is_ok() {}
        Ok(())
    }
}

/// The path of a request that wants no socket; it is looked at, not taken.
fn plain_request(stream: &TcpStream) -> Option<String> {
    let mut head = [0; 1024];
    loop {
        let seen = stream.peek(&mut head).ok()?;
        let text = String::from_utf8_lossy(&head[..seen]);
        if seen == 0 || text.contains("\r\n\r\n") {
            let path = text.strip_prefix("GET ")?.split(' ').next()?;
            return (path != "/stream").then(|| path.to_owned());
        }
    }
}

/// Answers a plain request; `looks` counts those for the sessions.
fn answer(mut stream: TcpStream, script: &Script, path: &str, looks: &mut usize) {
    if path == "/streaming/stats" {
        *looks += 1;
    }
    let at_work = *looks <= script.works_for;
    let body = match (path, &script.ends) {
        ("/streaming/stats", _) if at_work => Some(json!({"sessions": {"bout": {}}})),
        ("/streaming/stats", _) => Some(json!({"sessions": {}})),
        ("/artifacts/bout/analysis_result.json", _) if at_work => script.earlier.clone(),
        ("/artifacts/bout/analysis_result.json", Ok(result)) => Some(result.clone()),
        _ => None,
    };
    let status = if body.is_some() {
        "200 OK"
    } else {
        "404 Not Found"
    };
    let body = body.unwrap_or_default().to_string();
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    // What was looked at has to be read, or closing would cut the answer short.
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write_all(text.as_bytes());
}

fn error(code: &str, words: &str, recoverable: bool) -> Value {
    json!({"type": "error", "session_id": null, "error_code": code, "error_message": words, "recoverable": recoverable})
}

fn say(socket: &mut Socket, message: &Value) -> Played {
    socket
        .send(Message::text(message.to_string()))
        .map_err(Box::new)
}
