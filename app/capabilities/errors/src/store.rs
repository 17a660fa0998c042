//! SQL. In hermetic.db the issues and everything counted; in telemetry.db the rows that lead to the events of the log.
//!
//! - [`issues`], [`hashes`], [`counts`], [`acts`], [`feedback`], [`rules`]: hermetic.db
//! - [`events`], [`attachments`], [`frames`], [`evict`]: telemetry.db

pub mod acts;
pub mod attachments;
pub mod counts;
pub mod events;
pub mod evict;
pub mod feedback;
pub mod frames;
pub mod hashes;
pub mod issues;
pub mod rules;
pub mod views;

use kernel::Time;
use rusqlite::Row;

/// Told on hermetic.db when issues changed: open pages refresh.
pub const TOPIC: db::Signal = "errors";

pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Time>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Time))
}

pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

/// As SQLite stores a count.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
