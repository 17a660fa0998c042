//! What each reader makes of what SDKs send, message by message.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::limits;
use crate::reason::Reason;
use crate::tests::gzip;

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

fn page() -> Asked {
    Asked { agent: CHROME.to_owned(), is_from_page: true, ..Asked::default() }
}

fn one(told: Told) -> Value {
    assert!(told.drops.is_empty(), "{:?}", told.drops);
    assert_eq!(told.actions.len(), 1);
    serde_json::to_value(&told.actions[0]).unwrap()
}

fn segment(message: Value) -> Value {
    one(read_segment(message.to_string().as_bytes(), None, &page()).unwrap())
}

fn posthog(message: Value, asked: &Asked) -> Value {
    one(read_posthog(message.to_string().as_bytes(), asked).unwrap())
}

#[test]
fn a_message_of_segment_becomes_what_it_says() {
    let node = json!({"library": {"name": "@segment/analytics-node"}});
    let cases = [
        (
            json!({"type": "track", "event": "Invoice Paid", "userId": 42, "anonymousId": "a1", "messageId": "m1", "context": node,
                "properties": {"amount": 49.5}, "timestamp": "2026-11-23T09:17:00.250Z", "sentAt": "2026-11-23T09:17:01Z"}),
            json!({"t": "did", "id": "m1", "n": "Invoice Paid", "at": 1_795_425_420_250_i64, "sent": 1_795_425_421_000_i64, "u": "42",
                "v": "a1", "p": {"amount": 49.5}}),
        ),
        (
            json!({"type": "identify", "userId": "u", "anonymousId": "a", "context": {"traits": {"plan": "free", "name": "Ada"}},
                "traits": {"plan": "pro"}, "channel": "server"}),
            json!({"t": "knew", "u": "u", "v": "a", "tr": {"plan": "pro", "name": "Ada"}}),
        ),
        (json!({"type": "alias", "userId": "u", "previousId": "a", "context": node}), json!({"t": "linked", "u": "u", "prev": "a"})),
        (
            json!({"type": "group", "userId": "u", "groupId": 7, "traits": {"mrr": 490}, "context": node}),
            json!({"t": "joined", "u": "u", "g": "7", "tr": {"mrr": 490}}),
        ),
        (
            json!({"type": "screen", "userId": "", "anonymousId": "a", "name": "Home", "channel": "mobile",
                "context": {"os": {"name": "iOS"}, "device": {"type": "Mobile"}, "userAgent": "MyApp/1", "screen": {"width": 390, "height": 844}}}),
            json!({"t": "did", "n": "Screen view", "v": "a", "c": true,
                "p": {"name": "Home", "os": "iOS", "device": "Mobile", "screen": "390x844"}}),
        ),
        (
            json!({"type": "track", "event": "Seen", "userId": null, "anonymousId": "a", "context": {"groupId": "org", "ip": "203.0.113.9",
                "library": {"name": "RudderLabs JavaScript SDK"}, "locale": "de", "page": {"url": "https://ex.com/a?utm_term=t&token=x",
                "referrer": "https://news.example/item?id=1"}, "campaign": {"source": "hn", "name": "launch"}}}),
            json!({"t": "did", "n": "Seen", "v": "a", "c": true, "g": "org", "p": {"host": "ex.com", "path": "/a", "referrer": "news.example",
                "utm_source": "hn", "utm_campaign": "launch", "utm_term": "t", "browser": "Chrome", "os": "Linux", "device": "Desktop",
                "locale": "de"}}),
        ),
        (
            json!({"type": "page", "anonymousId": "a", "name": "Pricing", "context": {"library": {"name": "analytics.js"}},
                "properties": {"url": "https://ex.com/p?x=1", "path": "/own", "search": "?x=1", "referrer": "https://ex.com/"}}),
            json!({"t": "did", "n": "Page view", "v": "a", "c": true, "p": {"name": "Pricing", "path": "/own", "host": "ex.com",
                "browser": "Chrome", "os": "Linux", "device": "Desktop"}}),
        ),
    ];
    for (message, meant) in cases {
        assert_eq!(segment(message.clone()), meant, "{message}");
    }
}

