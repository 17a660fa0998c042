//! What happens between the outbox and other companies' servers.

use std::time::Duration;

use kernel::Role;
use kernel::time::{HOUR, MINUTE};
use serde_json::{Value, json};
use testkit::fakes::{Discord, Ntfy, PagerDuty, Play, Sink, Slack, Smtp, Teams, Telegram, Twilio};
use tokio_util::sync::CancellationToken;

use super::house::{Fixture, WINDOW, refusing, said};

const SOON: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_channel_delays_nobody_and_gets_its_alert_when_it_recovers() {
    let fixture = Fixture::new().await;
    let (hung, well) = (Sink::start(), Sink::start());
    hung.set(Play::Hang);
    fixture.hook("Hung", &hung).await;
    fixture.hook("Well", &well).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(fixture.house.runner.clone().run(stop.clone()));
    let wake = async || {
        fixture
            .house
            .cx
            .write(|tx| {
                tx.signal(work::TOPIC);
                Ok(())
            })
            .await
            .expect("a signal")
    };
    let now = fixture.house.clock.now();
    let facts = [super::house::down_fact(1, now), super::house::down_fact(2, now)];
    for fact in facts {
        fixture.house.cx.write(move |tx| work::record(tx, &fact)).await.expect("recorded");
    }
    // The alerts exist before the clock moves on.
    while fixture.alerts().await.len() < 2 {
        tokio::task::yield_now().await;
    }
    fixture.house.clock.advance(WINDOW);
    wake().await;
    well.wait_for(2, SOON).await;
    assert_eq!(hung.wait_for(1, SOON).await.len(), 1, "one at a time, and it hangs");
    // It comes back: the connection breaks, the next attempt is due after its pause.
    hung.set(Play::ok("ok"));
    hung.close();
    hung.open();
    let mut delivered = 0;
    for _ in 0..200 {
        fixture.house.clock.advance(Duration::from_secs(2));
        wake().await;
        tokio::time::timeout(
            Duration::from_millis(100),
            hung.log().wait_until(SOON, |request| super::house::told(request) == "open monitor 2 is down"),
        )
        .await
        .ok();
        delivered = said(&hung).len();
        if delivered >= 3 {
            break;
        }
    }
    assert_eq!(delivered, 3, "the first again, then the second");
    let keys: Vec<String> = hung.requests().iter().map(|request| request.json()["id"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(keys[0], keys[1], "the same key on each attempt");
    stop.cancel();
    running.abort();
}

#[tokio::test]
async fn every_attempt_carries_the_same_key() {
    let fixture = Fixture::new().await;
    let sink = refusing(500);
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(MINUTE).await;
    sink.set(Play::ok("ok"));
    fixture.house.pass(MINUTE).await;
    let keys: Vec<String> = sink.requests().iter().map(|request| request.header("webhook-id").unwrap_or_default().to_owned()).collect();
    assert!(keys.len() >= 3, "{keys:?}");
    assert!(keys.iter().all(|key| *key == keys[0] && key.starts_with("alert:1:open:1:")), "{keys:?}");
}

#[tokio::test]
async fn an_opening_that_never_went_out_is_told_with_its_end() {
    let fixture = Fixture::new().await;
    let sink = refusing(503);
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(MINUTE * 2).await;
    fixture.up(1).await;
    sink.set(Play::ok("ok"));
    sink.log().clear();
    fixture.house.pass(MINUTE * 5).await;
    assert_eq!(said(&sink), ["resolved monitor 1 was down 2 min 51 s, recovered"]);
    assert_eq!(sink.requests()[0].json()["data"]["is_merged"], true);
}

#[tokio::test]
async fn a_delayed_opening_says_how_late_it_is() {
    let fixture = Fixture::new().await;
    let sink = refusing(503);
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.live_through(MINUTE * 21, MINUTE).await;
    sink.set(Play::ok("ok"));
    sink.log().clear();
    fixture.house.live_through(MINUTE * 40, MINUTE).await;
    let body = sink.requests()[0].json();
    assert!(body["data"]["delayed_seconds"].as_u64().expect("delayed") > 15 * 60, "{body}");
}

#[tokio::test]
async fn a_dead_channel_is_told_of_by_another_at_most_once_a_day() {
    let fixture = Fixture::new().await;
    let (dead, well) = (refusing(404), Sink::start());
    let body = json!({"name": "Dead", "kind": "webhook", "takes": "named", "url": dead.url("/")});
    fixture.post("/api/v1/channels", body).await;
    fixture.hook("Well", &well).await;
    fixture.change_rule("down", json!({"channels": ["Dead"]})).await;
    for id in 1..=4 {
        fixture.down(id).await;
        fixture.house.pass(MINUTE * 7).await;
    }
    let told: Vec<_> = said(&well).into_iter().filter(|line| line.contains("does not deliver")).collect();
    assert_eq!(told, ["open The channel Dead does not deliver"]);
    // It works again: the alert about it ends.
    dead.set(Play::ok("ok"));
    let channels = fixture.get("/api/v1/channels").await;
    let id = channels["channels"][0]["id"].clone();
    let tested = fixture.post(&format!("/api/v1/channels/{id}/test"), json!({})).await;
    assert_eq!(tested["is_sent"], true, "{tested}");
    fixture.house.work().await;
    assert!(said(&well).iter().any(|line| line == "resolved The channel Dead delivers again"), "{:?}", said(&well));
}

#[tokio::test]
async fn a_late_critical_notice_is_told_by_another_channel_after_a_minute() {
    let fixture = Fixture::new().await;
    let (late, well) = (refusing(503), Sink::start());
    fixture.post("/api/v1/channels", json!({"name": "Late", "kind": "webhook", "takes": "named", "url": late.url("/")})).await;
    fixture.post("/api/v1/channels", json!({"name": "Well", "kind": "webhook", "takes": "named", "url": well.url("/")})).await;
    fixture.change_rule("down", json!({"channels": ["Late"]})).await;
    fixture.change_rule("channel-dead", json!({"channels": ["Well"]})).await;
    fixture.down(1).await;
    fixture.house.live_through(MINUTE * 4, Duration::from_secs(10)).await;
    let body = well.requests().first().map(testkit::fakes::Recorded::json).unwrap_or_default();
    assert_eq!(body["data"]["severity"], "critical", "{body}");
    assert!(body["data"]["detail"].as_str().unwrap_or_default().starts_with("Not delivered: [DOWN] monitor 1 is down."), "{body}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_switched_off() {
    let fixture = Fixture::new().await;
    let sink = refusing(410);
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    let channel = fixture.get("/api/v1/channels").await["channels"][0].clone();
    assert_eq!(channel["enabled"], false);
    assert!(channel["disabled_reason"].as_str().expect("a reason").contains("410"));
    fixture.up(1).await;
    fixture.house.pass(HOUR).await;
    assert_eq!(sink.requests().len(), 1);
}

#[tokio::test]
async fn a_receiver_is_asked_again_when_it_wants_to_be() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    sink.set(Play::TooMany(120));
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    sink.set(Play::ok("ok"));
    fixture.house.pass(Duration::from_secs(100)).await;
    assert_eq!(sink.requests().len(), 1);
    fixture.house.pass(Duration::from_secs(30)).await;
    assert_eq!(sink.requests().len(), 2);
}

#[tokio::test]
async fn every_kind_of_channel_tells_opening_and_ending_to_its_real_counterpart() {
    let fixture = Fixture::new().await;
    let (slack, discord, twilio, telegram, ntfy, teams, pagerduty) =
        (Slack::start(), Discord::start(), Twilio::start(), Telegram::start(), Ntfy::start_protected(), Teams::start(), PagerDuty::start());
    let smtp = Smtp::start();
    set_mail(&fixture, &smtp).await;
    let bodies = [
        json!({"name": "s", "kind": "slack", "url": slack.webhook_url(), "mention": "here"}),
        json!({"name": "d", "kind": "discord", "url": discord.webhook_url()}),
        json!({"name": "p", "kind": "sms", "account_sid": twilio.account_sid(), "auth_token": twilio.auth_token(), "from": "+15005550006", "to": "+4915112345678", "api_base": twilio.api_base()}),
        json!({"name": "t", "kind": "telegram", "token": telegram.token(), "chat_id": "42", "api_base": telegram.api_base()}),
        json!({"name": "n", "kind": "ntfy", "server": ntfy.server_url(), "topic": "alerts", "token": ntfy.token()}),
        json!({"name": "m", "kind": "teams", "url": teams.webhook_url()}),
        json!({"name": "g", "kind": "pagerduty", "routing_key": pagerduty.routing_key(), "api_base": pagerduty.api_base()}),
        json!({"name": "e", "kind": "email", "to": "ada@example.com, bob@example.com"}),
    ];
    for body in bodies {
        fixture.post("/api/v1/channels", body).await;
    }
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.up(1).await;
    fixture.house.work().await;
    let counts = [
        slack.messages(),
        discord.messages(),
        twilio.messages(),
        telegram.messages(),
        ntfy.messages(),
        teams.messages(),
        pagerduty.messages(),
    ]
    .map(|all| all.len());
    assert_eq!(counts, [2; 7]);
    let mails = smtp.mails();
    assert_eq!(mails.len(), 4, "two people, two letters each");
    assert!(
        mails.iter().all(|mail| mail.header("References").is_some() && mail.header("References") == mails[0].header("References")),
        "one thread"
    );
    let ids: std::collections::BTreeSet<_> = mails.iter().filter_map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids.len(), 4);
    assert!(mails[0].header("Auto-Submitted").is_some_and(|value| value.contains("auto-generated")));
    let events: Vec<Value> = pagerduty.messages().iter().map(|event| event["event_action"].clone()).collect();
    assert_eq!(events, ["trigger", "resolve"]);
    for channel in fixture.get("/api/v1/channels").await["channels"].as_array().expect("channels") {
        assert_eq!(channel["last_error"], "", "{channel}");
        assert!(channel["last_sent_at"].is_string(), "{channel}");
        let id = &channel["id"];
        let tested = fixture.post(&format!("/api/v1/channels/{id}/test"), json!({})).await;
        assert_eq!(tested["is_sent"], true, "{channel} {tested}");
    }
}

#[tokio::test]
async fn pagerduty_keeps_its_own_quiet_hours_and_its_incident_is_acknowledged_and_resolved() {
    let fixture = Fixture::new().await;
    let pagerduty = PagerDuty::start();
    let body = json!({"name": "g", "kind": "pagerduty", "routing_key": pagerduty.routing_key(), "api_base": pagerduty.api_base()});
    fixture.post("/api/v1/channels", body).await;
    let admin = fixture.house.member(Role::Admin).await;
    let always = [("starts", "00:00"), ("ends", "00:00"), ("zone", "UTC"), ("holds", "warning")];
    admin.post("/alerts/channels/1/quiet", &always).await.expect(409);
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(HOUR).await;
    fixture.post("/api/v1/alerts/1/acknowledge", json!({})).await;
    fixture.up(1).await;
    let events = pagerduty.messages();
    let actions: Vec<&str> = events.iter().filter_map(|event| event["event_action"].as_str()).collect();
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "resolve"], "a reminder joins its incident");
    assert!(events.iter().all(|event| event["dedup_key"] == events[0]["dedup_key"]));
}

