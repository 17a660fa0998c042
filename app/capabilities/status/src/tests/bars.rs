//! Days, zones, clock changes, uptime that is never flattered.

use super::sample::*;
use crate::model::bars::{day_bounds, days};
use crate::model::component::{combined_history, overlaid, state_from_feeds, told_state};
use crate::model::*;
use crate::pages::public::bars::runs;
use jiff::civil::date;
use kernel::Time;
use kernel::ids::ComponentId;
use kernel::time::{DAY, HOUR, MINUTE, SECOND, parse_zone};
use proptest::prelude::*;

const CONDITIONS: [Condition; 5] =
    [Condition::Operational, Condition::Degraded, Condition::Down, Condition::Maintenance, Condition::NoData];

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

#[test]
fn one_lost_second_of_a_year_never_reads_a_hundred_per_cent() {
    let from = NOW - DAY * 365;
    let list = [stretch(from, NOW - SECOND, Condition::Operational), stretch(NOW - SECOND, NOW, Condition::Down)];
    let uptime = Uptime::of_stretches(&list, from, NOW);
    assert_eq!(uptime.hundredths(), Some(9_999));
    assert_eq!(Language::En.percent(uptime).unwrap(), "99.99%");
    assert_eq!(Language::De.percent(uptime).unwrap(), "99,99\u{a0}%");
}

#[test]
fn sixty_one_seconds_down_in_ninety_days_is_below_a_hundred() {
    let list = [stretch(NOW - DAY * 90, NOW - SECOND * 61, Condition::Operational), stretch(NOW - SECOND * 61, NOW, Condition::Down)];
    let shown = days(&list, &look().zone, NOW, 90);
    assert!(Uptime::of_days(&shown).hundredths().unwrap() < 10_000);
    assert_eq!(shown.last().unwrap().down, 61_000);
}

#[test]
fn maintenance_and_missing_data_do_not_count_and_without_data_there_is_no_figure() {
    let list = [stretch(NOW - HOUR * 4, NOW - HOUR * 2, Condition::Maintenance), stretch(NOW - HOUR, NOW, Condition::Degraded)];
    assert_eq!(Uptime::of_stretches(&list, NOW - DAY, NOW).hundredths(), Some(10_000));
    assert_eq!(Uptime::of_stretches(&list[..1], NOW - DAY, NOW).hundredths(), None);
}

#[test]
fn days_follow_the_zone_also_when_clocks_change() {
    let zone = parse_zone("Europe/Berlin").unwrap();
    let hours = |day| {
        let (from, to) = day_bounds(day, &zone);
        (to.0 - from.0) / 3_600_000
    };
    assert_eq!(hours(date(2026, 3, 29)), 23);
    assert_eq!(hours(date(2026, 10, 25)), 25);
    assert_eq!(hours(date(2026, 11, 1)), 24);
    let howe = parse_zone("Australia/Lord_Howe").unwrap();
    let (from, to) = day_bounds(date(2026, 10, 4), &howe);
    assert_eq!((to.0 - from.0) / 60_000, 23 * 60 + 30);
}

#[test]
fn an_outage_over_midnight_is_split_where_the_pages_midnight_is() {
    let zone = parse_zone("Asia/Kolkata").unwrap();
    // Midnight in Kolkata is 18:30 UTC.
    let list = [stretch(at("2026-10-31T18:00:00Z"), at("2026-10-31T19:30:00Z"), Condition::Down)];
    let shown = days(&list, &zone, at("2026-11-01T12:00:00Z"), 2);
    assert_eq!(shown[0].date, date(2026, 10, 31));
    assert_eq!((shown[0].down, shown[1].down), (30 * 60_000, 60 * 60_000));
}

#[test]
fn a_day_without_data_is_a_gap_and_not_green() {
    let list = [stretch(NOW - HOUR, NOW, Condition::Operational)];
    let shown = days(&list, &look().zone, NOW, 3);
    assert_eq!(shown[0].condition(), Condition::NoData);
    assert_eq!(shown[2].condition(), Condition::Operational);
    assert!(!shown[2].is_plain(), "the morning without data is told");
}

#[test]
fn several_feeds_make_one_component_by_its_rule() {
    use Condition::*;
    assert_eq!(state_from_feeds(FeedRule::WorstOf, &[Operational, Down]), Some(ComponentState::PartialOutage));
    assert_eq!(state_from_feeds(FeedRule::WorstOf, &[NoData, Down]), Some(ComponentState::MajorOutage));
    assert_eq!(state_from_feeds(FeedRule::AnyUp, &[Operational, Down]), Some(ComponentState::Operational));
    assert_eq!(state_from_feeds(FeedRule::AnyUp, &[Down, Down]), Some(ComponentState::MajorOutage));
    assert_eq!(state_from_feeds(FeedRule::WorstOf, &[NoData, NoData]), None);
    assert_eq!(state_from_feeds(FeedRule::WorstOf, &[Degraded, Operational]), Some(ComponentState::DegradedPerformance));
}

