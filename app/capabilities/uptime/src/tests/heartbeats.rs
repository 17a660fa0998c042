//! When a beat is due, and what its absence means.

use kernel::Time;
use proptest::prelude::*;
use std::time::Duration;

use crate::model::check::{Reason, Verdict};
use crate::model::heartbeat::{Beat, BeatKind, BeatState, excused, expectation, next_cron, next_deadline, overdue, parse_cron, take_in};
use crate::model::watch::{BeatSchedule, HeartbeatWatch};

fn every(period_s: u32, grace_s: u32) -> HeartbeatWatch {
    HeartbeatWatch { schedule: BeatSchedule::Every { period_s }, grace_s, ..HeartbeatWatch::default() }
}

fn beat(at: i64, kind: BeatKind) -> Beat {
    Beat { at: Time(at * 1_000), kind, exit_code: None, run_id: None, body: String::new(), reported_ms: None }
}

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

#[test]
fn a_new_heartbeat_waits_for_its_first_beat() {
    assert_eq!(overdue(&every(60, 10), &BeatState::default(), None, Time(i64::MAX)), None);
}

#[test]
fn a_beat_that_stays_away_fails_at_its_deadline() {
    let (state, check) = take_in(&BeatState::default(), &beat(100, BeatKind::Success));
    assert_eq!(check.unwrap().verdict, Verdict::Ok);
    let watch = every(60, 10);
    assert_eq!(overdue(&watch, &state, None, Time(169_999)), None);
    let late = overdue(&watch, &state, None, Time(200_000)).unwrap();
    assert_eq!((late.reason, late.at), (Some(Reason::BeatMissing), Time(170_000)));
    assert_eq!(next_deadline(&watch, &state), Some(Time(170_000)));
}

#[test]
fn a_run_that_does_not_end_is_an_overrun_and_its_end_measures_it() {
    let watch = HeartbeatWatch { max_run_s: Some(30), ..every(60, 10) };
    let (state, _) = take_in(&BeatState::default(), &beat(100, BeatKind::Success));
    let (started, none) = take_in(&state, &beat(160, BeatKind::Start));
    assert_eq!(none, None);
    assert_eq!(overdue(&watch, &started, None, Time(175_000)), None, "it began in time and may still run");
    let late = overdue(&watch, &started, None, Time(191_000)).unwrap();
    assert_eq!((late.reason, late.at), (Some(Reason::BeatOverrun), Time(190_000)));
    let (_, ended) = take_in(&started, &beat(185, BeatKind::Success));
    assert_eq!(ended.unwrap().phases.total, 25_000_000);
}

#[test]
fn exit_codes_decide() {
    assert_eq!(BeatKind::from_suffix("0"), Some((BeatKind::Success, Some(0))));
    assert_eq!(BeatKind::from_suffix("3"), Some((BeatKind::Fail, Some(3))));
    assert_eq!(BeatKind::from_suffix("256"), None);
    assert_eq!(BeatKind::from_suffix("stop"), None);
    let failed = Beat { exit_code: Some(3), ..beat(1, BeatKind::Fail) };
    let check = take_in(&BeatState::default(), &failed).1.unwrap();
    assert_eq!((check.reason, check.detail.as_str()), (Some(Reason::BeatFailed), "The job ended with exit code 3."));
}

#[test]
fn runs_with_their_own_ids_do_not_end_each_other() {
    let run = |at, kind, id: &str| Beat { run_id: Some(id.to_owned()), ..beat(at, kind) };
    let (state, _) = take_in(&BeatState::default(), &run(0, BeatKind::Start, "a"));
    let (state, _) = take_in(&state, &run(5, BeatKind::Start, "b"));
    let (state, _) = take_in(&state, &run(9, BeatKind::Success, "b"));
    assert_eq!(state.runs, vec![("a".to_owned(), Time(0))]);
}