#[test]
fn a_batch_lends_its_time_and_context_and_an_address_its_type() {
    let body = json!({"batch": [{"type": "track", "event": "A", "userId": "u", "context": {"locale": "en"}},
        {"type": "track", "event": "B", "userId": "u", "sentAt": "2026-11-23T09:17:02Z"}, {"type": "track", "userId": "u"}, {"type": "x"}, 7],
        "sentAt": "2026-11-23T09:17:01Z", "writeKey": "k", "context": {"groupId": "org", "locale": "de"}});
    let told = read_segment(body.to_string().as_bytes(), None, &Asked::default()).unwrap();
    assert_eq!(told.key.as_deref(), Some("k"));
    let seen: Vec<_> = told.actions.iter().map(|one| (one.name.as_str(), one.sent_at, one.group.as_str())).collect();
    assert_eq!(seen, [("A", Some(1_795_425_421_000), "org"), ("B", Some(1_795_425_422_000), "org")]);
    assert!(told.actions[0].props.as_ref().unwrap().get().contains("\"en\""), "the message's own context counts for more");
    assert!(told.drops.has(Reason::Malformed) && told.drops.has(Reason::UnknownType));
    assert_eq!(told.drops.ours(), 3);
    let told = read_segment(br#"{"event":"A","userId":"u"}"#, Some("track"), &page()).unwrap();
    assert_eq!(told.actions[0].name, "A");
}

#[test]
fn what_is_no_message_at_all_is_refused_by_each_reader() {
    for wrong in ["7", "\"text\"", "null", r#"{"batch":7,"e":7}"#, r#"{"batch":{},"e":{}}"#] {
        assert!(read_segment(wrong.as_bytes(), Some("track"), &page()).is_err(), "{wrong}");
        assert!(read_posthog(wrong.as_bytes(), &page()).is_err(), "{wrong}");
        assert!(read_script(wrong.as_bytes(), &page(), |_| String::new()).is_err(), "{wrong}");
    }
}

#[test]
fn more_messages_than_a_batch_may_have_are_counted_one_by_one() {
    let body = json!({"batch": vec![json!({"type": "track", "event": "A", "userId": "u"}); limits::MESSAGES + 1]}).to_string();
    let told = read_segment(body.as_bytes(), None, &page()).unwrap();
    assert_eq!((told.actions.len(), told.drops.ours()), (0, limits::MESSAGES as u64 + 1));
}

#[test]
fn an_event_of_posthog_becomes_what_it_says() {
    let web = |event: &str, more: Value| {
        let mut props = json!({"$lib": "web", "distinct_id": "d", "token": "k", "$is_identified": false, "gclid": null});
        props.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"event": event, "properties": props})
    };
    let browser = json!({"browser": "Chrome", "os": "Linux", "device": "Desktop"});
    let did = |name: &str, more: Value| {
        let mut props = browser.clone();
        props.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"t": "did", "n": name, "v": "d", "c": true, "p": props})
    };
    let cases = [
        (
            web("$pageview", json!({"$current_url": "https://ex.com/a?utm_source=hn", "$referrer": "$direct", "title": "T"})),
            did("Page view", json!({"host": "ex.com", "path": "/a", "utm_source": "hn", "title": "T"})),
        ),
        (web("$pageleave", json!({})), did("Page leave", json!({}))),
        (web("$screen", json!({"$screen_name": "Home"})), did("Screen view", json!({"name": "Home"}))),
        (web("$autocapture", json!({"$event_type": "click", "$el_text": "OK"})), did("Click", json!({"text": "OK"}))),
        (web("$rageclick", json!({})), did("Rage click", json!({}))),
        (web("$dead_click", json!({})), did("Dead click", json!({}))),
        (web("$exception", json!({"$exception_list": [1]})), did("Exception", json!({}))),
        (web("$feature_flag_called", json!({"$feature_flag": "new"})), did("Feature flag called", json!({"flag": "new"}))),
        (web("own", json!({"browser": "Mine", "a": 1, "$b": 2})), did("own", json!({"browser": "Mine", "a": 1}))),
        (
            web(
                "$identify",
                json!({"distinct_id": "u", "$is_identified": true, "$anon_distinct_id": "a", "$set": {"email": "a@b.example"},
                "$set_once": {"first": 1, "$initial_os": "x"}}),
            ),
            json!({"t": "knew", "u": "u", "v": "a", "c": true, "tr": {"email": "a@b.example"}, "tr1": {"first": 1}}),
        ),
        (web("$set", json!({"$set": {"plan": "pro"}})), json!({"t": "knew", "v": "d", "c": true, "tr": {"plan": "pro"}})),
        (
            web("$groupidentify", json!({"$group_type": "company", "$group_key": "org", "$group_set": {"name": "Acme"}})),
            json!({"t": "joined", "v": "d", "c": true, "g": "org", "tr": {"name": "Acme"}}),
        ),
        (
            json!({"event": "$groupidentify", "distinct_id": "$company_org", "properties": {"$group_type": "company", "$group_key": "org"}}),
            json!({"t": "joined", "g": "org"}),
        ),
        (
            json!({"event": "$create_alias", "distinct_id": "u", "properties": {"alias": "a", "distinct_id": "u"}}),
            json!({"t": "linked", "u": "u", "prev": "a"}),
        ),
        (
            json!({"event": "$merge_dangerously", "distinct_id": "u", "properties": {"alias": "a"}}),
            json!({"t": "linked", "u": "u", "prev": "a", "force": true}),
        ),
        (
            json!({"event": "paid", "uuid": "i", "distinct_id": "u", "timestamp": "2026-11-23T09:17:00.250+00:00",
                "properties": {"$lib": "posthog-node", "$groups": {"zoo": "z", "company": "org"}}}),
            json!({"t": "did", "id": "i", "n": "paid", "at": 1_795_425_420_250_i64, "u": "u", "g": "org"}),
        ),
        (
            json!({"event": "paid", "distinct_id": "u", "properties": {"$lib": "posthog-node", "$process_person_profile": false}}),
            json!({"t": "did", "n": "paid", "v": "u"}),
        ),
    ];
    for (message, meant) in cases {
        assert_eq!(posthog(message.clone(), &Asked { is_from_page: false, ..page() }), meant, "{message}");
    }
}

