//! Sessions through the house: what is counted, and that it is counted once.

use ingest::{Head, Kind, NewItem, pack};
use kernel::Time;
use kernel::ids::{ProjectId, ReleaseId};
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};
use testkit::TestHouse;
use testkit::recorded::Part;

use super::{house, project};
use crate::model::{Counts, Ending, Users};
use crate::store::{hours, sessions};

async fn report(house: &TestHouse, project: ProjectId, kind: Kind, payload: &Value) -> i64 {
    report_with(house, project, kind, payload.to_string().as_bytes(), Head::default()).await
}

async fn report_with(house: &TestHouse, project: ProjectId, kind: Kind, payload: &[u8], head: Head) -> i64 {
    let item = NewItem { project, kind, event_id: None, head, payload: pack::pack(payload), quantity: 1 };
    house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap()
}

fn update(house: &TestHouse, sid: u32, state: &str, errors: u32) -> Value {
    json!({
        "sid": format!("00000000-0000-4000-8000-{sid:012}"), "did": format!("user-{sid}"), "init": state == "ok", "started": house.clock.now().rfc3339_millis(),
        "status": state, "errors": errors, "attrs": { "release": "shop@1.0.0", "environment": "production" },
    })
}

/// Of the last 24 hours.
async fn counts(house: &TestHouse, project: ProjectId, version: &str) -> Counts {
    let release = release(house, project, version).await;
    house
        .cx
        .read(move |r| {
            let mut all = Counts::default();
            hours::sum_by_environment(r, release, r.now - DAY)?.into_iter().for_each(|(_, counts)| all += counts);
            Ok(all)
        })
        .await
        .unwrap()
}

async fn release(house: &TestHouse, project: ProjectId, version: &str) -> ReleaseId {
    let version = version.to_owned();
    house.cx.read(move |r| ingest::store::find_release(r, project, &version)).await.unwrap().expect("the release").id
}

async fn users(house: &TestHouse, release: ReleaseId, from: Time) -> Users {
    house.cx.telemetry.read(move |r| sessions::count_users(r, release, from)).await.unwrap()
}

async fn refused(house: &TestHouse, project: ProjectId) -> Vec<(String, u64)> {
    let outcomes = house.cx.telemetry.read(move |r| ingest::store::sum_outcomes(r, Some(project), Time(0))).await.unwrap();
    let dropped = outcomes.into_iter().filter(|row| row.outcome == ingest::store::Outcome::Dropped);
    dropped.map(|row| (row.reason, row.quantity)).collect()
}

fn ended(crashed: u64, unhandled: u64, errored: u64, sessions: u64) -> Counts {
    Counts { sessions, crashed, unhandled, errored, abnormal: 0 }
}

#[tokio::test]
async fn a_session_counts_once_by_its_worst_ending_in_whatever_order_it_reports() {
    let orders: [(&[(&str, u32)], Counts); 7] = [
        (&[("ok", 0)], ended(0, 0, 0, 1)),
        (&[("ok", 0), ("exited", 0)], ended(0, 0, 0, 1)),
        (&[("ok", 0), ("ok", 1), ("exited", 1)], ended(0, 0, 1, 1)),
        (&[("ok", 0), ("ok", 1), ("crashed", 1)], ended(1, 0, 0, 1)),
        (&[("crashed", 1), ("ok", 0)], ended(1, 0, 0, 1)),
        (&[("unhandled", 1), ("exited", 1)], ended(0, 1, 0, 1)),
        // The first update was lost: it is a session all the same.
        (&[("exited", 0)], ended(0, 0, 0, 1)),
    ];
    for at_once in [true, false] {
        for (updates, expected) in orders {
            let house = house().await;
            let id = project(&house, "Shop").await.id;
            for (state, errors) in updates {
                report(&house, id, Kind::Session, &update(&house, 1, state, *errors)).await;
                if !at_once {
                    house.digest().await;
                }
            }
            house.digest().await;
            assert_eq!(counts(&house, id, "shop@1.0.0").await, expected, "{updates:?}, at once: {at_once}");
        }
    }
}

