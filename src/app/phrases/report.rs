//! What is printed of a cross-validation: agreement, confusion, calibration, and the weights fitted on all bouts.

use super::{
    Options,
    read::{Bout, Human, Name},
    validate::{Choice, Sample, choose, held_out, log_loss, parts},
};
use crate::pipelines::referee::{
    rules::{
        pauses::pauses,
        v1,
        v2::{fact, model::chance},
    },
    tracks::{Side, Tracks},
    verdict::Winner,
};
use std::io::{self, Write};

/// Lower ends of the bins of confidence.
const BINS: [f64; 5] = [0.5, 0.6, 0.7, 0.8, 0.9];

/// A bout with a human winner, read for every set of rules.
struct Judged<'a> {
    name: &'a Name,
    bout: &'a Bout,
    sample: Sample,
}

/// Validates, and prints.
///
/// # Errors
/// If the output takes no more.
pub(super) fn print(
    judged: &[(Name, Bout)],
    options: &Options,
    out: &mut impl Write,
) -> io::Result<()> {
    let judged = judged_by_humans(judged);
    let samples: Vec<Sample> = judged.iter().map(|one| one.sample.clone()).collect();
    writeln!(
        out,
        "\n{} bouts with a human winner and tracks that bear a verdict",
        samples.len()
    )?;
    if samples.len() < 2 {
        writeln!(out, "too few to cross-validate\n")?;
        return Ok(());
    }
    fixed_rules(&judged, out)?;
    for (choice, title) in [
        (Choice::Weights, "weights chosen on other bouts"),
        (
            Choice::Everything,
            "facts and weights chosen on other bouts",
        ),
    ] {
        writeln!(out, "\nrules-v2, {title}")?;
        let rounds = rounds(&samples, options, choice, out)?;
        one_each(&judged, &samples, choice, out)?;
        if choice == Choice::Weights {
            confusion_and_calibration(&judged, &rounds, out)?;
            misjudged(&judged, &rounds, out)?;
        }
    }
    weights(&samples, out)
}

/// Bouts recorded twice share a group, which is the first one's place.
fn judged_by_humans(judged: &[(Name, Bout)]) -> Vec<Judged<'_>> {
    let mut found: Vec<Judged<'_>> = Vec::new();
    for (name, bout) in judged {
        let Human::Winner(winner) = name.human else {
            continue;
        };
        let Ok(facts) = fact::Bout::read(&bout.signal, &bout.tracks) else {
            continue;
        };
        let twin = found.iter().find(|one| one.bout.tracks == bout.tracks);
        let group = twin.map_or(found.len(), |twin| twin.sample.group);
        found.push(Judged {
            name,
            bout,
            sample: Sample {
                bout: facts,
                winner,
                group,
            },
        });
    }
    found
}

