//! Bodies with limits ([`GuardedBody`]): a request body has a size and a deadline however it is read, and hot answers need no boxing.

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Why a body was cut off by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFailure {
    TooLarge { max: u64 },
    TooSlow,
}

impl fmt::Display for BodyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BodyFailure::TooLarge { max } => write!(f, "the body is larger than {max} bytes"),
            BodyFailure::TooSlow => f.write_str("the body did not arrive in time"),
        }
    }
}

impl StdError for BodyFailure {}

/// Finds our own reason under whatever wrapped it on the way.
pub(crate) fn failure_of(error: &(dyn StdError + 'static)) -> Option<BodyFailure> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(failure) = cause.downcast_ref::<BodyFailure>() {
            return Some(*failure);
        }
        next = cause.source();
    }
    None
}

/// How large the body of one request may be. Lies in its extensions: the route, which the server does not know yet when it hands the
/// body out, may raise it until the first byte is asked for.
#[derive(Debug, Clone)]
pub(crate) struct BodyRoom(Arc<AtomicU64>);

impl BodyRoom {
    pub fn new(max: u64) -> Self {
        Self(Arc::new(AtomicU64::new(max)))
    }

    pub fn raise(&self, max: u64) {
        self.0.fetch_max(max, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone)]
pub(crate) struct BodyLimits {
    /// Bytes that reach the handler.
    pub max: BodyRoom,
    /// Bytes beyond it that are read and thrown away: a connection closed on a sending client loses the answer that says why.
    pub spare: u64,
    pub patience: Duration,
}

/// A request body that ends in an error when it grows past its size or past its time. The time is for the whole body: a trickle of
/// single bytes does not renew it.
pub(crate) struct GuardedBody {
    inner: Incoming,
    limits: BodyLimits,
    /// As it was when the first byte was asked for.
    max: Option<u64>,
    /// What may still come, thrown away or not.
    left: u64,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl GuardedBody {
    pub fn new(inner: Incoming, limits: BodyLimits) -> Self {
        Self { inner, limits, max: None, left: u64::MAX, deadline: None }
    }

    fn begin(&mut self) {
        if self.max.is_none() {
            let max = self.limits.max.0.load(Ordering::Relaxed);
            self.max = Some(max);
            self.left = max.saturating_add(self.limits.spare);
        }
    }

    fn too_large(&self) -> axum::BoxError {
        BodyFailure::TooLarge { max: self.max.unwrap_or_default() }.into()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<axum::BoxError> {
        // Most bodies are there with their head: the timer is made only for those that are waited for.
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(self.limits.patience)));
        deadline.as_mut().poll(cx).map(|()| BodyFailure::TooSlow.into())
    }
}

impl HttpBody for GuardedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        this.begin();
        loop {
            // An announced length is judged before its first byte is asked for.
            if this.inner.size_hint().lower() > this.left {
                return Poll::Ready(Some(Err(this.too_large())));
            }
            let frame = match Pin::new(&mut this.inner).poll_frame(cx) {
                Poll::Pending => return this.poll_deadline(cx).map(|error| Some(Err(error))),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(None) if this.left < this.limits.spare => return Poll::Ready(Some(Err(this.too_large()))),
                Poll::Ready(None) => return Poll::Ready(None),
            };
            let size = frame.data_ref().map_or(0, |data| data.len() as u64);
            let Some(left) = this.left.checked_sub(size) else { return Poll::Ready(Some(Err(this.too_large()))) };
            this.left = left;
            if left >= this.limits.spare {
                return Poll::Ready(Some(Ok(frame)));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // One that grew too large still has its error to tell.
        self.inner.is_end_stream() && self.left >= self.limits.spare
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What the server answers with: bytes that lie ready, or the router's body.
pub(crate) enum FrontBody {
    Whole(Bytes),
    Routed(Body),
}

impl HttpBody for FrontBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut *self {
            FrontBody::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            FrontBody::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            FrontBody::Routed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            FrontBody::Whole(bytes) => bytes.is_empty(),
            FrontBody::Routed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            FrontBody::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            FrontBody::Routed(body) => body.size_hint(),
        }
    }
}
