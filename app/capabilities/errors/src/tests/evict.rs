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

/// As if the least room were this many bytes; the page takes ten megabytes at least.
async fn leave(kit: &Kit, bytes: i64) {
    set(kit, "errors.events_mb", "10").await;
    kit.house.cx.telemetry.write(move |tx| crate::store::events::add_size(tx, "events", 0, 10_000_000 - bytes)).await.unwrap();
}

/// Each row has its item, each item of an event its row, and the sizes are those of the rows; gives how many there are.
async fn whole(kit: &Kit, lent: i64) -> i64 {
    let loose = "select (select count(*) from errors_events where item_id not in (select id from ingest_items)) + \
                 (select count(*) from ingest_items where kind = 1 and id not in (select item_id from errors_events)) + \
                 (select count(*) from ingest_ids where item_id not in (select id from ingest_items))";
    assert_eq!(kit.logged(loose).await, 0);
    let rows = kit.logged("select count(*) from errors_events").await;
    assert_eq!(kit.logged("select items from errors_sizes where what = 'events'").await, rows);
    let bytes = kit.logged("select coalesce(sum(bytes), 0) from errors_events").await;
    assert_eq!(kit.logged("select bytes from errors_sizes where what = 'events'").await - lent, bytes);
    rows
}

#[tokio::test]
async fn what_is_not_counted_yet_is_not_evicted_whatever_dies_when() {
    let kit = Kit::new().await;
    for _ in 0..20 {
        kit.send_event(&message("disk full")).await;
    }
    kit.house.digest().await;
    for _ in 0..40 {
        kit.send_event(&message("disk full")).await;
    }
    kit.send(ingest::Kind::Minidump, b"MDMP").await;
    kit.lose_a_digest().await;
    leave(&kit, 0).await;
    run(&kit).await;
    assert_eq!(whole(&kit, 10_000_000).await, 41, "for want of room");
    kit.house.clock.advance(DAY * 91);
    run(&kit).await;
    kit.house.live_through(DAY, DAY).await;
    assert_eq!(whole(&kit, 10_000_000).await, 41, "because of their age");
    kit.house.digest().await;
    let counted: Vec<u64> = kit.issues().await.iter().map(|issue| issue.events).collect();
    assert_eq!(counted, [60, 1], "each event is counted once");
    assert_eq!(kit.count("select sum(events) from errors_days").await, 61);
    run(&kit).await;
    assert_eq!(kit.logged("select count(*) from ingest_items").await, 0, "counted, they go");
    assert_eq!(whole(&kit, 10_000_000).await, 0);
}

#[tokio::test]
async fn what_came_with_events_and_browsers_reports_are_kept_as_long_as_events_are() {
    let kit = Kit::new().await;
    let report = json!({"csp-report": {"effective-directive": "img-src", "blocked-uri": "data"}});
    kit.send(ingest::Kind::Security, report.to_string().as_bytes()).await;
    kit.send(ingest::Kind::Attachment, b"log").await;
    kit.send(ingest::Kind::Minidump, b"MDMP").await;
    kit.house.digest().await;
    set(&kit, "errors.keep_days", "365").await;
    kit.house.clock.advance(DAY * 200);
    kit.house.live_through(DAY * 2, DAY).await;
    assert_eq!(kit.logged("select count(*) from ingest_items").await, 3);
    kit.house.clock.advance(DAY * 164);
    kit.house.live_through(DAY, DAY).await;
    assert_eq!(kit.logged("select count(*) from ingest_items").await, 0);
    assert_eq!(kit.logged("select sum(items) + sum(bytes) from errors_sizes").await, 0);
}

