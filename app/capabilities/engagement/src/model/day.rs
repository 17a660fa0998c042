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
        let date = jiff::Span::new().try_days(i64::from(self.0)).and_then(|span| EPOCH.checked_add(span));
        date.unwrap_or(if self.0 < 0 { Date::MIN } else { Date::MAX })
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

impl Calendar {
    /// From Monday, which is 0, and from midnight.
    pub fn weekday_and_hour(&self, at: Time) -> (usize, usize) {
        let local = at.in_zone(&self.zone);
        (local.weekday().to_monday_zero_offset() as usize, local.hour() as usize)
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

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::time::{HOUR, MINUTE, parse_zone};

    fn calendar(zone: &str) -> Calendar {
        Calendar::new(parse_zone(zone).unwrap())
    }

    fn day(text: &str) -> Day {
        Day::of_date(text.parse().unwrap())
    }

    #[test]
    fn a_day_is_as_long_as_the_clock_makes_it() {
        for (zone, date, minutes) in [
            ("UTC", "2026-03-29", 24 * 60),
            ("Europe/Berlin", "2026-03-29", 23 * 60),
            ("Europe/Berlin", "2026-10-25", 25 * 60),
            ("America/New_York", "2026-03-08", 23 * 60),
            ("America/New_York", "2026-11-01", 25 * 60),
            ("Australia/Lord_Howe", "2026-04-05", 24 * 60 + 30),
            ("Australia/Lord_Howe", "2026-10-04", 23 * 60 + 30),
            ("Asia/Kathmandu", "2026-10-25", 24 * 60),
            // Midnight is skipped: the day begins at one.
            ("Africa/Cairo", "2026-04-24", 23 * 60),
            // Samoa had no such day.
            ("Pacific/Apia", "2011-12-30", 0),
        ] {
            let calendar = calendar(zone);
            let (from, to) = (calendar.start_of(day(date)), calendar.start_of(day(date).plus(1)));
            assert_eq!(to.since(from), MINUTE * minutes, "{zone} {date}");
        }
    }

    #[test]
    fn a_day_begins_with_its_first_moment() {
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "America/Havana"]
        {
            let calendar = calendar(zone);
            for number in 20_000..22_000 {
                let start = calendar.start_of(Day(number));
                assert_eq!(calendar.day_of(start), Day(number), "{zone}");
                assert_eq!(calendar.day_of(Time(start.0 - 1)), Day(number - 1), "{zone}");
            }
        }
    }

    #[test]
    fn a_walker_says_what_the_calendar_says() {
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "America/Havana"]
        {
            let calendar = calendar(zone);
            let mut walker = calendar.walker();
            let mut at = calendar.start_of(day("2026-01-01"));
            for step in 0..20_000 {
                // Mostly onwards, at times far back.
                at = if step % 97 == 0 { at - HOUR * 400 } else { at + MINUTE * 37 };
                assert_eq!(walker.day_of(at), calendar.day_of(at), "{zone} {at}");
            }
        }
    }

    #[test]
    fn numbers_of_days_are_those_since_1970() {
        assert_eq!((day("1970-01-01"), day("1969-12-31"), day("2026-12-01")), (Day(0), Day(-1), Day(20_788)));
        assert_eq!(Day(20_788).date().to_string(), "2026-12-01");
        assert_eq!(Day(i32::MAX).date(), Date::MAX);
        assert_eq!(Day(i32::MIN).plus(-1), Day(i32::MIN));
    }
}
