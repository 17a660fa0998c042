//! What programs report, through the real binary: every recorded request, and what is left of it after `kill -9`.

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::{Client, Hermetic, eventually_async, process, root, switch};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const PROJECT: &str = "[[projects]]\nslug = \"shop\"\nname = \"Shop\"\n[[projects.keys]]\nlabel = \"all\"\npublic_key = \"0123456789abcdef0123456789abcdef\"\n";

/// One recorded request.
struct Recorded {
    name: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Every request that an SDK sent to its DSN, below the folder of fixtures.
fn recorded() -> Vec<Recorded> {
    let fixtures = switch("HERMETIC_FIXTURES").map_or_else(|| root().join("../shared/fixtures"), PathBuf::from);
    let mut found = Vec::new();
    let mut folders = vec![fixtures.join("envelopes")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "json") {
                found.extend(read(&path));
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn read(path: &Path) -> Option<Recorded> {
    let head: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let place = head["path"].as_str()?.strip_prefix("/api/42/")?;
    if head["method"] != "POST" {
        return None;
    }
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_lowercase(), pair[1].as_str()?.to_owned()));
    let headers = head["headers"].as_array()?.iter().filter_map(pair);
    let ours = |name: &str| !matches!(name, "host" | "content-length" | "transfer-encoding" | "connection");
    Some(Recorded {
        name: path.display().to_string(),
        path: format!("/api/1/{place}"),
        headers: headers.filter(|(name, _)| ours(name)).collect(),
        body: std::fs::read(path.with_extension("body")).ok()?,
    })
}

/// What the envelope holds, by the types it names, read as plainly as can be.
fn types(recorded: &Recorded) -> Vec<String> {
    let encoding = recorded.headers.iter().find(|(name, _)| name == "content-encoding").map(|(_, value)| value.as_str());
    let mut body = Vec::new();
    match encoding {
        Some("br") => drop(brotli::Decompressor::new(recorded.body.as_slice(), 4_096).read_to_end(&mut body)),
        Some("gzip") => drop(flate2::read::MultiGzDecoder::new(recorded.body.as_slice()).read_to_end(&mut body)),
        _ => body.clone_from(&recorded.body),
    }
    if recorded.path.contains("/store/") {
        return vec!["event".to_owned()];
    }
    let mut types = Vec::new();
    let mut rest = body.as_slice();
    let line = |rest: &mut &[u8]| {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        *rest = after.get(1..).unwrap_or_default();
        line.to_vec()
    };
    line(&mut rest);
    while !rest.is_empty() {
        let head = line(&mut rest);
        let Ok(head) = serde_json::from_slice::<Value>(&head) else { continue };
        types.extend(head["type"].as_str().map(str::to_owned));
        match head["length"].as_u64() {
            Some(length) => rest = rest.get(usize::try_from(length).expect("a length") + 1..).unwrap_or_default(),
            None => drop(line(&mut rest)),
        }
    }
    types
}

fn number(data: &Path, file: &str, sql: &str) -> i64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(file), flags).expect("the database opens");
    connection.busy_timeout(Duration::from_secs(5)).expect("patience");
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn post(client: &reqwest::Client, base: &str, recorded: &Recorded) -> (u16, Value) {
    let mut request = client.post(format!("{base}{}", recorded.path)).body(recorded.body.clone());
    for (name, value) in &recorded.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap_or_else(|error| panic!("{}: {error}", recorded.name));
    let code = answer.status().as_u16();
    (code, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn every_recorded_request_is_answered_and_every_item_is_stored_or_counted() {
    let requests = recorded();
    if requests.is_empty() {
        println!("SKIPPED: there are no recorded requests; name their folder with HERMETIC_FIXTURES");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::apply(folder.path(), PROJECT);
    let served = Hermetic::serve(folder.path()).await;
    // A client of its own for the provider of TLS.
    drop(Client::new(&served.url));
    let client = reqwest::Client::new();
    let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
    for request in &requests {
        let (code, answer) = post(&client, &served.url, request).await;
        assert_eq!(code, 200, "{} was answered {answer}", request.name);
        assert!(answer.is_object(), "{} was answered with no JSON", request.name);
        for kind in types(request) {
            *wanted.entry(kind).or_default() += 1;
        }
    }
    let data = served.data_dir();
    // What an SDK threw away itself is counted, not kept. What our own findings add has no key.
    wanted.remove("client_report");
    let all: i64 = wanted.values().sum();
    let stored = number(&data, "telemetry.db", "select count(*) from ingest_items where kind <> 13 and head like '%\"key\":%'");
    let dropped = outcomes(&data, "dropped");
    // Each of these is one item: containers are never sent twice.
    let doubles: i64 = dropped.iter().filter(|(reason, _)| reason == "duplicate").map(|(_, quantity)| quantity).sum();
    println!("{stored} of {all} stored, dropped {dropped:?}, discarded by SDKs {:?}: {wanted:?}", outcomes(&data, "discarded"));
    assert_eq!(stored + doubles, all, "dropped: {dropped:?}");
    // Sessions are refused once the recording is older than five days.
    let is_usual = |reason: &str| matches!(reason, "duplicate" | "session_too_old");
    assert!(dropped.iter().all(|(reason, _)| is_usual(reason)), "no SDK sends what is refused here: {dropped:?}");
    assert!(!outcomes(&data, "discarded").is_empty(), "the client reports are counted");
}

/// Reasons and how many.
fn outcomes(data: &Path, outcome: &str) -> Vec<(String, i64)> {
    let connection = Connection::open(data.join("telemetry.db")).expect("the log opens");
    let sql = "select reason, sum(quantity) from ingest_outcomes where outcome = ? group by reason order by reason";
    let mut rows = connection.prepare(sql).expect("a query");
    let rows = rows.query_map([outcome], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

fn event(id: u128) -> Vec<u8> {
    let family = id % 7;
    format!(
        "{{\"event_id\":\"{id:032x}\"}}\n{{\"type\":\"event\"}}\n{{\"event_id\":\"{id:032x}\",\"platform\":\"python\",\"exception\":{{\"values\":[{{\
         \"type\":\"Failure{family}\",\"value\":\"attempt {id}\",\"stacktrace\":{{\"frames\":[{{\"function\":\"run{family}\",\"module\":\"jobs\",\
         \"in_app\":true,\"lineno\":{}}}]}}}}]}}}}\n",
        id % 90
    )
    .into_bytes()
}

/// Sends until the server is gone; gives the ids that were answered with 200.
async fn report(base: String, first: u128, acknowledged: Arc<Mutex<Vec<u128>>>) {
    let client = reqwest::Client::new();
    for id in first.. {
        let request = client.post(format!("{base}/api/1/envelope/?sentry_key={KEY}")).body(event(id));
        match request.send().await {
            Ok(answer) if answer.status().as_u16() == 200 => acknowledged.lock().expect("the list").push(id),
            Ok(answer) => panic!("an event was answered {}", answer.status()),
            Err(_) => return,
        }
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_missing_and_nothing_counted_twice_after_kill_9_at_any_moment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::apply(folder.path(), PROJECT);
    let mut served = Hermetic::serve(folder.path()).await;
    drop(Client::new(&served.url));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 0_u64..6 {
        let tasks: Vec<_> = (0..4)
            .map(|lane| {
                let first = (u128::from(round) << 64) + (lane << 48) + 1;
                tokio::spawn(report(served.url.clone(), first, Arc::clone(&acknowledged)))
            })
            .collect();
        // Early it dies in a digest, later between an answer and the next one.
        tokio::time::sleep(Duration::from_millis(40 + 173 * round)).await;
        served.kill().await;
        for task in tasks {
            task.await.expect("the reporter ends");
        }
        served.restart().await;
    }
    let data = served.data_dir();
    let acknowledged = acknowledged.lock().expect("the list").clone();
    assert!(acknowledged.len() > 200, "only {} events were acknowledged", acknowledged.len());
    let kept = number(&data, "telemetry.db", "select count(*) from ingest_items where kind = 1");
    assert!(kept >= i64::try_from(acknowledged.len()).expect("a count"), "{kept} of {} are kept", acknowledged.len());
    let connection = Connection::open(data.join("telemetry.db")).expect("the log opens");
    for id in &acknowledged {
        let is_kept: bool = connection
            .query_row("select exists (select 1 from ingest_items where kind = 1 and event_id = ?)", [id.to_be_bytes()], |row| row.get(0))
            .expect("a look");
        assert!(is_kept, "{id:032x} was acknowledged and is gone");
    }
    drop(connection);
    let counted = eventually_async("the digest catches up", Duration::from_secs(60), async || {
        let counted = number(&data, "hermetic.db", "select coalesce(sum(events), 0) from errors_issues");
        (counted >= kept).then_some(counted)
    })
    .await;
    assert_eq!(counted, kept, "each event is counted once");
    assert_eq!(number(&data, "hermetic.db", "select count(*) from errors_issues"), 7, "one issue a family");
    println!("{} acknowledged, {kept} kept, {counted} counted", acknowledged.len());
}
