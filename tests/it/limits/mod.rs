//! Limits and bad input: each gets its own answer, and the server's memory is back where it was.

mod bodies;
mod connections;
mod pictures;
mod viewers;

use crate::support::{
    http::{Answer, post},
    observe::{eventually, metric, resident_kib},
    server::Server,
    world::World,
};

/// What an allocator may keep for itself without anybody having lost anything.
const ALLOCATOR_KEEPS_KIB: u64 = 12 * 1024;

/// Fails unless the server's memory is where it was before `burst`, and uploads hold none.
fn costs_nothing_lasting(server: &Server, burst: impl Fn()) {
    // A first world and a first burst: threads, buffers and tables that any use brings.
    World::start(server).stop();
    burst();
    let before = resident_kib(server.pid());
    (0..5).for_each(|_| burst());
    uploads_hold_nothing(server);
    eventually("the memory is back", || {
        resident_kib(server.pid()) < before + ALLOCATOR_KEEPS_KIB
    });
}

/// Waits until no upload holds memory.
fn uploads_hold_nothing(server: &Server) {
    eventually("uploads hold no memory", || {
        metric(server, "frameloom_upload_memory_bytes", &[]) == 0.0
    });
}

fn start(server: &Server, body: &str) -> Answer {
    post(server.addr("gamecraft"), "/start_stream", body)
}

fn start_with_picture(server: &Server, file: &[u8]) -> Answer {
    let text = crate::support::pictures::base64(file);
    start(server, &format!(r#"{{"image_base64":"{text}"}}"#))
}
