//! The life of alerts on a frozen clock: windows, cooldown, grouping, silence, quiet hours, escalation, reminders, flapping.

use std::time::Duration;

use kernel::ids::{DumpId, MonitorId};
use kernel::time::{HOUR, MINUTE};
use kernel::{Fact, Time};
use serde_json::json;
use testkit::fakes::Sink;

use super::house::{Fixture, WINDOW, down_fact, said, up_fact};

#[tokio::test]
async fn exactly_one_opening_and_one_ending_are_told_in_order() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    assert!(said(&sink).is_empty(), "the window is still open");
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(MINUTE * 2).await;
    fixture.up(1).await;
    fixture.house.pass(MINUTE).await;
    assert_eq!(said(&sink), ["open monitor 1 is down", "resolved monitor 1 is up again after 2 min 51 s"]);
}

#[tokio::test]
async fn what_ends_within_the_window_is_never_sent() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(Duration::from_secs(20)).await;
    fixture.up(1).await;
    fixture.house.pass(MINUTE * 10).await;
    assert!(said(&sink).is_empty());
    assert_eq!(fixture.alerts().await[0]["state"], "resolved", "but it is recorded");
}

#[tokio::test]
async fn a_fact_that_is_handled_twice_opens_one_alert() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let now = fixture.house.clock.now();
    fixture.house.tell(down_fact(1, now)).await;
    fixture.house.tell(down_fact(1, now)).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.tell(up_fact(1, now)).await;
    fixture.house.tell(down_fact(1, now)).await;
    fixture.house.pass(MINUTE * 10).await;
    assert_eq!(fixture.alerts().await.len(), 1);
    assert_eq!(said(&sink).len(), 2);
}

#[tokio::test]
async fn the_cooldown_holds_the_next_notice_and_survives_in_the_database() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.up(1).await;
    fixture.house.pass(MINUTE).await;
    fixture.down(1).await;
    fixture.house.pass(MINUTE * 2).await;
    assert_eq!(said(&sink).len(), 2, "told less than five minutes ago");
    fixture.house.pass(MINUTE * 3).await;
    assert_eq!(said(&sink).len(), 3, "still open after the cooldown: held, not dropped");
    fixture.up(1).await;
    fixture.house.pass(MINUTE).await;
    fixture.down(1).await;
    fixture.house.pass(MINUTE).await;
    fixture.up(1).await;
    fixture.house.pass(MINUTE * 10).await;
    assert_eq!(said(&sink).len(), 4, "ended within the cooldown: nothing is told");
}

#[tokio::test]
async fn what_fails_minutes_after_a_storm_is_told_and_not_swallowed_by_its_group() {
    let fixture = Fixture::large().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    for id in 1..=5 {
        fixture.down(id).await;
    }
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(MINUTE * 2).await;
    fixture.down(40).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["grouped 5 of 60 monitors down, first monitor 1", "grouped 6 of 60 monitors down, first monitor 1"]);
    assert!(sink.requests()[1].json()["data"]["items"][0].as_str().expect("an item").starts_with("monitor 40"));
}

#[tokio::test]
async fn fifty_monitors_on_one_host_are_one_notice_and_one_recovery() {
    let fixture = Fixture::large().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    for id in 1..=30 {
        fixture.down(id).await;
    }
    fixture.house.pass(WINDOW).await;
    for id in 31..=50 {
        fixture.down(id).await;
    }
    fixture.house.pass(MINUTE * 2).await;
    assert_eq!(said(&sink), ["grouped 30 of 60 monitors down, first monitor 1"]);
    let items = sink.requests()[0].json()["data"]["items"].as_array().expect("items").len();
    assert_eq!(items, 21, "twenty by name, and how many more");
    let group = fixture.alerts().await.iter().find(|alert| alert["is_group"] == true).cloned().expect("the group");
    assert_eq!(group["title"], "50 of 60 monitors down, first monitor 1");
    let member = fixture.house.member(kernel::Role::Viewer).await;
    let rows = |body: &str| body.matches("data-row").count();
    assert_eq!(rows(&member.get("/alerts").await.expect(200).body), 1, "the list shows the group for its members");
    assert!(rows(&member.get(&format!("/alerts/{}", group["id"])).await.expect(200).body) >= 50, "its page shows them");
    for id in 1..=49 {
        fixture.up(id).await;
    }
    fixture.house.pass(MINUTE).await;
    let left = fixture.get(&format!("/api/v1/alerts/{}", group["id"])).await;
    assert_eq!((&left["title"], &left["subject"]), (&json!("1 of 60 monitors down, first monitor 50"), &json!("1 monitor")));
    assert_eq!(said(&sink).len(), 1, "one is still failing");
    fixture.up(50).await;
    fixture.house.pass(MINUTE).await;
    assert_eq!(said(&sink)[1], "resolved All 50 monitors recovered after 3 min 51 s");
    assert_eq!(said(&sink).len(), 2);
}

