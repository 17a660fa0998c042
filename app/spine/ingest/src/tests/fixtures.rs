//! Every recorded request of the current SDKs, byte for byte: answered as they expect, and every item of it accounted for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::encoding::{self, Caps};
use crate::envelope;

#[derive(serde::Deserialize)]
struct Recorded {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

/// `None` where the recordings are not there: they are shared between checkouts and too large for this one.
fn root() -> Option<PathBuf> {
    let standard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures");
    let root = std::env::var_os("HERMETIC_FIXTURES").map_or(standard, PathBuf::from);
    let root = root.join("envelopes");
    if root.is_dir() {
        return Some(root);
    }
    eprintln!("SKIPPED: there are no recorded envelopes at {}; name their folder with HERMETIC_FIXTURES", root.display());
    None
}

fn recordings(folder: &Path, found: &mut Vec<(PathBuf, Recorded, Vec<u8>)>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            recordings(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            let recorded: Recorded = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let body = std::fs::read(path.with_extension("body")).unwrap_or_default();
            if recorded.method == "POST" && recorded.path.starts_with("/api/42/") {
                found.push((path, recorded, body));
            }
        }
    }
}

/// How many items of each type an envelope has, by a reading of its own: lines of JSON with a `type`.
fn item_types(recorded: &Recorded, body: &[u8]) -> Vec<String> {
    let packed = recorded.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let layers = encoding::parse(packed.map_or("", |(_, value)| value)).unwrap();
    let body = encoding::decode(body.to_vec(), &layers, Caps::STANDARD, &mut |_| Ok(())).unwrap();
    envelope::parse(&body).unwrap().items.into_iter().map(|item| item.header.kind).collect()
}

fn type_of(item: &Item) -> &'static str {
    match item.kind {
        Kind::Event => "event",
        Kind::Transaction => "transaction",
        Kind::Spans => "span",
        Kind::Logs => "log",
        Kind::Session => "session",
        Kind::Sessions => "sessions",
        Kind::CheckIn => "check_in",
        Kind::Feedback => "feedback",
        Kind::UserReport => "user_report",
        Kind::Attachment | Kind::Minidump => "attachment",
        Kind::Security => "raw_security",
        Kind::ClientReport => "client_report",
        Kind::Profile => "profile",
        Kind::ProfileChunk => "profile_chunk",
        Kind::ReplayEvent => "replay_event",
        Kind::ReplayRecording => "replay_recording",
        Kind::ReplayVideo => "replay_video",
        Kind::Metrics => "trace_metric",
        Kind::Actions => "action",
    }
}

#[tokio::test]
async fn every_recorded_request_is_answered_and_every_item_of_it_is_stored_or_counted() {
    let Some(root) = root() else { return };
    let mut all = Vec::new();
    recordings(&root, &mut all);
    assert!(all.len() > 50, "only {} recorded requests at {}", all.len(), root.display());
    let site = Site::new().await;
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for (place, recorded, body) in &all {
        let path = recorded.path.replacen("/api/42/", &format!("/api/{}/", site.project.id), 1);
        let headers: Vec<(&str, &str)> = recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let got = site.post(&path, &headers, body.clone()).await;
        assert_eq!(got.code, 200, "{}: {}", place.display(), got.body);
        for kind in item_types(recorded, body) {
            *sent.entry(kind).or_default() += 1;
        }
    }
    let mut stored: BTreeMap<String, usize> = BTreeMap::new();
    for item in site.items() {
        item.payload().unwrap();
        *stored.entry(type_of(&item).to_owned()).or_default() += 1;
    }
    // The same event may have been recorded twice: then it is counted as come again.
    let outcomes = site.outcomes().await;
    let again: usize = outcomes
        .iter()
        .filter(|line| line.contains("dropped/duplicate"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum();
    let (all_sent, all_stored): (usize, usize) = (sent.values().sum(), stored.values().sum());
    println!("{} requests, {all_sent} items, {all_stored} stored, {again} come again\n{sent:?}\n{outcomes:#?}", all.len());
    assert_eq!(all_stored + again, all_sent, "sent {sent:?}\nstored {stored:?}\n{outcomes:#?}");
    assert!(!outcomes.iter().any(|line| line.contains("dropped/") && !line.contains("duplicate")), "{outcomes:#?}");
    if again == 0 {
        assert_eq!(stored, sent);
    }
}

#[tokio::test]
async fn no_secret_of_the_recorded_traffic_reaches_the_log() {
    let Some(root) = root() else { return };
    let mut all = Vec::new();
    recordings(&root, &mut all);
    let site = Site::new().await;
    for (_, recorded, body) in &all {
        let path = recorded.path.replacen("/api/42/", &format!("/api/{}/", site.project.id), 1);
        let headers: Vec<(&str, &str)> = recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        site.post(&path, &headers, body.clone()).await;
    }
    for item in site.items().iter().filter(|item| crate::limits::is_json(item.kind)) {
        let payload = String::from_utf8(item.payload().unwrap()).expect("what is kept as JSON is text");
        serde_json::from_str::<serde_json::Value>(&payload).unwrap_or_else(|error| panic!("{:?}: {error}", item.kind));
        // What the recorded programs let out: a token in a query, a card number.
        for secret in ["token=secret123", "4111111111111111", "4111 1111 1111 1111"] {
            assert!(!payload.contains(secret), "{:?} holds {secret}", item.kind);
        }
    }
}
