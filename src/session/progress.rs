//! How far a long piece of work has come, stage by stage: what a client is told while it waits for a verdict.
//!
//! A value, copied to whoever watches; a stage never goes backwards, so a watcher that skips copies misses no ending.

use std::borrow::Cow;

/// The stages of one piece of work, in the order in which they are told.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages(Vec<Stage>);

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name on the wire.
    pub name: &'static str,
    /// What is done, 0 to 1; `None` before it has begun.
    pub progress: Option<f32>,
    /// What is being done, for people.
    pub message: Cow<'static, str>,
}

// === impl Stages ===

impl Stages {
    /// Stages of these names, none of which has begun.
    pub fn new(names: &[&'static str]) -> Self {
        let unbegun = |name: &&'static str| Stage {
            name,
            progress: None,
            message: Cow::Borrowed(""),
        };
        Self(names.iter().map(unbegun).collect())
    }

    /// Moves a stage forward; a smaller number than it has, or a name that is not among them, changes nothing.
    pub fn advance(
        &mut self,
        name: &str,
        progress: f32,
        message: impl Into<Cow<'static, str>>,
    ) -> bool {
        let Some(stage) = self.0.iter_mut().find(|stage| stage.name == name) else {
            return false;
        };
        let progress = progress.clamp(0.0, 1.0);
        if stage.progress.is_some_and(|had| progress < had) {
            return false;
        }
        stage.progress = Some(progress);
        stage.message = message.into();
        true
    }

    /// The stages in order.
    pub fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.0.iter()
    }

    /// A stage by its name.
    pub fn get(&self, name: &str) -> Option<&Stage> {
        self.0.iter().find(|stage| stage.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_never_goes_backwards() {
        let mut stages = Stages::new(&["decode", "decision"]);
        assert!(stages.advance("decode", 0.5, "half"));
        assert!(!stages.advance("decode", 0.25, "late news"));
        let decode = stages.get("decode").unwrap();
        assert_eq!((decode.progress, &*decode.message), (Some(0.5), "half"));
        assert_eq!(stages.get("decision").unwrap().progress, None);
    }

    #[test]
    fn progress_stays_between_nothing_and_all() {
        let mut stages = Stages::new(&["decode"]);
        stages.advance("decode", 7.0, "");
        assert_eq!(stages.get("decode").unwrap().progress, Some(1.0));
        assert!(!stages.advance("other", 0.5, ""));
    }
}
