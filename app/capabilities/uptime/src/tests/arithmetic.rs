//! Uptime is time, rounded down, in the zone's own days and months.

use jiff::tz::TimeZone;
use kernel::Time;
use kernel::time::parse_zone;

use crate::model::arithmetic::{Percent, Tally, days, month, spans};
use crate::model::state::MonitorState::{Degraded, Down, Maintenance, NoData, Up};

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn tally(changes: &[(Time, crate::model::state::MonitorState)], from: Time, to: Time) -> Tally {
    Tally::of(&spans(changes, from, to), from, to)
}

#[test]
fn a_minute_and_a_second_down_in_a_month_is_not_a_hundred_percent() {
    let from = at("2026-01-01T00:00:00Z");
    let changes = [(from, Up), (Time(from.0 + 1_000_000), Down), (Time(from.0 + 1_061_000), Up)];
    let percent = tally(&changes, from, at("2026-01-31T00:00:00Z")).uptime().unwrap();
    assert_eq!(percent.to_string(), "99.99 %");
    assert!(percent < Percent(10_000_000));
}

#[test]
fn percentages_are_cut_never_rounded_up() {
    assert_eq!(Percent(9_999_500).to_string(), "99.99 %");
    assert_eq!(Percent(9_999_999).to_string(), "99.99 %");
    assert_eq!(Percent(10_000_000).to_string(), "100 %");
    assert_eq!(Percent(5_000).to_string(), "0.05 %");
    let almost = Tally { up: i64::MAX / 4, down: 1, ..Tally::default() };
    assert_eq!(almost.uptime().unwrap().to_string(), "99.99 %");
}

#[test]
fn maintenance_and_no_data_are_excluded_and_shown() {
    let (from, to) = (Time(0), Time(100_000));
    let changes = [(Time(10_000), Up), (Time(40_000), Maintenance), (Time(60_000), Degraded), (Time(70_000), Down), (Time(80_000), NoData)];
    let tally = tally(&changes, from, to);
    assert_eq!(tally, Tally { up: 30_000, degraded: 10_000, down: 10_000, maintenance: 20_000, nodata: 30_000 });
    assert_eq!(tally.uptime().unwrap().to_string(), "80.00 %");
    assert_eq!(Tally { nodata: 5, ..Tally::default() }.uptime(), None);
}

#[test]
fn changes_before_the_window_carry_into_it() {
    let changes = [(Time(0), Up), (Time(5), Down)];
    assert_eq!(tally(&changes, Time(100), Time(200)), Tally { down: 100, ..Tally::default() });
}

#[test]
fn days_are_as_long_as_the_zone_makes_them() {
    for (zone, day, hours) in [
        ("Europe/Berlin", "2026-03-29T20:00:00Z", 23.0),
        ("Europe/Berlin", "2026-10-25T20:00:00Z", 25.0),
        ("America/New_York", "2026-03-08T20:00:00Z", 23.0),
        ("Australia/Lord_Howe", "2026-10-04T05:00:00Z", 23.5),
        ("Australia/Lord_Howe", "2026-04-05T05:00:00Z", 24.5),
        ("Asia/Kolkata", "2026-03-29T08:00:00Z", 24.0),
    ] {
        let buckets = days(&parse_zone(zone).unwrap(), at(day), 90);
        assert_eq!(buckets.len(), 90);
        let today = buckets.last().unwrap();
        assert_eq!((today.to.0 - today.from.0) as f64 / 3_600_000.0, hours, "{zone} {day}");
        assert!(buckets.windows(2).all(|pair| pair[0].to == pair[1].from), "no hole and no overlap in {zone}");
    }
}

#[test]
fn an_outage_over_midnight_counts_in_both_months() {
    let berlin = parse_zone("Europe/Berlin").unwrap();
    let changes = [(at("2026-01-01T00:00:00Z"), Up), (at("2026-01-31T22:30:00Z"), Down), (at("2026-01-31T23:30:00Z"), Up)];
    let in_month = |number| {
        let bucket = month(&berlin, 2026, number).unwrap();
        tally(&changes, bucket.from, bucket.to).down
    };
    assert_eq!((in_month(1), in_month(2)), (1_800_000, 1_800_000), "midnight in Berlin is 23:00 UTC");
    let utc = month(&TimeZone::UTC, 2026, 1).unwrap();
    assert_eq!(tally(&changes, utc.from, utc.to).down, 3_600_000);
    assert_eq!(month(&TimeZone::UTC, 2028, 2).map(|bucket| bucket.to.0 - bucket.from.0), Some(29 * 86_400_000));
}

#[test]
fn the_worst_state_colours_the_bar() {
    assert_eq!(Tally { up: 100, down: 1, ..Tally::default() }.worst(), Down);
    assert_eq!(Tally { up: 1, maintenance: 9, ..Tally::default() }.worst(), Up);
    assert_eq!(Tally { maintenance: 9, nodata: 9, ..Tally::default() }.worst(), Maintenance);
    assert_eq!(Tally::default().worst(), NoData);
}
