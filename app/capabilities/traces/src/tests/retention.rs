//! What ages out, in which order, and what stays as an example.

use capability::settings as set;
use ingest::Kind;
use kernel::ids::ProjectId;
use kernel::time::{DAY, HOUR};
use serde_json::Value;
use std::collections::BTreeSet;

use super::support::{Watched, container, span, trace};
use crate::model::family::Family;
use crate::model::rows::NameId;
use crate::model::thin::{Candidate, MAX_EXAMPLES, examples};

fn candidate(item: i64, name: i64, micros: u64, is_failed: bool) -> Candidate {
    Candidate { project: ProjectId(1), name: NameId(name), trace: None, item, micros, is_failed }
}

fn kept_of(roots: &[Candidate]) -> BTreeSet<i64> {
    examples(roots).iter().map(|root| root.item).collect()
}

#[test]
fn of_each_name_the_slowest_a_failed_one_and_another_stay() {
    let mut roots: Vec<Candidate> = (1..=100).map(|item| candidate(item, 1, item.unsigned_abs() * 10, item == 40)).collect();
    roots.extend((101..=110).map(|item| candidate(item, 2, 5, false)));
    let kept = kept_of(&roots);
    assert!(kept.contains(&100) && kept.contains(&40), "{kept:?}");
    assert!((4..=5).contains(&kept.len()), "{kept:?}");
    assert_eq!(kept_of(&roots), kept, "the same again");
    let many: Vec<Candidate> = (0..5_000).map(|item| candidate(item, item, 1, true)).collect();
    assert_eq!(examples(&many).len(), MAX_EXAMPLES);
}

/// A request of the hour that runs, with a second part in an item of its own.
async fn request(watched: &Watched, id: u64, ms: f64, is_failed: bool) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of these days")]
    let since = (watched.house.clock.now().0 - 1_772_452_800_000) as f64;
    let mut root = span(id, id, 0, "GET /", "http.server", since - ms, ms);
    if is_failed {
        root["status"] = Value::from("error");
    }
    watched.report(Kind::Spans, &container(vec![root])).await;
    watched.report(Kind::Spans, &container(vec![span(id, id + 5_000, id, "part", "f", since - ms, 1.0)])).await;
}

async fn items(watched: &Watched) -> i64 {
    watched.house.cx.telemetry.read(|r| r.value("select count(*) from ingest_items", [])).await.unwrap()
}

async fn rows(watched: &Watched) -> (i64, i64) {
    let read =
        |r: &db::Reader<'_>| Ok((r.value("select count(*) from traces_roots", [])?, r.value("select count(*) from traces_flushes", [])?));
    watched.house.cx.telemetry.read(read).await.unwrap()
}

#[tokio::test]
async fn an_hour_is_kept_whole_then_thinned_then_gone_and_its_counts_stay() {
    let watched = Watched::new().await;
    for id in 1..=30 {
        request(&watched, id, if id == 7 { 900.0 } else { 10.0 }, id == 11).await;
    }
    watched.digest().await;
    watched.house.live_through(DAY * 13, HOUR * 6).await;
    assert_eq!(items(&watched).await, 60, "whole for two weeks");
    watched.house.live_through(DAY * 2, HOUR * 6).await;
    let left = items(&watched).await;
    assert!((4..=6).contains(&left), "two or three traces with both of their parts: {left}");
    assert_eq!(rows(&watched).await, (left / 2, left));
    let viewer = watched.house.member(kernel::Role::Viewer).await;
    for id in [7, 11] {
        let page = viewer.get(&format!("/traces/{}", trace(id))).await.expect(200).body;
        assert_eq!(page.matches("<summary class=\"waterfall-line\"").count(), 2, "the slowest and the failed one are whole");
    }
    watched.house.live_through(DAY * 17, HOUR * 12).await;
    assert_eq!((items(&watched).await, rows(&watched).await), (0, (0, 0)));
    viewer.get(&format!("/traces/{}", trace(7))).await.expect(404);
    assert_eq!(watched.one(Family::Endpoint, "GET /").await.n, 30);
}

