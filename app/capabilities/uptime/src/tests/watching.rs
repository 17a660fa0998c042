//! The whole way, on real sockets and a frozen clock: probe, judge, write, tell.

use std::time::Duration;

use kernel::Fact;
use kernel::ids::MonitorId;
use serde_json::{Value, json};
use testkit::fakes::{Dns, DnsPlay, Play, Reply, Sink, Tcp, TcpPlay};

use super::bench::Bench;
use crate::model::check::Verdict;
use crate::model::heartbeat::{Beat, BeatKind};
use crate::model::state::MonitorState::{self, Degraded, Down, Maintenance, NoData, Pending, Up};
use crate::store;

pub async fn make(bench: &Bench, fields: Value) -> MonitorId {
    let id = bench.monitor(fields).await;
    bench.facts().await;
    id
}

pub fn beat(bench: &Bench, kind: BeatKind) -> Beat {
    Beat { at: bench.now(), kind, exit_code: None, run_id: None, body: String::new(), reported_ms: None }
}

#[tokio::test]
async fn a_heartbeat_goes_up_late_down_and_back() {
    let bench = Bench::new().await;
    let id = make(&bench, json!({ "kind": "heartbeat", "schedule": { "type": "every", "period_s": 600 }, "grace_s": 60 })).await;
    bench.pass(10_000).await;
    assert_eq!(bench.state(id).shown(), Pending, "it waits for its first beat");
    bench.desk.take_beat(id, &beat(&bench, BeatKind::Success));
    bench.pass(1).await;
    assert_eq!(bench.state(id).shown(), Up);
    let last = bench.now();
    bench.pass(655).await;
    assert_eq!(bench.state(id).shown(), Up, "late is not missing");
    bench.pass(10).await;
    assert_eq!(bench.state(id).shown(), Down);
    let deadline = last - Duration::from_secs(1) + Duration::from_secs(660);
    let facts = bench.facts().await;
    assert!(
        matches!(&facts[..], [Fact::MonitorDown { down_since, reason, .. }] if *down_since == deadline && reason == "beat_missing"),
        "{facts:?}"
    );
    bench.pass(600).await;
    assert_eq!(bench.facts().await, vec![], "one outage, however long it stays away");
    bench.desk.take_beat(id, &beat(&bench, BeatKind::Success));
    bench.pass(1).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorRecovered { .. }]));
    bench.desk.take_beat(id, &beat(&bench, BeatKind::Fail));
    bench.pass(1).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { reason, .. }] if reason == "beat_failed"));
}

#[tokio::test]
async fn a_group_follows_its_members() {
    let (bench, one, two) = (Bench::new().await, Sink::start(), Sink::start());
    let a = make(&bench, json!({ "name": "A", "kind": "http", "url": one.url("/") })).await;
    let b = make(&bench, json!({ "name": "B", "kind": "http", "url": two.url("/") })).await;
    let group = make(&bench, json!({ "name": "All", "kind": "group", "members": [a, b], "policy": "all" })).await;
    bench.turn(a).await;
    bench.turn(b).await;
    let look = || bench.desk.take_group_turn(group);
    look();
    assert_eq!(bench.state(group).shown(), Up);
    one.set(Play::code(500));
    bench.turns(a, 2).await;
    look();
    assert_eq!(bench.state(group).shown(), Degraded);
    two.set(Play::code(500));
    bench.turns(b, 2).await;
    look();
    assert_eq!(bench.state(group).shown(), Down);
    two.set(Play::ok("ok"));
    bench.turns(b, 2).await;
    look();
    assert_eq!(bench.state(group).shown(), Degraded);
}

#[tokio::test]
async fn without_a_way_out_nobody_is_called_down() {
    let (bench, canary) = (Bench::new().await, Tcp::start(TcpPlay::Hold));
    bench.trust_fakes(|options| options.canaries = vec![canary.address()]);
    // A name that does not resolve: it lies outside, as far as anybody knows.
    let dns = Dns::start();
    dns.set("shop.example", DnsPlay::Silent);
    bench.trust_fakes(|options| {
        options.canaries = vec![canary.address()];
        options.resolver = Some(dns.address());
    });
    let id = make(&bench, json!({ "kind": "http", "url": "http://shop.example/", "timeout_ms": 200 })).await;
    canary.close();
    bench.turns(id, 4).await;
    assert_eq!(bench.state(id).shown(), NoData);
    let facts = bench.facts().await;
    assert!(matches!(&facts[..], [Fact::MonitoringInterrupted { .. }]), "{facts:?}");
    assert_eq!(bench.outages(id).await, vec![]);
}