#[tokio::test]
async fn a_channel_hears_of_one_outage_once_and_from_the_rule_that_was_made_for_it() {
    let fixture = Fixture::new().await;
    let (sink, other) = (Sink::start(), Sink::start());
    fixture.hook("Hook", &sink).await;
    fixture.post("/api/v1/channels", json!({"name": "Other", "kind": "webhook", "takes": "critical", "url": other.url("/")})).await;
    for id in 1..=6 {
        let rule = json!({"name": format!("Own {id}"), "source": "monitor_down", "only": format!("monitor {id}"), "severity": "warning", "channels": ["Hook"], "cooldown_minutes": 0});
        fixture.post("/api/v1/alert-rules", rule).await;
        fixture.down(id).await;
    }
    fixture.house.pass(WINDOW).await;
    let rules: Vec<_> = sink.requests().iter().map(|request| request.json()["data"]["facts"]["Rule"].clone()).collect();
    assert_eq!(rules, ["Own 1", "Own 2", "Own 3", "Own 4", "Own 5", "Own 6"], "each by its own rule, none a second time in a group");
    assert_eq!(said(&other), ["grouped 6 of 12 monitors down, first monitor 1"], "the general rule tells those whom no other told");
    for id in 1..=6 {
        fixture.up(id).await;
    }
    assert_eq!((said(&sink).len(), said(&other).len()), (12, 2));
}

#[tokio::test]
async fn two_at_once_are_told_one_by_one() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.down(2).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["open monitor 1 is down", "open monitor 2 is down"]);
}

#[tokio::test]
async fn a_silence_holds_and_what_is_open_when_it_ends_is_told() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let member = fixture.house.member(kernel::Role::Member).await;
    member
        .post("/alerts/silences", &[("scope", "matching"), ("matching", "MONITOR 1"), ("hours", "1"), ("reason", "move")])
        .await
        .expect(303);
    fixture.down(1).await;
    fixture.down(2).await;
    fixture.house.pass(MINUTE * 30).await;
    assert_eq!(said(&sink), ["open monitor 2 is down"]);
    fixture.house.pass(MINUTE * 31).await;
    assert_eq!(said(&sink)[1], "open monitor 1 is down");
    // One without an end, lifted by hand.
    member.post("/alerts/silences", &[("scope", "matching"), ("matching", "monitor 3"), ("hours", "lifted")]).await.expect(303);
    fixture.down(3).await;
    fixture.house.pass(HOUR * 30).await;
    assert!(!said(&sink).iter().any(|line| line.contains("monitor 3")));
    member.post("/alerts/silences/2/lift", &[]).await.expect(303);
    fixture.house.pass(WINDOW).await;
    assert!(said(&sink).iter().any(|line| line == "open monitor 3 is down"));
}

