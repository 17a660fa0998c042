//! A stream that counts its bytes and remembers when the last one went out, so that sending and waiting can be told apart.
//!
//! Nouns: [`Metered`], [`Meter`].

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use kernel::time::Stopwatch;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Debug)]
pub struct Meter {
    watch: Stopwatch,
    read: AtomicU64,
    last_write: AtomicU64,
    is_blocked: AtomicBool,
}

impl Meter {
    pub fn start() -> Arc<Self> {
        Arc::new(Self {
            watch: Stopwatch::start(),
            read: AtomicU64::new(0),
            last_write: AtomicU64::new(0),
            is_blocked: AtomicBool::new(false),
        })
    }

    pub fn elapsed(&self) -> Duration {
        self.watch.elapsed()
    }

    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// When the newest byte was taken over by the system.
    pub fn sent_after(&self) -> Duration {
        Duration::from_micros(self.last_write.load(Ordering::Relaxed))
    }

    /// The other side does not take what we want to send.
    pub fn is_blocked(&self) -> bool {
        self.is_blocked.load(Ordering::Relaxed)
    }
}

pub struct Metered<S> {
    pub inner: S,
    pub meter: Arc<Meter>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let done = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.meter.read.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.meter.is_blocked.store(done.is_pending(), Ordering::Relaxed);
        if done.is_ready() {
            self.meter.last_write.store(self.meter.watch.micros(), Ordering::Relaxed);
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
