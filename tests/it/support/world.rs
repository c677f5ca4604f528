//! A stream of the gamecraft dialect, as a client of the original drives it.

use serde_json::Value;

use super::{
    http::{self, Answer},
    pictures,
    server::Server,
    socket::Socket,
    video::Video,
};

/// A stream that was started.
pub struct World<'a> {
    server: &'a Server,
    pub id: String,
}

/// The body that starts a small world of a picture in which every move shows.
pub fn small() -> String {
    sized(64, 64)
}

/// The same at this size.
pub fn sized(width: u32, height: u32) -> String {
    let picture = pictures::base64(&pictures::png(width, height));
    format!(r#"{{"video_size":[{height},{width}],"image_base64":"{picture}"}}"#)
}

impl<'a> World<'a> {
    /// Starts a small world.
    ///
    /// # Panics
    /// When it is refused.
    pub fn start(server: &'a Server) -> Self {
        Self::with(server, &small())
    }

    /// Starts a world by this body.
    pub fn with(server: &'a Server, body: &str) -> Self {
        let answer = http::post(server.addr("gamecraft"), "/start_stream", body);
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let id = answer.json()["stream_id"].as_str().unwrap().to_owned();
        Self { server, id }
    }

    /// Presses a key.
    pub fn control(&self, action: &str, speed: f64) -> Answer {
        let body = format!(r#"{{"action":"{action}","speed":{speed}}}"#);
        let path = format!("/control/{}", self.id);
        http::post(self.server.addr("gamecraft"), &path, &body)
    }

    /// Presses a key, which must be taken.
    pub fn press(&self, action: &str) {
        let answer = self.control(action, 1.0);
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }

    /// Watches it.
    pub fn video(&self) -> Video {
        Video::open(self.server.addr("gamecraft"), &self.id)
    }

    /// Opens its socket.
    pub fn socket(&self) -> Socket {
        Socket::open(self.server.addr("gamecraft"), &self.id)
    }

    /// Stops it.
    pub fn stop(&self) -> Answer {
        let path = format!("/stop_stream/{}", self.id);
        http::Request::new("POST", &path).send(self.server.addr("gamecraft"))
    }

    /// How the admin listener describes it.
    pub fn describe(&self) -> Value {
        let path = format!("/admin/sessions/{}", self.id);
        http::get(self.server.addr("admin"), &path).json()
    }
}