#[tokio::test]
async fn quiet_hours_hold_warnings_for_one_digest_and_let_critical_ones_through_across_the_change_of_clocks() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    let channel = fixture.hook("Hook", &sink).await;
    let admin = fixture.house.member(kernel::Role::Admin).await;
    let night = [("starts", "22:00"), ("ends", "07:00"), ("zone", "Europe/Berlin"), ("holds", "warning")];
    admin.post(&format!("/alerts/channels/{channel}/quiet"), &night).await.expect(303);
    fixture.change_rule("degraded", json!({"channels": ["everywhere"]})).await;
    // The night in which 02:00 becomes 03:00; 23:30 in Berlin.
    for (evening, morning) in [("2026-03-28T22:30:00Z", "2026-03-29T05:00:00Z"), ("2026-10-24T21:30:00Z", "2026-10-25T06:00:00Z")] {
        let morning = Time::parse_rfc3339(morning).expect("a moment");
        fixture.house.clock.set(Time::parse_rfc3339(evening).expect("a moment"));
        fixture.house.work().await;
        sink.log().clear();
        let now = fixture.house.clock.now();
        let degraded = Fact::MonitorDegraded {
            monitor: MonitorId(5),
            name: "slow one".into(),
            target: "x".into(),
            since: now,
            detail: "3 of 5 too slow".into(),
        };
        fixture.house.tell(degraded).await;
        fixture.down(1).await;
        fixture.house.pass(MINUTE).await;
        assert_eq!(said(&sink), ["open monitor 1 is down"], "critical breaks through, the warning is held");
        fixture.up(1).await;
        fixture.house.pass(MINUTE).await;
        let before = morning.since(fixture.house.clock.now()) - MINUTE;
        fixture.house.pass(before).await;
        let held = said(&sink);
        assert!(held.iter().all(|line| !line.starts_with("digest")), "a minute before the morning: {held:?}");
        fixture.house.pass(MINUTE).await;
        let digest = sink.requests().last().expect("the digest").json();
        assert_eq!(digest["type"], "alert.digest");
        assert!(digest["data"]["items"][0].as_str().expect("a line").contains("[DEGRADED] slow one is degraded"), "{digest}");
        let restored = Fact::MonitorRestored {
            monitor: MonitorId(5),
            name: "slow one".into(),
            target: "x".into(),
            degraded_since: now,
            restored_at: morning,
        };
        fixture.house.tell(restored).await;
        fixture.house.pass(HOUR).await;
    }
}

#[tokio::test]
async fn nobody_acknowledges_and_the_ladder_is_climbed_until_somebody_does() {
    let fixture = Fixture::new().await;
    let (first, second) = (Sink::start(), Sink::start());
    let admin = fixture.house.member(kernel::Role::Admin).await;
    for (name, sink) in [("First", &first), ("Second", &second)] {
        let body = json!({"name": name, "kind": "webhook", "takes": "named", "url": sink.url("/")});
        fixture.post("/api/v1/channels", body).await;
    }
    let policy = [
        ("name", "Ladder"),
        ("wait_1", "5"),
        ("channels_1", "Second"),
        ("wait_2", "10"),
        ("channels_2", "First"),
        ("channels_2", "Second"),
        ("repeat", "1"),
    ];
    admin.post("/alerts/policies", &policy).await.expect(303);
    fixture.change_rule("down", json!({"channels": ["First"], "policy": "Ladder"})).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!((said(&first).len(), said(&second).len()), (1, 0));
    fixture.house.pass(MINUTE * 5).await;
    assert_eq!((said(&first).len(), said(&second).len()), (1, 1));
    assert!(said(&second)[0].starts_with("escalated monitor 1 is down"), "{:?}", said(&second));
    fixture.house.pass(MINUTE * 10).await;
    assert_eq!((said(&first).len(), said(&second).len()), (2, 2));
    fixture.house.pass(MINUTE * 5).await;
    assert_eq!((said(&first).len(), said(&second).len()), (2, 3), "the second round");
    let id = fixture.alerts().await[0]["id"].as_i64().expect("an id");
    fixture.post(&format!("/api/v1/alerts/{id}/acknowledge"), json!({})).await;
    fixture.house.work().await;
    assert!(said(&first)[2].starts_with("acknowledged"), "{:?}", said(&first));
    fixture.house.live_through(HOUR * 23, HOUR).await;
    assert_eq!((said(&first).len(), said(&second).len()), (3, 4), "neither steps nor reminders after that");
}

#[tokio::test]
async fn reminders_come_after_an_hour_and_then_after_twice_the_time() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.live_through(HOUR * 8, MINUTE * 10).await;
    let kinds: Vec<String> = said(&sink).iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(kinds, ["open", "reminder", "reminder", "reminder"], "after 1, 3 and 7 hours");
    fixture.up(1).await;
    fixture.house.live_through(HOUR * 30, HOUR).await;
    assert_eq!(said(&sink).len(), 5, "one ending, then silence");
}

