//! What viewers see: the newest frame, who watches, what is remembered of the last frames. No actor in here.

use super::messages::{FrameRecord, SubscribeError};
use crate::{
    actors::work::Tag,
    media::{ActionId, EncodedFrame, FrameId, FrameKind, Stage, StageTimes},
    session::{
        SessionSpec,
        egress::{Latest, Verdict},
    },
    telemetry::{FrameMeters, Label, labels::DropReason},
};
use bytes::Bytes;
use std::{collections::VecDeque, sync::Arc, time::Instant};
use tokio::sync::watch;

/// Frames of which the times are kept for the admin view.
const REMEMBERED: usize = 100;

type Newest = Option<Arc<EncodedFrame>>;

/// The showing side of a buffer.
pub struct Output {
    latest: Latest,
    newest: watch::Sender<Newest>,
    recent: VecDeque<FrameRecord>,
    viewers: usize,
    max_viewers: usize,
    meters: FrameMeters,
    /// When the last frame was shown, while something moves.
    last_shown: Option<Instant>,
    drew_first: bool,
}

/// A viewer that was let in.
pub struct Subscribed {
    /// The newest frame, now and later.
    pub frames: watch::Receiver<Newest>,
    /// Whether nobody watched before.
    pub first: bool,
}

impl Output {
    /// Shows the start picture.
    pub fn new(
        spec: &SessionSpec,
        (width, height): (u32, u32),
        start: Bytes,
        number: FrameId,
    ) -> Self {
        let mut latest = Latest::default();
        latest.admit(number);
        let frame = EncodedFrame {
            shown: latest.published(),
            id: number,
            action: ActionId(0),
            width,
            height,
            jpeg: start,
            stages: StageTimes::default(),
            finished: Instant::now(),
            kind: FrameKind::Start,
        };
        Self {
            latest,
            newest: watch::Sender::new(Some(Arc::new(frame))),
            recent: VecDeque::new(),
            viewers: 0,
            max_viewers: spec.max_viewers,
            meters: FrameMeters::new(&Label::fixed(spec.pipeline), Stage::ALL.map(Stage::name)),
            last_shown: None,
            drew_first: false,
        }
    }

    /// Shows a frame that the engine drew, unless a newer one was shown.
    pub fn show(&mut self, tag: Tag, jpeg: Bytes) {
        if self.latest.admit(tag.frame) == Verdict::Overtaken {
            return self.meters.dropped(DropReason::Late);
        }
        self.measure(&tag);
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(FrameRecord {
            frame: tag.frame,
            action: tag.action,
            stages: tag.stages,
        });
        let shown = self.latest.published();
        self.publish(|last| EncodedFrame {
            shown,
            id: tag.frame,
            action: tag.action,
            jpeg,
            stages: tag.stages,
            finished: tag.mark,
            kind: FrameKind::Live,
            ..last
        });
    }

    /// Shows the last picture again.
    pub fn repeat(&mut self, number: FrameId) {
        self.latest.admit(number);
        let shown = self.latest.published();
        self.publish(|last| EncodedFrame {
            shown,
            id: number,
            stages: StageTimes::default(),
            finished: Instant::now(),
            kind: FrameKind::Repeat,
            ..last
        });
    }

    /// Nothing moves: the time to the next frame is no interval.
    pub fn rest(&mut self) {
        self.last_shown = None;
    }

    /// A frame or a piece of input will not be seen.
    pub fn dropped(&self, reason: DropReason) {
        self.meters.dropped(reason);
    }

    /// Lets a viewer in.
    pub fn subscribe(&mut self) -> Result<Subscribed, SubscribeError> {
        if self.viewers >= self.max_viewers {
            return Err(SubscribeError::TooMany);
        }
        self.viewers += 1;
        Ok(Subscribed {
            frames: self.newest.subscribe(),
            first: self.viewers == 1,
        })
    }

    /// A viewer has gone; gives whether it was the last.
    pub fn unsubscribe(&mut self) -> bool {
        self.viewers = self.viewers.saturating_sub(1);
        self.viewers == 0
    }

    /// Viewers now.
    pub fn viewers(&self) -> usize {
        self.viewers
    }

    /// Frames shown so far.
    pub fn frames(&self) -> u64 {
        self.latest.published()
    }

    /// The last frames that the engine drew, oldest first.
    pub fn recent(&self) -> Vec<FrameRecord> {
        self.recent.iter().copied().collect()
    }

    fn publish(&self, next: impl FnOnce(EncodedFrame) -> EncodedFrame) {
        self.newest.send_modify(|newest| {
            if let Some(last) = newest.take() {
                *newest = Some(Arc::new(next(EncodedFrame::clone(&last))));
            }
        });
    }

    fn measure(&mut self, tag: &Tag) {
        for (at, time) in tag
            .stages
            .as_micros()
            .iter()
            .enumerate()
            .filter(|(_, time)| **time > 0)
        {
            self.meters
                .stage(at, std::time::Duration::from_micros(u64::from(*time)));
        }
        self.meters.delivered(tag.stages.total());
        if !std::mem::replace(&mut self.drew_first, true) {
            self.meters.first(tag.stages.total());
        }
        if let Some(last) = self.last_shown.replace(tag.mark) {
            self.meters
                .interval(tag.mark.saturating_duration_since(last));
        }
    }
}
