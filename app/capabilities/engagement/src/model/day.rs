//! Days in the zone that the founder counts in: what everything here is grouped by.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::Time;

/// A calendar day: how many days it lies after 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub i32);

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl Day {
    /// Beyond the years −9999…9999 the nearest end is given.
    pub fn date(self) -> Date {
        let span = jiff::Span::new().try_days(i64::from(self.0)).unwrap_or_default();
        EPOCH.checked_add(span).unwrap_or(if self.0 < 0 { Date::MIN } else { Date::MAX })
    }

    pub fn of_date(date: Date) -> Day {
        let span = EPOCH.until(date).map(|span| span.get_days()).unwrap_or_default();
        Day(span)
    }

    pub fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }
}

/// Which day a moment lies in.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub zone: TimeZone,
}

impl Calendar {
    pub fn new(zone: TimeZone) -> Calendar {
        Calendar { zone }
    }

    pub fn day_of(&self, at: Time) -> Day {
        Day::of_date(at.in_zone(&self.zone).date())
    }

    /// Its first moment; where the clock skips midnight, the first that there is.
    pub fn start_of(&self, day: Day) -> Time {
        let start = day.date().to_zoned(self.zone.clone());
        start.map_or(Time(i64::from(day.0).saturating_mul(86_400_000)), |start| Time::from(start.timestamp()))
    }
}

/// Asked for one moment after another, most of them of the same day.
pub struct Walker<'c> {
    calendar: &'c Calendar,
    day: Day,
    from: Time,
    to: Time,
}

impl Calendar {
    pub fn walker(&self) -> Walker<'_> {
        Walker { calendar: self, day: Day(0), from: Time(0), to: Time(0) }
    }
}

impl Walker<'_> {
    pub fn day_of(&mut self, at: Time) -> Day {
        if at < self.from || at >= self.to {
            self.day = self.calendar.day_of(at);
            (self.from, self.to) = (self.calendar.start_of(self.day), self.calendar.start_of(self.day.plus(1)));
        }
        self.day
    }
}
