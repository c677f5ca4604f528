//! What goes out, and in which order. [`Latest`] is the rule for live pictures: never an older frame after a newer one.

use crate::media::FrameId;

/// Lets through only frames that are newer than all before, so that two encoders cannot make time run backwards.
#[derive(Debug, Default)]
pub struct Latest {
    newest: Option<FrameId>,
    published: u64,
}

/// What becomes of a finished frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest: show it.
    Publish,
    /// A newer one has been shown already.
    Overtaken,
}

impl Latest {
    /// Judges a finished frame.
    pub fn admit(&mut self, frame: FrameId) -> Verdict {
        if self.newest.is_some_and(|newest| frame <= newest) {
            return Verdict::Overtaken;
        }
        self.newest = Some(frame);
        self.published += 1;
        Verdict::Publish
    }

    /// Frames shown so far.
    pub fn published(&self) -> u64 {
        self.published
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overtaken_frame_is_never_shown_after_its_successor() {
        let mut out = Latest::default();
        let verdicts: Vec<_> = [1, 3, 2, 3, 4].map(|n| out.admit(FrameId(n))).to_vec();
        use Verdict::{Overtaken, Publish};
        assert_eq!(verdicts, [Publish, Publish, Overtaken, Overtaken, Publish]);
        assert_eq!(out.published(), 3);
    }
}
