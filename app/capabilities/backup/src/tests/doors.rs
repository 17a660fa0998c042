//! Pages and the API: what they show, and who may act.

use kernel::Role;
use kernel::time::HOUR;
use serde_json::{Value, json};
use testkit::TestHouse;

use super::house::{ALONE, Fixture};
use crate::drill::{self, Room};

#[tokio::test]
async fn without_a_destination_the_page_says_the_next_step() {
    let house = TestHouse::new(ALONE).await;
    let viewer = house.member(Role::Viewer).await;
    let page = viewer.get("/backup").await.expect(200).body;
    assert!(page.contains("Nothing is copied yet") && page.contains("[[replica]]") && page.contains("secret_access_key_file"), "{page}");
    let admin = house.member(Role::Admin).await;
    let refused = admin.post("/backup/drills", &[]).await.expect(404).body;
    assert!(refused.contains("name a destination"), "{refused}");
    let tiles = house.cx.read(|r| capability::Registry(ALONE).tiles(r)).await.unwrap();
    assert_eq!(tiles[0].note, "Name a bucket: nothing is copied yet.");
}

#[tokio::test]
async fn windows_that_contradict_each_other_are_refused_with_a_sentence() {
    let house = TestHouse::new(ALONE).await;
    let find = |key: &str| crate::settings::SECTION.fields.iter().find(|field| field.key == key).unwrap();
    let (transactions, half_minutes) = (find("backup.keep_transactions_hours"), find("backup.keep_half_minutes_hours"));
    let sealer = house.cx.sealer.clone();
    let contradict = move |tx: &mut db::Tx<'_>| {
        capability::settings::set(tx, &sealer, transactions, "168")?;
        capability::settings::set(tx, &sealer, half_minutes, "1")?;
        capability::Registry(ALONE).check_settings(tx)
    };
    let error = house.cx.write(contradict).await.unwrap_err();
    assert_eq!(error.field_errors()[0].message, "“Keep a moment every 30 s” must reach at least as far back as “Keep each transaction”.");
    house.cx.read(|r| capability::Registry(ALONE).check_settings(r)).await.unwrap();
}

#[tokio::test]
async fn the_page_shows_each_copy_its_time_line_and_after_an_hour_its_cost() {
    let fixture = Fixture::current().await;
    let viewer = fixture.house.member(Role::Viewer).await;
    fixture.until("the sign-in is copied", |copy| copy.behind == 0).await;
    let page = viewer.get("/backup").await.expect(200).body;
    for text in [
        "hermetic.db at main",
        "telemetry.db at main",
        "current",
        "Last 1 h",
        "each transaction",
        "honoured",
        "It needs an hour of running",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains(testkit::S3::SECRET_KEY) && !page.contains(testkit::S3::ACCESS_KEY));
    assert!(!page.contains("Make a whole copy now"), "a viewer sees, and does not act");
    fixture.house.clock.advance(HOUR * 2);
    let page = viewer.get("/backup").await.expect(200).body;
    assert!(page.contains("a month, at the rate of the 2 h since the start"), "{page}");
}

#[tokio::test]
async fn a_failing_destination_is_shown_with_its_sentence_and_what_waits() {
    let fixture = Fixture::current().await;
    let viewer = fixture.house.member(Role::Viewer).await;
    fixture.s3.set_down(true);
    fixture.write_something().await;
    fixture.until_state("the state is failing", |copy| copy.failing.is_some()).await;
    let page = viewer.get("/backup").await.expect(200).body;
    assert!(
        page.contains("failing") && page.contains("wait in the spool") && page.contains("nothing is lost while this machine lives"),
        "{page}"
    );
}

