//! Who did something on which day: a bitmap of contacts for each.

use roaring::{MultiOps, RoaringBitmap};
use std::collections::BTreeMap;

use super::{Day, Period};

/// Oldest first, each day once; days without anybody are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Daily {
    days: Vec<(Day, RoaringBitmap)>,
}

impl Daily {
    /// In any order; what is told twice of a day is united.
    pub fn new(days: impl IntoIterator<Item = (Day, RoaringBitmap)>) -> Daily {
        let mut sorted: BTreeMap<Day, RoaringBitmap> = BTreeMap::new();
        for (day, who) in days {
            if !who.is_empty() {
                *sorted.entry(day).or_default() |= who;
            }
        }
        Daily { days: sorted.into_iter().collect() }
    }

    /// Whoever did any of them: a feature out of its names.
    pub fn any_of(all: impl IntoIterator<Item = Daily>) -> Daily {
        Daily::new(all.into_iter().flat_map(|daily| daily.days))
    }

    pub fn days(&self) -> &[(Day, RoaringBitmap)] {
        &self.days
    }

    /// Days of `first..=last`.
    pub fn slice(&self, (first, last): (Day, Day)) -> &[(Day, RoaringBitmap)] {
        let from = self.days.partition_point(|(day, _)| *day < first);
        let to = self.days.partition_point(|(day, _)| *day <= last);
        &self.days[from..to.max(from)]
    }

    pub fn on(&self, day: Day) -> Option<&RoaringBitmap> {
        self.days.binary_search_by_key(&day, |(day, _)| *day).ok().map(|at| &self.days[at].1)
    }

    /// Whoever was there on any day of `first..=last`.
    pub fn union(&self, range: (Day, Day)) -> RoaringBitmap {
        self.slice(range).iter().map(|(_, who)| who).union()
    }

    pub fn first_day(&self) -> Option<Day> {
        self.days.first().map(|(day, _)| *day)
    }

    /// Whoever was there in each period, by its number.
    pub fn by_period(&self, period: Period) -> BTreeMap<i32, RoaringBitmap> {
        let mut periods = BTreeMap::new();
        let mut days = self.days.as_slice();
        while let Some((day, _)) = days.first() {
            let index = period.index(*day);
            let last = period.last_day(index);
            let (of_period, later) = days.split_at(days.partition_point(|(day, _)| *day <= last).max(1));
            periods.insert(index, of_period.iter().map(|(_, who)| who).union());
            days = later;
        }
        periods
    }

    /// Whoever was there for the first time on each day. `before`: whoever was seen before the first of them.
    pub fn newcomers(&self, before: &RoaringBitmap) -> Daily {
        let mut seen = before.clone();
        let new = self.days.iter().map(|(day, who)| {
            let new = who - &seen;
            seen |= &new;
            (*day, new)
        });
        Daily::new(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(contacts: &[u32]) -> RoaringBitmap {
        contacts.iter().copied().collect()
    }

    fn daily() -> Daily {
        Daily::new([(Day(5), who(&[1, 2])), (Day(3), who(&[1])), (Day(4), who(&[])), (Day(5), who(&[3])), (Day(9), who(&[2]))])
    }

    #[test]
    fn days_come_in_order_and_once() {
        let days: Vec<i32> = daily().days().iter().map(|(day, _)| day.0).collect();
        assert_eq!(days, [3, 5, 9]);
        assert_eq!(daily().on(Day(5)), Some(&who(&[1, 2, 3])));
        assert_eq!(daily().on(Day(4)), None);
    }

    #[test]
    fn ranges_hold_both_ends() {
        assert_eq!(daily().union((Day(3), Day(5))), who(&[1, 2, 3]));
        assert_eq!(daily().union((Day(4), Day(4))), who(&[]));
        assert_eq!(daily().union((Day(6), Day(5))), who(&[]), "a range that is turned around holds nothing");
        assert_eq!(daily().slice((Day(i32::MIN), Day(i32::MAX))).len(), 3);
    }

    #[test]
    fn weeks_unite_their_days() {
        let weeks: Vec<(i32, u64)> = daily().by_period(Period::Week).into_iter().map(|(week, who)| (week, who.len())).collect();
        // Day 4 is the first Monday after 1970-01-01.
        assert_eq!(weeks, [(0, 1), (1, 3)]);
        assert!(Daily::default().by_period(Period::Month).is_empty());
    }

    #[test]
    fn somebody_is_new_once() {
        let new = daily().newcomers(&who(&[3]));
        assert_eq!(new.days(), [(Day(3), who(&[1])), (Day(5), who(&[2]))]);
    }
}
