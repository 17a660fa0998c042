//! Which events become one issue, and which do not.

use ingest::{Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::kit::{message, python, with};
use crate::grouping::rules::{Matcher, Rule};
use crate::grouping::{Grouping, HashKind, group};
use crate::normal::{Event, read};

fn event(json: &Value) -> Event {
    let payload = json.to_string();
    read(&Item::sample(1, ProjectId(1), Kind::Event, Time(1_795_425_190_000), b""), payload.as_bytes())
}

fn grouping(json: &Value) -> Grouping {
    group(ProjectId(1), &event(json), &[])
}

/// Whether the second event joins the issue of the first.
fn joins(first: &Value, second: &Value) -> bool {
    let (first, second) = (grouping(first), grouping(second));
    let known: Vec<i64> = first.keys().map(|key| key.hash).collect();
    second.keys().any(|key| known.contains(&key.hash))
}

fn browser(kind: &str, value: &str, frames: &[(&str, &str, u32, u32)]) -> Value {
    let frames: Vec<Value> = frames
        .iter()
        .map(|(file, function, line, column)| json!({"filename": file, "function": function, "lineno": line, "colno": column, "in_app": true}))
        .collect();
    json!({"platform": "javascript", "exception": {"values": [{"type": kind, "value": value, "stacktrace": {"frames": frames}}]}})
}

fn node(frames: &[(&str, &str, &str, bool)]) -> Value {
    let frames: Vec<Value> = frames
        .iter()
        .map(|(file, function, source, in_app)| json!({"filename": file, "function": function, "lineno": 7, "context_line": source, "in_app": in_app}))
        .collect();
    json!({"platform": "node", "exception": {"values": [{"type": "Error", "value": "no", "stacktrace": {"frames": frames}}]}})
}

fn rust(functions: &[&str]) -> Value {
    let frames: Vec<Value> =
        functions.iter().map(|function| json!({"function": function, "in_app": function.starts_with("shop")})).collect();
    json!({"platform": "native", "exception": {"values": [{"type": "panic", "value": "boom", "stacktrace": {"frames": frames}}]}})
}

type Pair = (&'static str, Value, Value);

/// The same code, changed around the bug.
fn changed_code() -> Vec<Pair> {
    let pay = |line| {
        python("KeyError", "'total'", &[("flask.app", "dispatch", 1, "return f()"), ("shop.pay", "pay", line, "total = cart['total']")])
    };
    let asyncio = |noise: &[(&str, &str, u32, &str)]| {
        let mut frames = vec![("shop.web", "serve", 3, "await pay()")];
        frames.extend_from_slice(noise);
        frames.push(("shop.pay", "pay", 9, "raise No()"));
        python("No", "x", &frames)
    };
    let recursion = |depth: usize| {
        let mut frames = vec![("shop.tree", "walk", 5, "self.visit(root)")];
        frames.extend(std::iter::repeat_n(("shop.tree", "visit", 9, "self.visit(child)"), depth));
        python("RecursionError", "maximum recursion depth exceeded", &frames)
    };
    let chain = |message: &str| {
        json!({"platform": "python", "exception": {"values": [
            {"type": "OSError", "value": message, "stacktrace": {"frames": [{"module": "shop.disk", "function": "read", "in_app": true, "context_line": "open(p)"}]}},
            {"type": "LoadError", "value": "cannot load", "stacktrace": {"frames": [{"module": "shop.load", "function": "load", "in_app": true, "context_line": "raise LoadError"}]}}]}})
    };
    let group_of = |count: usize| {
        let one =
            json!({"type": "Timeout", "value": "t", "stacktrace": {"frames": [{"module": "shop.io", "function": "get", "in_app": true}]}});
        let mut values = vec![one; count];
        values.push(json!({"type": "ExceptionGroup", "value": format!("{count} failures"), "mechanism": {"is_exception_group": true}}));
        json!({"platform": "python", "exception": {"values": values}})
    };
    vec![
        ("line numbers moved", pay(10), pay(99)),
        ("whitespace changed", python("E", "v", &[("m", "f", 1, "a  = b")]), python("E", "v", &[("m", "f", 1, "\ta = b ")])),
        (
            "another id in the value",
            python("E", "user 1 gone", &[("m", "f", 1, "x()")]),
            python("E", "user 2 gone", &[("m", "f", 1, "x()")]),
        ),
        (
            "a library's frames changed with its version",
            python("E", "v", &[("flask.app", "full_dispatch", 1, "a"), ("m", "f", 1, "x()")]),
            python("E", "v", &[("flask.ctx", "dispatch", 1, "b"), ("flask.app", "x", 1, "c"), ("m", "f", 1, "x()")]),
        ),
        (
            "async noise between own frames",
            asyncio(&[]),
            asyncio(&[("asyncio.tasks", "__step", 1, "a"), ("asyncio.events", "_run", 2, "b")]),
        ),
        ("recursion of another depth", recursion(10), recursion(170)),
        ("a cause with another id", chain("no /tmp/1"), chain("no /tmp/2")),
        ("three failures of a group instead of fifty", group_of(3), group_of(50)),
        ("message with another id", message("user_3195 has no plan"), message("user_7 has no plan")),
        ("message with another date", message("due 2026-01-01 10:00:00"), message("due 2027-12-31 23:59:59")),
    ]
}

/// The same code, built, run or called in another way.
fn other_circumstances() -> Vec<Pair> {
    vec![
        (
            "minified names of two builds",
            browser("TypeError", "Cannot read properties of undefined (reading 'x')", &[("https://a.example/app.min.js", "e", 1, 4_711)]),
            browser("TypeError", "Cannot read properties of undefined (reading 'x')", &[("https://a.example/app.min.js", "t", 1, 815)]),
        ),
        (
            "minified, in two browsers",
            browser(
                "TypeError",
                "Cannot read properties of undefined (reading 'x')",
                &[("https://a.example/app.3f2a9c1b.js", "e", 1, 4_711)],
            ),
            browser("TypeError", "undefined is not an object (evaluating 'a.b.x')", &[("https://a.example/app.99aab0c1.js", "r/<", 1, 12)]),
        ),
        (
            "readable functions in two browsers and builds",
            browser("TypeError", "a", &[("https://a.example/app.3f2a9c1b.js", "Object.checkout", 10, 4)]),
            browser("TypeError", "b", &[("https://a.example/app.99aab0c1.js", "checkout/<", 12, 7)]),
        ),
        (
            "nameless callbacks that one browser shows and another hides",
            browser(
                "TypeError",
                "a",
                &[
                    ("https://a.example/app.js", "start", 1, 1),
                    ("https://a.example/app.js", "<anonymous>", 2, 2),
                    ("https://a.example/app.js", "checkout", 3, 3),
                ],
            ),
            browser(
                "TypeError",
                "b",
                &[("https://a.example/app.js", "promise callback*start/<", 1, 1), ("https://a.example/app.js", "checkout", 3, 3)],
            ),
        ),
        (
            "internals of node",
            node(&[
                ("/srv/app.js", "main", "pay()", true),
                ("node:internal/process/task_queues", "processTicksAndRejections", "", false),
                ("/srv/pay.js", "pay", "throw no", true),
            ]),
            node(&[("/srv/app.js", "main", "pay()", true), ("/srv/pay.js", "async pay", "throw no", true)]),
        ),
        (
            "the runtime of rust",
            rust(&["std::rt::lang_start", "tokio::runtime::task::raw::poll", "shop::pay::{{closure}}", "rust_begin_unwind"]),
            rust(&["tokio::runtime::scheduler::run", "shop::pay", "core::panicking::panic_fmt", "std::panicking::begin_panic_handler"]),
        ),
    ]
}

/// What SDKs say besides.
fn said_by_sdks() -> Vec<Pair> {
    let pay = |line| {
        python("KeyError", "'total'", &[("flask.app", "dispatch", 1, "return f()"), ("shop.pay", "pay", line, "total = cart['total']")])
    };
    vec![
        ("an SDK that sends an empty fingerprint", pay(1), with(pay(1), json!({"fingerprint": []}))),
        ("nothing in the fingerprint", pay(1), with(pay(1), json!({"fingerprint": [null]}))),
        ("the default as fingerprint", pay(1), with(pay(1), json!({"fingerprint": ["{{ default }}"]}))),
        ("the default without blanks", pay(1), with(pay(1), json!({"fingerprint": ["{{default}}"]}))),
        (
            "one fingerprint, different bugs",
            with(python("A", "a", &[("m", "f", 1, "x")]), json!({"fingerprint": ["payments"]})),
            with(message("anything"), json!({"fingerprint": ["payments"]})),
        ),
        (
            "flags of own frames that a newer SDK sets",
            json!({"platform": "python", "exception": [{"type": "E", "value": "", "stacktrace": {"frames": [{"module": "m", "function": "f", "in_app": false}]}}]}),
            json!({"platform": "python", "exception": [{"type": "E", "value": "", "stacktrace": {"frames": [{"module": "m", "function": "f", "in_app": true}]}}]}),
        ),
    ]
}

#[test]
fn the_same_bug_is_one_issue() {
    let pairs = [changed_code(), other_circumstances(), said_by_sdks()].concat();
    for (name, first, second) in &pairs {
        assert!(joins(first, second), "{name}:\n{:#?}\n{:#?}", grouping(first), grouping(second));
        assert!(joins(second, first), "{name}, the other way round");
    }
}

#[test]
fn different_bugs_are_two_issues() {
    let at = |function: &str, source: &str| {
        python("ValueError", "invalid literal", &[("shop.web", "serve", 1, "go()"), ("shop.pay", function, 7, source)])
    };
    let pairs: Vec<(&str, Value, Value)> = vec![
        ("the same message in two functions", at("pay", "int(x)"), at("refund", "int(x)")),
        ("two lines of one function", at("pay", "int(x)"), at("pay", "int(y)")),
        ("another type at the same place", python("A", "v", &[("m", "f", 1, "x()")]), python("B", "v", &[("m", "f", 1, "x()")])),
        (
            "another cause",
            python("A", "v", &[("m", "f", 1, "x()")]),
            json!({"platform": "python", "exception": [{"type": "Cause"}, python("A", "v", &[("m", "f", 1, "x()")])["exception"]["values"][0]]}),
        ),
        ("two messages", message("disk full"), message("disk slow")),
        ("a message and an exception with the same text", message("disk full"), python("E", "disk full", &[("m", "f", 1, "x()")])),
        (
            "two messages from one helper with a stack",
            json!({"platform": "javascript", "message": "cart empty", "exception": [{"value": "cart empty", "stacktrace": {"frames": [{"function": "log", "filename": "log.js", "in_app": true}]}}]}),
            json!({"platform": "javascript", "message": "cart broken", "exception": [{"value": "cart broken", "stacktrace": {"frames": [{"function": "log", "filename": "log.js", "in_app": true}]}}]}),
        ),
        (
            "two places in minified code with different texts",
            browser("TypeError", "Cannot read properties of undefined (reading 'x')", &[("https://a.example/app.min.js", "e", 1, 4_711)]),
            browser("TypeError", "Cannot read properties of undefined (reading 'y')", &[("https://a.example/app.min.js", "e", 1, 4_711)]),
        ),
        ("two fingerprints", with(message("x"), json!({"fingerprint": ["a"]})), with(message("x"), json!({"fingerprint": ["b"]}))),
        (
            "one word besides the default",
            with(at("pay", "int(x)"), json!({"fingerprint": ["{{ default }}", "a"]})),
            with(at("refund", "int(x)"), json!({"fingerprint": ["{{ default }}", "a"]})),
        ),
        (
            "parts of a fingerprint that only look alike when joined",
            with(message("x"), json!({"fingerprint": ["ab", "c"]})),
            with(message("x"), json!({"fingerprint": ["a", "bc"]})),
        ),
    ];
    for (name, first, second) in &pairs {
        assert!(!joins(first, second), "{name}:\n{:#?}", grouping(first));
    }
}

#[test]
fn two_projects_never_share_an_issue() {
    let event = event(&message("x"));
    let one = group(ProjectId(1), &event, &[]).primary.hash;
    assert_ne!(one, group(ProjectId(2), &event, &[]).primary.hash);
}

#[test]
fn a_thousand_events_of_one_family_open_five_issues_at_most() {
    // As a real shop produces them: five failures, each with its ids, amounts, dates, hosts and depths.
    let mut hashes = BTreeSet::new();
    for index in 0..1_000_u32 {
        let value = match index % 5 {
            0 => format!("user_{index} has no plan since 2026-{:02}-01", index % 12 + 1),
            1 => format!("order ORD-{index}-{:04x} of {}.50 EUR refused by 10.0.{}.{}:443", index * 7, index, index % 200, index % 250),
            2 => format!("timeout after {}ms for https://api.example.com/v1/{index}?t={index}", index * 3),
            3 => format!("duplicate key value violates unique constraint, id={} token=\"{:x}\"", index, u64::from(index) * 7_919),
            _ => format!("customer{index}@example.com: 0x{index:x} 6f9619ff-8b86-d011-b42d-{index:012x}"),
        };
        hashes.insert(grouping(&message(&value)).primary.hash);
    }
    assert!(hashes.len() <= 5, "{} issues", hashes.len());
    assert_eq!(hashes.len(), 5, "five different failures are five issues");
}

#[test]
fn a_rule_of_the_project_comes_before_what_the_sdk_says() {
    let rule = |field: &str, pattern: &str, fingerprint: &[&str], is_enabled| Rule {
        id: 7,
        project: ProjectId(1),
        matchers: vec![Matcher { field: field.into(), pattern: pattern.into() }],
        fingerprint: fingerprint.iter().map(|part| (*part).to_owned()).collect(),
        is_enabled,
    };
    let timeout = |text: &str| {
        event(&with(
            python("ReadTimeout", text, &[("shop.http", "get", 1, "get(url)")]),
            json!({"fingerprint": ["sdk"], "tags": {"tenant": "acme"}}),
        ))
    };
    let hash = |event: &Event, rules: &[Rule]| group(ProjectId(1), event, rules).primary;
    let by_type = [rule("type", "*timeout", &["timeouts", "{{ tags.tenant }}"], true)];
    let key = hash(&timeout("a"), &by_type);
    assert_eq!((key.kind, key.components.rule), (HashKind::Fingerprint, Some(7)));
    assert_eq!(key.components.fingerprint, ["timeouts", "acme"]);
    assert_eq!(key.hash, hash(&timeout("b"), &by_type).hash);
    assert_eq!(hash(&timeout("a"), &[rule("type", "*timeout", &["x"], false)]).components.fingerprint, ["sdk"], "a rule that is off");
    assert_eq!(hash(&timeout("a"), &[rule("type", "!*timeout", &["x"], true)]).components.fingerprint, ["sdk"], "turned round");
    assert_eq!(hash(&timeout("a"), &[rule("tags.tenant", "ac?e", &["x"], true)]).components.fingerprint, ["x"]);
    assert_eq!(hash(&timeout("a"), &[rule("function", "get", &["x"], true)]).components.fingerprint, ["x"]);
}

#[test]
fn why_an_event_is_grouped_can_be_read() {
    let grouping =
        grouping(&python("KeyError", "'total'", &[("flask.app", "dispatch", 1, "f()"), ("shop.pay", "pay", 7, "cart['total']")]));
    assert_eq!(grouping.primary.kind, HashKind::App);
    let json = grouping.primary.components.to_json();
    assert_eq!(json, r#"{"exceptions":[{"kind":"KeyError","frames":[{"place":"shop.pay","function":"pay","line":"cart['total']"}]}]}"#);
    assert_eq!(crate::grouping::Components::from_json(&json), grouping.primary.components);
    assert_eq!(grouping.others.iter().map(|key| key.kind).collect::<Vec<_>>(), [HashKind::System]);
}
