//! What the SDKs really sent.

use std::collections::BTreeMap;

use ingest::Head;
use kernel::Time;
use serde_json::{Value, json};
use testkit::recorded::Envelope;

use super::bench::Bench;

/// One item of type `log`, with the scenario it comes from.
struct Recorded {
    scenario: String,
    payload: Vec<u8>,
}

fn recorded() -> Vec<Recorded> {
    let envelopes = testkit::recorded::envelopes("");
    let logs = |envelope: &Envelope| {
        let scenario = envelope.request.scenario().to_owned();
        let logs = envelope.parts.iter().filter(|part| part.kind() == "log");
        logs.map(|part| Recorded { scenario: scenario.clone(), payload: part.payload.clone() }).collect::<Vec<_>>()
    };
    envelopes.iter().flat_map(logs).collect()
}

#[tokio::test]
async fn the_lines_of_every_sdk_are_found_with_their_levels() {
    let bench = Bench::new().await;
    // The recordings are of this day; the house's clock is set to it.
    bench.house.clock.set(Time::parse_rfc3339("2026-11-23T10:00:00Z").unwrap());
    let recorded = recorded();
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for item in &recorded {
        let count = serde_json::from_slice::<Value>(&item.payload).unwrap()["items"].as_array().unwrap().len();
        *sent.entry(item.scenario.clone()).or_default() += count;
        bench.send_bytes(bench.web, &item.payload, Head::default()).await;
    }
    if recorded.is_empty() {
        return;
    }
    bench.house.digest().await;
    for sdk in ["browser", "node", "py", "rust"] {
        assert!(sent.keys().any(|scenario| scenario.starts_with(sdk)), "{sdk} sends lines: {sent:?}");
    }
    let total: usize = sent.values().sum();
    assert_eq!(bench.find_page("", None, 1_000).await.rows.len(), total, "{sent:?}");
    assert_eq!(bench.hours().await, total as i64);
    let expected = [
        ("level:info \"cart opened\"", 3, "browser"),
        ("level:error \"pay failed\"", 3, "browser"),
        ("level:warn message:\"stock low for %s: %s\"", 1, "node"),
        ("level:info user logged", 1, "node: a template without parameters stays as it is"),
        ("level:warn logger:shop \"812 ms\"", 2, "python"),
        ("level:error logger:shop \"/checkout/7 [POST]\"", 1, "python"),
        ("level:info invoice 7 created release:billing@0.3.0", 1, "rust"),
    ];
    for (query, least, whose) in expected {
        let found = bench.bodies(query).await;
        assert!(found.len() >= least, "{whose}: {query} finds {found:?}");
    }
    let parameters = bench.find("message:\"stock low for %s: %s\"").await;
    let marked: Vec<String> =
        parameters.rows[0].line.pieces().into_iter().filter(|(_, is_parameter)| *is_parameter).map(|(text, _)| text).collect();
    assert_eq!(marked, vec!["SKU-1", "3"]);
}

#[tokio::test]
async fn lines_of_opentelemetry_are_found_like_any_other() {
    let bench = Bench::new().await;
    let nanos = super::bench::testkit_start_s() as u64 * 1_000_000_000 - 2_000_000_000;
    let attribute = |key: &str, value: Value| json!({ "key": key, "value": value });
    let sent = json!({ "resourceLogs": [{
        "resource": { "attributes": [attribute("service.name", json!({ "stringValue": "billing" })), attribute("service.version", json!({ "stringValue": "0.3.0" })), attribute("deployment.environment", json!({ "stringValue": "staging" }))] },
        "scopeLogs": [{ "scope": { "name": "billing.jobs" }, "logRecords": [{
            "timeUnixNano": nanos.to_string(), "severityNumber": 17, "severityText": "ERROR", "body": { "stringValue": "invoice 7 bounced" },
            "traceId": "0131874adc87492188e3592b4bbe8c31", "spanId": "9ac9fe6ad38b1fb3", "attributes": [attribute("invoice.id", json!({ "intValue": "7" }))]
        }] }]
    }] });
    let containers = ingest::otlp::logs("application/json", sent.to_string().as_bytes()).unwrap();
    for container in containers {
        bench.send_bytes(bench.web, &container.payload, Head::default()).await;
    }
    bench.house.digest().await;
    let found = bench.find("level:error trace:0131874adc87492188e3592b4bbe8c31 invoice.id:>=7 environment:staging bounced").await;
    assert_eq!(found.rows.len(), 1);
    let line = &found.rows[0].line;
    assert_eq!(
        (line.body.as_str(), line.at(), line.span_id.as_str()),
        ("invoice 7 bounced", Time((nanos / 1_000_000) as i64), "9ac9fe6ad38b1fb3")
    );
    assert!(line.release.contains("0.3.0"), "{:?}", line.release);
}