#[tokio::test]
async fn a_batch_that_died_before_the_counters_is_counted_once_when_it_comes_again() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    report(&house, id, Kind::Session, &update(&house, 1, "ok", 0)).await;
    house.digest().await;
    report(&house, id, Kind::Session, &update(&house, 1, "ok", 1)).await;
    report(&house, id, Kind::Session, &update(&house, 2, "crashed", 1)).await;
    report(&house, id, Kind::Session, &json!({ "attrs": {} })).await;
    // The memory is written, the change to hermetic.db is lost: as after kill -9. Three times, in pieces of two sizes.
    for pieces in [3, 1, 3] {
        let cx = house.cx.clone();
        tokio::task::spawn_blocking(move || {
            let cursor = cx.hermetic.read_blocking(|r| ingest::store::cursor(r, "releases")).unwrap();
            let kinds = [Kind::Session, Kind::Sessions];
            let batch = cx.telemetry.read_blocking(|r| ingest::store::next_batch(r, cursor, &kinds, 500, 1 << 20)).unwrap();
            let digest = cx.registry.digests().next().unwrap();
            let _lost = digest.digest(&cx, &batch.items[..pieces]).unwrap();
        })
        .await
        .unwrap();
    }
    house.digest().await;
    house.digest().await;
    assert_eq!(counts(&house, id, "shop@1.0.0").await, ended(1, 0, 1, 2));
    assert_eq!(refused(&house, id).await, [("session_without_release".to_owned(), 1)]);
    let seen = users(&house, release(&house, id, "shop@1.0.0").await, house.clock.now() - DAY).await;
    assert_eq!(seen, Users { all: 2, crashed: 1, unhandled: 1 });
}

#[tokio::test]
async fn aggregates_are_summed_and_more_than_a_hundred_rows_are_taken() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    let row = |minute: u32| {
        let started = (house.clock.now() - MINUTE * minute).rfc3339();
        json!({ "started": started, "exited": 10, "errored": 3, "unhandled": 2, "crashed": 1, "abnormal": 1, "did": format!("u{}", minute % 7) })
    };
    let rows: Vec<Value> = (0..150).map(row).collect();
    report(&house, id, Kind::Sessions, &json!({ "attrs": { "release": "shop@2", "environment": "prod" }, "aggregates": rows })).await;
    house.digest().await;
    let counts = counts(&house, id, "shop@2").await;
    assert_eq!(counts, Counts { sessions: 150 * 17, errored: 450, unhandled: 300, abnormal: 150, crashed: 150 });
    assert_eq!(counts.well(), 1_500);
    let release = release(&house, id, "shop@2").await;
    assert_eq!(users(&house, release, house.clock.now() - DAY).await.all, 7);
}

#[tokio::test]
async fn what_is_too_old_or_not_readable_is_not_counted_but_told() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    let old = |days: u32| (house.clock.now() - DAY * days).rfc3339();
    let session = |started: String| json!({ "sid": "a", "started": started, "status": "ok", "attrs": { "release": "1" } });
    for payload in [session(old(4)), session(old(6)), json!({ "attrs": { "release": "a\nb" } }), json!([1])] {
        report(&house, id, Kind::Session, &payload).await;
    }
    report_with(&house, id, Kind::Session, b"\xff{", Head::default()).await;
    let rows =
        json!({ "attrs": { "release": "1" }, "aggregates": [{ "started": old(1), "exited": 5 }, { "started": old(9), "exited": 5 }, 7] });
    report(&house, id, Kind::Sessions, &rows).await;
    house.digest().await;
    let release = release(&house, id, "1").await;
    let all = house.cx.read(move |r| hours::sum_by_environment(r, release, Time(0))).await.unwrap();
    assert_eq!(all, [("production".to_owned(), ended(0, 0, 0, 6))]);
    let mut told = refused(&house, id).await;
    told.sort();
    assert_eq!(told, [("invalid_session".into(), 2), ("session_too_old".into(), 2), ("session_without_release".into(), 1)]);
}

