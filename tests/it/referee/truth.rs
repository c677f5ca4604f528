//! Verdicts against what was drawn: who won, and when in the bout things were, though frames are missing.

use frameloom::media::{
    bout::BoutSide,
    jpeg::{Encoder, Quality, Subsampling},
};

use super::verdict::{bout, is_there, judge_frames, probe, server};

fn jpegs(seed: u64) -> Vec<Vec<u8>> {
    let bout = bout(seed);
    let mut encoder = Encoder::new(Quality::new(90).unwrap(), Subsampling::S420);
    let frames = (0..bout.len()).map(|n| encoder.encode(&bout.frame(n)).unwrap().to_vec());
    frames.collect()
}

/// The verdict of a drawn bout; each frame goes through `send`, which may keep it back.
fn judged(
    dir: &tempfile::TempDir,
    seed: u64,
    send: impl Fn(u64, Vec<u8>) -> Option<Vec<u8>>,
) -> serde_json::Value {
    let frames = (0..).zip(jpegs(seed));
    let sent = frames.filter_map(|(n, jpeg)| send(n, jpeg).map(|jpeg| (n, jpeg)));
    judge_frames(server(dir, ""), bout(seed).signal(), sent).result
}

/// A picture whose head is sound and whose rest is not: it is acknowledged, and found out by the decoder.
fn spoiled(mut jpeg: Vec<u8>) -> Vec<u8> {
    let scan = jpeg
        .windows(2)
        .position(|marker| marker == [0xFF, 0xDA])
        .unwrap();
    let end = jpeg.len() - 2;
    jpeg.drain(scan..end);
    jpeg
}

/// The first bouts that were drawn to be won by this side.
fn verdicts_of_bouts_won_by(side: BoutSide) {
    let seeds = (100..).filter(|seed| bout(*seed).truth().winner == side);
    for seed in seeds.take(2) {
        let dir = tempfile::tempdir().unwrap();
        let result = judged(&dir, seed, |_, jpeg| Some(jpeg));
        let winner = &result["decision"]["winner"];
        assert_eq!(*winner, side.name().to_lowercase(), "bout {seed}");
    }
}

#[test]
fn bouts_drawn_for_the_left_fencer_are_the_left_one_s() {
    verdicts_of_bouts_won_by(BoutSide::Left);
}

#[test]
fn bouts_drawn_for_the_right_fencer_are_the_right_one_s() {
    verdicts_of_bouts_won_by(BoutSide::Right);
}

#[test]
fn a_hole_moves_nothing_in_table_evidence_and_videos() {
    let (whole_dir, holed_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = judged(&whole_dir, 100, |_, jpeg| Some(jpeg));
    let hole = judged(&holed_dir, 100, |n, jpeg| match n {
        0..5 => Some(spoiled(jpeg)),
        20..35 => None,
        _ => Some(jpeg),
    });
    assert_eq!(
        hole["metadata"]["undecodable_frames"],
        serde_json::json!([0, 1, 2, 3, 4])
    );
    let hit = |result: &serde_json::Value| result["decision"]["moments"]["hit"].clone();
    assert_eq!(hit(&hole), hit(&whole));
    let way = |result: &serde_json::Value| {
        let way = result["decision"]["right_of_way"].as_array().unwrap();
        way.last().unwrap()["end_frame"].clone()
    };
    assert_eq!(way(&hole), way(&whole));
    if !(is_there("ffmpeg") && is_there("ffprobe")) {
        return;
    }
    let length = |dir: &tempfile::TempDir, result: &serde_json::Value, kind: &str| {
        let path = result["artifacts"][kind].as_str().unwrap();
        let stream = probe(&dir.path().join("out").join(path));
        let length: f64 = stream["duration"].as_str().unwrap().parse().unwrap();
        (length * 15.0).round() as u64
    };
    for kind in ["video", "corrected_video", "analysis_video"] {
        let [a, b] = [(&whole_dir, &whole), (&holed_dir, &hole)]
            .map(|(dir, result)| length(dir, result, kind));
        assert_eq!(b, a, "{kind}");
        assert_eq!(a, bout(100).len(), "{kind}");
    }
}
