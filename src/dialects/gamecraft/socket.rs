//! The WebSocket twin `/ws/world/{id}`: JPEG frames with their times out, actions in.
//!
//! Out: one binary message a frame, a little-endian header of [`HEADER`] bytes and the JPEG; and a few JSON texts. In: JSON
//! texts. The layout is a table in `docs/dialects/gamecraft.md`.

use super::{control, fault::Fault};
use crate::{
    dialects::{Received, SocketDialect},
    media::{ActionId, EncodedFrame, FrameKind, Stage},
    session::{Action, Direction, Media, SceneChange, SceneMode},
};
use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use std::time::{Duration, Instant};

/// Length of a frame's header.
pub const HEADER: usize = 80;
const MAGIC: &[u8; 4] = b"FLWF";
const VERSION: u8 = 1;
const REPEAT: u8 = 1;
const START: u8 = 2;

/// What a client asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Input for the session.
    Give(Media),
    /// Answer with these numbers: `t` comes back as it was.
    Ping(Number),
}

/// What the server says besides frames.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Notice<'a> {
    /// Once, at the beginning: what is shown, and what draws it.
    World {
        /// The stream's name.
        stream_id: &'a str,
        /// The model's name.
        model: &'a str,
        /// Its title for people.
        title: &'a str,
        /// The backend and device that run it.
        engine: &'a str,
        /// `analytic`, `trained` or `generative`.
        kind: &'a str,
        /// Frames a second at most; 0 where nothing paces them.
        fps: u32,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// How the picture was read.
        #[serde(skip_serializing_if = "Option::is_none")]
        scene: Option<Scene>,
    },
    /// The answer to a ping.
    Pong {
        /// As it was.
        t: &'a Number,
        /// The server's clock, microseconds since the Unix epoch.
        server_us: u64,
    },
    /// The server shuts down.
    Draining {
        /// When it cuts the line at the latest, from now.
        deadline_ms: u64,
    },
}

/// How a picture was read, on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scene {
    /// Height of the horizon, 0 (top) to 1.
    pub horizon: Option<f32>,
    /// The kind of place.
    pub mode: Option<&'static str>,
}

impl From<SceneChange> for Scene {
    fn from(scene: SceneChange) -> Self {
        Self {
            horizon: scene.horizon,
            mode: scene.mode.map(SceneMode::name),
        }
    }
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "type")]
    kind: Option<String>,
    action: Option<Value>,
    speed: Option<Value>,
    id: Option<u64>,
    horizon: Option<f32>,
    mode: Option<String>,
    t: Option<Number>,
}

/// Reads one text, received at `now`.
///
/// # Errors
/// What is wrong with it, in the dialect's form.
pub fn parse(text: &str, now: Instant) -> Result<Request, Fault> {
    let text: Text = serde_json::from_str(text).map_err(|e| Fault::malformed(&e.to_string()))?;
    match text.kind.as_deref() {
        None | Some("control") => action(&text, now).map(Media::Action).map(Request::Give),
        Some("scene") => scene(&text).map(Media::Scene).map(Request::Give),
        Some("ping") => text
            .t
            .map(Request::Ping)
            .ok_or_else(|| Fault::field("t", "a number")),
        Some(_) => Err(Fault::field("type", "control, scene or ping")),
    }
}

fn action(text: &Text, received: Instant) -> Result<Action, Fault> {
    let direction: Direction = match &text.action {
        Some(Value::String(key)) => control::direction(key)?,
        _ => return Err(Fault::field("action", "a string")),
    };
    Ok(Action {
        id: ActionId(text.id.unwrap_or(0)),
        direction,
        speed: control::speed(text.speed.as_ref())? as f32,
        received,
    })
}

fn scene(text: &Text) -> Result<SceneChange, Fault> {
    if text
        .horizon
        .is_some_and(|horizon| !(0.0..=1.0).contains(&horizon))
    {
        return Err(Fault::field("horizon", "a number from 0 to 1"));
    }
    let mode = text.mode.as_deref().map(|name| {
        SceneMode::of_name(name).ok_or_else(|| Fault::field("mode", "room, street, open or flat"))
    });
    Ok(SceneChange {
        horizon: text.horizon,
        mode: mode.transpose()?,
    })
}

/// One frame as a message. `now` is the moment of sending, `unix` the same on the wall clock.
pub fn frame(frame: &EncodedFrame, now: Instant, unix: Duration) -> Bytes {
    let mut stages = frame.stages;
    stages.set(Stage::Send, now.saturating_duration_since(frame.finished));
    let mut out = BytesMut::with_capacity(HEADER + frame.jpeg.len());
    out.put_slice(MAGIC);
    out.put_u8(VERSION);
    out.put_u8(match frame.kind {
        FrameKind::Live => 0,
        FrameKind::Repeat => REPEAT,
        FrameKind::Start => START,
    });
    out.put_u16_le(HEADER as u16);
    out.put_u64_le(frame.id.0);
    out.put_u64_le(frame.action.0);
    out.put_u64_le(micros(unix));
    stages.as_micros().iter().for_each(|us| out.put_u32_le(*us));
    // Sides are limited to 1280 by the dialect; other frames never come here.
    out.put_u16_le(u16::try_from(frame.width).unwrap_or(u16::MAX));
    out.put_u16_le(u16::try_from(frame.height).unwrap_or(u16::MAX));
    out.put_u32_le(u32::try_from(frame.jpeg.len()).unwrap_or(u32::MAX));
    out.put_slice(&frame.jpeg);
    out.freeze()
}

