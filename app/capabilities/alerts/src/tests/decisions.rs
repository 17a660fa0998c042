//! The pure half: judging metrics, when notices are due, quiet hours, silences, ladders, grouping.

use std::time::Duration;

use kernel::Time;
use kernel::ids::{AlertId, AlertRuleId, ChannelId};
use kernel::time::{HOUR, MINUTE};
use proptest::prelude::*;

use crate::alert::{due_at, next_reminder};
use crate::channel::{Channel, ChannelKind, Takes};
use crate::grouping::{group_title, is_mass};
use crate::ids::{PolicyId, QuietId, SilenceId};
use crate::policy::{NotifyPolicy, PolicyStep, Rung};
use crate::quiet::{EVERY_DAY, QuietHours, parse_minute, quiet_until};
use crate::recipients::recipients;
use crate::rule::{MetricWatch, Nodata, Operator, Source, Target, Topic, Value, Verdict, Watch, judge};
use crate::severity::Severity;
use crate::shipped;
use crate::silence::{Muted, Silence, Subject, muted};

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).expect("a moment")
}

fn watch(hold: Duration, clear: Duration, min_samples: u64, nodata: Nodata) -> MetricWatch {
    MetricWatch { metric: "x.y".to_owned(), operator: Operator::Above, threshold: 5.0, hold, clear, min_samples, nodata }
}

fn read(value: f64, samples: u64) -> Option<Value> {
    Some(Value { value, samples })
}

#[test]
fn opens_after_the_threshold_was_crossed_for_the_whole_time() {
    let rule = watch(MINUTE * 2, MINUTE, 0, Nodata::Keep);
    let (verdict, after) = judge(&rule, Watch::default(), read(6.0, 1), false, Time(0));
    assert_eq!(verdict, Verdict::Nothing);
    let (verdict, after) = judge(&rule, after, read(9.0, 1), false, Time(60_000));
    assert_eq!(verdict, Verdict::Nothing);
    let (verdict, after) = judge(&rule, after, read(5.1, 1), false, Time(120_000));
    assert_eq!(verdict, Verdict::Open { since: Time(0) });
    let (verdict, _) = judge(&rule, after, read(5.1, 1), true, Time(180_000));
    assert_eq!(verdict, Verdict::Nothing, "one alert, however long it lasts");
}

#[test]
fn a_good_look_in_between_starts_the_time_again() {
    let rule = watch(MINUTE * 2, MINUTE, 0, Nodata::Keep);
    let (_, after) = judge(&rule, Watch::default(), read(6.0, 1), false, Time(0));
    let (_, after) = judge(&rule, after, read(5.0, 1), false, Time(60_000));
    let (verdict, _) = judge(&rule, after, read(6.0, 1), false, Time(120_000));
    assert_eq!(verdict, Verdict::Nothing);
}

#[test]
fn resolves_after_it_was_good_for_the_whole_time() {
    let rule = watch(Duration::ZERO, MINUTE * 2, 0, Nodata::Keep);
    let (verdict, after) = judge(&rule, Watch::default(), read(4.0, 1), true, Time(0));
    assert_eq!(verdict, Verdict::Nothing);
    let (verdict, _) = judge(&rule, after, read(4.0, 1), true, Time(120_000));
    assert_eq!(verdict, Verdict::Resolve { since: Time(0) });
}

#[test]
fn one_error_of_two_requests_is_not_an_error_rate() {
    let rule = watch(Duration::ZERO, Duration::ZERO, 20, Nodata::Keep);
    let (verdict, _) = judge(&rule, Watch::default(), read(50.0, 2), false, Time(0));
    assert_eq!(verdict, Verdict::Nothing);
    let (verdict, _) = judge(&rule, Watch::default(), read(50.0, 20), false, Time(0));
    assert_eq!(verdict, Verdict::Open { since: Time(0) });
}

#[test]
fn a_missing_value_means_what_the_rule_says() {
    let judge_missing =
        |nodata, is_open| judge(&watch(Duration::ZERO, Duration::ZERO, 0, nodata), Watch::default(), None, is_open, Time(7)).0;
    assert_eq!(judge_missing(Nodata::Keep, false), Verdict::Nothing);
    assert_eq!(judge_missing(Nodata::Keep, true), Verdict::Nothing);
    assert_eq!(judge_missing(Nodata::Ok, true), Verdict::Resolve { since: Time(7) });
    assert_eq!(judge_missing(Nodata::Alert, false), Verdict::Open { since: Time(7) });
    let (verdict, _) = judge(&watch(Duration::ZERO, Duration::ZERO, 0, Nodata::Keep), Watch::default(), read(f64::NAN, 9), false, Time(7));
    assert_eq!(verdict, Verdict::Nothing, "what is not a number is no value");
}

