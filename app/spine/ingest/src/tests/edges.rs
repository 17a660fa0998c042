//! The edge cases of the wire, one row each: what is sent, what the sender hears, what is kept, what is counted.

use super::*;

/// What is sent as an envelope with the right key, the code of the answer, the kinds that are kept, the counts.
type Row = (&'static str, Vec<u8>, u16, &'static [Kind], &'static [&'static str]);

fn text(parts: &[&str]) -> Vec<u8> {
    lines(parts).into_bytes()
}

fn large_event(size: usize) -> Vec<u8> {
    let frame = r#"{"message":""}"#.len();
    text(&[&format!(r#"{{"event_id":"{ID}"}}"#), r#"{"type":"event"}"#, &format!(r#"{{"message":"{}"}}"#, "x".repeat(size - frame))])
}

const HEAD: &str = r#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}"#;
const EVENT: &str = r#"{"type":"event"}"#;
const KEPT: &[&str] = &["error accepted 1"];

fn framing() -> Vec<Row> {
    vec![
        ("an empty body", Vec::new(), 400, &[], &["unknown dropped/malformed 1"]),
        ("blank lines", b"\n\n".to_vec(), 400, &[], &["unknown dropped/malformed 1"]),
        ("no JSON at all", b"hello".to_vec(), 400, &[], &["unknown dropped/malformed 1"]),
        ("a header alone", b"{}".to_vec(), 200, &[], &[]),
        ("a header and a line break", b"{}\n".to_vec(), 200, &[], &[]),
        ("no length", text(&[HEAD, EVENT, "{}"]), 200, &[Kind::Event], KEPT),
        ("no line break at the end", format!("{HEAD}\n{EVENT}\n{{}}").into_bytes(), 200, &[Kind::Event], KEPT),
        ("empty lines at the end", text(&[HEAD, EVENT, "{}", "", "", ""]), 200, &[Kind::Event], KEPT),
        ("a length", text(&[HEAD, r#"{"type":"event","length":2}"#, "{}"]), 200, &[Kind::Event], KEPT),
        ("line breaks inside a length", text(&[HEAD, r#"{"type":"event","length":4}"#, "{\n\n}"]), 200, &[Kind::Event], KEPT),
        ("carriage returns", format!("{HEAD}\r\n{EVENT}\r\n{{}}\r\n").into_bytes(), 200, &[Kind::Event], KEPT),
        (
            "a length past the end",
            text(&[HEAD, r#"{"type":"event","length":9000}"#, "{}", r#"{"type":"session"}"#, "{}"]),
            200,
            &[Kind::Event, Kind::Session],
            &["error accepted 1", "session accepted 1"],
        ),
        (
            "a length that is too short",
            text(&[HEAD, r#"{"type":"event","length":1}"#, "{}", r#"{"type":"session"}"#, "{}"]),
            200,
            &[Kind::Event, Kind::Session],
            &["error accepted 1", "session accepted 1"],
        ),
        (
            "an attachment whose length lies",
            text(&[HEAD, r#"{"type":"attachment","length":9000}"#, "abc", EVENT, "{}"]),
            200,
            &[Kind::Event],
            &["attachment dropped/malformed 1", "error accepted 1"],
        ),
        (
            "an attachment of nothing",
            text(&[HEAD, EVENT, "{}", r#"{"type":"attachment","length":0,"filename":"empty.txt"}"#, ""]),
            200,
            &[Kind::Event, Kind::Attachment],
            &["attachment accepted 1", "error accepted 1"],
        ),
        (
            "an attachment of line breaks",
            text(&[HEAD, r#"{"type":"attachment","length":3}"#, "\n\n\n", EVENT, "{}"]),
            200,
            &[Kind::Attachment, Kind::Event],
            &["attachment accepted 1", "error accepted 1"],
        ),
        ("a type that nobody knows", text(&["{}", r#"{"type":"hologram"}"#, "{}"]), 200, &[], &["unknown dropped/unknown_type 1"]),
        (
            "an item header that is no JSON",
            text(&[HEAD, r#"{"type":"event""#, "{}", r#"{"type":"session"}"#, "{}"]),
            200,
            &[Kind::Session],
            &["session accepted 1", "unknown dropped/malformed 1"],
        ),
        (
            "an item header without a type",
            text(&[HEAD, r#"{"length":2}"#, "{}", EVENT, "{}"]),
            200,
            &[Kind::Event],
            &["error accepted 1", "unknown dropped/malformed 1"],
        ),
        ("an event that is no JSON", text(&[HEAD, EVENT, "{\"a\":"]), 400, &[], &["error dropped/malformed 1"]),
        ("an event that is a list", text(&[HEAD, EVENT, "[]"]), 400, &[], &["error dropped/malformed 1"]),
        ("an event that is missing", text(&[HEAD, EVENT]), 400, &[], &["error dropped/malformed 1"]),
        (
            "one broken item among others",
            text(&[HEAD, EVENT, "{oops", r#"{"type":"session"}"#, "{}"]),
            200,
            &[Kind::Session],
            &["error dropped/malformed 1", "session accepted 1"],
        ),
        (
            "two events of one id",
            text(&[HEAD, EVENT, "{}", EVENT, "{}"]),
            200,
            &[Kind::Event],
            &["error accepted 1", "error dropped/duplicate 1"],
        ),
    ]
}

fn contents() -> Vec<Row> {
    let deep = format!("{{\"extra\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
    let tags: Vec<String> = (0..10_000).map(|at| format!("[\"tag{at}\",\"v\"]")).collect();
    let tags = format!("{{\"tags\":[{}]}}", tags.join(","));
    let frames: Vec<String> = (0..10_000).map(|at| format!("{{\"function\":\"f{at}\"}}")).collect();
    let frames = format!("{{\"exception\":{{\"values\":[{{\"type\":\"E\",\"stacktrace\":{{\"frames\":[{}]}}}}]}}}}", frames.join(","));
    // Shown on a page, each view of it took 75 MB.
    let forest = format!("{{\"extra\":{{\"a\":[{}]}}}}", vec![r#"{"b":0}"#; 110_000].join(","));
    let one = |payload: &str| text(&[HEAD, EVENT, payload]);
    let spans = format!("{{\"items\":[{}]}}", ["{}"; 3].join(","));
    let too_many = format!("{{\"items\":[{}]}}", ["1"; 10_001].join(","));
    // A tree of it would take 100 MiB.
    let too_much = format!("{{\"items\":[{{\"a\":[{}]}}]}}", vec![r#"{"a":[0,{"b":0}]}"#; 70_000].join(","));
    let attributes = (0..100).map(|at| format!(r#""a{at}":{{"value":1,"type":"integer"}}"#)).collect::<Vec<_>>().join(",");
    let large = format!("{{\"items\":[{}]}}", vec![format!(r#"{{"name":"x","attributes":{{{attributes}}}}}"#); 1_000].join(","));
    vec![
        ("1 MiB exactly", large_event(1 << 20), 200, &[Kind::Event], KEPT),
        ("1 MiB and one byte", large_event((1 << 20) + 1), 413, &[], &["error dropped/too_large 1"]),
        ("NUL", one(r#"{"message":"a\u0000b"}"#), 200, &[Kind::Event], KEPT),
        ("half a surrogate pair", one(r#"{"message":"\ud800"}"#), 200, &[Kind::Event], KEPT),
        ("not a number", one(r#"{"extra":{"a":NaN,"b":Infinity,"c":-0,"d":123456789012345678901234567890}}"#), 200, &[Kind::Event], KEPT),
        ("1,000 lists in each other", one(&deep), 200, &[Kind::Event], KEPT),
        ("10,000 tags", one(&tags), 200, &[Kind::Event], KEPT),
        ("an event of 110,000 objects", one(&forest), 413, &[], &["error dropped/too_many 1"]),
        ("10,000 frames", one(&frames), 200, &[Kind::Event], KEPT),
        ("a list of exceptions", one(r#"{"exception":[{"type":"E"}]}"#), 200, &[Kind::Event], KEPT),
        ("bytes that are no text", [text(&[HEAD, EVENT]).as_slice(), b"{\"message\":\"\xff\xfe\"}"].concat(), 200, &[Kind::Event], KEPT),
        (
            "three spans",
            text(&["{}", r#"{"type":"span","item_count":2,"content_type":"application/vnd.sentry.items.span.v2+json"}"#, &spans]),
            200,
            &[Kind::Spans],
            &["span accepted 3"],
        ),
        (
            "a span alone, as older browser SDKs send it",
            text(&[
                "{}",
                r#"{"type":"span"}"#,
                r#"{"trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","op":"ui"}"#,
            ]),
            200,
            &[Kind::Spans],
            &["span accepted 1"],
        ),
        ("a container without its list", text(&["{}", r#"{"type":"log"}"#, "{}"]), 400, &[], &["log_item dropped/malformed 1"]),
        ("a container of too much", text(&["{}", r#"{"type":"span"}"#, &too_much]), 413, &[], &["span dropped/too_many 1"]),
        ("1,000 spans of 100 attributes", text(&["{}", r#"{"type":"span"}"#, &large]), 200, &[Kind::Spans], &["span accepted 1000"]),
        ("a profile of as many values", text(&["{}", r#"{"type":"profile"}"#, &too_much]), 200, &[Kind::Profile], &["profile accepted 1"]),
        ("a container of too many", text(&["{}", r#"{"type":"log"}"#, &too_many]), 413, &[], &["log_item dropped/too_many 10001"]),
        (
            "a client report",
            text(&[
                "{}",
                r#"{"type":"client_report"}"#,
                r#"{"discarded_events":[{"reason":"sample_rate","category":"span","quantity":7}]}"#,
            ]),
            200,
            &[Kind::ClientReport],
            &["internal accepted 1", "span discarded/sample_rate 7"],
        ),
    ]
}

#[tokio::test]
async fn each_edge_of_the_wire_is_answered_kept_and_counted_as_the_table_says() {
    for (name, body, code, kinds, outcomes) in framing().into_iter().chain(contents()) {
        let site = Site::new().await;
        let got = site.envelope(body).await;
        assert_eq!(got.code, code, "{name}: {}", got.body);
        assert_eq!(site.kinds(), kinds, "{name}");
        assert_eq!(site.outcomes().await, outcomes, "{name}");
        assert_eq!(got.header("access-control-allow-origin"), "*", "{name}");
        assert_eq!(got.header("content-type"), "application/json", "{name}");
    }
}

#[tokio::test]
async fn the_id_of_the_envelope_counts_for_more_than_the_payloads_and_a_bad_one_is_replaced() {
    let other = "11111111111111111111111111111111";
    let cases = [
        (HEAD.to_owned(), format!(r#"{{"event_id":"{other}"}}"#), Some(ID)),
        (r#"{"event_id":"9EC79C33-EC99-42AB-8353-589FCB2E04DC"}"#.to_owned(), "{}".to_owned(), Some(ID)),
        ("{}".to_owned(), format!(r#"{{"event_id":"{ID}"}}"#), Some(ID)),
        (r#"{"event_id":"not an id"}"#.to_owned(), format!(r#"{{"event_id":"{ID}"}}"#), Some(ID)),
        (r#"{"event_id":7}"#.to_owned(), r#"{"event_id":"nor this"}"#.to_owned(), None),
        (r#"{"event_id":"00000000000000000000000000000000"}"#.to_owned(), "{}".to_owned(), None),
    ];
    for (header, payload, expected) in cases {
        let site = Site::new().await;
        let got = site.envelope(lines(&[&header, EVENT, &payload, r#"{"type":"attachment","length":1}"#, "a"])).await;
        let items = site.items();
        let id = items[0].event_id.expect("an event always has an id");
        assert_eq!(got.id(), Some(id), "{header} {payload}");
        assert_eq!(items[1].event_id, Some(id), "its attachment has the same");
        if let Some(expected) = expected {
            assert_eq!(id.to_string(), expected, "{header} {payload}");
        }
    }
}

#[tokio::test]
async fn two_events_with_ids_of_their_own_are_two() {
    let other = "11111111111111111111111111111111";
    let events = [format!(r#"{{"event_id":"{ID}"}}"#), format!(r#"{{"event_id":"{other}"}}"#)];
    for header in ["{}", HEAD] {
        let site = Site::new().await;
        let envelope = lines(&[header, EVENT, &events[0], EVENT, &events[1]]);
        assert_eq!(site.envelope(envelope.clone()).await.id(), EventId::parse(ID), "{header}");
        let ids: Vec<String> = site.items().iter().map(|item| item.event_id.unwrap().to_string()).collect();
        assert_eq!(ids, [ID, other], "{header}");
        site.envelope(envelope).await;
        assert_eq!(site.outcomes().await, ["error accepted 2", "error dropped/duplicate 2"], "{header}: sent again");
    }
}

#[tokio::test]
async fn what_is_sent_again_is_kept_once_with_all_that_came_along() {
    let site = Site::new().await;
    let envelope = format!("{}{}", event(ID, "boom"), lines(&[r#"{"type":"attachment","length":1}"#, "a", r#"{"type":"sessions"}"#, "{}"]));
    for _ in 0..3 {
        assert_eq!(site.envelope(envelope.clone()).await.code, 200);
    }
    assert_eq!(site.kinds(), [Kind::Event, Kind::Attachment, Kind::Sessions]);
    assert_eq!(
        site.outcomes().await,
        [
            "attachment accepted 1",
            "attachment dropped/duplicate 2",
            "error accepted 1",
            "error dropped/duplicate 2",
            "session accepted 1",
            "session dropped/duplicate 2"
        ]
    );
    // An attachment that follows its event on its own is news.
    let late = lines(&[HEAD, r#"{"type":"attachment","length":1}"#, "b"]);
    assert_eq!(site.envelope(late).await.code, 200);
    assert_eq!(site.items().len(), 4);
    // To another project the same event is another event.
    let (project, key) = site.another_project("Admin").await;
    let path = format!("/api/{}/envelope/?sentry_key={}", project.id, key.public_key);
    assert_eq!(site.post(&path, &[], envelope).await.code, 200);
    assert_eq!(site.items().len(), 7);
}

#[tokio::test]
async fn what_is_known_of_an_item_besides_its_payload_lies_beside_it() {
    let site = Site::new().await;
    let header = format!(
        r#"{{"event_id":"{ID}","sent_at":"2026-03-02T11:59:58.500Z","sdk":{{"name":"sentry.javascript.browser","version":"11.12.0"}},"trace":{{"trace_id":"{ID}","sample_rate":"0.25","release":"web@1.0","environment":"prod","public_key":"x"}}}}"#
    );
    let file = r#"{"type":"attachment","length":2,"filename":"a.log","content_type":"text/plain","attachment_type":"event.attachment"}"#;
    let path = format!("{}?sentry_key={KEY}&sentry_client=other%2F1", site.path("envelope/"));
    let got = site.post(&path, &[("user-agent", "Mozilla/5.0")], lines(&[&header, EVENT, "{}", file, "hi"])).await;
    assert_eq!((got.code, got.body), (200, format!("{{\"id\":\"{ID}\"}}")));
    let items = site.items();
    let head = &items[0].head;
    assert_eq!((head.key, head.sdk.as_deref()), (Some(site.key.id), Some("sentry.javascript.browser/11.12.0")));
    assert_eq!((head.sent_at, head.user_agent.as_deref()), (Some(START - std::time::Duration::from_millis(1_500)), Some("Mozilla/5.0")));
    let trace = head.trace.as_ref().unwrap();
    assert_eq!((trace.sample_rate, trace.release.as_deref()), (Some(0.25), Some("web@1.0")));
    let head = &items[1].head;
    assert_eq!((head.filename.as_deref(), head.content_type.as_deref()), (Some("a.log"), Some("text/plain")));
    assert_eq!(items[1].payload().unwrap(), b"hi");
}

#[tokio::test]
async fn a_minidump_in_an_envelope_is_a_minidump() {
    let site = Site::new().await;
    site.envelope(lines(&[HEAD, r#"{"type":"attachment","length":4,"attachment_type":"event.minidump"}"#, "MDMP"])).await;
    assert_eq!(site.kinds(), [Kind::Minidump]);
}

#[tokio::test]
async fn beyond_30_attachments_and_1024_items_the_rest_is_counted() {
    let site = Site::new().await;
    let mut body = format!("{HEAD}\n");
    body.push_str(&lines(&[r#"{"type":"attachment","length":1}"#, "a"]).repeat(31));
    body.push_str(&lines(&[r#"{"type":"session"}"#, "{}"]).repeat(1_000));
    assert_eq!(site.envelope(body).await.code, 200);
    assert_eq!(site.items().len(), 30 + 1_024 - 31);
    assert_eq!(
        site.outcomes().await,
        ["attachment accepted 30", "attachment dropped/too_many 1", "session accepted 993", "unknown dropped/too_many 7"]
    );
}

#[tokio::test]
async fn lines_that_are_nothing_are_counted_and_cost_no_memory_of_their_own() {
    let site = Site::new().await;
    assert_eq!(site.envelope(format!("{{}}\n{}", "x\n".repeat(100_000))).await.code, 400);
    // A line, and the next one as its payload.
    assert_eq!(site.outcomes().await, ["unknown dropped/malformed 50000"]);
}

#[tokio::test]
async fn a_digest_reads_what_it_wants_out_of_the_index() {
    let site = Site::new().await;
    let plan = site.telemetry.read_blocking(|r| r.explain(&store::next_sql(&[Kind::Event, Kind::CheckIn]), [0, 250])).unwrap();
    assert_eq!(plan.matches("COVERING INDEX ingest_items_by_kind (kind=? AND rowid>?)").count(), 2, "{plan}");
    assert!(!plan.contains("SCAN ingest_items"), "{plan}");
}

#[tokio::test]
async fn a_full_disk_is_told_with_503_and_nothing_is_half_written() {
    // More than any disk has free.
    let site = Site::with_floor(u64::MAX / 2).await;
    let got = site.envelope(event(ID, "boom")).await;
    assert_eq!((got.code, got.header("retry-after")), (503, "60"), "{}", got.body);
    assert_eq!(got.header("access-control-allow-origin"), "*");
    assert!(site.items().is_empty());
    assert!(site.door.flush().await.is_err(), "the count waits in memory for the disk");
    assert!(!site.door.inner().tally.take().is_empty());
}