#[tokio::test]
async fn an_eviction_that_dies_in_the_midst_leaves_nothing_half_and_goes_on() {
    let kit = Kit::new().await;
    for _ in 0..30 {
        kit.send_event(&with(message("disk full"), json!({"user": {"id": "ada"}}))).await;
    }
    kit.house.digest().await;
    let candidates = kit.house.cx.telemetry.read(|r| evict::least_telling(r, (i64::MIN, i64::MIN), i64::MAX, 30)).await.unwrap();
    // The first batch is on disk; the power goes while the second is written.
    let (first, second) = (candidates[..10].to_vec(), candidates[10..20].to_vec());
    kit.house.cx.telemetry.write(move |tx| evict::remove_events(tx, &first)).await.unwrap();
    let lost = kit.house.cx.telemetry.write(move |tx| {
        evict::remove_events(tx, &second)?;
        Err::<(), _>(kernel::Error::internal("the power goes"))
    });
    assert!(lost.await.is_err());
    assert_eq!(whole(&kit, 0).await, 20);
    let first = candidates[..10].to_vec();
    kit.house.cx.telemetry.write(move |tx| evict::remove_events(tx, &first)).await.unwrap();
    assert_eq!(whole(&kit, 0).await, 20, "what is gone goes once");
    leave(&kit, 1_500).await;
    run(&kit).await;
    let left = whole(&kit, 10_000_000 - 1_500).await;
    assert!((1..4).contains(&left), "{left} are left");
    let issue = kit.issues().await.remove(0);
    assert_eq!((issue.events, issue.users), (30, 1), "counts stay exact");
    assert_eq!(kit.count("select sum(events) from errors_hours").await, 30);
}

#[tokio::test]
async fn the_first_event_with_a_value_of_a_tag_outlives_duplicates() {
    let kit = Kit::new().await;
    let bug = |plan: &str| with(python("E", "v", &[("shop", "pay", 1, "x()")]), json!({"tags": {"plan": plan}}));
    let mut rare = Vec::new();
    for index in 0..600 {
        // No power of two lies near these.
        let plan = match index {
            333 => "enterprise",
            444 => "trial",
            _ => "pro",
        };
        let item = kit.send_event(&bug(plan)).await;
        if index == 0 || plan != "pro" {
            rare.push(item);
        }
    }
    kit.house.digest().await;
    kit.issue_for(&bug("enterprise")).await;
    let relevance: Vec<i64> = kit
        .house
        .cx
        .telemetry
        .read(|r| r.rows("select item_id from errors_events where relevance = 12 order by item_id", [], |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(relevance, rare, "the first of each plan, and no second one");
    leave(&kit, 30_000).await;
    run(&kit).await;
    for item in rare {
        assert!(kit.house.cx.telemetry.read(move |r| crate::store::events::find_event(r, item)).await.unwrap().is_some());
    }
    assert!(whole(&kit, 10_000_000 - 30_000).await < 60);
}

#[tokio::test]
async fn what_is_left_of_a_removed_project_takes_no_room_from_the_others() {
    let kit = Kit::new().await;
    let other = super::kit::new_project(&kit.house, "Old").await;
    kit.issue_for(&message("ours")).await;
    for _ in 0..3 {
        let event = message("theirs").to_string();
        kit.send_as(other, ingest::Kind::Event, event.as_bytes(), ingest::Head::default()).await;
    }
    kit.send_as(other, ingest::Kind::Attachment, b"log", ingest::Head::default()).await;
    kit.house.digest().await;
    kit.house.cx.write(move |tx| identity::store::remove_project(tx, other)).await.unwrap();
    kit.house.live_through(DAY * 3, HOUR * 6).await;
    assert_eq!(whole(&kit, 0).await, 1);
    assert_eq!(kit.logged("select items + bytes from errors_sizes where what = 'attachments'").await, 0);
}

#[tokio::test]
async fn names_of_users_leave_with_their_events_and_stay_counted() {
    let kit = Kit::new().await;
    let of = |user: &str| with(message("disk full"), json!({"user": {"email": user}, "tags": {"plan": "pro"}}));
    let id = kit.issue_for(&of("ada@example.com")).await;
    kit.house.clock.advance(DAY * 80);
    kit.issue_for(&of("bob@example.com")).await;
    kit.house.clock.advance(DAY * 11);
    kit.house.live_through(DAY, DAY).await;
    let names = "select count(*) from errors_tags where value like '%example.com'";
    assert_eq!((kit.count(names).await, kit.count("select count(*) from errors_tags where value like '%bob%'").await), (1, 1));
    assert_eq!(kit.count("select events from errors_tags where key = 'plan'").await, 2, "other tags stay");
    assert_eq!(kit.issue(id).await.users, 2);
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
            evict::least_telling(r, (0, 0), 1, 1)?;
            r.explain(&format!("select item_id from errors_events {}", evict::LEAST_TELLING), [0, 0, 1, 1])
        })
        .await
        .unwrap();
    assert!(plan.contains("errors_events_by_relevance") && !plan.contains("TEMP B-TREE"), "{plan}");
}
