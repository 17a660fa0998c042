//! Pages and API as people and programs meet them.

use capability::{Registry, Subject};
use ingest::Kind;
use kernel::Role;
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};

use super::support::{ALONE, Watched, container, span, trace, with};
use crate::model::family::Family;

/// A request with a query below it.
fn request(watched: &Watched, id: u64, name: &str, ms: f64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of these days")]
    let since = (watched.house.clock.now().0 - 1_772_452_800_000) as f64 - ms;
    let root = with(span(id, id, 0, name, "http.server", since, ms), "sentry.release", "shop@1");
    let text = "select a from b where c = 12";
    let query = with(with(span(id, id + 10_000, id, text, "db", since, ms / 2.0), "db.query.text", text), "db.system.name", "postgresql");
    container(vec![root, query])
}

async fn busy() -> Watched {
    let watched = Watched::new().await;
    for id in 1..=40 {
        #[expect(clippy::cast_precision_loss, reason = "forty")]
        watched.report(Kind::Spans, &request(&watched, id, "GET /orders", id as f64 * 10.0)).await;
    }
    watched.digest().await;
    watched
}

#[tokio::test]
async fn who_has_no_traces_yet_is_told_the_next_step() {
    let watched = Watched::new().await;
    let viewer = watched.house.member(Role::Viewer).await;
    for path in ["/traces", "/traces/pages", "/traces/queries", "/traces/others"] {
        let page = viewer.get(path).await.expect(200).body;
        assert!(page.contains("No traces yet") && page.contains("traces_sample_rate"), "{path}");
    }
    watched.house.visitor().get("/traces").await.expect(303);
    viewer.get("/traces/names/17").await.expect(404);
    viewer.get("/traces/999999999").await.expect(404);
}

