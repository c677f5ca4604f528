//! Drawn bouts: the files that are written, and that they can be streamed.

use serde_json::{Value, json};

use super::{
    client,
    double::{Double, Script},
    path,
};

const SMALL: [&str; 4] = ["--seconds", "2", "--size", "96x64"];

fn generate(to: &str, more: &[&str]) -> (Option<i32>, String) {
    client(&[&["--generate", to], &SMALL[..], more].concat())
}

#[test]
fn a_directory_gets_pictures_a_signal_and_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let (code, printed) = generate(&path(&folder, "bout"), &["--winner", "right"]);
    assert_eq!(code, Some(0), "{printed}");
    let read = |name: &str| std::fs::read(path(&folder, &format!("bout/{name}"))).unwrap();
    assert!(
        read("000029.jpg").starts_with(&[0xFF, 0xD8]),
        "15 frames a second"
    );
    assert!(
        String::from_utf8(read("signal.txt"))
            .unwrap()
            .contains("Phrase recording started")
    );
    let truth: Value = serde_json::from_slice(&read("truth.json")).unwrap();
    assert_eq!(
        (&truth["winner"], &truth["fps"]),
        (&json!("right"), &json!(15.0))
    );
    assert!(printed.contains("right has the right of way"), "{printed}");
}

#[test]
fn the_same_seed_draws_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c"];
    for (name, seed) in names.into_iter().zip(["7", "7", "8"]) {
        let (code, printed) = generate(&path(&folder, name), &["--seed", seed]);
        assert_eq!(code, Some(0), "{printed}");
    }
    let read = |folder_name: &str, file: &str| {
        std::fs::read(path(&folder, &format!("{folder_name}/{file}"))).unwrap()
    };
    for file in ["000000.jpg", "000029.jpg", "signal.txt", "truth.json"] {
        let [a, b, c] = names.map(|name| read(name, file));
        assert!(a == b && a != c, "{file}");
    }
}

#[test]
fn a_video_has_the_pictures_of_the_directory_and_its_signal_and_truth_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let video = path(&folder, "bouts/7.avi");
    for to in [&path(&folder, "bout"), &video] {
        let (code, printed) = generate(to, &["--fps", "12"]);
        assert_eq!(code, Some(0), "{printed}");
    }
    let read = |name: &str| std::fs::read(path(&folder, name)).unwrap();
    for (ours, theirs) in [
        ("bouts/7.txt", "bout/signal.txt"),
        ("bouts/7.truth.json", "bout/truth.json"),
    ] {
        assert!(read(ours) == read(theirs), "{ours}");
    }
    let double = Double::play(Script::good());
    let (server, signal) = (double.at.to_string(), path(&folder, "bouts/7.txt"));
    let (code, printed) = client(&[&server, "--video", &video, "--signal", &signal]);
    assert_eq!(code, Some(0), "{printed}");
    let seen = double.seen();
    assert_eq!(
        (&seen.starts[0]["fps"], &seen.starts[0]["width"]),
        (&json!(12.0), &json!(96))
    );
    assert_eq!(seen.frames.len(), 24);
    for (number, frame) in &seen.frames {
        assert!(*frame == read(&format!("bout/{number:06}.jpg")), "{number}");
    }
}

#[test]
fn no_file_beside_a_video_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    for taken in ["bout.avi", "bout.txt", "bout.truth.json"] {
        std::fs::write(path(&folder, taken), "mine").unwrap();
        let (code, printed) = generate(&path(&folder, "bout.avi"), &[]);
        assert_eq!(code, Some(1), "{printed}");
        let told = format!("{taken}: is there already");
        assert!(printed.contains(&told), "{printed}");
        let there = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(there, 1, "{taken}");
        assert_eq!(std::fs::read(path(&folder, taken)).unwrap(), b"mine");
        std::fs::remove_file(path(&folder, taken)).unwrap();
    }
}

#[test]
fn nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(generate(&path(&folder, "bout"), &[]).0, Some(0));
    let (code, printed) = generate(&path(&folder, "bout"), &[]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("is not empty"), "{printed}");
}

#[test]
fn what_is_not_drawn_is_refused_with_2() {
    for more in [
        ["--generate", "bout.mp4"],
        ["--generate", "http://localhost"],
        ["--seconds", "3"],
    ] {
        let (code, printed) = client(&more);
        assert_eq!(code, Some(2), "{more:?}: {printed}");
    }
}

#[test]
fn pictures_that_were_drawn_are_streamed_at_their_own_rate() {
    let folder = tempfile::tempdir().unwrap();
    let (video, signal) = (path(&folder, "bout"), path(&folder, "bout/signal.txt"));
    let (code, printed) = generate(&video, &["--fps", "12"]);
    assert_eq!(code, Some(0), "{printed}");
    let double = Double::play(Script::good());
    let server = double.at.to_string();
    let (code, printed) = client(&[&server, "--video", &video, "--signal", &signal]);
    assert_eq!(code, Some(0), "{printed}");
    let seen = double.seen();
    assert_eq!(
        (&seen.starts[0]["fps"], seen.frames.len()),
        (&json!(12.0), 24)
    );
}

#[test]
fn a_bout_is_streamed_while_it_is_drawn_and_kept_if_asked() {
    let folder = tempfile::tempdir().unwrap();
    let double = Double::play(Script::good());
    let (server, kept) = (double.at.to_string(), path(&folder, "kept"));
    for to in [vec![], vec![kept.as_str()]] {
        let (code, printed) =
            client(&[&[server.as_str()], &["--generate"], &to[..], &SMALL[..]].concat());
        assert_eq!(code, Some(0), "{printed}");
    }
    let seen = double.seen();
    assert_eq!(seen.numbers.len(), 60);
    assert_eq!(seen.starts[0]["fps"], 15.0);
    let first = std::fs::read(path(&folder, "kept/000000.jpg")).unwrap();
    assert_eq!(first, seen.frames[&0], "the same pictures");
}
