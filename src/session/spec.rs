//! Everything in which the five dialects' sessions differ, as data.
//!
//! A policy that no dialect needs yet has its name here and is refused by [`SessionSpec::check`], so that no session
//! can be opened under a promise that nothing keeps.

use std::{num::NonZeroUsize, time::Duration};

/// How input is kept until work is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IngressPolicy {
    /// One piece is kept; a newer one replaces it. For keys and live cameras.
    NewestWins,
    /// The last `capacity` pieces are kept. For sound that frames are asked for later.
    Ring {
        /// Pieces kept.
        capacity: NonZeroUsize,
    },
    /// Every piece is kept within a byte budget, or refused. For evidence.
    Lossless,
}

/// How output reaches those who want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EgressPolicy {
    /// Every viewer has the newest frame; a slow one skips.
    Latest,
    /// The last `capacity` frames wait to be asked for.
    Ring {
        /// Frames kept.
        capacity: NonZeroUsize,
    },
    /// Every frame, in order; work waits for the reader.
    EveryFrame,
    /// Only the verdict at the end.
    ResultOnly,
}

/// What a frame's deadline means, for the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A person waits for the answer to a key: late frames are not run, but never two in a row.
    Interactive,
    /// A stream: late frames are not run, but never two in a row.
    Live,
    /// Late frames are run late and counted.
    Lossless,
    /// Runs when nothing else wants the device.
    Background,
}

/// What a session is.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionSpec {
    /// The pipeline's name, one label value in the metrics.
    pub pipeline: &'static str,
    /// How input is kept.
    pub ingress: IngressPolicy,
    /// How output is delivered.
    pub egress: EgressPolicy,
    /// What its deadlines mean.
    pub class: Class,
    /// Time between two frames; zero means as fast as the engine can.
    pub period: Duration,
    /// A frame is worth drawing for so long after it was asked for.
    pub deadline: Duration,
    /// Pieces of work between buffer and egress at a time. Two keep the device busy while a frame is encoded.
    pub credits: NonZeroUsize,
    /// While nothing moves the last frame goes out again this often, so that proxies and players keep the line.
    pub still_repeat: Duration,
    /// A session without input and viewers ends after this long.
    pub idle_timeout: Duration,
    /// So many failures in a row end the session.
    pub max_failures: u32,
    /// Pieces of input a second; more are refused.
    pub input_rate: u32,
    /// Viewers at a time; more are refused.
    pub max_viewers: usize,
}

/// Why a session cannot be served as specified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The policy has a name but no buffer yet.
    #[error("ingress policy {0:?} is not served by this version")]
    Ingress(IngressPolicy),
    /// The policy has a name but no delivery yet.
    #[error("egress policy {0:?} is not served by this version")]
    Egress(EgressPolicy),
}

impl SessionSpec {
    /// Refuses the policies that nothing serves.
    ///
    /// # Errors
    /// Names the policy.
    pub fn check(&self) -> Result<(), SpecError> {
        match (self.ingress, self.egress) {
            (IngressPolicy::NewestWins, EgressPolicy::Latest)
            | (IngressPolicy::Lossless, EgressPolicy::ResultOnly) => Ok(()),
            (IngressPolicy::NewestWins | IngressPolicy::Lossless, other) => {
                Err(SpecError::Egress(other))
            }
            (other @ IngressPolicy::Ring { .. }, _) => Err(SpecError::Ingress(other)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A spec in which nothing limits.
    pub(crate) fn spec() -> SessionSpec {
        SessionSpec {
            pipeline: "test",
            ingress: IngressPolicy::NewestWins,
            egress: EgressPolicy::Latest,
            class: Class::Interactive,
            period: Duration::ZERO,
            deadline: Duration::from_secs(60),
            credits: NonZeroUsize::new(2).unwrap(),
            still_repeat: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(600),
            max_failures: 3,
            input_rate: 1_000_000,
            max_viewers: 1000,
        }
    }

    #[test]
    fn a_policy_without_a_buffer_is_refused_by_name() {
        let mut s = spec();
        assert_eq!(s.check(), Ok(()));
        let capacity = NonZeroUsize::MIN;
        s.ingress = IngressPolicy::Ring { capacity };
        assert!(s.check().unwrap_err().to_string().contains("Ring"));
        s.ingress = IngressPolicy::NewestWins;
        s.egress = EgressPolicy::EveryFrame;
        assert!(s.check().unwrap_err().to_string().contains("EveryFrame"));
    }

    #[test]
    fn input_that_is_kept_is_answered_once_and_input_that_is_live_with_frames() {
        let mut s = spec();
        s.ingress = IngressPolicy::Lossless;
        assert_eq!(s.check(), Err(SpecError::Egress(EgressPolicy::Latest)));
        s.egress = EgressPolicy::ResultOnly;
        assert_eq!(s.check(), Ok(()));
    }
}
