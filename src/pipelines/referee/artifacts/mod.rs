//! The files that show a verdict: videos, tables, the result itself.
//!
//! Not responsible for the verdict. Invariant: a file that cannot be written becomes a note in the result; the verdict is never
//! lost with it.

mod banner;
pub mod document;
mod letters;
pub mod overlay;
pub mod table;
mod videos;

use super::conclude::{Finding, Judging, Material};
use crate::{pipelines::StageSink, session::SignalFile};
use document::Artifacts;
use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
};

/// Where a bout's files go, and what became of them.
pub struct Folder {
    /// The folder.
    pub dir: PathBuf,
    id: String,
    /// The files that are there.
    pub artifacts: Artifacts,
    /// What could not be done, for people.
    pub notes: Vec<String>,
}

impl Folder {
    /// Makes the bout's folder below the output directory, or empties it of an earlier bout's files.
    pub fn make(judging: &Judging, id: &str) -> Self {
        let mut folder = Self {
            dir: judging.output_dir.join(id),
            id: id.to_owned(),
            artifacts: Artifacts::default(),
            notes: Vec::new(),
        };
        forget(&folder.dir);
        let made = fs::create_dir_all(&folder.dir);
        folder.noted("the folder of the results", made);
        folder
    }

    /// Writes all files but the result.
    pub fn fill(
        &mut self,
        judging: &Judging,
        material: &Material,
        finding: Option<&Finding>,
        overlay: Option<&overlay::Overlay<'_>>,
        tell: &StageSink,
    ) {
        self.signal(&material.signal);
        if let Some(finding) = finding {
            self.tables(finding);
        }
        videos::write(self, judging, material, finding, overlay, tell);
    }

    fn signal(&mut self, signal: &SignalFile) {
        // A client may call its file what we call ours.
        let name = match is_ours(&signal.filename) {
            true => format!("signal_{}", signal.filename),
            false => signal.filename.clone(),
        };
        let written = fs::write(self.dir.join(&name), &signal.bytes);
        let written = self.noted("the signal", written);
        self.artifacts.signal = written.map(|()| self.relative(&name));
    }

    fn tables(&mut self, finding: &Finding) {
        let (xlsx, csv) = (
            "streamed_video_keypoints.xlsx",
            "streamed_video_keypoints.csv",
        );
        let written = table::write_xlsx(&self.dir.join(xlsx), &finding.tracks);
        self.artifacts.excel = self.noted(xlsx, written).map(|()| self.relative(xlsx));
        let written = table::write_csv(&self.dir.join(csv), &finding.tracks);
        self.artifacts.csv = self.noted(csv, written).map(|()| self.relative(csv));
    }

    /// The result's own path, as it is told before it is written.
    pub fn announce_result(&mut self) {
        self.artifacts.result_json = Some(self.relative(RESULT));
    }

    /// A path relative to the output directory.
    fn relative(&self, name: &str) -> String {
        format!("{}/{name}", self.id)
    }

    fn noted<T, E: Display>(&mut self, what: &str, written: Result<T, E>) -> Option<T> {
        match written {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(session = self.id, what, %error, "an artifact was not written");
                self.notes
                    .push(format!("{what} could not be written: {error}"));
                None
            }
        }
    }
}

/// Removes what an earlier bout of the same name left in its folder, as soon as there is a new verdict: files of two bouts side by
/// side would pass for one's.
fn forget(dir: &Path) {
    let Ok(files) = fs::read_dir(dir) else {
        return;
    };
    for file in files.flatten() {
        if file.file_name().to_str().is_some_and(is_ours)
            && let Err(error) = fs::remove_file(file.path())
        {
            tracing::warn!(file = %file.path().display(), %error, "an earlier result was left");
        }
    }
}

/// Whether a file of a bout's folder is one that this program names.
fn is_ours(name: &str) -> bool {
    name == RESULT || name.starts_with(VIDEO)
}

/// Keeps the result beside the other files.
///
/// # Errors
/// If the disk refuses.
pub fn keep(dir: &Path, document: &[u8]) -> io::Result<()> {
    fs::write(dir.join(RESULT), document)
}

const RESULT: &str = "analysis_result.json";
/// The video of a bout's frames, where there is an ffmpeg.
pub const STREAMED: &str = "streamed_video.mp4";
/// How the names of all other files begin.
const VIDEO: &str = "streamed_video";
