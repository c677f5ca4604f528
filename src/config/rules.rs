//! What must hold between keys.
//!
//! A rule is checked only if the keys that it compares are sound by themselves: nobody should have to
//! read a second message about the same mistake.

use super::fault::Problem;
use super::listen::Listen;
use super::read::Reader;
use super::{Limits, Listeners, Referee, Sections};

pub(super) fn check(sections: &Sections, reader: &mut Reader<'_>) {
    addresses_differ(&sections.listen, reader);
    admin_is_guarded(sections, reader);
    body_holds_an_image(&sections.limits, reader);
    memory_holds_an_upload(&sections.limits, reader);
    streams_fit_sessions(sections, reader);
    uploads_fit_sessions(sections, reader);
    memory_holds_a_frame(&sections.referee, reader);
    results_lie_outside_the_spool(&sections.referee, reader);
}

fn addresses_differ(listeners: &Listeners, reader: &mut Reader<'_>) {
    let mut open: Vec<&Listen> = Vec::new();
    for listen in listeners.enabled() {
        if let Some(other) = open.iter().find(|other| overlap(other, listen)) {
            reader.fault(
                &listen.port_key(),
                Problem::AddressTaken {
                    other: other.port_key(),
                },
            );
        }
        open.push(listen);
    }
}

/// Whether two listeners cannot both be opened. Port 0 is a different port each time, and the
/// unspecified address is every address.
fn overlap(a: &Listen, b: &Listen) -> bool {
    let (a, b) = (a.addr, b.addr);
    let same_ip = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && same_ip
}

fn admin_is_guarded(sections: &Sections, reader: &mut Reader<'_>) {
    let admin = &sections.listen.admin;
    let exposed = admin.enabled && !admin.addr.ip().is_loopback();
    let judged = reader.sound(&["listen.admin.host", "listen.admin.enabled", "admin.token"]);
    if judged && exposed && sections.admin.token.is_none() {
        reader.fault("listen.admin.host", Problem::AdminExposed);
    }
}

fn body_holds_an_image(limits: &Limits, reader: &mut Reader<'_>) {
    let keys = ["limits.body_bytes", "limits.image_bytes"];
    let needed = limits.image_bytes.div_ceil(3) * 4;
    if reader.sound(&keys) && limits.body_bytes < needed {
        let rule = "a body must hold an image of limits.image_bytes in base64";
        let fix = format!("raise it to {needed} or lower limits.image_bytes");
        reader.fault(keys[0], Problem::Conflict { rule, fix });
    }
}

fn memory_holds_an_upload(limits: &Limits, reader: &mut Reader<'_>) {
    let keys = ["limits.upload_memory_bytes", "limits.body_bytes"];
    if reader.sound(&keys) && limits.upload_memory_bytes < limits.body_bytes {
        let rule = "the memory of all uploads must hold one body of limits.body_bytes";
        let fix = format!(
            "raise it to {} or lower limits.body_bytes",
            limits.body_bytes
        );
        reader.fault(keys[0], Problem::Conflict { rule, fix });
    }
}

fn streams_fit_sessions(sections: &Sections, reader: &mut Reader<'_>) {
    let keys = ["gamecraft.max_streams", "sessions.max"];
    if reader.sound(&keys) && sections.gamecraft.max_streams > sections.sessions.max {
        let rule = "streams are sessions, so there cannot be more than sessions.max";
        let fix = format!(
            "lower it to {} or raise sessions.max",
            sections.sessions.max
        );
        reader.fault(keys[0], Problem::Conflict { rule, fix });
    }
}

fn uploads_fit_sessions(sections: &Sections, reader: &mut Reader<'_>) {
    let keys = ["referee.max_sessions", "sessions.max"];
    if reader.sound(&keys) && sections.referee.max_sessions > sections.sessions.max {
        let rule = "uploads are sessions, so there cannot be more than sessions.max";
        let most = sections.sessions.max;
        let fix = format!("lower it to {most} or raise sessions.max");
        reader.fault(keys[0], Problem::Conflict { rule, fix });
    }
}

fn memory_holds_a_frame(referee: &Referee, reader: &mut Reader<'_>) {
    let keys = ["referee.memory_mb", "referee.frame_bytes"];
    let needed = referee.frame_bytes.div_ceil(1 << 20);
    if reader.sound(&keys) && referee.memory_bytes < referee.frame_bytes {
        let rule = "the memory of all uploads must hold one frame of referee.frame_bytes";
        let fix = format!("raise it to {needed} or lower referee.frame_bytes");
        reader.fault(keys[0], Problem::Conflict { rule, fix });
    }
}

/// What is in the spool's directory is taken for uploads, and old ones are removed.
fn results_lie_outside_the_spool(referee: &Referee, reader: &mut Reader<'_>) {
    let keys = ["referee.output_dir", "referee.spool_dir"];
    if reader.sound(&keys) && referee.output_dir.starts_with(&referee.spool_dir) {
        let rule = "results must lie outside referee.spool_dir, which is cleaned up";
        let fix = "give it a directory of its own".to_owned();
        reader.fault(keys[0], Problem::Conflict { rule, fix });
    }
}
