//! What changes under a monitor: where it looks, its parents, its certificate, its groups and windows.

use std::time::Duration;

use http::Method;
use kernel::Fact;
use kernel::ids::MonitorId;
use serde_json::{Value, json};
use testkit::fakes::{Play, Sink, TlsPlay};

use super::bench::Bench;
use crate::model::state::Known;
use crate::model::state::MonitorState::{Down, Pending, Up};
use crate::store;

async fn patch(bench: &Bench, id: MonitorId, fields: Value) {
    bench.key().await.json(Method::PATCH, &format!("/api/v1/monitors/{id}"), &fields).await.expect(200);
    bench.load().await;
    bench.write().await;
}

#[tokio::test]
async fn a_down_monitor_that_looks_elsewhere_starts_over_and_its_alert_ends() {
    let (bench, sink, good) = (Bench::new().await, Sink::start(), Sink::start());
    for (change, is_elsewhere) in [
        (json!({ "url": good.url("/") }), true),
        (json!({ "kind": "tcp", "host": "127.0.0.1", "port": good.port() }), true),
        (json!({ "kind": "heartbeat" }), true),
        (json!({ "keyword": "ok" }), false),
    ] {
        sink.set(Play::code(500));
        let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/") })).await;
        assert_eq!(bench.turns(id, 2).await, Down);
        bench.facts().await;
        patch(&bench, id, change.clone()).await;
        let (outage, facts) = (bench.outages(id).await.remove(0), bench.facts().await);
        if !is_elsewhere {
            assert_eq!((bench.state(id).shown(), outage.ended_at, facts), (Down, None, vec![]), "{change}");
            continue;
        }
        assert_eq!((bench.state(id).known, bench.state(id).shown()), (Known::Unknown, Pending), "{change}");
        assert_eq!(outage.ended_at, Some(bench.now()), "{change}");
        assert!(outage.detail.ends_with("(Ended by a change of what is watched.)"), "{}", outage.detail);
        assert!(matches!(&facts[..], [Fact::MonitorSilenced { monitor, .. }] if *monitor == id), "{facts:?}");
        let stored = bench.house.cx.read(move |r| store::states::find_shown(r, id)).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.body.why()), (Pending, ""), "no old reason on the page");
    }
}

#[tokio::test]
async fn a_change_made_while_nobody_ran_starts_over_too() {
    let (bench, sink, good) = (Bench::new().await, Sink::start(), Sink::start());
    sink.set(Play::code(500));
    let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/") })).await;
    bench.turns(id, 2).await;
    bench.desk.book().monitors.clear();
    bench.facts().await;
    patch(&bench, id, json!({ "url": good.url("/") })).await;
    assert_eq!(bench.state(id).shown(), Pending);
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorSilenced { .. }]));
}

#[tokio::test]
async fn what_a_check_under_way_finds_at_the_old_place_is_not_judged() {
    let (bench, sink, good) = (Bench::new().await, Sink::start(), Sink::start());
    let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/"), "confirm_failures": 1 })).await;
    sink.set(Play::Hang);
    let looking = bench.desk.take_turn(id);
    let changing = async {
        sink.wait_for(1, Duration::from_secs(5)).await;
        patch(&bench, id, json!({ "url": good.url("/") })).await;
    };
    tokio::join!(looking, changing);
    assert_eq!((bench.state(id).shown(), bench.state(id).last), (Pending, None));
    assert_eq!(bench.turn(id).await, Up);
}

async fn family(bench: &Bench, sink: &Sink) -> (MonitorId, MonitorId) {
    let parent = bench.monitor(json!({ "name": "Host", "kind": "http", "url": sink.url("/") })).await;
    let child = json!({ "name": "Shop", "kind": "http", "url": sink.url("/shop"), "depends_on": [parent], "confirm_failures": 1 });
    (parent, bench.monitor(child).await)
}

#[tokio::test]
async fn a_dependant_that_one_failure_confirms_waits_for_a_fresh_look_at_its_parent() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let (parent, child) = family(&bench, &sink).await;
    bench.turn(parent).await;
    bench.turn(child).await;
    sink.set(Play::code(500));
    assert_eq!(bench.turn(child).await, Down);
    assert_eq!(bench.facts().await, vec![], "the parent has not looked since");
    assert_eq!(bench.outages(child).await[0].parent, None);
    bench.turns(parent, 2).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { monitor, .. }] if *monitor == parent));
    assert_eq!(bench.outages(child).await[0].parent, Some(parent), "linked as soon as the parent proved down");
}

