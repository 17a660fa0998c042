//! Which dumps may go: the newest few stay, and the newest of each of the last days, weeks and months that have one.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use kernel::Time;

use super::Draft;

/// The runs to remove, of these good ones. Whatever the numbers say, the newest good one stays.
pub fn superfluous(good: &[(i64, Time)], draft: &Draft, zone: &TimeZone) -> Vec<i64> {
    let mut newest_first = good.to_vec();
    newest_first.sort_by_key(|(id, at)| std::cmp::Reverse((*at, *id)));
    let mut kept: HashSet<i64> = newest_first.iter().take(draft.keep_last.max(1) as usize).map(|(id, _)| *id).collect();
    let mut keep_one_each = |count: u32, period: &dyn Fn(Time) -> (i16, i16)| {
        let mut seen = HashSet::new();
        for (id, at) in &newest_first {
            if seen.len() == count as usize {
                break;
            }
            if seen.insert(period(*at)) {
                kept.insert(*id);
            }
        }
    };
    keep_one_each(draft.keep_daily, &|at| {
        let day = at.in_zone(zone);
        (day.year(), day.day_of_year())
    });
    keep_one_each(draft.keep_weekly, &|at| {
        let week = at.in_zone(zone).date().iso_week_date();
        (week.year(), i16::from(week.week()))
    });
    keep_one_each(draft.keep_monthly, &|at| {
        let day = at.in_zone(zone);
        (day.year(), i16::from(day.month()))
    });
    newest_first.iter().map(|(id, _)| *id).filter(|id| !kept.contains(id)).collect()
}
