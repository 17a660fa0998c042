//! What is idle is packed together, and reads as before.

use kernel::time::MINUTE;
use serde_json::json;

use super::bench::{Bench, Recorded};

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
