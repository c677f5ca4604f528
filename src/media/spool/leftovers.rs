//! Which spools of dead processes are kept, and for how long.
//!
//! Looks at when something was last written, not at what is in it. Invariant: a spool that somebody
//! owns is never removed, because it is not on the list.

use std::time::{Duration, SystemTime};

use super::{Leftover, SpoolError, SpoolRoot};

/// How long leftovers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Until somebody removes them.
    ForEver,
    /// Until nothing was written to them for so long.
    For(Duration),
    /// Not at all.
    Nothing,
}

/// What a cleaning came to.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Those that are there still, and may be recovered.
    pub kept: Vec<Leftover>,
    /// Those that have gone.
    pub removed: Vec<Leftover>,
    /// Those that should have gone and could not be removed.
    pub stuck: Vec<(Leftover, SpoolError)>,
}

impl Retention {
    /// Whether `leftover` has been kept for long enough at the time `now`. One that was written in the
    /// future, because a clock was set back, has not.
    #[must_use]
    pub fn is_over(self, leftover: &Leftover, now: SystemTime) -> bool {
        match self {
            Self::ForEver => false,
            Self::Nothing => true,
            Self::For(time) => now
                .duration_since(leftover.modified)
                .is_ok_and(|age| age >= time),
        }
    }
}

impl SpoolRoot {
    /// Removes the leftovers whose time is over at `now`, and those whose head says that nobody can go on with them.
    ///
    /// # Errors
    /// If the directory cannot be read. One folder that cannot be removed is no error of the whole.
    pub fn clean(
        &self,
        retention: Retention,
        now: SystemTime,
        is_final: impl Fn(&str) -> bool,
    ) -> Result<Cleaned, SpoolError> {
        let mut cleaned = Cleaned::default();
        for leftover in self.list()? {
            if !(retention.is_over(&leftover, now) || is_final(&leftover.head)) {
                cleaned.kept.push(leftover);
                continue;
            }
            match self.remove(&leftover.name) {
                Ok(()) => cleaned.removed.push(leftover),
                // Its client has come back, or somebody else was quicker.
                Err(SpoolError::InUse | SpoolError::Missing) => {}
                Err(error) => cleaned.stuck.push((leftover, error)),
            }
        }
        Ok(cleaned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::spool::SpoolOptions;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn root() -> (tempfile::TempDir, SpoolRoot) {
        let dir = tempfile::tempdir().unwrap();
        let root = SpoolRoot::open(dir.path(), SpoolOptions::default()).unwrap();
        (dir, root)
    }

    fn never(_: &str) -> bool {
        false
    }

    fn names(leftovers: &[Leftover]) -> Vec<&str> {
        leftovers.iter().map(|left| left.name.as_str()).collect()
    }

    #[test]
    fn a_leftover_goes_when_nothing_was_written_to_it_for_so_long() {
        let (_dir, root) = root();
        drop(root.create("a", "{}").unwrap());
        let written = root.list().unwrap()[0].modified;
        let young = root
            .clean(Retention::For(HOUR), written + HOUR / 2, never)
            .unwrap();
        assert_eq!(names(&young.kept), ["a"]);
        let old = root
            .clean(Retention::For(HOUR), written + HOUR, never)
            .unwrap();
        assert_eq!(names(&old.removed), ["a"]);
        assert_eq!(root.list().unwrap(), []);
    }

    #[test]
    fn a_leftover_from_the_future_stays() {
        let (_dir, root) = root();
        drop(root.create("a", "{}").unwrap());
        let before = root.list().unwrap()[0].modified - HOUR;
        let cleaned = root
            .clean(Retention::For(Duration::ZERO), before, never)
            .unwrap();
        assert_eq!(names(&cleaned.kept), ["a"]);
    }

    #[test]
    fn leftovers_may_stay_for_ever() {
        let (_dir, root) = root();
        drop(root.create("a", "{}").unwrap());
        let later = SystemTime::now() + 100_000 * HOUR;
        let cleaned = root.clean(Retention::ForEver, later, never).unwrap();
        assert_eq!(names(&cleaned.kept), ["a"]);
    }

    #[test]
    fn what_nobody_can_go_on_with_does_not_wait_for_its_time() {
        let (_dir, root) = root();
        drop(root.create("a", "{}").unwrap());
        drop(root.create("b", "{\"final\": 1}").unwrap());
        let is_final = |head: &str| head.contains("final");
        let cleaned = root
            .clean(Retention::ForEver, SystemTime::now(), is_final)
            .unwrap();
        assert_eq!(
            (names(&cleaned.kept), names(&cleaned.removed)),
            (vec!["a"], vec!["b"])
        );
    }

    #[test]
    fn keeping_nothing_spares_what_is_in_use() {
        let (_dir, root) = root();
        let _held = root.create("held", "{}").unwrap();
        drop(root.create("left", "{}").unwrap());
        let now = SystemTime::now();
        let cleaned = root.clean(Retention::Nothing, now, never).unwrap();
        assert_eq!(names(&cleaned.removed), ["left"]);
        assert!(cleaned.kept.is_empty() && cleaned.stuck.is_empty());
        assert!(root.dir().join("held").exists());
    }
}
