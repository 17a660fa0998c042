//! What is counted: exactly once, in the right minute, under the right name, for as much as it stands for.

use capability::digest::Digest as _;
use db::Reader;
use ingest::{Head, Kind, TraceHead, store};
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::json;

use super::support::{RULES, Stranger, Watched, container, span, with};
use crate::digest::Spans;
use crate::model::batch::Batch;
use crate::model::family::Family;
use crate::model::rows::{Leads, MAX_LEADS, MAX_NAMES, OTHER};
use crate::model::window::Window;
use crate::store::rollups::Filter;

fn request(id: u64, name: &str, ms: f64) -> serde_json::Value {
    span(id, id, 0, name, "http.server", 0.0, ms)
}

#[tokio::test]
async fn a_crash_between_the_two_files_counts_nothing_twice() {
    let watched = Watched::new().await;
    let slow = with(span(1, 9, 1, "select 1", "db", 0.0, 2_000.0), "db.query.text", "select 1");
    watched.report(Kind::Spans, &container(vec![request(1, "GET /a", 2_100.0), slow])).await;
    let items = watched.house.cx.telemetry.read(|r| store::next_batch(r, 0, &[Kind::Spans], 10, 1 << 20)).await.unwrap().items;
    // The log's rows are written, then the power goes: the change of the state is never applied. Twice.
    for _ in 0..2 {
        let (cx, items) = (watched.house.cx.clone(), items.clone());
        let change = tokio::task::spawn_blocking(move || Spans.digest(&cx, &items).map(|_| ())).await.unwrap();
        change.unwrap();
    }
    assert!(watched.counted(Family::Endpoint).await.is_empty());
    watched.digest().await;
    watched.digest().await;
    assert_eq!(watched.one(Family::Endpoint, "GET /a").await.n, 1);
    assert_eq!(watched.one(Family::Query, "select ?").await.n, 1);
    let (roots, findings): (i64, i64) = watched
        .house
        .cx
        .telemetry
        .read(|r| {
            let count = |sql: &str| r.value(sql, []);
            Ok((count("select count(*) from traces_roots")?, count("select count(*) from ingest_items where kind = 1")?))
        })
        .await
        .unwrap();
    assert_eq!((roots, findings), (1, 1), "one root, one finding");
}

#[tokio::test]
async fn a_root_may_come_before_or_after_its_children_and_without_them() {
    let watched = Watched::new().await;
    let query =
        |id: u64| with(span(1, id, 7, "select a from b where c = 1", "db", 10.0, 5.0), "db.query.text", "select a from b where c = 1");
    watched.report(Kind::Spans, &container(vec![query(20)])).await;
    watched.report(Kind::Spans, &container(vec![span(1, 7, 0, "GET /late", "http.server", 0.0, 100.0)])).await;
    watched.report(Kind::Spans, &container(vec![query(21)])).await;
    watched.digest().await;
    assert_eq!(watched.one(Family::Endpoint, "GET /late").await.n, 1);
    assert_eq!(watched.one(Family::Query, "select a from b where c = ?").await.n, 2);
    let page =
        watched.house.member(kernel::Role::Viewer).await.get(&format!("/traces/{}", super::support::trace(1))).await.expect(200).body;
    assert_eq!(page.matches("<summary class=\"waterfall-line\"").count(), 3, "the three parts are one waterfall: {page}");
    assert!(!page.contains("names a parent"), "nobody is an orphan");
}

#[tokio::test]
async fn what_is_sampled_stands_for_more_and_the_page_says_so() {
    let watched = Watched::new().await;
    let head = Head { trace: Some(TraceHead { sample_rate: Some(0.1), ..TraceHead::default() }), ..Head::default() };
    for id in 1..=3 {
        let payload = container(vec![request(id, "GET /sampled", 10.0)]).to_string().into_bytes();
        watched.report_bytes(Kind::Spans, head.clone(), payload).await;
    }
    watched.report(Kind::Spans, &container(vec![with(request(9, "GET /all", 10.0), "sentry.sample_rate", 1)])).await;
    watched.report(Kind::Spans, &container(vec![with(request(10, "GET /odd", 10.0), "sentry.sample_rate", -3)])).await;
    watched.digest().await;
    let sampled = watched.one(Family::Endpoint, "GET /sampled").await;
    assert_eq!((sampled.n, sampled.weight.round()), (3, 30.0));
    assert!(!watched.one(Family::Endpoint, "GET /all").await.is_sampled());
    assert_eq!(watched.one(Family::Endpoint, "GET /odd").await.weight, 1.0, "a rate that is none counts as all");
    let page = watched.house.member(kernel::Role::Viewer).await.get("/traces").await.expect(200).body;
    assert!(page.contains("The programs send a sample"), "{page}");
}

