//! What the JSON API promises as a whole: moments, words, credentials, names of fields.

use http::Method;
use kernel::{Role, Time};
use serde_json::{Value, json};
use testkit::fakes::{Play, Sink};

use super::bench::Bench;
use crate::model::check::Certificate;
use crate::model::state::MonitorState;

/// Whatever is called `*_at` is RFC 3339 with milliseconds, and no other text is a moment. Gives how many there were.
fn moments(value: &Value) -> usize {
    let is_moment = |text: &str| Time::parse_rfc3339(text).is_some_and(|time| time.rfc3339_millis() == text);
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::Null => 0,
                value if name.ends_with("_at") => {
                    assert!(value.as_str().is_some_and(is_moment), "{name}: {value}");
                    1
                }
                Value::String(text) => {
                    assert!(Time::parse_rfc3339(text).is_none(), "{name}: {text}");
                    0
                }
                value => {
                    assert!(!["at", "since", "from", "to"].contains(&name.as_str()), "{name}: {value}");
                    moments(value)
                }
            })
            .sum(),
        Value::Array(values) => values.iter().map(moments).sum(),
        _ => 0,
    }
}

#[tokio::test]
async fn every_moment_is_a_text_with_milliseconds_and_called_at() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let key = bench.house.key(Role::Member, &["uptime:read", "uptime:write", "uptime:probe"]).await;
    let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/"), "confirm_failures": 1 })).await;
    bench.turn(id).await;
    sink.set(Play::code(500));
    assert_eq!(bench.turn(id).await, MonitorState::Down);
    sink.set(Play::ok("ok"));
    bench.turns(id, 2).await;
    bench.pass(60).await;
    let path = format!("/api/v1/monitors/{id}");
    let from = (bench.now() - kernel::time::HOUR).rfc3339_millis();
    for (path, at_least) in [
        ("/api/v1/monitors".to_owned(), 3),
        (path.clone(), 3),
        (format!("{path}/checks?from={from}"), 6),
        (format!("{path}/uptime"), 0),
        (format!("{path}/outages"), 3),
        ("/api/v1/uptime/vantages".to_owned(), 0),
    ] {
        let answer: Value = key.get(&path).await.expect(200).json();
        assert!(moments(&answer) >= at_least, "{path}: {answer}");
    }
    let tested: Value = key.json(Method::POST, &format!("{path}/test"), &json!({})).await.expect(200).json();
    assert_eq!(moments(&tested), 1, "{tested}");
    let checks: Value = key.get(&format!("{path}/checks")).await.expect(200).json();
    for check in [&tested, &checks["checks"][0]] {
        assert!(check["started_at"].is_string() && check["phases_us"]["total"].is_u64(), "{check}");
    }
    let shown: Value = key.get(&path).await.expect(200).json();
    assert!(shown["updated_at"].is_string() && shown["since_at"].is_string() && shown.get("changed_at").is_none(), "{shown}");
}

#[test]
fn a_certificate_starts_and_ends_at_a_moment_and_is_read_back_the_same() {
    let certificate = Certificate {
        not_after: Time(1_772_452_800_123),
        not_before: Time(1_700_000_000_000),
        subject: String::new(),
        issuer: String::new(),
        names: Vec::new(),
        san_ok: true,
        chain_ok: true,
        sha256: String::new(),
    };
    let shown = serde_json::to_value(&certificate).unwrap();
    assert_eq!((moments(&shown), &shown["ends_at"]), (2, &json!("2026-03-02T12:00:00.123Z")));
    assert_eq!(serde_json::from_value::<Certificate>(shown).unwrap(), certificate);
}

#[tokio::test]
async fn a_vantage_gives_moments_as_text_too() {
    let bench = Bench::new().await;
    let vantage = bench.house.key(Role::Viewer, &["uptime:probe"]).await;
    let result = |started_at: Value| {
        let check = json!({ "started_at": started_at, "verdict": "ok", "reason": null, "detail": "", "phases_us": { "total": 5 },
            "seen": { "bytes_wire": 0, "bytes_body": 0 } });
        json!({ "version": "1", "results": [{ "monitor": 1, "check": check }] })
    };
    vantage.json(Method::POST, "/api/v1/uptime/vantages", &result(json!("2026-03-02T12:00:00+01:00"))).await.expect(200);
    for wrong in [json!(1_772_452_800_000_i64), json!("noon")] {
        let refused = vantage.json(Method::POST, "/api/v1/uptime/vantages", &result(wrong)).await.expect(400);
        assert_eq!(refused.json::<Value>()["error"]["fields"][0]["field"], "results[0].check.started_at", "{}", refused.body);
    }
}

