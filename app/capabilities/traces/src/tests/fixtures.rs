//! What current SDKs really send comes to the same endpoints, queries and pages, whichever way they send it.

use ingest::Kind;

use super::support::{RECORDED, Watched, recorded};
use crate::model::family::Family;
use crate::model::vital::Vital;

async fn digested(folder: &str) -> Option<Watched> {
    let items = recorded(folder);
    if items.is_empty() {
        return None;
    }
    let watched = Watched::new().await;
    watched.house.clock.set(RECORDED);
    for item in items {
        watched.report_bytes(item.kind, item.head, item.payload).await;
    }
    watched.digest().await;
    Some(watched)
}

fn near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() <= wanted * 0.021
}

#[tokio::test]
async fn node_11_streams_spans_that_become_one_endpoint_with_one_failure() {
    let Some(watched) = digested("node/05-traces-stream").await else { return };
    let endpoint = watched.one(Family::Endpoint, "GET /users/:id").await;
    assert_eq!((endpoint.n, endpoint.failed), (2, 1));
    // 76.7 and 162.7 ms, as the file says.
    assert!(near(endpoint.quantile(0.5), 76_718.0) && near(endpoint.quantile(1.0), 162_746.0), "{:?}", endpoint.sketch);
    let client = watched.one(Family::Other, "GET 127.0.0.1").await;
    assert_eq!((client.n, client.failed), (2, 1), "the requests that the program itself sent");
    let queries = watched.counted(Family::Query).await;
    assert_eq!(queries.len(), 1);
    assert_eq!((queries[0].0.name.as_str(), queries[0].1.n), ("SELECT * FROM items WHERE order_id = ?", 10));
}

#[tokio::test]
async fn python_gives_the_same_endpoint_static_and_streaming() {
    let (Some(fixed), Some(streamed)) = (digested("py/03-everything-on").await, digested("py/04-span-streaming").await) else { return };
    for (watched, slow) in [(&fixed, 174_364.0), (&streamed, 165_200.0)] {
        let endpoint = watched.one(Family::Endpoint, "do_checkout").await;
        assert_eq!((endpoint.n, endpoint.failed), (2, 1));
        assert!(near(endpoint.quantile(1.0), slow), "{}", endpoint.quantile(1.0));
        let queries = watched.counted(Family::Query).await;
        let repeated = queries.iter().find(|(name, _)| name.name == "select sku from items where order_id = ?");
        assert_eq!(repeated.map(|(name, cell)| (name.op.as_str(), cell.n)), Some(("sqlite", 24)));
    }
    // Statements outside of any request are roots of their own, by their normal form and not by their values.
    let others = streamed.counted(Family::Other).await;
    let insert = others.iter().find(|(name, _)| name.name == "insert into orders(customer) values (?)").expect("the statement");
    assert_eq!(insert.1.n, 12);
}

#[tokio::test]
async fn rust_sends_a_transaction_with_hyphens_and_nanoseconds() {
    let Some(watched) = digested("rust/02-full").await else { return };
    let endpoint = watched.one(Family::Endpoint, "GET /invoice/{id}").await;
    assert_eq!((endpoint.n, endpoint.failed), (1, 1), "internal_error is a failure");
    assert!(near(endpoint.quantile(0.5), 13_119.0), "{}", endpoint.quantile(0.5));
    assert_eq!(watched.one(Family::Query, "SELECT * FROM lines WHERE invoice_id = ?").await.n, 3);
}

#[tokio::test]
async fn node_sends_a_transaction_where_it_is_told_to() {
    let Some(watched) = digested("node/04b-traces-static-manual").await else { return };
    let endpoint = watched.one(Family::Endpoint, "GET /users/:id").await;
    assert_eq!((endpoint.n, endpoint.failed), (1, 0));
    assert!(near(endpoint.quantile(0.5), 31_671.0));
    assert_eq!(watched.one(Family::Query, "SELECT ?").await.n, 4);
}

#[tokio::test]
async fn a_browser_page_is_named_by_its_path_and_gets_its_vitals_from_three_envelopes() {
    for folder in ["browser/02-tracing-replay-logs", "browser/03-replay-on-error"] {
        let Some(watched) = digested(folder).await else { return };
        let page = watched.one(Family::Page, "/static/page.html").await;
        assert!(page.n >= 1, "{folder}");
        let vitals = watched.counted(Family::Vital).await;
        let names: Vec<(&str, &str)> = vitals.iter().map(|(name, _)| (name.name.as_str(), name.op.as_str())).collect();
        let wanted = ["cls", "fcp", "inp", "lcp", "ttfb"].map(|word| ("/static/page.html", word));
        assert_eq!(names, wanted, "{folder}: each under its page, none under “Pageload”");
        assert!(vitals.iter().all(|(_, cell)| (cell.n, cell.satisfied) == (1, 1)), "{folder}: all of them good");
        let lcp = vitals.iter().find(|(name, _)| name.op == "lcp").expect("LCP");
        assert!(Vital::Lcp.value(lcp.1.quantile(0.75)) > 50.0);
    }
}

/// Each recorded item leads somewhere, and a second digest changes nothing.
#[tokio::test]
async fn all_recorded_spans_are_counted_once() {
    for folder in ["node/02-traces-default", "node/03-all", "py/03-everything-on", "py/04-span-streaming", "rust/02-full"] {
        let items = recorded(folder);
        let roots: usize = items
            .iter()
            .map(|item| {
                let payload: serde_json::Value = serde_json::from_slice(&item.payload).expect("JSON");
                match item.kind {
                    Kind::Transaction => 1,
                    _ => payload["items"].as_array().into_iter().flatten().filter(|span| span["is_segment"] == true).count(),
                }
            })
            .sum();
        let Some(watched) = digested(folder).await else { return };
        let mut counted = 0;
        for family in [Family::Endpoint, Family::Page, Family::Other] {
            counted += watched.counted(family).await.iter().map(|(_, cell)| cell.n).sum::<u64>();
        }
        assert_eq!(counted, roots as u64, "{folder}");
        assert_eq!(watched.digest().await, 0);
    }
}