#[tokio::test]
async fn a_dependant_is_told_when_its_parent_is_well_or_never_answers() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let (parent, child) = family(&bench, &sink).await;
    sink.set_handler(|request| if request.path == "/" { Play::ok("ok") } else { Play::code(500) });
    // Before the parent's very first check.
    assert_eq!(bench.turn(child).await, Down);
    assert_eq!(bench.facts().await, vec![]);
    bench.turn(parent).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { monitor, .. }] if *monitor == child));
    sink.set(Play::ok("ok"));
    bench.turns(child, 2).await;
    bench.house.clock.advance(Duration::from_secs(3_600));
    bench.facts().await;
    sink.set(Play::code(500));
    assert_eq!(bench.turn(child).await, Down);
    bench.pass(6).await;
    assert_eq!(bench.facts().await, vec![]);
    bench.pass(1).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { .. }]), "both timeouts and five seconds are enough");
}

#[tokio::test]
async fn a_renewed_certificate_ends_the_warning() {
    let (bench, sink) = (Bench::new().await, Sink::start_tls(TlsPlay::Valid, &[]));
    // Certificates are looked at by the real clock, so the frozen one is set to it.
    bench.house.clock.set(kernel::Clock::System.now());
    let id = bench.monitor(json!({ "kind": "tls", "host": "localhost", "port": sink.port() })).await;
    let date = (bench.now() + Duration::from_secs(18 * 86_400)).in_zone(&jiff::tz::TimeZone::UTC).date();
    sink.set_tls(TlsPlay::ValidUntil(i32::from(date.year()), date.month() as u8, date.day() as u8));
    bench.turn(id).await;
    assert!(matches!(&bench.facts().await[..], [Fact::CertificateExpiring { .. }]));
    sink.set_tls(TlsPlay::Valid);
    bench.turns(id, 2).await;
    let facts = bench.facts().await;
    assert!(matches!(&facts[..], [Fact::CertificateRenewed { monitor, .. }] if *monitor == id), "once: {facts:?}");
    bench.desk.book().monitors.clear();
    bench.load().await;
    assert_eq!(bench.desk.book().monitors[&id].certificate, None, "and it is written down");
}

#[tokio::test]
async fn nothing_names_a_deleted_monitor_any_more() {
    let bench = Bench::new().await;
    let member = bench.house.member(kernel::Role::Member).await;
    let ping = |name: &str| json!({ "name": name, "kind": "ping", "host": "localhost" });
    let (host, other) = (bench.monitor(ping("Host")).await, bench.monitor(ping("Other")).await);
    let mut fields = ping("Shop");
    fields["depends_on"] = json!([host, other]);
    let shop = bench.monitor(fields).await;
    let both = bench.monitor(json!({ "name": "Both", "kind": "group", "members": [host, other] })).await;
    let one = bench.monitor(json!({ "name": "One", "kind": "group", "members": [host] })).await;
    for monitors in [vec![host], vec![host, other], vec![]] {
        let monitors: Vec<String> = monitors.iter().map(ToString::to_string).collect();
        let mut form = vec![("title", "Move"), ("rule", "weekly"), ("days", "1"), ("at", "02:00"), ("minutes", "60"), ("zone", "UTC")];
        form.extend(monitors.iter().map(|id| ("monitors", id.as_str())));
        member.post("/uptime/windows", &form).await.expect(303);
    }
    member.post(&format!("/uptime/monitors/{host}/delete"), &[]).await.expect(303);
    let (left, windows) = bench.house.cx.read(|r| Ok((store::monitors::list(r)?, store::windows::list(r)?))).await.unwrap();
    let needs = |id: MonitorId| left.iter().find(|monitor| monitor.id == id).unwrap().needs();
    assert_eq!((needs(shop), needs(both), needs(one)), (vec![other], vec![other], vec![]));
    let covered: Vec<_> = windows.iter().map(|window| window.monitors.clone()).collect();
    assert_eq!(covered, [vec![], vec![other]], "a window of its own goes, for an empty one would cover all");
    bench.load().await;
    bench.desk.take_group_turn(one);
    let page = member.get(&format!("/uptime/monitors/{one}")).await.expect(200).body;
    assert!(page.contains("It has no member left.") && !page.contains("Newest checks"), "a group has no checks of its own: {page}");
}

#[tokio::test]
async fn a_beat_whose_body_breaks_off_counts() {
    let bench = Bench::new().await;
    let id = bench.monitor(json!({ "kind": "heartbeat", "beat_token": "t0ken" })).await;
    let broken = futures_util::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("gone")) });
    let request = http::Request::post("/uptime/beat/t0ken").body(axum::body::Body::from_stream(broken)).unwrap();
    bench.house.visitor().call(request).await.expect(200);
    assert_eq!(bench.state(id).shown(), Up);
}
