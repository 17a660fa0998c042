use super::*;
use serde_json::{Map, json};

/// What opentelemetry-python 1.45.2 sent (tests/fixtures/otlp/record.py).
const RECORDED_TRACES: &[u8] = include_bytes!("../../tests/fixtures/otlp/traces.bin");
const RECORDED_LOGS: &[u8] = include_bytes!("../../tests/fixtures/otlp/logs.bin");
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json; charset=utf-8";

fn items(container: &Container) -> Vec<Value> {
    let payload: Value = serde_json::from_slice(&container.payload).unwrap();
    assert_eq!(payload["version"], 2);
    payload["items"].as_array().unwrap().clone()
}

/// Attributes without their types.
fn plain(entry: &Value) -> Map<String, Value> {
    let attributes = entry["attributes"].as_object().unwrap();
    attributes.iter().map(|(name, typed)| (name.clone(), typed["value"].clone())).collect()
}

// Protobuf by hand: a message is the concatenation of its fields.
fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}
fn fixed64(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3 | 1), value.to_le_bytes().to_vec()].concat()
}
fn fixed32(field: u64, value: u32) -> Vec<u8> {
    [varint(field << 3 | 5), value.to_le_bytes().to_vec()].concat()
}
fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}
fn pair(field: u64, key: &str, any: &[u8]) -> Vec<u8> {
    bytes(field, &[bytes(1, key.as_bytes()), bytes(2, any)].concat())
}
fn text(value: &str) -> Vec<u8> {
    bytes(1, value.as_bytes())
}
fn request(resource: &[u8], entries: &[Vec<u8>]) -> Vec<u8> {
    let scope = bytes(2, &entries.iter().map(|entry| bytes(2, entry)).collect::<Vec<_>>().concat());
    bytes(1, &[bytes(1, resource), scope].concat())
}

#[test]
fn a_recorded_request_becomes_spans_that_belong_together() {
    let containers = traces(PROTOBUF, RECORDED_TRACES).unwrap();
    assert_eq!((containers.len(), containers[0].kind, containers[0].quantity), (1, Kind::Spans, 3));
    let spans = items(&containers[0]);
    let of = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap();
    let (root, query, charge) = (of("GET /orders/{id}"), of("SELECT orders"), of("charge"));

    assert_eq!((&root["is_segment"], &root["status"]), (&json!(true), &json!("error")));
    assert!(root.get("parent_span_id").is_none());
    let attributes = plain(root);
    for (name, value) in [
        ("sentry.op", json!("http.server")),
        ("sentry.release", json!("shop@1.4.0")),
        ("sentry.environment", json!("staging")),
        ("sentry.sdk.name", json!("opentelemetry.python")),
        ("sentry.segment.name", json!("GET /orders/{id}")),
        ("sentry.segment.name.source", json!("route")),
        ("sentry.segment.id", root["span_id"].clone()),
        ("http.response.status_code", json!(500)),
        ("server.address", json!("web-1")),
        ("process.command_args", json!(["shop", "--port=8000"])),
    ] {
        assert_eq!(attributes.get(name), Some(&value), "{name}");
    }

    for child in [query, charge] {
        assert_eq!(child["parent_span_id"], root["span_id"]);
        assert_eq!(child["trace_id"], root["trace_id"]);
        assert_eq!(child["is_segment"], false);
        assert_eq!(plain(child)["sentry.segment.id"], root["span_id"]);
        assert!(root["start_timestamp"].as_f64() <= child["start_timestamp"].as_f64());
        assert!(child["end_timestamp"].as_f64() <= root["end_timestamp"].as_f64());
        assert!(!plain(child).contains_key("process.command_args"), "what the resource says in full stands with the segment");
    }
    let attributes = plain(query);
    assert_eq!(attributes["sentry.op"], "db");
    assert_eq!((&attributes["db.query.text"], &attributes["db.rows"]), (&json!("select * from orders where id = $1"), &json!(-1)));
    assert_eq!(query["attributes"]["ratio"], json!({"value": 0.25, "type": "double"}));
    assert_eq!(query["attributes"]["cached"], json!({"value": false, "type": "boolean"}));
    assert!(attributes["otel.events"].as_str().unwrap().contains("cache.miss"));

    assert_eq!(charge["status"], "error");
    let attributes = plain(charge);
    assert_eq!((&attributes["exception.type"], &attributes["exception.message"]), (&json!("ValueError"), &json!("card declined")));
    assert!(attributes["exception.stacktrace"].as_str().unwrap().contains("raise ValueError"));
    assert_eq!(charge["links"][0]["span_id"], query["span_id"]);
}

