use std::io::Write as _;

use super::*;
use crate::scrub::{FILTERED, Scrubber, sample_project};
use identity::projects::Project;
use serde_json::{Value, json};

fn zlib(json: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(b"{\"segment_id\":3}\n".to_vec(), flate2::Compression::fast());
    encoder.write_all(json.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn plain(json: &str) -> Vec<u8> {
    format!("{{\"segment_id\":3}}\n{json}").into_bytes()
}

fn open_all(payload: &[u8]) -> Result<Opened> {
    open(payload, &mut |_| Ok(()))
}

/// The list as it is kept.
fn cleaned(json: &str) -> String {
    clean_as(&sample_project(), json)
}

fn clean_as(project: &Project, json: &str) -> String {
    let packed = clean(open_all(&plain(json)).unwrap(), &Scrubber::for_project(project)).unwrap();
    let kept = String::from_utf8(pack::unpack(&packed).unwrap()).unwrap();
    kept.strip_prefix("{\"segment_id\":3}\n").unwrap().to_owned()
}

fn clean_value(events: &Value) -> Value {
    serde_json::from_str(&cleaned(&events.to_string())).unwrap()
}

#[test]
fn a_segment_is_read_whether_it_is_packed_or_not() {
    for payload in [zlib("[{\"type\":0}]"), plain("[{\"type\":0}]")] {
        let opened = open_all(&payload).unwrap();
        assert_eq!((opened.segment, opened.json.as_str()), (3, "[{\"type\":0}]"));
    }
}

#[test]
fn what_cannot_be_read_is_told_from_what_is_too_large() {
    let cut = |payload: Vec<u8>| payload[..payload.len() - 5].to_vec();
    for broken in [
        b"[]".to_vec(),
        b"{\"segment_id\":-1}\n[]".to_vec(),
        b"{\"segment_id\":9999999999}\n[]".to_vec(),
        b"{}\n[]".to_vec(),
        b"{\"segment_id\":1}\n".to_vec(),
        b"{\"segment_id\":1}\nnonsense".to_vec(),
        b"{\"segment_id\":1}\n[\"\xff\"]".to_vec(),
        cut(zlib(&format!("[{}]", "{\"type\":0},".repeat(2_000)))),
    ] {
        assert_eq!(open_all(&broken).unwrap_err().kind, kernel::Kind::Invalid, "{broken:?}");
    }
    let mut peak = 0;
    let bomb = zlib(&" ".repeat(LARGEST * 4));
    assert!(bomb.len() < 700_000);
    let error = open(&bomb, &mut |bytes| {
        peak += bytes;
        Ok(())
    });
    assert_eq!(error.unwrap_err().kind, kernel::Kind::TooLarge);
    assert!(peak <= LARGEST, "a bomb ends at the cap and not after it: {peak}");
    let full = open(&zlib(&" ".repeat(1 << 20)), &mut |_| Err(Error::new(kernel::Kind::RateLimited(kernel::time::SECOND), "full")));
    assert_eq!(full.unwrap_err().kind, kernel::Kind::RateLimited(kernel::time::SECOND));
}

#[test]
fn what_is_no_list_or_does_not_end_is_refused() {
    let scrubber = Scrubber::for_project(&sample_project());
    for broken in ["{}", "[", "[1,]", "[{]", "[{\"a\"}]", "[{\"a\":1,}]", "[\"a]", "[]]", "[1 2]", "[01]", "[{\"data\":{\"payload\":[}}]"] {
        let opened = Opened { segment: 0, json: broken.to_owned() };
        assert_eq!(clean(opened, &scrubber).unwrap_err().kind, kernel::Kind::Invalid, "{broken}");
    }
}

#[test]
fn a_recording_without_secrets_stays_byte_for_byte() {
    let json = r#"[ {"type":4,"data":{"href":"https://shop.example/a?page=2","width":1100},"timestamp":1795425228665.5} ,{"type":3,"data":{"source":0,"texts":[{"id":4,"value":"caf\u00e9 \"x\""}],"adds":[]}}]"#;
    assert_eq!(cleaned(json), json);
}

#[test]
fn secrets_leave_every_corner_of_a_recording() {
    let node = |tag: &str, attributes: Value, children: Value| json!({"type": 2, "tagName": tag, "attributes": attributes, "childNodes": children, "id": 1});
    let text = |text: &str| json!({"type": 3, "textContent": text, "id": 2});
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    let page = node(
        "body",
        json!({"data-user": "ann@example.com"}),
        json!([
            node("a", json!({"href": "/reset?token=S3CR3T&page=2", "class": "x"}), json!([text("write to bob@example.com")])),
            node(
                "form",
                json!({"action": "https://u:S3CR3T@shop.example/pay"}),
                json!([
                    node("input", json!({"value": "S3CR3T", "type": "password"}), json!([])),
                    node("input", json!({"autocomplete": "cc-number", "value": "S3CR3T"}), json!([])),
                    node("input", json!({"type": "password", "value": "******"}), json!([])),
                ])
            ),
            node("p", json!({}), json!([text("card 4111 1111 1111 1111"), text(&format!("jwt {jwt}"))])),
            node("style", json!({"_cssText": ".a{content:\"x@example.com\"}"}), json!([])),
            node("path", json!({"d": "M4111 1111 1111 1111z"}), json!([])),
        ]),
    );
    let events = json!([
        {"type": 4, "data": {"href": "https://shop.example/?api_key=S3CR3T", "width": 1}, "timestamp": 1},
        {"type": 2, "data": {"node": page}, "timestamp": 2},
        {"type": 3, "data": {"source": 0, "texts": [{"id": 1, "value": "carol@example.com"}],
            "attributes": [{"id": 1, "attributes": {"src": "/img?access_token=S3CR3T", "style": {"color": "red"}}}],
            "adds": [{"parentId": 1, "nextId": null, "node": text("dave@example.com")}], "removes": []}, "timestamp": 3},
        {"type": 3, "data": {"source": 5, "text": "erin@example.com", "isChecked": false, "id": 4}, "timestamp": 4},
        {"type": 5, "timestamp": 5, "data": {"tag": "breadcrumb", "payload": {"category": "console", "message": "login fred@example.com",
            "data": {"arguments": ["password=S3CR3T", {"password": "S3CR3T", "n": 1}, "Authorization: Bearer S3CR3T0123456789"]}}}},
        {"type": 5, "timestamp": 6.5, "data": {"tag": "performanceSpan", "payload": {"op": "resource.fetch", "description": "/api?token=S3CR3T",
            "data": {"method": "GET", "statusCode": 200, "request": {"headers": {"cookie": "S3CR3T"}}}}}},
        {"type": 6, "data": {"plugin": "rrweb/console@1", "payload": {"payload": ["\"gina@example.com\""]}}, "timestamp": 7},
    ]);
    let clean = clean_value(&events);
    let text = clean.to_string();
    for secret in ["S3CR3T", "4111 1111 1111 1111\"", jwt, "ann@", "bob@", "carol@", "dave@", "erin@", "fred@", "gina@"] {
        assert!(!text.contains(secret), "{secret} stays in {text}");
    }
    for kept in ["page=2", "write to [Filtered]", "x@example.com", "M4111 1111 1111 1111z", "\"******\"", "\"statusCode\":200", "6.5"] {
        assert!(text.contains(kept), "{kept} is gone from {text}");
    }
    // Everything else is where it was.
    assert_eq!(clean.as_array().unwrap().len(), 7);
    assert_eq!(clean[2]["data"]["attributes"][0]["attributes"]["style"], json!({"color": "red"}));
}

#[test]
fn rules_of_styles_are_left_alone_and_what_stands_beside_them_is_not() {
    let style = r#"{"type":2,"tagName":"style","attributes":{},"childNodes":[{"type":3,"textContent":"a:after{content:'x@2x.example 4111 1111 1111 1111'}","isStyle":true,"id":3}],"id":2}"#;
    let beside = r#"{"type":3,"textContent":"ann@example.com","id":4}"#;
    let json = format!(r#"[{{"data":{{"node":{{"childNodes":[{style},{beside}],"id":1}}}}}}]"#);
    assert_eq!(cleaned(&json), json.replace("ann@example.com", FILTERED));
}

#[test]
fn what_styles_load_is_looked_at() {
    let signed = "https://b.s3.example/a.png?X-Amz-Credential=S3CR3T&X-Amz-Signature=S3CR3T";
    let rule = format!("a{{background:URL( '{signed}' ) 0 0;width:4111111111111111px}}b{{mask:url(/avatar?email=ann@example.com&s=2)}}");
    let node = |tag: &str, attributes: Value, children: Value| json!({"tagName": tag, "attributes": attributes, "childNodes": children});
    let events = json!([
        {"data": {"node": node("style", json!({"_cssText": rule}), json!([{"textContent": rule}]))}},
        {"data": {"node": node("p", json!({"style": rule}), json!([]))}},
        {"data": {"attributes": [{"attributes": {"style": {"background-image": format!("url(\"{signed}\")"), "color": "red"}}}]}},
        {"data": {"adds": [{"rule": rule}], "styles": [{"rules": [{"rule": rule}]}]}},
    ]);
    let clean = clean_value(&events).to_string();
    for secret in ["S3CR3T", "ann@"] {
        assert!(!clean.contains(secret), "{secret} stays in {clean}");
    }
    for kept in ["https://b.s3.example/a.png?", "&s=2)}", "width:4111111111111111px", "\"color\":\"red\""] {
        assert!(clean.contains(kept), "{kept} is gone from {clean}");
    }
    let harmless =
        r#"[{"data":{"node":{"attributes":{"style":"src:url(/i@v2.woff),url(data:a/b;token=x,ann@example.com),url(\"/a.png\")"}}}}]"#;
    assert_eq!(cleaned(harmless), harmless);
}

#[test]
fn what_is_typed_is_hidden_before_it_is_whole() {
    for text in ["4111 1111 1111 1111", "ada@example.com", "me: ada@example.com, 4111 1111 1111 1111"] {
        let first = text.find('@').or(text.match_indices(|c: char| c.is_ascii_digit()).nth(5).map(|(at, _)| at)).unwrap();
        for typed in (0..=text.len()).map(|end| &text[..end]) {
            let hidden: String = typed.chars().map(|c| if c == ' ' { c } else { '*' }).collect();
            let expected = if typed.len() > first { &hidden } else { typed };
            let events = json!([
                {"data": {"source": 5, "text": typed}},
                {"data": {"node": {"attributes": {"type": "text", "value": typed}}, "attributes": [{"attributes": {"value": typed}}]}},
            ]);
            let clean = clean_value(&events);
            let places = [&clean[0]["data"]["text"], &clean[1]["data"]["node"]["attributes"]["value"]];
            assert!(places.iter().all(|place| *place == expected), "{typed}: {clean}");
            assert_eq!(clean[1]["data"]["attributes"][0]["attributes"]["value"], *expected);
        }
    }
    // What the page itself says is no field.
    let json = r#"[{"data":{"texts":[{"value":"order 123456"}],"node":{"textContent":"1234567"},"text":"12 of 345"}}]"#;
    assert_eq!(cleaned(json), json);
}

#[test]
fn a_field_whose_name_says_it_is_secret_is_filtered() {
    let field = |name: &str, value: &str| json!([{"data": {"node": {"attributes": {"type": "hidden", "name": name, "value": value}}}}]);
    for name in ["authenticity_token", "csrfmiddlewaretoken", "user[password]", "X-CSRFToken"] {
        assert_eq!(clean_value(&field(name, "kqz-wvx")), field(name, FILTERED), "{name}");
    }
    for name in ["quantity", "tokenCount", "author"] {
        assert_eq!(clean_value(&field(name, "kqz-wvx")), field(name, "kqz-wvx"), "{name}");
    }
    let clean = cleaned(
        r#"[{"data":{"node":{"attributes":{"content":"kqz-wvx","name":"csrf-token"}}}},{"attributes":{"value":"kqz-wvx","id":"otp"}}]"#,
    );
    assert!(!clean.contains("kqz-wvx"), "{clean}");
    let project = Project { safe_fields: vec!["authenticity_token".to_owned()], ..sample_project() };
    let json = field("authenticity_token", "kqz-wvx").to_string();
    assert_eq!(clean_as(&project, &json), json, "the project says so");
}

#[test]
fn an_escaped_name_hides_nothing() {
    let clean = cleaned(r#"[{"data":{"node":{"\u0061ttributes":{"\u0074ype":"password","v\u0061lue":"S3CR3T"}}}}]"#);
    assert!(!clean.contains("S3CR3T"), "{clean}");
}

#[test]
fn a_page_may_be_deep_and_what_is_deeper_is_cut() {
    let nest = |levels: usize| {
        let (open, close) = (r#"{"type":2,"tagName":"div","attributes":{},"childNodes":["#, r#"],"id":1}"#);
        format!("[{{\"type\":2,\"data\":{{\"node\":{}{}}}}}]", open.repeat(levels), close.repeat(levels))
    };
    assert_eq!(cleaned(&nest(500)), nest(500), "browsers make pages of 512 levels at most");
    let cut = cleaned(&nest(200_000));
    assert!(cut.len() < 100_000, "{} bytes", cut.len());
    assert_eq!(cut.matches('{').count(), cut.matches('}').count());
    assert_eq!(cut.matches('[').count(), cut.matches(']').count());
    assert!(cut.contains("\"childNodes\":[]"));
}

/// A tree of it would take a gigabyte. What is kept is the text, which the door is asked for piece by piece, and its packed form; the pass
/// itself keeps where it stands. The whole process is held to that by the benchmark of replays.
#[test]
fn a_million_nodes_take_their_own_size_once() {
    let node = r#"{"type":3,"textContent":"x","id":1},"#;
    let json = format!("[{{\"data\":{{\"node\":{{\"childNodes\":[{}0]}}}}}}]", node.repeat(900_000));
    assert!(json.len() < LARGEST && json.len() > LARGEST / 10 * 9);
    let (mut asked, mut pieces) = (0, 0);
    let opened = open(&zlib(&json), &mut |bytes| {
        (asked, pieces) = (asked + bytes, pieces + 1);
        Ok(())
    });
    assert!(asked == json.len() && pieces >= json.len() / STEP);
    let packed = clean(opened.unwrap(), &Scrubber::for_project(&sample_project())).unwrap();
    assert!(packed.bytes.len() < json.len() / 100, "{} bytes", packed.bytes.len());
    assert_eq!(pack::unpack(&packed).unwrap().len(), json.len() + "{\"segment_id\":3}\n".len());
}
