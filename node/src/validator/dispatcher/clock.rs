//! The clock of a response: it starts when the whole request has been handed to an open connection.
//!
//! So a miner does not pay for the time of connecting, and cannot gain by it: it sees nothing of the request before. Nor
//! can it gain by reading slowly, since nothing that it does moves the start.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// When the last byte of a request was handed over.
#[derive(Clone, Default)]
pub(super) struct Sent(Arc<OnceLock<Instant>>);

impl Sent {
    /// The moment, if it has come.
    pub(super) fn at(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// A request's body, in one piece, that notes when it is taken.
pub(super) struct Timed {
    bytes: Option<Bytes>,
    sent: Sent,
}

impl Timed {
    pub(super) fn new(bytes: Vec<u8>, sent: Sent) -> Self {
        Self { bytes: Some(bytes.into()), sent }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let bytes = this.bytes.take();
        if bytes.is_some() {
            let _ = this.sent.0.set(Instant::now());
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_starts_when_the_body_is_taken() {
        let sent = Sent::default();
        let mut body = Timed::new(vec![1, 2, 3], sent.clone());
        assert_eq!((body.size_hint().exact(), body.is_end_stream(), sent.at()), (Some(3), false, None));
        let before = Instant::now();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut context) else { panic!("no frame") };
        assert_eq!(frame.into_data().unwrap().as_ref(), [1, 2, 3]);
        let at = sent.at().unwrap();
        assert!(at >= before && body.is_end_stream());
        assert!(matches!(Pin::new(&mut body).poll_frame(&mut context), Poll::Ready(None)));
        assert_eq!(sent.at(), Some(at), "once");
    }
}
