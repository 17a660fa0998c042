//! Days of a component in the page's zone, and uptime that is never flattered: no data is shown as a gap, and a lost second
//! never reads 100.00 %.
//!
//! Nouns: [`Condition`], [`Stretch`], [`Day`], [`Uptime`].

pub use capability::{Condition, Stretch};

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::Time;

/// One calendar day in the page's zone: milliseconds in each condition. A day of a clock change has 23 or 25 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    pub up: i64,
    pub degraded: i64,
    pub down: i64,
    pub maintenance: i64,
    pub no_data: i64,
}

impl Day {
    /// The word of the day: the worst that happened; no data only when there was nothing else.
    pub fn condition(&self) -> Condition {
        match self {
            Day { down: 1.., .. } => Condition::Down,
            Day { degraded: 1.., .. } => Condition::Degraded,
            Day { maintenance: 1.., .. } => Condition::Maintenance,
            Day { up: 1.., .. } => Condition::Operational,
            _ => Condition::NoData,
        }
    }

    /// Nothing but this one condition: such days can be told together.
    pub fn is_plain(&self) -> bool {
        self.down == 0 && self.degraded == 0 && self.maintenance == 0 && (self.up == 0 || self.no_data == 0)
    }
}

/// Time-weighted: `(up + degraded) / (up + degraded + down)`; maintenance and missing data are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uptime {
    pub good: i64,
    pub bad: i64,
}

impl Uptime {
    pub fn of_days(days: &[Day]) -> Self {
        days.iter().fold(Self::default(), |sum, day| Self { good: sum.good + day.up + day.degraded, bad: sum.bad + day.down })
    }

    pub fn of_stretches(stretches: &[Stretch], from: Time, to: Time) -> Self {
        let mut sum = Self::default();
        for stretch in stretches {
            let millis = overlap(stretch, from, to);
            match stretch.condition {
                Condition::Operational | Condition::Degraded => sum.good += millis,
                Condition::Down => sum.bad += millis,
                Condition::Maintenance | Condition::NoData => {}
            }
        }
        sum
    }

    /// Hundredths of a per cent, rounded down: 9999 when one millisecond of a year was lost. `None` without data.
    pub fn hundredths(self) -> Option<u32> {
        let whole = i128::from(self.good) + i128::from(self.bad);
        (whole > 0).then(|| u32::try_from(i128::from(self.good) * 10_000 / whole).unwrap_or(0))
    }
}

/// The last `count` days up to and with today, oldest first.
pub fn days(stretches: &[Stretch], zone: &TimeZone, now: Time, count: usize) -> Vec<Day> {
    let today = now.in_zone(zone).date();
    let back = i64::try_from(count).unwrap_or(0);
    let mut result = Vec::with_capacity(count);
    let mut first = 0;
    for ago in (0..back).rev() {
        let date = today.checked_sub(Span::new().days(ago)).unwrap_or(today);
        let (from, to) = day_bounds(date, zone);
        while stretches.get(first).is_some_and(|stretch| stretch.to <= from) {
            first += 1;
        }
        let until = to.min(now);
        let relevant = stretches[first..].iter().take_while(|stretch| stretch.from < until);
        result.push(sum_of(date, relevant, from, until));
    }
    result
}

/// First moment of the day and of the next one. Where midnight is skipped by a clock change, the day starts with its first
/// existing moment.
pub fn day_bounds(date: Date, zone: &TimeZone) -> (Time, Time) {
    let start = |date: Date| date.to_zoned(zone.clone()).map_or(Time(0), |zoned| Time::from(zoned.timestamp()));
    (start(date), start(date.tomorrow().unwrap_or(date)))
}

fn sum_of<'a>(date: Date, stretches: impl Iterator<Item = &'a Stretch>, from: Time, to: Time) -> Day {
    let mut day = Day { date, up: 0, degraded: 0, down: 0, maintenance: 0, no_data: 0 };
    for stretch in stretches {
        let millis = overlap(stretch, from, to);
        match stretch.condition {
            Condition::Operational => day.up += millis,
            Condition::Degraded => day.degraded += millis,
            Condition::Down => day.down += millis,
            Condition::Maintenance => day.maintenance += millis,
            Condition::NoData => {}
        }
    }
    let known = day.up + day.degraded + day.down + day.maintenance;
    day.no_data = (to.0 - from.0 - known).max(0);
    day
}

fn overlap(stretch: &Stretch, from: Time, to: Time) -> i64 {
    (stretch.to.min(to).0 - stretch.from.max(from).0).max(0)
}
