//! Answers wait for the copy where that is set, and only there.

use capability::settings;
use kernel::Role;
use kernel::time::Stopwatch;
use std::time::Duration;

use super::house::Fixture;
use crate::settings::DURABLE;
use crate::store;

async fn switch_on(fixture: &Fixture, owners: &'static str) {
    let sealer = fixture.cx().sealer.clone();
    fixture.cx().write(move |tx| settings::set(tx, &sealer, &DURABLE, owners)).await.unwrap();
    fixture.until("the setting itself is copied", |copy| copy.behind == 0).await;
}

async fn drills(fixture: &Fixture) -> usize {
    fixture.cx().read(|r| store::list_drills(r, 50)).await.unwrap().len()
}

#[tokio::test]
async fn an_answer_waits_until_its_bytes_are_at_the_destination() {
    let fixture = Fixture::current().await;
    switch_on(&fixture, "backup, uptime").await;
    let admin = fixture.house.member(Role::Admin).await;
    fixture.until("the sign-in is copied", |copy| copy.behind == 0).await;
    let slow = Duration::from_millis(400);
    fixture.s3.set_slow(slow);
    let watch = Stopwatch::start();
    admin.post("/backup/drills", &[]).await.expect(303);
    assert!(watch.elapsed() >= slow, "it was answered after {:?}", watch.elapsed());
    let behind = fixture.copies.replica(db::File::Hermetic).status().destinations[0].behind;
    assert_eq!(behind, 0);
}

#[tokio::test]
async fn an_answer_of_another_capability_and_a_look_wait_for_nothing() {
    let fixture = Fixture::current().await;
    switch_on(&fixture, "uptime").await;
    let admin = fixture.house.member(Role::Admin).await;
    fixture.s3.set_down(true);
    admin.post("/backup/drills", &[]).await.expect(303);
    admin.get("/backup").await.expect(200);
    assert_eq!(drills(&fixture).await, 2);
}

#[tokio::test]
async fn while_the_store_is_away_the_answer_is_503_and_the_write_stands() {
    let fixture = Fixture::current().await;
    switch_on(&fixture, "backup").await;
    let key = fixture.api(Role::Admin).await;
    fixture.s3.set_down(true);
    let answer = key.json(http::Method::POST, "/api/v1/backup/drills", &serde_json::json!({})).await;
    assert_eq!(answer.code, 503, "{}", answer.body);
    let body: serde_json::Value = answer.json();
    assert_eq!(body["error"]["kind"], "unavailable");
    assert!(
        body["error"]["message"].as_str().is_some_and(|text| text.contains("stored here") && text.contains("Trying again is safe")),
        "{body}"
    );
    assert_eq!(drills(&fixture).await, 2, "the write stands");
}