#[tokio::test]
async fn the_five_hundred_and_first_name_of_a_day_is_counted_as_other() {
    let watched = Watched::new().await;
    let spans: Vec<_> = (0..MAX_NAMES as u64 + 20).map(|id| request(id + 1, &format!("GET /page-{}", letters(id)), 1.0)).collect();
    for some in spans.chunks(100) {
        watched.report(Kind::Spans, &container(some.to_vec())).await;
        watched.digest().await;
    }
    let counted = watched.counted(Family::Endpoint).await;
    assert_eq!(counted.len(), MAX_NAMES + 1);
    assert_eq!(watched.one(Family::Endpoint, OTHER).await.n, 20);
    let told = watched.house.cx.read(crate::contributions::diagnose).await.unwrap();
    assert!(told[0].finding.contains("More than 500 different endpoints"), "{told:?}");
    // A known name stays itself, and a new day has room again.
    watched.report(Kind::Spans, &container(vec![request(1, "GET /page-a", 1.0)])).await;
    watched.digest().await;
    assert_eq!(watched.one(Family::Endpoint, "GET /page-a").await.n, 2);
    watched.house.clock.advance(DAY);
    watched.report(Kind::Spans, &container(vec![request(1, "GET /fresh", 1.0)])).await;
    watched.digest().await;
    assert_eq!(watched.one(Family::Endpoint, "GET /fresh").await.n, 1);
    assert!(watched.house.cx.read(crate::contributions::diagnose).await.unwrap().is_empty());
}

#[tokio::test]
async fn made_up_operations_are_told_apart_no_more_than_names_are() {
    let watched = Watched::new().await;
    let run = |id: u64, name: &str| span(id + 1, id + 1, 0, name, &format!("op.{}", letters(id)), 0.0, 1.0);
    let spans: Vec<_> = (0..MAX_NAMES as u64 + 20).map(|id| run(id, "run")).collect();
    for some in spans.chunks(130) {
        watched.report(Kind::Spans, &container(some.to_vec())).await;
        watched.digest().await;
    }
    // Nor is there a way around it for who calls his spans like what is left over.
    watched.report(Kind::Spans, &container((600..605).map(|id| run(id, OTHER)).collect())).await;
    watched.digest().await;
    assert_eq!(watched.counted(Family::Other).await.len(), MAX_NAMES + 1);
    assert_eq!(watched.one(Family::Other, OTHER).await.n, 25);
}

#[test]
fn what_a_batch_tells_apart_is_bounded_and_all_of_it_is_counted() {
    let root = |id: u64| json!({"name": "a", "is_segment": true, "attributes": {"sentry.environment": {"value": format!("e{id}")}}});
    let items: Vec<ingest::Item> = (0..3_i64)
        .map(|item| {
            let spans: Vec<_> = (0..9_000_u64).map(|id| root(id + item.unsigned_abs() * 9_000)).collect();
            let payload = container(spans).to_string();
            ingest::Item::sample(item + 1, kernel::ids::ProjectId(1), Kind::Spans, kernel::Time(1_772_452_800_000), payload.as_bytes())
        })
        .collect();
    let mut handed = Vec::new();
    let mut keep = |leads: Leads| {
        handed.push(leads.len());
        Ok(())
    };
    let batch = Batch::of(&items, &RULES, &mut Stranger, &mut keep).unwrap();
    assert_eq!(batch.cells.len(), 20_001, "and one for the rest");
    assert_eq!(batch.cells.values().map(|cell| cell.n).sum::<u64>(), 27_000);
    assert_eq!(handed.iter().sum::<usize>(), 3 * (MAX_LEADS + 1), "rows lead to a thousand spans of each item, and to the item");
    assert!(handed.len() > 1 && handed.iter().all(|rows| *rows < 3_100), "never all at once: {handed:?}");
}

/// 0 → a, 27 → bb: without figures, which would be taken for ids.
fn letters(mut number: u64) -> String {
    let mut text = String::new();
    loop {
        text.insert(0, char::from(b'a' + (number % 26) as u8));
        match number / 26 {
            0 => return text,
            rest => number = rest - 1,
        }
    }
}

#[tokio::test]
async fn spans_are_counted_when_they_happened_unless_that_cannot_be() {
    let watched = Watched::new().await;
    let now = watched.house.clock.now();
    let at = |minutes: f64, name: &str| span(1, 1, 0, name, "http.server", minutes * 60_000.0, 0.0);
    watched.report(Kind::Spans, &container(vec![at(-90.0, "GET /earlier")])).await;
    watched.report(Kind::Spans, &container(vec![at(600.0, "GET /future")])).await;
    watched.report(Kind::Spans, &container(vec![at(-60.0 * 24.0 * 40.0, "GET /ancient")])).await;
    let mut without = at(0.0, "GET /timeless");
    without["start_timestamp"] = json!(null);
    without["end_timestamp"] = json!("yesterday");
    watched.report(Kind::Spans, &container(vec![without])).await;
    // A clock that is two hours slow is set right by the time of sending.
    let head = Head { sent_at: Some(now - HOUR * 2), ..Head::default() };
    watched.report_bytes(Kind::Spans, head, container(vec![at(-120.0, "GET /slow-clock")]).to_string().into_bytes()).await;
    watched.digest().await;
    let recent = Window { from: now - MINUTE, to: now + MINUTE };
    let mut names: Vec<String> =
        watched.counted_in(Family::Endpoint, recent, Filter::default()).await.into_iter().map(|(name, _)| name.name).collect();
    names.sort();
    assert_eq!(names, ["GET /ancient", "GET /future", "GET /slow-clock", "GET /timeless"]);
    let earlier = Window { from: now - MINUTE * 91, to: now - MINUTE * 89 };
    assert_eq!(watched.counted_in(Family::Endpoint, earlier, Filter::default()).await.len(), 1);
}