#[test]
fn a_running_maintenance_comes_before_everything_and_reports_only_make_it_worse() {
    use ComponentState::*;
    assert_eq!(told_state(Some(MajorOutage), None, true), Some(UnderMaintenance));
    assert_eq!(told_state(Some(Operational), Some(PartialOutage), false), Some(PartialOutage));
    assert_eq!(told_state(Some(MajorOutage), Some(DegradedPerformance), false), Some(MajorOutage));
    assert_eq!(told_state(None, None, false), None);
}

#[test]
fn a_report_counts_as_downtime_only_when_it_says_so() {
    let mut report = open_report();
    let told = report.stretches(ComponentId(2), NOW);
    assert_eq!(told, vec![stretch(NOW - MINUTE * 50, NOW, Condition::Down)]);
    report.counts_as_downtime = false;
    assert!(report.stretches(ComponentId(2), NOW).is_empty());
    let base = [stretch(NOW - HOUR, NOW, Condition::Operational)];
    let laid = overlaid(&base, &told);
    assert_eq!(
        laid,
        vec![stretch(NOW - HOUR, NOW - MINUTE * 50, Condition::Operational), stretch(NOW - MINUTE * 50, NOW, Condition::Down)]
    );
}

#[test]
fn what_a_report_says_never_makes_measured_downtime_smaller() {
    let hours = |from: u32, to: u32, condition| stretch(NOW - HOUR * from, NOW - HOUR * to, condition);
    let base = [hours(4, 3, Condition::NoData), hours(3, 1, Condition::Down), hours(1, 0, Condition::Operational)];
    let told = [hours(4, 0, Condition::Degraded), hours(3, 2, Condition::Maintenance)];
    assert_eq!(
        overlaid(&base, &told),
        vec![hours(4, 3, Condition::Degraded), hours(3, 1, Condition::Down), hours(1, 0, Condition::Degraded)]
    );
    let worse = [hours(1, 0, Condition::Maintenance), hours(1, 0, Condition::Down)];
    assert_eq!(overlaid(&base[2..], &worse), vec![hours(1, 0, Condition::Down)]);
}

#[test]
fn a_maintenance_that_passed_while_hermetic_was_off_is_completed_at_once() {
    use crate::model::maintenance::{Step, due_step};
    let (start, end) = (NOW - HOUR * 2, NOW - HOUR);
    assert_eq!(due_step(MaintenancePhase::Scheduled, start, end, NOW), Some(Step::Complete));
    assert_eq!(due_step(MaintenancePhase::Scheduled, start, NOW + HOUR, NOW), Some(Step::Start));
    assert_eq!(due_step(MaintenancePhase::InProgress, start, NOW + HOUR, NOW), None);
    assert_eq!(due_step(MaintenancePhase::Cancelled, start, end, NOW), None);
}

proptest! {
    #[test]
    fn every_millisecond_of_a_day_is_told_once(cuts in prop::collection::vec((0i64..200_000_000, 0usize..5), 1..40)) {
        let mut marks = cuts;
        marks.sort_unstable();
        let list: Vec<Stretch> = marks.windows(2).filter(|pair| pair[0].0 < pair[1].0)
            .map(|pair| stretch(Time(NOW.0 - 200_000_000 + pair[0].0), Time(NOW.0 - 200_000_000 + pair[1].0), CONDITIONS[pair[0].1])).collect();
        let zone = parse_zone("America/New_York").unwrap();
        let shown = days(&list, &zone, NOW, 4);
        for day in &shown {
            let (from, to) = day_bounds(day.date, &zone);
            let sum = day.up + day.degraded + day.down + day.maintenance + day.no_data;
            prop_assert_eq!(sum, to.0.min(NOW.0) - from.0);
        }
        let told: usize = runs(&shown).iter().map(|run| run.days.len()).sum();
        prop_assert_eq!(told, 4);
    }

    #[test]
    fn joined_histories_never_overlap(first in prop::collection::vec((1i64..500, 0usize..5), 0..20), second in prop::collection::vec((1i64..500, 0usize..5), 0..20)) {
        let build = |steps: &[(i64, usize)]| {
            let mut from = 0;
            steps.iter().map(|(length, kind)| { let one = stretch(Time(from), Time(from + length), CONDITIONS[*kind]); from += length; one }).collect::<Vec<_>>()
        };
        let (one, two) = (build(&first), build(&second));
        let end = one.iter().chain(&two).map(|stretch| stretch.to.0).max().unwrap_or(0);
        for rule in FeedRule::ALL {
            let both = combined_history(*rule, &[one.clone(), two.clone()]);
            prop_assert!(both.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].condition != pair[1].condition));
            prop_assert_eq!(both.iter().map(|stretch| stretch.to.0 - stretch.from.0).sum::<i64>(), end);
        }
    }
}
