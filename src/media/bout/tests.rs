use super::*;

fn small() -> BoutOptions {
    BoutOptions {
        width: 320,
        height: 180,
        ..BoutOptions::default()
    }
}

fn bout(seed: u64) -> Bout {
    Bout::draw(seed, small()).unwrap()
}

#[test]
fn a_seed_draws_the_same_bytes_whatever_was_drawn_before() {
    let (a, b) = (bout(7), bout(7));
    let _earlier = a.frame(3);
    assert_eq!(a.frame(20), b.frame(20));
    assert_eq!(a.signal(), b.signal());
    assert_ne!(a.frame(20), bout(8).frame(20));
}

#[test]
fn keypoints_lie_in_the_picture_and_the_left_fencer_is_on_the_left() {
    for seed in 0..20 {
        for frame in &bout(seed).truth().keypoints {
            for [x, y, seen] in frame.left.iter().chain(&frame.right) {
                let inside = (0.0..320.0).contains(x) && (0.0..180.0).contains(y);
                assert!(
                    inside && (1.0..=2.0).contains(seen),
                    "{seed}: {x} {y} {seen}"
                );
            }
            let middle = |person: &[Keypoint; 17]| person.iter().map(|[x, ..]| x).sum::<f32>();
            assert!(middle(&frame.left) < middle(&frame.right), "{seed}");
        }
    }
}

#[test]
fn fencers_change_the_picture_and_an_empty_hall_has_no_truth_of_them() {
    let empty = BoutOptions {
        fencers: false,
        ..small()
    };
    let (with, without) = (bout(3), Bout::draw(3, empty).unwrap());
    assert!(without.truth().keypoints.is_empty());
    let (with_picture, without_picture) = (with.frame(0), without.frame(0));
    for [x, y, _] in with.truth().keypoints[0].left {
        let at = (y as usize * 320 + x as usize) * 3;
        let difference =
            |i: usize| with_picture.data[at + i].abs_diff(without_picture.data[at + i]);
        assert!(
            (0..3).map(difference).max() > Some(4),
            "nothing drawn at {x} {y}"
        );
    }
}

#[test]
fn the_signal_tells_what_the_truth_knows_but_not_who_won() {
    for seed in 0..20 {
        let bout = bout(seed);
        let (truth, signal) = (bout.truth(), bout.signal());
        let has = |line: &str| assert!(signal.contains(line), "{seed}: {line}\n{signal}");
        has("0.001s | Phrase recording started");
        has(&format!(
            "{:.3}s | HIT: Simultaneous valid hits!",
            truth.hit_time
        ));
        has(&format!(
            "{:.3}s | HIT: {} scores on",
            truth.first_hit.time,
            truth.first_hit.by.name()
        ));
        has("Scores -> Fencer 1: HIT, Fencer 2: HIT");
        let contacts = signal.matches("Blade-to-blade contact").count();
        assert_eq!(contacts, truth.blade_contacts.len());
        assert!(!signal.contains("winner"));
    }
}

#[test]
fn the_human_line_is_written_when_it_is_asked_for() {
    let options = BoutOptions {
        winner: Some(BoutSide::Right),
        human_line: true,
        ..small()
    };
    let bout = Bout::draw(1, options).unwrap();
    assert_eq!(bout.truth().winner, BoutSide::Right);
    assert!(bout.signal().ends_with("Confirmed result winner: Right\n"));
}

#[test]
fn a_bout_has_as_many_frames_as_its_rate_and_length_say() {
    let options = BoutOptions {
        fps: 25.0,
        seconds: 3.0,
        ..small()
    };
    let bout = Bout::draw(1, options).unwrap();
    assert_eq!((bout.len(), bout.truth().frames), (75, 75));
    assert_eq!(bout.truth().keypoints.len(), 75);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let refused = |options: BoutOptions| Bout::draw(0, options).err().unwrap().to_string();
    assert!(
        refused(BoutOptions {
            width: 10,
            ..small()
        })
        .contains("10x180")
    );
    assert!(
        refused(BoutOptions {
            fps: f64::NAN,
            ..small()
        })
        .contains("NaN")
    );
    assert!(
        refused(BoutOptions {
            seconds: 0.5,
            ..small()
        })
        .contains("0.5")
    );
    assert!(
        refused(BoutOptions {
            lens: Some(9.0),
            ..small()
        })
        .contains("lens")
    );
}
