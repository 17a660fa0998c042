//! The doors of the player and what other capabilities are told.

use capability::{Capability as _, Subject};
use ingest::EventId;
use kernel::Role;
use serde_json::{Value, json};

use super::bench::{Bench, START, envelope, id, told};

#[tokio::test]
async fn a_player_gets_a_timeline_and_its_parts_and_nobody_else_does() {
    let bench = Bench::new().await;
    for segment in 0..3 {
        bench.segment(1, segment, json!({})).await;
    }
    bench.digest().await;
    let replay = bench.only().await;
    let member = bench.house.member(Role::Viewer).await;
    let path = |rest: &str| format!("/replay/{}/{rest}", replay.id);
    let timeline: Value = member.get(&path("timeline.json")).await.expect(200).json();
    assert_eq!((timeline["started_at"].as_i64(), timeline["duration_ms"].as_i64()), (Some(START), Some(15_000)));
    let parts = timeline["parts"].as_array().unwrap();
    let bytes = parts[0]["bytes"].clone();
    assert_eq!(
        parts,
        &[json!({"name": "0-2", "from_ms": 0, "to_ms": 14_900, "bytes": bytes, "snapshot": true})],
        "a small one is one part"
    );
    let part = member.get(&path("parts/0-2")).await.expect(200);
    assert_eq!((part.header("content-type"), part.json::<Vec<Value>>().len()), ("application/json", 9));
    assert_eq!(member.get(&path("parts/1-1")).await.expect(200).json::<Vec<Value>>().len(), 3);
    let download = member.get(&path("download")).await.expect(200);
    assert_eq!(download.header("x-content-type-options"), "nosniff");
    assert!(download.header("content-disposition").starts_with("attachment; "));
    assert_eq!(download.json::<Vec<Value>>().len(), 9);
    let taken: i64 =
        bench.house.cx.read(|r| r.value("select count(*) from identity_audits where act = 'replay.download'", [])).await.unwrap();
    assert_eq!(taken, 1, "who takes a replay away is written down");
    let by = member.get(&format!("/replay/by/{}", id(1))).await;
    assert_eq!(by.location(), format!("/replay/{}", replay.id));
    for missing in [
        path("parts/9999-9999"),
        path("parts/1"),
        path("parts/-3"),
        format!("/replay/by/{}", id(5)),
        "/replay/by/x".to_owned(),
        "/replay/77/timeline.json".to_owned(),
    ] {
        member.get(&missing).await.expect(404);
    }
    for door in ["timeline.json", "parts/0-2", "download"] {
        let answer = bench.house.visitor().get(&path(door)).await;
        assert_ne!(answer.code.as_u16(), 200, "{door}");
    }
}

#[tokio::test]
async fn parts_are_safe_and_of_their_own_replay() {
    let bench = Bench::new().await;
    let hostile = json!([{"type": 2, "timestamp": START, "data": {"node": {"type": 0, "childNodes": [
        {"type": 2, "tagName": "img", "attributes": {"src": "https://evil.example/x.png", "onerror": "evil()"}, "childNodes": [], "id": 2}]}}}]);
    bench.report(envelope(&id(1), 0, &hostile, &told(&id(1), 0, &json!({})))).await;
    bench.segment(2, 0, json!({})).await;
    bench.digest().await;
    let (one, two) = (bench.by_sdk_id(&id(1)).await, bench.by_sdk_id(&id(2)).await);
    let member = bench.house.member(Role::Viewer).await;
    let part = member.get(&format!("/replay/{}/parts/0-0", one.id)).await.expect(200);
    assert!(!part.body.contains("evil"), "{}", part.body);
    assert_eq!(part.json::<Vec<Value>>().len(), 1);
    let own = member.get(&format!("/replay/{}/parts/0-5", two.id)).await.expect(200);
    assert_eq!(own.json::<Vec<Value>>().len(), 3, "and nothing of the other");
}

#[tokio::test]
async fn an_error_leads_to_half_a_minute_before_it() {
    let bench = Bench::new().await;
    let event = |id: &str, ms: i64, more: Value| {
        let mut event = json!({"event_id": id, "timestamp": (START + ms) as f64 / 1_000.0, "message": "boom"});
        more.as_object().unwrap().iter().for_each(|(name, value)| event[name] = value.clone());
        event
    };
    // The error comes before its replay, as it does when an SDK records because of it.
    for (number, ms, more) in [(900, 55_000, json!({})), (901, 10_000, json!({"tags": {"replayId": id(1)}})), (902, 55_000, json!({}))] {
        bench
            .house
            .post_envelope(&bench.key, json!({"event_id": id(number)}), &[("event", event(&id(number), ms, more))])
            .await
            .expect(200);
    }
    for segment in 0..12 {
        bench
            .segment(
                1,
                segment,
                json!({"error_ids": [id(900)], "user": {"email": "ann@example.com"}, "trace_ids": [id(800)], "release": "shop@1"}),
            )
            .await;
    }
    bench.digest().await;
    let replay = bench.only().await;
    let related = async |subject: fn(kernel::ids::ProjectId) -> Subject<'static>| {
        let (house, project) = (bench.house.cx.clone(), bench.project);
        let hits = tokio::task::spawn_blocking(move || crate::Replay.related(&house, &subject(project)).unwrap()).await.unwrap();
        hits.into_iter().map(|hit| (hit.title, hit.href)).collect::<Vec<_>>()
    };
    let by_id = |number: u32| EventId::parse(&id(number)).unwrap();
    let (_, _) = (by_id(900), by_id(901));
    let path = format!("/replay/{}", replay.id);
    let at = |ms: i64| vec![("Replay · 30 s before".to_owned(), format!("{path}?at={ms}"))];
    assert_eq!(related(|project| Subject::Event(project, EventId::parse(&id(900)).unwrap())).await, at(25_000));
    assert_eq!(related(|project| Subject::Event(project, EventId::parse(&id(901)).unwrap())).await, at(0), "the error names the replay");
    assert_eq!(related(|project| Subject::Event(project, EventId::parse(&id(902)).unwrap())).await, []);
    assert_eq!(
        related(|_| Subject::Replay("00000000000000000000000000000001")).await,
        [("Replay of ann@example.com".to_owned(), path.clone())]
    );
    assert_eq!(related(|_| Subject::Trace("00000000000000000000000000000320")).await.len(), 1);
    assert_eq!(related(|project| Subject::Release(project, "shop@1")).await.len(), 1);
    assert_eq!(related(|project| Subject::Release(project, "shop@2")).await, []);
    let hits = bench.house.cx.read(|r| crate::Replay.search(r, "ann@")).await.unwrap();
    assert_eq!(hits.len(), 1);
    let own = replay.clone();
    let house = bench.house.cx.clone();
    let errors = tokio::task::spawn_blocking(move || crate::read::errors(&house, &own)).await.unwrap().unwrap();
    assert_eq!(errors.iter().map(|moment| moment.at.0 - START).collect::<Vec<_>>(), [55_000]);
}