#[tokio::test]
async fn what_belongs_to_no_trace_ages_with_the_others() {
    let watched = Watched::new().await;
    for id in 1..=20 {
        let mut root = span(id, id, 0, "GET /", "http.server", -5.0, 5.0);
        root["trace_id"] = Value::Null;
        watched.report(Kind::Spans, &container(vec![root])).await;
    }
    watched.digest().await;
    watched.house.live_through(DAY * 15, HOUR * 6).await;
    let left = items(&watched).await;
    assert!((1..=2).contains(&left), "examples: {left}");
}

#[tokio::test]
async fn examples_take_up_no_more_than_their_share() {
    let watched = Watched::new().await;
    set_budget(&watched, "10").await;
    for (id, name) in (1..).zip(["GET /a", "GET /b", "GET /c", "GET /d"]) {
        let noise: String = (0..500).map(|_| kernel::ids::random_public_id()).collect();
        let root = super::support::with(span(id, id, 0, name, "http.server", -5.0, 5.0), "noise", noise);
        watched.report(Kind::Spans, &container(vec![root])).await;
    }
    watched.digest().await;
    watched.house.live_through(DAY * 15, HOUR * 6).await;
    // 10 MB over the 720 hours of thirty days are 13.9 kB; each of them has some 8.
    assert_eq!(items(&watched).await, 1);
}

/// An hour of millions of items must not be in memory at once.
#[tokio::test]
async fn an_hour_is_cleared_step_by_step() {
    let watched = Watched::new().await;
    for id in 1..=10 {
        watched
            .report(
                Kind::Spans,
                &container(vec![
                    span(id, id, 0, "GET /", "http.server", -5.0, 5.0),
                    span(id + 100, id + 100, 0, "GET /", "http.server", -5.0, 5.0),
                ]),
            )
            .await;
    }
    watched.digest().await;
    let (hour, keep) = (watched.house.clock.now().hour_start(), BTreeSet::from([3, 8]));
    let (mut at, mut steps) = (Some((Vec::new(), -1)), 0);
    while let Some(after) = at {
        let keep = keep.clone();
        at = watched.house.cx.telemetry.write(move |tx| crate::store::retention::clear(tx, hour, &after, &keep, 3)).await.unwrap();
        steps += 1;
    }
    assert_eq!((items(&watched).await, rows(&watched).await, steps), (2, (4, 4), 7));
}

async fn set_budget(watched: &Watched, megabytes: &'static str) {
    let budget = crate::settings::SECTION.fields.iter().find(|field| field.key == "traces.budget_mb").expect("the setting");
    watched.house.cx.write(move |tx| set::set(tx, &kernel::Sealer::new(&[5; 32]), budget, megabytes)).await.unwrap();
}

#[tokio::test]
async fn more_than_the_budget_is_thinned_before_its_time() {
    let watched = Watched::new().await;
    set_budget(&watched, "10").await;
    // 4 MB that cannot be packed any smaller, in each of four hours.
    for hour in 0..4_u64 {
        for part in 0..4_u64 {
            let id = hour * 4 + part + 1;
            let noise: String = (0..40_000).map(|_| kernel::ids::random_public_id()).collect();
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of these days")]
            let since = (watched.house.clock.now().0 - 1_772_452_800_000) as f64;
            let root = super::support::with(span(id, id, 0, "GET /", "http.server", since, 5.0), "noise", noise);
            watched.report(Kind::Spans, &container(vec![root])).await;
        }
        watched.digest().await;
        watched.house.clock.advance(HOUR);
    }
    watched.house.work().await;
    let left = items(&watched).await;
    assert!((8..16).contains(&left), "the oldest hours are thinned, the newest two are whole: {left}");
    let newest = watched.house.cx.telemetry.read(|r| r.value::<i64>("select count(*) from ingest_items where id > 12", [])).await.unwrap();
    assert_eq!(newest, 4);
}