#[tokio::test]
async fn a_flapping_monitor_is_told_once_until_it_is_stable() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    let now = fixture.house.clock.now();
    let flapping =
        Fact::MonitorFlapping { monitor: MonitorId(1), name: "monitor 1".into(), target: "x".into(), transitions: 4, since: now };
    fixture.house.tell(flapping).await;
    for _ in 0..3 {
        fixture.up(1).await;
        fixture.house.pass(MINUTE).await;
        fixture.down(1).await;
        fixture.house.pass(MINUTE).await;
    }
    assert_eq!(said(&sink), ["open monitor 1 is down", "flapping monitor 1 keeps changing between up and down"]);
    fixture.house.tell(Fact::MonitorSettled { monitor: MonitorId(1), name: "monitor 1".into(), target: "x".into(), is_down: false }).await;
    fixture.house.pass(MINUTE).await;
    assert!(said(&sink)[2].starts_with("resolved monitor 1 is up again"), "{:?}", said(&sink));
}

#[tokio::test]
async fn interrupted_monitoring_is_told_and_so_is_its_end() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let now = fixture.house.clock.now();
    fixture.house.tell(Fact::MonitoringInterrupted { vantage: "main".into(), since: now, detail: "No way out.".into() }).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(MINUTE * 4).await;
    let resumed_at = fixture.house.clock.now();
    fixture.house.tell(Fact::MonitoringResumed { vantage: "main".into(), since: now, resumed_at }).await;
    assert_eq!(said(&sink), ["interrupted Monitoring from main is interrupted", "resumed Monitoring from main goes on after 4 min 31 s"]);
}

#[tokio::test]
async fn a_paused_monitor_ends_what_is_open_about_it() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.tell(Fact::MonitorSilenced { monitor: MonitorId(1), name: "monitor 1".into() }).await;
    assert_eq!(said(&sink).len(), 2);
    assert_eq!(fixture.alerts().await[0]["resolved_by"], "the monitor's pause, change or removal");
}

#[tokio::test]
async fn a_certificate_is_told_of_at_each_threshold_in_one_alert() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let not_after = fixture.house.clock.now() + HOUR * 24 * 14;
    let fact =
        |days_left| Fact::CertificateExpiring { monitor: MonitorId(1), name: "shop".into(), target: "x".into(), not_after, days_left };
    fixture.house.tell(fact(14)).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(HOUR * 24 * 7).await;
    fixture.house.tell(fact(7)).await;
    fixture.house.tell(fact(7)).await;
    fixture.house.work().await;
    assert_eq!(said(&sink), ["open The certificate of shop ends in 14 days", "open The certificate of shop ends in 7 days"]);
    fixture.house.pass(HOUR * 24 * 9).await;
    fixture.house.pass(MINUTE).await;
    assert_eq!(fixture.alerts().await.len(), 1);
    assert_eq!(fixture.alerts().await[0]["state"], "resolved", "a day after its end the monitor itself says how it is");
}

#[tokio::test]
async fn a_renewed_certificate_ends_the_alert_about_its_end() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let (monitor, name, target) = (MonitorId(1), "shop".to_owned(), "x".to_owned());
    let (now, day) = (fixture.house.clock.now(), HOUR * 24);
    let ends = Fact::CertificateExpiring { monitor, name: name.clone(), target: target.clone(), not_after: now + day * 14, days_left: 14 };
    fixture.house.tell(ends).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.tell(Fact::CertificateRenewed { monitor, name, target, not_after: now + day * 90, renewed_at: now + HOUR }).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(fixture.alerts().await[0]["state"], "resolved");
    assert_eq!(said(&sink).len(), 2, "who was warned hears of it: {:?}", said(&sink));
}

