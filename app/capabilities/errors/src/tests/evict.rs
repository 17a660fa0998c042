//! What goes when it is old or too much, and what stays.

use kernel::time::{DAY, HOUR};
use serde_json::json;
use std::time::Duration;

use super::kit::{Kit, message, python, with};
use crate::acts;
use crate::model::{Resolved, State};
use crate::store::acts::Actor;
use crate::store::evict;

/// Runs the job that evicts.
async fn run(kit: &Kit) {
    kit.house.live_through(Duration::from_secs(600), Duration::from_secs(600)).await;
}

async fn set(kit: &Kit, key: &'static str, value: &'static str) {
    let setting = crate::settings::SECTION.fields.iter().find(|field| field.key == key).unwrap();
    let sealer = kit.house.cx.sealer.clone();
    kit.house.cx.write(move |tx| capability::settings::set(tx, &sealer, setting, value)).await.unwrap();
}

#[tokio::test]
async fn events_age_out_with_everything_that_leads_to_them_and_counts_stay() {
    let kit = Kit::new().await;
    let old = message("disk full");
    let id = kit.issue_for(&old).await;
    let event_id = ingest::EventId::parse(old["event_id"].as_str().unwrap());
    let item = ingest::NewItem {
        project: kit.project,
        kind: ingest::Kind::Attachment,
        event_id,
        head: ingest::Head::default(),
        payload: ingest::pack::pack(b"log"),
        quantity: 1,
    };
    kit.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap();
    kit.house.digest().await;
    kit.house.clock.advance(DAY * 89);
    kit.issue_for(&message("disk full")).await;
    run(&kit).await;
    assert_eq!(kit.logged("select count(*) from errors_events").await, 2);
    kit.house.clock.advance(DAY);
    run(&kit).await;
    assert_eq!(kit.logged("select count(*) from errors_events").await, 1);
    for table in ["select count(*) from ingest_items", "select count(*) from ingest_ids"] {
        assert_eq!(kit.logged(table).await, 1, "{table}");
    }
    assert_eq!(kit.logged("select count(*) from errors_attachments").await, 0);
    assert_eq!(kit.logged("select sum(items) from errors_sizes").await, 1);
    let issue = kit.issue(id).await;
    assert_eq!((issue.events, issue.last_seen_at > issue.first_seen_at), (2, true));
}

#[tokio::test]
async fn beyond_the_room_duplicates_go_and_the_telling_events_stay() {
    let kit = Kit::new().await;
    let bug = |release: &str, index: usize| {
        // Random text does not pack: each event takes some 65 kB.
        let noise: String = std::iter::repeat_with(kernel::ids::random_token).take(2_000).collect();
        with(python("E", "v", &[("shop", "pay", 1, "x()")]), json!({"release": release, "extra": {"noise": noise, "index": index}}))
    };
    let mut items = Vec::new();
    for index in 0..60 {
        items.push(kit.send_event(&bug("shop@1.0.0", index)).await);
    }
    kit.house.digest().await;
    let id = kit.issue_of(items[0]).await;
    kit.house.cx.write(move |tx| acts::set_state(tx, &[id], State::Resolved(Resolved::AtOnce), &Actor::default())).await.unwrap();
    kit.house.clock.advance(Duration::from_secs(60));
    for index in 0..60 {
        let release = if index == 30 { "shop@1.1.0" } else { "shop@1.0.0" };
        items.push(kit.send_event(&bug(release, index)).await);
    }
    kit.house.digest().await;
    let rare = kit.send_event(&message("once only")).await;
    kit.house.digest().await;
    // Lowered by hand: ten megabytes is the least the page takes.
    let size = kit.logged("select bytes from errors_sizes where what = 'events'").await;
    let surplus = size - 3_000_000;
    kit.house.cx.telemetry.write(move |tx| crate::store::events::add_size(tx, "events", 0, 10_000_000 - 3_000_000)).await.unwrap();
    assert!(surplus > 0, "{size} bytes are enough to evict from");
    set(&kit, "errors.events_mb", "10").await;
    run(&kit).await;
    let kept: Vec<i64> =
        kit.house.cx.telemetry.read(|r| r.rows("select item_id from errors_events order by item_id", [], |row| row.get(0))).await.unwrap();
    assert!((30..60).contains(&kept.len()), "about three of the megabytes stay: {}", kept.len());
    for (name, item) in
        [("first", items[0]), ("regressing", items[60]), ("rare release", items[90]), ("latest", items[119]), ("rare issue", rare)]
    {
        assert!(kept.contains(&item), "the {name} event stays; kept {kept:?}");
    }
    assert_eq!(kit.issue(id).await.events, 120, "counts stay exact");
    let bytes = kit.logged("select bytes from errors_sizes where what = 'events'").await - 7_000_000;
    assert_eq!(bytes, kit.logged("select sum(bytes) from errors_events").await);
}

