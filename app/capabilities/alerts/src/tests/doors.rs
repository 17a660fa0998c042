//! Pages, the API, files and the link that acknowledges.

use capability::{Apply, ApplyContext, Verb};
use http::Method;
use kernel::time::HOUR;
use kernel::{Role, Time};
use serde_json::json;
use testkit::fakes::Sink;

use super::house::{Fixture, WINDOW, said};

async fn ack_path(sink: &Sink) -> String {
    let body = sink.requests()[0].json();
    let links = body["data"]["links"].as_array().expect("links").clone();
    let url = links.iter().find(|link| link["label"] == "Acknowledge").expect("the link")["url"].as_str().expect("text").to_owned();
    url.trim_start_matches("http://hermetic.example").to_owned()
}

#[tokio::test]
async fn a_scanner_that_opens_the_link_acknowledges_nothing_and_a_person_needs_no_sign_in() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    let path = ack_path(&sink).await;
    let page = fixture.house.visitor().get(&path).await.expect(200);
    assert!(page.body.contains("Acknowledge this alert?") && page.body.contains("monitor 1 is down"));
    assert_eq!(fixture.alerts().await[0]["state"], "open");
    fixture.house.visitor().post(&path, &[]).await.expect(200);
    assert_eq!(fixture.alerts().await[0]["state"], "acknowledged");
    fixture.house.visitor().post(&path, &[]).await.expect(200);
    let changed = format!("{}x", &path[..path.len() - 1]);
    fixture.house.visitor().post(&changed, &[]).await.expect(404);
    fixture.house.clock.advance(HOUR * 24 * 8);
    let expired = fixture.house.visitor().get(&path).await.expect(404);
    assert!(expired.body.contains("expired"));
}

