mod hostile;
mod recorded;

use super::*;
use serde_json::{Value, json};

pub fn sample_project() -> Project {
    Project {
        id: kernel::ids::ProjectId(1),
        slug: "web".into(),
        name: "Web".into(),
        platform: String::new(),
        allowed_origins: Vec::new(),
        keeps_addresses: true,
        scrub_fields: Vec::new(),
        safe_fields: Vec::new(),
        created_at: kernel::Time(0),
    }
}

fn scrub_as(project: &Project, kind: Kind, payload: &Value) -> (Value, usize) {
    let scrubbed = Scrubber::for_project(project).scrub(kind, payload.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&scrubbed.bytes).unwrap(), scrubbed.redactions)
}

fn scrub(kind: Kind, payload: &Value) -> (Value, usize) {
    scrub_as(&sample_project(), kind, payload)
}

/// What becomes of one text in `extra`.
fn scrub_text(text: &str) -> String {
    let (clean, _) = scrub(Kind::Event, &json!({"extra": {"note": text}}));
    clean["extra"]["note"].as_str().unwrap().to_owned()
}

#[test]
fn an_event_without_secrets_stays_byte_for_byte() {
    let payload = br#" { "event_id":"9ec79c33ec9942ab8353589fcb2e04dc" , "message" : "caf\u00e9 \ud83d\ude00 a=b","extra":{"session_count":5,"big":12345678901234567890} } "#;
    let scrubbed = Scrubber::for_project(&sample_project()).scrub(Kind::Event, payload).unwrap();
    assert_eq!(scrubbed, Scrubbed { bytes: payload.to_vec(), redactions: 0 });
}

#[test]
fn secrets_are_gone_by_their_name_and_the_reason_is_told() {
    let (clean, redactions) = scrub(Kind::Event, &json!({"extra": {"db": {"password": "hunter2", "host": "db1"}}}));
    assert_eq!(redactions, 1);
    assert_eq!(clean["extra"]["db"], json!({"password": FILTERED, "host": "db1"}));
    assert_eq!(clean["_meta"], json!({"extra": {"db": {"password": {"": {"rem": [["@password", "x"]]}}}}}));
}

#[test]
fn secrets_are_found_in_every_corner_of_an_event() {
    let event = json!({
        "request": {
            "url": "https://shop.example/pay?token=abc123&page=2",
            "query_string": [["token", "abc123"], ["page", "2"], ["who", "ann@example.com"]],
            "headers": [["Authorization", "Bearer abc"], ["Accept", "*/*"], ["Cookie", "sid=1"]],
            "cookies": {"theme": "dark", "sid": "s3cr3t"},
            "data": "email=ann%40example.com&password=hunter2&card=4111+1111",
            "env": {"SECRET_KEY": "k", "SERVER_NAME": "web"},
        },
        "exception": [{"type": "E", "value": "login with password=hunter2 failed", "stacktrace": {"frames": [
            {"function": "pay", "filename": "a.py", "vars": {"api_key": "'k'", "n": "5", "frames": {"secret": "deep"}}, "context_line": "pay(token='t-1', n=token)"},
        ]}}],
        "breadcrumbs": {"values": [{"category": "http", "data": {"url": "https://u:p@api.example/x", "Set-Cookie": "a=b"}}]},
        "contexts": {"payment": {"iban": "DE89370400440532013000", "note": "to DE89370400440532013000"}},
        "tags": [["access_token", "t"], ["browser", "Chrome"]],
        "extra": {"pairs": [{"key": "password", "value": "x"}, {"value": 1234, "name": "pin"}, {"name": "color", "value": "red"}], "jwt": {"raw": 1}},
        "user": {"id": "7", "email": "ann@example.com", "username": "ann", "data": {"password": "x"}},
        "modules": {"cookie": "0.7.0", "express-session": "1.18.0"},
    });
    let (clean, _) = scrub(Kind::Event, &event);
    let at = |path: &str| clean.pointer(path).unwrap_or_else(|| panic!("{path}"));
    for (path, expected) in [
        ("/request/url", json!("https://shop.example/pay?token=[Filtered]&page=2")),
        ("/request/query_string", json!([["token", FILTERED], ["page", "2"], ["who", FILTERED]])),
        ("/request/headers", json!([["Authorization", FILTERED], ["Accept", "*/*"], ["Cookie", FILTERED]])),
        ("/request/cookies", json!({"theme": FILTERED, "sid": FILTERED})),
        ("/request/data", json!("email=[Filtered]&password=[Filtered]&card=4111+1111")),
        ("/request/env", json!({"SECRET_KEY": FILTERED, "SERVER_NAME": "web"})),
        ("/exception/0/value", json!("login with password=[Filtered] failed")),
        ("/exception/0/stacktrace/frames/0/vars", json!({"api_key": FILTERED, "n": "5", "frames": {"secret": FILTERED}})),
        ("/exception/0/stacktrace/frames/0/context_line", json!("pay(token='[Filtered]', n=token)")),
        ("/breadcrumbs/values/0/data", json!({"url": "https://[Filtered]@api.example/x", "Set-Cookie": FILTERED})),
        ("/contexts/payment", json!({"iban": FILTERED, "note": "to [Filtered]"})),
        ("/tags", json!([["access_token", FILTERED], ["browser", "Chrome"]])),
        ("/extra/pairs/0/value", json!(FILTERED)),
        ("/extra/pairs/1/value", json!(FILTERED)),
        ("/extra/pairs/2/value", json!("red")),
        ("/extra/jwt", json!(FILTERED)),
        ("/user", json!({"id": "7", "email": "ann@example.com", "username": "ann", "data": {"password": FILTERED}})),
        ("/modules", event["modules"].clone()),
        ("/_meta/request/headers/0/1/", json!({"rem": [["@authorization", "x"]]})),
        ("/_meta/exception/0/value/", json!({"rem": [["@password", "s", 20, 30]], "len": 34})),
    ] {
        assert_eq!(at(path), &expected, "{path}");
    }
}