#[test]
fn the_shipped_rules_are_those_of_the_mission() {
    let lines: Vec<String> = shipped::rules()
        .iter()
        .map(|rule| {
            let what = match &rule.source {
                Source::Told(topic) => topic.as_str().to_owned(),
                Source::Metric(watch) => format!("{} {} {}", watch.metric, watch.operator.sign(), watch.threshold),
            };
            let channels: Vec<_> = rule.targets.iter().map(Target::as_text).collect();
            format!("{} | {what} | {} | {} | {} min", rule.key, rule.severity, channels.join("+"), rule.cooldown.as_secs() / 60)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert_eq!(shipped::THIRTEEN, 13);
}

#[test]
fn a_rule_whose_metric_nobody_provides_names_whom_it_waits_for() {
    let rules = shipped::rules();
    let find = |key: &str| rules.iter().find(|rule| rule.key == key).expect("shipped");
    let known = |metric: &str| metric.starts_with("uptime.");
    assert_eq!(find("mrr-drop").waits_for(known), Some("revenue"));
    assert_eq!(find("disk").waits_for(known), None);
    assert_eq!(find("down").waits_for(known), None);
}

#[test]
fn an_opening_notice_waits_for_window_cooldown_and_silence() {
    let window = Duration::from_secs(30);
    assert_eq!(due_at(Time(0), window, None, None), Some(Time(30_000)));
    assert_eq!(due_at(Time(0), window, Some(Time(300_000)), None), Some(Time(300_000)));
    assert_eq!(due_at(Time(0), window, Some(Time(300_000)), Some(Muted::Until(Time(900_000)))), Some(Time(900_000)));
    assert_eq!(due_at(Time(0), window, None, Some(Muted::Open)), None);
}

#[test]
fn reminders_double_from_an_hour_to_a_day() {
    let gaps: Vec<u64> = (0..7).map(|count| next_reminder(count, MINUTE * 5, Time(0)).0 as u64 / 3_600_000).collect();
    assert_eq!(gaps, [1, 2, 4, 8, 16, 24, 24]);
    assert_eq!(next_reminder(0, HOUR * 6, Time(0)), Time(0) + HOUR * 6, "never more often than the cooldown");
    assert_eq!(next_reminder(40, HOUR * 48, Time(0)), Time(0) + HOUR * 48);
}

fn night(zone: &str, starts: &str, ends: &str) -> QuietHours {
    QuietHours {
        id: QuietId(1),
        channel: ChannelId(1),
        zone: zone.to_owned(),
        starts: parse_minute(starts).expect("a time"),
        ends: parse_minute(ends).expect("a time"),
        weekdays: EVERY_DAY,
        holds: Severity::Warning,
    }
}

#[test]
fn quiet_hours_hold_what_is_not_critical_until_the_morning() {
    let windows = [night("Europe/Berlin", "22:00", "07:00")];
    let quiet = |severity, text| quiet_until(&windows, severity, at(text));
    assert_eq!(quiet(Severity::Warning, "2026-07-01T23:00:00Z"), Some(at("2026-07-02T05:00:00Z")));
    assert_eq!(quiet(Severity::Critical, "2026-07-01T23:00:00Z"), None, "critical always breaks through");
    assert_eq!(quiet(Severity::Warning, "2026-07-01T12:00:00Z"), None);
    assert_eq!(quiet(Severity::Warning, "2026-07-02T05:00:00Z"), None, "the end is no longer quiet");
    assert_eq!(quiet(Severity::Warning, "2026-07-01T20:00:00Z"), Some(at("2026-07-02T05:00:00Z")), "the start is");
}

#[test]
fn quiet_hours_are_an_hour_shorter_in_the_night_of_the_spring_change() {
    // Europe/Berlin: 2026-03-29, 02:00 becomes 03:00. Winter is UTC+1, summer UTC+2.
    let windows = [night("Europe/Berlin", "22:00", "07:00")];
    assert_eq!(quiet_until(&windows, Severity::Info, at("2026-03-28T22:00:00Z")), Some(at("2026-03-29T05:00:00Z")));
    assert_eq!(quiet_until(&windows, Severity::Info, at("2026-03-28T20:59:59Z")), None, "22:00 is 21:00 UTC before the change");
    // A window that starts in the hour that does not exist starts when the clock has jumped.
    let skipped = [night("Europe/Berlin", "02:30", "05:00")];
    assert_eq!(quiet_until(&skipped, Severity::Info, at("2026-03-29T01:29:00Z")), None);
    assert_eq!(quiet_until(&skipped, Severity::Info, at("2026-03-29T01:31:00Z")), Some(at("2026-03-29T03:00:00Z")));
}

#[test]
fn quiet_hours_are_an_hour_longer_in_the_night_of_the_autumn_change() {
    // Europe/Berlin: 2026-10-25, 03:00 becomes 02:00.
    let windows = [night("Europe/Berlin", "22:00", "07:00")];
    let span = |start: &str| quiet_until(&windows, Severity::Info, at(start)).expect("quiet").since(at(start));
    assert_eq!(span("2026-10-24T20:00:00Z"), HOUR * 10);
    assert_eq!(span("2026-10-23T20:00:00Z"), HOUR * 9);
    // One that ends in the hour that comes twice ends at its first coming, and is not quiet again at its second.
    let twice = [night("Europe/Berlin", "23:00", "02:30")];
    assert_eq!(quiet_until(&twice, Severity::Info, at("2026-10-24T23:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
    assert_eq!(quiet_until(&twice, Severity::Info, at("2026-10-25T01:15:00Z")), None);
}

#[test]
fn quiet_hours_know_half_hour_changes_and_zones_without_any() {
    // Australia/Lord_Howe moves by 30 minutes: 2026-04-05 02:00 becomes 01:30; UTC+11 → UTC+10:30.
    let lord_howe = [night("Australia/Lord_Howe", "22:00", "06:00")];
    assert_eq!(quiet_until(&lord_howe, Severity::Info, at("2026-04-04T11:00:00Z")), Some(at("2026-04-04T19:30:00Z")));
    let kolkata = [night("Asia/Kolkata", "22:00", "06:00")];
    assert_eq!(quiet_until(&kolkata, Severity::Info, at("2026-04-04T16:30:00Z")), Some(at("2026-04-05T00:30:00Z")));
}

#[test]
fn windows_that_touch_are_one_night_and_weekdays_count_from_the_start() {
    let mut evening = night("UTC", "20:00", "23:00");
    let morning = night("UTC", "23:00", "06:00");
    assert_eq!(quiet_until(&[evening.clone(), morning], Severity::Info, at("2026-07-01T21:00:00Z")), Some(at("2026-07-02T06:00:00Z")));
    evening.ends = 120;
    evening.weekdays = 0b001_0000; // Friday; 2026-07-03 is one.
    assert_eq!(quiet_until(&[evening.clone()], Severity::Info, at("2026-07-04T01:00:00Z")), Some(at("2026-07-04T02:00:00Z")));
    assert_eq!(quiet_until(&[evening], Severity::Info, at("2026-07-04T21:00:00Z")), None);
}

#[test]
fn a_channel_that_is_always_quiet_is_let_go_sometimes() {
    let always = [night("UTC", "00:00", "00:00")];
    let until = quiet_until(&always, Severity::Info, at("2026-07-01T12:00:00Z")).expect("quiet");
    assert!(until.since(at("2026-07-01T12:00:00Z")) < HOUR * 24 * 16);
}

fn silence() -> Silence {
    Silence {
        id: SilenceId(1),
        rule: None,
        matching: String::new(),
        alert: None,
        reason: String::new(),
        starts_at: Time(0),
        ends_at: Some(Time(1_000)),
        made_by: String::new(),
    }
}

#[test]
fn a_silence_covers_by_rule_text_alert_and_time() {
    let subject = Subject { alert: AlertId(1), rule: AlertRuleId(2), words: &["API (prod)", "https://api.example.com", "monitor:3"] };
    assert!(silence().covers(&subject, Time(0)));
    assert!(!silence().covers(&subject, Time(1_000)), "the end is not silent");
    assert!(Silence { matching: "PROD".to_owned(), ..silence() }.covers(&subject, Time(5)));
    assert!(!Silence { matching: "staging".to_owned(), ..silence() }.covers(&subject, Time(5)));
    assert!(!Silence { rule: Some(AlertRuleId(9)), ..silence() }.covers(&subject, Time(5)));
    assert!(!Silence { alert: Some(AlertId(9)), ..silence() }.covers(&subject, Time(5)));
    let longer = Silence { ends_at: Some(Time(9_000)), ..silence() };
    assert_eq!(muted(&[silence(), longer], &subject, Time(5)), Some(Muted::Until(Time(9_000))));
    assert_eq!(muted(&[silence(), Silence { ends_at: None, ..silence() }], &subject, Time(5)), Some(Muted::Open));
    assert_eq!(muted(&[silence()], &subject, Time(2_000)), None);
}

#[test]
fn a_ladder_is_climbed_and_repeated_as_often_as_it_says() {
    let step = |minutes: u32| PolicyStep { wait: MINUTE * minutes, targets: vec![Target::Everywhere] };
    let policy = NotifyPolicy { id: PolicyId(1), name: "Night".to_owned(), steps: vec![step(0), step(5), step(10)], repeat: 1 };
    let (mut rung, mut now) = policy.first(Time(0)).expect("a step");
    let mut climbed = vec![(rung.step, rung.round, now.0 / 60_000)];
    while let Some((next, due)) = policy.after(rung, now) {
        (rung, now) = (next, due);
        climbed.push((rung.step, rung.round, now.0 / 60_000));
        assert!(climbed.len() < 20, "the ladder has an end");
    }
    assert_eq!(climbed, [(0, 0, 0), (1, 0, 5), (2, 0, 15), (0, 1, 16), (1, 1, 21), (2, 1, 31)]);
    assert!(policy.after(Rung { step: 2, round: 5 }, now).is_none());
    assert!(NotifyPolicy::checked("x", vec![step(1)], 6).is_err(), "at most five times");
    assert!(NotifyPolicy::checked("x", vec![], 0).is_err());
}

#[test]
fn many_at_once_are_one_failure() {
    assert!(!is_mass(2, 2, 3), "two are told one by one");
    assert!(is_mass(3, 3, 5));
    assert!(!is_mass(3, 3, 6), "half is not most");
    assert!(is_mass(5, 5, 100), "five at once are a storm, however many are well");
    assert!(!is_mass(1, 9, 10), "there is nothing to group in one");
    assert_eq!(group_title(Topic::MonitorDown, 7, 12, "api"), "7 of 12 monitors down, first api");
    assert_eq!(group_title(Topic::MonitorDegraded, 7, 0, "api"), "7 monitors degraded, first api");
}

fn channel(id: i64, kind: ChannelKind, takes: Takes) -> Channel {
    Channel {
        id: ChannelId(id),
        kind,
        name: format!("c{id}"),
        hint: String::new(),
        takes,
        is_enabled: true,
        disabled_reason: String::new(),
        last_sent_at: None,
        last_failed_at: None,
        last_error: String::new(),
        last_code: None,
        created_at: Time(0),
        has_lost_secrets: false,
    }
}

#[test]
fn an_alert_that_would_reach_nobody_goes_to_whoever_is_there() {
    let slack = [Target::Kind(ChannelKind::Slack)];
    let mail = channel(1, ChannelKind::Email, Takes::Named);
    let ntfy = channel(2, ChannelKind::Ntfy, Takes::Warning);
    let phone = channel(3, ChannelKind::Sms, Takes::Named);
    let ids = |found: Vec<ChannelId>| found.into_iter().map(|id| id.0).collect::<Vec<_>>();
    let all = [mail.clone(), ntfy.clone(), phone.clone()];
    assert_eq!(ids(recipients(&slack, &all, Severity::Warning, None)), [2], "ntfy takes warnings");
    assert_eq!(ids(recipients(&slack, &[mail.clone(), phone.clone()], Severity::Warning, None)), [1], "a text message costs money");
    assert_eq!(ids(recipients(&slack, &[mail.clone(), phone.clone()], Severity::Critical, None)), [1, 3]);
    assert_eq!(ids(recipients(&[], &all, Severity::Critical, None)), [0i64; 0], "a rule may be for the list only");
    assert_eq!(ids(recipients(&[Target::Everywhere], &all, Severity::Info, Some(ChannelId(2)))), [1, 3]);
    let off = Channel { is_enabled: false, ..mail };
    assert_eq!(ids(recipients(&[Target::Channel(ChannelId(1))], &[off, ntfy], Severity::Info, None)), [2]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quiet_hours_always_end_later_and_are_quiet_until_then(start in 0u16..1440, end in 0u16..1440, days in 1u8..128, offset in 0i64..(366 * 1440)) {
        let window = QuietHours { starts: start, ends: end, weekdays: days, ..night("Europe/Berlin", "00:00", "00:00") };
        let now = Time(1_767_225_600_000 + offset * 60_000);
        if let Some(until) = quiet_until(std::slice::from_ref(&window), Severity::Info, now) {
            prop_assert!(until > now);
            prop_assert!(quiet_until(std::slice::from_ref(&window), Severity::Info, until).is_none_or(|next| next.since(now) > Duration::from_secs(13 * 86_400)));
        }
    }
}
