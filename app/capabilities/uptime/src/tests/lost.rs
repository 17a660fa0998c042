//! Monitors whose secrets were sealed with a key file that is gone.

use std::time::Duration;

use frontend::Tone;
use http::Method;
use kernel::ids::MonitorId;
use kernel::{Role, Sealer};
use serde_json::{Value, json};
use testkit::fakes::Sink;

use super::bench::Bench;
use crate::model::check::Reason;
use crate::model::flat;
use crate::model::state::MonitorState;
use crate::{acts, feed, store};

/// Made while the key file was another one.
async fn sealed_before(bench: &Bench, fields: Value) -> MonitorId {
    let gone = Sealer::new(&[9; 32]);
    let made = bench.house.cx.write(move |tx| acts::create(tx, &gone, flat::read(fields, &|_| None)?)).await.unwrap();
    bench.load().await;
    made.id
}

fn shop(sink: &Sink) -> Value {
    json!({ "name": "Shop", "kind": "http", "url": sink.url("/"), "bearer": "old",
        "headers": [{ "name": "X-Key", "value": "k3y", "secret": true }] })
}

#[tokio::test]
async fn a_monitor_with_lost_secrets_is_not_watched_and_says_so_until_they_are_entered_again() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = sealed_before(&bench, shop(&sink)).await;
    assert_eq!(bench.turn(id).await, MonitorState::NoData);
    assert_eq!((bench.last(id).reason, sink.requests().len()), (Some(Reason::CredentialsLost), 0), "nobody asks without credentials");
    assert!(bench.state(id).why().contains("must be entered again"));
    let found = bench.house.cx.read(feed::diagnose).await.unwrap();
    assert!(
        found.iter().any(|one| one.tone == Tone::Bad && one.subject == "Monitor Shop" && one.finding.contains("not watched")),
        "{found:?}"
    );
    assert!(found.iter().all(|one| !one.finding.contains("1 monitors are being watched")), "{found:?}");

    let key = bench.key().await;
    let path = format!("/api/v1/monitors/{id}");
    let tested: Value = key.json(Method::POST, &format!("{path}/test"), &json!({})).await.expect(200).json();
    assert_eq!(tested["reason"], "credentials_lost");
    let named: Value = key.json(Method::PATCH, &path, &json!({ "name": "Shop 2" })).await.expect(200).json();
    assert_eq!((&named["name"], &named["has_lost_secrets"]), (&json!("Shop 2"), &json!(true)));
    assert_eq!(key.get(&path).await.expect(200).json::<Value>()["has_lost_secrets"], true);
    let half = key.json(Method::PATCH, &path, &json!({ "bearer": "new" })).await.expect(400);
    assert!(half.body.contains("gone"), "{}", half.body);
    let whole = json!({ "bearer": "new", "headers": [{ "name": "X-Key", "value": "again", "secret": true }] });
    let whole: Value = key.json(Method::PATCH, &path, &whole).await.expect(200).json();
    assert_eq!(whole["has_lost_secrets"], false);
    bench.load().await;
    assert_eq!(bench.turn(id).await, MonitorState::Up);
    assert_eq!((sink.requests()[0].header("authorization"), sink.requests()[0].header("x-key")), (Some("Bearer new"), Some("again")));
    let found = bench.house.cx.read(feed::diagnose).await.unwrap();
    assert!(found.iter().all(|one| one.subject == "Uptime"), "{found:?}");
}

