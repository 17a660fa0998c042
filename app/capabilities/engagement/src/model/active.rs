//! How many were active on a day and in the 7 and 30 days that end with it, and in calendar months.

use roaring::RoaringBitmap;

use super::{Daily, Day, Period, Share};

pub const WEEK_DAYS: i32 = 7;
pub const MONTH_DAYS: i32 = 30;

/// Windows trail: they end with the day, and hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Active {
    pub day: Day,
    pub day_actives: u64,
    pub week_actives: u64,
    pub month_actives: u64,
    /// Mean of the actives of each of the 30 days, over the actives of all of them together.
    pub stickiness: Share,
    /// Days of the 30 that lie before the first that is known: 0 when the figures are whole.
    pub days_missing: u32,
}

/// For each day of `first..=last`. `daily` reaches back to 29 days before the first, if there is anything.
pub fn active(daily: &Daily, (first, last): (Day, Day)) -> Vec<Active> {
    if last < first {
        return Vec::new();
    }
    let earlier = first.plus(1 - MONTH_DAYS);
    let each = day_counts(daily, (earlier, last));
    let week = trailing(daily, (first, last), WEEK_DAYS);
    let month = trailing(daily, (first, last), MONTH_DAYS);
    let known = daily.first_day().unwrap_or(Day(i32::MAX));
    let lead = first.0.abs_diff(earlier.0) as usize;
    let mut sum: u64 = each[..lead].iter().sum();
    let mut answers = Vec::with_capacity(week.len());
    for (at, (week_actives, month_actives)) in week.into_iter().zip(month).enumerate() {
        let day = first.plus(at as i32);
        let day_actives = each[at + lead];
        sum += day_actives;
        answers.push(Active {
            day,
            day_actives,
            week_actives,
            month_actives,
            stickiness: Share::new(sum, month_actives * MONTH_DAYS as u64),
            days_missing: known.0.saturating_sub(day.plus(1 - MONTH_DAYS).0).clamp(0, MONTH_DAYS) as u32,
        });
        sum -= each[at];
    }
    answers
}

/// How many were there on each day of `first..=last`.
fn day_counts(daily: &Daily, (first, last): (Day, Day)) -> Vec<u64> {
    let mut counts = vec![0; first.0.abs_diff(last.0) as usize + 1];
    for (day, who) in daily.slice((first, last)) {
        counts[day.0.abs_diff(first.0) as usize] = who.len();
    }
    counts
}

/// How many were there in the `length` days that end with each day of `first..=last`. Days are cut into blocks as long as the window: each
/// window is the end of one block and the beginning of the next, so that each day is united with others twice, however long it is.
fn trailing(daily: &Daily, (first, last): (Day, Day), length: i32) -> Vec<u64> {
    let mut counts = Vec::new();
    let mut ends: Vec<RoaringBitmap> = Vec::new();
    let mut block = first.plus(1 - length);
    while block <= last {
        let mut beginning = RoaringBitmap::new();
        for offset in 0..length {
            let day = block.plus(offset);
            if let Some(who) = daily.on(day) {
                beginning |= who;
            }
            if day >= first && day <= last {
                let end = ends.get(offset as usize + 1);
                counts.push(end.map_or(beginning.len(), |end| end.union_len(&beginning)));
            }
        }
        ends = block_ends(daily, block, length);
        block = block.plus(length);
    }
    counts
}

/// Whoever was there from each day of the block until its last.
fn block_ends(daily: &Daily, block: Day, length: i32) -> Vec<RoaringBitmap> {
    let mut ends = Vec::with_capacity(length as usize);
    let mut end = RoaringBitmap::new();
    for offset in (0..length).rev() {
        if let Some(who) = daily.on(block.plus(offset)) {
            end |= who;
        }
        ends.push(end.clone());
    }
    ends.reverse();
    ends
}

/// How many were there in each calendar month of those with these numbers; `daily` holds all days of them.
pub fn month_actives(daily: &Daily, (first, last): (i32, i32)) -> Vec<(i32, u64)> {
    let range = |month| (Period::Month.first_day(month), Period::Month.last_day(month));
    (first..=last).map(|month| (month, daily.union(range(month)).len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(days: &[(i32, &[u32])]) -> Daily {
        Daily::new(days.iter().map(|(day, who)| (Day(*day), who.iter().copied().collect())))
    }

    #[test]
    fn somebody_counts_for_thirty_days_and_no_longer() {
        let daily = daily(&[(100, &[1]), (110, &[1, 2])]);
        let series = active(&daily, (Day(99), Day(141)));
        let on = |day: i32| series[(day - 99) as usize];
        assert_eq!((on(99).month_actives, on(100).month_actives, on(110).month_actives), (0, 1, 2));
        assert_eq!((on(106).week_actives, on(107).week_actives, on(116).week_actives, on(117).week_actives), (1, 0, 2, 0));
        assert_eq!((on(139).month_actives, on(140).month_actives), (2, 0));
    }

    #[test]
    fn stickiness_is_the_mean_of_days_over_the_month() {
        let daily = daily(&[(100, &[1, 2]), (101, &[1]), (129, &[1])]);
        let at = |day| active(&daily, (Day(day), Day(day)))[0];
        assert_eq!(at(129).stickiness, Share::new(4, 60));
        assert_eq!(at(130).stickiness, Share::new(2, 30), "day 100 has left");
        assert_eq!(at(99).stickiness.ratio(), None, "of nobody");
    }

    #[test]
    fn figures_say_when_the_data_began_later_than_their_window() {
        let daily = daily(&[(100, &[1])]);
        let missing: Vec<u32> =
            active(&daily, (Day(99), Day(130))).iter().map(|day| day.days_missing).filter(|missing| (1..29).contains(missing)).collect();
        assert_eq!(missing.len(), 28);
        assert_eq!(active(&daily, (Day(129), Day(129)))[0].days_missing, 0);
        assert_eq!(active(&daily, (Day(128), Day(128)))[0].days_missing, 1);
    }

    #[test]
    fn no_range_and_no_data_break_nothing() {
        assert!(active(&Daily::default(), (Day(5), Day(4))).is_empty());
        let nothing = active(&Daily::default(), (Day(5), Day(6)));
        assert_eq!((nothing.len(), nothing[1].days_missing), (2, 30));
        assert_eq!(month_actives(&Daily::default(), (3, 4)), [(3, 0), (4, 0)]);
    }
}
