//! Pages, export, API.

use capability::{Capability as _, Subject};
use kernel::Role;
use serde_json::{Value, json};
use std::time::Duration;

use super::bench::{Bench, line, line_with};

const TRACE: &str = "0131874adc87492188e3592b4bbe8c31";

fn traced(ago_s: f64, body: &str) -> Value {
    let mut line = line("info", ago_s, body);
    line["trace_id"] = json!(TRACE);
    line["span_id"] = json!("9ac9fe6ad38b1fb3");
    line
}

#[tokio::test]
async fn an_empty_page_says_the_next_step() {
    let bench = Bench::new().await;
    let page = bench.house.member(Role::Viewer).await.get("/logs").await.expect(200).body;
    assert!(page.contains("No line has come in yet") && page.contains("enable_logs"), "{page}");
    bench.log(&[line("info", 1.0, "here")]).await;
    let page = bench.house.member(Role::Viewer).await.get("/logs?q=nowhere").await.expect(200).body;
    assert!(page.contains("No line fits") && page.contains("Look through 30 days"), "{page}");
}

#[tokio::test]
async fn the_page_shows_lines_with_levels_counts_and_links() {
    let bench = Bench::new().await;
    let attributes =
        json!({ "cart.id": 7, "sentry.message.template": "pay {} failed", "sentry.message.parameter.0": "visa", "logger.name": "shop" });
    bench.log(&[line_with("error", 3.0, "pay visa failed", attributes), line("info", 2.0, "fine"), traced(1.0, "traced")]).await;
    let member = bench.house.member(Role::Viewer).await;
    let page = member.get("/logs").await.expect(200).body;
    for part in
        ["3 lines in the last 24h", "<b class=\"log-value\">visa</b>", "q=%20cart.id%3A7", "level%3Aerror", "shop", "Lines around it"]
    {
        let part = part.replace("q=%20", "q=");
        assert!(page.contains(&part), "{part}: {page}");
    }
    let errors = member.get("/logs?q=level:error").await.expect(200).body;
    assert!(errors.contains("visa") && !errors.contains("fine"));
    let unknown = member.get("/logs?q=level:loud").await.expect(200).body;
    assert!(unknown.contains("no level"), "{unknown}");
    let id = bench.find("traced").await.rows[0].id;
    let one = member.get(&format!("/logs/lines/{id}")).await.expect(200).body;
    assert!(one.contains(TRACE) && one.contains("Around it") && one.contains("fine"), "{one}");
    member.get("/logs/lines/1").await.expect(404);
    member.get("/logs?window=9d").await.expect(422);
    member.get("/logs?from=yesterday").await.expect(422);
    bench.house.visitor().get("/logs").await.expect(303);
}

#[tokio::test]
async fn the_pager_walks_all_lines_once() {
    let bench = Bench::new().await;
    let lines: Vec<_> = (0..250).map(|number| line("info", f64::from(number) / 10.0, &format!("number{number:03}"))).collect();
    bench.log(&lines).await;
    let member = bench.house.member(Role::Viewer).await;
    let (mut path, mut seen) = ("/logs?window=1h".to_owned(), 0);
    loop {
        let page = member.get(&path).await.expect(200).body;
        seen += page.matches("<details class=\"log-line").count();
        let Some(next) = page.split("rel=\"next\"").next().filter(|_| page.contains("rel=\"next\"")) else { break };
        path = next.rsplit("href=\"").next().unwrap().split('"').next().unwrap().replace("&amp;", "&");
        assert!(seen < 1_000);
    }
    assert_eq!(seen, 250);
}

#[tokio::test]
async fn what_is_found_can_be_taken_away_as_text_and_as_json() {
    let bench = Bench::new().await;
    bench.log(&[line_with("warn", 2.5, "two\nlines", json!({ "logger.name": "shop", "took": 1.5 })), line("info", 1.0, "fine")]).await;
    let member = bench.house.member(Role::Viewer).await;
    let text = member.get("/logs/export?format=text").await.expect(200).body;
    assert_eq!(text, "2026-03-02T11:59:59.000000Z INFO web: fine\n2026-03-02T11:59:57.500000Z WARN web shop: two\n    lines\n");
    let answer = member.get("/logs/export?format=ndjson&q=level:warn").await.expect(200);
    assert!(answer.header("content-disposition").contains("logs-2026-03-02T12-00-00Z.ndjson"));
    let rows: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["body"], &rows[0]["attributes"]["took"]), (&json!("two\nlines"), &json!(1.5)));
    member.get("/logs/export?format=xml").await.expect(422);
}

#[tokio::test]
async fn an_export_is_bounded_and_says_so() {
    let bench = Bench::new().await;
    for round in 0..11 {
        let lines: Vec<_> = (0..1_000).map(|number| line("info", f64::from(round * 1_000 + number) / 100.0, "x")).collect();
        bench.send(bench.web, &lines).await;
    }
    bench.house.digest().await;
    let text = bench.house.member(Role::Viewer).await.get("/logs/export?format=text").await.expect(200).body;
    assert_eq!(text.lines().count(), 10_001);
    assert!(text.lines().last().unwrap().starts_with("# 10000 lines, back to 2026-03-02T11:58:2"), "{:?}", text.lines().last());
}

