//! The order of a waterfall, and what it says of what is missing.

use ingest::{Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::{Value, json};

use super::support::{Watched, container, span, trace, with};
use crate::model::arrange::{arrange, largest_gap};
use crate::model::read;

/// Name and depth of each line, and whether it is an orphan.
fn lines(spans: Vec<Value>) -> Vec<(String, usize, bool, u64)> {
    let payload = container(spans);
    let item = Item::sample(1, ProjectId(1), Kind::Spans, Time(0), b"{}");
    let spans = read::spans(&item, &payload);
    let lines = arrange(&spans);
    lines.iter().map(|line| (spans[line.span].name.to_owned(), line.depth, line.is_orphan, line.own / 1_000)).collect()
}

#[test]
fn children_stand_below_their_parents_in_the_order_of_time() {
    let shown = lines(vec![
        span(1, 4, 2, "query", "db", 12.0, 5.0),
        span(1, 3, 1, "second", "f", 50.0, 20.0),
        span(1, 9, 8, "lost", "f", 30.0, 1.0),
        span(1, 1, 0, "root", "http.server", 0.0, 100.0),
        span(1, 2, 1, "first", "f", 10.0, 30.0),
    ]);
    let line = |name: &str, depth, is_orphan, own| (name.to_owned(), depth, is_orphan, own);
    assert_eq!(
        shown,
        [
            // Its children cover 30 and 20 of its 100 ms.
            line("root", 0, false, 50),
            line("first", 1, false, 25),
            line("query", 2, false, 5),
            line("second", 1, false, 20),
            line("lost", 0, true, 1),
        ]
    );
}

#[test]
fn children_that_overlap_are_not_taken_off_twice() {
    let shown = lines(vec![
        span(1, 1, 0, "root", "a", 0.0, 100.0),
        span(1, 2, 1, "b", "b", 10.0, 50.0),
        span(1, 3, 1, "c", "c", 20.0, 60.0),
        span(1, 4, 1, "beyond", "d", 90.0, 900.0),
    ]);
    assert_eq!(shown[0].3, 20, "10 before, 10 between 80 and 90");
}

#[test]
fn the_longest_stretch_without_a_span_is_found() {
    let payload = container(vec![
        span(1, 1, 0, "root", "a", 0.0, 1_000.0),
        span(1, 2, 1, "b", "b", 100.0, 100.0),
        span(1, 3, 1, "c", "c", 700.0, 100.0),
    ]);
    let item = Item::sample(1, ProjectId(1), Kind::Spans, Time(0), b"{}");
    let spans = read::spans(&item, &payload);
    let gap = largest_gap(&spans).unwrap();
    assert_eq!((spans[gap.span].name, gap.micros), ("root", 500_000));
}

#[tokio::test]
async fn a_clock_that_is_hours_off_is_put_right_in_the_waterfall_too() {
    let watched = Watched::new().await;
    let hours = kernel::time::HOUR * 2;
    let sent_at = Some(watched.house.clock.now() - hours);
    let slow = span(7, 1, 0, "/cart", "pageload", -7_200_000.0 - 400.0, 400.0);
    let head = ingest::Head { sent_at, ..ingest::Head::default() };
    watched.report_bytes(Kind::Spans, head, container(vec![slow]).to_string().into_bytes()).await;
    watched.report(Kind::Spans, &container(vec![span(7, 2, 1, "GET /api/cart", "http.server", -300.0, 100.0)])).await;
    watched.digest().await;
    let key = watched.house.key(kernel::Role::Viewer, &["traces:read"]).await;
    let shown: Value = key.get(&format!("/api/v1/traces/{}", trace(7))).await.expect(200).json();
    assert_eq!((shown["duration_ms"].as_f64(), shown["spans"][1]["offset_ms"].as_f64()), (Some(400.0), Some(100.0)), "{shown}");
}

#[tokio::test]
async fn browser_and_server_are_one_waterfall_and_oddities_are_said() {
    let watched = Watched::new().await;
    let page = with(span(7, 1, 0, "Pageload", "pageload", 0.0, 400.0), "url.path", "/cart");
    let fetch = span(7, 2, 1, "GET /api/cart", "http.client", 50.0, 300.0);
    watched.report(Kind::Spans, &container(vec![page, fetch, span(7, 30, 29, "stray", "f", 60.0, 1.0)])).await;
    let draft = identity::projects::ProjectDraft::named("Api");
    let (api, _) = watched.house.cx.write(|tx| identity::store::new_project(tx, draft)).await.unwrap();
    let server = Watched { project: api.id, ..watched };
    let mut request = span(7, 3, 2, "GET /api/cart", "http.server", -20.0, 250.0);
    request["is_segment"] = json!(true);
    request["status"] = json!("error");
    server.report(Kind::Spans, &container(vec![request, span(7, 4, 3, "select 1", "db", 10.0, 5.0)])).await;
    server.digest().await;
    let viewer = server.house.member(kernel::Role::Viewer).await;
    let page = viewer.get(&format!("/traces/{}", trace(7))).await.expect(200).body;
    for text in ["Shop", "Api", "/cart", "1 span names a parent that is not here", "the clocks of two programs differ", "failed"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(page.matches("<summary class=\"waterfall-line\"").count(), 5);
    viewer.get(&format!("/traces/{}", trace(8))).await.expect(404);
    viewer.get(&format!("/traces/{}", "0".repeat(32))).await.expect(404);
    viewer.get("/traces/nonsense").await.expect(404);
}
