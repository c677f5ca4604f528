//! What the rounds say of one shape: each server's figures, and the ratios that have a target.

use super::{load::Shape, peers::Peer};
use frameloom::client::bench::{
    report::{Row, Section, Target},
    stats::Samples,
};

/// One server in one round.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// CPU of the server, in milliseconds a message.
    pub cpu: f64,
    /// Messages a second.
    pub rate: f64,
}

/// Share of the better bare server that ours shall reach.
const fn share(shape: Shape) -> f64 {
    match shape {
        Shape::Single | Shape::Deep => 0.7,
        Shape::Wide => 0.8,
    }
}

/// FastAPI's CPU shall be so many times ours.
const FASTAPI: f64 = 1.5;

/// The section of a shape.
pub fn section(shape: Shape, peers: &[Peer], rounds: &[(Shape, Peer, Figure)]) -> Section {
    let of = |peer: &Peer| -> Vec<Figure> {
        let rounds = rounds
            .iter()
            .filter(|(round, whose, _)| *round == shape && whose == peer);
        rounds.map(|(_, _, figure)| *figure).collect()
    };
    let mut section = Section::new(match shape {
        Shape::Single => "ingest: one connection, each acknowledgement awaited",
        Shape::Deep => "ingest: one connection, 16 unacknowledged",
        Shape::Wide => "ingest: four connections, 16 unacknowledged each",
    });
    let ours = of(&Peer::Frameloom);
    for peer in peers {
        let figures = of(peer);
        let name = peer.name();
        section.row(Row::median(
            format!("{name}: CPU a message"),
            &cpu(&figures),
            "ms",
        ));
        section.row(Row::median(
            format!("{name}: messages a second"),
            &rate(&figures),
            "/s",
        ));
    }
    for peer in peers.iter().filter(|peer| **peer != Peer::Frameloom) {
        let (name, theirs) = (peer.name(), of(peer));
        let cpu = ratios(&theirs, &ours, |theirs, ours| theirs.cpu / ours.cpu);
        let row = Row::median(format!("CPU, {name} / ours"), &cpu, "");
        section.row(match peer {
            Peer::FastApi { .. } => row.target(Target::AtLeast(FASTAPI)),
            _ => row,
        });
        let rate = ratios(&theirs, &ours, |theirs, ours| ours.rate / theirs.rate);
        section.row(Row::median(format!("rate, ours / {name}"), &rate, ""));
    }
    let bare = || peers.iter().filter(|peer| peer.is_bare()).map(of);
    let cheapest = bare().min_by(|a, b| cpu(a).median().total_cmp(&cpu(b).median()));
    let fastest = bare().max_by(|a, b| rate(a).median().total_cmp(&rate(b).median()));
    let least = Target::AtLeast(share(shape));
    let cpu = ratios(&cheapest.unwrap_or_default(), &ours, |theirs, ours| {
        theirs.cpu / ours.cpu
    });
    section.row(Row::median("CPU, better bare server / ours", &cpu, "").target(least));
    let rate = ratios(&fastest.unwrap_or_default(), &ours, |theirs, ours| {
        ours.rate / theirs.rate
    });
    section.row(Row::median("rate, ours / better bare server", &rate, "").target(least));
    section
}

fn cpu(figures: &[Figure]) -> Samples {
    figures.iter().map(|figure| figure.cpu).collect()
}

fn rate(figures: &[Figure]) -> Samples {
    figures.iter().map(|figure| figure.rate).collect()
}

/// Round by round.
fn ratios(theirs: &[Figure], ours: &[Figure], of: fn(&Figure, &Figure) -> f64) -> Samples {
    let pairs = theirs.iter().zip(ours);
    pairs.map(|(theirs, ours)| of(theirs, ours)).collect()
}