#[tokio::test]
async fn what_is_asked_for_is_what_is_counted() {
    let watched = Watched::new().await;
    let in_place = |id, environment: &str, release: &str| {
        with(with(request(id, "GET /a", 10.0), "sentry.environment", environment), "sentry.release", release)
    };
    let spans = vec![in_place(1, "production", "shop@1"), in_place(2, "production", "shop@2"), in_place(3, "staging", "shop@2")];
    watched.report(Kind::Spans, &container(spans)).await;
    watched.digest().await;
    let now = watched.house.clock.now();
    let window = Window { from: now - HOUR, to: now + HOUR };
    let project = watched.project;
    let release = watched.house.cx.read(move |r| Ok(store::find_release(r, project, "shop@2")?.unwrap().id)).await.unwrap();
    let count = async |filter| watched.counted_in(Family::Endpoint, window, filter).await.iter().map(|(_, cell)| cell.n).sum::<u64>();
    let environment = Some("production".to_owned());
    assert_eq!(count(Filter::default()).await, 3);
    assert_eq!(count(Filter { environment: environment.clone(), ..Filter::default() }).await, 2);
    assert_eq!(count(Filter { release: Some(release), ..Filter::default() }).await, 2);
    assert_eq!(count(Filter { release: Some(release), environment, project: Some(project) }).await, 1);
    assert_eq!(count(Filter { project: Some(kernel::ids::ProjectId(99)), ..Filter::default() }).await, 0);
}

#[tokio::test]
async fn made_up_environments_and_releases_do_not_fill_the_tables() {
    let watched = Watched::new().await;
    let odd = |id: u64| {
        let span = with(request(id, "GET /a", 1.0), "sentry.environment", format!("e{id}"));
        with(span, "sentry.release", format!("r@{id}.0.0"))
    };
    for from in [1_u64, 151, 301, 451] {
        watched.report(Kind::Spans, &container((from..from + 150).map(odd).collect())).await;
        watched.digest().await;
    }
    let (environments, releases): (i64, i64) = watched
        .house
        .cx
        .read(|r| {
            Ok((
                r.value("select count(distinct environment) from traces_rollups where grain = 1", [])?,
                r.value("select count(*) from ingest_releases", [])?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((environments, releases), (51, i64::from(store::REPORTED_A_DAY)), "fifty and the others");
    assert_eq!(watched.one(Family::Endpoint, "GET /a").await.n, 600, "and all of it is counted");
}

#[tokio::test]
async fn what_a_removed_project_reported_holds_up_nobody() {
    let watched = Watched::new().await;
    watched.report(Kind::Spans, &container(vec![request(1, "GET /counted", 1.0)])).await;
    watched.digest().await;
    watched.report(Kind::Spans, &container(vec![request(1, "GET /gone", 1.0)])).await;
    let project = watched.project;
    watched.house.cx.write(move |tx| identity::store::remove_project(tx, project)).await.unwrap();
    assert_eq!(watched.digest().await, 1);
    assert!(watched.counted(Family::Endpoint).await.is_empty(), "nothing of it is shown any more, in no total");
}

#[tokio::test]
async fn hot_queries_go_by_their_indexes() {
    let watched = Watched::new().await;
    let explained = watched.house.cx.read(|r: &Reader<'_>| {
        let rows = crate::store::rollups::explain(r)?;
        let names = r.explain("select count(*) from traces_names where project_id = ? and last_day = ? and family = ?", [1, 2, 3])?;
        Ok((rows, names))
    });
    let ((rows, of_name), names) = explained.await.unwrap();
    assert!(rows.contains("USING PRIMARY KEY (grain=? AND family=? AND bucket_start>? AND bucket_start<?)"), "{rows}");
    assert!(of_name.contains("USING PRIMARY KEY (grain=? AND family=? AND bucket_start=? AND project_id=? AND name_id=?)"), "{of_name}");
    assert!(names.contains("traces_names_by_project_id_last_day"), "{names}");
    let (trace, newest) = watched.house.cx.telemetry.read(crate::store::roots::explain).await.unwrap();
    assert!(trace.contains("USING PRIMARY KEY (hour=? AND trace_id=?)"), "{trace}");
    assert!(newest.contains("traces_roots_by_hour_name_id (hour=? AND name_id=? AND at>? AND at<?)"), "{newest}");
    assert!(!newest.contains("TEMP B-TREE"), "{newest}");
}