#[tokio::test]
async fn a_failing_private_target_needs_no_canary() {
    let (bench, canary, tcp) = (Bench::new().await, Tcp::refused(), Tcp::refused());
    bench.trust_fakes(|options| options.canaries = vec![canary.address()]);
    let id = make(&bench, json!({ "kind": "tcp", "host": "127.0.0.1", "port": tcp.port() })).await;
    assert_eq!(bench.turns(id, 2).await, Down);
}

#[tokio::test]
async fn maintenance_of_the_status_page_holds_the_notice_until_it_ends() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/") })).await;
    bench.turn(id).await;
    let maintenance = kernel::ids::MaintenanceId(7);
    let (starts_at, ends_at) = (bench.now(), bench.now() + Duration::from_secs(600));
    bench.house.tell(Fact::MaintenanceAnnounced { maintenance, title: "Move".into(), monitors: vec![id], starts_at, ends_at }).await;
    bench.load().await;
    bench.pass(1).await;
    assert_eq!(bench.state(id).shown(), Maintenance);
    bench.facts().await;
    sink.set(Play::code(500));
    bench.turns(id, 5).await;
    assert_eq!(bench.facts().await, vec![]);
    bench.house.tell(Fact::MaintenanceEnded { maintenance, ended_at: bench.now() }).await;
    bench.facts().await;
    bench.load().await;
    bench.pass(1).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { .. }]));
}

#[tokio::test]
async fn a_dependant_of_a_dead_parent_is_not_told() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let parent = make(&bench, json!({ "name": "Host", "kind": "http", "url": sink.url("/") })).await;
    let child = make(&bench, json!({ "name": "Shop", "kind": "http", "url": sink.url("/shop"), "depends_on": [parent] })).await;
    bench.turn(parent).await;
    bench.turn(child).await;
    sink.set(Play::code(500));
    // The dependant fails first; its parent is looked at before it is told.
    bench.turn(child).await;
    bench.turn(parent).await;
    bench.turn(child).await;
    bench.turn(parent).await;
    let names = |facts: Vec<Fact>| {
        facts.into_iter().filter_map(|fact| if let Fact::MonitorDown { name, .. } = fact { Some(name) } else { None }).collect::<Vec<_>>()
    };
    assert_eq!(names(bench.facts().await), ["Host"]);
    assert_eq!(bench.outages(child).await[0].parent, Some(parent));
    sink.set_handler(|request| if request.path == "/" { Play::ok("ok") } else { Play::code(500) });
    bench.turns(parent, 2).await;
    bench.pass(30).await;
    bench.turn(child).await;
    assert_eq!(names(bench.facts().await), [""; 0]);
    bench.pass(61).await;
    assert_eq!(names(bench.facts().await), ["Shop"], "a minute after the parent is back it is told");
}

#[tokio::test]
async fn a_dependant_waits_for_the_check_of_its_parent_that_is_under_way() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let parent = make(&bench, json!({ "name": "Host", "kind": "http", "url": sink.url("/") })).await;
    let child = make(&bench, json!({ "name": "Shop", "kind": "http", "url": sink.url("/shop"), "depends_on": [parent] })).await;
    bench.turn(parent).await;
    bench.turn(child).await;
    sink.set_handler(|request| if request.path == "/" { Play::ok("ok") } else { Play::code(500) });
    bench.desk.book().monitors.get_mut(&parent).unwrap().is_in_flight = true;
    assert_eq!(bench.turns(child, 2).await, Down);
    assert_eq!(bench.facts().await, vec![]);
    assert_eq!(bench.outages(child).await[0].parent, None, "nobody knows yet that the parent is why");
    bench.turn(parent).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { name, .. }] if name == "Shop"), "the parent is up");
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/") })).await;
    bench.turn(id).await;
    sink.set(Play::code(500));
    bench.turns(id, 2).await;
    bench.facts().await;
    // A new desk with an empty book, on the same database.
    bench.desk.book().monitors.clear();
    bench.load().await;
    assert_eq!(bench.state(id).shown(), Down);
    bench.turns(id, 2).await;
    assert_eq!(bench.facts().await, vec![], "nothing is told twice");
    sink.set(Play::ok("ok"));
    bench.turns(id, 2).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorRecovered { .. }]));
    assert_eq!(bench.outages(id).await.len(), 1);
}

