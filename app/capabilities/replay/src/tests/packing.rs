//! What is idle is packed together, and reads as before.

use ingest::pack;
use kernel::time::{MINUTE, Stopwatch};
use rusqlite::params;
use serde_json::json;
use std::time::Duration;

use super::bench::{Bench, Recorded, START};
use crate::read::MOMENTS;
use crate::store::{self, Key};

#[tokio::test]
async fn packing_changes_nothing_but_the_size() {
    let (mut arrived, mut kept) = (0, 0);
    for recorded in Recorded::all() {
        let bench = Bench::new().await;
        bench.send(&recorded).await;
        bench.digest().await;
        let replay = bench.only().await;
        let (moments, played, all) = (bench.moments(&replay).await, bench.played(&replay).await, bench.recorded(&replay).await);
        bench.house.clock.advance(MINUTE * 14);
        bench.repack().await;
        assert_eq!(bench.count("select count(*) from replay_chunks").await, 0, "it may still be going on");
        bench.house.clock.advance(MINUTE * 2);
        bench.repack().await;
        assert_eq!(bench.count("select count(*) from ingest_items").await, 0, "{}: the log holds it once", recorded.name);
        let name = &recorded.name;
        assert_eq!(bench.moments(&replay).await, moments, "{name}");
        let sorted = |mut events: Vec<serde_json::Value>| {
            events.sort_by_key(ToString::to_string);
            events
        };
        assert_eq!(sorted(bench.played(&replay).await), sorted(played), "{name}");
        assert_eq!(sorted(bench.recorded(&replay).await), sorted(all), "{name}");
        arrived += recorded.envelopes.iter().map(|envelope| envelope.request.body.len() as i64).sum::<i64>();
        kept += bench.count("select sum(length(recording) + length(moments)) from replay_chunks").await;
        bench.repack().await;
    }
    assert!(kept * 100 <= arrived * 60, "{kept} bytes are kept of {arrived} that arrived");
}

#[tokio::test]
async fn what_comes_late_is_packed_the_next_time() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.segment(1, 2, json!({})).await;
    bench.digest().await;
    let replay = bench.only().await;
    let loose = bench.timeline(&replay).await.parts[0].name;
    bench.house.clock.advance(MINUTE * 16);
    bench.repack().await;
    bench.segment(1, 1, json!({})).await;
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    let replay = bench.only().await;
    assert_eq!((replay.segments, bench.played(&replay).await.len()), (3, 9), "readers see both");
    bench.house.clock.advance(MINUTE * 16);
    bench.repack().await;
    assert_eq!(bench.count("select count(*) from replay_chunks").await, 2);
    assert_eq!(bench.played(&replay).await.len(), 9);
    // Whoever was watching while it was packed still finds the part by its old name.
    let house = bench.house.cx.clone();
    let part = tokio::task::spawn_blocking(move || crate::read::part(&house, &replay, &loose.to_string())).await.unwrap().unwrap();
    assert_eq!((loose.to_string().as_str(), serde_json::from_slice::<Vec<serde_json::Value>>(&part).unwrap().len()), ("0-2", 9));
}

#[tokio::test]
async fn what_the_digest_has_not_read_is_not_packed() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    bench.segment(1, 1, json!({})).await;
    bench.house.clock.advance(MINUTE * 16);
    bench.repack().await;
    assert_eq!(bench.count("select count(*) from ingest_items").await, 2, "the report and the recording that nobody has read");
    bench.digest().await;
    assert_eq!(bench.only().await.segments, 2);
}

/// In telemetry.db, as if it had been damaged.
async fn damage(bench: &Bench, sql: &'static str) {
    assert!(bench.house.cx.telemetry.write(move |tx| tx.run(sql, [])).await.unwrap() > 0, "{sql}");
}

