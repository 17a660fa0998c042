//! Every shape that SDKs have sent over the years reads the same.

use ingest::{Head, Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::{Value, json};

use crate::model::Level;
use crate::normal::{self, Event};

fn read_with(head: Head, event: Value) -> Event {
    let mut item = Item::sample(1, ProjectId(1), Kind::Event, Time(1_795_425_190_000), b"");
    item.head = head;
    normal::read(&item, event.to_string().as_bytes())
}

fn read(event: Value) -> Event {
    read_with(Head::default(), event)
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn messages_come_as_text_as_an_object_or_as_an_entry_of_a_log() {
    for (event, shown, template) in [
        (json!({"message": "hello"}), "hello", "hello"),
        (json!({"message": {"formatted": "hello 7", "message": "hello %s", "params": [7]}}), "hello 7", "hello %s"),
        (json!({"logentry": {"message": "hello %s", "params": ["x"]}}), "hello %s", "hello %s"),
        (json!({"message": "hello 7", "logentry": {"message": "hello %s"}}), "hello 7", "hello %s"),
    ] {
        let message = read(event.clone()).message.unwrap();
        assert_eq!((message.text(), message.template()), (shown, template), "{event}");
    }
    assert_eq!(read(json!({"message": ""})).message, None);
}

#[test]
fn levels_follow_the_word_the_number_or_what_the_event_is() {
    for (event, level) in [
        (json!({"level": "warn"}), Level::Warning),
        (json!({"level": 50}), Level::Fatal),
        (json!({"level": "what"}), Level::Error),
        (json!({"message": "x"}), Level::Info),
        (json!({"message": "x", "exception": {"type": "E"}}), Level::Error),
    ] {
        assert_eq!(read(event.clone()).level, level, "{event}");
    }
}

#[test]
fn requests_lose_their_query_to_a_list_of_its_own() {
    let query = pairs(&[("a", "1"), ("b", "2 3")]);
    for request in [
        json!({"url": "https://x.example/cart?a=1&b=2%203#top"}),
        json!({"url": "https://x.example/cart", "query_string": "a=1&b=2+3"}),
        json!({"url": "https://x.example/cart?old=1", "query_string": [["a", "1"], ["b", "2 3"]]}),
        json!({"url": "https://x.example/cart#a?b", "query_string": {"a": 1, "b": "2 3"}}),
    ] {
        let event = read(json!({"request": request}));
        assert_eq!((event.request.url.as_str(), &event.request.query), ("https://x.example/cart", &query), "{request}");
        assert_eq!(event.tag("url"), Some("https://x.example/cart"));
    }
    let event = read(json!({"request": {"headers": [["Accept", ["a", "b"]], ["Host", "x"]], "cookies": "a=1; b=2"}}));
    assert_eq!(event.request.headers, pairs(&[("Accept", "a, b"), ("Host", "x")]));
    assert_eq!(event.request.cookies, pairs(&[("a", "1"), ("b", "2")]));
}

#[test]
fn a_users_address_is_taken_only_where_the_sdk_lets_us() {
    let with = |address: Option<&str>, event: Value| {
        read_with(Head { address: address.map(str::to_owned), ..Head::default() }, event).user.ip_address
    };
    let peer = Some("198.51.100.7");
    let sdk = |infer: &str| json!({"settings": {"infer_ip": infer}});
    assert_eq!(with(peer, json!({"user": {"ip_address": "{{auto}}"}})), "198.51.100.7");
    assert_eq!(with(peer, json!({"user": {"ip_address": "{{auto}}"}, "sdk": sdk("never")})), "");
    assert_eq!(with(peer, json!({"sdk": sdk("auto")})), "198.51.100.7");
    assert_eq!(with(peer, json!({"platform": "javascript"})), "198.51.100.7", "older SDKs of browsers");
    assert_eq!(with(peer, json!({"platform": "javascript", "sdk": sdk("never")})), "");
    assert_eq!(with(peer, json!({"platform": "python"})), "", "that is the server's own");
    assert_eq!(with(peer, json!({"user": {"ip_address": "203.0.113.9"}})), "203.0.113.9");
    assert_eq!(with(None, json!({"user": {"ip_address": "{{auto}}"}, "request": {"env": {"REMOTE_ADDR": "203.0.113.9"}}})), "203.0.113.9");
    assert_eq!(with(None, json!({"user": {"ip_address": "{{auto}}"}})), "", "the project keeps no addresses");
}

#[test]
fn tags_are_those_that_were_sent_and_those_that_follow() {
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
    let event = read(json!({
        "platform": "javascript", "level": "error", "release": "shop@1.0.0", "environment": "live", "transaction": "/cart", "logger": "app",
        "user": {"email": "ada@example.com"}, "request": {"url": "https://x.example/", "headers": {"user-agent": agent}},
        "exception": [{"type": "E", "mechanism": {"type": "onerror", "handled": false}}],
        "tags": [["plan", "pro"], ["level", "mine"], ["plan", "second"], ["", "x"], ["empty", ""]]
    }));
    for (key, value) in [
        ("plan", "pro"),
        ("level", "mine"),
        ("release", "shop@1.0.0"),
        ("environment", "live"),
        ("transaction", "/cart"),
        ("user", "email:ada@example.com"),
        ("browser", "Firefox 132"),
        ("browser.name", "Firefox"),
        ("os.name", "Linux"),
        ("mechanism", "onerror"),
        ("handled", "no"),
    ] {
        assert_eq!(event.tag(key), Some(value), "{key}");
    }
    assert_eq!(event.tag("empty"), None);
    assert!(event.is_unhandled());
    assert_eq!(event.tags.iter().filter(|(key, _)| key == "plan").count(), 1);
}

#[test]
fn breadcrumbs_flags_and_traces_are_found_where_sdks_put_them() {
    let crumb = json!({"timestamp": 1_795_425_189.5, "category": "http", "message": "GET", "data": {"code": 200}});
    for shape in [json!([crumb]), json!({"values": [crumb]})] {
        let event = read(json!({"breadcrumbs": shape}));
        assert_eq!((event.breadcrumbs[0].at, event.breadcrumbs[0].category.as_str()), (Some(Time(1_795_425_189_500)), "http"));
    }
    let event = read(json!({"contexts": {
        "flags": {"values": [{"flag": "new-cart", "result": true}]},
        "trace": {"trace_id": "bb96c179e69e4e88a7425f45e0dacc65", "span_id": "b1eaf7bcb3857669"},
        "replay": {"replay_id": "17f48c75-2d69-42d2-a660-a88bcd35c70b"}}}));
    assert_eq!(event.flags, pairs(&[("new-cart", "true")]));
    assert_eq!(event.trace_id.map(|id| id[0]), Some(0xbb));
    assert_eq!((event.span_id.as_str(), event.replay_id.as_str()), ("b1eaf7bcb3857669", "17f48c752d6942d2a660a88bcd35c70b"));
}

#[test]
fn the_stack_of_the_thread_that_crashed_stands_for_an_exception_that_has_none() {
    let thread = |name: &str, crashed: bool| json!({"name": name, "crashed": crashed, "stacktrace": {"frames": [{"function": name}]}});
    let event = read(json!({"platform": "native", "threads": {"values": [thread("ui", false), thread("worker", true)]}}));
    assert_eq!(event.stack.unwrap()[0].function, "worker");
    let two = read(json!({"threads": [thread("a", false), thread("b", false)]}));
    assert_eq!(two.stack, None, "nobody can say which of two matters");
    let old = read(json!({"stacktrace": {"frames": [{"function": "old"}]}}));
    assert_eq!(old.stack.unwrap()[0].function, "old");
}

#[test]
fn versions_that_cannot_be_one_are_none_and_the_environment_has_a_default() {
    let event = read(json!({"release": "a\nb", "environment": ""}));
    assert_eq!((event.release.as_str(), event.environment.as_str()), ("", "production"));
    assert_eq!(read(json!({"release": " 🚀 1.0 "})).release, "🚀 1.0");
}