/// A new desk with an empty book, on the same database, which was last alive at that moment.
async fn restart(bench: &Bench, alive: kernel::Time) {
    bench.house.cx.write(move |tx| store::states::set_cursor(tx, crate::runner::reload::ALIVE, alive)).await.unwrap();
    *bench.desk.book() = crate::runner::Book::default();
    bench.load().await;
    bench.write().await;
}

#[tokio::test]
async fn a_failure_that_was_only_written_down_is_judged_after_a_restart() {
    let bench = Bench::new().await;
    let id = make(&bench, json!({ "kind": "heartbeat", "schedule": { "type": "every", "period_s": 600 }, "grace_s": 60 })).await;
    bench.desk.take_beat(id, &beat(&bench, BeatKind::Success));
    bench.pass(30).await;
    let failed = crate::model::heartbeat::take_in(&bench.desk.book().monitors[&id].beat, &beat(&bench, BeatKind::Fail)).0;
    bench.house.cx.write(move |tx| store::states::save_beat(tx, id, &failed)).await.unwrap();
    bench.facts().await;
    bench.house.clock.advance(Duration::from_secs(5));
    restart(&bench, bench.now()).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { reason, .. }] if reason == "beat_failed"));
}

#[tokio::test]
async fn the_end_of_an_interruption_is_told_after_a_restart_and_once() {
    let bench = Bench::new().await;
    let id = make(&bench, json!({ "kind": "http", "url": "http://shop.example/" })).await;
    let job = make(&bench, json!({ "name": "Job", "kind": "heartbeat", "schedule": { "type": "every", "period_s": 600 } })).await;
    let ok = || crate::model::check::Check::ok(bench.now());
    restart(&bench, bench.now()).await;
    bench.desk.conclude(id, ok());
    bench.write().await;
    assert_eq!(bench.facts().await, vec![], "nothing had been told");
    let since = bench.now();
    bench.desk.ledger.fact(Fact::MonitoringInterrupted { vantage: "here".into(), since, detail: String::new() });
    bench.write().await;
    bench.facts().await;
    restart(&bench, bench.now()).await;
    bench.desk.take_beat(job, &beat(&bench, BeatKind::Success));
    bench.write().await;
    assert_eq!(bench.facts().await, vec![], "a beat comes in, it does not show a way out");
    bench.desk.conclude(id, ok());
    bench.desk.conclude(id, ok());
    bench.write().await;
    let facts = bench.facts().await;
    assert!(matches!(&facts[..], [Fact::MonitoringResumed { since: from, .. }] if *from == since), "{facts:?}");
    restart(&bench, bench.now()).await;
    bench.desk.conclude(id, ok());
    bench.write().await;
    assert_eq!(bench.facts().await, vec![]);
}

#[tokio::test]
async fn beats_that_came_to_a_closed_door_are_not_missed() {
    let bench = Bench::new().await;
    let id = make(&bench, json!({ "kind": "heartbeat", "schedule": { "type": "every", "period_s": 600 }, "grace_s": 60 })).await;
    bench.desk.take_beat(id, &beat(&bench, BeatKind::Success));
    let state = bench.desk.book().monitors[&id].beat.clone();
    bench.house.cx.write(move |tx| store::states::save_beat(tx, id, &state)).await.unwrap();
    bench.pass(500).await;
    let alive = bench.now();
    bench.house.clock.advance(Duration::from_secs(3_600));
    restart(&bench, alive).await;
    bench.pass(600).await;
    assert_eq!(bench.state(id).shown(), Up);
    assert_eq!(bench.facts().await, vec![]);
    bench.pass(61).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { .. }]), "from then on it is due again");
}