#[test]
fn recorded_log_records_become_lines_of_their_trace() {
    let containers = logs(PROTOBUF, RECORDED_LOGS).unwrap();
    assert_eq!((containers.len(), containers[0].kind, containers[0].quantity), (1, Kind::Logs, 2));
    let (lines, spans) = (items(&containers[0]), items(&traces(PROTOBUF, RECORDED_TRACES).unwrap()[0]));
    assert_eq!((&lines[0]["level"], &lines[0]["severity_number"]), (&json!("warn"), &json!(13)));
    assert_eq!((&lines[0]["body"], &lines[1]["level"]), (&json!("payment of order 7 is late"), &json!("error")));
    assert_eq!(lines[0]["trace_id"], spans[0]["trace_id"]);
    assert!(lines[0]["timestamp"].as_f64().unwrap() > 1.7e9);
    let attributes = plain(&lines[0]);
    assert_eq!((&attributes["order_id"], &attributes["sentry.release"]), (&json!(7), &json!("shop@1.4.0")));
    assert_eq!(plain(&lines[1])["exception.type"], "ZeroDivisionError");
}

#[test]
fn what_came_by_otlp_is_scrubbed_like_everything_else() {
    let project = crate::scrub::sample_project();
    let scrubber = crate::scrub::Scrubber::for_project(&project);
    let clean = scrubber.scrub(Kind::Logs, &logs(PROTOBUF, RECORDED_LOGS).unwrap()[0].payload).unwrap();
    assert_eq!(clean.redactions, 1);
    assert!(!String::from_utf8(clean.bytes).unwrap().contains("hunter2"));
    let clean = scrubber.scrub(Kind::Spans, &traces(PROTOBUF, RECORDED_TRACES).unwrap()[0].payload).unwrap();
    assert!(!String::from_utf8(clean.bytes).unwrap().contains("abcdef0123456789abcdef"));
}

#[test]
fn json_says_the_same_as_protobuf() {
    let span = json!({
        "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708", "parentSpanId": "1112131415161718", "name": "GET",
        "kind": "SPAN_KIND_SERVER", "startTimeUnixNano": "1700000000123456789", "endTimeUnixNano": 1_700_000_001_000_000_000_u64,
        "status": {"code": "STATUS_CODE_ERROR", "message": "boom"},
        "attributes": [
            {"key": "http.method", "value": {"stringValue": "GET"}}, {"key": "http.target", "value": {"stringValue": "/a/b?token=x"}},
            {"key": "n", "value": {"intValue": "-5"}}, {"key": "d", "value": {"doubleValue": 1.5}},
            {"key": "l", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "x"}]}}},
            {"key": "m", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": true}}]}}},
        ],
    });
    let resource = json!({"attributes": [{"key": "service.version", "value": {"stringValue": "7f3e"}}]});
    let request_json = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "s"}, "spans": [span]}]}]});
    let list = bytes(5, &[bytes(1, &number(3, 1)), bytes(1, &text("x"))].concat());
    let by_hand = [
        bytes(1, &(1..=16).collect::<Vec<u8>>()),
        bytes(2, &(1..=8).collect::<Vec<u8>>()),
        bytes(4, &(0x11..=0x18).collect::<Vec<u8>>()),
        bytes(5, b"GET"),
        number(6, 2),
        fixed64(7, 1_700_000_000_123_456_789),
        fixed64(8, 1_700_000_001_000_000_000),
        pair(9, "http.method", &text("GET")),
        pair(9, "http.target", &text("/a/b?token=x")),
        pair(9, "n", &number(3, (-5_i64).cast_unsigned())),
        pair(9, "d", &fixed64(4, 1.5_f64.to_bits())),
        pair(9, "l", &list),
        pair(9, "m", &bytes(6, &pair(1, "k", &number(2, 1)))),
        bytes(15, &[bytes(2, b"boom"), number(3, 2)].concat()),
        fixed32(16, 0x100),
        bytes(99, b"a field of the future"),
    ]
    .concat();
    let scope = bytes(2, &[bytes(1, &bytes(1, b"s")), bytes(2, &by_hand)].concat());
    let request = bytes(1, &[bytes(1, &pair(1, "service.version", &text("7f3e"))), scope].concat());

    let from_json = traces(JSON, request_json.to_string().as_bytes()).unwrap();
    assert_eq!(from_json, traces(PROTOBUF, &request).unwrap());
    let span = &items(&from_json[0])[0];
    assert_eq!((&span["name"], &span["is_segment"], &span["status"]), (&json!("GET /a/b"), &json!(true), &json!("error")));
    assert_eq!((span["start_timestamp"].as_f64(), span["end_timestamp"].as_f64()), (Some(1_700_000_000.123456), Some(1_700_000_001.0)));
    assert_eq!((&span["trace_id"], &span["parent_span_id"]), (&json!("0102030405060708090a0b0c0d0e0f10"), &json!("1112131415161718")));
    let attributes = plain(span);
    assert_eq!((&attributes["sentry.release"], &attributes["sentry.status.message"]), (&json!("7f3e"), &json!("boom")));
    assert_eq!((&attributes["n"], &attributes["l"], &attributes["m"]), (&json!(-5), &json!("[1,\"x\"]"), &json!("{\"k\":true}")));
}