#[tokio::test]
async fn one_segment_that_cannot_be_read_stops_nothing_else() {
    let bench = Bench::new().await;
    for number in 1..4 {
        bench.segment(number, 0, json!({})).await;
    }
    bench.digest().await;
    damage(&bench, "delete from ingest_items where id = (select item_id from replay_segments order by id limit 1)").await;
    bench.house.clock.advance(MINUTE * 16);
    bench.repack().await;
    assert_eq!(bench.count("select count(*) from replay_chunks").await, 2, "those after it are packed");
    assert_eq!(bench.count("select count(*) from ingest_items").await, 0, "and reports leave");
}

#[tokio::test]
async fn one_replay_that_cannot_be_read_is_passed_over() {
    let bench = Bench::new().await;
    for number in [1, 2] {
        bench.segment(number, 0, json!({})).await;
    }
    bench.house.digest().await;
    damage(&bench, "update replay_segments set codec = 1, moments = x'00' where id = (select min(id) from replay_segments)").await;
    crate::jobs::weigh_now(bench.house.cx.clone()).await.unwrap();
    let activities: Vec<bool> = bench.find("").await.iter().map(|replay| replay.activity.contains(&255)).collect();
    assert_eq!(activities.iter().filter(|is_active| **is_active).count(), 1, "the other one is looked at");
    let stale = bench.house.cx.read(|r| store::stale(r, 10)).await.unwrap();
    assert!(stale.is_empty(), "and it is not tried each minute");
    bench.segment(1, 1, json!({})).await;
    bench.house.digest().await;
    assert_eq!(bench.house.cx.read(|r| store::stale(r, 10)).await.unwrap().len(), 1, "only when more comes");
}

#[tokio::test]
async fn what_happened_in_one_replay_has_a_bound() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    let replay = bench.only().await;
    let key = Key { project: replay.project, sdk_id: replay.sdk_id };
    let list = json!(vec![json!({"t": START, "k": "mutation"}); 4_000]).to_string();
    let chunk = zstd::bulk::compress(format!("[{list},{list}]").as_bytes(), 1).unwrap();
    let packed = pack::pack(list.as_bytes());
    bench
        .house
        .cx
        .telemetry
        .write(move |tx| {
            let of = "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 20) \
                      insert into replay_segments (project_id, sdk_id, segment, item_id, chunk_id, received_at, from_at, to_at, events, \
                      has_snapshot, page, raw_bytes, bytes, codec, moments) select ?, ?, n, 1000 + n, null, 1, 1, 1, 1, 0, '', 1, 1, ?, ? from numbers";
            tx.run(of, params![key.project.0, key.sdk_id.0, packed.codec, packed.bytes])?;
            let id = tx.insert(
                "insert into replay_chunks (project_id, sdk_id, recording, moments) values (?, ?, x'', ?)",
                params![key.project.0, key.sdk_id.0, chunk],
            )?;
            tx.run("update replay_segments set chunk_id = ?, item_id = null, moments = null where segment = 20", [id])
        })
        .await
        .unwrap();
    assert_eq!(bench.moments(&replay).await.len(), MOMENTS, "of 84,000, packed together and alone");
}

#[tokio::test]
async fn a_long_replay_that_is_still_going_on_costs_one_look_at_each_segment() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    let now = bench.house.clock.now();
    let project = bench.project.0;
    let many = "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 20000) \
                insert into replay_segments (project_id, sdk_id, segment, item_id, received_at, from_at, to_at, events, has_snapshot, page, \
                raw_bytes, bytes) select ?1, x'00000000000000000000000000000009', n, 1000 + n, case n when 20000 then ?2 else ?3 end, 1, 1, 1, 0, '', 1, 1 \
                from numbers";
    let old = now - MINUTE * 40;
    bench.house.cx.telemetry.write(move |tx| tx.run(many, params![project, now.0, old.0])).await.unwrap();
    bench
        .house
        .cx
        .telemetry
        .write(move |tx| tx.run("update replay_segments set received_at = ? where segment = 0", [old.0]))
        .await
        .unwrap();
    let watch = Stopwatch::start();
    let idle = bench.house.cx.telemetry.read(move |r| store::idle(r, now - MINUTE * 15, 10)).await.unwrap();
    assert_eq!(idle.iter().map(|key| key.sdk_id.to_string()).collect::<Vec<_>>(), [super::bench::id(1)]);
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
}