#[tokio::test]
async fn tiles_numbers_and_diagnoses_say_what_came() {
    let bench = Bench::new().await;
    let read = async || {
        bench.house.cx.read(|r| Ok((crate::Replay.tiles(r)?, crate::Replay.diagnose(r)?, crate::contributions::gauges(r)?))).await.unwrap()
    };
    let (tiles, diagnoses, _) = read().await;
    assert!(tiles.is_empty() && diagnoses.is_empty());
    for segment in [0, 1, 2, 3, 30] {
        bench.segment(1, segment, json!({})).await;
    }
    bench.digest().await;
    let (tiles, diagnoses, gauges) = read().await;
    assert_eq!(tiles[0].value, "1");
    assert_eq!(gauges[0].value as i64, 1);
    assert_eq!(diagnoses[1].finding, "26 of 31 segments of the last day never came.");
}

#[tokio::test]
async fn a_shared_link_shows_the_picture_and_tells_nothing_else() {
    let bench = Bench::new().await;
    let page = json!([
        {"type": 4, "timestamp": START, "data": {"href": "https://shop.example/invite/cheese?from=ann", "width": 800, "height": 600}},
        {"type": 2, "timestamp": START + 1, "data": {"node": {"type": 0, "childNodes": [], "id": 1}}},
        {"type": 3, "timestamp": START + 9_000, "data": {"source": 3, "id": 1, "x": 0, "y": 0}},
    ]);
    let event = json!({"event_id": id(900), "timestamp": (START + 2_000) as f64 / 1_000.0, "message": "no account for Ann"});
    bench.house.post_envelope(&bench.key, json!({"event_id": id(900)}), &[("event", event)]).await.expect(200);
    bench
        .report(envelope(&id(1), 0, &page, &told(&id(1), 0, &json!({"error_ids": [id(900)], "user": {"email": "ann@example.com"}}))))
        .await;
    bench.digest().await;
    let replay = bench.only().await;
    let ends = bench.house.cx.now() + kernel::time::DAY;
    let (_, token) = bench.house.cx.write(move |tx| crate::store::make_share(tx, replay.id, "Ada", ends)).await.unwrap();
    let visitor = bench.house.visitor();
    let shown = visitor.get(&format!("/replay/shared/{token}")).await.expect(200).body;
    let parts = visitor.get(&format!("/replay/shared/{token}/parts/0-0")).await.expect(200).body;
    let own = bench.house.member(Role::Viewer).await.get(&format!("/replay/{}/player", replay.id)).await.expect(200).body;
    assert!(own.contains("no account for Ann"), "a member is told: {own}");
    for secret in ["no account", "ann@", "cheese", "invite"] {
        assert!(!shown.contains(secret) && !parts.contains(secret), "{secret} is in {shown} or {parts}");
    }
}

#[tokio::test]
async fn errors_whose_events_are_not_kept_are_counted() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({"error_ids": [id(900), id(901)]})).await;
    bench.digest().await;
    let replay = bench.only().await;
    let page = bench.house.member(Role::Viewer).await.get(&format!("/replay/{}", replay.id)).await.expect(200).body;
    assert!(page.contains("2 errors happened in it whose events are not kept"), "{page}");
}

#[tokio::test]
async fn one_customers_id_is_not_another_ones_name() {
    let bench = Bench::new().await;
    bench.segment(1, 0, json!({"user": {"id": "ann"}})).await;
    bench.segment(2, 0, json!({"user": {"id": "7", "username": "ann"}})).await;
    bench.segment(3, 0, json!({"user": {"id": "ANN", "email": "other@example.com"}})).await;
    bench.digest().await;
    let of_ann = bench.by_sdk_id(&id(1)).await.id;
    let path = format!("/replay/{of_ann}/delete-person");
    bench.house.member(Role::Admin).await.post(&path, &[]).await.expect(303);
    for number in [2, 3] {
        bench.by_sdk_id(&id(number)).await;
    }
    assert_eq!(bench.count("select count(distinct sdk_id) from replay_segments").await, 2);
}