#[test]
fn posthog_is_read_in_each_of_its_shapes() {
    let event = json!({"event": "a", "properties": {"distinct_id": "d", "token": "k"}});
    let shapes = [
        (
            json!({"api_key": "k", "batch": [event], "sent_at": "2026-11-23T09:17:01Z", "historical_migration": true}),
            Some(1_795_425_421_000),
        ),
        (json!({"token": "k", "batch": [event]}), None),
        (json!([event]), None),
        (event.clone(), None),
        (json!({"api_key": "k", "event": "a", "distinct_id": "d"}), None),
    ];
    for (body, sent_at) in shapes {
        let told = read_posthog(body.to_string().as_bytes(), &page()).unwrap();
        assert_eq!((told.key.as_deref(), told.actions.len()), (Some("k"), 1), "{body}");
        assert_eq!((told.actions[0].user.as_str(), told.actions[0].sent_at), ("d", sent_at), "{body}");
    }
    let body = json!([{"event": "$snapshot", "properties": {"token": "k"}}, {"event": "$$heatmap"}]).to_string();
    let told = read_posthog(body.as_bytes(), &page()).unwrap();
    let lost: Vec<_> = told.drops.iter().map(|(line, sum)| (line.category, line.reason, sum.quantity)).collect();
    assert_eq!((told.key.as_deref(), lost), (Some("k"), vec![("replay", "unknown_type", 1), ("action", "unknown_type", 1)]));
}

