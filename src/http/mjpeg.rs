//! The body of a picture stream: one viewer's pull on the newest frame.
//!
//! Nothing queues: the dispatcher asks for more only when its write buffer has room, and then gets the newest frame. The
//! bytes of a JPEG are shared by all viewers.

use crate::{
    actors::buffer::{Viewer, ViewerSeat},
    dialects::gamecraft::mjpeg::{BETWEEN, OPENING},
    media::EncodedFrame,
    telemetry::ViewerMeter,
};
use bytes::Bytes;
use futures_util::Stream;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio_stream::wrappers::WatchStream;

/// What comes next.
enum Next {
    Opening,
    Frame,
    Between,
}

/// The stream of a body; it ends when the session does.
pub struct MjpegBody {
    frames: WatchStream<Option<Arc<EncodedFrame>>>,
    next: Next,
    meter: ViewerMeter,
    _seat: ViewerSeat,
}

impl MjpegBody {
    /// A body for this viewer.
    pub fn new(Viewer { frames, seat }: Viewer, meter: ViewerMeter) -> Self {
        Self {
            frames: WatchStream::new(frames),
            next: Next::Opening,
            meter,
            _seat: seat,
        }
    }
}

impl Stream for MjpegBody {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match this.next {
            Next::Opening => {
                this.next = Next::Frame;
                Poll::Ready(Some(Ok(Bytes::from_static(OPENING))))
            }
            Next::Between => {
                this.next = Next::Frame;
                Poll::Ready(Some(Ok(Bytes::from_static(BETWEEN))))
            }
            Next::Frame => loop {
                match ready!(Pin::new(&mut this.frames).poll_next(cx)) {
                    None => return Poll::Ready(None),
                    Some(None) => {}
                    Some(Some(frame)) => {
                        this.meter.got(frame.shown);
                        this.next = Next::Between;
                        return Poll::Ready(Some(Ok(frame.jpeg.clone())));
                    }
                }
            },
        }
    }
}
