//! What real SDKs sent: every event, attachment and feedback of the recorded traffic becomes something, and nothing is passed over.

use ingest::{Head, Kind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::kit::Kit;

pub struct Recorded {
    /// Such as `node/01-default`.
    pub scenario: String,
    pub kind: Kind,
    pub head: Head,
    pub payload: Vec<u8>,
}

/// Items of errors in the recorded requests. Empty (and said so) where the recordings are not there.
pub fn recorded() -> Vec<Recorded> {
    #[expect(clippy::disallowed_methods, reason = "a test has no config; the recordings lie outside the repository")]
    let root = std::env::var("HERMETIC_FIXTURES")
        .map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures"), PathBuf::from);
    let mut bodies = Vec::new();
    collect(&root.join("envelopes"), &mut bodies);
    bodies.sort();
    if bodies.is_empty() {
        eprintln!("SKIPPED: there are no recorded requests under {}; set HERMETIC_FIXTURES", root.display());
    }
    bodies.iter().flat_map(|body| items(body)).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "body") {
            found.push(path);
        }
    }
}

fn items(body: &Path) -> Vec<Recorded> {
    let request: Value = serde_json::from_slice(&std::fs::read(body.with_extension("json")).unwrap()).unwrap();
    let header = |name: &str| {
        let all = request["headers"].as_array().unwrap();
        let found = all.iter().find(|pair| pair[0].as_str().is_some_and(|key| key.eq_ignore_ascii_case(name)));
        found.and_then(|pair| pair[1].as_str()).unwrap_or_default().to_owned()
    };
    let raw = std::fs::read(body).unwrap();
    let mut bytes = Vec::new();
    match header("content-encoding").as_str() {
        "gzip" => drop(flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut bytes).unwrap()),
        "br" => drop(brotli::Decompressor::new(raw.as_slice(), 4_096).read_to_end(&mut bytes).unwrap()),
        _ => bytes = raw,
    }
    let folder = body.parent().unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let scenario = format!("{}/{}", name(folder.parent().unwrap()), name(folder));
    let path = request["path"].as_str().unwrap();
    let head = Head { user_agent: Some(header("user-agent")), ..Head::default() };
    if path.contains("/store/") {
        return vec![Recorded { scenario, kind: Kind::Event, head, payload: bytes }];
    }
    if !path.contains("/envelope/") {
        return Vec::new();
    }
    split(&bytes)
        .into_iter()
        .filter_map(|(header, payload)| {
            let kind = Kind::from_item_type(header["type"].as_str()?)?;
            let is_ours = matches!(kind, Kind::Event | Kind::Feedback | Kind::UserReport | Kind::Attachment | Kind::Security);
            let text = |key: &str| header[key].as_str().map(str::to_owned);
            let head = Head { filename: text("filename"), content_type: text("content_type"), ..head.clone() };
            is_ours.then(|| Recorded { scenario: scenario.clone(), kind, head, payload })
        })
        .collect()
}

fn split(envelope: &[u8]) -> Vec<(Value, Vec<u8>)> {
    let line = |rest: &[u8]| rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let mut rest = envelope.get(line(envelope) + 1..).unwrap_or_default();
    let mut items = Vec::new();
    while !rest.is_empty() {
        let end = line(rest);
        let header: Option<Value> = serde_json::from_slice(&rest[..end]).ok();
        rest = rest.get(end + 1..).unwrap_or_default();
        let Some(header) = header else { continue };
        let length = header["length"].as_u64().map_or_else(|| line(rest), |length| usize::try_from(length).unwrap()).min(rest.len());
        items.push((header, rest[..length].to_vec()));
        rest = rest.get(length + 1..).unwrap_or_default();
    }
    items
}

#[tokio::test]
async fn everything_that_sdks_sent_becomes_something() {
    let recorded = recorded();
    if recorded.is_empty() {
        return;
    }
    let kit = Kit::new().await;
    let mut sent: BTreeMap<(String, &str), i64> = BTreeMap::new();
    let mut items: Vec<(String, Kind, i64)> = Vec::new();
    for one in &recorded {
        let what = match one.kind {
            Kind::Attachment => "attachments",
            Kind::Feedback | Kind::UserReport => "feedback",
            _ => "events",
        };
        *sent.entry((one.scenario.clone(), what)).or_default() += 1;
        let item = kit.send_as(kit.project, one.kind, &one.payload, one.head.clone()).await;
        items.push((one.scenario.clone(), one.kind, item));
    }
    assert_eq!(kit.house.digest().await, recorded.len());
    for ((scenario, what), count) in &sent {
        println!("{scenario}: {count} {what}");
    }
    let all = |what: &str| sent.iter().filter(|((_, kind), _)| *kind == what).map(|(_, count)| count).sum::<i64>();
    assert!(all("events") >= 40, "{} events are fewer than were recorded", all("events"));
    assert_eq!(kit.logged("select count(*) from errors_events").await, all("events"));
    assert_eq!(kit.logged("select count(*) from errors_attachments").await, all("attachments"));
    assert_eq!(kit.count("select count(*) from errors_feedback").await, all("feedback"));
    assert_eq!(kit.logged("select coalesce(sum(quantity), 0) from ingest_outcomes where outcome = 'dropped'").await, 0);
    assert_eq!(kit.count("select sum(events) from errors_issues").await, all("events"));
    assert_eq!(kit.count("select count(*) from errors_issues where value = '' and type = ''").await, 0, "each has a name");
    for issue in kit.issues().await {
        println!("issue {}: {} × {} [{}] {} {:?}", issue.id, issue.events, issue.title(), issue.culprit, issue.platform, issue.priority);
    }
    // The same programs threw in several scenarios: what is one bug is one issue in all of them.
    let mut of_browser = BTreeMap::new();
    for (scenario, kind, item) in &items {
        if *kind == Kind::Event && scenario.starts_with("browser/") {
            *of_browser.entry(kit.issue_of(*item).await).or_insert(0) += 1;
        }
    }
    assert_eq!(of_browser.values().copied().collect::<Vec<i32>>(), [3, 3, 3, 3], "three runs of a page with four errors: {of_browser:?}");
}