#[tokio::test]
async fn what_is_refused_after_the_door_took_it_stands_in_one_column_only() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    for _ in 0..10 {
        report(&house, id, Kind::Session, &json!({ "sid": "a", "status": "ok", "attrs": {} })).await;
    }
    let old = (house.clock.now() - DAY * 9).rfc3339();
    // Of two rows one is counted: the item stays accepted.
    let rows = json!([{ "started": house.clock.now().rfc3339(), "exited": 5 }, { "started": old, "exited": 5 }]);
    report(&house, id, Kind::Sessions, &json!({ "attrs": { "release": "1" }, "aggregates": rows })).await;
    // The digest comes in another hour than the door.
    house.clock.advance(HOUR * 2);
    house.digest().await;
    let mut told: Vec<(&str, String, u64)> = Vec::new();
    for row in house.cx.telemetry.read(move |r| ingest::store::sum_outcomes(r, Some(id), Time(0))).await.unwrap() {
        told.push((row.outcome.as_str(), row.reason, row.quantity));
    }
    told.sort();
    assert_eq!(
        told,
        [("accepted", String::new(), 1), ("dropped", "session_too_old".into(), 1), ("dropped", "session_without_release".into(), 10)],
        "eleven came"
    );
}

#[tokio::test]
async fn a_session_of_a_deleted_release_that_goes_on_is_counted_anew_and_never_against_nothing() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    report(&house, id, Kind::Session, &update(&house, 1, "ok", 1)).await;
    report(&house, id, Kind::Session, &update(&house, 2, "ok", 0)).await;
    house.digest().await;
    let known = release(&house, id, "shop@1.0.0").await;
    let gone = house.cx.read(move |r| ingest::store::find_release_by_id(r, known)).await.unwrap().unwrap();
    let cx = house.cx.clone();
    tokio::task::spawn_blocking(move || crate::acts::remove_release(&cx, &web::Actor::Visitor, &gone).unwrap()).await.unwrap();
    for sid in [1, 2] {
        report(&house, id, Kind::Session, &update(&house, sid, "crashed", 1)).await;
    }
    house.digest().await;
    assert_eq!(counts(&house, id, "shop@1.0.0").await, ended(2, 0, 0, 2));
    let raw = house.cx.read(|r| r.value::<i64>("select min(errored) from releases_hours", [])).await.unwrap();
    assert_eq!(raw, 0);
}

#[tokio::test]
async fn a_session_of_a_clock_some_minutes_ahead_is_one_on_both_sides_of_midnight() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    let midnight = house.clock.now().day_start() + DAY;
    // By the client's clock it began after midnight; by ours, before: no session begins in the future.
    let mut session = update(&house, 1, "ok", 0);
    session["started"] = json!((midnight + MINUTE * 5).rfc3339());
    house.clock.set(midnight - MINUTE * 2);
    report(&house, id, Kind::Session, &session).await;
    house.digest().await;
    house.clock.set(midnight + MINUTE * 20);
    session["status"] = json!("crashed");
    report(&house, id, Kind::Session, &session).await;
    house.digest().await;
    assert_eq!(counts(&house, id, "shop@1.0.0").await, ended(1, 0, 0, 1));
}

#[tokio::test]
async fn a_sum_holds_all_environments_however_many_hours_named_others() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    for hour in 0..3 {
        for number in 0..40 {
            let mut session = update(&house, hour * 100 + number, "ok", 0);
            session["attrs"]["environment"] = json!(format!("preview-{hour}-{number}"));
            report(&house, id, Kind::Session, &session).await;
        }
        house.digest().await;
        house.clock.advance(HOUR);
    }
    let release = release(&house, id, "shop@1.0.0").await;
    let sum = house.cx.read(move |r| hours::sum_of(r, release, r.now - DAY)).await.unwrap();
    assert_eq!(sum.sessions, 120);
    let page = house.member(kernel::Role::Viewer).await.get(&format!("/releases/{release}?range=24h")).await.expect(200).body;
    assert!(page.contains("of 120 sessions in 24 hours"), "{page}");
}