#[tokio::test]
async fn another_vantage_is_heard_when_it_reports_and_only_then() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/"), "vantages": "all" })).await;
    bench.turn(id).await;
    let vantage = bench.house.key(kernel::Role::Viewer, &["uptime:probe"]).await;
    let config: Value = vantage.get("/api/v1/uptime/vantages").await.expect(200).json();
    assert_eq!(config["monitors"][0]["id"], json!(id));
    let send = |verdict: Value, at: kernel::Time| {
        let check = json!({ "started_at": at.rfc3339_millis(), "verdict": verdict, "reason": null, "detail": "", "phases_us": { "total": 5 }, "seen": { "bytes_wire": 0, "bytes_body": 0 } });
        let vantage = &vantage;
        async move {
            let body = json!({ "version": "1", "results": [{ "monitor": id, "check": check }] });
            vantage.json(http::Method::POST, "/api/v1/uptime/vantages", &body).await.expect(200);
        }
    };
    send(json!("ok"), bench.now()).await;
    sink.set(Play::code(500));
    assert_eq!(bench.turns(id, 3).await, Up, "the other one can still reach it");
    send(json!("fail"), bench.now()).await;
    assert_eq!(bench.turns(id, 2).await, Down);
    let page = bench.house.member(kernel::Role::Viewer).await.get("/uptime/vantages").await.expect(200);
    assert!(page.body.contains("reporting"), "{}", page.body);
    // Without fresh words of others our own counts alone.
    sink.set(Play::ok("ok"));
    bench.house.clock.advance(Duration::from_secs(600));
    assert_eq!(bench.turns(id, 2).await, Up);
    let denied = bench.house.member(kernel::Role::Owner).await.get("/api/v1/uptime/vantages").await;
    assert_eq!(denied.code.as_u16(), 403, "the configuration holds credentials");
}

#[tokio::test]
async fn hours_and_days_are_summed_up_once_and_rows_age_out() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/"), "interval_s": 600, "timeout_ms": 700 })).await;
    let start = bench.now();
    for turn in 0..200 {
        sink.set(if turn == 20 { Play::code(500) } else { Play::ok("ok") });
        bench.house.clock.advance(Duration::from_secs(590));
        bench.turn(id).await;
        if turn % 50 == 0 {
            crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
        }
    }
    for _ in 0..2 {
        crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
    }
    let end = bench.now();
    let (hours, days) = bench
        .house
        .cx
        .read(move |r| Ok((store::rollups::hours(r, id, start, end)?, store::rollups::days(r, id, start, end)?)))
        .await
        .unwrap();
    let total: u64 = hours.iter().map(|(_, rollup)| rollup.checks()).sum();
    assert_eq!((total, hours.iter().map(|(_, rollup)| rollup.fail).sum::<u64>()), (200, 1));
    assert_eq!(days.len(), 1, "the first whole day after the start of the log is summed up: {days:?}");
    crate::jobs::prune(bench.house.cx.clone()).await.unwrap();
    bench.house.clock.advance(Duration::from_secs(3 * 86_400));
    crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
    crate::jobs::prune(bench.house.cx.clone()).await.unwrap();
    let left: i64 = bench.house.cx.telemetry.read(|r| r.value("select count(*) from uptime_checks", [])).await.unwrap();
    assert_eq!(left, 0);
    let packed = bench.house.cx.telemetry.read(move |r| store::checks::between(r, id, start, end + Duration::from_secs(1))).await.unwrap();
    assert_eq!(packed.len(), 200, "the packed hours still hold every check");
    assert_eq!(packed.iter().filter(|sample| sample.verdict == Verdict::Fail).count(), 1);
}