/// Rules without weights: nothing is fitted, so all bouts are held out.
fn fixed_rules(judged: &[Judged<'_>], out: &mut impl Write) -> io::Result<()> {
    let v1 = |one: &Judged<'_>| match v1::decide(&one.bout.signal, &one.bout.tracks).winner {
        Winner::Left => 1.0,
        Winner::Right => -1.0,
        Winner::Abstain => 0.0,
    };
    let last_pause = |one: &Judged<'_>| last_pause(&one.bout.tracks);
    for (title, rule) in [
        ("rules-v1", &v1 as &dyn Fn(&Judged<'_>) -> f64),
        ("last pause that ended earlier", &last_pause),
    ] {
        let odds: Vec<f64> = judged.iter().map(rule).collect();
        writeln!(
            out,
            "\n{title}: {}/{}",
            agreement(judged, &odds),
            judged.len()
        )?;
        print_confusion(judged, &[odds], out)?;
    }
    Ok(())
}

/// Who came out of the last pause earlier has it; who never paused came out first; without difference, the right one.
fn last_pause(tracks: &Tracks) -> f64 {
    let [left, right] = Side::BOTH.map(|side| {
        pauses(tracks, side)
            .last()
            .map_or(0, |pause| pause.end_frame)
    });
    if left < right { 1.0 } else { -1.0 }
}

fn rounds(
    samples: &[Sample],
    options: &Options,
    choice: Choice,
    out: &mut impl Write,
) -> io::Result<Vec<Vec<f64>>> {
    let rounds: Vec<Vec<f64>> = (0..u64::from(options.rounds))
        .map(|round| {
            let parts = parts(samples, options.folds as usize, options.seed + round);
            held_out(samples, &parts, choice)
        })
        .collect();
    let right: Vec<f64> = rounds.iter().map(|odds| agreed(samples, odds)).collect();
    let mean = right.iter().sum::<f64>() / right.len() as f64;
    let spread = right.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / right.len() as f64;
    let (least, most) = right.iter().fold((f64::MAX, 0.0_f64), |(least, most), x| {
        (least.min(*x), most.max(*x))
    });
    let loss = rounds.iter().map(|odds| loss(samples, odds)).sum::<f64>() / rounds.len() as f64;
    let of = samples.len() as f64;
    writeln!(
        out,
        "{} rounds of {} parts: {mean:.1} ± {:.1} of {of} ({:.1} %), from {least} to {most}, log loss {loss:.3}",
        options.rounds,
        options.folds,
        spread.sqrt(),
        100.0 * mean / of
    )?;
    Ok(rounds)
}

/// Leaves out one bout, then one day, at a time: no chance in it.
fn one_each(
    judged: &[Judged<'_>],
    samples: &[Sample],
    choice: Choice,
    out: &mut impl Write,
) -> io::Result<()> {
    let alone: Vec<usize> = samples.iter().map(|sample| sample.group).collect();
    let mut days: Vec<&str> = judged.iter().map(|one| one.bout.day.as_str()).collect();
    days.sort_unstable();
    days.dedup();
    let day = |one: &Judged<'_>| days.iter().position(|day| *day == one.bout.day);
    let by_day: Vec<usize> = judged.iter().map(|one| day(one).unwrap_or(0)).collect();
    for (title, parts) in [
        ("leaving out one bout at a time", alone),
        ("leaving out one day at a time", by_day),
    ] {
        let odds = held_out(samples, &parts, choice);
        writeln!(
            out,
            "{title}: {} of {}, log loss {:.3}",
            agreed(samples, &odds),
            samples.len(),
            loss(samples, &odds)
        )?;
    }
    Ok(())
}

fn confusion_and_calibration(
    judged: &[Judged<'_>],
    rounds: &[Vec<f64>],
    out: &mut impl Write,
) -> io::Result<()> {
    print_confusion(judged, rounds, out)?;
    writeln!(
        out,
        "confidence of held-out verdicts: bin, bouts a round, share that agree"
    )?;
    let all: Vec<(f64, bool)> = rounds
        .iter()
        .flat_map(|odds| odds.iter().zip(judged))
        .map(|(odds, one)| (chance(odds.abs()), agrees(*odds, one.sample.winner)))
        .collect();
    for (at, low) in BINS.iter().enumerate() {
        let high = BINS.get(at + 1).copied().unwrap_or(1.01);
        let bin: Vec<bool> = all
            .iter()
            .filter(|(sure, _)| (*low..high).contains(sure))
            .map(|(_, right)| *right)
            .collect();
        let share = bin.iter().filter(|right| **right).count() as f64 / bin.len() as f64;
        let a_round = bin.len() as f64 / rounds.len() as f64;
        writeln!(
            out,
            "  {low:.1} to {:.1}: {a_round:5.1} bouts, {:.0} %",
            high.min(1.0),
            100.0 * share
        )?;
    }
    Ok(())
}

/// Bouts that most rounds got wrong.
fn misjudged(judged: &[Judged<'_>], rounds: &[Vec<f64>], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "bouts that most rounds got wrong: id, human, mean log-odds for left, frames"
    )?;
    for (at, one) in judged.iter().enumerate() {
        let odds: f64 = rounds.iter().map(|odds| odds[at]).sum::<f64>() / rounds.len() as f64;
        if !agrees(odds, one.sample.winner) {
            writeln!(
                out,
                "  {} {} {odds:+.2} {}{}",
                one.name.id,
                one.name.human,
                one.bout.tracks.frames(),
                one.sample
                    .bout
                    .contact
                    .map_or("", |_| " late blade contact")
            )?;
        }
    }
    Ok(())
}

fn weights(samples: &[Sample], out: &mut impl Write) -> io::Result<()> {
    let all: Vec<&Sample> = samples.iter().collect();
    writeln!(out, "\nfitted on all bouts: fact, scale, weight")?;
    for weighed in choose(&all, Choice::Weights).facts {
        writeln!(
            out,
            "  {:?} {:?}: ({:.4}, {:.4})",
            weighed.fact.measure, weighed.fact.window, weighed.scale, weighed.weight
        )?;
    }
    writeln!(out)
}

/// Mean numbers of bouts a round: rows the human, columns the rules.
fn print_confusion(
    judged: &[Judged<'_>],
    rounds: &[Vec<f64>],
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "  human \\ rules   left  right")?;
    for human in Side::BOTH {
        let said = |side: Side| {
            let cell = rounds.iter().flat_map(|odds| odds.iter().zip(judged));
            let count = cell
                .filter(|(odds, one)| one.sample.winner == human && agrees(**odds, side))
                .count();
            count as f64 / rounds.len() as f64
        };
        writeln!(
            out,
            "  {:13} {:6.1} {:6.1}",
            human.name(),
            said(Side::Left),
            said(Side::Right)
        )?;
    }
    Ok(())
}

fn agreement(judged: &[Judged<'_>], odds: &[f64]) -> usize {
    let pairs = judged.iter().zip(odds);
    pairs
        .filter(|(one, odds)| agrees(**odds, one.sample.winner))
        .count()
}

fn agreed(samples: &[Sample], odds: &[f64]) -> f64 {
    let pairs = samples.iter().zip(odds);
    let right = pairs.filter(|(sample, odds)| agrees(**odds, sample.winner));
    right.count() as f64
}

fn agrees(odds: f64, winner: Side) -> bool {
    odds * winner.forward() > 0.0
}

fn loss(samples: &[Sample], odds: &[f64]) -> f64 {
    let pairs = samples.iter().zip(odds);
    let sum: f64 = pairs
        .map(|(sample, odds)| log_loss(*odds, sample.winner))
        .sum();
    sum / samples.len() as f64
}