#[test]
fn a_segment_is_what_has_no_parent_here() {
    let span = |parent: bool, kind: u64, flags: u32| {
        let parent = if parent { bytes(4, &[7; 8]) } else { Vec::new() };
        let span = [bytes(1, &[1; 16]), bytes(2, &[2; 8]), parent, number(6, kind), fixed32(16, flags)].concat();
        items(&traces(PROTOBUF, &request(&[], &[span])).unwrap()[0])[0]["is_segment"].as_bool().unwrap()
    };
    assert!(span(false, 1, 0), "no parent");
    assert!(!span(true, 1, 0x100), "a parent in this process");
    assert!(span(true, 1, 0x300), "a parent in another process");
    assert!(span(true, 2, 0) && span(true, 5, 0), "a request or a message that came in");
    assert!(!span(true, 3, 0), "a call that goes out");
}

#[test]
fn many_entries_come_in_several_containers_and_too_many_are_refused() {
    let span = |id: u64| [bytes(1, &[1; 16]), bytes(2, &(id + 1).to_be_bytes())].concat();
    let spans: Vec<Vec<u8>> = (0..2_500).map(span).collect();
    let containers = traces(PROTOBUF, &request(&[], &spans)).unwrap();
    assert_eq!(containers.iter().map(|container| container.quantity).collect::<Vec<_>>(), [1_000, 1_000, 500]);
    assert_eq!(containers.iter().flat_map(items).count(), 2_500);
    // Two bytes announce a span: the number is bounded, not only the size.
    let flood = vec![Vec::new(); MAX_REQUEST + 1];
    assert_eq!(traces(PROTOBUF, &request(&[], &flood)).unwrap_err().kind, kernel::Kind::TooLarge);
    assert_eq!(logs(PROTOBUF, &request(&[], &flood)).unwrap_err().kind, kernel::Kind::TooLarge);
    // A resource is repeated in each entry: a large one does not multiply.
    let resource = pair(1, "service.name", &text(&"x".repeat(1 << 20)));
    let bytes: usize = traces(PROTOBUF, &request(&resource, &spans)).unwrap().iter().map(|container| container.payload.len()).sum();
    assert!(bytes < 2 << 20, "{bytes}");
}

#[test]
fn what_takes_few_bytes_on_the_wire_takes_no_more_than_is_read_of_it() {
    // Two bytes announce an event or a link, five an attribute.
    let few = [bytes(11, b"").repeat(1_000), bytes(13, b"").repeat(1_000), pair(9, "k", &text("v")).repeat(1_000)].concat();
    let batch = protobuf::traces(&request(&[], &[few])).unwrap();
    let span = &batch.groups[0].entries[0];
    assert_eq!((span.events.len(), span.links.len(), span.attributes.len()), (MAX_EVENTS, MAX_LINKS, MAX_ATTRIBUTES));
    let many = |one: &str| vec![one; 1_000].join(",");
    let span = format!(r#"{{"events":[{0}],"links":[{0}],"attributes":[{1}]}}"#, many("{}"), many(r#"{"key":"k"}"#));
    let batch = json::traces(format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#).as_bytes()).unwrap();
    let span = &batch.groups[0].entries[0];
    assert_eq!((span.events.len(), span.links.len(), span.attributes.len()), (MAX_EVENTS, MAX_LINKS, MAX_ATTRIBUTES));
    // Elements of lists have no bound of their own, but all together have one.
    let list = bytes(5, &bytes(1, b"").repeat(MAX_VALUES + 1));
    let line = [bytes(5, &list), fixed64(1, 1)].concat();
    let kind = |got: Result<Vec<Container>>| got.err().map(|error| error.kind);
    assert_eq!(kind(logs(PROTOBUF, &request(&[], &[line]))), Some(kernel::Kind::TooLarge));
    let list = format!(r#"{{"arrayValue":{{"values":[{}]}}}}"#, vec!["{}"; MAX_VALUES + 1].join(","));
    let body = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{list}}}]}}]}}]}}"#);
    assert_eq!(kind(logs(JSON, body.as_bytes())), Some(kernel::Kind::TooLarge));
}