#[tokio::test]
async fn every_page_shows_to_a_viewer_and_escapes_what_monitors_report() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    let channel = fixture.hook("<script>alert(1)</script>", &sink).await;
    let now = fixture.house.clock.now();
    let hostile = kernel::Fact::MonitorDown {
        monitor: kernel::ids::MonitorId(1),
        name: "<script>alert(2)</script>".into(),
        target: "\"><img src=x onerror=alert(3)>".into(),
        outage: kernel::ids::OutageId(1),
        down_since: now,
        detected_at: now,
        reason: "x".into(),
        detail: "</textarea><script>alert(4)</script>".into(),
    };
    fixture.house.tell(hostile).await;
    fixture.house.pass(WINDOW).await;
    let rule = fixture.rule("disk").await["id"].clone();
    let paths = [
        "/alerts".to_owned(),
        "/alerts?state=all&q=script".to_owned(),
        "/alerts/1".to_owned(),
        "/alerts/rules".to_owned(),
        format!("/alerts/rules/{rule}"),
        "/alerts/channels".to_owned(),
        format!("/alerts/channels/{channel}"),
        "/alerts/silences".to_owned(),
        "/alerts/policies".to_owned(),
    ];
    for role in [Role::Viewer, Role::Admin] {
        let member = fixture.house.member(role).await;
        for path in &paths {
            let page = member.get(path).await.expect(200);
            assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "{path}");
            assert!(!page.body.contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "no secret on {path}");
        }
    }
    let admin = fixture.house.member(Role::Admin).await;
    for path in [
        "/alerts/rules/new",
        "/alerts/channels/new",
        "/alerts/channels/new?kind=slack",
        "/alerts/channels/new?kind=webhook",
        "/alerts/policies/new",
    ] {
        admin.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn a_form_with_mistakes_comes_back_with_them_and_without_secrets() {
    let fixture = Fixture::new().await;
    let admin = fixture.house.member(Role::Admin).await;
    let fields = [
        ("kind", "sms"),
        ("name", "Phone"),
        ("account_sid", "AC1"),
        ("auth_token", "TOPSECRET"),
        ("from", "x"),
        ("to", "+4915112345678"),
        ("takes", "named"),
    ];
    let page = admin.post("/alerts/channels", &fields).await.expect(422);
    assert!(page.body.contains("phone number with country code") && page.body.contains("+4915112345678"));
    assert!(!page.body.contains("TOPSECRET"));
    let rule = [("source", "metric"), ("name", "Mine"), ("metric", "nonsense"), ("threshold", "many"), ("severity", "warning")];
    let page = admin.post("/alerts/rules", &rule).await.expect(422);
    assert!(page.body.contains("Please give the threshold as a number"));
    let rule = [
        ("source", "metric"),
        ("name", "Mine"),
        ("metric", "uptime.host_disk_percent"),
        ("threshold", "50"),
        ("severity", "info"),
        ("channels", "everywhere"),
        ("enabled", "on"),
    ];
    admin.post("/alerts/rules", &rule).await.expect(303);
    assert_eq!(fixture.rule("mine").await["threshold"], 50.0);
    admin.post("/alerts/rules", &rule).await.expect(422);
}

#[tokio::test]
async fn a_signing_secret_that_was_made_here_is_shown_once() {
    let fixture = Fixture::new().await;
    let admin = fixture.house.member(Role::Admin).await;
    let page = admin
        .post("/alerts/channels", &[("kind", "webhook"), ("name", "Hook"), ("url", "https://example.com/x"), ("takes", "named")])
        .await
        .expect(200);
    let secret: String = page.body.split("value=\"whsec_").nth(1).expect("the secret").chars().take_while(|c| *c != '"').collect();
    assert!(secret.len() > 30);
    assert!(!admin.get("/alerts/channels/1").await.expect(200).body.contains(&secret));
    assert!(!fixture.api.get("/api/v1/channels/1").await.expect(200).body.contains(&secret));
    // A blank secret and address keep what is stored.
    admin.post("/alerts/channels/1", &[("name", "Hook 2"), ("url", ""), ("secret", ""), ("takes", "critical")]).await.expect(303);
    assert_eq!(fixture.get("/api/v1/channels/1").await["hint"], "https://example.com");
}

#[tokio::test]
async fn a_person_acknowledges_silences_and_resolves() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let member = fixture.house.member(Role::Member).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    member.post("/alerts/1/acknowledge", &[]).await.expect(303);
    member.post("/alerts/1/silence", &[("hours", "fixed")]).await.expect(303);
    member.post("/alerts/1/silence", &[("hours", "never")]).await.expect(422);
    member.post("/alerts/1/resolve", &[]).await.expect(303);
    fixture.house.work().await;
    let kinds: Vec<String> = said(&sink).iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(kinds, ["open", "acknowledged", "resolved"]);
    assert_eq!(fixture.alerts().await[0]["resolved_by"], "Test member");
    let page = member.get("/alerts/1").await.expect(200);
    assert!(page.body.contains("Acknowledged by Test member."));
    assert!(!member.get("/alerts/silences").await.body.contains("alert 1"), "its silence ended with it");
    let viewer = fixture.house.member(Role::Viewer).await;
    viewer.post("/alerts/1/resolve", &[]).await.expect(403);
}

#[tokio::test]
async fn the_api_tells_what_is_wrong_and_never_a_secret() {
    let fixture = Fixture::new().await;
    let wrong = fixture
        .api
        .json(Method::POST, "/api/v1/channels", &json!({"name": "x", "kind": "slack", "url": "nonsense", "more": "1"}))
        .await
        .expect(400);
    assert!(wrong.body.contains("more"), "{}", wrong.body);
    let wrong = fixture
        .api
        .json(Method::POST, "/api/v1/channels", &json!({"name": "slack", "kind": "slack", "url": "https://hooks.slack.com/x"}))
        .await
        .expect(400);
    assert!(wrong.body.contains("another name"), "{}", wrong.body);
    let made = fixture.post("/api/v1/channels", json!({"name": "Ops", "kind": "telegram", "token": "1:TOPSECRET", "chat_id": "5"})).await;
    let id = made["id"].as_i64().expect("an id");
    let shown = fixture.patch(&format!("/api/v1/channels/{id}"), json!({"chat_id": "6", "enabled": false})).await;
    assert_eq!((&shown["hint"], &shown["enabled"]), (&json!("chat 6"), &json!(false)));
    assert!(!shown.to_string().contains("TOPSECRET") && !made.to_string().contains("TOPSECRET"));
    let rule = fixture
        .post(
            "/api/v1/alert-rules",
            json!({"name": "Big disk", "source": "metric", "metric": "uptime.host_disk_percent", "threshold": 99.0, "channels": ["Ops"]}),
        )
        .await;
    assert_eq!(rule["channels"], json!([format!("channel:{id}")]));
    let wrong = fixture
        .api
        .json(Method::POST, "/api/v1/alert-rules", &json!({"name": "y", "source": "nonsense", "severity": "bad", "channels": ["nobody"]}))
        .await
        .expect(400);
    for field in ["source", "severity", "channels"] {
        assert!(wrong.body.contains(&format!("\"{field}\"")), "{field}: {}", wrong.body);
    }
    let shipped = fixture.rule("down").await["id"].clone();
    fixture.api.json(Method::DELETE, &format!("/api/v1/alert-rules/{shipped}"), &json!({})).await.expect(409);
    let own = rule["id"].clone();
    fixture.api.json(Method::DELETE, &format!("/api/v1/alert-rules/{own}"), &json!({})).await.expect(204);
    fixture.api.json(Method::DELETE, &format!("/api/v1/channels/{id}"), &json!({})).await.expect(204);
    let reader = fixture.house.key(Role::Admin, &["alerts:read"]).await;
    reader.json(Method::POST, "/api/v1/alert-rules", &json!({"name": "z"})).await.expect(403);
    fixture.api.get("/api/v1/alerts?state=nonsense").await.expect(400);
}