#[test]
fn attributes_of_spans_and_lines_keep_a_type_that_fits() {
    let container = json!({"version": 2, "items": [{
        "trace_id": "41111111111111114111111111111111", "span_id": "4111111111111111", "name": "GET /a?token=abc123",
        "attributes": {
            "user.password": {"type": "integer", "value": 1234},
            "http.request.header.cookie": {"value": ["a=b"], "type": "array"},
            "session.count": {"value": 5, "type": "integer"},
            "gen_ai.usage.input_tokens": {"value": 512, "type": "integer"},
            "url.full": {"value": "https://x.example/?apikey=abc123", "type": "string"},
            "sentry.segment.id": {"value": "4111111111111111", "type": "string"},
        },
    }]});
    for kind in [Kind::Spans, Kind::Logs, Kind::Metrics] {
        let (clean, redactions) = scrub(kind, &container);
        let item = &clean["items"][0];
        assert_eq!((&item["span_id"], &item["name"]), (&json!("4111111111111111"), &json!("GET /a?token=[Filtered]")));
        let attribute = |name: &str| &item["attributes"][name];
        assert_eq!(attribute("user.password"), &json!({"value": FILTERED, "type": "string"}));
        assert_eq!(attribute("http.request.header.cookie"), &json!({"value": FILTERED, "type": "string"}));
        assert_eq!(attribute("url.full")["value"], "https://x.example/?apikey=[Filtered]");
        for name in ["session.count", "gen_ai.usage.input_tokens", "sentry.segment.id"] {
            assert_eq!(attribute(name), &container["items"][0]["attributes"][name], "{name}");
        }
        assert_eq!(clean["_meta"]["items"]["0"]["attributes"]["user.password"]["value"][""]["rem"], json!([["@password", "x"]]));
        assert_eq!(redactions, 4);
    }
}

