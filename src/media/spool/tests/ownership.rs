//! One owner a folder, also across processes: a root opened twice stands for two of them, because
//! the lock belongs to the open directory and not to the process.

use super::*;

#[test]
fn a_spool_in_use_is_neither_made_nor_taken_over_nor_listed_nor_removed() {
    let place = Place::new();
    let _held = place.root.create("a", "{}").unwrap();
    let other = SpoolRoot::open(place.root.dir(), SpoolOptions::default()).unwrap();
    for root in [&place.root, &other] {
        assert!(matches!(root.create("a", "{}"), Err(SpoolError::Exists)));
        assert!(matches!(root.recover("a"), Err(SpoolError::InUse)));
        assert!(matches!(root.remove("a"), Err(SpoolError::InUse)));
        assert_eq!(root.list().unwrap(), []);
    }
}

#[test]
fn a_spool_stays_in_use_while_anybody_reads_it() {
    let place = Place::new();
    let (writer, reader) = place.root.create("a", "{}").unwrap();
    drop(writer);
    assert!(matches!(place.root.recover("a"), Err(SpoolError::InUse)));
    drop(reader);
    assert!(place.root.recover("a").is_ok());
}

#[test]
fn a_leftover_is_not_made_anew_by_accident() {
    let place = Place::new();
    drop(place.root.create("a", "{}").unwrap());
    let again = place.root.create("a", "{}");
    assert!(matches!(again, Err(SpoolError::Exists)));
}

#[test]
fn listing_all_the_time_keeps_nobody_from_taking_over() {
    let place = Place::new();
    drop(place.root.create("a", "{}").unwrap());
    std::thread::scope(|scope| {
        let lister = scope.spawn(|| {
            for _ in 0..300 {
                place.root.list().unwrap();
            }
        });
        for _ in 0..300 {
            place.root.recover("a").unwrap();
        }
        lister.join().unwrap();
    });
}

#[test]
fn readers_see_frames_while_they_are_being_appended() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let (send, receive) = std::sync::mpsc::sync_channel(4);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..200 {
                send.send(append(&mut writer, [number])[0]).unwrap();
            }
        });
        for frame in receive {
            assert_eq!(read(&reader, &frame), payload(frame.number));
        }
    });
}