#[tokio::test]
async fn an_export_asks_what_it_was_asked_and_leads_on_where_it_ends() {
    let bench = Bench::new().await;
    for round in 0..7 {
        let lines: Vec<_> =
            (0..1_000).map(|number| line_with("info", f64::from(round * 1_000 + number) / 10.0, "noise", json!({ "took": 1 }))).collect();
        bench.send(bench.web, &lines).await;
    }
    bench.send(bench.web, &[line_with("info", 900.0, "rare", json!({ "took": 99 }))]).await;
    for round in 0..11 {
        let lines: Vec<_> = (0..1_000).map(|number| line("error", f64::from(round * 1_000 + number) / 10.0, "many")).collect();
        bench.send(bench.web, &lines).await;
    }
    bench.house.digest().await;
    let member = bench.house.member(Role::Viewer).await;
    for q in ["project:nowhere", "level:loud", "trace:short"] {
        let refused = member.get(&format!("/logs/export?format=ndjson&q={q}")).await.expect(422);
        assert!(!refused.body.contains("noise"), "{q}: a term that is not understood is not left out");
    }
    let rare = member.get("/logs/export?format=ndjson&q=took:%3E50").await.expect(200);
    assert_eq!((rare.body.lines().count(), rare.header("link")), (1, ""), "it lies behind 7,000 lines that were looked at");
    let first = member.get("/logs/export?format=ndjson&q=level:error&window=1h").await.expect(200);
    assert_eq!(first.body.lines().count(), 10_000);
    let link = first.header("link").to_owned();
    let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).expect("a link");
    let rest = member.get(next).await.expect(200);
    assert_eq!((rest.body.lines().count(), rest.header("link")), (1_000, ""), "{next}");
}

#[tokio::test]
async fn an_attribute_that_is_called_like_a_field_is_no_link_to_something_else() {
    let bench = Bench::new().await;
    bench.log(&[line_with("info", 1.0, "x", json!({ "project": "apollo", "cart": "full" }))]).await;
    let page = bench.house.member(Role::Viewer).await.get("/logs").await.expect(200).body;
    assert!(page.contains("apollo") && page.contains("cart%3Afull") && !page.contains("project%3Aapollo"), "{page}");
}

#[tokio::test]
async fn programs_search_by_the_api_with_their_scope_only() {
    let bench = Bench::new().await;
    bench.log(&[traced(3.0, "a"), traced(2.0, "b"), line("error", 1.0, "c")]).await;
    let key = bench.house.key(Role::Viewer, &["logs:read"]).await;
    let page: Value = key.get(&format!("/api/v1/logs?q=trace:{TRACE}&limit=1")).await.expect(200).json();
    assert_eq!(page["lines"][0]["body"], "b");
    assert_eq!(page["lines"][0]["at"], "2026-03-02T11:59:58.000000Z");
    assert_eq!(page["lines"][0]["span_id"], "9ac9fe6ad38b1fb3");
    let next = page["next"].as_i64().unwrap();
    let page: Value = key.get(&format!("/api/v1/logs?q=trace:{TRACE}&limit=1&before={next}")).await.expect(200).json();
    assert_eq!((&page["lines"][0]["body"], &page["next"], &page["gave_up_at"]), (&json!("a"), &Value::Null, &Value::Null));
    let error: Value = key.get("/api/v1/logs?q=level:loud").await.expect(400).json();
    assert!(error.to_string().contains("no level"), "{error}");
    let one: Value = key.get("/api/v1/logs?limit=0").await.expect(200).json();
    assert_eq!(one["lines"].as_array().unwrap().len(), 1);
    bench.house.key(Role::Viewer, &["uptime:read"]).await.get("/api/v1/logs").await.expect(403);
    bench.house.visitor().get("/api/v1/logs").await.expect(401);
}

#[tokio::test]
async fn a_trace_leads_to_its_lines() {
    let bench = Bench::new().await;
    let related = |bench: &Bench, id: &'static str| {
        let house = bench.house.cx.clone();
        tokio::task::spawn_blocking(move || crate::Logs.related(&house, &Subject::Trace(id)).unwrap())
    };
    assert!(related(&bench, TRACE).await.unwrap().is_empty());
    bench.log(&[traced(3.0, "a"), traced(2.0, "b")]).await;
    let hits = related(&bench, TRACE).await.unwrap();
    assert_eq!((hits.len(), hits[0].title.as_str()), (1, "2 log lines"));
    let page = bench.house.member(Role::Viewer).await.get(&hits[0].href).await.expect(200).body;
    assert!(page.contains("2 lines in the last 30d"), "{page}");
    assert!(related(&bench, "no trace").await.unwrap().is_empty());
    bench.log(&[line_with("info", 1.0, "seen", json!({ "sentry.replay_id": TRACE }))]).await;
    let house = bench.house.cx.clone();
    let hits = tokio::task::spawn_blocking(move || crate::Logs.related(&house, &Subject::Replay(TRACE)).unwrap()).await.unwrap();
    assert_eq!((hits[0].title.as_str(), hits[0].note.as_str()), ("1 log line", "of this replay"));
    let page = bench.house.member(Role::Viewer).await.get(&hits[0].href).await.expect(200).body;
    assert!(page.contains("1 line in the last 30d") && page.contains("seen"), "{page}");
}

#[tokio::test]
async fn a_page_of_now_follows_new_lines_and_a_page_of_then_does_not() {
    let bench = Bench::new().await;
    bench.log(&[line("info", 1.0, "x")]).await;
    let mut signals = bench.house.cx.hermetic.signals();
    bench.log(&[line("info", 0.5, "y")]).await;
    let mut told = Vec::new();
    while let Ok(Ok(signal)) = tokio::time::timeout(Duration::from_millis(20), signals.recv()).await {
        told.push(signal);
    }
    assert!(told.contains(&crate::TOPIC), "{told:?}");
    let member = bench.house.member(Role::Viewer).await;
    assert!(member.get("/logs?tail=1").await.expect(200).body.contains("data-topics=\"logs\""));
    assert!(!member.get("/logs?before=5").await.expect(200).body.contains("data-topics=\"logs\""));
}
