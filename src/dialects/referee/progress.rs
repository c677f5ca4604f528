//! Which steps of an analysis a client is told: the beginning and the end of each stage always, of what lies between as much as
//! was promised not to be too much.

use crate::session::{ProgressStage, Stages};
use std::{
    borrow::Cow,
    num::NonZeroU32,
    time::{Duration, Instant},
};

/// Keeps account of what was told.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What was told of each stage, in the stages' order; `None` of one that has not begun.
    told: Vec<Option<f32>>,
    gap: Duration,
    /// From when on the next step between beginning and end may be told.
    next: Option<Instant>,
}

/// A step to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The stage.
    pub stage: &'static str,
    /// 0 to 1.
    pub progress: f32,
    /// For people.
    pub message: Cow<'static, str>,
}

impl Progress {
    /// So many steps a second, beginnings and ends aside.
    pub fn new(per_second: NonZeroU32) -> Self {
        Self {
            told: Vec::new(),
            gap: Duration::from_secs(1) / per_second.get(),
            next: None,
        }
    }

    /// What is to be told of these stages at `now`, in order.
    pub fn tell(&mut self, stages: &Stages, now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        for (at, stage) in stages.iter().enumerate() {
            if self.told.len() <= at {
                self.told.push(None);
            }
            let Some(progress) = stage.progress else {
                continue;
            };
            if self.told[at].is_none() {
                self.put(at, stage, 0.0, &mut steps);
            }
            if self.told[at] < Some(progress) && (progress >= 1.0 || self.may_tell(now)) {
                self.put(at, stage, progress, &mut steps);
            }
        }
        steps
    }

    /// When it is worth to ask again although nothing has changed; `None` if all that is known was told.
    pub fn wake(&self, stages: &Stages) -> Option<Instant> {
        let is_behind = |(stage, told): (&ProgressStage, &Option<f32>)| stage.progress > *told;
        stages
            .iter()
            .zip(&self.told)
            .any(is_behind)
            .then_some(self.next)
            .flatten()
    }

    fn put(&mut self, at: usize, stage: &ProgressStage, progress: f32, steps: &mut Vec<Step>) {
        self.told[at] = Some(progress);
        steps.push(Step {
            stage: stage.name,
            progress,
            message: stage.message.clone(),
        });
    }

    fn may_tell(&mut self, now: Instant) -> bool {
        let may = self.next.is_none_or(|next| now >= next);
        if may {
            self.next = Some(now + self.gap);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();

    fn told(steps: &[Step]) -> Vec<(&'static str, f32)> {
        steps
            .iter()
            .map(|step| (step.stage, step.progress))
            .collect()
    }

    #[test]
    fn beginning_and_end_are_told_even_if_both_are_seen_at_once() {
        let mut stages = Stages::new(&["yolo", "decision"]);
        stages.advance("yolo", 1.0, "done");
        let steps = Progress::new(TEN).tell(&stages, Instant::now());
        assert_eq!(told(&steps), [("yolo", 0.0), ("yolo", 1.0)]);
    }

    #[test]
    fn steps_between_are_told_ten_times_a_second_and_the_last_one_later() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (mut stages, mut progress) = (Stages::new(&["yolo"]), Progress::new(TEN));
        stages.advance("yolo", 0.1, "");
        assert_eq!(
            told(&progress.tell(&stages, at(0))),
            [("yolo", 0.0), ("yolo", 0.1)]
        );
        stages.advance("yolo", 0.2, "");
        assert_eq!(told(&progress.tell(&stages, at(50))), []);
        assert_eq!(progress.wake(&stages), Some(at(100)));
        assert_eq!(told(&progress.tell(&stages, at(100))), [("yolo", 0.2)]);
        assert_eq!(progress.wake(&stages), None);
    }

    #[test]
    fn nothing_is_told_twice() {
        let (mut stages, mut progress) = (Stages::new(&["yolo"]), Progress::new(TEN));
        stages.advance("yolo", 1.0, "");
        let now = Instant::now();
        progress.tell(&stages, now);
        assert_eq!(
            told(&progress.tell(&stages, now + Duration::from_secs(9))),
            []
        );
    }

    proptest! {
        #[test]
        fn whatever_is_seen_when_each_stage_begins_at_nothing_ends_at_all_and_is_not_told_too_often(
            moves in prop::collection::vec((0..3_usize, 0..=100_u8, 0..120_u64), 0..80)
        ) {
            const NAMES: [&str; 3] = ["a", "b", "c"];
            let start = Instant::now();
            let (mut stages, mut progress, mut now) = (Stages::new(&NAMES), Progress::new(TEN), start);
            let mut all = Vec::new();
            for (stage, percent, ms) in moves {
                now += Duration::from_millis(ms);
                stages.advance(NAMES[stage], f32::from(percent) / 100.0, "");
                all.extend(told(&progress.tell(&stages, now)));
            }
            for name in NAMES {
                stages.advance(name, 1.0, "");
            }
            all.extend(told(&progress.tell(&stages, now)));
            for name in NAMES {
                let of: Vec<f32> = all.iter().filter(|(stage, _)| *stage == name).map(|(_, at)| *at).collect();
                prop_assert_eq!((of[0], of[of.len() - 1]), (0.0, 1.0));
                prop_assert!(of.is_sorted());
            }
            let between = all.iter().filter(|(_, at)| *at > 0.0 && *at < 1.0).count() as u128;
            prop_assert!(between <= 1 + (now - start).as_millis() / 100);
        }
    }
}
