//! Reads and encodes frames ahead of the socket, on a thread of its own.
//!
//! Not responsible for what a source is or where frames go. Invariant: at most [`AHEAD`] frames wait, and the thread ends when
//! nobody takes them any more.

use super::{
    Failure,
    pack::Packer,
    source::{Source, thin::Thinning},
    upload::Wanted,
};
use bytes::Bytes;
use tokio::sync::mpsc;

/// Frames that wait for the socket: enough to bridge a slow picture, little enough to cost no memory at 6 MB a raw frame.
const AHEAD: usize = 4;

/// A frame as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its number in the session; the first is 0.
    pub number: u64,
    /// Its payload.
    pub bytes: Bytes,
}

/// The frames of a source, ready to be sent.
#[derive(Debug)]
pub struct Feed {
    /// `None` says that there are no more; a thread that died says nothing.
    frames: mpsc::Receiver<Result<Option<Packed>, Failure>>,
    ended: bool,
}

impl Feed {
    /// Begins to read; frames that are not wanted are passed over without being encoded.
    ///
    /// # Errors
    /// [`Failure::Local`] if the system gives no thread.
    pub fn start(
        mut source: Box<dyn Source>,
        mut packer: Packer,
        thinning: Thinning,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let mut frames = Frames {
            thinning,
            wanted,
            read: 0,
            kept: 0,
        };
        let read = move || {
            loop {
                let frame = frames.next(source.as_mut(), &mut packer);
                let is_last = !matches!(frame, Ok(Some(_)));
                if sender.blocking_send(frame).is_err() || is_last {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("frames".to_owned())
            .spawn(read)
            .map_err(|why| Failure::Local(format!("no thread to read frames: {why}")))?;
        Ok(Self {
            frames: receiver,
            ended: false,
        })
    }

    /// The next frame; `None` after the last. May be dropped while it waits.
    ///
    /// # Errors
    /// If the source cannot be read any further.
    pub async fn next(&mut self) -> Result<Option<Packed>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let frame = self.frames.recv().await;
        let frame =
            frame.ok_or_else(|| Failure::Local("the reading of frames broke off".to_owned()))??;
        self.ended = frame.is_none();
        Ok(frame)
    }
}

struct Frames {
    thinning: Thinning,
    wanted: Wanted,
    /// Pictures read from the source.
    read: u64,
    /// Pictures that the thinning has kept, which are the session's frames.
    kept: u64,
}

impl Frames {
    fn next(
        &mut self,
        source: &mut dyn Source,
        packer: &mut Packer,
    ) -> Result<Option<Packed>, Failure> {
        while let Some(picture) = source.next()? {
            let kept = self.thinning.keeps(self.read);
            self.read += 1;
            if !kept {
                continue;
            }
            let number = self.kept;
            self.kept += 1;
            if self.wanted.holds(number) {
                let bytes = packer.pack(picture)?;
                return Ok(Some(Packed { number, bytes }));
            }
        }
        Ok(None)
    }
}