#[test]
fn texts_lose_their_secrets_and_keep_their_words() {
    for (text, expected) in [
        // As programs write them.
        ("token=abc123", "token=[Filtered]"),
        ("a=1&csrf_token=xyz&b=2", "a=1&csrf_token=[Filtered]&b=2"),
        ("user[password]=hunter2&user[name]=ann", "user[password]=[Filtered]&user[name]=ann"),
        (r#"{"password": "hunter2", "n": 1}"#, r#"{"password": "[Filtered]", "n": 1}"#),
        (r#"{"pin": 1234, "token": null, "secret": true}"#, r#"{"pin": [Filtered], "token": null, "secret": true}"#),
        (r#"{"credentials": {"user": "a", "key": [1, 2]}, "n": 1}"#, r#"{"credentials": [Filtered], "n": 1}"#),
        (r#"{"body": "{\"password\": \"hun\\\"ter2\", \"n\": 1}"}"#, r#"{"body": "{\"password\": \"[Filtered]\", \"n\": 1}"}"#),
        (r#"{"password": "it was cut of"#, r#"{"password": "[Filtered]"#),
        ("{'password': 'hunter2', 'n': 1}", "{'password': '[Filtered]', 'n': 1}"),
        (r#"{:password=>"hunter2", "token" => "x1"}"#, r#"{:password=>"[Filtered]", "token" => "[Filtered]"}"#),
        ("Cookie: sid=1; theme=dark\nAccept: */*", "Cookie: [Filtered]\nAccept: */*"),
        ("Authorization: Basic YWxhZGRpbjpvcGVu\n", "Authorization: [Filtered]\n"),
        ("sent Bearer abcDEF123456 twice", "sent Bearer [Filtered] twice"),
        ("password: hunter2", "password: [Filtered]"),
        (
            "<a:login><user>ann</user><a:password x='1'>hunter2</a:password></a:login>",
            "<a:login><user>ann</user><a:password x='1'>[Filtered]</a:password></a:login>",
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhun\r\nter2\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--",
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n[Filtered]\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--",
        ),
        ("curl -H 'X-Api-Key: abc123def' https://x.example", "curl -H 'X-Api-Key: [Filtered]' https://x.example"),
        ("PGPASSWORD=swordfish psql postgres://:swordfish@db/shop", "PGPASSWORD=[Filtered] psql postgres://[Filtered]@db/shop"),
        ("Server=db;User Id=sa;Pwd=swordfish;", "Server=db;User Id=sa;Pwd=[Filtered];"),
        ("mysql://root:pa$$@db.example/shop", "mysql://[Filtered]@db.example/shop"),
        ("https://a:b@c.example/?x=1&sig=abcdef", "https://[Filtered]@c.example/?x=1&sig=[Filtered]"),
        ("GET /users/ann@example.com/edit", "GET /users/[Filtered]/edit"),
        ("https://x.example/?next=%2Fa%3Femail%3Dann%40example.com", "https://x.example/?next=%2Fa%3Femail%3D[Filtered]"),
        ("paid with 4111-1111-1111-1111.", "paid with [Filtered]."),
        ("ssn 078-05-1120", "ssn [Filtered]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN", "[Filtered]"),
        ("key AKIAIOSFODNN7EXAMPLE is old", "key [Filtered] is old"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\nbye", "[Filtered]\nbye"),
        (
            "push https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            "push https://hooks.slack.com/services/[Filtered]",
        ),
    ] {
        assert_eq!(scrub_text(text), expected, "{text}");
    }
}

#[test]
fn texts_without_secrets_are_left_alone() {
    for text in [
        "Unexpected token: '<', \"<!DOCTYPE\" is not valid JSON",
        "SyntaxError: Unexpected token = in JSON at position 5",
        "Invalid password: must be at least 8 characters",
        "Missing authorization: log in first",
        "session: started",
        "select * from users where password = $1 and token = ?",
        "password=%s token={token} secret=${SECRET} key=<redacted>",
        "if token == expected: pass",
        "ApiToken::find(1)",
        "mail ann@example.com about it",
        "https://cdn.example/npm/react-dom@18.2.0/umd/react-dom.js",
        "https://cdn.example/@sentry/browser@11.min.js",
        "git+ssh://git@github.com/a/b.git",
        "webpack://shop@1.0.0/./src/a.ts",
        "order 4111111111111112 of 2026-11-30 10:12:03.123456",
        "token_count=5 max_tokens=100 session_timeout=30 author=ann",
        "Basic authentication is required",
        "usage: login <user> <password> [<token>]",
        "<p>Your <b>password</b> is wrong</p><token/>",
        "a <Session at 0x7f> object",
        "",
    ] {
        assert_eq!(scrub_text(text), text);
    }
}

#[test]
fn what_an_sdk_took_out_itself_is_not_counted_and_its_reasons_stay() {
    let event = json!({
        "request": {"headers": {"Authorization": FILTERED}, "cookies": {}, "data": {"password": "", "token": ["[Filtered]"]}},
        "extra": {"password": "x"},
        "_meta": {"request": {"headers": {"Authorization": {"": {"rem": [["!config", "s"]]}}}}, "extra": {"": {"len": 5}, "password": {"": {"len": 1, "rem": [["!a", "s"]]}}}},
    });
    let (clean, redactions) = scrub(Kind::Event, &event);
    assert_eq!(redactions, 1);
    assert_eq!(clean["request"], event["request"]);
    assert_eq!(clean["_meta"]["request"], event["_meta"]["request"]);
    assert_eq!(clean["_meta"]["extra"], json!({"": {"len": 5}, "password": {"": {"len": 1, "rem": [["!a", "s"], ["@password", "x"]]}}}));
}

#[test]
fn a_broken_meta_gives_way_and_a_secret_in_it_is_found() {
    let (clean, _) = scrub(Kind::Event, &json!({"extra": {"password": "x"}, "_meta": [1, {"a": "token=abc123"}]}));
    assert_eq!(clean["_meta"], json!({"extra": {"password": {"": {"rem": [["@password", "x"]]}}}}));
    let (clean, _) = scrub(Kind::Event, &json!({"_meta": {"a": {"": {"val": "token=abc123"}}}}));
    assert_eq!(clean["_meta"]["a"][""]["val"], "token=[Filtered]");
}

#[test]
fn addresses_stay_or_go_as_the_project_says() {
    let event = json!({
        "user": {"id": "7", "ip_address": "203.0.113.9"},
        "request": {"headers": {"X-Forwarded-For": "203.0.113.9"}, "env": {"REMOTE_ADDR": "203.0.113.9"}},
        "contexts": {"trace": {"data": {"client.address": "203.0.113.9", "server.address": "10.0.0.1"}}},
    });
    assert_eq!(scrub(Kind::Event, &event), (event.clone(), 0));
    let keeps_none = Project { keeps_addresses: false, ..sample_project() };
    let (clean, redactions) = scrub_as(&keeps_none, Kind::Event, &event);
    assert_eq!(redactions, 4);
    assert_eq!(clean["user"], json!({"id": "7", "ip_address": FILTERED}));
    assert_eq!(clean["contexts"]["trace"]["data"]["server.address"], "10.0.0.1");
    assert!(!clean.to_string().contains("203.0.113.9"));
    let auto = json!({"user": {"ip_address": "{{auto}}"}});
    assert_eq!(scrub_as(&keeps_none, Kind::Event, &auto), (auto, 0), "that is a question, no address");
    let session = json!({"sid": "4111111111111111", "did": "x", "attrs": {"ip_address": "203.0.113.9", "release": "1"}});
    let (clean, _) = scrub_as(&keeps_none, Kind::Session, &session);
    assert_eq!(clean["attrs"], json!({"ip_address": FILTERED, "release": "1"}));
    assert_eq!(clean["sid"], session["sid"], "a session's id is no secret, whatever it is called");
}

#[test]
fn a_projects_rules_add_fields_and_spare_others() {
    let project = Project {
        scrub_fields: vec!["nickname".into(), "user.email".into(), "exception".into(), "server_name".into()],
        safe_fields: vec!["session.id".into(), "token_hint".into()],
        ..sample_project()
    };
    let event = json!({
        "server_name": "web-1",
        "exception": [{"type": "E"}],
        "user": {"email": "ann@example.com"},
        "extra": {"old_nickname": true, "session": {"id": "password=hunter2", "secret": 1}, "token_hint": {"password": "x"}, "email": "bob@example.com"},
    });
    let (clean, _) = scrub_as(&project, Kind::Event, &event);
    assert_eq!(clean["server_name"], FILTERED);
    assert_eq!(clean["exception"], event["exception"], "without it an event is none");
    assert_eq!(clean["user"]["email"], FILTERED);
    assert_eq!(clean["extra"]["old_nickname"], FILTERED);
    assert_eq!(clean["extra"]["token_hint"], event["extra"]["token_hint"]);
    assert_eq!(clean["extra"]["email"], "bob@example.com");
    assert_eq!(clean["_meta"]["server_name"], json!({"": {"rem": [["project", "x"]]}}));
    let line = json!({"items": [{"body": "b", "attributes": {"session.id": {"value": "abc", "type": "string"}, "user.email": {"value": "a", "type": "string"}}}]});
    let (clean, _) = scrub_as(&project, Kind::Logs, &line);
    assert_eq!(
        clean["items"][0]["attributes"],
        json!({"session.id": {"value": "abc", "type": "string"}, "user.email": {"value": FILTERED, "type": "string"}})
    );
}

#[test]
fn arguments_of_a_command_are_names_and_values_too() {
    let (clean, redactions) = scrub(
        Kind::Event,
        &json!({"extra": {"sys.argv": ["shop", "--password", "swordfish", "--token=abc123", "--port", "80", "--secret"]}}),
    );
    assert_eq!(clean["extra"]["sys.argv"], json!(["shop", "--password", FILTERED, "--token=[Filtered]", "--port", "80", "--secret"]));
    assert_eq!(redactions, 2);
}

#[test]
fn binary_kinds_pass_as_they_are() {
    let payload = b"\x00\xff password=hunter2";
    for kind in [Kind::Attachment, Kind::Minidump, Kind::ReplayRecording, Kind::ReplayVideo] {
        let scrubbed = Scrubber::for_project(&sample_project()).scrub(kind, payload).unwrap();
        assert_eq!(scrubbed, Scrubbed { bytes: payload.to_vec(), redactions: 0 });
    }
}
