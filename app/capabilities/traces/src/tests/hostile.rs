//! Whatever programs claim of their spans: nothing panics, nothing takes for ever, the rest is counted.

use ingest::{Head, Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{RULES, Watched, container, hex, leads_of, span, trace, with};
use crate::model::arrange;
use crate::model::family::Family;
use crate::model::read;

#[tokio::test]
async fn cycles_self_parents_and_ten_thousand_spans_are_a_page_all_the_same() {
    let watched = Watched::new().await;
    let mut spans = vec![span(1, 1, 0, "GET /", "http.server", 0.0, 50.0)];
    spans.push(span(1, 2, 3, "round", "a", 1.0, 1.0));
    spans.push(span(1, 3, 2, "and round", "b", 2.0, 1.0));
    spans.push(span(1, 4, 4, "myself", "c", 3.0, 1.0));
    spans.extend((5..10_000).map(|id| span(1, id, id - 1, "deeper", "function", 4.0, 1.0)));
    watched.report(Kind::Spans, &container(spans)).await;
    watched.digest().await;
    assert_eq!(watched.one(Family::Endpoint, "GET /").await.n, 1);
    let page = watched.house.member(kernel::Role::Viewer).await.get(&format!("/traces/{}", trace(1))).await.expect(200).body;
    assert!(page.contains("Shows 400 of 9999 spans."));
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    let viewer = watched.house.member(kernel::Role::Viewer).await;
    let next = viewer.get(&format!("/traces/{}?from=400", trace(1))).await.expect(200).body;
    assert!(next.contains("Shows the spans 401 to 800 of 9999.") && next.contains("from=800"), "the others are a step away");
    let last: Value = watched
        .house
        .key(kernel::Role::Viewer, &["traces:read"])
        .await
        .get(&format!("/api/v1/traces/{}?from=9900", trace(1)))
        .await
        .expect(200)
        .json();
    assert_eq!((last["spans"].as_array().unwrap().len(), &last["next_from"], &last["span_count"]), (99, &Value::Null, &json!(9_999)));
    for odd in ["99999", "18446744073709551615"] {
        viewer.get(&format!("/traces/{}?from={odd}", trace(1))).await.expect(200);
    }
}

#[tokio::test]
async fn spans_that_say_a_lot_are_spread_over_pages() {
    let watched = Watched::new().await;
    let mut talkative = span(1, 1, 0, "GET /", "http.server", 0.0, 50.0);
    for number in 0..50 {
        talkative = with(talkative, &format!("said.{number}"), "x".repeat(900));
    }
    let spans = (1..=100).map(|id| {
        let mut own = talkative.clone();
        own["span_id"] = json!(hex(id));
        own
    });
    watched.report(Kind::Spans, &container(spans.collect())).await;
    watched.digest().await;
    let (key, viewer) = (watched.house.key(kernel::Role::Viewer, &["traces:read"]).await, watched.house.member(kernel::Role::Viewer).await);
    let page = viewer.get(&format!("/traces/{}", trace(1))).await.expect(200).body;
    assert!(page.len() < 1_000_000 && page.contains("of 100 spans"), "{} bytes", page.len());
    let (mut seen, mut from) = (0, json!(0));
    while !from.is_null() {
        let part: Value = key.get(&format!("/api/v1/traces/{}?from={from}", trace(1))).await.expect(200).json();
        seen += part["spans"].as_array().unwrap().len();
        from = part["next_from"].clone();
    }
    assert_eq!(seen, 100, "each once");
}

#[tokio::test]
async fn what_cannot_be_is_shown_as_text_or_not_at_all() {
    let watched = Watched::new().await;
    let nasty = "<script>alert(1)</script>";
    let mut odd = with(with(span(1, 1, 0, nasty, nasty, 0.0, 1.0), nasty, nasty), "db.query.text", format!("select '{nasty}', {nasty}"));
    odd["status"] = json!(nasty);
    let odd = with(with(odd, "sentry.release", "1.0\n<b>"), "sentry.environment", nasty);
    let timeless = json!({"trace_id": trace(1), "span_id": hex(2), "start_timestamp": 1e300, "end_timestamp": -1e300});
    let backwards = span(1, 3, 1, "backwards", "x", 100.0, -50.0);
    let empty = json!({"trace_id": "zz", "span_id": 17, "attributes": [1, 2], "name": {"a": 1}, "is_segment": "perhaps"});
    watched.report(Kind::Spans, &json!({"items": [odd, timeless, backwards, empty, 5, null, "x"]})).await;
    for payload in [json!([]), json!(null), json!({"items": 7}), json!({"items": {}}), json!("text")] {
        watched.report(Kind::Spans, &payload).await;
        watched.report(Kind::Transaction, &payload).await;
    }
    watched.digest().await;
    let viewer = watched.house.member(kernel::Role::Viewer).await;
    let detail = watched.counted(Family::Other).await[0].0.id().0;
    for path in [format!("/traces/{}", trace(1)), "/traces/others".into(), "/traces/queries".into(), format!("/traces/names/{detail}")] {
        let page = viewer.get(&path).await.expect(200).body;
        assert!(!page.contains("<script>alert"), "{path}");
        assert!(!page.contains("NaN"), "{path}");
    }
}

#[tokio::test]
async fn an_item_that_is_no_json_does_not_hold_up_the_others() {
    let watched = Watched::new().await;
    watched.report_bytes(Kind::Spans, Head::default(), b"{\"items\": [".to_vec()).await;
    watched.report(Kind::Spans, &container(vec![span(1, 1, 0, "GET /", "http.server", 0.0, 50.0)])).await;
    let deep = format!("{{\"items\": {}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    watched.report_bytes(Kind::Spans, Head::default(), deep.into_bytes()).await;
    watched.digest().await;
    assert_eq!(watched.one(Family::Endpoint, "GET /").await.n, 1);
    let dropped = watched.house.cx.telemetry.read(|r| {
        let rows = ingest::store::sum_outcomes(r, None, Time(0))?;
        Ok(rows.iter().filter(|row| row.reason == "undigestible").map(|row| row.quantity).sum::<u64>())
    });
    assert_eq!(dropped.await.unwrap(), 2, "and it is said that they are not counted");
}

/// Any JSON in the place of any field.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("1772452800.5")),
        Just(json!("00000000000000ff")),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z._]{1,12}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_payload_panics(
        fields in prop::collection::hash_map(
            prop::sample::select(vec!["trace_id", "span_id", "parent_span_id", "name", "status", "is_segment", "start_timestamp", "end_timestamp",
                "timestamp", "attributes", "contexts", "spans", "measurements", "transaction", "items", "op", "description", "data"]),
            any_value(), 0..10)
    ) {
        let map: serde_json::Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let own = Value::Object(map);
        for (kind, payload) in [(Kind::Transaction, own.clone()), (Kind::Spans, json!({"items": [own.clone()]})), (Kind::Spans, own)] {
            let item = Item::sample(1, ProjectId(1), kind, Time(1_772_452_800_000), payload.to_string().as_bytes());
            let _ = leads_of(std::slice::from_ref(&item), &RULES);
            let spans = read::spans(&item, &payload);
            prop_assert_eq!(arrange::arrange(&spans).len(), spans.len(), "each span once");
            let _ = arrange::largest_gap(&spans);
        }
    }

    #[test]
    fn any_tangle_of_parents_is_walked_once(parents in prop::collection::vec(0_u64..40, 1..40)) {
        let spans: Vec<Value> = (1..).zip(&parents).map(|(id, parent)| span(1, id, *parent, "x", "y", 0.0, 1.0)).collect();
        let payload = container(spans);
        let item = Item::sample(1, ProjectId(1), Kind::Spans, Time(1_772_452_800_000), b"{}");
        let spans = read::spans(&item, &payload);
        let lines = arrange::arrange(&spans);
        let seen: std::collections::BTreeSet<usize> = lines.iter().map(|line| line.span).collect();
        prop_assert_eq!((lines.len(), seen.len()), (spans.len(), spans.len()));
    }
}
