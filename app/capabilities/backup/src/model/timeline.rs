//! The moments that can be restored, as the eye can take them in: five strips from the last hour to the last year.

use kernel::Time;
use kernel::time::describe_duration;
use replica::files::{Listing, SNAPSHOT_LEVEL};
use replica::levels::Windows;
use std::time::Duration;

/// Marks of a strip from left (long ago) to right (now).
pub const MARKS: usize = 120;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strip {
    pub window: Duration,
    /// How far apart the moments of this window are kept.
    pub apart: &'static str,
    /// Restore points in each of [`MARKS`] equal parts of the window.
    pub marks: Vec<u32>,
    /// Which of the parts hold a whole copy.
    pub wholes: Vec<bool>,
}

impl Strip {
    pub fn points(&self) -> u64 {
        self.marks.iter().map(|count| u64::from(*count)).sum()
    }

    pub fn title(&self) -> String {
        format!("Last {}", describe_duration(self.window))
    }
}

/// Restore points of a destination: when the newest and the oldest is of, and where they lie.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    pub strips: Vec<Strip>,
    pub newest: Option<Time>,
    pub oldest: Option<Time>,
    pub wholes: u64,
}

pub fn timeline(listing: &Listing, windows: &Windows, now: Time) -> Timeline {
    let mut strips: Vec<Strip> = [
        (windows.transactions, "each transaction is kept"),
        (windows.half_minutes, "kept 30 s apart"),
        (windows.five_minutes, "kept 5 min apart"),
        (windows.hours, "kept 1 h apart"),
        (windows.days, "kept a day apart"),
    ]
    .map(|(window, apart)| Strip { window, apart, marks: vec![0; MARKS], wholes: vec![false; MARKS] })
    .into();
    let mut timeline = Timeline::default();
    for entry in listing.all() {
        timeline.newest = timeline.newest.max(Some(entry.at));
        timeline.oldest = Some(timeline.oldest.map_or(entry.at, |oldest| oldest.min(entry.at)));
        let is_whole = entry.level == SNAPSHOT_LEVEL;
        timeline.wholes += u64::from(is_whole);
        for strip in &mut strips {
            if let Some(mark) = mark_of(now.since(entry.at), strip.window) {
                strip.marks[mark] = strip.marks[mark].saturating_add(1);
                strip.wholes[mark] |= is_whole;
            }
        }
    }
    timeline.strips = strips;
    timeline
}

fn mark_of(age: Duration, window: Duration) -> Option<usize> {
    if age > window || window.is_zero() {
        return None;
    }
    let marks = u128::try_from(MARKS).ok()?;
    let from_right = usize::try_from(age.as_millis() * marks / window.as_millis().max(1)).ok()?;
    (MARKS - 1).checked_sub(from_right.min(MARKS - 1))
}
