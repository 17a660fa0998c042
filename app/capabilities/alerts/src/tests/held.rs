//! What must be told after all: outages beside an acknowledged group, metrics that stay bad, what was held, muted or left behind.

use kernel::Fact;
use kernel::ids::{AlertId, ChannelId, DeliveryId, MonitorId};
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::json;
use testkit::fakes::Sink;

use super::house::{Fixture, WINDOW, said};

/// A monitor that fails after somebody took charge of a group is news, not a line under it.
#[tokio::test]
async fn a_new_outage_is_told_although_a_group_was_acknowledged_a_minute_ago() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    for id in 1..=6 {
        fixture.down(id).await;
    }
    fixture.house.pass(WINDOW).await;
    let group = fixture.alerts().await.iter().find(|alert| alert["is_group"] == true).expect("the group")["id"].clone();
    fixture.post(&format!("/api/v1/alerts/{group}/acknowledge"), json!({})).await;
    fixture.house.pass(MINUTE).await;
    fixture.down(7).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink).last().expect("a notice"), "open monitor 7 is down");
}

#[tokio::test]
async fn a_metric_that_stays_bad_after_it_was_resolved_by_hand_opens_again() {
    let fixture = Fixture::metered().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.house.live_through(MINUTE * 9, MINUTE).await;
    let id = fixture.alerts().await[0]["id"].clone();
    fixture.post(&format!("/api/v1/alerts/{id}/resolve"), json!({})).await;
    fixture.house.live_through(MINUTE * 3, MINUTE).await;
    let all = fixture.alerts().await;
    assert_eq!((all.len(), all[0]["state"].as_str()), (2, Some("open")), "{all:?}");
}

#[tokio::test]
async fn a_rule_that_watches_another_metric_ends_what_it_opened_and_begins_anew() {
    let fixture = Fixture::metered().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.house.live_through(MINUTE * 9, MINUTE).await;
    fixture.change_rule("disk", json!({"metric": "uptime.other"})).await;
    fixture.house.work().await;
    assert_eq!(fixture.alerts().await[0]["state"], "resolved");
    fixture.house.live_through(MINUTE * 2, MINUTE).await;
    fixture.change_rule("disk", json!({"metric": "uptime.host_disk_percent"})).await;
    fixture.house.live_through(MINUTE * 4, MINUTE).await;
    assert_eq!(fixture.alerts().await.len(), 1, "five minutes count from the change");
    fixture.house.live_through(MINUTE * 3, MINUTE).await;
    assert_eq!(fixture.alerts().await[0]["state"], "open");
}

#[tokio::test]
async fn a_critical_alert_breaks_through_although_a_warning_about_the_same_is_held() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    let channel = fixture.hook("Hook", &sink).await;
    quiet(&fixture, channel, "00:00", "23:00", "warning").await;
    let own = json!({"name": "Own", "source": "monitor_down", "only": "monitor 1", "severity": "warning", "channels": ["Hook"]});
    fixture.post("/api/v1/alert-rules", own).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["open monitor 1 is down"]);
    assert_eq!(sink.requests()[0].json()["data"]["facts"]["Rule"], fixture.rule("down").await["name"]);
}

async fn quiet(fixture: &Fixture, channel: i64, starts: &str, ends: &str, holds: &str) {
    let admin = fixture.house.member(kernel::Role::Admin).await;
    let window = [("starts", starts), ("ends", ends), ("zone", "UTC"), ("holds", holds)];
    admin.post(&format!("/alerts/channels/{channel}/quiet"), &window).await.expect(303);
}

async fn degraded(fixture: &Fixture) {
    let since = fixture.house.clock.now();
    let fact = Fact::MonitorDegraded { monitor: MonitorId(5), name: "slow".into(), target: "x".into(), since, detail: "too slow".into() };
    fixture.house.tell(fact).await;
    fixture.house.pass(WINDOW).await;
}

async fn silence(fixture: &Fixture, matching: &str) {
    let member = fixture.house.member(kernel::Role::Member).await;
    member.post("/alerts/silences", &[("scope", "matching"), ("matching", matching), ("hours", "1"), ("reason", "move")]).await.expect(303);
}

#[tokio::test]
async fn what_is_held_for_a_channel_that_is_off_is_told_once_it_is_on_again() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    let channel = fixture.hook("Hook", &sink).await;
    quiet(&fixture, channel, "11:00", "13:00", "warning").await;
    fixture.change_rule("degraded", json!({"channels": ["Hook"]})).await;
    degraded(&fixture).await;
    fixture.patch(&format!("/api/v1/channels/{channel}"), json!({"enabled": false})).await;
    fixture.house.live_through(HOUR * 2, MINUTE * 10).await;
    assert!(said(&sink).is_empty());
    fixture.patch(&format!("/api/v1/channels/{channel}"), json!({"enabled": true})).await;
    fixture.house.live_through(MINUTE * 2, MINUTE).await;
    assert!(said(&sink)[0].starts_with("digest"), "{:?}", said(&sink));
}