#[tokio::test]
async fn a_clock_that_is_hours_wrong_is_corrected_and_the_future_is_now() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    let now = house.clock.now();
    let at = |started: Time| json!({ "started": started.rfc3339_millis(), "status": "ok", "attrs": { "release": "1" } }).to_string();
    let head = |sent_at| Head { sent_at: Some(sent_at), ..Head::default() };
    // Its clock stands a month back; the session began two hours before it was sent.
    let wrong = now - DAY * 30;
    report_with(&house, id, Kind::Session, at(wrong - HOUR * 2).as_bytes(), head(wrong)).await;
    // Ten minutes on the way are no wrong clock.
    report_with(&house, id, Kind::Session, at(now - HOUR * 5).as_bytes(), head(now - MINUTE * 10)).await;
    report_with(&house, id, Kind::Session, at(now + DAY).as_bytes(), Head::default()).await;
    house.digest().await;
    let release = release(&house, id, "1").await;
    let steps = house.cx.read(move |r| hours::sum_by_step(r, release, Time(0), 3_600_000)).await.unwrap();
    let found: Vec<Time> = steps.iter().map(|(at, _)| *at).collect();
    assert_eq!(found, [(now - HOUR * 5).hour_start(), (now - HOUR * 2).hour_start(), now.hour_start()]);
}

#[tokio::test]
async fn users_of_a_window_are_different_ones_and_a_day_is_cut_at_the_hour() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    let start = house.clock.now();
    for (hours_later, sid, state) in [(0, 1, "crashed"), (10, 1, "ok"), (10, 2, "unhandled"), (30, 3, "ok"), (30, 2, "ok")] {
        house.clock.set(start + HOUR * hours_later);
        let mut session = update(&house, sid, state, 0);
        session["sid"] = json!(format!("{hours_later}-{sid}"));
        report(&house, id, Kind::Session, &session).await;
    }
    house.digest().await;
    let release = release(&house, id, "shop@1.0.0").await;
    assert_eq!(users(&house, release, start).await, Users { all: 3, crashed: 1, unhandled: 2 });
    assert_eq!(users(&house, release, start + HOUR * 2).await, Users { all: 3, crashed: 0, unhandled: 1 }, "the crash lies before");
    assert_eq!(users(&house, release, start + HOUR * 20).await, Users { all: 2, crashed: 0, unhandled: 0 });
}

#[tokio::test]
async fn made_up_environments_and_releases_do_not_fill_the_state() {
    let house = house().await;
    let id = project(&house, "Shop").await.id;
    let row = |release: String, environment: String| json!({ "sid": kernel::ids::random_public_id(), "started": house.clock.now().rfc3339(), "status": "ok", "attrs": { "release": release, "environment": environment } });
    for number in 0..200 {
        report(&house, id, Kind::Session, &row("1".into(), format!("env-{number}"))).await;
    }
    house.digest().await;
    let release = release(&house, id, "1").await;
    let environments = house.cx.read(move |r| hours::sum_by_environment(r, release, r.now - DAY)).await.unwrap();
    assert!(environments.len() <= 50, "{}", environments.len());
    assert_eq!(environments.iter().map(|(_, counts)| counts.sessions).sum::<u64>(), 200, "none is lost");
    assert_eq!(environments[0].0, "other");
    // A program that names each start a release.
    for number in 0..1_100 {
        report(&house, id, Kind::Session, &row(format!("start-{number}"), "p".into())).await;
    }
    house.digest().await;
    let releases = house.cx.read(move |r| ingest::store::list_releases(r, id, 5_000)).await.unwrap().len();
    assert!(releases <= 1_001, "{releases}");
    let told = refused(&house, id).await;
    assert_eq!(told, [("too_many_releases".to_owned(), 1_101 - releases as u64)], "what is not counted is told");
}

