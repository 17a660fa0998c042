//! When files are merged and when they go. Pure: listings and times in, decisions out.
//!
//! Level 1 joins what level 0 gathered in 30 seconds, level 2 five minutes, level 3 an hour, level 9 is the whole database
//! once a day. Each level is kept as long as its fineness is wanted ([`Windows`]); a file goes only when a coarser one holds
//! its transactions, so every moment that is kept can be reached.

use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE, SECOND};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

use crate::files::{Entry, Listing, SNAPSHOT_LEVEL, Span};

/// The levels that are merged from the one below, and over how long.
pub const MERGED: [(u8, Duration); 3] = [(1, SECOND.saturating_mul(30)), (2, MINUTE.saturating_mul(5)), (3, HOUR)];

/// How long each fineness is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Single transactions (about a second apart, or less).
    pub transactions: Duration,
    /// 30 seconds apart.
    pub half_minutes: Duration,
    /// Five minutes apart.
    pub five_minutes: Duration,
    /// An hour apart.
    pub hours: Duration,
    /// A day apart.
    pub days: Duration,
}

impl Default for Windows {
    fn default() -> Windows {
        Windows { transactions: HOUR, half_minutes: DAY, five_minutes: DAY * 7, hours: DAY * 30, days: DAY * 365 }
    }
}

impl Windows {
    fn of(&self, level: u8) -> Duration {
        match level {
            0 => self.transactions,
            1 => self.half_minutes,
            2 => self.five_minutes,
            SNAPSHOT_LEVEL => self.days,
            _ => self.hours,
        }
    }
}

/// The inputs of the next file of `level`, when its stretch of time is over: all files of the level below that follow `done`,
/// the last transaction the level has anywhere, up to the start of the running stretch. Whole databases at the beginning are no input: the snapshot
/// level has them, and merging them would store them once more at each level. A time far ahead is of a clock that was wrong: its
/// stretch is not waited for.
pub fn next_merge(listing: &Listing, level: u8, period: Duration, done: u64, now: Time) -> Vec<Entry> {
    let running = start_of(now, period);
    let mut inputs: Vec<Entry> = Vec::new();
    let mut at = done;
    for entry in listing.level(level - 1) {
        if entry.span.min == 1 || entry.span.max <= at {
            continue;
        }
        if entry.at >= running && entry.at <= now + period {
            break;
        }
        let is_next_stretch = inputs.first().is_some_and(|first| start_of(first.at, period) != start_of(entry.at, period));
        let joins = at == 0 || inputs.is_empty() || entry.span.min <= at + 1;
        if is_next_stretch || !joins {
            break;
        }
        at = entry.span.max;
        inputs.push(*entry);
    }
    inputs
}

/// When the next file of some level is due; `None` while nothing waits.
pub fn next_due(listing: &Listing, made: impl Fn(u8) -> u64, now: Time) -> Option<Time> {
    MERGED
        .into_iter()
        .filter_map(|(level, period)| {
            let done = made(level);
            let first = listing.level(level - 1).find(|entry| entry.span.min > 1 && entry.span.max > done)?;
            Some(if first.at > now + period { now } else { start_of(first.at, period) + period })
        })
        .min()
}

/// What may be deleted at a destination that holds `listing`. Never the newest of level 0 (an empty level 0 would make
/// Litestream start over at transaction 1), never the newest snapshot, never what is the only way to a kept moment: a file goes
/// only when one single file above holds all of it. That the levels above reach farther is no proof: after a takeover they begin
/// behind a stretch that only level 0 has.
pub fn expired(listing: &Listing, windows: &Windows, now: Time) -> Vec<(u8, Span)> {
    let mut gone = Vec::new();
    // Behind the newest snapshot that is older than the hourly window only days are kept: snapshots alone.
    let floor =
        listing.level(SNAPSHOT_LEVEL).filter(|entry| now.since(entry.at) > windows.hours).map(|entry| entry.span.max).max().unwrap_or(0);
    for level in 0..SNAPSHOT_LEVEL {
        let newest = listing.level(level).next_back().map(|entry| entry.span);
        let held = held_above(listing, level);
        for entry in listing.level(level) {
            let is_old = now.since(entry.at) > windows.of(level);
            let is_covered = entry.span.max <= floor || (level < 3 && held.contains(&entry.span));
            if is_old && is_covered && Some(entry.span) != newest {
                gone.push((level, entry.span));
            }
        }
    }
    let newest = listing.level(SNAPSHOT_LEVEL).map(|entry| entry.span.max).max();
    for entry in listing.level(SNAPSHOT_LEVEL) {
        if now.since(entry.at) > windows.days && Some(entry.span.max) != newest && entry.span.max < floor {
            gone.push((SNAPSHOT_LEVEL, entry.span));
        }
    }
    gone
}

/// The files of `level` each of which lies within one file of a level above. A whole database at the beginning is the ground that
/// level 1 stands on: only the snapshot of the very same transactions replaces it.
fn held_above(listing: &Listing, level: u8) -> BTreeSet<Span> {
    let mut above: Vec<Span> = (level + 1..SNAPSHOT_LEVEL).flat_map(|above| listing.level(above)).map(|entry| entry.span).collect();
    above.sort_unstable();
    let mut above = above.into_iter().peekable();
    let mut farthest = 0;
    let mut held = BTreeSet::new();
    for entry in listing.level(level) {
        while let Some(span) = above.next_if(|span| span.min <= entry.span.min) {
            farthest = farthest.max(span.max);
        }
        let is_held = if entry.span.min == 1 { listing.holds(SNAPSHOT_LEVEL, entry.span) } else { entry.span.max <= farthest };
        if is_held {
            held.insert(entry.span);
        }
    }
    held
}

/// Whether a new snapshot is due: `period` after the last whole database, which the first transaction is as well, when something
/// was written since.
pub fn snapshot_due(listing: &Listing, period: Duration, now: Time) -> bool {
    let whole = listing.all().filter(|entry| entry.span.min == 1 && matches!(entry.level, 0 | SNAPSHOT_LEVEL));
    match whole.max_by_key(|entry| entry.span.max) {
        Some(last) => listing.max() > last.span.max && now.since(last.at) >= period,
        None => !listing.is_empty(),
    }
}

fn start_of(at: Time, period: Duration) -> Time {
    Time(at.0 - at.0.rem_euclid(millis(period)))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
