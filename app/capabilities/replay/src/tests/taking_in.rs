//! Segments become replays: each once, in any order, whatever dies.

use capability::Digest as _;
use capability::digest::drain;
use serde_json::json;
use std::collections::BTreeMap;

use super::bench::{Bench, Recorded, START, envelope, events, id, told};
use crate::digest::Replays;
use crate::model::{Mode, Replay, What};

#[tokio::test]
async fn every_recorded_replay_is_stored_whole() {
    for recorded in Recorded::all() {
        let bench = Bench::new().await;
        bench.send(&recorded).await;
        bench.digest().await;
        let replay = bench.only().await;
        let segments = recorded.segments();
        let all: usize = segments.iter().map(|(_, events)| events.len()).sum();
        let name = &recorded.name;
        assert_eq!((replay.segments as usize, replay.missing()), (segments.len(), 0), "{name}");
        assert_eq!(replay.events as usize, all, "{name}");
        // What went in comes out: each event, and for players each of those that are played, in the order of time.
        assert_eq!(bench.recorded(&replay).await.len(), all, "{name}");
        let is_played = |event: &serde_json::Value| match event["type"].as_i64() {
            Some(3) => !matches!(event["data"]["source"].as_i64(), Some(9..=12 | 16)),
            kind => matches!(kind, Some(0..=4)),
        };
        let wanted = segments.iter().flat_map(|(_, events)| events).filter(|event| is_played(event)).count();
        let played = bench.played(&replay).await;
        assert_eq!(played.len(), wanted, "{name}");
        assert!(bench.timeline(&replay).await.parts.iter().any(|part| part.snapshot), "{name}");
        assert!((40_000..75_000).contains(&replay.duration().as_millis()) || name == "onerror", "{name}: {:?}", replay.duration());
        assert_eq!((replay.browser.as_str(), replay.os.as_str()), ("HeadlessChrome 156", "Linux"), "{name}");
        assert_eq!(replay.mode, if name == "onerror" { Mode::Buffer } else { Mode::Session }, "{name}");
        assert_eq!(replay.errors.len(), 1, "{name}");
        assert!(replay.activity.contains(&255), "{name}");
    }
}

#[tokio::test]
async fn what_people_did_is_told_as_it_was_recorded() {
    let bench = Bench::new().await;
    let unmasked = Recorded::all().into_iter().find(|recorded| recorded.name == "unmasked").expect("it is recorded");
    bench.send(&unmasked).await;
    bench.digest().await;
    let replay = bench.only().await;
    // Six clicks on a button that does nothing.
    assert!(replay.signals.rage >= 1, "{:?}", replay.signals);
    assert_eq!((replay.person.email.as_str(), replay.release.as_str()), ("ada@example.com", "acme-crm@1.4.2"));
    let moments = bench.moments(&replay).await;
    assert!(moments.is_sorted_by_key(|moment| moment.at));
    let has = |wanted: &dyn Fn(&What) -> bool| moments.iter().any(|moment| wanted(&moment.what));
    assert!(has(&|what| matches!(what, What::Console { message, .. } if message.starts_with("loading customers"))));
    assert!(has(&|what| matches!(what, What::Network { url, status: 200, .. } if url == "/api/customers")));
    assert!(has(&|what| matches!(what, What::Vital { name, .. } if name == "LCP")));
    assert!(has(&|what| matches!(what, What::MultiClick { clicks: 6, .. })));
    assert!(has(&|what| matches!(what, What::Navigation { to, .. } if to.starts_with("/unmasked/?tab=reports"))));
    let span = replay.started_at.0 - 1_000..=replay.finished_at.0 + 1_000;
    assert!(moments.iter().all(|moment| span.contains(&moment.at.0)), "no moment is decades away");
}

#[tokio::test]
async fn the_order_in_which_segments_come_changes_nothing() {
    let mut outcomes: Vec<(Replay, usize)> = Vec::new();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let bench = Bench::new().await;
        for segment in order {
            let errors = json!([id(100 + segment)]);
            bench.segment(1, segment, json!({"error_ids": errors, "user": {"id": format!("u{segment}")}})).await;
            bench.digest().await;
        }
        let mut replay = bench.only().await;
        replay.errors.sort();
        let moments = bench.moments(&replay).await.len();
        outcomes.push((replay, moments));
    }
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:#?}");
    let replay = &outcomes[0].0;
    assert_eq!((replay.started_at.0, replay.finished_at.0), (START, START + 20_000));
    assert_eq!((replay.segments, replay.highest, replay.errors.len()), (4, Some(3), 4));
    assert_eq!(replay.person.id, "u3", "the newest report counts");
}

