//! A directory for uploads, and a client that streams to it.

use std::collections::BTreeMap;

use frameloom::media::spool::{Recovered, SpoolOptions, SpoolRoot};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use super::client;
use crate::support::{
    server::{Launch, Server},
    socket::Socket,
};

/// Sides of the bouts here.
pub const SIDE: u32 = 64;

/// A model that finds nobody: what is looked at here lies around it.
pub const BLIND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pose/blind.onnx");

/// A scoring device's file of a double touch.
pub const SIGNAL: &str = "   0.000s | Phrase recording started\n   1.000s | HIT: Simultaneous valid hits!\n   \
    1.100s | Scores -> Fencer 1: HIT, Fencer 2: HIT\n";

/// A directory for uploads that outlives servers.
pub struct House {
    pub spool: TempDir,
}

/// An upload's client.
pub struct Client {
    pub socket: Socket,
    pub id: &'static str,
}

impl House {
    pub fn new() -> Self {
        let spool = tempfile::tempdir().unwrap();
        Self { spool }
    }

    pub fn launch(&self, more: &str) -> Launch {
        let dir = self.spool.path().display();
        let settings = format!("[referee]\nspool_dir = \"{dir}\"\nmodel = \"{BLIND}\"\n{more}");
        Launch::new().settings(&settings)
    }

    pub fn start(&self) -> Server {
        self.launch("").start()
    }

    pub fn read_dir(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.spool.path()).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    /// An upload that nobody owns.
    pub fn recover(&self, name: &str) -> Recovered {
        let root = SpoolRoot::open(self.spool.path(), SpoolOptions::default()).unwrap();
        root.recover(name).unwrap()
    }

    /// The frames of one.
    pub fn read(&self, name: &str) -> BTreeMap<u64, Vec<u8>> {
        let Recovered { reader, frames, .. } = self.recover(name);
        let read = |frame| {
            let mut bytes = Vec::new();
            reader.read(frame, &mut bytes).unwrap();
            (frame.number, bytes)
        };
        frames.iter().map(read).collect()
    }
}

impl Client {
    /// Connects and says `session_start` with these fields beside the usual ones.
    pub fn begin(server: &Server, id: &'static str, more: Value) -> (Self, Value) {
        let socket = Socket::at(server.addr("main"), "/stream");
        let mut client = Self { socket, id };
        let mut start = client::start(id);
        let more = more.as_object().cloned().unwrap_or_default();
        start.as_object_mut().unwrap().extend(more);
        let answer = client.ask(&start);
        (client, answer)
    }

    pub fn start(server: &Server, id: &'static str) -> Self {
        let (client, answer) = Self::begin(server, id, json!({}));
        assert_eq!(answer["type"], "session_started", "{answer}");
        client
    }

    pub fn resume(server: &Server, id: &'static str) -> (Self, Value) {
        Self::begin(server, id, json!({"resume": true}))
    }

    pub fn ask(&mut self, message: &Value) -> Value {
        self.socket.say(&message.to_string());
        self.socket.text()
    }

    /// Sends a frame and waits for nothing.
    pub fn send(&mut self, number: u64, encoding: &str, bytes: &[u8]) {
        let head = json!({
            "type": "frame", "session_id": self.id, "frame_number": number, "timestamp": 0.0,
            "encoding": encoding, "size": bytes.len(),
        });
        self.socket.say(&head.to_string());
        let message = Message::binary(bytes.to_vec());
        self.socket.0.send(message).unwrap();
    }

    /// Sends a frame; gives the answer.
    pub fn frame(&mut self, number: u64) -> Value {
        self.send(number, "jpeg", &frame(number));
        self.socket.text()
    }

    pub fn signal(&mut self, text: &'static str) {
        let head = json!({
            "type": "signal", "session_id": self.id, "filename": "bout.txt", "size": text.len(),
        });
        self.socket.say(&head.to_string());
        self.socket.0.send(Message::binary(text)).unwrap();
    }

    /// Sends the signal; gives the result.
    pub fn verdict(&mut self) -> Value {
        self.signal(SIGNAL);
        client::verdict(&mut self.socket).1
    }

    /// Reads to the end of the connection; gives the last text.
    pub fn last(&mut self) -> Value {
        self.socket.ending().0.pop().unwrap()
    }

    pub fn end(&mut self) -> Value {
        let end = json!({"type": "session_end", "session_id": self.id, "total_frames": 0});
        self.ask(&end)["validation"].clone()
    }
}

/// A picture that no other number has.
pub fn frame(number: u64) -> Vec<u8> {
    let mut file = client::jpeg();
    // A comment right behind the file's first two bytes: FF FE, its length, its text.
    let comment = [&[0xFF, 0xFE, 0, 10][..], &number.to_be_bytes()].concat();
    file.splice(2..2, comment);
    file
}