#[tokio::test]
async fn the_form_of_a_monitor_with_lost_secrets_opens_and_takes_them_or_a_request_without() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = sealed_before(&bench, shop(&sink)).await;
    let member = bench.house.member(Role::Member).await;
    member.get(&format!("/uptime/monitors/{id}")).await.expect(200);
    let path = format!("/uptime/monitors/{id}/edit");
    let form = member.get(&path).await.expect(200);
    assert!(form.body.contains("Enter all of them again"), "{}", form.body);
    let fields = |extra: &[(&'static str, &'static str)]| {
        let mut fields = vec![
            ("kind", "http"),
            ("name", "Shop"),
            ("method", "GET"),
            ("accepted", "200-299"),
            ("max_redirects", "5"),
            ("certificate_warn_days", "21"),
            ("interval_s", "20"),
            ("timeout_ms", "700"),
            ("retry_s", "10"),
            ("confirm_failures", "2"),
            ("confirm_successes", "1"),
            ("vantages", "majority"),
        ];
        fields.extend_from_slice(extra);
        fields.into_iter().map(|(name, value)| (name, value.to_owned())).chain([("url", sink.url("/"))]).collect::<Vec<_>>()
    };
    let post = |extra: &[(&'static str, &'static str)]| {
        let (fields, member, path) = (fields(extra), member.clone(), path.clone());
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            member.post(&path, &fields).await
        }
    };
    post(&[("auth", "bearer")]).await.expect(303);
    let sealer = bench.house.cx.sealer.clone();
    let stored = bench.house.cx.read(move |r| store::monitors::secrets(r, &sealer, id)).await.unwrap();
    assert!(stored.is_lost && stored.headers.contains_key("x-key"), "saved without them, it stays as it is");
    post(&[("auth", "none"), ("forget_secret_headers", "on")]).await.expect(303);
    bench.load().await;
    assert_eq!(bench.turn(id).await, MonitorState::Up);
}

#[tokio::test]
async fn a_heartbeat_with_a_lost_address_is_heard_and_gets_a_new_one_when_somebody_asks() {
    let bench = Bench::new().await;
    let token = "a-token-of-the-nightly-job";
    let id = sealed_before(&bench, json!({ "name": "Nightly", "kind": "heartbeat", "schedule": { "type": "every", "period_s": 3600 }, "grace_s": 300, "beat_token": token })).await;
    let (key, member) = (bench.key().await, bench.house.member(Role::Member).await);
    let page = member.get(&format!("/uptime/monitors/{id}")).await.expect(200);
    assert!(page.body.contains("cannot be shown any more"), "{}", page.body);
    let renamed: Value = key.json(Method::PATCH, &format!("/api/v1/monitors/{id}"), &json!({ "name": "Night" })).await.expect(200).json();
    assert_eq!((&renamed["has_lost_secrets"], renamed.get("beat_url")), (&json!(true), None));
    bench.load().await;
    bench.house.visitor().get(&format!("/uptime/beat/{token}")).await.expect(200);
    bench.write().await;
    assert_eq!(bench.state(id).shown(), MonitorState::Up, "the job goes on to be heard");
    member.post(&format!("/uptime/monitors/{id}/renew"), &[]).await.expect(303);
    let shown: Value = key.get(&format!("/api/v1/monitors/{id}")).await.expect(200).json();
    assert_eq!(shown["has_lost_secrets"], false);
    assert!(shown["beat_url"].as_str().unwrap().contains("/uptime/beat/"), "{shown}");
    bench.house.visitor().get(&format!("/uptime/beat/{token}")).await.expect(404);
}

#[tokio::test]
async fn who_watches_nothing_writes_nothing_and_who_watches_notes_it_twice_a_minute() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let alive = || bench.house.cx.read(|r| store::states::cursor(r, crate::runner::reload::ALIVE));
    let mut noted = None;
    bench.desk.note_alive(&mut noted).await.unwrap();
    assert_eq!((noted, alive().await.unwrap()), (None, None));
    let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/") })).await;
    bench.desk.note_alive(&mut noted).await.unwrap();
    let first = alive().await.unwrap();
    assert_eq!(first, Some(bench.now()));
    bench.house.clock.advance(Duration::from_secs(15));
    bench.desk.note_alive(&mut noted).await.unwrap();
    assert_eq!(alive().await.unwrap(), first, "15 s later that is still soon enough");
    bench.house.clock.advance(Duration::from_secs(15));
    bench.desk.note_alive(&mut noted).await.unwrap();
    assert_eq!(alive().await.unwrap(), Some(bench.now()));
    bench.house.cx.write(move |tx| acts::set_paused(tx, id, true)).await.unwrap();
    bench.load().await;
    bench.house.clock.advance(Duration::from_secs(600));
    bench.desk.note_alive(&mut noted).await.unwrap();
    assert_eq!(alive().await.unwrap(), noted, "all are paused: nobody is missed");
    let found = bench.house.cx.read(feed::diagnose).await.unwrap();
    assert_eq!(found[0].finding, "All monitors are paused.");
}