#[tokio::test]
async fn a_file_is_applied_once_and_the_second_time_changes_nothing() {
    let fixture = Fixture::alone().await;
    let file: toml::Value = toml::from_str(
        r#"
        [[channels]]
        name = "Ops"
        kind = "slack"
        url = "https://hooks.slack.com/services/SECRET"
        takes = "critical"

        [[rules]]
        key = "disk"
        threshold = 70.0
        channels = ["Ops"]

        [[rules]]
        key = "shop-down"
        name = "The shop is down"
        source = "monitor_down"
        only = "shop"
        severity = "critical"
        channels = ["everywhere"]
        "#,
    )
    .expect("a file");
    let cx = &fixture.house.cx;
    let registry = cx.registry;
    let (rules, sealer) = (file["rules"].clone(), cx.sealer.clone());
    let plan = cx
        .read(move |r| crate::apply::Rules.plan(r, &ApplyContext { sealer: &sealer, registry, role: Role::Owner }, &rules))
        .await
        .expect("a plan");
    assert!(plan[0].detail.ends_with("tells Ops, which must be a channel by then"), "{plan:?}");
    let mut verbs = Vec::new();
    for _ in 0..2 {
        let (channels, rules, sealer) = (file["channels"].clone(), file["rules"].clone(), cx.sealer.clone());
        let changes = cx
            .write(move |tx| {
                let mut changes =
                    crate::apply::Channels.apply(tx, &ApplyContext { sealer: &sealer, registry, role: Role::Owner }, &channels)?;
                changes.extend(crate::apply::Rules.apply(tx, &ApplyContext { sealer: &sealer, registry, role: Role::Owner }, &rules)?);
                Ok(changes)
            })
            .await
            .expect("applied");
        assert!(!format!("{changes:?}").contains("SECRET"));
        verbs.push(changes.iter().map(|change| change.verb).collect::<Vec<_>>());
    }
    assert_eq!(verbs, [vec![Verb::Create, Verb::Update, Verb::Create], vec![Verb::Keep; 3]]);
    let sealer = cx.sealer.clone();
    let wrong: toml::Value = toml::from_str("rules = [{ key = \"x\", severity = \"bad\", threshhold = 1 }]").expect("a file");
    let error = cx
        .read(move |r| crate::apply::Rules.plan(r, &ApplyContext { sealer: &sealer, registry, role: Role::Owner }, &wrong["rules"]))
        .await
        .expect_err("refused");
    assert!(error.message().contains("[[rules]] number 1") && error.message().contains("threshhold"), "{}", error.message());
}