#[tokio::test]
async fn a_metric_rule_opens_after_its_time_and_resolves_by_itself() {
    let fixture = Fixture::metered().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.house.live_through(MINUTE * 4, MINUTE).await;
    assert!(said(&sink).is_empty(), "85 % must be crossed for five minutes");
    fixture.house.live_through(MINUTE * 5, MINUTE).await;
    assert_eq!(said(&sink), ["open Disk more than 85 % full"]);
    let detail = sink.requests()[0].json()["data"]["detail"].clone();
    assert_eq!(detail, "uptime.host_disk_percent is 91.5 % (limit > 85 %), from 12 samples.");
    fixture.house.live_through(MINUTE * 60, MINUTE).await;
    assert!(said(&sink)[1].starts_with("resolved Disk more than 85 % full: over after"), "{:?}", said(&sink));
    assert_eq!(said(&sink).len(), 2);
}

#[tokio::test]
async fn rules_whose_metric_nobody_provides_say_for_whom_they_wait() {
    let fixture = Fixture::alone().await;
    fixture.house.live_through(MINUTE * 3, MINUTE).await;
    let rules = fixture.get("/api/v1/alert-rules").await;
    let waiting: Vec<_> = rules["alert_rules"].as_array().expect("rules").iter().filter(|rule| !rule["waits_for"].is_null()).collect();
    assert_eq!(waiting.len(), 13, "all but “down” of the thirteen wait for their capability, and the export for the status page");
    let page = fixture.house.member(kernel::Role::Viewer).await.get("/alerts/rules").await.expect(200);
    assert!(page.body.contains("waiting for revenue") && page.body.contains("waiting for tickets"));
}

#[tokio::test]
async fn notices_write_moments_in_the_instances_time_zone() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let sealer = fixture.house.cx.sealer.clone();
    let zone = capability::settings::SPINE_SECTIONS
        .iter()
        .flat_map(|(_, section)| section.fields)
        .find(|field| field.key == "instance.zone")
        .expect("the setting");
    fixture.house.cx.write(move |tx| capability::settings::set(tx, &sealer, zone, "Europe/Berlin")).await.expect("set");
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(sink.requests()[0].json()["data"]["facts"]["Since"], "2 Mar 2026, 13:00 CET");
}

#[tokio::test]
async fn text_messages_stop_at_the_budget_of_the_day_and_one_note_says_so() {
    let fixture = Fixture::new().await;
    let twilio = testkit::fakes::Twilio::start();
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let body = json!({"name": "Phone", "kind": "sms", "account_sid": twilio.account_sid(), "auth_token": twilio.auth_token(), "from": "+15005550006", "to": "+4915112345678", "api_base": twilio.api_base()});
    fixture.post("/api/v1/channels", body).await;
    let cx = &fixture.house.cx;
    let sealer = cx.sealer.clone();
    let field = crate::settings::SECTION.fields.iter().find(|field| field.key == "alerts.sms_per_day").expect("the setting");
    cx.write(move |tx| capability::settings::set(tx, &sealer, field, "2")).await.expect("set");
    for id in 1..=4 {
        fixture.down(id).await;
        fixture.house.pass(MINUTE * 2).await;
    }
    assert_eq!(twilio.messages().len(), 2);
    let notes: Vec<_> = said(&sink).into_iter().filter(|line| line.contains("text messages")).collect();
    assert_eq!(notes, ["digest The text messages of today are used up"]);
}

#[tokio::test]
async fn a_failed_backup_is_told_once_and_over_when_a_good_one_is_there() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let failed = |since, reason: &str, detail: &str| Fact::DumpFailed {
        dump: DumpId(4),
        name: "Shop".into(),
        place: "main".into(),
        since,
        reason: reason.into(),
        detail: detail.into(),
    };
    let now = fixture.house.clock.now();
    fixture.house.tell(failed(now, "failed", "Exit code 3.")).await;
    fixture.house.tell(failed(now + MINUTE, "failed", "Exit code 4.")).await;
    let alerts = fixture.alerts().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!((alerts[0]["title"].as_str(), alerts[0]["detail"].as_str()), (Some("The backup of Shop failed"), Some("Exit code 4.")));
    fixture.house.pass(WINDOW).await;
    let recovered_at = fixture.house.clock.now();
    fixture.house.tell(Fact::DumpRecovered { dump: DumpId(4), name: "Shop".into(), recovered_at, by: String::new() }).await;
    assert_eq!(said(&sink), ["open The backup of Shop failed", "resolved There is a good backup of Shop again after 31 s"]);
}