#[tokio::test]
async fn the_address_of_a_heartbeat_is_told_only_to_who_may_change_it() {
    let bench = Bench::new().await;
    let writer = bench.house.key(Role::Member, &["uptime:read", "uptime:write"]).await;
    let body = json!({ "name": "Backup", "kind": "heartbeat", "schedule": { "type": "every", "period_s": 60 } });
    let made: Value = writer.json(Method::POST, "/api/v1/monitors", &body).await.expect(201).json();
    let url = made["beat_url"].as_str().unwrap().to_owned();
    let link = bench.house.cx.link("/uptime/beat/");
    let token = url.strip_prefix(&link).unwrap_or_else(|| panic!("{url}"));
    bench.load().await;
    bench.house.visitor().get(&format!("/uptime/beat/{token}")).await.expect(200);
    let path = format!("/api/v1/monitors/{}", made["id"]);
    let told = |answer: &Value| answer["beat_url"] == url.as_str();
    assert!(told(&writer.json(Method::PATCH, &path, &json!({ "note": "x" })).await.expect(200).json()));
    writer.json(Method::PATCH, &path, &json!({ "beat_url": url })).await.expect(400);
    for caller in [writer, bench.house.member(Role::Member).await] {
        assert!(told(&caller.get(&path).await.expect(200).json()));
        assert!(told(&caller.get("/api/v1/monitors").await.expect(200).json::<Value>()["monitors"][0]));
    }
    for caller in [
        bench.house.key(Role::Admin, &["uptime:read"]).await,
        bench.house.key(Role::Viewer, &["uptime:read", "uptime:write"]).await,
        bench.house.member(Role::Viewer).await,
    ] {
        for path in ["/api/v1/monitors", &path] {
            let answer = caller.get(path).await.expect(200);
            assert!(!answer.body.contains(token) && !answer.body.contains("beat_url"), "{path}");
        }
    }
    let ping = bench.monitor(json!({ "kind": "ping", "host": "localhost", "beat_token": "unused-t0ken" })).await;
    let admin = bench.house.member(Role::Admin).await;
    assert!(admin.get(&format!("/api/v1/monitors/{ping}")).await.expect(200).json::<Value>().get("beat_url").is_none());
}

#[tokio::test]
async fn pause_and_resume_answer_with_the_wish_and_the_state_of_now() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let key = bench.key().await;
    let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/") })).await;
    bench.turn(id).await;
    for (act, is_paused, before, after) in [("pause", true, "up", "paused"), ("resume", false, "paused", "pending")] {
        let answer: Value = key.json(Method::POST, &format!("/api/v1/monitors/{id}/{act}"), &json!({})).await.expect(200).json();
        assert_eq!((&answer["paused"], &answer["state"]), (&json!(is_paused), &json!(before)), "{act}");
        bench.load().await;
        bench.pass(1).await;
        let shown: Value = key.get(&format!("/api/v1/monitors/{id}")).await.expect(200).json();
        assert_eq!((&shown["paused"], &shown["state"]), (&json!(is_paused), &json!(after)), "{act}");
    }
}

#[tokio::test]
async fn a_wrong_field_is_named_as_it_was_given() {
    let bench = Bench::new().await;
    let key = bench.key().await;
    let http = |fields: Value| {
        let mut all = json!({ "name": "x", "kind": "http", "url": "https://example.com" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    let job = |schedule: Value| json!({ "name": "x", "kind": "heartbeat", "schedule": schedule });
    for (body, field) in [
        (http(json!({ "json": { "path": "status" } })), "json.path"),
        (http(json!({ "header": { "name": "no header" } })), "header.name"),
        (http(json!({ "header": { "name": "X-Load", "operator": "less_than", "value": "low" } })), "header.value"),
        (http(json!({ "auth": { "type": "basic", "username": "a:b" }, "password": "p" })), "auth.username"),
        (http(json!({ "max_redirects": "many" })), "max_redirects"),
        (http(json!({ "interval_s": "often" })), "interval_s"),
        (job(json!({ "type": "every", "period_s": 1 })), "schedule.period_s"),
        (job(json!({ "type": "cron", "expression": "never", "zone": "UTC" })), "schedule.expression"),
        (job(json!({ "type": "cron", "expression": "0 3 * * *", "zone": "Moon" })), "schedule.zone"),
        (json!({ "name": "x", "kind": "dns", "host": "example.com", "expect": { "type": "equals", "values": [""] } }), "expect.values"),
    ] {
        let answer = key.json(Method::POST, "/api/v1/monitors", &body).await.expect(400);
        let fields = answer.json::<Value>()["error"]["fields"].clone();
        assert_eq!((fields.as_array().unwrap().len(), &fields[0]["field"]), (1, &json!(field)), "{}", answer.body);
    }
}