#[tokio::test]
async fn tiles_search_gauges_and_the_doctor_tell_how_it_is() {
    let fixture = Fixture::new().await;
    let registry = fixture.house.cx.registry;
    let tiles = fixture.house.cx.read(move |r| registry.tiles(r)).await.expect("tiles");
    assert!(tiles[0].note.contains("Make a channel"), "the empty state says the next step");
    let findings = fixture.house.cx.read(move |r| registry.diagnose(r)).await.expect("findings");
    assert!(findings[0].finding.contains("nobody is told"));
    fixture.hook("Hook", &Sink::start()).await;
    fixture.down(1).await;
    let tiles = fixture.house.cx.read(move |r| registry.tiles(r)).await.expect("tiles");
    assert_eq!((tiles[0].value.as_str(), tiles[0].note.as_str()), ("1", "monitor 1 is down"));
    let hits = fixture.house.cx.read(move |r| registry.search(r, "monitor 1")).await.expect("hits");
    assert_eq!(hits[0].href, "/alerts/1");
    let own = fixture.house.cx.clone();
    let gauges = fixture.house.cx.read(move |r| registry.gauges(&own, r)).await.expect("gauges");
    assert!(gauges.iter().any(|gauge| gauge.name == "hermetic_alerts_alerts" && gauge.value > 0.5));
}

#[tokio::test]
async fn old_resolved_alerts_go_and_open_ones_stay() {
    let fixture = Fixture::new().await;
    fixture.down(1).await;
    fixture.down(2).await;
    fixture.house.pass(WINDOW).await;
    fixture.up(1).await;
    let start: Time = fixture.house.clock.now();
    fixture.house.clock.set(start + HOUR * 24 * 366);
    fixture.house.work().await;
    fixture.house.pass(HOUR * 24).await;
    let left: Vec<_> = fixture.alerts().await.iter().map(|alert| alert["subject"].clone()).collect();
    assert!(left.contains(&json!("monitor 2")) && !left.contains(&json!("monitor 1")), "{left:?}");
}

#[tokio::test]
async fn the_list_of_open_alerts_does_not_read_the_history() {
    let fixture = Fixture::alone().await;
    let plan = fixture
        .house
        .cx
        .read(|r| r.explain(&crate::store::alerts::page_sql(true), rusqlite::params![1, "open", "", "%%", 51, false]))
        .await
        .expect("a plan");
    assert!(plan.contains("alerts_alerts_by_state_id") && !plan.contains("TEMP B-TREE"), "{plan}");
}

/// Whatever is called `*_at` is RFC 3339 with milliseconds; nothing is called `at`. Gives how many there were.
fn moments(value: &serde_json::Value) -> usize {
    let is_moment = |text: &str| Time::parse_rfc3339(text).is_some_and(|time| time.rfc3339_millis() == text);
    let field = |(name, value): (&String, &serde_json::Value)| match name.ends_with("_at") && !value.is_null() {
        true => {
            assert!(value.as_str().is_some_and(is_moment), "{name}: {value}");
            1
        }
        false => {
            assert!(name != "at" && value.as_str().and_then(Time::parse_rfc3339).is_none(), "{name}: {value}");
            moments(value)
        }
    };
    match value {
        serde_json::Value::Object(fields) => fields.iter().map(field).sum(),
        serde_json::Value::Array(values) => values.iter().map(moments).sum(),
        _ => 0,
    }
}

#[tokio::test]
async fn every_moment_of_the_api_is_a_text_with_milliseconds_and_called_at() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    let channel = fixture.hook("Hook", &sink).await;
    fixture.down(1).await;
    fixture.house.pass(WINDOW).await;
    let taken = fixture.post("/api/v1/alerts/1/acknowledge", json!({})).await;
    assert!(moments(&taken) == 4 && taken["acknowledged_at"].is_string(), "{taken}");
    let ended = fixture.post("/api/v1/alerts/1/resolve", json!({})).await;
    assert_eq!(moments(&ended), 5, "{ended}");
    fixture.house.work().await;
    let shown = fixture.get("/api/v1/alerts/1").await;
    assert!(moments(&shown) > 5 && shown["timeline"][0]["created_at"].is_string(), "{shown}");
    assert_eq!(moments(&fixture.get("/api/v1/alerts?state=resolved").await), 5);
    for path in ["/api/v1/channels".to_owned(), format!("/api/v1/channels/{channel}")] {
        assert_eq!(moments(&fixture.get(&path).await), 2, "{path}");
    }
    moments(&fixture.get("/api/v1/alert-rules").await);
}