#[test]
fn a_run_that_crashed_once_does_not_hide_what_comes_after_it() {
    let run = |at, kind, id: &str| Beat { run_id: Some(id.to_owned()), ..beat(at, kind) };
    let watch = HeartbeatWatch { max_run_s: Some(30), ..every(60, 10) };
    let (state, _) = take_in(&BeatState::default(), &run(0, BeatKind::Start, "a"));
    assert_eq!(overdue(&watch, &state, None, Time(31_000)).unwrap().at, Time(30_000), "the crash itself is told");
    let (state, _) = take_in(&state, &run(60, BeatKind::Start, "b"));
    let (state, _) = take_in(&state, &run(65, BeatKind::Success, "b"));
    assert_eq!(overdue(&watch, &state, None, Time(100_000)), None);
    assert_eq!(next_deadline(&watch, &state), Some(Time(135_000)));
    let late = overdue(&watch, &state, None, Time(140_000)).unwrap();
    assert_eq!((late.reason, late.at), (Some(Reason::BeatMissing), Time(135_000)));
}

#[test]
fn what_was_due_while_nobody_listened_is_no_failure() {
    let watch = HeartbeatWatch { max_run_s: Some(30), ..every(60, 10) };
    let state = BeatState { last_end: Some(Time(100_000)), ..BeatState::default() };
    let after = excused(&watch, &state, Time(500_000));
    assert_eq!(overdue(&watch, &after, None, Time(569_000)), None);
    assert_eq!(overdue(&watch, &after, None, Time(571_000)).unwrap().at, Time(570_000), "from there on it is due again");
    let after = excused(&watch, &state, Time(120_000));
    assert_eq!(next_deadline(&watch, &after), Some(Time(170_000)), "what is due after the gap stays due");
    let running = BeatState { runs: vec![("a".to_owned(), Time(150_000))], ..state };
    let after = excused(&watch, &running, Time(500_000));
    assert_eq!(overdue(&watch, &after, None, Time(529_000)), None);
    assert_eq!(overdue(&watch, &after, None, Time(530_000)).unwrap().reason, Some(Reason::BeatOverrun));
}

#[test]
fn a_job_inside_the_skipped_hour_runs_right_after_it_and_once_in_the_repeated_one() {
    let next = |after: &str, zone: &str| next_cron("30 2 * * *", zone, at(after)).unwrap().rfc3339();
    assert_eq!(next("2026-03-28T12:00:00Z", "Europe/Berlin"), "2026-03-29T01:00:00Z");
    assert_eq!(next("2026-10-24T12:00:00Z", "Europe/Berlin"), "2026-10-25T00:30:00Z");
    assert_eq!(next("2026-10-25T00:30:00Z", "Europe/Berlin"), "2026-10-26T01:30:00Z");
    assert_eq!(next("2026-03-28T12:00:00Z", "Asia/Kolkata"), "2026-03-28T21:00:00Z");
}

#[test]
fn impossible_and_malformed_expressions_are_refused_with_a_sentence() {
    for bad in ["", "* * * *", "61 * * * *", "0 0 31 2 *", "0 0 0 * * * *", "hello"] {
        assert!(parse_cron(bad).is_err(), "{bad:?}");
    }
    for good in ["*/5 * * * *", "0 3 * * MON", "@daily", "0 0 29 2 *"] {
        assert!(parse_cron(good).is_ok(), "{good:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_daily_job_is_due_every_day_and_never_twice(
        zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
        start in 1_767_225_600_000i64..1_798_761_600_000,
        hour in 0..24u8,
        minute in 0..60u8,
    ) {
        let expression = format!("{minute} {hour} * * *");
        let mut before = next_cron(&expression, zone, Time(start)).unwrap();
        for _ in 0..10 {
            let next = next_cron(&expression, zone, before).unwrap();
            let hours = next.since(before).as_secs_f64() / 3_600.0;
            prop_assert!((21.9..=26.1).contains(&hours), "{zone} {expression}: {before} then {next}");
            before = next;
        }
    }

    #[test]
    fn the_deadline_never_lies_before_the_beat(period in 10..100_000u32, grace in 1..10_000u32, last in 0..4_000_000_000_000i64) {
        let state = BeatState { last_end: Some(Time(last)), ..BeatState::default() };
        let found = expectation(&every(period, grace), &state).unwrap();
        prop_assert!(found.due > Time(last));
        prop_assert_eq!(found.deadline, found.due + Duration::from_secs(u64::from(grace)));
    }
}