#[tokio::test]
async fn a_digest_beyond_the_budget_of_text_messages_goes_out_the_next_day() {
    let fixture = Fixture::new().await;
    let twilio = testkit::fakes::Twilio::start();
    let body = json!({"name": "Phone", "kind": "sms", "account_sid": twilio.account_sid(), "auth_token": twilio.auth_token(), "from": "+15005550006", "to": "+4915112345678", "api_base": twilio.api_base()});
    let channel = fixture.post("/api/v1/channels", body).await["id"].as_i64().expect("an id");
    quiet(&fixture, channel, "11:00", "13:00", "warning").await;
    fixture.change_rule("degraded", json!({"channels": ["Phone"]})).await;
    let sealer = fixture.house.cx.sealer.clone();
    let field = crate::settings::SECTION.fields.iter().find(|field| field.key == "alerts.sms_per_day").expect("the setting");
    fixture.house.cx.write(move |tx| capability::settings::set(tx, &sealer, field, "1")).await.expect("set");
    fixture.down(1).await;
    degraded(&fixture).await;
    assert_eq!(twilio.messages().len(), 1, "the critical one");
    fixture.house.live_through(HOUR * 11, MINUTE * 30).await;
    assert_eq!(twilio.messages().len(), 1);
    fixture.house.live_through(HOUR * 2, MINUTE * 30).await;
    assert_eq!(twilio.messages().len(), 2, "the digest");
}

#[tokio::test]
async fn a_warning_is_told_at_the_end_of_its_own_hours_and_nothing_is_held_for_more_than_a_fortnight() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    let channel = fixture.hook("Hook", &sink).await;
    quiet(&fixture, channel, "00:00", "12:00", "info").await;
    quiet(&fixture, channel, "12:00", "00:00", "info").await;
    quiet(&fixture, channel, "11:00", "13:00", "warning").await;
    fixture.change_rule("degraded", json!({"channels": ["Hook"], "severity": "warning"})).await;
    degraded(&fixture).await;
    assert!(said(&sink).is_empty());
    fixture.house.pass(HOUR).await;
    assert_eq!(said(&sink).len(), 1, "the warning");
    let now = fixture.house.clock.now();
    let restored =
        Fact::MonitorRestored { monitor: MonitorId(5), name: "slow".into(), target: "x".into(), degraded_since: now, restored_at: now };
    fixture.house.tell(restored).await;
    fixture.change_rule("degraded", json!({"severity": "info", "cooldown_minutes": 0})).await;
    sink.log().clear();
    degraded(&fixture).await;
    fixture.house.live_through(DAY * 13, HOUR * 12).await;
    assert!(said(&sink).is_empty(), "{:?}", said(&sink));
    fixture.house.live_through(DAY * 2, HOUR * 12).await;
    assert!(said(&sink)[0].starts_with("digest"), "{:?}", said(&sink));
}

#[tokio::test]
async fn a_silence_for_something_else_ends_nobodys_cooldown() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.up(1).await;
    fixture.house.pass(MINUTE).await;
    fixture.down(1).await;
    silence(&fixture, "monitor 9").await;
    fixture.house.pass(MINUTE * 2).await;
    assert_eq!(said(&sink).len(), 2, "told less than five minutes ago");
    fixture.house.pass(MINUTE * 3).await;
    assert_eq!(said(&sink).len(), 3);
}

#[tokio::test]
async fn a_metric_rule_that_is_switched_off_leaves_no_alert_behind() {
    let fixture = Fixture::metered().await;
    fixture.house.live_through(MINUTE * 9, MINUTE).await;
    assert_eq!(fixture.alerts().await[0]["state"], "open");
    fixture.change_rule("disk", json!({"enabled": false})).await;
    fixture.house.work().await;
    assert_eq!(fixture.alerts().await[0]["state"], "resolved");
}

#[tokio::test]
async fn an_alert_whose_rule_is_off_is_overdue_once_and_not_each_minute() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.change_rule("down", json!({"enabled": false})).await;
    fixture.house.live_through(HOUR * 3, MINUTE * 30).await;
    let alert = fixture.house.cx.read(|r| crate::store::alerts::find(r, AlertId(1))).await.expect("a read").expect("the alert");
    assert_eq!((alert.remind_at, said(&sink).len()), (None, 1));
}

#[tokio::test]
async fn of_a_channel_that_is_gone_or_off_nobody_hears_that_it_does_not_deliver() {
    let fixture = Fixture::new().await;
    let (sink, other) = (Sink::start(), Sink::start());
    fixture.hook("Hook", &sink).await;
    for is_removed in [true, false] {
        let id = fixture.hook(&format!("Dead {is_removed}"), &other).await;
        let destination = crate::channel::destination(ChannelId(id));
        fixture.house.tell(Fact::DeliveryDied { delivery: DeliveryId(id), destination, reason: "gone".into() }).await;
        fixture.house.pass(WINDOW).await;
        assert_eq!(fixture.alerts().await[0]["state"], "open");
        let path = format!("/api/v1/channels/{id}");
        if is_removed {
            fixture.api.json(http::Method::DELETE, &path, &json!({})).await.expect(204);
        } else {
            fixture.patch(&path, json!({"enabled": false})).await;
        }
        fixture.house.work().await;
        assert_eq!(fixture.alerts().await[0]["state"], "resolved");
    }
}

