//! Where the people of a period come from, and where those of the one before have gone.

use roaring::RoaringBitmap;

use super::{Day, Days};

/// A stretch that people are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    Day,
    /// From Monday on.
    #[default]
    Week,
    Month,
}

impl Period {
    /// The number of the period that a day lies in; they follow each other without a gap.
    pub fn of(self, day: Day) -> i32 {
        match self {
            Period::Day => day.0,
            // 1970-01-01 was a Thursday.
            Period::Week => (day.0 + 3).div_euclid(7),
            Period::Month => {
                let date = day.date();
                i32::from(date.year()) * 12 + i32::from(date.month()) - 1
            }
        }
    }

    /// Its first day.
    pub fn first_day(self, number: i32) -> Day {
        match self {
            Period::Day => Day(number),
            Period::Week => Day(number.saturating_mul(7) - 3),
            Period::Month => {
                let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
                let date = jiff::civil::Date::new(year as i16, month as i8, 1);
                date.map_or(Day::default(), Day::of_date)
            }
        }
    }
}

/// Who was active in which period, oldest first; periods without anybody are left out.
pub fn by_period(days: &Days, period: Period) -> Vec<(i32, RoaringBitmap)> {
    let mut all: Vec<(i32, RoaringBitmap)> = Vec::new();
    for (day, who) in days {
        let number = period.of(*day);
        match all.last_mut() {
            Some((last, known)) if *last == number => *known |= who,
            _ => all.push((number, who.clone())),
        }
    }
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifecycle {
    pub period: i32,
    /// Never there before.
    pub new: u64,
    /// There in the period before, too.
    pub returning: u64,
    /// There before, but not in the period before.
    pub resurrecting: u64,
    /// There in the period before, and not in this one.
    pub dormant: u64,
}

/// For each period of `first..=last`. `days` must be all there are: who is new is only known by everything before.
pub fn lifecycle(days: &Days, period: Period, (first, last): (i32, i32)) -> Vec<Lifecycle> {
    let all = by_period(days, period);
    let nobody = RoaringBitmap::new();
    let mut seen = RoaringBitmap::new();
    let mut upcoming = all.iter().peekable();
    while let Some((_, who)) = upcoming.next_if(|(number, _)| *number < first) {
        seen |= who;
    }
    let mut before = all.iter().find(|(number, _)| *number == first - 1).map_or(&nobody, |(_, who)| who);
    let mut stages = Vec::new();
    for number in first..=last {
        let now = upcoming.next_if(|(known, _)| *known == number).map_or(&nobody, |(_, who)| who);
        let known = now.intersection_len(&seen);
        let returning = now.intersection_len(before);
        stages.push(Lifecycle {
            period: number,
            new: now.len() - known,
            returning,
            resurrecting: known - returning,
            dormant: before.len() - returning,
        });
        seen |= now;
        before = now;
    }
    stages
}
