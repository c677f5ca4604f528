//! What a person sees on standard error while it goes on: a bar of frames, a bar for each stage, and words.
//!
//! Not responsible for the result, which is standard output's. Invariant: without a terminal only words appear, so that a log
//! holds no bars.

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// How often a bar that nobody moves shows that time passes.
const TICK: Duration = Duration::from_millis(120);
/// A stage's bar is drawn in steps of this share.
const STEPS: u64 = 1000;

/// The show.
#[derive(Debug)]
pub struct Show {
    all: MultiProgress,
    frames: Option<Frames>,
    stages: Vec<(String, ProgressBar)>,
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Frames,
    Bytes,
}

#[derive(Debug)]
struct Frames {
    bar: ProgressBar,
    unit: Unit,
    bytes: u64,
    began: Instant,
}

impl Show {
    /// One that tells details only if it is verbose.
    #[must_use]
    pub fn new(verbose: bool) -> Self {
        Self {
            all: MultiProgress::new(),
            frames: None,
            stages: Vec::new(),
            verbose,
        }
    }

    /// Frames begin to move; so many, where that is known.
    pub fn upload(&mut self, of: Option<u64>) {
        self.begin("upload", of, Unit::Frames);
    }

    /// So many frames begin to be drawn.
    pub fn draw(&mut self, of: u64) {
        self.begin("draw", Some(of), Unit::Frames);
    }

    /// A file of so many bytes begins to move.
    pub fn upload_bytes(&mut self, of: u64) {
        self.begin("upload", Some(of), Unit::Bytes);
    }

    fn begin(&mut self, name: &str, of: Option<u64>, unit: Unit) {
        let form = match (of, unit) {
            (Some(_), Unit::Frames) => {
                "{prefix:20} [{bar:30}] {pos}/{len} frames  {msg}  ETA {eta}"
            }
            (Some(_), Unit::Bytes) => {
                "{prefix:20} [{bar:30}] {bytes}/{total_bytes}  {msg}  ETA {eta}"
            }
            (None, _) => "{prefix:20} {spinner} {pos} frames  {msg}",
        };
        let bar = self.add(ProgressBar::new(of.unwrap_or(0)), name, form);
        self.frames = Some(Frames {
            bar,
            unit,
            bytes: 0,
            began: Instant::now(),
        });
    }

    /// A frame of so many bytes is on its way.
    pub fn sent(&mut self, bytes: usize) {
        if let Some(frames) = &mut self.frames {
            frames.bytes += bytes as u64;
        }
    }

    /// The server has answered for so many more.
    pub fn advance(&mut self, by: u64) {
        let Some(frames) = &self.frames else {
            return;
        };
        frames.bar.inc(by);
        let seconds = frames.began.elapsed().as_secs_f64().max(1e-3);
        let bytes = HumanBytes((frames.bytes as f64 / seconds) as u64);
        frames.bar.set_message(match frames.unit {
            Unit::Frames => format!(
                "{:.1} frames/s  {bytes}/s",
                frames.bar.position() as f64 / seconds
            ),
            Unit::Bytes => format!("{bytes}/s"),
        });
    }

    /// All is up.
    pub fn uploaded(&mut self) {
        if let Some(frames) = self.frames.take() {
            frames.bar.finish();
        }
    }

    /// A stage of the analysis has come so far, 0 to 1.
    pub fn stage(&mut self, stage: &str, progress: f64, message: &str) {
        let known = self.stages.iter().position(|(name, _)| name == stage);
        let at = known.unwrap_or_else(|| {
            let form = "{prefix:20} [{bar:30}] {percent}%  {msg}";
            let bar = self.add(ProgressBar::new(STEPS), stage, form);
            self.stages.push((stage.to_owned(), bar));
            self.stages.len() - 1
        });
        let (_, bar) = &self.stages[at];
        bar.set_position((progress.clamp(0.0, 1.0) * STEPS as f64) as u64);
        bar.set_message(message.to_owned());
        self.detail(|| format!("{stage} {:.0} %: {message}", progress * 100.0));
        if progress >= 1.0 {
            self.stages[at].1.finish();
        }
    }

    /// Something that a person should know.
    pub fn note(&self, text: &str) {
        self.say(text);
    }

    /// Something for those who look closely.
    pub fn detail(&self, text: impl FnOnce() -> String) {
        if self.verbose {
            self.say(&text());
        }
    }

    /// Nothing moves any more.
    pub fn end(&mut self) {
        self.uploaded();
        for (_, bar) in self.stages.drain(..) {
            bar.abandon();
        }
    }

    #[expect(clippy::print_stderr, reason = "the words of a command")]
    fn say(&self, text: &str) {
        self.all.suspend(|| eprintln!("frameloom: {text}"));
    }

    fn add(&self, bar: ProgressBar, name: &str, form: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(form);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bar
            .with_prefix(name.to_owned())
            .with_style(style.progress_chars("=> "));
        let bar = self.all.add(bar);
        bar.enable_steady_tick(TICK);
        bar
    }
}
