//! Session replays at the door: an SDK that hears anything but 200 records no more, so it hears nothing else.

use super::*;
use crate::quota::Allowances;

fn segment(body: &[u8]) -> Vec<u8> {
    let recording = [&b"{\"segment_id\":0}\n"[..], body].concat();
    let head = format!(
        "{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"replay_event\"}}\n{{\"replay_id\":\"{ID}\",\"segment_id\":0,\"urls\":[\"/a?token=S3CR3T\"]}}\n"
    );
    [head.as_bytes(), format!("{{\"type\":\"replay_recording\",\"length\":{}}}\n", recording.len()).as_bytes(), &recording].concat()
}

fn only_recording(body: &[u8]) -> Vec<u8> {
    let recording = [&b"{\"segment_id\":0}\n"[..], body].concat();
    let head = format!("{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"replay_recording\",\"length\":{}}}\n", recording.len());
    [head.as_bytes(), &recording].concat()
}

#[tokio::test]
async fn a_segment_is_kept_scrubbed_whatever_it_is_packed_with() {
    let json = r#"[{"type":4,"data":{"href":"https://shop.example/?token=S3CR3T&p=1"},"timestamp":1}]"#;
    for body in [json.as_bytes().to_vec(), zlib(json.as_bytes())] {
        let site = Site::new().await;
        assert_eq!(site.envelope(segment(&body)).await.code, 200);
        let items = site.items();
        assert_eq!(items.iter().map(|item| item.kind).collect::<Vec<_>>(), [Kind::ReplayEvent, Kind::ReplayRecording]);
        for item in &items {
            let kept = String::from_utf8(item.payload().unwrap()).unwrap();
            assert!(!kept.contains("S3CR3T"), "{kept}");
            assert_eq!(item.event_id, EventId::parse(ID));
        }
        let (number, list) = crate::recording::split(&items[1].payload().unwrap()).map(|(n, list)| (n, list.to_vec())).unwrap();
        assert_eq!((number, String::from_utf8(list).unwrap()), (0, json.replace("S3CR3T", "[Filtered]")));
    }
}

#[tokio::test]
async fn what_is_no_recording_is_counted_and_answered_with_200() {
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let cases = [
        (only_recording(b"nonsense"), "malformed"),
        (only_recording(&cut(zlib("[1,2,3,4,5,6,7,8,9]".repeat(500).as_bytes()))), "malformed"),
        (only_recording(&zlib(b"{\"no\":\"list\"}")), "malformed"),
        (only_recording(&zlib(" ".repeat(40 << 20).as_bytes())), "too_large"),
        (b"{}\n{\"type\":\"replay_recording\"}\n{\"segment_id\":0}".to_vec(), "malformed"),
    ];
    for (envelope, reason) in cases {
        let site = Site::new().await;
        let got = site.envelope(envelope).await;
        assert_eq!((got.code, got.header("x-sentry-rate-limits")), (200, ""), "{reason}: {}", got.body);
        assert_eq!(site.outcomes().await, [format!("replay dropped/{reason} 1")]);
        assert!(site.items().is_empty());
    }
}

#[tokio::test]
async fn beyond_the_quota_segments_are_shed_and_their_sdk_hears_nothing_of_it() {
    let site = Site::new().await;
    site.door.set_allowances(Allowances { others: 2, ..Allowances::STANDARD });
    for round in 0..3 {
        let got = site.envelope(segment(b"[]")).await;
        assert_eq!((got.code, got.header("x-sentry-rate-limits")), (200, ""), "{round}: {}", got.body);
    }
    assert_eq!(site.outcomes().await, ["replay accepted 2", "replay dropped/rate_limited 4"]);
}

#[tokio::test]
async fn where_a_whole_key_is_shut_out_a_replay_hears_nothing_of_it_either() {
    let site = Site::new().await;
    site.door.inner().newest.store(500_000, std::sync::atomic::Ordering::Relaxed);
    site.door.note_digested("errors", 1);
    let event = lines(&["{}", r#"{"type":"event"}"#, r#"{"message":"\"replay_event\""}"#]);
    assert_eq!(site.envelope(event).await.code, 429, "what only speaks of one is none");
    let got = site.envelope(segment(b"[]")).await;
    assert_eq!((got.code, got.header("x-sentry-rate-limits"), got.header("connection")), (200, "", ""), "{}", got.body);
    assert_eq!(site.envelope([segment(b"[]"), vec![b' '; 2 << 20]].concat()).await.code, 429, "no segment is as large");
    assert_eq!(site.outcomes().await, ["unknown dropped/overloaded 3"]);
}

#[tokio::test]
async fn a_picture_of_a_screen_is_counted_and_its_sdk_hears_nothing_of_it() {
    let site = Site::new().await;
    let got = site.envelope(format!("{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"replay_video\",\"length\":4}}\n\u{1}abc").into_bytes()).await;
    assert_eq!((got.code, got.header("x-sentry-rate-limits")), (200, ""), "{}", got.body);
    assert_eq!(site.outcomes().await, ["replay dropped/unknown_type 1"]);
    assert!(site.items().is_empty());
}