/// The dialect's side of one socket.
#[derive(Clone, Debug)]
pub struct WorldSocket {
    hello: String,
}

impl WorldSocket {
    /// A socket that begins with this notice.
    pub fn new(hello: &Notice<'_>) -> Self {
        Self {
            hello: hello.text(),
        }
    }
}

impl SocketDialect for WorldSocket {
    fn hello(&self) -> Option<String> {
        Some(self.hello.clone())
    }

    fn receive(&mut self, text: &str, now: Instant, unix: Duration) -> Received {
        match parse(text, now) {
            Ok(Request::Give(media)) => Received::Offer(media),
            Ok(Request::Ping(t)) => Received::Reply(
                Notice::Pong {
                    t: &t,
                    server_us: micros(unix),
                }
                .text(),
            ),
            Err(fault) => Received::Reply(fault.body()),
        }
    }

    fn frame(&mut self, frame: &EncodedFrame, now: Instant, unix: Duration) -> Bytes {
        self::frame(frame, now, unix)
    }

    fn refused(&self, why: &str) -> String {
        Fault::bad_request(why).body()
    }

    fn draining(&self, within: Duration) -> String {
        let deadline_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        Notice::Draining { deadline_ms }.text()
    }
}

impl Notice<'_> {
    /// The text.
    pub fn text(&self) -> String {
        // Strings and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Microseconds of a time since the Unix epoch.
pub fn micros(unix: Duration) -> u64 {
    u64::try_from(unix.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{FrameId, StageTimes};
    use proptest::prelude::*;

    #[test]
    fn a_frame_is_laid_out_as_documented() {
        let finished = Instant::now();
        let mut stages = StageTimes::default();
        stages.set(Stage::Infer, Duration::from_micros(12_345));
        let sample = EncodedFrame {
            shown: 8,
            id: FrameId(7),
            action: ActionId(9),
            width: 608,
            height: 352,
            jpeg: Bytes::from_static(b"JPEG"),
            stages,
            finished,
            kind: FrameKind::Repeat,
        };
        let bytes = frame(
            &sample,
            finished + Duration::from_micros(250),
            Duration::from_secs(2),
        );
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!(&bytes[..8], b"FLWF\x01\x01\x50\x00");
        assert_eq!((u64_at(8), u64_at(16), u64_at(24)), (7, 9, 2_000_000));
        assert_eq!(u32_at(32 + 4 * Stage::Infer as usize), 12_345);
        assert_eq!(u32_at(32 + 4 * Stage::Send as usize), 250);
        assert_eq!(&bytes[72..76], [96, 2, 96, 1]);
        assert_eq!((u32_at(76), &bytes[HEADER..]), (4, &b"JPEG"[..]));
    }

    #[test]
    fn texts_become_input() {
        let now = Instant::now();
        let Ok(Request::Give(Media::Action(a))) =
            parse(r#"{"action":"D","speed":0.5,"id":3}"#, now)
        else {
            panic!()
        };
        assert_eq!(
            (a.direction, a.speed, a.id, a.received),
            (Direction::Right, 0.5, ActionId(3), now)
        );
        let Ok(Request::Give(Media::Scene(s))) =
            parse(r#"{"type":"scene","horizon":0.4,"mode":"street"}"#, now)
        else {
            panic!()
        };
        assert_eq!(
            s,
            SceneChange {
                horizon: Some(0.4),
                mode: Some(SceneMode::Street)
            }
        );
        let Ok(Request::Ping(t)) = parse(r#"{"type":"ping","t":1.25}"#, now) else {
            panic!()
        };
        assert_eq!(
            Notice::Pong {
                t: &t,
                server_us: 5
            }
            .text(),
            r#"{"type":"pong","t":1.25,"server_us":5}"#
        );
    }

    #[test]
    fn bad_texts_are_refused_by_name() {
        for (text, begins) in [
            ("", "400 Bad Request"),
            (r#"{"action":"x"}"#, "Invalid action"),
            (r#"{"action":"w","speed":9}"#, "speed"),
            (r#"{"type":"scene","horizon":2}"#, "horizon"),
            (r#"{"type":"scene","mode":"moon"}"#, "mode"),
            (r#"{"type":"dance"}"#, "type"),
            (r#"{"type":"ping"}"#, "t "),
        ] {
            let fault = parse(text, Instant::now()).unwrap_err();
            assert!(fault.error.starts_with(begins), "{text}: {}", fault.error);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            drop(parse(&text, Instant::now()));
        }
    }
}
