//! Rate limits ([`Limiter`]): token buckets in memory, one number per key, bounded.
//!
//! A bucket is stored as the moment at which it will be full again. A full bucket is therefore the same as none, and forgetting the
//! fullest first never sets free somebody who is being held back.

use kernel::{Clock, Error, Kind, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const MAX_BUCKETS: usize = 50_000;

/// `burst` calls at once, and `burst` more in each `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub burst: u32,
    pub per: Duration,
}

/// Clones share their buckets.
#[derive(Debug, Clone)]
pub struct Limiter {
    clock: Clock,
    max: usize,
    /// Microseconds since 1970 at which the bucket is full again.
    full_at: Arc<Mutex<HashMap<(&'static str, String), i64>>>,
}

impl Limiter {
    pub fn new(clock: Clock) -> Self {
        Self::bounded(clock, MAX_BUCKETS)
    }

    pub fn bounded(clock: Clock, max_buckets: usize) -> Self {
        Self { clock, max: max_buckets.max(1), full_at: Arc::default() }
    }

    /// Takes one token, or says how long to wait. `key` is who: an address, a mail address' digest, a monitor's token.
    pub fn check(&self, bucket: &'static str, key: &str, allowance: Allowance) -> Result<()> {
        let now = self.clock.now().millis().saturating_mul(1_000);
        let per = i64::try_from(allowance.per.as_micros()).unwrap_or(i64::MAX).max(1);
        let token = (per / i64::from(allowance.burst.max(1))).max(1);
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let id = (bucket, key.to_owned());
        // A clock that was set back must not lock anybody out for longer than an empty bucket does.
        let full_at = buckets.get(&id).copied().unwrap_or(now).clamp(now, now.saturating_add(per));
        let wait = full_at.saturating_add(token) - now.saturating_add(per);
        if wait > 0 || allowance.burst == 0 {
            return Err(refusal(Duration::from_micros(u64::try_from(wait).unwrap_or(0).max(1))));
        }
        buckets.insert(id, full_at + token);
        if buckets.len() > self.max {
            forget_fullest(&mut buckets, now, self.max);
        }
        Ok(())
    }

    /// Fills the bucket again: after a successful sign-in, say.
    pub fn forget(&self, bucket: &'static str, key: &str) {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).remove(&(bucket, key.to_owned()));
    }

    pub fn len(&self) -> usize {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn refusal(wait: Duration) -> Error {
    let seconds = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    Error::new(Kind::RateLimited(wait), format!("That was too often; please try again in {}.", kernel::time::describe_duration(seconds)))
}

/// Drops what is full, then the fullest down to three quarters, so that a flood of new keys pays for the search only now and then.
fn forget_fullest(buckets: &mut HashMap<(&'static str, String), i64>, now: i64, max: usize) {
    buckets.retain(|_, full_at| *full_at > now);
    let keep = (max * 3 / 4).max(1);
    if buckets.len() <= keep {
        return;
    }
    let mut moments: Vec<i64> = buckets.values().copied().collect();
    let surplus = moments.len() - keep;
    let (_, limit, _) = moments.select_nth_unstable(surplus - 1);
    let limit = *limit;
    let mut left = surplus;
    buckets.retain(|_, full_at| {
        let goes = left > 0 && *full_at <= limit;
        left -= usize::from(goes);
        !goes
    });
}
