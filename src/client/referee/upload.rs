//! Which frames go out next: those that a lost connection took along first, then what the source gives.
//!
//! Responsible for nothing being lost across connections; not for the socket. Invariant: every frame that the source gives is
//! sent until the server has answered for it, or has said that it holds it.

use super::{
    Failure,
    feed::{Feed, Packed},
    pack::{Form, Packer, Wish},
    source::{Clip, Count, Input, thin::Thinning},
    window::Window,
};
use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// The longest list of holes that a server sends; behind the last of so many there may be more.
const LONGEST_LIST: usize = 1_000;

/// The frames that the server does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Numbers below `from`.
    holes: BTreeSet<u64>,
    /// This number and all above it.
    from: u64,
}

/// An upload's state, which outlives its connections.
#[derive(Debug)]
pub struct Upload {
    input: Input,
    clip: Clip,
    form: Form,
    thinning: Thinning,
    feed: Feed,
    /// Frames to be sent again, before the feed's next one.
    again: VecDeque<Packed>,
    /// The next frame, until it is taken.
    held: Option<Packed>,
    window: Window,
    /// The number after the highest that has come from the feed.
    read: u64,
    refused: BTreeSet<u64>,
    pace: Option<Pace>,
}

/// The video's own pace.
#[derive(Clone, Copy, Debug)]
struct Pace {
    frame: Duration,
    began: Option<Instant>,
}

// === impl Wanted ===

impl Wanted {
    /// What a resumed session still needs: from `next` on, and the holes below it.
    #[must_use]
    pub fn after(next: u64, missing: &[u64]) -> Self {
        let from = match missing.get(LONGEST_LIST - 1) {
            Some(last) => next.min(last + 1),
            None => next,
        };
        let holes = missing.iter().copied().filter(|number| *number < from);
        Self {
            holes: holes.collect(),
            from,
        }
    }

    /// Whether it is wanted.
    #[must_use]
    pub fn holds(&self, number: u64) -> bool {
        number >= self.from || self.holes.contains(&number)
    }

    /// Every wanted number below `end`.
    fn below(&self, end: u64) -> impl Iterator<Item = u64> {
        self.holes.range(..end).copied().chain(self.from..end)
    }
}

// === impl Upload ===

impl Upload {
    /// Opens the input and begins to read; at most `room` frames are on their way at a time.
    ///
    /// # Errors
    /// If the input cannot be opened.
    pub fn begin(input: Input, wish: &Wish, room: usize, realtime: bool) -> Result<Self, Failure> {
        let source = input.open()?;
        let clip = source.clip();
        let form = wish.form(&clip);
        let thinning = Thinning::new(clip.fps, wish.fps);
        let feed = Feed::start(source, Packer::new(form)?, thinning, Wanted::default())?;
        let pace = Pace {
            frame: Duration::from_secs_f64(thinning.fps().recip()),
            began: None,
        };
        Ok(Self {
            input,
            clip,
            form,
            thinning,
            feed,
            again: VecDeque::new(),
            held: None,
            window: Window::new(room),
            read: 0,
            refused: BTreeSet::new(),
            pace: realtime.then_some(pace),
        })
    }

    /// Frames a second.
    #[must_use]
    pub const fn fps(&self) -> f64 {
        self.thinning.fps()
    }

    /// Sides of the frames in pixels: width and height.
    #[must_use]
    pub fn sides(&self) -> (u32, u32) {
        self.form.sides(&self.clip)
    }

    /// How many frames there will be, as well as it is known.
    #[must_use]
    pub fn expected(&self) -> Count {
        match self.clip.frames {
            Count::Exactly(pictures) => Count::Exactly(self.thinning.frames(pictures)),
            Count::About(pictures) => Count::About(self.thinning.frames(pictures)),
            Count::Unknown => Count::Unknown,
        }
    }

    /// How the frames are.
    #[must_use]
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// Waits until a frame is ready and its time has come; `false` after the last. May be dropped while it waits.
    ///
    /// # Errors
    /// If the source cannot be read any further.
    pub async fn ready(&mut self) -> Result<bool, Failure> {
        if self.held.is_none() {
            self.held = match self.again.pop_front() {
                Some(frame) => Some(frame),
                None => self.feed.next().await?,
            };
        }
        if let (Some(frame), Some(pace)) = (&self.held, &mut self.pace) {
            tokio::time::sleep_until(pace.due(frame.number)).await;
        }
        Ok(self.held.is_some())
    }

    /// The frame that is ready; from now on it waits for the server's answer.
    pub fn take(&mut self) -> Option<Packed> {
        let frame = self.held.take()?;
        self.read = self.read.max(frame.number + 1);
        self.window.push(frame.clone());
        Some(frame)
    }