#[tokio::test]
async fn a_clock_that_ran_ahead_once_stops_no_sums() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/") })).await;
    let (start, future) = (bench.now().hour_start(), bench.now() + kernel::time::DAY * 30);
    let set =
        move |tx: &mut db::Tx<'_>| ["hours", "days", "packed"].iter().try_for_each(|name| store::states::set_cursor(tx, name, future));
    bench.house.cx.write(set).await.unwrap();
    for _ in 0..4 {
        bench.turn(id).await;
        crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
        bench.house.clock.advance(kernel::time::DAY);
    }
    crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
    let end = bench.now();
    let read = move |r: &db::Reader<'_>| Ok((store::rollups::hours(r, id, start, end)?, store::rollups::days(r, id, start, end)?));
    let (hours, days) = bench.house.cx.read(read).await.unwrap();
    let blocks: i64 = bench.house.cx.telemetry.read(|r| r.value("select count(*) from uptime_blocks", [])).await.unwrap();
    assert_eq!(blocks, 4);
    assert_eq!(hours.iter().map(|(_, rollup)| rollup.checks()).sum::<u64>(), 4, "{hours:?}");
    assert!(days.len() >= 2, "{days:?}");
}

#[tokio::test]
async fn what_a_vantage_sends_late_is_in_the_history() {
    use crate::model::check::Check;
    let (bench, telemetry) = (Bench::new().await, |bench: &Bench| bench.house.cx.telemetry.clone());
    let id = make(&bench, json!({ "kind": "http", "url": "http://shop.example/" })).await;
    let hour = bench.now().hour_start() + kernel::time::HOUR;
    let sample = |second: u64, vantage: i64| (id, Check::ok(hour + Duration::from_secs(second)).sample(vantage));
    let append = async |batch: Vec<_>| telemetry(&bench).write(move |tx| store::checks::append(tx, &batch)).await.unwrap();
    let blocks = async || telemetry(&bench).read(|r| r.value::<i64>("select count(*) from uptime_blocks", [])).await.unwrap();
    append(vec![sample(10, 0), sample(20, 0)]).await;
    bench.house.clock.set(hour + kernel::time::HOUR + Duration::from_secs(60 * 60));
    crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
    assert_eq!(blocks().await, 0, "an hour of a vantage's results may still come");
    append(vec![sample(10, 0), sample(10, 5)]).await;
    bench.house.clock.advance(Duration::from_secs(11 * 60));
    crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
    assert_eq!(blocks().await, 1);
    let found = telemetry(&bench).read(move |r| store::checks::between(r, id, hour, hour + kernel::time::HOUR)).await.unwrap();
    let found: Vec<_> = found.iter().map(|sample| ((sample.at.0 - hour.0) / 1_000, sample.vantage)).collect();
    assert_eq!(found, [(10, 0), (10, 5), (20, 0)]);
}

#[tokio::test]
async fn outages_age_out_when_they_ended_long_ago() {
    let bench = Bench::new().await;
    let id = make(&bench, json!({ "kind": "http", "url": "http://shop.example/" })).await;
    let insert = "insert into uptime_outages (monitor_id, started_at, confirmed_at, ended_at, reason, detail) values (?, ?, ?, ?, 'x', '')";
    let now = bench.now();
    let old = now - kernel::time::DAY * 500;
    for (started, ended) in [(old, Some(old)), (old + kernel::time::HOUR, None), (old, Some(now))] {
        let row = (id.0, started.0 + ended.map_or(0, |ended| ended.0 - old.0), started.0, ended.map(|ended| ended.0));
        bench.house.cx.write(move |tx| tx.run(insert, row)).await.unwrap();
    }
    crate::jobs::prune(bench.house.cx.clone()).await.unwrap();
    let left: Vec<_> = bench.outages(id).await.iter().map(|outage| outage.ended_at).collect();
    assert_eq!(left, [Some(now), None], "an open one and a recent one stay");
}

