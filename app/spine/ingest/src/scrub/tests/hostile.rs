//! Payloads that want to break something: what our readers would refuse is repaired, the rest is refused in a sentence, nothing panics.

use super::*;
use kernel::time::Stopwatch;
use proptest::prelude::*;

fn clean(payload: &[u8]) -> Result<Scrubbed> {
    Scrubber::for_project(&sample_project()).scrub(Kind::Event, payload)
}

#[test]
fn what_readers_would_refuse_is_repaired() {
    for (payload, expected) in [
        (&br#"{"a":NaN,"b":[Infinity,-Infinity],"c":1e999,"d":-0,"e":1E5}"#[..], r#"{"a":null,"b":[null,null],"c":null,"d":-0,"e":1E5}"#),
        (br#"{"a":"\ud800 x","b":"\udc00\ud83d\ude00"}"#, "{\"a\":\"\u{fffd} x\",\"b\":\"\u{fffd}\u{1f600}\"}"),
        (br#"{"\ud800":1}"#, "{\"\u{fffd}\":1}"),
        (b"{\"a\":\"line\nbreak\tand\x00nul\"}", r#"{"a":"line\nbreak\tand\u0000nul"}"#),
        (b"{\"a\":\"\xff\"}", "{\"a\":\"\u{fffd}\"}"),
        (b"\xef\xbb\xbf{\"a\":1}", r#"{"a":1}"#),
        (br#"{"a":"\u0000"}"#, r#"{"a":"\u0000"}"#),
        (br#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#),
        (b"[]", "[]"),
    ] {
        let scrubbed = clean(payload).unwrap();
        assert_eq!(String::from_utf8(scrubbed.bytes.clone()).unwrap(), expected);
        assert_eq!(scrubbed.redactions, 0);
        assert!(serde_json::from_slice::<Value>(&scrubbed.bytes).is_ok(), "{expected}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    let payloads = [
        "",
        " ",
        "{",
        "[",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "\"open",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u12",
        "{} {}",
        "nul",
        "{,}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":undefined}",
        "]",
        "{]",
        "[}",
    ];
    for payload in payloads {
        assert_eq!(clean(payload.as_bytes()).unwrap_err().kind, kernel::Kind::Invalid, "{payload}");
    }
}

#[test]
fn depth_is_cut_where_readers_end() {
    for depth in [90, 128, 1_000, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let payload = format!("{{\"extra\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            let scrubbed = clean(payload.as_bytes()).unwrap();
            let value: Value = serde_json::from_slice(&scrubbed.bytes).unwrap();
            assert_eq!(value.get("_meta").is_some(), depth > 100, "{depth}");
            assert_eq!(scrubbed.redactions, usize::from(depth > 100));
        }
        assert!(clean("[".repeat(depth).as_bytes()).is_err(), "it does not end");
        // A secret that hides below the cut is gone with it.
        let deep = format!("{}{{\"password\":\"hunter2\"}}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!String::from_utf8(clean(deep.as_bytes()).unwrap().bytes).unwrap().contains("hunter2"));
    }
}

#[test]
fn floods_stay_linear_and_their_reasons_bounded() {
    let tags: Vec<Value> = (0..10_000).map(|at| json!([format!("token_{at}"), "abc"])).collect();
    let (clean, redactions) = scrub(Kind::Event, &json!({"tags": tags}));
    assert_eq!(redactions, 10_000);
    assert!(clean["tags"].as_array().unwrap().iter().all(|tag| tag[1] == FILTERED));
    assert_eq!(clean["_meta"]["tags"].as_object().unwrap().len(), 1_000);
    // Texts that make a search start again and again, in an event and in a recording: what grows with the square of the length would take
    // minutes here.
    let (scrubber, began) = (Scrubber::for_project(&sample_project()), Stopwatch::start());
    for text in [
        "\"token\":{",
        "token=[",
        "a@",
        "%40",
        "://",
        "\"password\":\"\\",
        "=:=:",
        "4 1-",
        "DE89 ",
        "eyJ.",
        "-----BEGIN PRIVATE KEY-----",
        "/@/@",
        "Bearer ",
        "form-data; name=\"token\"\n\n",
        "<token>",
        "<token>a</token",
        "token:",
        "cookie:a ",
        "authorization:a ",
        "authorization:abcdef1 ",
        "\"token\":[Filtered,",
        "token=\\\"[Filtered ",
        "background:url(",
    ] {
        let text = text.repeat((1 << 17) / text.len());
        let payload = json!({"extra": {"a": text}}).to_string();
        assert!(scrubber.scrub(Kind::Event, payload.as_bytes()).is_ok());
        let page = json!([{"data": {"node": {"textContent": text, "attributes": {"style": text}}}}]).to_string();
        assert!(scrubber.scrub_recording(&page, &mut |_| Ok(())).is_ok());
    }
    let named = vec![r#"{"name":"pin","value":"1234"}"#; 150_000].join(",");
    let named = scrubber.scrub(Kind::Profile, format!(r#"{{"extra":[{named}]}}"#).as_bytes()).unwrap();
    assert_eq!(named.redactions, 150_000);
    assert!(memchr::memmem::find(&named.bytes, b"1234").is_none());
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn what_goes_goes_to_its_end_however_long_it_is() {
    let long = format!("{}PLANTED", "kx7".repeat(5_000));
    for (text, expected) in [
        (format!("token={long}&page=2"), "token=[Filtered]&page=2"),
        (format!("Invalid token: {long} at 5"), "Invalid token: [Filtered] at 5"),
        (format!("Cookie: a={long}; b=PLANTED\nHost: x"), "Cookie: [Filtered]\nHost: x"),
        (format!("Authorization: Digest {long} x"), "Authorization: [Filtered] x"),
        (format!("Authorization: {long} x"), "Authorization: [Filtered] x"),
        (format!("token={}PLANTED", "1".repeat(600)), "token=[Filtered]"),
        (format!("token={}PLANTED", "*".repeat(600)), "token=[Filtered]"),
    ] {
        assert_eq!(scrub_text(&text), expected);
    }
}

#[test]
fn what_is_told_of_what_is_gone_has_its_own_bound() {
    let names = Names::new(&[], &[], true);
    // A name as long as the payload, in the path of each of its thousand secrets.
    let long = format!(r#"{{"extra":{{"{}":{{{}}}}}}}"#, "n".repeat(900_000), vec![r#""pin":"1234""#; 1_000].join(","));
    let outcome = walk::walk(&long, Kind::Event, &names).unwrap();
    let told: usize = outcome.notes.iter().flat_map(|note| &note.path).map(String::len).sum();
    assert_eq!(outcome.redactions, 1_000);
    assert!(told <= 200 << 10, "{told} bytes of names");
    assert!(!String::from_utf8(meta::rewrite(&long, outcome)).unwrap().contains("1234"));
    // One text with many parts.
    let (clean, _) = scrub(Kind::Event, &json!({"extra": {"note": "pin=1234&".repeat(50_000)}}));
    assert!(!clean["extra"]["note"].as_str().unwrap().contains("1234"));
    assert_eq!(clean["_meta"]["extra"]["note"][""]["rem"].as_array().unwrap().len(), 1_000);
    // Another one's `_meta` is kept while it is one.
    for (len, is_kept) in [(10, true), (300_000, false)] {
        let payload = json!({"extra": {"pin": "1234"}, "_meta": {"user": {"": {"err": ["x".repeat(len)]}}}});
        let (clean, _) = scrub(Kind::Event, &payload);
        assert_eq!(clean["_meta"]["user"].is_object(), is_kept, "{len}");
        assert_eq!(clean["_meta"]["extra"]["pin"][""]["rem"][0][0], "@password");
    }
    // More secrets than anything of its size that is no attack.
    let many = format!(r#"{{"extra":[{}]}}"#, vec![r#"{"pin":"1"}"#; 200_002].join(","));
    let scrubber = Scrubber::for_project(&sample_project());
    assert_eq!(scrubber.scrub(Kind::Profile, many.as_bytes()).unwrap_err().kind, kernel::Kind::Invalid);
}

#[test]
fn nothing_hides_under_the_name_of_an_id() {
    let payload = json!({
        "timestamp": {"password": "PLANTED"}, "trace_id": [["token", "PLANTED"]],
        "extra": {"event_id": {"at": 5, "in": {"api_key": "PLANTED"}}, "span_id": "4111111111111111"},
    });
    let (clean, redactions) = scrub(Kind::Event, &payload);
    assert!(redactions == 3 && !clean.to_string().contains("PLANTED"), "{clean}");
    assert_eq!((&clean["extra"]["event_id"]["at"], &clean["extra"]["span_id"]), (&json!(5), &json!("4111111111111111")));
    let project = Project { safe_fields: vec!["event_id".to_owned()], ..sample_project() };
    let (clean, _) = scrub_as(&project, Kind::Event, &payload);
    assert_eq!(clean["extra"]["event_id"]["in"]["api_key"], "PLANTED", "the project says so");
}

proptest! {
    #[test]
    fn anything_is_answered_and_what_is_kept_can_be_read(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(scrubbed) = clean(&payload) {
            prop_assert!(serde_json::from_slice::<Value>(&scrubbed.bytes).is_ok());
        }
    }

    #[test]
    fn it_takes_what_json_is_and_scrubbing_twice_changes_nothing(payload in r#"[\[\]{}",:0-9eE.+\-a-z\\ @=&/<>]{0,80}"#) {
        agrees(payload.as_bytes())?;
    }

    #[test]
    fn a_damaged_event_is_read_as_json_would_be(damages in proptest::collection::vec((0..EVENT.len(), any::<u8>()), 1..4), cut in 0..EVENT.len() * 2) {
        let mut payload = EVENT.as_bytes().to_vec();
        damages.iter().for_each(|(at, byte)| payload[*at] = *byte);
        payload.truncate(cut);
        agrees(&payload)?;
    }

    #[test]
    fn a_secret_is_gone_wherever_it_lies(value in tree(), name in "(password|apiKey|X-Auth-Token|Set-Cookie|client_secret)") {
        let (clean, redactions) = scrub(Kind::Event, &json!({"extra": plant(value, &name)}));
        prop_assert!(redactions > 0);
        prop_assert!(!clean.to_string().contains("PLANTED"), "{}", clean);
    }

    #[test]
    fn what_holds_no_secret_is_not_touched(value in tree()) {
        let event = json!({"extra": value, "contexts": {"a": value}}).to_string();
        let scrubbed = clean(event.as_bytes()).unwrap();
        prop_assert_eq!(scrubbed, Scrubbed { bytes: event.into_bytes(), redactions: 0 });
    }
}

const EVENT: &str = r#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","level":"error","timestamp":1.5e9,"extra":{"password":"x","list":[1,-2.5,true,null,"\u00e9\ud83d\ude00\n"],"url":"https://a:b@c.example/?token=abc&e=ann@example.com"},"tags":[["token","t"],["a","b"]],"request":{"headers":{"Cookie":["a=b"]},"cookies":{"s":"1"},"data":"{\"password\":\"x\"}"},"user":{"ip_address":"{{auto}}"},"_meta":{"extra":{"":{"len":3}}}}"#;

/// What serde_json reads is taken, and what is taken beyond that was repaired. What comes out can be read, and has nothing left to take out.
fn agrees(payload: &[u8]) -> Result<(), TestCaseError> {
    match (clean(payload), serde_json::from_slice::<Value>(payload)) {
        (Ok(once), read) => {
            prop_assert!(serde_json::from_slice::<Value>(&once.bytes).is_ok(), "{}", String::from_utf8_lossy(&once.bytes));
            prop_assert!(read.is_ok() || once.bytes != payload, "{}", String::from_utf8_lossy(payload));
            let twice = clean(&once.bytes).unwrap();
            prop_assert_eq!(twice.redactions, 0, "{}", String::from_utf8_lossy(&once.bytes));
            prop_assert_eq!(twice.bytes, once.bytes);
        }
        (Err(error), Ok(_)) => prop_assert!(false, "{}: {error}", String::from_utf8_lossy(payload)),
        (Err(_), Err(_)) => {}
    }
    Ok(())
}

/// Any JSON whose names and texts are plain words.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z \\\\\"é]{0,12}".prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("(user|order|item|state|note)_[a-f]", inner, 0..5).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// The same, with a secret beside each leaf.
fn plant(value: Value, name: &str) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(|inner| plant(inner, name)).chain([json!([name, "PLANTED"])]).collect()),
        Value::Object(map) => {
            let mut map: serde_json::Map<String, Value> = map.into_iter().map(|(key, inner)| (key, plant(inner, name))).collect();
            map.insert(name.to_owned(), json!({"in": ["PLANTED", {"there": "PLANTED"}]}));
            Value::Object(map)
        }
        leaf => json!({"leaf": leaf, name: "PLANTED", "text": format!("{name}=PLANTED"), "json": json!({name: "PLANTED"}).to_string()}),
    }
}