#[tokio::test]
async fn the_same_session_id_in_two_projects_is_two_sessions() {
    let house = house().await;
    let (one, two) = (project(&house, "One").await.id, project(&house, "Two").await.id);
    for id in [one, two] {
        report(&house, id, Kind::Session, &update(&house, 1, "ok", 0)).await;
    }
    report(&house, two, Kind::Session, &update(&house, 1, "crashed", 1)).await;
    house.digest().await;
    assert_eq!(counts(&house, one, "shop@1.0.0").await, ended(0, 0, 0, 1));
    assert_eq!(counts(&house, two, "shop@1.0.0").await, ended(1, 0, 0, 1));
}

#[tokio::test]
async fn sessions_of_a_project_that_is_gone_do_not_stop_the_others() {
    let house = house().await;
    let (gone, stays) = (project(&house, "Gone").await.id, project(&house, "Stays").await.id);
    for id in [gone, stays] {
        report(&house, id, Kind::Session, &update(&house, 1, "ok", 0)).await;
    }
    house.cx.write(move |tx| identity::store::remove_project(tx, gone)).await.unwrap();
    assert_eq!(house.digest().await, 2);
    assert_eq!(counts(&house, stays, "shop@1.0.0").await.sessions, 1);
}

/// Every session item of the recorded traffic: kind, payload.
fn recorded() -> Vec<(Kind, Vec<u8>)> {
    let parts = testkit::recorded::envelopes("").into_iter().flat_map(|envelope| envelope.parts);
    let kind = |part: &Part| Kind::from_item_type(part.kind()).filter(|kind| matches!(kind, Kind::Session | Kind::Sessions));
    parts.filter_map(|part| Some((kind(&part)?, part.payload))).collect()
}

#[tokio::test]
async fn sessions_of_real_sdks_are_counted_with_their_endings() {
    let recorded = recorded();
    if recorded.is_empty() {
        return;
    }
    let house = house().await;
    let id = project(&house, "Real").await.id;
    // When they were recorded.
    house.clock.set(Time::parse_rfc3339("2026-11-23T12:00:00Z").unwrap());
    for (kind, payload) in &recorded {
        report_with(&house, id, *kind, payload, Head::default()).await;
    }
    house.digest().await;
    assert_eq!(refused(&house, id).await, []);
    let sums = house.cx.read(move |r| hours::sum_by_release(r, id, r.now - DAY)).await.unwrap();
    let mut all = Counts::default();
    sums.iter().for_each(|(_, counts)| all += *counts);
    assert!(all.sessions > 0 && all.unhandled > 0, "browsers since SDK 11 say unhandled: {all:?}");
}

#[test]
fn endings_keep_their_codes_and_only_grow_worse() {
    for (code, ending) in [(0, Ending::Well), (1, Ending::Errored), (2, Ending::Unhandled), (3, Ending::Abnormal), (4, Ending::Crashed)] {
        assert_eq!((ending.code(), Ending::from_code(code)), (code, Some(ending)));
    }
    assert!(Ending::Well < Ending::Errored && Ending::Errored < Ending::Unhandled && Ending::Abnormal < Ending::Crashed);
}

proptest::proptest! {
    #[test]
    fn no_payload_makes_the_reading_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), text in ".{0,60}", number in proptest::num::f64::ANY) {
        let clocks = crate::model::session::Clocks { sent_at: Some(Time(i64::MIN)), received_at: Time(i64::MAX) };
        let _ = crate::model::session::read_one(&bytes, clocks);
        let _ = crate::model::session::read_many(&bytes, clocks);
        let odd = json!({ "sid": text, "started": number, "errors": number, "status": text, "attrs": { "release": "1", "environment": text } });
        let read = crate::model::session::read_one(odd.to_string().as_bytes(), clocks);
        if let Ok(read) = read {
            assert!(read.environment.chars().count() <= 64);
        }
    }
}