#[tokio::test]
async fn silence_of_the_runner_shows_as_no_data_not_as_downtime() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = make(&bench, json!({ "kind": "http", "url": sink.url("/") })).await;
    bench.turn(id).await;
    let last = bench.now();
    bench.pass(3_600).await;
    assert_eq!(bench.state(id).shown(), NoData);
    bench.turn(id).await;
    let now = bench.now();
    let spans = bench.house.cx.read(move |r| store::states::history(r, id, last, now)).await.unwrap();
    let states: Vec<MonitorState> = spans.iter().map(|span| span.state).collect();
    assert_eq!(states, [Up, NoData]);
    assert_eq!(spans[0].to, last + Duration::from_secs(20));
    assert_eq!(bench.facts().await, vec![]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_hangs_delays_no_other_monitor() {
    use tokio_util::sync::CancellationToken;
    let house = testkit::TestHouse::new(&[&crate::Uptime]).await;
    let (good, hung) = (Sink::start(), Sink::start());
    hung.set(Play::Hang);
    let sealer = house.cx.sealer.clone();
    let urls = (good.url("/"), hung.url("/"));
    house
        .cx
        .write(move |tx| {
            for number in 0..12 {
                let url = if number % 2 == 0 { &urls.0 } else { &urls.1 };
                let fields = json!({ "name": format!("M{number}"), "kind": "http", "url": url, "interval_s": 5, "timeout_ms": 5_000 });
                crate::acts::create(tx, &sealer, crate::model::flat::read(fields, &|_| None)?)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let shutdown = CancellationToken::new();
    let mut tasks = capability::Tasks::new(shutdown.clone());
    let watch = kernel::time::Stopwatch::start();
    crate::runner::start(&house.cx, &mut tasks);
    // Two rounds of the six good ones, while the six others hang for a whole interval each.
    let asked = good.wait_for(12, Duration::from_secs(20)).await;
    assert!(asked.len() >= 12 && watch.elapsed() < Duration::from_secs(8), "{} in {:?}", asked.len(), watch.elapsed());
    shutdown.cancel();
    tasks.join(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vantage_pulls_looks_and_pushes_and_keeps_what_it_could_not_send() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio_util::sync::CancellationToken;
    let target = Sink::start();
    let server = Sink::start();
    let config = json!({ "user_agent": "Elsewhere", "allow_private": true, "allow_metadata": false, "monitors": [{
        "id": 4, "watch": { "kind": "http", "url": target.url("/") }, "rules": { "interval_s": 1, "timeout_ms": 500 }, "secrets": {} }] });
    static IS_AWAY: AtomicBool = AtomicBool::new(true);
    server.set_handler(move |request| match request.method.as_str() {
        "GET" => Play::Answer(Reply::json(200, &config)),
        _ if IS_AWAY.swap(false, Ordering::SeqCst) => Play::code(503),
        _ => Play::Answer(Reply::json(200, &json!({ "taken": 1 }))),
    });
    let shutdown = CancellationToken::new();
    let house = testkit::TestHouse::new(&[&crate::Uptime]).await;
    let options = crate::AgentOptions {
        server: kernel::text::WebUrl::parse(&server.url("")).unwrap(),
        key: kernel::Secret::new("key"),
        outbound: house.cx.outbound.clone(),
        clock: kernel::Clock::System,
        version: "9",
        shutdown: shutdown.clone(),
    };
    let agent = tokio::spawn(crate::probe_agent(options));
    let is_second_push = |requests: &[testkit::fakes::Recorded]| requests.iter().filter(|request| request.method == "POST").count() >= 2;
    let mut count = 2;
    while !is_second_push(&server.requests()) {
        server.wait_for(count, Duration::from_secs(30)).await;
        count += 1;
    }
    shutdown.cancel();
    agent.await.unwrap().unwrap();
    let pushed: Vec<Value> = server
        .requests()
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect();
    let first = |body: &Value| body["results"][0].clone();
    assert_eq!(first(&pushed[0]), first(&pushed[1]), "what the server did not take is sent again");
    assert_eq!((&pushed[1]["version"], &pushed[1]["results"][0]["monitor"]), (&json!("9"), &json!(4)));
    assert!(pushed[1]["results"].as_array().unwrap().len() > pushed[0]["results"].as_array().unwrap().len());
    let asked = server.requests();
    assert_eq!((asked[0].path.as_str(), asked[0].header("authorization")), ("/api/v1/uptime/vantages", Some("Bearer key")));
    assert_eq!(target.requests()[0].header("user-agent"), Some("Elsewhere"));
}
