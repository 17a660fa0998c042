//! How far the digests are behind the door. What they cannot follow any more is not taken: told, not lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Items: minutes of work for a small machine.
const LONGEST: u64 = 200_000;

#[derive(Debug, Default)]
pub(crate) struct Backlog(Mutex<BTreeMap<&'static str, i64>>);

impl Backlog {
    pub fn note(&self, digest: &'static str, item_id: i64) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(digest).or_default();
        *place = item_id.max(*place);
    }

    /// Of the slowest. Who has not read anything since the start does not count: where it stands is not known.
    pub fn behind(&self, newest: i64) -> u64 {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slowest = places.values().min().copied().unwrap_or(newest);
        u64::try_from(newest.saturating_sub(slowest)).unwrap_or(0)
    }

    pub fn is_too_long(&self, newest: i64) -> bool {
        self.behind(newest) > LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_digest_counts_and_none_counts_for_nothing() {
        let backlog = Backlog::default();
        assert_eq!(backlog.behind(1_000_000), 0);
        backlog.note("errors", 1_000_000);
        backlog.note("traces", 700_000);
        assert_eq!(backlog.behind(1_000_000), 300_000);
        assert!(backlog.is_too_long(1_000_000));
        backlog.note("traces", 900_000);
        assert!(!backlog.is_too_long(1_000_000));
    }
}
