//! Each figure once more, from plain rows by loops over people and dates: slow, and so simple that it is right to be seen. Shares nothing
//! with what it checks but the names of the answers.

mod compare;
mod days;
mod funnels;
mod rows;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody did, as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    millis: i64,
    contact: u32,
    name: u8,
    is_client: bool,
}

/// All rows of one zone.
struct Told {
    rows: Vec<Row>,
    zone: TimeZone,
}

impl Told {
    fn date(&self, row: &Row) -> Date {
        jiff::Timestamp::from_millisecond(row.millis).unwrap().to_zoned(self.zone.clone()).date()
    }

    /// Names that `wanted` holds of; who did any of them, by date.
    fn dates(&self, wanted: impl Fn(u8) -> bool) -> BTreeMap<Date, BTreeSet<u32>> {
        let mut dates: BTreeMap<Date, BTreeSet<u32>> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| wanted(row.name)) {
            dates.entry(self.date(row)).or_default().insert(row.contact);
        }
        dates
    }
}

fn before(date: Date, days: i64) -> Date {
    date.checked_sub(jiff::Span::new().days(days)).unwrap()
}

/// Whoever was there on any of the dates of `first..=last`.
fn between(dates: &BTreeMap<Date, BTreeSet<u32>>, first: Date, last: Date) -> BTreeSet<u32> {
    let mut who = BTreeSet::new();
    for (date, contacts) in dates {
        if *date >= first && *date <= last {
            who.extend(contacts);
        }
    }
    who
}
