//! SQL. In hermetic.db: health, deploys, commits, counts of issues. In telemetry.db: uploads, the memory of sessions and users.
//!
//! - [`chunks`], [`artifacts`]: uploads on their way, and what lies here; [`misses`]: what was looked for in vain
//! - [`sessions`]: the memory; [`hours`]: the counters; [`deploys`]: deploys, commits, counts of issues, what is hidden

pub mod artifacts;
pub mod chunks;
pub mod deploys;
pub mod hours;
pub mod misses;
pub mod sessions;

/// A sum that fell below nothing is nothing: its absolute would be a number that nobody counted.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
