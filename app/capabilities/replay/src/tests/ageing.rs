//! What leaves when, and what stays.

use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::json;

use super::bench::{Bench, id};
use crate::store;

async fn sdk_ids(bench: &Bench) -> Vec<String> {
    let mut ids: Vec<String> = bench.find("").await.iter().map(|replay| replay.sdk_id.to_string()).collect();
    ids.sort();
    ids
}

async fn set(bench: &Bench, key: &str, value: &'static str) {
    let sealer = bench.house.cx.sealer.clone();
    let setting = crate::settings::SECTION.fields.iter().find(|field| field.key == key).copied().unwrap();
    bench.house.cx.write(move |tx| capability::settings::set(tx, &sealer, &setting, value)).await.unwrap();
}

#[tokio::test]
async fn replays_leave_after_their_days_and_pinned_ones_stay() {
    let bench = Bench::new().await;
    for number in [1, 2] {
        bench.segment(number, 0, json!({})).await;
    }
    bench.digest().await;
    let pinned = bench.by_sdk_id(&id(2)).await.id;
    bench.house.cx.write(move |tx| store::pin(tx, pinned, "Ada", "")).await.unwrap();
    bench.house.clock.advance(DAY * 20);
    bench.segment(3, 0, json!({})).await;
    bench.digest().await;
    bench.repack().await;
    bench.house.clock.advance(DAY * 11);
    bench.prune().await;
    assert_eq!(sdk_ids(&bench).await, [id(2), id(3)]);
    assert_eq!(bench.count("select count(*) from replay_segments").await, 2);
    assert_eq!(bench.count("select count(*) from replay_chunks").await, 1, "what was packed leaves with it");
    bench.house.cx.write(move |tx| store::unpin(tx, pinned)).await.unwrap();
    bench.house.clock.advance(DAY * 40);
    bench.prune().await;
    assert!(sdk_ids(&bench).await.is_empty());
    for table in ["select count(*) from replay_segments", "select count(*) from replay_chunks", "select count(*) from ingest_items"] {
        assert_eq!(bench.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn beyond_the_space_the_oldest_leave_first() {
    let bench = Bench::new().await;
    // 4 MB that nothing packs.
    let mut state = 1_u64;
    let noise: String = (0..4_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + (state >> 33) as u8 % 26)
        })
        .collect();
    for number in 1..7_u32 {
        let events = json!([{"type": 2, "timestamp": super::bench::START, "data": {"node": {"type": 3, "textContent": noise, "id": 1}}}]);
        bench
            .report(super::bench::envelope(
                &id(number),
                0,
                &events,
                &super::bench::told(
                    &id(number),
                    0,
                    // By clocks the slower the later they come.
                    &json!({"replay_start_timestamp": (super::bench::START - 60_000 * i64::from(number)) as f64 / 1_000.0}),
                ),
            ))
            .await;
        bench.house.clock.advance(MINUTE);
    }
    bench.digest().await;
    set(&bench, "replay.megabytes", "10").await;
    let size = bench.count("select sum(bytes) from replay_segments").await;
    bench.prune().await;
    assert_eq!(sdk_ids(&bench).await.len(), 6, "of all of them more may come");
    bench.house.clock.advance(HOUR * 2);
    for number in 1..6 {
        let replay = bench.by_sdk_id(&id(number)).await.id;
        bench.house.cx.write(move |tx| store::pin(tx, replay, "Ada", "")).await.unwrap();
    }
    bench.prune().await;
    assert_eq!(sdk_ids(&bench).await.len(), 6, "what is pinned drives nothing out");
    for number in 2..6 {
        let replay = bench.by_sdk_id(&id(number)).await.id;
        bench.house.cx.write(move |tx| store::unpin(tx, replay)).await.unwrap();
    }
    bench.prune().await;
    let left = sdk_ids(&bench).await;
    let fit = (10_000_000 * 6 / size) as usize;
    assert!(fit < 5, "they must not all fit");
    assert_eq!(left.len(), 1 + fit, "{left:?} of {size} bytes");
    assert!(left.contains(&id(1)) && left.contains(&id(6)) && !left.contains(&id(2)), "{left:?}");
    bench.prune().await;
    assert_eq!(sdk_ids(&bench).await, left, "what fits stays");
}

#[tokio::test]
async fn what_the_digest_has_not_read_is_not_old() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.house.clock.advance(DAY * 100);
    bench.prune().await;
    assert_eq!(bench.count("select count(*) from ingest_items").await, 2);
}

#[tokio::test]
async fn a_deleted_replay_is_gone_whatever_its_tab_still_sends() {
    let bench = Bench::new().await;
    for segment in 0..3 {
        bench.segment(1, segment, json!({"user": {"email": "Ann@example.com"}})).await;
    }
    bench.segment(2, 0, json!({"user": {"email": "bob@example.com"}})).await;
    bench.digest().await;
    bench.house.clock.advance(MINUTE * 16);
    bench.repack().await;
    bench.segment(1, 3, json!({})).await;
    bench.digest().await;
    let found = bench.house.cx.read(|r| store::of_person(r, None, store::PersonKey::Email("ann@EXAMPLE.com"), 100)).await.unwrap();
    assert_eq!(found.len(), 1);
    let (project, sdk_id) = bench.house.cx.write(move |tx| store::forget(tx, found[0])).await.unwrap();
    bench.house.cx.telemetry.write(move |tx| store::remove_recording(tx, project, sdk_id)).await.unwrap();
    bench.segment(1, 4, json!({"user": {"email": "Ann@example.com"}})).await;
    bench.digest().await;
    assert_eq!(sdk_ids(&bench).await, [id(2)]);
    let of_ann = "select (select count(*) from replay_segments where hex(sdk_id) like '%1') + (select count(*) from replay_chunks where hex(sdk_id) like '%1') \
                  + (select count(*) from ingest_items where hex(event_id) like '%1')";
    assert_eq!(bench.count(of_ann).await, 0);
}

#[tokio::test]
async fn a_removal_that_was_broken_off_is_finished_later() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    let replay = bench.only().await.id;
    bench.house.cx.write(move |tx| store::forget(tx, replay)).await.unwrap();
    bench.prune().await;
    assert_eq!(bench.count("select count(*) from replay_segments").await, 1, "a state that was restored may lack it by mistake");
    bench.house.clock.advance(DAY * 2);
    bench.prune().await;
    assert_eq!(bench.count("select count(*) from replay_segments").await, 0);
}

#[tokio::test]
async fn replays_of_a_removed_project_leave_with_it() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    let project = bench.project;
    bench.house.cx.write(move |tx| identity::store::remove_project(tx, project)).await.unwrap();
    assert!(sdk_ids(&bench).await.is_empty());
    bench.house.clock.advance(DAY * 2);
    bench.prune().await;
    assert_eq!(bench.count("select count(*) from replay_segments").await, 0);
}
