//! Drawn bouts as files: pictures in a directory or one video, the signal file, and the truth.
//!
//! Not responsible for what is drawn. Invariant: nothing that lies there already is written over.

use super::{
    Ending, Failure,
    options::Encoding,
    pack::{Form, Packer, Picture},
    show::Show,
    source::drawn::Plan,
};
use crate::media::{
    bout::BoutTruth,
    video::{AviWriter, Rate},
};
use bytes::Bytes;
use std::{
    fmt::Display,
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

/// Bytes of a video that are written at a time.
const WRITE: usize = 1 << 18;

/// What to draw, and where to.
#[derive(Clone, Debug)]
pub struct Generating {
    /// The bout.
    pub plan: Plan,
    /// Where its files go, if they are kept.
    pub to: Option<Place>,
    /// JPEG quality, where somebody asked for one.
    pub quality: Option<u32>,
}

/// Where a bout's files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A directory of pictures, with `signal.txt` and `truth.json`.
    Directory(PathBuf),
    /// A Motion JPEG file such as `bout.avi`, with `bout.txt` and `bout.truth.json` beside it.
    Video(PathBuf),
}

/// Draws a bout into its files, and says where they are.
///
/// # Errors
/// [`Failure::Local`] if one cannot be written, or is there already.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn write(what: &Generating, show: &mut Show) -> Result<Ending, Failure> {
    let Some(place) = &what.to else {
        return Ok(Ending::Done);
    };
    place.make()?;
    let bout = what.plan.bout();
    let mut packer = Packer::new(Form {
        encoding: Encoding::Jpeg,
        quality: what.quality,
        resized: None,
    })?;
    show.draw(bout.len());
    let frames = bout.frames().map(|frame| {
        let jpeg = packer.pack(Picture::Rgb(frame))?;
        show.sent(jpeg.len());
        show.advance(1);
        Ok(jpeg)
    });
    match place {
        Place::Directory(directory) => pictures(directory, frames)?,
        Place::Video(path) => video(path, bout.truth(), frames)?,
    }
    show.uploaded();
    let (signal, truth) = (place.signal(), place.truth());
    write_new(&signal, bout.signal().as_bytes())?;
    let text = serde_json::to_vec(bout.truth()).map_err(|why| local(&truth, &why))?;
    write_new(&truth, &text)?;
    let winner = bout.truth().winner.name().to_lowercase();
    println!("video      {}", place.path().display());
    println!("signal     {}", signal.display());
    println!(
        "truth      {}: {winner} has the right of way",
        truth.display()
    );
    Ok(Ending::Done)
}

fn pictures(
    directory: &Path,
    frames: impl Iterator<Item = Result<Bytes, Failure>>,
) -> Result<(), Failure> {
    for (number, jpeg) in frames.enumerate() {
        write_new(&directory.join(format!("{number:06}.jpg")), &jpeg?)?;
    }
    Ok(())
}

fn video(
    path: &Path,
    truth: &BoutTruth,
    frames: impl Iterator<Item = Result<Bytes, Failure>>,
) -> Result<(), Failure> {
    let rate = Rate::from_fps(truth.fps).map_err(|why| local(path, &why))?;
    let file = BufWriter::with_capacity(WRITE, new_file(path)?);
    let writer = AviWriter::new(file, (truth.width, truth.height), rate);
    let mut writer = writer.map_err(|why| local(path, &why))?;
    for jpeg in frames {
        writer.frame(&jpeg?).map_err(|why| local(path, &why))?;
    }
    writer.finish().map_err(|why| local(path, &why)).map(drop)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = new_file(path)?.write_all(bytes);
    written.map_err(|why| local(path, &why))
}

fn new_file(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.map_err(|why| local(path, &why))
}

fn local(path: &Path, why: &dyn Display) -> Failure {
    Failure::Local(format!("{}: {why}", path.display()))
}

// === impl Place ===

impl Place {
    /// The pictures or the video.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory(path) | Self::Video(path) => path,
        }
    }

    fn signal(&self) -> PathBuf {
        match self {
            Self::Directory(directory) => directory.join("signal.txt"),
            Self::Video(path) => path.with_extension("txt"),
        }
    }

    fn truth(&self) -> PathBuf {
        match self {
            Self::Directory(directory) => directory.join("truth.json"),
            Self::Video(path) => path.with_extension("truth.json"),
        }
    }

    /// Makes the directory that the files go to. What is in their way is told here, before anything has been drawn.
    fn make(&self) -> Result<(), Failure> {
        match self {
            Self::Directory(directory) => {
                fs::create_dir_all(directory).map_err(|why| local(directory, &why))?;
                let mut there = fs::read_dir(directory).map_err(|why| local(directory, &why))?;
                match there.next() {
                    Some(_) => Err(local(directory, &"is not empty")),
                    None => Ok(()),
                }
            }
            Self::Video(path) => {
                let directory = path.parent().unwrap_or(Path::new(""));
                fs::create_dir_all(directory).map_err(|why| local(directory, &why))?;
                let files = [path.clone(), self.signal(), self.truth()];
                match files.iter().find(|file| file.exists()) {
                    Some(file) => Err(local(file, &"is there already")),
                    None => Ok(()),
                }
            }
        }
    }
}
