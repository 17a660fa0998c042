//! Maintenance windows over both clock changes.

use kernel::Time;
use kernel::ids::MonitorId;
use proptest::prelude::*;

use crate::model::window::{Window, WindowRule, local_moment, maintenance_since};

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn weekly(days: &[i8], time: &str, minutes: u32, zone: &str) -> WindowRule {
    WindowRule::Weekly { days: days.to_vec(), at: time.to_owned(), minutes, zone: zone.to_owned() }.checked(Time(0)).unwrap()
}

fn times((from, to): (Time, Time)) -> (String, String) {
    (from.rfc3339(), to.rfc3339())
}

#[test]
fn a_weekly_window_follows_the_local_clock_through_both_changes() {
    for (zone, time, noon, starts) in [
        ("Europe/Berlin", "01:30", "2026-03-28T12:00:00Z", "2026-03-29T00:30:00Z"),
        ("Europe/Berlin", "02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", "02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "04:00", "2026-10-24T12:00:00Z", "2026-10-25T03:00:00Z"),
        ("America/New_York", "02:15", "2026-03-07T18:00:00Z", "2026-03-08T07:15:00Z"),
        ("America/New_York", "01:30", "2026-10-31T18:00:00Z", "2026-11-01T05:30:00Z"),
        ("Australia/Lord_Howe", "02:10", "2026-10-03T02:00:00Z", "2026-10-03T15:40:00Z"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04T02:00:00Z", "2026-04-04T14:45:00Z"),
        ("Asia/Kolkata", "02:30", "2026-03-28T12:00:00Z", "2026-03-28T21:00:00Z"),
    ] {
        let rule = weekly(&[7], time, 120, zone);
        let (from, to) = rule.next(at(noon)).unwrap();
        assert_eq!(from.rfc3339(), starts, "{zone} {time}");
        assert_eq!(to.0 - from.0, 120 * 60_000, "two hours are two hours in {zone}");
        assert_eq!(rule.covering(from), Some((from, to)));
        assert_eq!(rule.covering(Time(to.0 - 1)), Some((from, to)));
        assert_eq!(rule.covering(to), None);
        assert_eq!(rule.covering(Time(from.0 - 1)), None);
    }
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_it_began_on() {
    let rule = weekly(&[5], "23:00", 180, "Europe/Berlin");
    let found = rule.covering(at("2026-06-05T23:30:00Z")).unwrap();
    assert_eq!(times(found), ("2026-06-05T21:00:00Z".into(), "2026-06-06T00:00:00Z".into()));
}

#[test]
fn a_cron_window_covers_from_each_occurrence() {
    let rule = WindowRule::Cron { expression: "0 3 1 * *".into(), minutes: 60, zone: "Europe/Berlin".into() }.checked(Time(0)).unwrap();
    assert_eq!(times(rule.covering(at("2026-07-01T01:30:00Z")).unwrap()), ("2026-07-01T01:00:00Z".into(), "2026-07-01T02:00:00Z".into()));
    assert_eq!(rule.covering(at("2026-07-01T02:00:00Z")), None);
    assert_eq!(rule.next(at("2026-07-01T01:30:00Z")).unwrap().0.rfc3339(), "2026-08-01T01:00:00Z");
}

#[test]
fn a_window_covers_its_monitors_or_all() {
    let rule = WindowRule::Once { from: Time(10), to: Time(20), zone: "UTC".into() };
    let mut window = Window { id: 1, title: "t".into(), monitors: vec![MonitorId(1)], rule, is_on: true, announced_as: None };
    assert_eq!(maintenance_since(std::slice::from_ref(&window), MonitorId(1), Time(15)), Some(Time(10)));
    assert_eq!(maintenance_since(std::slice::from_ref(&window), MonitorId(2), Time(15)), None);
    window.monitors.clear();
    assert_eq!(maintenance_since(std::slice::from_ref(&window), MonitorId(2), Time(15)), Some(Time(10)));
    window.is_on = false;
    assert_eq!(maintenance_since(&[window], MonitorId(2), Time(15)), None);
}

#[test]
fn wrong_windows_are_refused() {
    let once = |from, to, now| WindowRule::Once { from: Time(from), to: Time(to), zone: "UTC".into() }.checked(Time(now));
    assert!(once(2, 2, 0).is_err());
    assert_eq!(
        once(2, 9, 9).unwrap_err().field_errors()[0].message,
        "This window is over already. Please let it end at a time that lies ahead."
    );
    assert!(once(2, 9, 8).is_ok(), "one that is open may be set");
    let wrong = WindowRule::Weekly { days: vec![0, 9], at: "25:00".into(), minutes: 0, zone: "Mars".into() }.checked(Time(0)).unwrap_err();
    let fields: Vec<&str> = wrong.field_errors().iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["days", "at", "minutes", "zone"]);
}

#[test]
fn a_moment_that_the_clocks_skip_is_refused_with_the_next_one_that_exists() {
    for (wanted, zone, answer) in [
        ("2026-03-29T02:30", "Europe/Berlin", "The clocks in Europe/Berlin skip 2026-03-29 02:30. Please give 2026-03-29 03:00 or later."),
        (
            "2026-10-04T02:10",
            "Australia/Lord_Howe",
            "The clocks in Australia/Lord_Howe skip 2026-10-04 02:10. Please give 2026-10-04 02:30 or later.",
        ),
    ] {
        assert_eq!(local_moment(wanted, zone, "from").unwrap_err().field_errors()[0].message, answer);
    }
    assert_eq!(local_moment("2026-03-29T03:00", "Europe/Berlin", "from").unwrap(), at("2026-03-29T01:00:00Z"));
    assert_eq!(local_moment("2026-10-25T02:30", "Europe/Berlin", "from").unwrap(), at("2026-10-25T00:30:00Z"), "the first of the two");
    assert!(local_moment("tomorrow", "UTC", "to").is_err() && local_moment("2026-03-29T03:00", "Mars", "to").is_err());
}

#[test]
fn a_single_window_is_read_in_its_own_zone() {
    let once = |to: &str| WindowRule::Once { from: at("2026-06-05T21:00:00Z"), to: at(to), zone: "Europe/Berlin".into() }.describe();
    assert_eq!(once("2026-06-05T21:45:00Z"), "once, 2026-06-05 23:00 to 23:45 (Europe/Berlin)");
    assert_eq!(once("2026-06-05T22:45:00Z"), "once, 2026-06-05 23:00 to 2026-06-06 00:45 (Europe/Berlin)");
}

proptest! {
    #[test]
    fn the_next_window_begins_after_now_and_covers_its_own_start(
        zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
        now in 1_767_225_600_000i64..1_798_761_600_000,
        day in 1..=7i8,
        hour in 0..24u8,
        minute in 0..60u8,
        minutes in 1..2_000u32,
    ) {
        let rule = weekly(&[day], &format!("{hour:02}:{minute:02}"), minutes, zone);
        let (from, to) = rule.next(Time(now)).unwrap();
        prop_assert!(from > Time(now) && from.0 - now <= 8 * 86_400_000);
        prop_assert_eq!(rule.covering(from), Some((from, to)));
        prop_assert_eq!(rule.covering(Time(to.0 - 1)), Some((from, to)));
    }
}
