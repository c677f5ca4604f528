//! Where the time of one frame went, from the client's request to the socket.
//!
//! Holds durations and takes none: whoever ends a stage writes its time. Invariant: the order of
//! [`Stage`] is the order on the wire and in the metrics, so stages are only ever appended.

use std::time::Duration;

/// One part of a frame's way through the server, in the order in which a frame passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Request bytes read → action accepted by the buffer.
    Input,
    /// Waiting for the pacing tick.
    Tick,
    /// Other waiting in the buffer: for a credit, for the state.
    Queue,
    /// Compressed input → pixels.
    Decode,
    /// Submitted → its batch starts on the device.
    Wait,
    /// Host → device.
    Upload,
    /// The model runs.
    Infer,
    /// Device → host.
    Download,
    /// Device done → JPEG ready, the codec pool's queue included.
    Encode,
    /// JPEG ready → handed to the socket.
    Send,
}

impl Stage {
    /// Number of stages.
    pub const COUNT: usize = 10;

    /// All stages, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Input,
        Self::Tick,
        Self::Queue,
        Self::Decode,
        Self::Wait,
        Self::Upload,
        Self::Infer,
        Self::Download,
        Self::Encode,
        Self::Send,
    ];

    /// The name used in metrics, JSON and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Tick => "tick",
            Self::Queue => "queue",
            Self::Decode => "decode",
            Self::Wait => "wait",
            Self::Upload => "upload",
            Self::Infer => "infer",
            Self::Download => "download",
            Self::Encode => "encode",
            Self::Send => "send",
        }
    }
}

/// The time a frame spent in each [`Stage`], in whole microseconds (up to 71 minutes a stage).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes([u32; Stage::COUNT]);

impl StageTimes {
    /// Time spent in `stage`.
    #[must_use]
    pub fn get(&self, stage: Stage) -> Duration {
        Duration::from_micros(u64::from(self.0[stage as usize]))
    }

    /// Replaces the time of `stage`, cut to whole microseconds and to what 32 bits hold.
    pub fn set(&mut self, stage: Stage, time: Duration) {
        self.0[stage as usize] = micros(time);
    }

    /// Adds to the time of `stage`, for a stage that is passed more than once.
    pub fn add(&mut self, stage: Stage, time: Duration) {
        let sum = self.0[stage as usize].saturating_add(micros(time));
        self.0[stage as usize] = sum;
    }

    /// Time over all stages.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.iter().map(|(_, time)| time).sum()
    }

    /// Every stage with its time, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Stage, Duration)> + '_ {
        Stage::ALL.into_iter().map(|stage| (stage, self.get(stage)))
    }

    /// The microseconds in stage order, as they go on the wire.
    #[must_use]
    pub const fn as_micros(&self) -> &[u32; Stage::COUNT] {
        &self.0
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_listed_in_wire_order() {
        let positions: Vec<usize> = Stage::ALL.iter().map(|&stage| stage as usize).collect();
        assert_eq!(positions, (0..Stage::COUNT).collect::<Vec<_>>());
    }

    #[test]
    fn names_are_the_lower_case_of_the_variants() {
        for stage in Stage::ALL {
            assert_eq!(stage.name(), format!("{stage:?}").to_lowercase());
        }
    }

    #[test]
    fn the_total_is_the_sum_over_stages() {
        let mut times = StageTimes::default();
        times.set(Stage::Infer, Duration::from_micros(1_500));
        times.add(Stage::Queue, Duration::from_micros(200));
        times.add(Stage::Queue, Duration::from_micros(300));
        assert_eq!(times.total(), Duration::from_micros(2_000));
        assert_eq!(times.get(Stage::Queue), Duration::from_micros(500));
        assert_eq!(times.iter().count(), Stage::COUNT);
    }

    #[test]
    fn a_stage_longer_than_its_field_saturates() {
        let mut times = StageTimes::default();
        times.set(Stage::Wait, Duration::from_secs(1 << 40));
        times.add(Stage::Wait, Duration::from_micros(1));
        assert_eq!(times.as_micros()[Stage::Wait as usize], u32::MAX);
    }
}
