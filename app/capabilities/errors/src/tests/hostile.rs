//! What strangers may send: nothing panics, nothing grows without bound, nothing is lost on account of a neighbour.

use ingest::{Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::kit::{Kit, message};
use crate::grouping::group;
use crate::normal::{self, Event};

fn read(kind: Kind, payload: &[u8]) -> Event {
    normal::read(&Item::sample(1, ProjectId(1), kind, Time(1_795_425_190_000), b""), payload)
}

/// Everything that is kept of an event outside the log.
fn kept(event: &Event) -> usize {
    let grouping = group(ProjectId(1), event, &[]);
    let (kind, value) = event.title_parts();
    let tags: usize = event.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    let components: usize = grouping.keys().map(|key| key.components.to_json().len()).sum();
    kind.len() + value.len() + tags + components + crate::digest::culprit(event).len() + crate::digest::search(event).len()
}

fn odd_events() -> Vec<(&'static str, Vec<u8>)> {
    let long = "x".repeat(300_000);
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let tags: Vec<Value> = (0..10_000).map(|index| json!([format!("k{index}"), "v".repeat(1_000)])).collect();
    let frames: Vec<Value> = (0..10_000)
        .map(|index| json!({"function": format!("f{index}{}", &long[..1_000]), "in_app": true, "module": &long[..1_000]}))
        .collect();
    let chain: Vec<Value> = (0..5_000)
        .map(|index| json!({"type": format!("E{index}"), "value": "v", "mechanism": {"exception_id": index, "parent_id": index}}))
        .collect();
    let json = |value: Value| value.to_string().into_bytes();
    vec![
        ("nothing", Vec::new()),
        ("no JSON", b"hello".to_vec()),
        ("a number", b"7".to_vec()),
        ("a list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("bytes that are no text", vec![0xff, 0xfe, 0x00, 0x7b]),
        ("a thousand levels", format!(r#"{{"extra":{deep}}}"#).into_bytes()),
        ("a lone surrogate", br#"{"message":"\ud800"}"#.to_vec()),
        ("a nul", json(json!({"message": "a\u{0}b", "tags": {"a\u{0}": "b\u{0}"}}))),
        ("infinity", br#"{"timestamp":1e999,"message":"x"}"#.to_vec()),
        (
            "huge numbers",
            json(
                json!({"timestamp": u64::MAX, "exception": [{"type": "E", "stacktrace": {"frames": [{"lineno": u64::MAX, "colno": -5}]}}]}),
            ),
        ),
        ("ten thousand tags", json(json!({"message": "x", "tags": tags}))),
        ("ten thousand frames", json(json!({"exception": [{"type": "E", "stacktrace": {"frames": frames}}]}))),
        ("a chain of five thousand that refer to themselves", json(json!({"exception": chain}))),
        (
            "a thousand parts of a fingerprint",
            json(json!({"message": "x", "fingerprint": (0..1_000).map(|_| long[..500].to_owned()).collect::<Vec<_>>()})),
        ),
        (
            "long everything",
            json(
                json!({"message": long, "release": long, "environment": long, "transaction": long, "logger": long, "server_name": long, "platform": long, "level": long, "user": {"id": long}, "request": {"url": long, "headers": {"User-Agent": long}}, "tags": {&long[..50_000]: long}}),
            ),
        ),
        (
            "everything of the wrong type",
            json(
                json!({"event_id": 7, "timestamp": {}, "platform": [], "level": {}, "logger": 1, "exception": "E", "threads": 3, "breadcrumbs": "b", "request": [], "user": "u", "contexts": [], "tags": 7, "extra": "e", "modules": 1, "fingerprint": "f", "sdk": [], "debug_meta": 1, "errors": {}, "message": [1]}),
            ),
        ),
        (
            "wrong types inside",
            json(
                json!({"exception": {"values": [null, 1, {"type": [1], "value": {"a": 1}, "mechanism": 3, "stacktrace": {"frames": [null, {"vars": 1, "pre_context": "x", "filename": 7}]}}]}, "contexts": {"trace": 7, "flags": {"values": [1, {"flag": 2}]}, "browser": "x"}, "tags": [[1], [], ["a", {"b": 1}]], "breadcrumbs": {"values": [1, {"data": "d", "timestamp": "never"}]}}),
            ),
        ),
        (
            "templates and markup",
            json(
                json!({"message": "{{ default }} </script><img src=x onerror=alert(1)> {{ tags.x", "fingerprint": ["{{ tags.x", "}} {{", "{{}}"]}),
            ),
        ),
        ("a release that is none", json(json!({"message": "x", "release": "a/b\n../..", "environment": "a b/c"}))),
    ]
}

#[test]
fn nothing_panics_and_what_is_kept_is_small() {
    for (name, payload) in odd_events() {
        for kind in [Kind::Event, Kind::Security, Kind::Minidump] {
            let event = read(kind, &payload);
            let size = kept(&event);
            assert!(size < 120_000, "{name}: {size} bytes of {}", payload.len());
            assert!(event.tags.len() <= 100 && event.breadcrumbs.len() <= 200, "{name}");
        }
        normal::feedback::read(&Item::sample(1, ProjectId(1), Kind::Feedback, Time(0), b""), &payload);
    }
}

#[tokio::test]
async fn odd_events_are_digested_beside_good_ones() {
    let kit = Kit::new().await;
    kit.issue_for(&message("good")).await;
    let odd = odd_events();
    let count = odd.len();
    for (_, payload) in odd {
        kit.send(Kind::Event, &payload).await;
    }
    kit.send_event(&message("good")).await;
    assert_eq!(kit.house.digest().await, count + 1);
    assert_eq!(kit.logged("select coalesce(sum(quantity), 0) from ingest_outcomes where outcome = 'dropped'").await, 0);
    assert_eq!(kit.count("select sum(events) from errors_issues").await, i64::try_from(count).unwrap() + 2);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from)
    ];
    let key = prop_oneof![
        Just("exception"),
        Just("values"),
        Just("stacktrace"),
        Just("frames"),
        Just("function"),
        Just("filename"),
        Just("module"),
        Just("lineno"),
        Just("type"),
        Just("value"),
        Just("message"),
        Just("tags"),
        Just("fingerprint"),
        Just("contexts"),
        Just("trace"),
        Just("request"),
        Just("url"),
        Just("headers"),
        Just("user"),
        Just("threads"),
        Just("breadcrumbs"),
        Just("platform"),
        Just("mechanism"),
        Just("csp-report"),
        Just("body"),
        Just("timestamp")
    ];
    leaf.prop_recursive(6, 80, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_and_grouped_the_same_each_time(value in any_json()) {
        let payload = value.to_string();
        for kind in [Kind::Event, Kind::Security, Kind::Feedback] {
            let (one, two) = (read(kind, payload.as_bytes()), read(kind, payload.as_bytes()));
            prop_assert_eq!(group(ProjectId(1), &one, &[]), group(ProjectId(1), &two, &[]));
            kept(&one);
        }
    }

    #[test]
    fn any_message_has_a_template_that_is_its_own(text in ".{0,300}") {
        let once = crate::grouping::message::template(&text);
        prop_assert!(once.chars().count() <= 4_000);
    }

    #[test]
    fn any_bytes_are_an_event(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        kept(&read(Kind::Event, &bytes));
    }
}
