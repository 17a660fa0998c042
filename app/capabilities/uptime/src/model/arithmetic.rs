//! Uptime as time, not as counted checks: stretches of recorded state, cut to a window, summed, and rounded down so that
//! 100 % means that no second was lost. Maintenance and no data are excluded and shown. Semantics: spec §5.3.
//!
//! Nouns: [`Span`], [`Tally`], [`Percent`], [`Bucket`].

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use kernel::Time;
use serde::{Deserialize, Serialize};

use super::state::MonitorState;

/// A stretch of one recorded state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: Time,
    pub to: Time,
    pub state: MonitorState,
}

/// Turns state changes (sorted by time) into contiguous spans over `from..to`. Before the first change nothing is known.
pub fn spans(changes: &[(Time, MonitorState)], from: Time, to: Time) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut push = |start: Time, end: Time, state: MonitorState| {
        let (start, end) = (start.max(from), end.min(to));
        if start >= end {
            return;
        }
        match spans.last_mut() {
            Some(last) if last.state == state && last.to == start => last.to = end,
            _ => spans.push(Span { from: start, to: end, state }),
        }
    };
    let mut current = (from, MonitorState::NoData);
    for (at, state) in changes {
        push(current.0, *at, current.1);
        current = ((*at).max(current.0), *state);
    }
    push(current.0, to, current.1);
    spans
}

/// Milliseconds per state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub up: i64,
    pub degraded: i64,
    pub down: i64,
    pub maintenance: i64,
    /// Not watched: no result, paused, or not yet created.
    pub nodata: i64,
}

impl Tally {
    pub fn of(spans: &[Span], from: Time, to: Time) -> Tally {
        let mut tally = Tally::default();
        for span in spans {
            let length = span.to.min(to).0 - span.from.max(from).0;
            if length > 0 {
                *tally.slot(span.state) += length;
            }
        }
        tally
    }

    pub fn add(&mut self, other: &Tally) {
        self.up += other.up;
        self.degraded += other.degraded;
        self.down += other.down;
        self.maintenance += other.maintenance;
        self.nodata += other.nodata;
    }

    fn slot(&mut self, state: MonitorState) -> &mut i64 {
        match state {
            MonitorState::Up => &mut self.up,
            MonitorState::Degraded => &mut self.degraded,
            MonitorState::Down => &mut self.down,
            MonitorState::Maintenance => &mut self.maintenance,
            MonitorState::NoData | MonitorState::Pending | MonitorState::Paused => &mut self.nodata,
        }
    }

    /// (up + degraded) / (up + degraded + down); `None` when nothing was watched.
    pub fn uptime(&self) -> Option<Percent> {
        let good = self.up + self.degraded;
        let watched = good + self.down;
        if watched <= 0 {
            return None;
        }
        let hundred_thousandths = i128::from(good) * 10_000_000 / i128::from(watched);
        Some(Percent(u32::try_from(hundred_thousandths).unwrap_or(0)))
    }

    /// The worst state of the time, for a bar: down before degraded before maintenance before up before no data.
    pub fn worst(&self) -> MonitorState {
        [
            (self.down, MonitorState::Down),
            (self.degraded, MonitorState::Degraded),
            (self.up, MonitorState::Up),
            (self.maintenance, MonitorState::Maintenance),
        ]
        .into_iter()
        .find(|(length, _)| *length > 0)
        .map_or(MonitorState::NoData, |(_, state)| state)
    }
}

/// A share in 1/100 000 of a percent, rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Percent(pub u32);

impl Percent {
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }
}

impl std::fmt::Display for Percent {
    /// Two decimals, cut off: 99.995 % reads 99.99 %. Only a time without any loss reads 100 %.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 / 1_000 {
            10_000 => f.write_str("100 %"),
            hundredths => write!(f, "{}.{:02} %", hundredths / 100, hundredths % 100),
        }
    }
}

/// A calendar day or month in a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    pub date: Date,
    pub from: Time,
    pub to: Time,
}

/// The last `count` days up to today, oldest first, as the zone counts days (23 to 25 hours long).
pub fn days(zone: &TimeZone, now: Time, count: usize) -> Vec<Bucket> {
    let today = now.in_zone(zone).date();
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    (0..count).rev().filter_map(|back| bucket(zone, today.checked_sub(back.days()).ok()?, 1.day())).collect()
}

pub fn month(zone: &TimeZone, year: i16, month: i8) -> Option<Bucket> {
    bucket(zone, Date::new(year, month, 1).ok()?, 1.month())
}

fn bucket(zone: &TimeZone, first: Date, length: jiff::Span) -> Option<Bucket> {
    let start: Zoned = first.to_zoned(zone.clone()).ok()?;
    let end = first.checked_add(length).ok()?.to_zoned(zone.clone()).ok()?;
    Some(Bucket { date: first, from: start.timestamp().into(), to: end.timestamp().into() })
}
