//! SQL of alerts, one file for each noun.

pub mod alerts;
pub mod channels;
pub mod notices;
pub mod policies;
pub mod quiet;
pub mod rules;
pub mod silences;

use std::time::Duration;

use kernel::Time;
use rusqlite::Row;

/// A column with a time that may be missing.
fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Time>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Time))
}

fn seconds(row: &Row<'_>, index: usize) -> rusqlite::Result<Duration> {
    Ok(Duration::from_secs(row.get::<_, i64>(index)?.unsigned_abs()))
}

fn as_seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

/// A word of ours that was stored and can no longer be read: the file was written by a newer version.
fn unreadable(index: usize, error: kernel::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, error.into())
}

/// Text for `like`, with its own signs taken literally (`escape '\'`).
fn like(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