#[tokio::test]
async fn only_admins_act_and_what_they_ask_for_is_audited_once() {
    let fixture = Fixture::current().await;
    let (member, admin) = (fixture.house.member(Role::Member).await, fixture.house.member(Role::Admin).await);
    member.post("/backup/drills", &[]).await.expect(403);
    member.post("/backup/snapshot", &[]).await.expect(403);
    assert_eq!(admin.post("/backup/snapshot", &[]).await.expect(303).location(), "/backup");
    assert_eq!(admin.post("/backup/drills", &[]).await.expect(303).location(), "/backup/drills");
    admin.post("/backup/drills", &[]).await.expect(303);
    let list = admin.get("/backup/drills").await.expect(200).body;
    assert_eq!(list.matches("/backup/drills/").count(), 2, "two files, asked for once: {list}");
    drill::run_asked(fixture.cx(), Room::default()).await.unwrap();
    let report = member.get("/backup/drills/1").await.expect(200).body;
    for text in ["passed", "Written by this instance", "Time to restore", "backup_sentinels"] {
        assert!(report.contains(text), "{text}: {report}");
    }
    assert!(member.get("/backup/drills/2").await.expect(200).body.contains("not over yet"));
    member.get("/backup/drills/99").await.expect(404);
}

#[tokio::test]
async fn programs_read_the_state_and_ask_for_drills() {
    let fixture = Fixture::current().await;
    let key = fixture.api(Role::Admin).await;
    let state: Value = key.get("/api/v1/backup").await.expect(200).json();
    assert_eq!((state["is_copied"].as_bool(), state["files"][0]["copies"][0]["destination"].as_str()), (Some(true), Some("main")));
    assert!(state["files"][0]["copies"][0]["address"].as_str().is_some_and(|address| address.starts_with("s3://bucket/main/hermetic.db")));
    let asked: Value = key.json(http::Method::POST, "/api/v1/backup/drills", &json!({})).await.expect(202).json();
    assert_eq!(asked["drills"].as_array().map(Vec::len), Some(2));
    drill::run_asked(fixture.cx(), Room::default()).await.unwrap();
    key.json(http::Method::POST, "/api/v1/backup/snapshots", &json!({})).await.expect(202);
    let state: Value = key.get("/api/v1/backup").await.expect(200).json();
    let over = &state["drills"][1];
    assert_eq!((over["outcome"].as_str(), over["signature_holds"].as_bool()), (Some("passed"), Some(true)), "{over}");
    let reader = fixture.house.key(Role::Viewer, &["backup:read"]).await;
    reader.json(http::Method::POST, "/api/v1/backup/drills", &json!({})).await.expect(403);
}

#[tokio::test]
async fn metrics_and_gauges_come_from_memory() {
    let fixture = Fixture::current().await;
    let own = fixture.cx().clone();
    let gauges = fixture.cx().read(move |r| own.registry.gauges(&own, r)).await.unwrap();
    let lag: Vec<_> = gauges.iter().filter(|gauge| gauge.name == "hermetic_backup_lag_transactions").collect();
    assert_eq!(lag.len(), 2);
    fixture.s3.set_down(true);
    fixture.write_something().await;
    fixture.until_state("it waits", |copy| copy.behind > 0 && copy.waiting_since.is_some()).await;
    fixture.house.clock.advance(HOUR);
    let own = fixture.cx().clone();
    let read = fixture.cx().read(move |r| {
        let metrics = own.registry.metrics();
        let metric = metrics.iter().find(|metric| metric.name == "backup.lag_seconds").unwrap();
        (metric.read)(&own, r)
    });
    let reading = read.await.unwrap().unwrap();
    assert!(reading.value >= 3_600.0 && reading.samples == 2, "{reading:?}");
}

#[tokio::test]
async fn the_runbook_is_there_and_found() {
    let house = TestHouse::new(ALONE).await;
    let viewer = house.member(Role::Viewer).await;
    let page = viewer.get("/backup/runbook").await.expect(200).body;
    for text in ["hermetic restore", "litestream restore", "Rotating the credentials", "append_only = true", "What is lost"] {
        assert!(page.contains(text), "{text}");
    }
    let hits = house.cx.read(|r| capability::Registry(ALONE).search(r, "restore")).await.unwrap();
    assert!(hits.iter().any(|hit| hit.href == "/backup/runbook"));
}