#[tokio::test]
async fn a_nearer_end_of_a_certificate_is_told_when_the_silence_over_it_ends() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let not_after = fixture.house.clock.now() + DAY * 14;
    let fact =
        |days_left| Fact::CertificateExpiring { monitor: MonitorId(1), name: "shop".into(), target: "x".into(), not_after, days_left };
    fixture.house.tell(fact(14)).await;
    fixture.house.pass(WINDOW).await;
    silence(&fixture, "shop").await;
    fixture.house.tell(fact(7)).await;
    fixture.house.live_through(MINUTE * 50, MINUTE * 10).await;
    assert_eq!(said(&sink).len(), 1);
    fixture.house.live_through(MINUTE * 20, MINUTE * 10).await;
    assert_eq!(said(&sink)[1..], ["open The certificate of shop ends in 7 days"]);
}

#[tokio::test]
async fn a_monitor_that_settles_down_in_a_silence_is_told_after_it_and_its_end_in_any_case() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let settled = |id| Fact::MonitorSettled { monitor: MonitorId(id), name: format!("monitor {id}"), target: "x".into(), is_down: true };
    for id in [1, 2] {
        let since = fixture.house.clock.now();
        let name = format!("monitor {id}");
        fixture.house.tell(Fact::MonitorFlapping { monitor: MonitorId(id), name, target: "x".into(), transitions: 4, since }).await;
        fixture.house.pass(WINDOW).await;
    }
    silence(&fixture, "monitor").await;
    let before = said(&sink).len();
    fixture.house.tell(settled(1)).await;
    fixture.house.tell(settled(2)).await;
    fixture.house.pass(MINUTE * 10).await;
    assert_eq!(said(&sink).len(), before, "{:?}", said(&sink));
    fixture.up(2).await;
    assert!(said(&sink).last().expect("the end").starts_with("resolved monitor 2"), "who heard of it hears of its end");
    fixture.house.live_through(HOUR, MINUTE * 10).await;
    assert_eq!(said(&sink).last().expect("a notice"), "open monitor 1 is down");
}

#[tokio::test]
async fn a_group_of_slow_monitors_is_called_degraded_and_not_down() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.change_rule("degraded", json!({"channels": ["Hook"]})).await;
    let since = fixture.house.clock.now();
    for id in 1..=5 {
        let name = format!("slow {id}");
        fixture
            .house
            .tell(Fact::MonitorDegraded { monitor: MonitorId(id), name, target: "x".into(), since, detail: "too slow".into() })
            .await;
    }
    fixture.house.pass(WINDOW).await;
    assert_eq!(said(&sink), ["grouped 5 of 12 monitors degraded, first slow 1"]);
    for id in 1..=5 {
        let (name, restored_at) = (format!("slow {id}"), fixture.house.clock.now());
        fixture
            .house
            .tell(Fact::MonitorRestored { monitor: MonitorId(id), name, target: "x".into(), degraded_since: since, restored_at })
            .await;
    }
    fixture.house.work().await;
    assert!(said(&sink)[1].starts_with("resolved All 5 monitors are well again"), "{:?}", said(&sink));
}

#[tokio::test]
async fn what_is_still_open_a_day_after_it_was_acknowledged_is_told_and_escalates_again() {
    let fixture = Fixture::new().await;
    let (sink, second) = (Sink::start(), Sink::start());
    fixture.hook("Hook", &sink).await;
    let boss = json!({"name": "Boss", "kind": "webhook", "takes": "named", "url": second.url("/hook")});
    fixture.post("/api/v1/channels", boss).await;
    let admin = fixture.house.member(kernel::Role::Admin).await;
    admin.post("/alerts/policies", &[("name", "Ladder"), ("wait_1", "10"), ("channels_1", "Boss"), ("repeat", "0")]).await.expect(303);
    fixture.change_rule("down", json!({"channels": ["Hook"], "policy": "Ladder"})).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.post("/api/v1/alerts/1/acknowledge", json!({})).await;
    fixture.house.live_through(HOUR * 23, HOUR).await;
    assert_eq!((said(&sink).len(), said(&second).len()), (2, 0), "opened and acknowledged, then silence: {:?}", said(&sink));
    fixture.house.live_through(HOUR, MINUTE * 20).await;
    let told = said(&sink);
    assert!(told[2].starts_with("reminder monitor 1 is down — still open 1 d after ") && told[2].ends_with(" acknowledged"), "{told:?}");
    assert_eq!(fixture.alerts().await[0]["state"], "open");
    fixture.house.live_through(MINUTE * 11, MINUTE).await;
    assert!(said(&second)[0].starts_with("escalated"), "the ladder is climbed anew: {:?}", said(&second));
    fixture.post("/api/v1/alerts/1/acknowledge", json!({})).await;
    fixture.up(1).await;
    fixture.house.live_through(DAY * 2, HOUR * 6).await;
    assert!(said(&sink).last().expect("a notice").starts_with("resolved"));
}
