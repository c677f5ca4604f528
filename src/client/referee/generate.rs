//! Drawn bouts as files: a directory of pictures, the signal file, and the truth.
//!
//! Not responsible for what is drawn. Invariant: nothing that lies there already is written over.

use super::{
    Ending, Failure,
    options::Encoding,
    pack::{Form, Packer, Picture},
    show::Show,
    source::drawn::Plan,
};
use bytes::Bytes;
use std::{
    fmt::Display,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

/// What to draw, and where to.
#[derive(Clone, Debug)]
pub struct Generating {
    /// The bout.
    pub plan: Plan,
    /// The directory that its files go to, if they are kept.
    pub to: Option<PathBuf>,
    /// JPEG quality, where somebody asked for one.
    pub quality: Option<u32>,
}

/// Draws a bout into `000000.jpg` and so on, `signal.txt` and `truth.json`, and says where they are.
///
/// # Errors
/// [`Failure::Local`] if one cannot be written, or is there already.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub fn write(what: &Generating, show: &mut Show) -> Result<Ending, Failure> {
    let Some(directory) = &what.to else {
        return Ok(Ending::Done);
    };
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
    pictures(directory, frames)?;
    show.uploaded();
    let (signal, truth) = (directory.join("signal.txt"), directory.join("truth.json"));
    new_file(&signal, bout.signal().as_bytes())?;
    let text = serde_json::to_vec(bout.truth()).map_err(|why| local(&truth, &why))?;
    new_file(&truth, &text)?;
    let winner = bout.truth().winner.name().to_lowercase();
    println!("video      {}", directory.display());
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
    fs::create_dir_all(directory).map_err(|why| local(directory, &why))?;
    let mut there = fs::read_dir(directory).map_err(|why| local(directory, &why))?;
    if there.next().is_some() {
        return Err(local(directory, &"is not empty"));
    }
    for (number, jpeg) in frames.enumerate() {
        new_file(&directory.join(format!("{number:06}.jpg")), &jpeg?)?;
    }
    Ok(())
}

fn new_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(bytes))
        .map_err(|why| local(path, &why))
}

fn local(path: &Path, why: &dyn Display) -> Failure {
    Failure::Local(format!("{}: {why}", path.display()))
}
