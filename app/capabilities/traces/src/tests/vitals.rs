//! Web vitals come seconds after their page, before it, or without it; they are counted once, under the page.

use ingest::Kind;
use kernel::time::{DAY, HOUR};
use serde_json::{Value, json};

use super::support::{Watched, container, hex, span, with};
use crate::digest::MAX_WAITING;
use crate::model::family::Family;
use crate::model::rows::UNKNOWN_PAGE;

fn page_load(trace: u64, id: u64, path: &str) -> Value {
    let load = with(span(trace, id, 0, "Pageload", "pageload", 0.0, 900.0), "url.path", path);
    with(load, "sentry.segment.name.source", "url")
}

fn lcp(trace: u64, page: u64, value: f64) -> Value {
    let late = span(trace, page + 1_000, page, "Largest contentful paint", "ui.webvital.lcp", 0.0, value);
    with(with(late, "browser.web_vital.lcp.value", value), "sentry.segment.name", "Pageload")
}

async fn counted(watched: &Watched) -> Vec<(String, String, u64)> {
    let vitals = watched.counted(Family::Vital).await;
    vitals.into_iter().map(|(name, cell)| (name.name, name.op, cell.n)).collect()
}

#[tokio::test]
async fn a_late_vital_finds_its_page_in_the_log() {
    let watched = Watched::new().await;
    watched.report(Kind::Spans, &container(vec![page_load(1, 5, "/cart/12")])).await;
    watched.digest().await;
    watched.house.pass(HOUR * 20).await;
    watched.report(Kind::Spans, &container(vec![lcp(1, 5, 3_000.0)])).await;
    watched.digest().await;
    assert_eq!(counted(&watched).await, [("/cart/*".to_owned(), "lcp".to_owned(), 1)]);
    let cell = watched.one(Family::Vital, "/cart/*").await;
    assert_eq!((cell.satisfied, cell.tolerating), (0, 1), "3 s need improvement");
}

#[tokio::test]
async fn an_early_vital_waits_for_its_page() {
    let watched = Watched::new().await;
    watched.report(Kind::Spans, &container(vec![lcp(1, 5, 1_000.0), lcp(2, 5, 1_000.0)])).await;
    watched.digest().await;
    assert!(counted(&watched).await.is_empty());
    // In one batch the page may stand behind its vital, too.
    watched.report(Kind::Spans, &container(vec![page_load(1, 5, "/home"), lcp(3, 9, 2_000.0), page_load(3, 9, "/home")])).await;
    watched.digest().await;
    assert_eq!(counted(&watched).await, [("/home".to_owned(), "lcp".to_owned(), 2)]);
    // Of the other trace the page load never comes: it is counted all the same.
    watched.house.pass(HOUR * 2).await;
    assert!(counted(&watched).await.contains(&(UNKNOWN_PAGE.to_owned(), "lcp".to_owned(), 1)));
    watched.house.pass(DAY).await;
    assert_eq!(counted(&watched).await.iter().map(|(_, _, n)| n).sum::<u64>(), 3, "each once");
}

#[tokio::test]
async fn only_so_many_vitals_wait_and_the_others_are_counted_at_once() {
    let watched = Watched::new().await;
    for from in [0_u64, 3_000] {
        watched.report(Kind::Spans, &container((from..from + 3_000).map(|id| lcp(id + 1, id + 1, 1_000.0)).collect())).await;
        watched.digest().await;
    }
    let waiting = watched.house.cx.read(|r| r.value::<i64>("select count(*) from traces_waiting", [])).await.unwrap();
    assert_eq!(waiting, i64::try_from(MAX_WAITING).unwrap());
    assert_eq!(counted(&watched).await, [(UNKNOWN_PAGE.to_owned(), "lcp".to_owned(), 1_000)]);
}

#[tokio::test]
async fn older_sdks_send_vitals_with_the_page_or_as_a_bare_span() {
    let watched = Watched::new().await;
    let transaction = json!({
        "type": "transaction", "transaction": "/shop", "transaction_info": {"source": "url"},
        "start_timestamp": 1_772_452_800, "timestamp": 1_772_452_801.5,
        "contexts": {"trace": {"trace_id": super::support::trace(4), "span_id": hex(4), "op": "pageload"}},
        "measurements": {"lcp": {"value": 2.6, "unit": "second"}, "cls": {"value": 0.3}, "fp": {"value": 1}},
    });
    watched.report(Kind::Transaction, &transaction).await;
    let bare = json!({
        "span_id": hex(77), "segment_id": hex(4), "trace_id": super::support::trace(4), "op": "ui.interaction.click",
        "start_timestamp": 1_772_452_801, "timestamp": 1_772_452_801.3, "measurements": {"inp": {"value": 300, "unit": "millisecond"}},
    });
    watched.report(Kind::Spans, &bare).await;
    watched.digest().await;
    let vitals = watched.counted(Family::Vital).await;
    let rated: Vec<(&str, u64, u64)> = vitals.iter().map(|(name, cell)| (name.op.as_str(), cell.satisfied, cell.tolerating)).collect();
    assert_eq!(rated, [("cls", 0, 0), ("inp", 0, 1), ("lcp", 0, 1)], "poor, and twice in need of improvement");
    assert!(vitals.iter().all(|(name, _)| name.name == "/shop"));
}

/// As the door hands over what browser SDKs 8 to 10 send: a segment of its own that names its page.
#[tokio::test]
async fn a_lone_interaction_is_credited_to_the_page_it_names() {
    let watched = Watched::new().await;
    let mut lone = with(span(6, 8, 0, "button.buy", "ui.interaction.click", 0.0, 248.0), "browser.web_vital.inp.value", 248.0);
    lone["attributes"]["sentry.segment.id"] = json!({"value": hex(8), "type": "string"});
    let lone = with(with(lone, "transaction", "/shop/12"), "release", "web@1");
    watched.report(Kind::Spans, &container(vec![lone])).await;
    watched.digest().await;
    assert_eq!(counted(&watched).await, [("/shop/*".to_owned(), "inp".to_owned(), 1)]);
    assert!(watched.counted(Family::Other).await.is_empty(), "it is no operation of its own");
}

#[tokio::test]
async fn a_vital_is_not_credited_to_the_page_of_another_project() {
    let watched = Watched::new().await;
    watched.report(Kind::Spans, &container(vec![page_load(1, 5, "/secret-page")])).await;
    watched.digest().await;
    let draft = identity::projects::ProjectDraft::named("Other");
    let (other, _) = watched.house.cx.write(|tx| identity::store::new_project(tx, draft)).await.unwrap();
    let other = Watched { project: other.id, ..watched };
    other.report(Kind::Spans, &container(vec![lcp(1, 5, 1_000.0)])).await;
    other.digest().await;
    assert!(counted(&other).await.is_empty(), "it waits for a page of its own project");
}

#[tokio::test]
async fn the_page_shows_p75_with_its_rating() {
    let watched = Watched::new().await;
    for id in 1..=8_u64 {
        let value = if id <= 4 { 1_000.0 } else { 4_500.0 };
        watched.report(Kind::Spans, &container(vec![page_load(id, id, "/"), lcp(id, id, value)])).await;
    }
    watched.digest().await;
    let page = watched.house.member(kernel::Role::Viewer).await.get("/traces/pages").await.expect(200).body;
    assert!(page.contains("LCP, p75") && page.contains("poor; 8 measured"), "{page}");
    assert!(page.contains("50 %"), "half of them good, half poor: {page}");
}
