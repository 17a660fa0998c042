use super::*;

fn daily(days: &[(i32, &[u32])]) -> Daily {
    Daily::new(days.iter().map(|(day, who)| (Day(*day), who.iter().copied().collect())))
}

fn options(today: i32) -> RetentionOptions {
    RetentionOptions { period: Period::Day, cohorts: (1, 4), offsets: 3, is_recurring: false, is_unbounded: false, today: Day(today) }
}

fn grid(days: &[(i32, &[u32])], before: &[u32], options: &RetentionOptions) -> Grid {
    let daily = daily(days);
    retention(&daily, &daily, &before.iter().copied().collect(), options)
}

fn backs(row: &Row) -> Vec<u64> {
    row.cells.iter().map(|cell| cell.back).collect()
}

const DAYS: &[(i32, &[u32])] = &[(1, &[1, 2, 3]), (2, &[1, 4]), (3, &[2, 4]), (4, &[1, 2])];

#[test]
fn a_cohort_is_who_came_for_the_first_time() {
    let grid = grid(DAYS, &[3], &options(10));
    assert_eq!(grid.rows.iter().map(|row| row.people).collect::<Vec<_>>(), [2, 1, 0, 0]);
    assert_eq!(backs(&grid.rows[0]), [2, 1, 1, 2]);
    assert_eq!(backs(&grid.rows[1]), [1, 1, 0, 0]);
}

#[test]
fn a_recurring_cohort_is_whoever_came() {
    let grid = grid(DAYS, &[], &RetentionOptions { is_recurring: true, ..options(10) });
    assert_eq!(grid.rows.iter().map(|row| row.people).collect::<Vec<_>>(), [3, 2, 2, 2]);
    assert_eq!(backs(&grid.rows[1]), [2, 1, 1, 0]);
}

#[test]
fn on_or_after_counts_who_came_later_too() {
    let grid = grid(DAYS, &[], &RetentionOptions { is_unbounded: true, ..options(10) });
    assert_eq!(backs(&grid.rows[0]), [3, 2, 2, 2]);
    assert_eq!(backs(&grid.rows[1]), [1, 1, 0, 0]);
}

#[test]
fn what_has_not_begun_has_no_cell_and_what_runs_is_in_no_mean() {
    let grid = grid(DAYS, &[], &options(4));
    assert_eq!(grid.rows.iter().map(|row| row.cells.len()).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(grid.rows[0].cells[3], Cell { back: 2, is_whole: false });
    // Of offset 2 only day 3 is over, of the first cohort.
    assert_eq!(grid.means[2].weighted, Share::new(1, 3));
    assert_eq!(grid.means[3].weighted.percent(), None);
    assert_eq!(grid.means[3].simple, None);
}

#[test]
fn the_weighted_mean_is_of_people_and_the_simple_one_of_cohorts() {
    let grid = grid(&[(1, &[1, 2, 3, 4]), (2, &[1, 9]), (3, &[9])], &[], &options(10));
    // A quarter of four, all of one.
    assert_eq!(grid.means[1].weighted, Share::new(2, 5));
    assert_eq!(grid.means[1].simple, Some(0.625));
}

#[test]
fn what_starts_and_what_retains_may_differ() {
    let (starts, returns) = (daily(&[(1, &[1, 2])]), daily(&[(2, &[2, 7])]));
    let grid = retention(&starts, &returns, &RoaringBitmap::new(), &options(10));
    assert_eq!(backs(&grid.rows[0]), [0, 1, 0, 0]);
}

#[test]
fn somebody_is_retained_in_the_calendar_week_after() {
    let weeks = RetentionOptions { period: Period::Week, cohorts: (1, 1), offsets: 2, ..options(30) };
    // Week 1 is days 4..=10: the last day of it and the first of the next lie in two weeks.
    let grid = grid(&[(10, &[1]), (11, &[1])], &[], &weeks);
    assert_eq!(backs(&grid.rows[0]), [1, 1, 0]);
}

#[test]
fn days_later_are_those_that_are_over() {
    let daily = daily(&[(1, &[1, 2]), (2, &[1, 3]), (9, &[2, 3])]);
    let of = |today, is_unbounded| {
        let options = DaysLater { cohorts: (Day(1), Day(5)), is_unbounded, today: Day(today) };
        days_later(&daily, &daily, &RoaringBitmap::new(), &options).map(|(_, share)| (share.part, share.of))
    };
    // Day 1 + 7 = 8 nobody; day 2 + 7 = 9: the third.
    assert_eq!(of(50, false), [(1, 3), (1, 3), (0, 3), (0, 0)]);
    assert_eq!(of(9, false), [(1, 3), (0, 2), (0, 0), (0, 0)]);
    assert_eq!(of(50, true), [(3, 3), (2, 3), (0, 3), (0, 0)]);
}

#[test]
fn nobody_is_no_share() {
    let grid = grid(&[], &[], &options(10));
    assert!(grid.means.iter().all(|mean| mean.weighted.percent().is_none() && mean.simple.is_none()));
    assert!(retention(&Daily::default(), &Daily::default(), &RoaringBitmap::new(), &options(0)).rows.is_empty());
}
