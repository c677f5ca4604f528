//! A server with a model that finds nobody, and a client of its stream that says whatever a test wants.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::BLIND;
pub use super::support::{SIDE, SIGNAL};
use crate::support::{
    pictures,
    server::{Launch, Server},
    socket::{Ending, Socket},
};

/// A server; `more` are further keys of its table.
pub fn server(more: &str) -> Server {
    Launch::new()
        .settings(&format!("[referee]\nmodel = \"{BLIND}\"\n{more}"))
        .start()
}

/// A client.
pub struct Client(pub Socket);

impl Client {
    pub fn connect(server: &Server) -> Self {
        Self(Socket::at(server.addr("main"), "/stream"))
    }

    /// With a session.
    pub fn start(server: &Server, id: &str) -> Self {
        let mut client = Self::connect(server);
        let started = client.ask(&start(id));
        assert_eq!(
            started,
            json!({"type": "session_started", "session_id": id})
        );
        client
    }

    pub fn say(&mut self, message: &Value) {
        self.0.say(&message.to_string());
    }

    pub fn send(&mut self, bytes: impl Into<Vec<u8>>) {
        // A server that refuses early may close before it has taken everything; its answer is what counts.
        drop(self.0.0.send(Message::binary(bytes.into())));
    }

    pub fn ask(&mut self, message: &Value) -> Value {
        self.say(message);
        self.0.text()
    }

    /// Sends a frame of these bytes.
    pub fn give(&mut self, head: &Value, bytes: impl Into<Vec<u8>>) {
        self.say(head);
        self.send(bytes);
    }

    /// Sends a sound frame; gives the answer.
    pub fn frame(&mut self, number: u64) -> Value {
        self.give(&head(number), jpeg());
        self.0.text()
    }

    pub fn signal(&mut self, filename: &str, bytes: &[u8]) {
        let head =
            json!({"type": "signal", "session_id": "a", "filename": filename, "size": bytes.len()});
        self.give(&head, bytes);
    }

    /// Reads to the verdict: the messages on the way, and the result.
    pub fn verdict(&mut self) -> (Vec<Value>, Value) {
        verdict(&mut self.0)
    }

    /// The next message is an error that ends the connection with code 1000: its code and its words.
    pub fn refusal(&mut self) -> (String, String) {
        let (texts, ending) = self.0.ending();
        let error = texts.last().unwrap();
        assert_eq!(
            (error["type"].as_str(), ending),
            (Some("error"), Ending::Code(1000)),
            "{error}"
        );
        assert_eq!(error["recoverable"], false);
        words(error)
    }
}

/// What comes before the verdict, and the result.
pub fn verdict(socket: &mut Socket) -> (Vec<Value>, Value) {
    let mut said = Vec::new();
    loop {
        let message = socket.text();
        assert_ne!(message["type"], "error", "{message}");
        if message["type"] == "process_complete" {
            return (said, message["result"].clone());
        }
        said.push(message);
    }
}

/// An error's code and words.
pub fn words(error: &Value) -> (String, String) {
    let text = |field: &str| error[field].as_str().unwrap().to_owned();
    (text("error_code"), text("error_message"))
}

pub fn start(id: &str) -> Value {
    json!({"type": "session_start", "session_id": id, "fps": 15.0, "width": SIDE, "height": SIDE})
}

/// A value with one field set.
pub fn with(mut message: Value, field: &str, value: Value) -> Value {
    message[field] = value;
    message
}

pub fn head(number: u64) -> Value {
    json!({"type": "frame", "session_id": "a", "frame_number": number, "timestamp": 1.5, "encoding": "jpeg"})
}

pub fn end(frames: u64) -> Value {
    json!({"type": "session_end", "session_id": "a", "total_frames": frames})
}

pub fn jpeg() -> Vec<u8> {
    pictures::jpeg(SIDE, SIDE)
}
