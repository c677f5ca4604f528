//! A bout that the generator draws while it is read.
//!
//! Not responsible for what is drawn ([`crate::media::bout`]). Invariant: a plan that exists can be drawn.

use super::{Clip, Count, Source};
use crate::{
    client::referee::{
        Failure,
        options::{self, Side},
        pack::Picture,
        task::Signal,
    },
    media::bout::{Bout, BoutOptions, BoutSide},
};
use std::{fmt, sync::Arc};

/// What to draw.
#[derive(Clone)]
pub struct Plan(Arc<Bout>);

/// The clip.
#[derive(Debug)]
pub struct Drawn {
    plan: Plan,
    next: u64,
}

impl Plan {
    /// A bout as it was asked for; without a rate, at the generator's.
    ///
    /// # Errors
    /// [`Failure::Usage`] if such a bout is not drawn.
    pub fn of(wish: &options::Bout, fps: Option<f64>) -> Result<Self, Failure> {
        let usual = BoutOptions::default();
        let options = BoutOptions {
            width: wish.size.0,
            height: wish.size.1,
            fps: fps.unwrap_or(usual.fps),
            seconds: wish.seconds,
            winner: wish.winner.map(BoutSide::from),
            lens: (wish.lens != 0.0).then_some(wish.lens),
            ..usual
        };
        let bout = Bout::draw(wish.seed, options);
        let bout = bout.map_err(|why| Failure::Usage(format!("--generate: {why}")))?;
        Ok(Self(Arc::new(bout)))
    }

    /// The bout.
    #[must_use]
    pub fn bout(&self) -> &Bout {
        &self.0
    }

    /// Its signal file.
    #[must_use]
    pub fn signal(&self) -> Signal {
        Signal {
            filename: "signal.txt".to_owned(),
            bytes: self.0.signal().as_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan(seed {})", self.0.truth().seed)
    }
}

impl Drawn {
    /// The bout from its first frame.
    #[must_use]
    pub fn open(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            next: 0,
        }
    }
}

impl Source for Drawn {
    fn clip(&self) -> Clip {
        let truth = self.plan.bout().truth();
        Clip {
            fps: truth.fps,
            width: truth.width,
            height: truth.height,
            frames: Count::Exactly(self.plan.bout().len()),
        }
    }

    fn next(&mut self) -> Result<Option<Picture>, Failure> {
        if self.next >= self.plan.bout().len() {
            return Ok(None);
        }
        let picture = self.plan.bout().frame(self.next);
        self.next += 1;
        Ok(Some(Picture::Rgb(picture)))
    }
}

impl From<Side> for BoutSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Left => Self::Left,
            Side::Right => Self::Right,
        }
    }
}
