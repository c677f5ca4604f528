//! Against the real program; without it each test says so.

use super::*;
use crate::media::clip::Clip;

fn ffmpeg() -> Option<Ffmpeg> {
    let found = Ffmpeg::find("ffmpeg");
    if found.is_none() {
        eprintln!("skipped: ffmpeg is not installed");
    }
    found
}

fn video(ffmpeg: &Ffmpeg, path: &Path, frames: u8) {
    let rate = Rate::from_fps(15.0).unwrap();
    let mut encoder = ffmpeg.encode_h264((64, 48), rate, path).unwrap();
    for n in 0..frames {
        encoder
            .frame(&Rgb8::filled(64, 48, [n * 8, 90, 200]))
            .unwrap();
    }
    encoder.finish().unwrap();
}

#[test]
fn frames_that_were_encoded_come_back_in_number_rate_and_colour() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.mp4");
    video(&ffmpeg, &path, 20);
    let file = std::fs::File::open(&path).unwrap();
    let mut clip = Clip::open(file, "ffmpeg", 1 << 20).unwrap();
    let about = clip.about();
    assert_eq!((about.fps, about.width, about.height), (15.0, 64, 48));
    let mut frames = Vec::new();
    while let Some(frame) = clip.frame().unwrap() {
        frames.push(frame.to_vec());
    }
    assert_eq!(frames.len(), 20);
    let limits = crate::media::DecodeLimits::default();
    let last = crate::media::picture::decode(&frames[19], &limits).unwrap();
    assert!(last.data[0].abs_diff(152) < 12, "{:?}", &last.data[..3]);
}

#[test]
fn a_disk_that_refuses_is_an_error_and_no_hanging_child() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let rate = Rate::from_fps(15.0).unwrap();
    let nowhere = Path::new("/nonexistent/v.mp4");
    let mut encoder = ffmpeg.encode_h264((64, 48), rate, nowhere).unwrap();
    let picture = Rgb8::filled(64, 48, [0; 3]);
    let written: Result<Vec<()>, _> = (0..1_000).map(|_| encoder.frame(&picture)).collect();
    let error = written
        .map(drop)
        .and_then(|()| encoder.finish())
        .unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_not_found() {
    assert!(Ffmpeg::find("no-such-program-anywhere").is_none());
}

/// What ffprobe says of the streams of a file: kind, codec and frames.
fn streams(path: &Path) -> Option<String> {
    let fields = "stream=codec_type,codec_name,nb_read_frames";
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries", fields])
        .args(["-of", "compact=nokey=1:print_section=0"])
        .arg(path)
        .output();
    match probe {
        Ok(said) => Some(String::from_utf8(said.stdout).unwrap()),
        Err(_) => {
            eprintln!("skipped: ffprobe is not installed");
            None
        }
    }
}

/// A Motion JPEG file of so many frames.
fn motion_jpeg(path: &Path, frames: u8) {
    use crate::media::jpeg::{Encoder, Quality, Subsampling};
    let rate = Rate::from_fps(15.0).unwrap();
    let mut writer = crate::media::video::AviWriter::create(path, (64, 48), rate).unwrap();
    let mut encoder = Encoder::new(Quality::HIGH, Subsampling::S420);
    for n in 0..frames {
        let picture = Rgb8::filled(64, 48, [n * 8, 90, 200]);
        writer.frame(&encoder.encode(&picture).unwrap()).unwrap();
    }
    writer.finish().unwrap();
}

/// A film of a second with a tone, or without.
fn film(path: &Path, with_tone: bool) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-f", "lavfi"]);
    command.args(["-i", "testsrc=size=64x48:rate=15:duration=1"]);
    if with_tone {
        command.args(["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "pcm_s16le"]);
    }
    command.args(["-c:v", "mpeg4"]).arg(path);
    assert!(command.status().unwrap().success());
}

#[test]
fn a_file_that_was_put_into_another_container_has_all_its_frames() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let dir = tempfile::tempdir().unwrap();
    let [avi, mp4] = ["v.avi", "v.mp4"].map(|name| dir.path().join(name));
    motion_jpeg(&avi, 20);
    ffmpeg.remux(&avi, &mp4, None).unwrap();
    let Some(streams) = streams(&mp4) else { return };
    assert_eq!(streams.trim(), "mjpeg|video|20");
}

#[test]
fn the_sound_of_a_film_is_kept_beside_the_new_frames() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let dir = tempfile::tempdir().unwrap();
    let [avi, mp4, mkv] = ["v.avi", "v.mp4", "film.mkv"].map(|name| dir.path().join(name));
    motion_jpeg(&avi, 20);
    film(&mkv, true);
    let mut file = std::fs::File::open(&mkv).unwrap();
    // As `/analyze` has it: without a name, and read to its end before.
    std::fs::remove_file(&mkv).unwrap();
    io::copy(&mut file, &mut io::sink()).unwrap();
    ffmpeg.remux(&avi, &mp4, Some(&Sound::of(file))).unwrap();
    let Some(streams) = streams(&mp4) else { return };
    let kinds: Vec<_> = streams
        .lines()
        .map(|line| line.rsplit_once('|').unwrap().0)
        .collect();
    assert_eq!(kinds, ["mjpeg|video", "aac|audio"]);
    assert!(streams.starts_with("mjpeg|video|20"), "{streams}");
}

#[test]
fn a_film_without_sound_gives_a_video_without_sound() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let dir = tempfile::tempdir().unwrap();
    let [avi, mp4, mkv] = ["v.avi", "v.mp4", "film.mkv"].map(|name| dir.path().join(name));
    motion_jpeg(&avi, 3);
    film(&mkv, false);
    let film = Sound::of(std::fs::File::open(&mkv).unwrap());
    ffmpeg.remux(&avi, &mp4, Some(&film)).unwrap();
    let Some(streams) = streams(&mp4) else { return };
    assert_eq!(streams.trim(), "mjpeg|video|3");
}
