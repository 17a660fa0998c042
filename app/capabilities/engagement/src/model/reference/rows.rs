//! Rows at random, and how both sides get them: the model as bitmaps that are merged afterwards, the reference by renaming rows.

use jiff::civil::Date;
use kernel::Time;
use kernel::time::parse_zone;
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::{Row, Told};
use crate::model::{Calendar, Daily, Day};

pub(super) const NAMES: u8 = 5;
const ZONES: [&str; 6] = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"];
/// Clocks change within the weeks after each of them, somewhere.
const BEGINNINGS: [&str; 4] = ["2026-03-01T00:00:00Z", "2026-10-01T00:00:00Z", "2025-12-20T00:00:00Z", "1969-12-01T00:00:00Z"];

#[derive(Debug, Clone)]
pub(super) struct Case {
    zone: &'static str,
    /// In the order in which they came: any.
    rows: Vec<Row>,
    merge: (u32, u32),
    /// How long after the last row it is today.
    pub days_since: i64,
}

pub(super) fn cases() -> impl Strategy<Value = Case> {
    let beginnings = prop::sample::select(BEGINNINGS.as_slice()).prop_map(|text| Time::parse_rfc3339(text).unwrap().0);
    // Close to quarters of an hour, where days, visits and hours end; some so dense that visits hang together.
    let quarters = prop_oneof![2 => 0_i64..60 * 96, 1 => 2_700_i64..2_900];
    let row = (quarters, -1_i64..=1, 0_u32..9, 0..NAMES, any::<bool>(), 1_usize..3);
    let rows = prop_oneof![1 => Just(0_usize..1), 8 => Just(1..40), 4 => Just(40..160)]
        .prop_flat_map(move |n| prop::collection::vec(row.clone(), n));
    (beginnings, rows, prop::sample::select(ZONES.as_slice()), (0_u32..9, 0_u32..9), 0_i64..50).prop_map(
        |(from, rows, zone, merge, days_since)| {
            let rows = rows.into_iter().flat_map(|(quarter, off, contact, name, is_client, times)| {
                let row = Row { millis: from + quarter * 900_000 + off, contact, name, is_client };
                std::iter::repeat_n(row, times)
            });
            Case { zone, rows: rows.collect(), merge, days_since }
        },
    )
}

impl Case {
    pub(super) fn calendar(&self) -> Calendar {
        Calendar::new(parse_zone(self.zone).unwrap())
    }

    pub(super) fn merged(&self, contact: u32) -> u32 {
        if contact == self.merge.0 { self.merge.1 } else { contact }
    }

    /// For the reference: in order of time.
    pub(super) fn told(&self) -> Told {
        let mut rows: Vec<Row> = self.rows.iter().map(|row| Row { contact: self.merged(row.contact), ..*row }).collect();
        rows.sort_unstable();
        Told { rows, zone: jiff::tz::TimeZone::get(self.zone).unwrap() }
    }

    /// For the model: row by row in the order in which they came, and merged bit by bit.
    pub(super) fn daily(&self, wanted: impl Fn(u8) -> bool) -> Daily {
        let calendar = self.calendar();
        let mut walker = calendar.walker();
        let rows = self.rows.iter().filter(|row| wanted(row.name));
        let all = Daily::new(rows.map(|row| (walker.day_of(Time(row.millis)), RoaringBitmap::from([row.contact]))));
        Daily::new(all.days().iter().map(|(day, who)| {
            let mut who = who.clone();
            if who.remove(self.merge.0) {
                who.insert(self.merge.1);
            }
            (*day, who)
        }))
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// All dates of the rows, from so many days before the first until so many after the last; without rows a few of 2026.
pub(super) fn dates(told: &Told, (lead, trail): (i64, i64)) -> (Date, Date) {
    let mut all: Vec<Date> = told.rows.iter().map(|row| told.date(row)).collect();
    all.sort_unstable();
    let some = jiff::civil::date(2026, 3, 20);
    let (first, last) = (all.first().copied().unwrap_or(some), all.last().copied().unwrap_or(some));
    (super::before(first, lead), super::before(last, -trail))
}

pub(super) fn each(first: Date, last: Date) -> Vec<Date> {
    first.series(jiff::Span::new().days(1)).take_while(|date| *date <= last).collect()
}

/// Which number the model gives to a date, by counting from 1970.
pub(super) fn day(date: Date) -> Day {
    let days = (date - jiff::civil::date(1970, 1, 1)).get_days();
    Day(days)
}
