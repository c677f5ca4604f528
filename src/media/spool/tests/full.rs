//! A disk that is full: for real, on a file system of 256 KiB that only the test's thread sees.

use std::path::Path;

use super::*;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::{UnshareFlags, unshare_unsafe};

const DISK_BYTES: u64 = 256 << 10;

/// Mounts a small file system at `path`, for this thread alone. `Err` says why that is not possible.
fn mount_small(path: &Path) -> io::Result<()> {
    // SAFETY: leaving the mount namespace touches no memory and no open file of other threads; the
    // working directory, which this thread no longer shares, is not used.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private)?;
    let size = std::ffi::CString::new(format!("size={DISK_BYTES}"))?;
    mount("tmpfs", path, "tmpfs", MountFlags::empty(), size.as_c_str())?;
    Ok(())
}

/// Runs `test` with a spool on a disk of [`DISK_BYTES`], where the system lets us make one.
fn on_a_small_disk(min_free_bytes: u64, test: impl FnOnce(&SpoolRoot) + Send) {
    let dir = tempfile::tempdir().unwrap();
    let body = || {
        if let Err(error) = mount_small(dir.path()) {
            println!("skipped: a disk of its own needs root ({error})");
            return;
        }
        let options = SpoolOptions {
            min_free_bytes,
            ..SpoolOptions::default()
        };
        test(&SpoolRoot::open(dir.path().join("spool"), options).unwrap());
    };
    std::thread::scope(|scope| scope.spawn(body).join()).unwrap();
}

/// Appends frames of 10,000 bytes until one is refused.
fn fill(writer: &mut SpoolWriter) -> (Vec<FrameRef>, SpoolError) {
    let mut frames = Vec::new();
    loop {
        let number = frames.len() as u64;
        match writer.append(number, Encoding::Raw, &[number as u8; 10_000]) {
            Ok(frame) => frames.push(frame),
            Err(error) => return (frames, error),
        }
    }
}

#[test]
fn a_frame_that_the_disk_has_no_room_for_is_refused_and_leaves_the_spool_as_it_was() {
    on_a_small_disk(0, |root| {
        let (mut writer, reader) = root.create("a", "{}").unwrap();
        let (frames, error) = fill(&mut writer);
        assert!(matches!(error, SpoolError::DiskFull), "{error:?}");
        assert!(frames.len() > 20, "{}", frames.len());
        let length = std::fs::metadata(root.dir().join("a/frames.spool"))
            .unwrap()
            .len();
        assert_eq!(writer.bytes(), length);
        drop((writer, reader));
        let found = root.recover("a").unwrap();
        assert_eq!((found.frames, found.cut_bytes), (frames, 0));
    });
}

#[test]
fn appending_goes_on_when_there_is_room_again() {
    on_a_small_disk(0, |root| {
        let ballast = root.dir().join("ballast");
        std::fs::write(&ballast, vec![0; 100_000]).unwrap();
        let (mut writer, reader) = root.create("a", "{}").unwrap();
        let (before, _) = fill(&mut writer);
        std::fs::remove_file(ballast).unwrap();
        let frame = writer.append(99, Encoding::Raw, &[7; 10_000]).unwrap();
        assert_eq!(read(&reader, &frame), [7; 10_000]);
        assert_eq!(read(&reader, &before[1]), [1; 10_000]);
    });
}

#[test]
fn the_reserve_stays_free() {
    let reserve = DISK_BYTES / 2;
    on_a_small_disk(reserve, |root| {
        let (mut writer, _reader) = root.create("a", "{}").unwrap();
        let (frames, error) = fill(&mut writer);
        assert!(matches!(error, SpoolError::DiskFull), "{error:?}");
        assert!(!frames.is_empty());
        assert!(root.free_bytes().unwrap() >= reserve);
    });
}

#[test]
fn derived_frames_give_way_to_those_that_clients_sent() {
    on_a_small_disk(DISK_BYTES / 4, |root| {
        let (mut writer, _reader) = root.create("a", "{}").unwrap();
        let (mut beside, _corrected) = writer.beside("corrected.spool").unwrap();
        let (_, refused) = fill(&mut beside);
        assert!(matches!(refused, SpoolError::DiskFull), "{refused:?}");
        let (frames, _) = fill(&mut writer);
        assert!(frames.len() > 3, "{}", frames.len());
    });
}

#[test]
fn a_signal_that_the_disk_has_no_room_for_is_refused_and_the_first_one_kept() {
    on_a_small_disk(0, |root| {
        let (mut writer, reader) = root.create("a", "{}").unwrap();
        writer.keep_signal("a.txt", b"first").unwrap();
        let error = writer.keep_signal("b.txt", &vec![0; DISK_BYTES as usize]);
        assert!(matches!(error, Err(SpoolError::DiskFull)), "{error:?}");
        drop((writer, reader));
        assert_eq!(root.recover("a").unwrap().signal.unwrap().bytes, b"first");
    });
}

#[test]
fn without_room_above_the_reserve_no_spool_is_made() {
    let place = Place::with(SpoolOptions {
        min_free_bytes: u64::MAX,
        ..SpoolOptions::default()
    });
    let refused = place.root.create("a", "{}");
    assert!(matches!(refused, Err(SpoolError::DiskFull)));
    assert_eq!(place.root.list().unwrap(), []);
}