#[test]
fn our_script_names_pages_acts_and_people() {
    let body = json!({"k": "key", "v": "", "u": "", "s": 1_795_425_421_000_i64, "e": [
        {"i": "1", "t": "page", "p": {"url": "https://ex.com/a?utm_source=hn", "referrer": "https://news.example/"}, "at": 1_795_425_420_000_i64},
        {"i": "2", "t": "did", "n": "Paid", "p": {"amount": 3}},
        {"i": "3", "t": "who", "tr": {"plan": "pro"}},
        {"i": "4", "t": "did"}, {"i": "5", "t": "?"}]});
    let told = read_script(body.to_string().as_bytes(), &page(), |key| format!("made-{}", key.unwrap())).unwrap();
    let names: Vec<_> = told.actions.iter().map(|one| (one.act, one.name.as_str(), one.visitor.as_str())).collect();
    let visitor = "made-key";
    assert_eq!(names, [(Act::Did, "Page view", visitor), (Act::Did, "Paid", visitor), (Act::Knew, "", visitor)]);
    let props: Value = serde_json::from_str(told.actions[0].props.as_ref().unwrap().get()).unwrap();
    let meant = json!({"host": "ex.com", "path": "/a", "referrer": "news.example", "utm_source": "hn", "browser": "Chrome", "os": "Linux",
        "device": "Desktop"});
    assert_eq!(props, meant);
    assert!(told.drops.has(Reason::Malformed) && told.drops.has(Reason::UnknownType));
    let named = read_script(br#"{"k":"key","u":"u","e":[{"t":"page"}]}"#, &page(), |_| panic!("somebody is named")).unwrap();
    assert_eq!((named.actions[0].user.as_str(), named.actions[0].visitor.as_str()), ("u", ""));
}

#[test]
fn a_body_is_known_by_its_content() {
    use base64::Engine as _;
    let json = br#"{"a":"b+c"}"#;
    let base64 = base64::engine::general_purpose::STANDARD.encode(json);
    let form: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("data", &base64).finish();
    let plain_form: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("ip", "1").append_pair("data", r#"{"a":"b+c"}"#).finish();
    let packed = base64::engine::general_purpose::STANDARD.encode(gzip(json));
    for body in [json.to_vec(), gzip(json), form.into_bytes(), plain_form.into_bytes(), base64.into_bytes(), packed.into_bytes()] {
        assert_eq!(plain(&body).unwrap().as_ref(), json, "{}", String::from_utf8_lossy(&body));
    }
    for wrong in [&b""[..], b"hello, world", b"\x1f\x8b\x08nothing", b"data=", b"data=%%"] {
        assert!(plain(wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(plain(&gzip(&vec![b' '; 5 << 20])).unwrap_err().kind, kernel::Kind::TooLarge);
}

#[test]
fn only_what_somebody_did_who_may_be_followed_is_kept() {
    let action = |user: &str, visitor: &str, is_client| Action {
        name: "A".into(),
        user: user.into(),
        visitor: visitor.into(),
        is_client,
        ..Action::default()
    };
    let sifted = |actions: Vec<Action>, asked: &Asked| {
        let carried = sift(Told { actions, ..Told::default() }, asked);
        let lost: Vec<_> = carried.drops.iter().map(|(line, sum)| (line.reason, sum.quantity)).collect();
        let kept = carried.things.first().map_or(0, |thing| serde_json::from_slice::<Actions>(&thing.payload).unwrap().items.len());
        (kept, lost)
    };
    let bot = Asked { is_bot: true, ..page() };
    assert_eq!(sifted(vec![action("", "v", true), action("u", "", false)], &bot), (1, vec![("bot", 1)]));
    assert_eq!(sifted(vec![action("", "", true)], &page()), (0, vec![("nobody", 1)]));
    let out = |opt_out| Asked { asks_out: true, opt_out, ..page() };
    assert_eq!(sifted(vec![action("", "v", true)], &out(OptOut::Anonymous)), (0, vec![("opted_out", 1)]));
    assert_eq!(sifted(vec![action("", "v", true), action("u", "v", true)], &out(OptOut::Anonymous)), (2, vec![]));
    assert_eq!(sifted(vec![action("u", "v", true)], &out(OptOut::All)), (0, vec![("opted_out", 1)]));
    assert_eq!(sifted(vec![action("", "v", true)], &out(OptOut::Ignore)), (1, vec![]));
    let large = Action { props: serde_json::value::to_raw_value(&json!({"a": "x".repeat(limits::ACTION)})).ok(), ..action("u", "", false) };
    assert_eq!(sifted(vec![large, action("u", "", false)], &page()), (1, vec![("too_large", 1)]));
}

fn read_all(bytes: &[u8]) {
    let Ok(body) = plain(bytes) else { return };
    for told in [
        read_segment(&body, None, &page()),
        read_segment(&body, Some("track"), &page()),
        read_posthog(&body, &page()),
        read_script(&body, &page(), |_| String::new()),
    ] {
        drop(told.map(|told| sift(told, &page())));
    }
}

/// Objects with the names that the readers look for, and any values.
fn message() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        proptest::sample::select(vec!["track", "page", "alias", "group", "$identify", "$autocapture", "$groupidentify", "did", "who"])
            .prop_map(Value::from),
    ];
    let names = vec![
        "type",
        "event",
        "userId",
        "anonymousId",
        "properties",
        "context",
        "traits",
        "page",
        "url",
        "timestamp",
        "sentAt",
        "batch",
        "distinct_id",
        "$set",
        "$groups",
        "$group_key",
        "e",
        "t",
        "n",
        "p",
        "at",
        "k",
        "v",
        "u",
        "s",
        "api_key",
        "token",
        "campaign",
        "screen",
    ];
    leaf.prop_recursive(4, 60, 8, move |inner| {
        let map = proptest::collection::btree_map(proptest::sample::select(names.clone()), inner.clone(), 0..8);
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Value::from),
            map.prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn no_message_makes_a_reader_panic(message in message()) {
        read_all(message.to_string().as_bytes());
        read_all(json!({"batch": [message.clone()]}).to_string().as_bytes());
        read_all(json!({"e": [message]}).to_string().as_bytes());
    }
}
