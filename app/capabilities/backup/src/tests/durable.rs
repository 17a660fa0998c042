//! Answers wait for the copy where that is set, and only there.

use axum::response::IntoResponse as _;
use capability::{Capability, Routes, settings};
use kernel::Role;
use kernel::time::Stopwatch;
use std::time::Duration;
use web::Access;

use super::house::{Ear, Fixture};
use crate::Backup;
use crate::settings::DURABLE;
use crate::store;

/// The doors that must not lose anything while a store is away: by one the founder comes in, by the other a key is shown once.
struct Desk;

impl Capability for Desk {
    fn name(&self) -> &'static str {
        "console"
    }

    fn routes(&self, routes: &mut Routes) {
        routes.post("/sign-in", Access::Anyone, async || ([("set-cookie", "login=abc")], "in").into_response());
        routes.post("/console/keys", Access::Rank(Role::Admin), async || "hk_shown_once");
    }
}

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
async fn a_name_that_no_capability_has_is_refused_and_never_said_to_wait() {
    let fixture = Fixture::current().await;
    let checked = |value| settings::checked_in(fixture.cx().registry, &DURABLE, value);
    let refused = checked("backup, monitors").unwrap_err();
    assert!(refused.message().contains("no capability monitors") && refused.message().contains("backup"), "{}", refused.message());
    assert_eq!((checked("Backup, ear").unwrap().as_str(), checked("").unwrap().as_str()), ("Backup, ear", ""));
    // As an older version, or the command line, may have stored it.
    switch_on(&fixture, "backup monitors").await;
    let page = fixture.house.member(Role::Viewer).await.get("/backup").await.expect(200).body;
    assert!(page.contains("Answers of backup wait") && page.contains("The setting names monitors, which no capability"), "{page}");
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
async fn while_the_store_is_away_a_program_hears_202_and_what_it_asked_for() {
    let fixture = Fixture::current().await;
    switch_on(&fixture, "backup").await;
    let key = fixture.api(Role::Admin).await;
    let kept = key.json(http::Method::POST, "/api/v1/backup/snapshots", &serde_json::json!({})).await.expect(202);
    assert_eq!(kept.header("hermetic-durable"), "reached");
    fixture.s3.set_down(true);
    let answer = key.json(http::Method::POST, "/api/v1/backup/drills", &serde_json::json!({})).await.expect(202);
    assert_eq!(answer.header("hermetic-durable"), "pending");
    assert!(answer.header("hermetic-notice").contains("do not repeat it"));
    let body: serde_json::Value = answer.json();
    assert_eq!(body["drills"].as_array().map(Vec::len), Some(2), "{body}");
    assert_eq!(drills(&fixture).await, 2, "the write stands");
}

#[tokio::test]
async fn while_the_store_is_away_the_founder_signs_in_and_sees_a_new_key() {
    let fixture = Fixture::of(&[&Backup, &Ear, &Desk]).await;
    let admin = fixture.house.member(Role::Admin).await;
    switch_on(&fixture, "console").await;
    fixture.s3.set_down(true);
    fixture.write_something().await;
    let watch = Stopwatch::start();
    let entered = fixture.house.visitor().post("/sign-in", &[]).await.expect(200);
    assert_eq!(entered.header("set-cookie"), "login=abc");
    assert!(watch.elapsed() < Duration::from_secs(5), "nobody waits for a copy to come in");
    let made = admin.post("/console/keys", &[]).await.expect(200);
    assert_eq!((made.body.as_str(), made.header("hermetic-durable")), ("hk_shown_once", "pending"));
    assert!(made.header("set-cookie").replace("%20", " ").contains("not yet at the destination"), "the next page says so");
}