#[tokio::test]
async fn attachments_have_a_room_of_their_own_and_the_oldest_go_first() {
    let kit = Kit::new().await;
    for index in 0..14_u8 {
        let noise: String = std::iter::repeat_with(kernel::ids::random_token).take(25_000).collect();
        let payload = format!("{index}{noise}");
        kit.send(ingest::Kind::Attachment, payload.as_bytes()).await;
    }
    kit.house.digest().await;
    let (before, bytes) = (
        kit.logged("select count(*) from errors_attachments").await,
        kit.logged("select bytes from errors_sizes where what = 'attachments'").await,
    );
    assert!(before == 14 && bytes > 10_000_000, "{bytes} bytes are more than the least room");
    set(&kit, "errors.attachments_mb", "10").await;
    run(&kit).await;
    let kept = kit.logged("select count(*) from errors_attachments").await;
    assert!((1..14).contains(&kept), "{kept}");
    assert!(kit.logged("select bytes from errors_sizes where what = 'attachments'").await <= 10_000_000);
    assert_eq!(kit.logged("select min(item_id) from errors_attachments").await, 14 - kept + 1);
    assert_eq!(kit.logged("select count(*) from ingest_items").await, kept);
}

#[tokio::test]
async fn feedback_leaves_the_log_with_time_and_stays_with_its_issue() {
    let kit = Kit::new().await;
    let event = message("disk full");
    let id = kit.issue_for(&event).await;
    let report = json!({"event_id": event["event_id"], "name": "Ada", "email": "", "comments": "It hurts"});
    kit.send(ingest::Kind::UserReport, report.to_string().as_bytes()).await;
    kit.house.digest().await;
    kit.house.clock.advance(DAY * 91);
    kit.house.live_through(DAY, DAY).await;
    assert_eq!(kit.logged("select count(*) from ingest_items").await, 0);
    let said = kit.house.cx.read(move |r| crate::store::feedback::feedback_of(r, id, 10)).await.unwrap();
    assert_eq!(said.len(), 1);
}

#[tokio::test]
async fn hours_go_after_five_weeks_and_days_stay() {
    let kit = Kit::new().await;
    kit.issue_for(&message("x")).await;
    kit.house.clock.advance(DAY * 36);
    kit.house.live_through(HOUR, HOUR).await;
    assert_eq!(kit.count("select count(*) from errors_hours").await + kit.count("select count(*) from errors_minutes").await, 0);
    assert_eq!(kit.count("select sum(events) from errors_days").await, 1);
}

#[tokio::test]
async fn looking_for_what_may_go_follows_an_index() {
    let kit = Kit::new().await;
    let plan = kit
        .house
        .cx
        .telemetry
        .read(|r| {
            evict::least_telling(r, (0, 0), 1)?;
            r.explain(
                "select item_id from errors_events where (relevance, item_id) > (?, ?) order by relevance, item_id limit ?",
                [0, 0, 1],
            )
        })
        .await
        .unwrap();
    assert!(plan.contains("errors_events_by_relevance") && !plan.contains("TEMP B-TREE"), "{plan}");
}
