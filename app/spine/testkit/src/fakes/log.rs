//! What a fake was given, in order; a test waits for the entry it expects instead of sleeping.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::runtime;

/// Shared between the fake's connections and the test.
#[derive(Clone)]
pub struct Log<T> {
    entries: Arc<Mutex<Vec<T>>>,
    count: Arc<watch::Sender<usize>>,
}

impl<T: Clone + Send + 'static> Log<T> {
    pub(super) fn new() -> Self {
        Self { entries: Arc::default(), count: Arc::new(watch::Sender::new(0)) }
    }

    pub(super) fn push(&self, entry: T) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(entry);
        self.count.send_replace(entries.len());
    }

    pub fn all(&self) -> Vec<T> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn len(&self) -> usize {
        *self.count.borrow()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what came so far; waiting starts over.
    pub fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.count.send_replace(0);
    }

    /// Everything, once there are `n` entries; fails the test when they do not come in time.
    pub async fn wait_for(&self, n: usize, timeout: Duration) -> Vec<T> {
        assert!(self.reaches(n, timeout).await, "waited {timeout:?} for {n} entries, {} came", self.len());
        self.all()
    }

    /// The first entry that fits, once it is there; fails the test when it does not come in time.
    pub async fn wait_until(&self, timeout: Duration, fits: impl Fn(&T) -> bool) -> T {
        let mut seen = 0;
        loop {
            let entries = self.all();
            if let Some(entry) = entries.iter().skip(seen).find(|entry| fits(entry)) {
                return entry.clone();
            }
            seen = entries.len();
            assert!(self.reaches(seen + 1, timeout).await, "waited {timeout:?} for an entry that fits; {seen} came that do not");
        }
    }

    async fn reaches(&self, n: usize, timeout: Duration) -> bool {
        let mut count = self.count.subscribe();
        let arrived = async move {
            let _ = count.wait_for(|have| *have >= n).await;
        };
        runtime::in_time(timeout, arrived).await
    }
}

impl<T> fmt::Debug for Log<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log of {} entries", *self.count.borrow())
    }
}
