//! What the SDKs really sent.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ingest::Head;
use kernel::Time;
use serde_json::{Value, json};

use super::bench::Bench;

/// One item of type `log`, with the scenario it comes from.
struct Recorded {
    scenario: String,
    payload: Vec<u8>,
}

#[expect(clippy::disallowed_methods, reason = "the recordings lie outside of the repository, where this variable says")]
fn root() -> PathBuf {
    let given = std::env::var("HERMETIC_FIXTURES").map(PathBuf::from);
    given.unwrap_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures")).join("envelopes")
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn body(request: &Path) -> Vec<u8> {
    let head: Value = serde_json::from_slice(&std::fs::read(request).unwrap()).unwrap();
    let body = std::fs::read(request.with_extension("body")).unwrap_or_default();
    let headers = head["headers"].as_array().unwrap();
    let encoding = headers.iter().find(|pair| pair[0].as_str().is_some_and(|name| name.eq_ignore_ascii_case("content-encoding")));
    let mut plain = Vec::new();
    match encoding.and_then(|pair| pair[1].as_str()) {
        Some("br") => brotli::Decompressor::new(body.as_slice(), 4096).read_to_end(&mut plain).unwrap(),
        Some("gzip") => flate2::read::MultiGzDecoder::new(body.as_slice()).read_to_end(&mut plain).unwrap(),
        _ => return body,
    };
    plain
}

/// The items of type `log` of an envelope, by the framing that SDKs use.
fn log_items(envelope: &[u8]) -> Vec<Vec<u8>> {
    let line_end = |from: usize| envelope[from..].iter().position(|byte| *byte == b'\n').map_or(envelope.len(), |at| from + at);
    let mut at = line_end(0) + 1;
    let mut found = Vec::new();
    while at < envelope.len() {
        let head_end = line_end(at);
        let Ok(head) = serde_json::from_slice::<Value>(&envelope[at..head_end]) else { break };
        let from = (head_end + 1).min(envelope.len());
        let to = head["length"].as_u64().map_or_else(|| line_end(from), |length| (from + length as usize).min(envelope.len()));
        if head["type"] == "log" {
            found.push(envelope[from..to].to_vec());
        }
        at = to + 1;
    }
    found
}

fn recorded() -> Vec<Recorded> {
    let mut found = Vec::new();
    for sdk in folders(&root()) {
        for scenario in folders(&sdk) {
            for request in folders(&scenario).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "json")) {
                let name = scenario.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.extend(log_items(&body(&request)).into_iter().map(|payload| Recorded { scenario: name.clone(), payload }));
            }
        }
    }
    if found.is_empty() {
        eprintln!("no recorded requests under {}: this test looked at nothing", root().display());
    }
    found
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
