//! Budget, forgetting, counting of issues, and that hot queries keep their indexes.

use kernel::ids::IssueId;
use kernel::time::{DAY, HOUR};
use kernel::{Fact, Time};
use serde_json::json;
use testkit::TestHouse;

use super::shop::{BUNDLE, Cli, bundle};
use super::{house, project};
use crate::store::{artifacts, chunks, deploys};

/// A bundle of bytes that do not compress.
fn large(seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let noise: Vec<u8> = (0..900_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        })
        .collect();
    bundle(&[("a", json!({ "type": "source_map", "url": format!("~/{seed}.js.map"), "headers": {} }), &noise)])
}

async fn releases_with_files(house: &TestHouse) -> Vec<String> {
    house.cx.telemetry.read(|r| r.rows("select release from releases_bundles order by id", [], |row| row.get(0))).await.unwrap()
}

#[tokio::test]
async fn what_helped_nobody_for_the_longest_time_makes_room() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    for (day, release) in ["1", "2", "3"].into_iter().enumerate() {
        assert_eq!(cli.upload(&large(u8::try_from(day).unwrap()), &web, release).await["state"], "ok");
        house.clock.advance(DAY);
    }
    // The oldest is in use; room is for two and a half.
    house
        .cx
        .telemetry
        .write(|tx| {
            let ids: Vec<i64> = tx.rows("select id from releases_bundles where release = '1'", [], |row| row.get(0))?;
            artifacts::set_used(tx, &ids)
        })
        .await
        .unwrap();
    house
        .cx
        .write(|tx| tx.run("insert into capability_settings (key, value, updated_at) values ('releases.artifact_megabytes', '2', 0)", []))
        .await
        .unwrap();
    house.pass(HOUR).await;
    assert_eq!(releases_with_files(&house).await, ["1", "3"]);
    let (bytes, contents) = house.cx.telemetry.read(artifacts::sum_blobs).await.unwrap();
    assert!(bytes < 2_000_000 && contents == 2, "{bytes} {contents}");
    let waiting = house.cx.telemetry.read(chunks::sum).await.unwrap();
    assert_eq!(waiting, 0, "pieces of finished uploads went after some hours");
}

#[tokio::test]
async fn contents_that_two_uploads_share_stay_until_both_are_gone() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    cli.upload(BUNDLE, &web, "1").await;
    cli.upload(BUNDLE, &web, "2").await;
    let contents = |house: &TestHouse| {
        let cx = house.cx.clone();
        async move { cx.telemetry.read(artifacts::sum_blobs).await.unwrap().1 }
    };
    assert_eq!(contents(&house).await, 2, "the built file and its map, once each");
    for (release, left) in [("1", 2), ("2", 0)] {
        let id = web.id;
        house.cx.telemetry.write(move |tx| artifacts::remove_some_of_release(tx, id, release, 9)).await.unwrap();
        assert_eq!(contents(&house).await, left);
    }
}

#[tokio::test]
async fn uploads_of_a_project_that_is_gone_go_too() {
    let house = house().await;
    let (gone, stays) = (project(&house, "Gone").await, project(&house, "Stays").await);
    let cli = Cli::of(&house).await;
    cli.upload(BUNDLE, &gone, "gone").await;
    cli.upload(BUNDLE, &stays, "stays").await;
    house.cx.write(move |tx| identity::store::remove_project(tx, gone.id)).await.unwrap();
    house.pass(HOUR).await;
    assert_eq!(releases_with_files(&house).await, ["stays"]);
}

