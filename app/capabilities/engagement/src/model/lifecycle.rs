//! Who came for the first time, came again, came back and stayed away, period by period.

use roaring::RoaringBitmap;

use super::{Daily, Day, Period};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Its number, as [`Period::index`] has it.
    pub period: i32,
    /// First seen in it.
    pub new: u64,
    /// Here in the period before, too.
    pub returning: u64,
    /// Not here in the period before, but earlier.
    pub resurrecting: u64,
    /// Here in the period before, and not in this one: drawn downwards.
    pub dormant: u64,
    /// False for the period that still runs: what is dormant of it may yet come.
    pub is_over: bool,
}

/// For each period of `first..=last`. `daily` reaches back to the period before the first at least; `before` is whoever was seen
/// before it begins (nobody, when it holds all there is).
pub fn lifecycle(daily: &Daily, before: &RoaringBitmap, period: Period, (first, last): (i32, i32), today: Day) -> Vec<Stage> {
    let periods = daily.by_period(period);
    let nobody = RoaringBitmap::new();
    let on = |index: i32| periods.get(&index).unwrap_or(&nobody);
    let mut seen = before.clone();
    periods.range(..first).for_each(|(_, who)| seen |= who);
    let mut stages = Vec::new();
    for index in first..=last {
        let (now, previous) = (on(index), on(index.saturating_sub(1)));
        let returning = now.intersection_len(previous);
        let new = now.difference_len(&seen);
        stages.push(Stage {
            period: index,
            new,
            returning,
            resurrecting: now.len() - new - returning,
            dormant: previous.len() - returning,
            is_over: period.is_over(index, today),
        });
        seen |= now;
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(days: &[(i32, &[u32])], before: &[u32], range: (i32, i32)) -> Vec<(u64, u64, u64, u64)> {
        let daily = Daily::new(days.iter().map(|(day, who)| (Day(*day), who.iter().copied().collect())));
        let stages = lifecycle(&daily, &before.iter().copied().collect(), Period::Day, range, Day(100));
        stages.iter().map(|stage| (stage.new, stage.returning, stage.resurrecting, stage.dormant)).collect()
    }

    #[test]
    fn each_who_is_here_is_new_returning_or_resurrecting() {
        let days: &[(i32, &[u32])] = &[(1, &[1, 2]), (2, &[1, 3]), (4, &[1, 2, 4])];
        assert_eq!(stages(days, &[], (1, 5)), [(2, 0, 0, 0), (1, 1, 0, 1), (0, 0, 0, 2), (1, 0, 2, 0), (0, 0, 0, 3)]);
    }

    #[test]
    fn who_was_seen_before_the_data_begins_is_not_new() {
        assert_eq!(stages(&[(1, &[1, 2])], &[2], (1, 1)), [(1, 0, 1, 0)]);
    }

    #[test]
    fn a_range_may_begin_in_the_midst_of_the_data() {
        let days: &[(i32, &[u32])] = &[(1, &[1]), (2, &[2]), (3, &[1, 2, 3])];
        assert_eq!(stages(days, &[], (3, 3)), [(1, 1, 1, 0)]);
        assert_eq!(stages(&[], &[], (3, 4)), [(0, 0, 0, 0), (0, 0, 0, 0)]);
    }

    #[test]
    fn the_period_that_runs_is_not_over() {
        let of = |today| lifecycle(&Daily::default(), &RoaringBitmap::new(), Period::Week, (1, 1), Day(today))[0].is_over;
        assert!(!of(10) && of(11));
    }
}
