//! What backup tells of is told at once, and ends when it is over.

use kernel::Fact;
use kernel::ids::DrillId;
use kernel::time::SECOND;
use testkit::fakes::Sink;

use super::house::{Fixture, WINDOW};

fn stale(fixture: &Fixture, destination: &str) -> Fact {
    Fact::ReplicaStale {
        file: "hermetic.db".into(),
        destination: destination.into(),
        since: fixture.house.clock.now() - SECOND * 5,
        detail: "s3://bucket/path does not answer.".into(),
    }
}

#[tokio::test]
async fn a_stale_copy_is_told_without_the_group_window_and_its_recovery_too() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    fixture.house.tell(stale(&fixture, "main")).await;
    let hits = sink.requests();
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    assert_eq!(hit.json()["data"]["title"], "The copy of hermetic.db at main is stale");
    assert!(hit.json()["data"]["detail"].as_str().is_some_and(|text| text.contains("does not answer")));
    let since = fixture.house.clock.now();
    fixture.house.pass(SECOND * 90).await;
    let caught_up_at = fixture.house.clock.now();
    let (file, destination) = ("hermetic.db".to_owned(), "main".to_owned());
    fixture.house.tell(Fact::ReplicaCaughtUp { file, destination, since, caught_up_at }).await;
    assert!(
        sink.requests()
            .last()
            .is_some_and(|hit| hit.json()["data"]["title"].as_str().is_some_and(|title| title.contains("is up to date again")))
    );
    assert_eq!(fixture.alerts().await[0]["state"], "resolved");
}

#[tokio::test]
async fn each_destination_and_each_kind_of_trouble_is_an_alert_of_its_own() {
    let fixture = Fixture::new().await;
    fixture.house.tell(stale(&fixture, "main")).await;
    fixture.house.tell(stale(&fixture, "vault")).await;
    let (file, since) = ("hermetic.db".to_owned(), fixture.house.clock.now());
    let detail = "held by host two".to_owned();
    fixture.house.tell(Fact::LeaseLost { file: file.clone(), destination: "main".into(), since, detail: detail.clone() }).await;
    fixture.house.tell(Fact::SpoolFailing { file: file.clone(), since, detail }).await;
    assert_eq!(fixture.alerts().await.len(), 4);
    fixture.house.tell(Fact::ReplicaCaughtUp { file: file.clone(), destination: "main".into(), since, caught_up_at: since }).await;
    fixture.house.tell(Fact::SpoolRecovered { file, since, recovered_at: since }).await;
    let open: Vec<_> = fixture.alerts().await.into_iter().filter(|alert| alert["state"] == "open").collect();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["subject"], "The copy of hermetic.db at vault");
}

#[tokio::test]
async fn a_failed_drill_stays_open_until_one_passes() {
    let fixture = Fixture::new().await;
    let failed = |id| Fact::DrillFailed {
        drill: DrillId(id),
        file: "hermetic.db".into(),
        destination: "main".into(),
        at: fixture.house.clock.now(),
        detail: "3 of 40 pages differ.".into(),
    };
    fixture.house.tell(failed(1)).await;
    fixture.house.tell(failed(2)).await;
    fixture.house.pass(WINDOW).await;
    let alerts = fixture.alerts().await;
    assert_eq!((alerts.len(), alerts[0]["target"].as_str()), (1, Some("/backup/drills/1")));
    assert!(fixture.rule("drill-failed").await["runbook"] == "/backup/runbook");
    let at = fixture.house.clock.now();
    fixture.house.tell(Fact::DrillPassed { drill: DrillId(3), file: "hermetic.db".into(), destination: "main".into(), at }).await;
    assert_eq!(fixture.alerts().await[0]["state"], "resolved");
}

#[tokio::test]
async fn what_is_open_about_a_destination_ends_when_it_is_removed() {
    let fixture = Fixture::new().await;
    fixture.house.tell(stale(&fixture, "main")).await;
    let (at, file, destination) = (fixture.house.clock.now(), "hermetic.db".to_owned(), "main".to_owned());
    let detail = "3 of 40 pages differ.".to_owned();
    let failed = Fact::DrillFailed { drill: DrillId(1), file: file.clone(), destination: destination.clone(), at, detail };
    fixture.house.tell(failed).await;
    assert_eq!(fixture.alerts().await.iter().filter(|alert| alert["state"] == "open").count(), 2);
    fixture.house.tell(Fact::ReplicaRemoved { file, destination, removed_at: at }).await;
    let alerts = fixture.alerts().await;
    assert!(alerts.iter().all(|alert| alert["state"] == "resolved"), "{alerts:?}");
}

#[tokio::test]
async fn a_full_disk_is_told_at_once_with_the_runbook_and_ends_with_room() {
    let fixture = Fixture::new().await;
    let sink = Sink::start();
    fixture.hook("Hook", &sink).await;
    let since = fixture.house.clock.now();
    fixture.house.tell(Fact::DiskFull { free_bytes: 200_000_000, since, detail: "200 MB of the disk were free.".into() }).await;
    let hits = sink.requests();
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    assert_eq!(hit.json()["data"]["title"], "The disk is full: observations are refused");
    let links = hit.json()["data"]["links"].to_string();
    assert!(links.contains("/backup/runbook") && !links.contains("\"/backup/runbook"), "as a whole address: {links}");
    fixture.house.tell(Fact::DiskHasRoom { since, recovered_at: fixture.house.clock.now() }).await;
    assert_eq!(fixture.alerts().await[0]["state"], "resolved");
}
