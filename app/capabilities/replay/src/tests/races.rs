//! What people do while jobs are at the same replay, and jobs while others are.

use capability::Digest as _;
use capability::digest::Change;
use ingest::pack;
use kernel::Time;
use kernel::time::MINUTE;
use rusqlite::params;
use serde_json::json;

use super::bench::{Bench, id};
use crate::digest::Replays;
use crate::store::{self, FiledSegment, Key, NewSegment};

/// One replay, digested, with what a packer would have read of it.
async fn read_to_be_packed() -> (Bench, Key, Vec<FiledSegment>) {
    let bench = Bench::new().await;
    for segment in 0..3 {
        bench.segment(1, segment, json!({})).await;
    }
    bench.digest().await;
    let replay = bench.only().await;
    let key = Key { project: replay.project, sdk_id: replay.sdk_id };
    let run = bench.house.cx.telemetry.read(move |r| store::segments(r, key)).await.unwrap();
    (bench, key, run)
}

async fn delete(bench: &Bench, key: Key) {
    let replay = bench.only().await.id;
    bench.house.cx.write(move |tx| store::forget(tx, replay)).await.unwrap();
    bench.house.cx.telemetry.write(move |tx| store::remove_recording(tx, key.project, key.sdk_id)).await.unwrap();
}

async fn put_together(bench: &Bench, key: Key, run: Vec<FiledSegment>) -> bool {
    bench.house.cx.telemetry.write(move |tx| store::put_together(tx, key, &run, b"recording", b"moments")).await.unwrap()
}

#[tokio::test]
async fn what_is_deleted_while_it_is_packed_stays_deleted() {
    let (bench, key, run) = read_to_be_packed().await;
    delete(&bench, key).await;
    assert!(!put_together(&bench, key, run).await);
    assert_eq!(bench.count("select count(*) from replay_chunks").await, 0);
}

#[tokio::test]
async fn two_packers_make_one_chunk() {
    let (bench, key, run) = read_to_be_packed().await;
    bench.house.clock.advance(MINUTE * 16);
    bench.repack().await;
    let replay = bench.only().await;
    let moments = bench.moments(&replay).await;
    assert!(!put_together(&bench, key, run).await, "the other one was first");
    assert_eq!(bench.count("select count(*) from replay_chunks").await, 1);
    assert_eq!(bench.moments(&replay).await, moments);
}

#[tokio::test]
async fn chunks_that_no_segment_names_say_nothing_and_leave() {
    let (bench, key, _) = read_to_be_packed().await;
    bench.house.clock.advance(MINUTE * 16);
    bench.repack().await;
    let replay = bench.only().await;
    let (moments, size) = (bench.moments(&replay).await, bench.count("select length(recording) from replay_chunks").await);
    let again = "insert into replay_chunks (project_id, sdk_id, recording, moments) select ?, ?, recording, moments from replay_chunks";
    bench.house.cx.telemetry.write(move |tx| tx.run(again, params![key.project.0, key.sdk_id.0])).await.unwrap();
    assert_eq!(bench.moments(&replay).await, moments, "nothing happened twice");
    bench.prune().await;
    assert_eq!(bench.count("select count(*) from replay_chunks").await, 1);
    assert_eq!(bench.count("select length(recording) from replay_chunks").await, size, "the one that is named stays");
    assert!(!bench.played(&replay).await.is_empty());
}

/// What the digest makes of all that lies there beyond the cursor, not yet applied.
async fn worked_out(bench: &Bench) -> Change {
    let kinds = Replays.kinds();
    let cursor = bench.house.cx.read(|r| ingest::store::cursor(r, crate::digest::NAME)).await.unwrap();
    let batch = bench.house.cx.telemetry.read(move |r| ingest::store::next_batch(r, cursor, kinds, 100, 1 << 20)).await.unwrap();
    let house = bench.house.cx.clone();
    tokio::task::spawn_blocking(move || Replays.digest(&house, &batch.items)).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_deleted_while_it_is_digested_stays_deleted() {
    let (bench, key, _) = read_to_be_packed().await;
    bench.segment(1, 3, json!({"user": {"email": "ann@example.com"}})).await;
    let change = worked_out(&bench).await;
    delete(&bench, key).await;
    bench.house.cx.write(change).await.unwrap();
    assert!(bench.find("").await.is_empty(), "who it was is gone, too");
    for table in ["select count(*) from replay_segments", "select count(*) from ingest_items"] {
        assert_eq!(bench.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_segment_whose_item_left_is_not_filed() {
    let (bench, key, run) = read_to_be_packed().await;
    let new = NewSegment {
        key,
        segment: 7,
        item: run[2].item.unwrap() + 100,
        received_at: Time(1),
        from: Time(1),
        to: Time(2),
        is_played: true,
        events: 1,
        has_snapshot: false,
        page: String::new(),
        raw_bytes: 1,
        bytes: 1,
        moments: pack::pack(b"[]"),
    };
    assert!(!bench.house.cx.telemetry.write(move |tx| store::file(tx, &new)).await.unwrap());
    assert_eq!(bench.count("select count(*) from replay_segments").await, 3);
}

#[tokio::test]
async fn what_a_tab_sends_of_a_deleted_replay_is_counted_as_that() {
    let (bench, key, _) = read_to_be_packed().await;
    delete(&bench, key).await;
    bench.segment(1, 3, json!({})).await;
    bench.digest().await;
    // Three reports and three recordings were kept before; one of each was not.
    assert_eq!(bench.outcomes().await, ["accepted 6", "replay_deleted 2"]);
    assert_eq!(bench.count("select count(*) from ingest_items").await, 0);
}

#[tokio::test]
async fn what_was_listed_to_leave_is_asked_again() {
    let (bench, _, _) = read_to_be_packed().await;
    let replay = bench.only().await;
    let (number, seen_at, after) = (replay.id, replay.seen_at, Time(replay.seen_at.0 + 1));
    let let_go = async |before: Time| bench.house.cx.write(move |tx| store::let_go(tx, number, before)).await.unwrap();
    assert_eq!(let_go(seen_at).await, None, "more of it came");
    bench.house.cx.write(move |tx| store::pin(tx, number, "Ada", "")).await.unwrap();
    assert_eq!(let_go(after).await, None, "somebody pinned it");
    bench.house.cx.write(move |tx| store::unpin(tx, number)).await.unwrap();
    assert_eq!(let_go(after).await.map(|key| key.sdk_id.to_string()), Some(id(1)));
    assert_eq!(let_go(after).await, None, "somebody deleted it");
}
