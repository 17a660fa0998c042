//! What ages out, and what does not.

use std::time::Duration;

use super::*;
use crate::retention::{OUTCOME_DAYS, Windows, sweep};
use crate::{Head, NewItem, pack};
use kernel::ids::ProjectId;
use kernel::time::{DAY, HOUR};

fn append(site: &Site, clock: Time, project: ProjectId, kind: Kind, bytes: usize) {
    site.clock.set(clock);
    // Noise does not pack: what is counted is what lies there.
    let payload = pack::Packed { codec: 0, bytes: vec![7; bytes] };
    let item = NewItem { project, kind, event_id: Some(EventId::random()), head: Head::default(), payload, quantity: 1 };
    site.telemetry.write_blocking(move |tx| store::append(tx, &item)).unwrap();
}

async fn swept(site: &Site, windows: Windows, now: Time) -> usize {
    site.clock.set(now);
    sweep(&site.hermetic, &site.telemetry, windows, now).await.unwrap()
}

#[tokio::test]
async fn each_kind_stays_for_its_own_time_and_what_others_show_is_left_to_them() {
    let site = Site::new().await;
    let project = site.project.id;
    let kinds = [Kind::Event, Kind::Spans, Kind::Logs, Kind::Profile, Kind::Session, Kind::Attachment];
    for kind in kinds {
        append(&site, START, project, kind, 10);
    }
    let later = START + DAY * 20;
    for kind in kinds {
        append(&site, later, project, kind, 10);
    }
    assert_eq!(swept(&site, Windows::STANDARD, later).await, 1, "the old session");
    assert_eq!(swept(&site, Windows::STANDARD, START + DAY * 31).await, 1, "the old profile");
    assert_eq!(swept(&site, Windows::STANDARD, START + DAY * 91).await, 2);
    let left = site.kinds();
    assert_eq!(left, [Kind::Event, Kind::Spans, Kind::Logs, Kind::Attachment].repeat(2));
    let ids: i64 = site.telemetry.read_blocking(|r| r.value("select count(*) from ingest_ids", [])).unwrap();
    assert_eq!(ids, 8, "what leads to removed items goes with them");
}

#[tokio::test]
async fn beyond_the_budget_the_oldest_hours_go_first() {
    let site = Site::new().await;
    for hour in 0..10 {
        append(&site, START + HOUR * hour, site.project.id, Kind::Profile, 1_000);
        append(&site, START + HOUR * hour, site.project.id, Kind::Event, 1_000);
    }
    let windows = Windows { raw_bytes: 4_500, ..Windows::STANDARD };
    assert_eq!(swept(&site, windows, START + HOUR * 9).await, 6);
    assert_eq!(site.kinds().iter().filter(|kind| **kind == Kind::Profile).count(), 4);
    assert_eq!(site.kinds().iter().filter(|kind| **kind == Kind::Event).count(), 10, "others have their own budget");
    assert_eq!(swept(&site, windows, START + HOUR * 9).await, 0);
}

#[tokio::test]
async fn everything_of_a_removed_project_goes_after_a_day_and_nothing_of_the_others() {
    let site = Site::new().await;
    let (gone, _) = site.another_project("Gone").await;
    for _ in 0..450 {
        append(&site, START, gone.id, Kind::Event, 10);
    }
    append(&site, START, site.project.id, Kind::Event, 10);
    let id = gone.id;
    site.hermetic.write(move |tx| rows::remove_project(tx, id)).await.unwrap();
    assert_eq!(swept(&site, Windows::STANDARD, START + HOUR * 2).await, 0, "a copy that lacks the project may be a mistake");
    assert_eq!(swept(&site, Windows::STANDARD, START + DAY * 2).await, 450);
    assert_eq!(site.items().len(), 1);
    let sums = site.telemetry.read_blocking(|r| store::sum_outcomes(r, None, START)).unwrap();
    assert_eq!(sums.iter().map(|sum| sum.project).collect::<Vec<_>>(), [site.project.id]);
}

#[tokio::test]
async fn counts_are_kept_for_90_days() {
    let site = Site::new().await;
    append(&site, START, site.project.id, Kind::Event, 10);
    let end = START + DAY * OUTCOME_DAYS;
    swept(&site, Windows::STANDARD, end).await;
    assert_eq!(site.outcomes().await, ["error accepted 1"]);
    swept(&site, Windows::STANDARD, end + HOUR + Duration::from_secs(1)).await;
    assert!(site.outcomes().await.is_empty());
}

#[tokio::test]
async fn the_first_item_of_a_moment_is_found_without_reading_the_log() {
    let site = Site::new().await;
    for hour in 0..20 {
        append(&site, START + HOUR * hour, site.project.id, Kind::Event, 1);
    }
    // Gaps where items were removed.
    site.telemetry.write_blocking(|tx| store::remove_items(tx, &[1, 2, 7, 8, 9, 20])).unwrap();
    let moments = (0..22).flat_map(|hour| [START + HOUR * hour, START + HOUR * hour + Duration::from_secs(1)]);
    for at in moments {
        let first = site.telemetry.read_blocking(|r| store::first_id_at(r, at)).unwrap();
        for item in site.items() {
            assert_eq!(item.id < first, item.received_at < at, "item {} of {} at {at}", item.id, item.received_at);
        }
    }
    let ids = site.telemetry.read_blocking(|r| store::items_before(r, &[Kind::Event], START + HOUR * 6, 100)).unwrap();
    assert_eq!(ids, [3, 4, 5, 6]);
    let plan =
        site.telemetry.read_blocking(|r| r.explain("select id from ingest_items where kind = 1 and id < 7 order by id limit 10", []));
    assert!(plan.unwrap().contains("USING COVERING INDEX ingest_items_by_kind"), "what ages out is read from the index alone");
}

/// hermetic.db came back ten seconds newer than telemetry.db.
#[tokio::test]
async fn what_comes_after_a_restore_to_two_moments_is_read() {
    let site = Site::new().await;
    let session = lines(&["{}", r#"{"type":"session"}"#, "{}"]);
    assert_eq!(site.envelope(session.clone()).await.code, 200);
    site.hermetic.write_blocking(|tx| store::set_cursor(tx, "errors", 500)).unwrap();
    let read = site.hermetic.read_blocking(store::farthest_cursor).unwrap();
    assert!(site.telemetry.write_blocking(move |tx| store::go_on_behind(tx, read)).unwrap());
    assert_eq!(site.envelope(session).await.code, 200);
    let next = site.telemetry.read_blocking(|r| store::next_batch(r, 500, &[Kind::Session], 10, 1_000)).unwrap();
    assert_eq!((next.items.len(), next.upto), (1, 501));
    assert!(!site.telemetry.write_blocking(move |tx| store::go_on_behind(tx, read)).unwrap(), "once");
}