#[test]
fn an_exporter_hears_how_much_was_not_taken() {
    assert_eq!((answer_json(0, "rejectedSpans").as_str(), answer_protobuf(0).as_slice()), ("{}", &b""[..]));
    let told: Value = serde_json::from_str(&answer_json(300, "rejectedSpans")).unwrap();
    assert_eq!(told, json!({"partialSuccess": {"rejectedSpans": "300", "errorMessage": NOT_ALL}}));
    let partial = [number(1, 300), bytes(2, NOT_ALL.as_bytes())].concat();
    assert_eq!(answer_protobuf(300), bytes(1, &partial));
}

#[test]
fn spans_without_ids_are_kept_under_ids_of_their_own() {
    let spans = vec![bytes(5, b"a"), [bytes(1, &[0; 16]), bytes(2, &[1; 3]), bytes(5, b"a")].concat()];
    let shaped = items(&traces(PROTOBUF, &request(&[], &spans)).unwrap()[0]);
    let id = |span: &Value| span["span_id"].as_str().unwrap().to_owned();
    assert!(shaped.iter().all(|span| id(span).len() == 16 && span["trace_id"].as_str().unwrap().len() == 32));
    assert_ne!(id(&shaped[0]), id(&shaped[1]));
    assert_eq!(items(&traces(PROTOBUF, &request(&[], &spans)).unwrap()[0]), shaped, "sent again they are the same");
}

#[test]
fn circles_and_depths_end() {
    let span = |id: u8, parent: u8| [bytes(1, &[1; 16]), bytes(2, &[id; 8]), bytes(4, &[parent; 8])].concat();
    assert_eq!(traces(PROTOBUF, &request(&[], &[span(2, 3), span(3, 2), span(4, 4)])).unwrap()[0].quantity, 3);
    let mut value = text("deep");
    for _ in 0..5_000 {
        value = bytes(5, &bytes(1, &value));
    }
    let line = [bytes(5, &value), fixed64(1, u64::MAX)].concat();
    assert_eq!(logs(PROTOBUF, &request(&[], &[line])).unwrap()[0].quantity, 1);
}

#[test]
fn levels_come_from_the_number_or_else_from_the_text() {
    let level = |number: u64, name: &str| lines::shaped(one_line(number, name)).next().unwrap()["level"].as_str().unwrap().to_owned();
    for (number, text, expected) in [
        (1, "", "trace"),
        (8, "", "debug"),
        (9, "ERROR", "info"),
        (13, "", "warn"),
        (20, "", "error"),
        (24, "", "fatal"),
        (0, "Warning", "warn"),
        (0, "notice", "info"),
    ] {
        assert_eq!(level(number, text), expected, "{number} {text}");
    }
}

fn one_line(severity: u64, severity_text: &str) -> Batch<Line> {
    let line = Line { severity, severity_text: severity_text.to_owned(), ..Line::default() };
    Batch { groups: vec![Group { resource: Rc::default(), scope: Scope::default(), entries: vec![line] }], count: 1 }
}

#[test]
fn what_is_no_otlp_is_refused_in_a_sentence() {
    for (content_type, body) in [
        ("text/plain", &b""[..]),
        (PROTOBUF, b"\x0a\xff"),
        (PROTOBUF, b"\x0b"),
        (PROTOBUF, &[0xff; 32]),
        (JSON, b"[]"),
        (JSON, b"{"),
        (JSON, b""),
    ] {
        let error = traces(content_type, body).unwrap_err();
        assert_eq!(error.kind, kernel::Kind::Invalid, "{content_type} {body:?}");
        assert!(logs(content_type, body).is_err());
    }
    assert_eq!(traces(PROTOBUF, b"").unwrap(), [], "an empty request is one");
    assert_eq!(logs(JSON, b"{}").unwrap(), []);
}

proptest::proptest! {
    #[test]
    fn damaged_requests_never_panic(cut in 0..RECORDED_TRACES.len(), at in 0..RECORDED_TRACES.len(), byte in 0..=255_u8) {
        let mut damaged = RECORDED_TRACES.to_vec();
        damaged[at] = byte;
        for containers in [traces(PROTOBUF, &damaged), traces(PROTOBUF, &RECORDED_TRACES[..cut]), logs(PROTOBUF, &damaged)].into_iter().flatten() {
            for container in containers {
                assert_eq!(items(&container).len() as u64, container.quantity);
            }
        }
    }
}