    /// Whether another frame may go out before the server answers.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.window.has_room()
    }

    /// Whether the server has answered for all that went out.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.window.is_empty()
    }

    /// The server has taken the oldest frame that was on its way; its number.
    pub fn acknowledged(&mut self) -> Option<u64> {
        self.window.answered().map(|frame| frame.number)
    }

    /// The server has refused the oldest frame that was on its way. It is not sent again: the same bytes would be refused
    /// again.
    pub fn turned_down(&mut self) {
        self.refused
            .extend(self.window.answered().map(|frame| frame.number));
    }

    /// The number after the highest frame that went out; after the last one, how many frames there are.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.read
    }

    /// A new connection to the old session, which holds all below `next` but for `missing`: decides what is sent again.
    ///
    /// # Errors
    /// [`Failure::Connection`] if the server has lost frames that cannot be had again, as a camera's.
    pub fn resume(&mut self, next: u64, missing: &[u64]) -> Result<(), Failure> {
        let mut wanted = Wanted::after(next, missing);
        wanted.holes.retain(|number| !self.refused.contains(number));
        let mut at_hand = std::mem::take(&mut self.again);
        at_hand.extend(self.window.lost());
        at_hand.extend(self.held.take());
        at_hand.retain(|frame| wanted.holds(frame.number));
        let mut at_hand = Vec::from(at_hand);
        at_hand.sort_by_key(|frame| frame.number);
        at_hand.dedup_by_key(|frame| frame.number);
        let have: BTreeSet<u64> = at_hand.iter().map(|frame| frame.number).collect();
        let is_at_hand = |number| have.contains(&number) || self.refused.contains(&number);
        if !wanted.below(self.read).all(is_at_hand) {
            return self.read_again(wanted);
        }
        self.again = at_hand.into();
        Ok(())
    }

    fn read_again(&mut self, wanted: Wanted) -> Result<(), Failure> {
        if !self.input.can_be_read_again() {
            return Err(Failure::Connection(
                "the server has lost frames that cannot be recorded again".to_owned(),
            ));
        }
        let packer = Packer::new(self.form)?;
        self.feed = Feed::start(self.input.open()?, packer, self.thinning, wanted)?;
        Ok(())
    }
}

// === impl Pace ===

impl Pace {
    fn due(&mut self, number: u64) -> Instant {
        let offset = self.frame.mul_f64(number as f64);
        // The first frame that is asked for is due at once, whatever its number.
        let now = Instant::now();
        *self
            .began
            .get_or_insert_with(|| now.checked_sub(offset).unwrap_or(now))
            + offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::referee::{
            options::Encoding,
            source::camera::{Recording, Stop},
        },
        media::{
            Rgb8,
            jpeg::{Encoder, Quality, Subsampling},
        },
    };
    use tempfile::TempDir;

    /// An upload of so many pictures, with room for two on their way.
    fn upload(pictures: u32) -> (TempDir, Upload) {
        let directory = tempfile::tempdir().unwrap();
        let mut encoder = Encoder::new(Quality::HIGH, Subsampling::S420);
        let jpeg = encoder.encode(&Rgb8::filled(16, 16, [9; 3])).unwrap();
        for number in 0..pictures {
            std::fs::write(directory.path().join(format!("{number}.jpg")), &jpeg).unwrap();
        }
        let wish = Wish {
            encoding: Encoding::Jpeg,
            quality: None,
            width: None,
            height: None,
            fps: None,
        };
        let input = Input::Directory(directory.path().to_owned(), 15.0);
        let upload = Upload::begin(input, &wish, 2, false).unwrap();
        (directory, upload)
    }

    /// Sends up to so many frames, each answered at once but for the last `open`.
    async fn send(upload: &mut Upload, most: usize, open: usize) -> Vec<u64> {
        let mut sent = Vec::new();
        while sent.len() < most && upload.ready().await.unwrap() {
            sent.push(upload.take().unwrap().number);
            if sent.len() + open <= most {
                upload.acknowledged();
            }
        }
        sent
    }

    #[test]
    fn behind_a_list_of_holes_that_is_full_everything_is_wanted() {
        let full: Vec<u64> = (0..1_000).map(|hole| 2 * hole).collect();
        let wanted = Wanted::after(5_000, &full);
        assert!(wanted.holds(1_998) && wanted.holds(1_999) && !wanted.holds(1_997));
        let wanted = Wanted::after(5_000, &full[..999]);
        assert!(wanted.holds(1_996) && !wanted.holds(4_999) && wanted.holds(5_000));
    }

    #[tokio::test]
    async fn frames_on_their_way_are_sent_again_before_new_ones() {
        let (_directory, mut upload) = upload(6);
        send(&mut upload, 4, 2).await;
        upload.resume(2, &[]).unwrap();
        assert_eq!(send(&mut upload, 9, 0).await, [2, 3, 4, 5]);
    }

    #[tokio::test]
    async fn frames_that_the_server_holds_after_all_are_not_sent_again() {
        let (_directory, mut upload) = upload(6);
        send(&mut upload, 4, 2).await;
        upload.resume(4, &[2]).unwrap();
        assert_eq!(send(&mut upload, 9, 0).await, [2, 4, 5]);
    }

    #[tokio::test]
    async fn a_frame_that_is_ready_survives_a_lost_connection() {
        let (_directory, mut upload) = upload(3);
        assert!(upload.ready().await.unwrap());
        upload.resume(0, &[]).unwrap();
        assert_eq!(send(&mut upload, 9, 0).await, [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_refused_frame_is_no_hole_to_be_filled() {
        let (_directory, mut upload) = upload(4);
        assert!(upload.ready().await.unwrap());
        upload.take();
        upload.turned_down();
        send(&mut upload, 1, 0).await;
        upload.resume(2, &[0]).unwrap();
        assert_eq!(send(&mut upload, 9, 0).await, [2, 3]);
    }

    #[tokio::test]
    async fn a_recording_whose_frames_are_lost_cannot_go_on() {
        let (_directory, mut upload) = upload(4);
        send(&mut upload, 2, 0).await;
        upload.input = Input::Camera(Recording {
            index: 0,
            duration: 1.0,
            fps: 15.0,
            size: None,
            stop: Stop::default(),
        });
        assert!(matches!(upload.resume(1, &[]), Err(Failure::Connection(_))));
    }
}