#[tokio::test]
async fn a_segment_that_comes_again_is_counted_as_that_and_not_kept() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        bench.segment(1, 0, json!({})).await;
    }
    bench.digest().await;
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    let replay = bench.only().await;
    assert_eq!((replay.segments, replay.events), (1, 3));
    assert_eq!(bench.count("select count(*) from ingest_items where kind = 17").await, 1);
    // Reports are told again and again, and change nothing.
    assert_eq!(bench.outcomes().await, ["accepted 5", "duplicate 3"]);
}

#[tokio::test]
async fn what_is_missing_is_known() {
    let bench = Bench::new().await;
    for segment in [0, 1, 5] {
        bench.segment(1, segment, json!({})).await;
    }
    bench.digest().await;
    assert_eq!(bench.only().await.missing(), 3);
}

#[tokio::test]
async fn a_report_without_a_recording_is_no_replay_yet() {
    let bench = Bench::new().await;
    let told = told(&id(1), 0, &json!({"error_ids": [id(9)]}));
    bench.house.post_envelope(&bench.key, json!({"event_id": id(1)}), &[("replay_event", told)]).await.expect(200);
    bench.digest().await;
    assert!(bench.find("").await.is_empty());
    bench.segment(1, 0, json!({})).await;
    bench.digest().await;
    assert_eq!(bench.only().await.errors.len(), 1, "what was told before the recording came is not lost");
}

#[tokio::test]
async fn what_dies_between_the_two_files_counts_nothing_twice_and_loses_nothing() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    bench.segment(1, 0, json!({})).await;
    bench.segment(1, 1, json!({})).await;
    let kinds = Replays.kinds();
    let batch = bench.house.cx.telemetry.read(move |r| ingest::store::next_batch(r, 0, kinds, 100, 1 << 20)).await.unwrap();
    for _ in 0..2 {
        let (house, items) = (bench.house.cx.clone(), batch.items.clone());
        // Killed after telemetry.db was written and before hermetic.db was: the change is dropped.
        tokio::task::spawn_blocking(move || Replays.digest(&house, &items).map(|_| ())).await.unwrap().unwrap();
    }
    assert!(bench.find("").await.is_empty());
    drain(&bench.house.cx, &Replays).await.unwrap();
    let replay = bench.only().await;
    assert_eq!((replay.segments, replay.events), (2, 6));
    assert_eq!(bench.outcomes().await, ["accepted 5", "duplicate 1"]);
    assert_eq!(drain(&bench.house.cx, &Replays).await.unwrap(), 0);
}

#[tokio::test]
async fn projects_and_replays_of_the_same_id_are_told_apart() {
    let bench = Bench::new().await;
    let (_, other) = bench.house.project("Other").await;
    let own = envelope(&id(1), 0, &events(0), &told(&id(1), 0, &json!({})));
    bench.report(own.clone()).await;
    bench.house.report(&other, own).await.expect(200);
    bench.digest().await;
    let by_project: BTreeMap<_, _> = bench.find("").await.into_iter().map(|replay| (replay.project, replay.segments)).collect();
    assert_eq!(by_project.into_values().collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn a_page_of_a_million_values_is_digested() {
    let bench = Bench::new().await;
    let node = json!({"type": 3, "textContent": "x", "id": 1});
    let nodes: Vec<_> = std::iter::repeat_n(node, 300_000).collect();
    let events = json!([{"type": 2, "data": {"node": {"type": 0, "childNodes": nodes}}, "timestamp": START}]);
    bench.report(envelope(&id(1), 0, &events, &told(&id(1), 0, &json!({})))).await;
    bench.digest().await;
    let replay = bench.only().await;
    assert_eq!(replay.events, 1);
    assert!(replay.raw_bytes > 10 << 20 && replay.arrived_bytes < 1 << 20, "{replay:?}");
    assert_eq!(bench.played(&replay).await.len(), 1);
}

/// Firefox and Safari send one when a tab is left: there is nothing to play in it, and no moment that is kept.
#[tokio::test]
async fn a_segment_of_nothing_but_the_sdks_own_words_is_dated_by_the_browser() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({})).await;
    let blur = json!([{"type": 5, "timestamp": START + 6_000, "data": {"tag": "breadcrumb", "payload": {"category": "ui.blur"}}}]);
    bench.report(envelope(&id(1), 1, &blur, &told(&id(1), 1, &json!({})))).await;
    bench.digest().await;
    let part = bench.timeline(&bench.only().await).await.parts.remove(0);
    assert_eq!((part.name.to_string().as_str(), part.from_ms, part.to_ms), ("0-1", 0, 6_000));
}