#[tokio::test]
async fn letters_that_are_out_stay_out_when_the_next_one_must_wait() {
    let fixture = Fixture::new().await;
    let smtp = Smtp::start();
    set_mail(&fixture, &smtp).await;
    fixture.post("/api/v1/channels", json!({"name": "Mail", "kind": "email", "to": "ada@example.com, bob@example.com"})).await;
    smtp.refuse("bob@example.com", 451, "4.3.0 try again later");
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    fixture.house.pass(MINUTE * 2).await;
    let to: Vec<String> = smtp.mails().iter().flat_map(|mail| mail.to.clone()).collect();
    assert_eq!(to, ["ada@example.com"], "once, although the delivery was tried several times");
}

#[tokio::test]
async fn mails_wait_until_there_is_a_way_for_them() {
    let fixture = Fixture::new().await;
    fixture.post("/api/v1/channels", json!({"name": "Mail", "kind": "email", "to": "ada@example.com"})).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    let member = fixture.house.member(Role::Viewer).await;
    assert!(member.get("/alerts/channels").await.body.contains("Mails cannot leave yet"));
    let smtp = Smtp::start();
    set_mail(&fixture, &smtp).await;
    fixture.house.pass(MINUTE * 6).await;
    assert_eq!(smtp.mails().len(), 1);
}

async fn set_mail(fixture: &Fixture, smtp: &Smtp) {
    let cx = &fixture.house.cx;
    let values = [
        ("outbound.mail_kind", "smtp".to_owned()),
        ("outbound.mail_from", "hermetic@example.com".to_owned()),
        ("outbound.smtp_host", smtp.host()),
        ("outbound.smtp_port", smtp.port().to_string()),
        ("outbound.smtp_tls", "none".to_owned()),
    ];
    let sealer = cx.sealer.clone();
    cx.write(move |tx| {
        for (key, value) in &values {
            let field = capability::mail::SECTION.fields.iter().find(|field| field.key == *key).expect("the setting");
            capability::settings::set(tx, &sealer, field, value)?;
        }
        Ok(())
    })
    .await
    .expect("the mail route");
}