#[tokio::test]
async fn issues_are_counted_for_their_release_once() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let id = web.id;
    let release = house.cx.write(move |tx| ingest::store::ensure_release(tx, id, "1.0", tx.now)).await.unwrap();
    let opened = |issue: i64, release: &str| Fact::IssueOpened {
        issue: IssueId(issue),
        project: id,
        project_name: "Web".into(),
        title: "TypeError".into(),
        culprit: String::new(),
        level: "error".into(),
        release: release.into(),
        environment: "production".into(),
        at: Time(1),
    };
    for fact in [opened(1, "1.0"), opened(1, "1.0"), opened(2, "1.0"), opened(3, "unknown"), opened(4, "")] {
        house.tell(fact).await;
    }
    house
        .tell(Fact::IssueRegressed {
            issue: IssueId(1),
            project: id,
            project_name: "Web".into(),
            title: "TypeError".into(),
            culprit: String::new(),
            level: "error".into(),
            release: "1.0".into(),
            environment: "production".into(),
            at: Time(1),
        })
        .await;
    assert_eq!(house.cx.read(move |r| deploys::count_issues(r, release.id)).await.unwrap(), (2, 1));
}

#[tokio::test]
async fn sessions_and_users_are_forgotten_after_their_time_and_counters_stay() {
    let house = house().await;
    let id = project(&house, "Web").await.id;
    let started = house.clock.now().rfc3339_millis();
    let session = json!({ "sid": "7", "did": "ada", "started": started, "status": "ok", "attrs": { "release": "1" } }).to_string();
    let item = ingest::NewItem {
        project: id,
        kind: ingest::Kind::Session,
        event_id: None,
        head: ingest::Head::default(),
        payload: ingest::pack::pack(session.as_bytes()),
        quantity: 1,
    };
    house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap();
    house.digest().await;
    let rows = |table: &'static str| {
        let cx = house.cx.clone();
        async move { cx.telemetry.read(move |r| r.value::<i64>(&format!("select count(*) from {table}"), [])).await.unwrap() }
    };
    house.pass(DAY * 5).await;
    assert_eq!((rows("releases_sessions").await, rows("ingest_items").await), (1, 1), "it may still report");
    house.pass(DAY * 4).await;
    assert_eq!((rows("releases_sessions").await, rows("ingest_items").await, rows("releases_users").await), (0, 0, 1));
    house.pass(DAY * 30).await;
    assert_eq!(rows("releases_users").await, 0);
    let counted: i64 = house.cx.read(|r| r.value("select sum(sessions) from releases_hours", [])).await.unwrap();
    assert_eq!(counted, 1);
}

#[tokio::test]
async fn hot_queries_read_by_index() {
    let house = house().await;
    let log = [
        "select id from releases_artifacts where project_id = 1 and debug_id = x'00'",
        "select id from releases_artifacts where project_id = 1 and release = 'a' and url = '~/a.js'",
        "select size from releases_chunks where checksum = x'00'",
        "select ending from releases_sessions where day = 1 and project_id = 1 and sid = x'00'",
        "select person from releases_users where day = 1 and release_id = 1",
        "select id from releases_bundles where project_id = 1 limit 1",
    ];
    for sql in log {
        let plan = house.cx.telemetry.read(move |r| r.explain(sql, [])).await.unwrap();
        assert!(plan.contains("SEARCH") && !plan.contains("SCAN"), "{sql}: {plan}");
    }
    let state = [
        "select sum(sessions) from releases_hours where hour >= 1 and project_id = 1 group by +release_id",
        "select sum(sessions) from releases_hours where release_id = 1 and hour >= 1 group by environment",
        "select id from releases_deploys where release_id = 1 order by id desc limit 1",
        "select count(*) from releases_issues where release_id = 1",
    ];
    for sql in state {
        let plan = house.cx.read(move |r| r.explain(sql, [])).await.unwrap();
        assert!(plan.contains("SEARCH") && !plan.contains("SCAN"), "{sql}: {plan}");
    }
    let sum = house
        .cx
        .telemetry
        .read(|r| r.explain("select coalesce(sum(stored), 0) from releases_blobs indexed by releases_blobs_by_added_at", []))
        .await
        .unwrap();
    assert!(sum.contains("COVERING INDEX"), "contents are not read to be summed: {sum}");
}