#[tokio::test]
async fn the_table_shows_quantiles_shares_and_links_to_each_endpoint() {
    let watched = busy().await;
    watched.report(Kind::Spans, &request(&watched, 900, "GET /slow", 8_200.0)).await;
    watched.digest().await;
    let viewer = watched.house.member(Role::Viewer).await;
    let page = viewer.get("/traces?window=1h").await.expect(200).body;
    // 40 requests of 205 ms on average against one of 8.2 s: half of the time each.
    for text in ["GET /orders", "GET /slow", "50\u{a0}%"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let id = watched.counted(Family::Endpoint).await.iter().find(|(name, _)| name.name == "GET /orders").unwrap().0.id();
    let detail = viewer.get(&format!("/traces/names/{}?window=1h", id.0)).await.expect(200).body;
    for text in ["Response time", "Spread of durations", "shop@1", "Where the time goes", "Example traces", "slowest", "p95"] {
        assert!(detail.contains(text), "{text}: {detail}");
    }
    assert!(detail.contains(&format!("/traces/{}", trace(40))), "the slowest is an example");
    assert!(detail.contains(&format!("/traces/{}", trace(20))), "and the one in the middle");
    let queries = viewer.get("/traces/queries?window=1h").await.expect(200).body;
    assert!(queries.contains("select a from b where c = ?") && queries.contains(" and 1 more"), "{queries}");
    let found = viewer.get("/traces?window=1h&q=SLO").await.expect(200).body;
    assert!(found.contains("GET /slow") && !found.contains("GET /orders"), "{found}");
    for odd in ["?window=never", "?project=99&release=x", "?environment=%3Cb%3E", "?sort=;--", "?project=shop&release=nope"] {
        viewer.get(&format!("/traces{odd}")).await.expect(200);
    }
}

/// A collector sends requests of many endpoints together.
#[tokio::test]
async fn where_the_time_goes_is_told_of_this_endpoint_alone() {
    let watched = Watched::new().await;
    let own = [span(1, 1, 0, "GET /a", "http.server", 0.0, 100.0), span(1, 2, 1, "draw", "template.render", 10.0, 40.0)];
    let others = (2..20).flat_map(|id| {
        [span(id, id * 10, 0, "GET /b", "http.server", 0.0, 100.0), span(id, id * 10 + 1, id * 10, "zip", "file.archive", 10.0, 50.0)]
    });
    let mut nameless = span(30, 30, 0, "GET /b", "http.server", 0.0, 100.0);
    nameless["span_id"] = json!(null);
    watched.report(Kind::Spans, &container(own.into_iter().chain(others).chain([nameless]).collect())).await;
    watched.digest().await;
    let id = watched.counted(Family::Endpoint).await.iter().find(|(name, _)| name.name == "GET /a").unwrap().0.id();
    let page = watched.house.member(Role::Viewer).await.get(&format!("/traces/names/{}", id.0)).await.expect(200).body;
    assert!(page.contains("in the newest 1 traces") && page.contains("template.render"), "{page}");
    assert!(!page.contains("file.archive"), "that is the time of another: {page}");
}

#[tokio::test]
async fn a_slow_query_without_a_trace_is_slow_all_the_same() {
    let watched = Watched::new().await;
    let mut lost = with(span(1, 1, 0, "select 2", "db", -9_000.0, 9_000.0), "db.query.text", "select 2");
    lost["trace_id"] = json!("?");
    let fast = with(span(2, 2, 0, "select 2", "db", -10.0, 10.0), "db.query.text", "select 2");
    watched.report(Kind::Spans, &container(vec![lost, fast])).await;
    watched.digest().await;
    let own = watched.house.cx.clone();
    let slowest = watched.house.cx.read(move |r| {
        let metric = crate::contributions::METRICS.iter().find(|metric| metric.name == "traces.slowest_query_ms").unwrap();
        (metric.read)(&own, r)
    });
    let value = slowest.await.unwrap().unwrap().value;
    assert!((value - 9_000.0).abs() <= 9_000.0 * 0.021, "{value}");
}

#[tokio::test]
async fn the_fullest_pool_of_connections_is_what_a_rule_reads() {
    let watched = Watched::new().await;
    let gauge = |name: &str, value: f64, pool: &str, state: &str| {
        let text = |value: &str| json!({"value": value, "type": "string"});
        let attributes = json!({"db.client.connection.pool.name": text(pool), "db.client.connection.state": text(state), "server.address": text("web-1")});
        json!({"timestamp": 1_772_452_800, "trace_id": trace(1), "name": name, "type": "gauge", "value": value, "attributes": attributes})
    };
    let read = async || {
        let own = watched.house.cx.clone();
        let read = watched.house.cx.read(move |r| {
            let metric = crate::contributions::METRICS.iter().find(|metric| metric.name == "traces.database_connections_percent").unwrap();
            (metric.read)(&own, r)
        });
        read.await.unwrap().map(|reading| (reading.value, reading.samples))
    };
    let (count, most) = ("db.client.connection.count", "db.client.connection.max");
    watched.report(Kind::Metrics, &container(vec![gauge(count, 9.0, "main", "used"), gauge("orders", 99.0, "main", "used")])).await;
    watched.digest().await;
    assert_eq!(read().await, None, "of how many is not known yet");
    let told = vec![
        gauge(most, 10.0, "main", ""),
        gauge(count, 1.0, "main", "idle"),
        gauge(count, 2.0, "jobs", "used"),
        gauge(most, 4.0, "jobs", ""),
    ];
    watched.report(Kind::Metrics, &container(told)).await;
    watched.digest().await;
    assert_eq!(read().await, Some((90.0, 2)));
    watched
        .report(Kind::Metrics, &container(vec![gauge(count, 3.0, "main", "used"), json!(7), json!({"name": count, "value": "x"})]))
        .await;
    watched.digest().await;
    assert_eq!(read().await, Some((50.0, 2)), "the newest word counts");
    watched.report(Kind::Metrics, &container((0..80).map(|id| gauge(count, 1.0, &format!("made-up {id}"), "used")).collect())).await;
    watched.digest().await;
    let rows = async || watched.house.cx.read(|r| r.value::<i64>("select count(*) from traces_pools", [])).await.unwrap();
    assert_eq!(rows().await, 50, "a program cannot fill the table");
    watched.house.clock.advance(MINUTE * 11);
    assert_eq!(read().await, None, "nobody has said anything for ten minutes");
    watched.house.pass(DAY * 2).await;
    assert_eq!(rows().await, 0);
}

#[tokio::test]
async fn a_slower_day_is_told_against_the_day_before() {
    let watched = busy().await;
    watched.house.clock.advance(DAY);
    for id in 101..=140 {
        #[expect(clippy::cast_precision_loss, reason = "forty")]
        watched.report(Kind::Spans, &request(&watched, id, "GET /orders", (id - 100) as f64 * 20.0)).await;
    }
    watched.digest().await;
    let key = watched.house.key(Role::Viewer, &["traces:read"]).await;
    let answer: Value = key.get("/api/v1/traces/endpoints?window=24h").await.expect(200).json();
    let trend = answer["endpoints"][0]["trend_percent"].as_f64().unwrap();
    assert!((trend - 100.0).abs() < 8.0, "twice as slow: {trend}");
    let page = watched.house.member(Role::Viewer).await.get("/traces").await.expect(200).body;
    assert!(page.contains("state bad"), "{page}");
}

#[tokio::test]
async fn programs_read_endpoints_and_traces() {
    let watched = busy().await;
    let key = watched.house.key(Role::Viewer, &["traces:read"]).await;
    let answer: Value = key.get("/api/v1/traces/endpoints?window=1h&project=shop").await.expect(200).json();
    let endpoint = &answer["endpoints"][0];
    assert_eq!(
        (endpoint["name"].as_str(), endpoint["count"].as_u64(), endpoint["failed"].as_u64()),
        (Some("GET /orders"), Some(40), Some(0))
    );
    let p95 = endpoint["p95_ms"].as_f64().unwrap();
    assert!((p95 - 380.0).abs() <= 380.0 * 0.021, "{p95}");
    // 40 up to 400 ms, all within 500 ms.
    assert_eq!(endpoint["apdex"].as_f64(), Some(1.0));
    let trace: Value = key.get(&format!("/api/v1/traces/{}", trace(5))).await.expect(200).json();
    assert_eq!((trace["span_count"].as_u64(), trace["spans"][1]["op"].as_str()), (Some(2), Some("db")));
    assert_eq!(trace["spans"][1]["depth"], 1);
    assert_eq!(trace["spans"][1]["attributes"]["db.system.name"], "postgresql");
    key.get("/api/v1/traces/endpoints?window=2h").await.expect(400);
    key.get("/api/v1/traces/endpoints?release=shop@1").await.expect(400);
    key.get("/api/v1/traces/zz").await.expect(404);
    watched.house.key(Role::Viewer, &["errors:read"]).await.get("/api/v1/traces/endpoints").await.expect(403);
}

#[tokio::test]
async fn what_others_ask_for_is_answered() {
    let watched = busy().await;
    let mut failing = request(&watched, 77, "GET /orders", 5.0);
    failing["items"][0]["status"] = json!("error");
    watched.report(Kind::Spans, &failing).await;
    watched.digest().await;
    let (cx, project) = (watched.house.cx.clone(), watched.project);
    let (of_trace, of_release, of_none) = tokio::task::spawn_blocking(move || {
        let related = |subject: Subject<'_>| cx.registry.related(&cx, &subject).unwrap();
        (related(Subject::Trace(&trace(77))), related(Subject::Release(project, "shop@1")), related(Subject::Trace(&trace(999))))
    })
    .await
    .unwrap();
    assert_eq!((of_trace[0].title.as_str(), of_trace[0].note.as_str()), ("GET /orders", "5 ms, failed"));
    assert!(of_release[0].title.contains("over 41 requests"), "{of_release:?}");
    assert!(of_none.is_empty());
    let hits = watched.house.cx.read(|r| Registry(ALONE).search(r, "orders")).await.unwrap();
    assert!(hits.iter().any(|hit| hit.title == "GET /orders" && hit.href.starts_with("/traces/names/")));
    let hits = watched.house.cx.read(|r| Registry(ALONE).search(r, &trace(3))).await.unwrap();
    assert_eq!(hits[0].href, format!("/traces/{}", trace(3)));
    let tiles = watched.house.cx.read(|r| Registry(ALONE).tiles(r)).await.unwrap();
    assert_eq!(tiles[0].note, "41 requests in 24 h, 2.44 % failed");
}

#[tokio::test]
async fn alert_rules_read_the_last_ten_minutes() {
    let watched = busy().await;
    let read = async |name: &'static str| {
        let own = watched.house.cx.clone();
        let read = watched.house.cx.read(move |r| {
            let metrics = own.registry.metrics();
            let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
            (metric.read)(&own, r)
        });
        read.await.unwrap()
    };
    let p95 = read("traces.p95_ms").await.unwrap();
    assert!((p95.value - 380.0).abs() <= 380.0 * 0.021 && p95.samples == 40, "{p95:?}");
    let slowest = read("traces.slowest_query_ms").await.unwrap();
    assert_eq!((slowest.value, slowest.samples), (200.0, 40));
    assert_eq!(read("traces.failure_rate_percent").await.unwrap().value, 0.0);
    watched.house.clock.advance(MINUTE * 12);
    assert_eq!(read("traces.p95_ms").await, None, "nothing came in, so nothing is known");
    watched.house.pass(HOUR).await;
    let gauges = watched.house.cx.read(crate::contributions::gauges).await.unwrap();
    assert!(
        gauges.len() == 3 && gauges.iter().all(|gauge| gauge.name == "hermetic_traces_recent_count" && gauge.value == 0.0),
        "{gauges:?}"
    );
}
