//! Days, weeks and months by number, so that “the one before” is minus one.

use super::Day;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    Day,
    /// From Monday.
    Week,
    /// Of the calendar.
    Month,
}

impl Period {
    /// Which one a day lies in; that of 1970-01-01 is 0.
    pub fn index(self, day: Day) -> i32 {
        match self {
            Period::Day => day.0,
            // 1970-01-01 was a Thursday.
            Period::Week => day.0.saturating_add(3).div_euclid(7),
            Period::Month => {
                let date = day.date();
                (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1
            }
        }
    }

    pub fn first_day(self, index: i32) -> Day {
        match self {
            Period::Day => Day(index),
            Period::Week => Day(index.saturating_mul(7).saturating_sub(3)),
            Period::Month => first_of_month(index),
        }
    }

    pub fn last_day(self, index: i32) -> Day {
        self.first_day(index.saturating_add(1)).plus(-1)
    }

    /// Whether all of it is over when it is `today`.
    pub fn is_over(self, index: i32, today: Day) -> bool {
        self.last_day(index) < today
    }
}

/// Beyond the years −9999…9999 the nearest end is given.
fn first_of_month(index: i32) -> Day {
    let year = index.div_euclid(12).saturating_add(1970).clamp(-9999, 9999);
    let month = index.rem_euclid(12) + 1;
    // Both are in range by now.
    jiff::civil::Date::new(year as i16, month as i8, 1).map_or(Day(0), Day::of_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::of_date(text.parse().unwrap())
    }

    #[test]
    fn weeks_begin_on_monday() {
        for (date, monday) in
            [("1970-01-01", "1969-12-29"), ("2026-11-30", "2026-11-30"), ("2026-12-06", "2026-11-30"), ("1969-12-28", "1969-12-22")]
        {
            assert_eq!(Period::Week.first_day(Period::Week.index(day(date))), day(monday), "{date}");
        }
        assert_eq!(Period::Week.index(day("1970-01-04")) + 1, Period::Week.index(day("1970-01-05")));
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        assert_eq!(Period::Month.index(day("1970-01-31")), 0);
        assert_eq!(Period::Month.index(day("1969-12-31")), -1);
        assert_eq!(Period::Month.last_day(Period::Month.index(day("2028-02-03"))), day("2028-02-29"));
        assert_eq!(Period::Month.last_day(Period::Month.index(day("2026-12-03"))), day("2026-12-31"));
    }

    #[test]
    fn each_day_lies_in_exactly_one_period() {
        for period in [Period::Day, Period::Week, Period::Month] {
            for number in -2_000..25_000 {
                let index = period.index(Day(number));
                assert!(period.first_day(index) <= Day(number) && Day(number) <= period.last_day(index));
                assert_eq!(period.first_day(index + 1), period.last_day(index).plus(1));
            }
        }
    }

    #[test]
    fn a_period_is_over_on_the_day_after_it() {
        let week = Period::Week.index(day("2026-12-02"));
        assert!(!Period::Week.is_over(week, day("2026-12-06")));
        assert!(Period::Week.is_over(week, day("2026-12-07")));
    }

    #[test]
    fn no_number_is_too_large() {
        for period in [Period::Day, Period::Week, Period::Month] {
            for number in [i32::MIN, i32::MAX] {
                period.index(Day(number));
                period.last_day(number);
            }
        }
    }
}
