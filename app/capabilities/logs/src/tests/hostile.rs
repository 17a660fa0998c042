//! Whatever comes in: nothing breaks, and nothing of it becomes markup.

use ingest::Head;
use kernel::Role;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bench::{Bench, line, line_with};
use crate::model::line::{line_at, lines_of};
use crate::model::query::Candidate;
use crate::model::{Query, words};

const SCRIPT: &str = "</code><script>alert(1)</script><img src=x onerror=alert(2)>\"'";

#[tokio::test]
async fn nothing_of_a_line_becomes_markup() {
    let bench = Bench::new().await;
    let attributes = json!({ SCRIPT: SCRIPT, "logger.name": SCRIPT, "sentry.release": SCRIPT, "sentry.environment": SCRIPT, "url.full": "javascript:alert(1)", "sentry.message.template": SCRIPT, "sentry.message.parameter.0": "<img src=x onerror=alert(2)>" });
    bench.log(&[line_with("error", 1.0, SCRIPT, attributes)]).await;
    let member = bench.house.member(Role::Viewer).await;
    let id = bench.find("").await.rows[0].id;
    let search = format!("/logs?q={}", url::form_urlencoded::byte_serialize(format!("\"{SCRIPT}").as_bytes()).collect::<String>());
    for path in ["/logs".to_owned(), "/logs?tail=1".to_owned(), format!("/logs/lines/{id}"), search] {
        let page = member.get(&path).await.expect(200).body;
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{path}");
        assert!(!page.contains("href=\"javascript:"), "{path}");
    }
    let text = member.get("/logs/export?format=text").await.expect(200);
    assert!(text.header("content-type").starts_with("text/plain"));
    assert_eq!(text.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn odd_containers_cost_only_themselves() {
    let bench = Bench::new().await;
    let deep = format!("{{\"items\":[{{\"body\":{}1{}}}]}}", "[".repeat(1_000), "]".repeat(1_000));
    let many: serde_json::Map<String, Value> =
        (0..10_000).map(|number| (format!("k{number}"), json!({ "value": "v", "type": "string" }))).collect();
    let huge = json!({ "items": [{ "level": "info", "body": "x".repeat(1 << 20), "attributes": many }] }).to_string();
    let odd = json!({ "items": [{ "timestamp": 1e308, "level": "info", "body": "nul \u{0} and \u{202e} and 🚀", "trace_id": "zz", "attributes": { "n": { "value": -0.0, "type": "double" }, "big": { "value": u64::MAX, "type": "integer" } } }] }).to_string();
    for payload in [deep.as_str(), &huge, &odd, "{", "\u{0}", ""] {
        bench.send_bytes(bench.web, payload.as_bytes(), Head::default()).await;
    }
    bench.send(bench.web, &[line("info", 1.0, "after all of it")]).await;
    bench.house.digest().await;
    let found = bench.bodies("").await;
    assert_eq!(found.len(), 3, "two odd ones and the last");
    assert!(found.contains(&"after all of it".to_owned()));
    let lost = bench.count("select sum(quantity) from ingest_outcomes where outcome = 'dropped' and reason = 'undigestible'").await;
    assert_eq!(lost, 4, "what could not be read is counted");
    assert_eq!(bench.bodies("nul").await.len(), 1);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z_.]{1,12}", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_json_is_read_without_a_panic(fields in prop::collection::btree_map(prop::sample::select(vec!["timestamp", "level", "body", "trace_id", "span_id", "severity_number", "attributes"]), value(), 0..7)) {
        let line: serde_json::Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let payload = json!({ "items": [line] }).to_string();
        let item = ingest::Item::sample(1, kernel::ids::ProjectId(1), ingest::Kind::Logs, kernel::Time(1_772_452_800_000), payload.as_bytes());
        for (position, line) in lines_of(&item).unwrap().into_iter().enumerate() {
            words::words_of(&line, item.project);
            line.pieces();
            prop_assert_eq!(line_at(&item, position).unwrap(), Some(line));
        }
    }

    #[test]
    fn any_question_is_answered_without_a_panic(text in ".{0,60}", body in ".{0,60}") {
        let query = Query::parse(&text, &|_| None);
        query.leads();
        let payload = json!({ "items": [{ "body": body }] }).to_string();
        let item = ingest::Item::sample(1, kernel::ids::ProjectId(1), ingest::Kind::Logs, kernel::Time(1_772_452_800_000), payload.as_bytes());
        let line = lines_of(&item).unwrap().remove(0);
        query.fits(&Candidate { project: item.project, line: &line });
        query.with_level(None);
    }

    /// Every word that a line has leads to it: what the index keeps and what the line decides are split alike.
    #[test]
    fn each_word_of_a_line_fits_it(body in "\\PC{1,40}") {
        let payload = json!({ "items": [{ "body": body }] }).to_string();
        let item = ingest::Item::sample(1, kernel::ids::ProjectId(1), ingest::Kind::Logs, kernel::Time(1_772_452_800_000), payload.as_bytes());
        let line = lines_of(&item).unwrap().remove(0);
        let kept = words::words_of(&line, item.project);
        for word in words::split(&line.body) {
            prop_assert!(kept.split(' ').any(|known| known == word));
            let query = Query::parse(&format!("\"{word}\""), &|_| None);
            prop_assert!(query.fits(&Candidate { project: item.project, line: &line }), "{}: {:?}", word, query.terms);
        }
    }
}
