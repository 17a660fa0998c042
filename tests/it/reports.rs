//! What programs report, through the real binary: every recorded request, and what is left of it after `kill -9`.

use kernel::time::Stopwatch;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::recorded::{self, Envelope, Request};
use tests::{Client, Hermetic, eventually_async, process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const PROJECT: &str = "[[projects]]\nslug = \"shop\"\nname = \"Shop\"\n[[projects.keys]]\nlabel = \"all\"\npublic_key = \"0123456789abcdef0123456789abcdef\"\n";

/// Every request that an SDK sent to its DSN, as it goes to the first project of a new house.
fn recorded() -> Vec<Envelope> {
    let ours = |envelope: &Envelope| envelope.request.method == "POST" && envelope.request.path.starts_with("/api/42/");
    let mut all: Vec<Envelope> = recorded::envelopes("").into_iter().filter(ours).collect();
    for Envelope { request, .. } in &mut all {
        request.path = request.path.replacen("/api/42/", "/api/1/", 1);
        let is_framing = |name: &str| ["host", "content-length", "transfer-encoding", "connection"].contains(&name.to_lowercase().as_str());
        request.headers.retain(|(name, _)| !is_framing(name));
    }
    all
}

fn number(data: &Path, file: &str, sql: &str) -> i64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(file), flags).expect("the database opens");
    connection.busy_timeout(Duration::from_secs(5)).expect("patience");
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn post(client: &reqwest::Client, base: &str, recorded: &Request) -> (u16, String) {
    let mut request = client.post(format!("{base}{}", recorded.path)).body(recorded.body.clone());
    for (name, value) in &recorded.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap_or_else(|error| panic!("{}: {error}", recorded.name));
    let code = answer.status().as_u16();
    (code, answer.text().await.unwrap_or_default())
}

#[tokio::test]
async fn every_recorded_request_is_answered_and_every_item_is_stored_or_counted() {
    let requests = recorded();
    if requests.is_empty() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::apply(folder.path(), PROJECT);
    let served = Hermetic::serve(folder.path()).await;
    // A client of its own for the provider of TLS.
    drop(Client::new(&served.url));
    let client = reqwest::Client::new();
    let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
    for Envelope { request, parts, .. } in &requests {
        let (code, answer) = post(&client, &served.url, request).await;
        assert_eq!(code, 200, "{} was answered {answer}", request.name);
        if request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("origin")) {
            assert_eq!(answer, "", "{}: a page reads no answer, and what it does not read stays in its way", request.name);
        } else {
            let answer: Value = serde_json::from_str(&answer).unwrap_or(Value::Null);
            assert!(answer.is_object(), "{} was answered with no JSON", request.name);
        }
        for part in parts {
            *wanted.entry(part.kind().to_owned()).or_default() += 1;
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

/// Events that do not pack: random text, some 6 kB each.
fn large_event(id: u128) -> Vec<u8> {
    let noise: String = std::iter::repeat_with(kernel::ids::random_token).take(200).collect();
    format!(
        "{{\"event_id\":\"{id:032x}\"}}\n{{\"type\":\"event\"}}\n{{\"event_id\":\"{id:032x}\",\"platform\":\"python\",\"message\":\"attempt\",\"extra\":{{\"noise\":\"{noise}\"}}}}\n"
    )
    .into_bytes()
}

/// What must hold of the log whatever died when: each row has its item, each item of an event its row, and the sizes are those of the rows.
fn is_consistent(data: &Path) -> bool {
    let log = |sql: &str| number(data, "telemetry.db", sql);
    let without = "select count(*) from errors_events where item_id not in (select id from ingest_items)";
    let loose = "select count(*) from ingest_items where kind = 1 and id not in (select item_id from errors_events)";
    let sizes = "select (select items from errors_sizes where what = 'events') = (select count(*) from errors_events) \
                 and (select bytes from errors_sizes where what = 'events') = (select sum(bytes) from errors_events)";
    (log(without), log(loose), log(sizes)) == (0, 0, 1)
}

#[tokio::test]
async fn counts_and_sizes_are_exact_after_kill_9_in_the_midst_of_eviction() {
    const EVENTS: i64 = 3_600;
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::apply(folder.path(), PROJECT);
    process::set(folder.path(), "errors.events_mb", "10");
    let mut served = Hermetic::serve(folder.path()).await;
    drop(Client::new(&served.url));
    let data = served.data_dir();
    let client = reqwest::Client::new();
    let door = format!("{}/api/1/envelope/?sentry_key={KEY}", served.url);
    let lanes: Vec<_> = (0..8)
        .map(|lane| {
            let (client, door) = (client.clone(), door.clone());
            tokio::spawn(async move {
                for id in (1..=EVENTS).filter(|id| id % 8 == lane) {
                    let body = large_event(u128::try_from(id).expect("an id"));
                    let answer = client.post(&door).body(body).send().await.expect("an answer");
                    assert_eq!(answer.status().as_u16(), 200);
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.expect("all of a lane is sent");
    }
    let counted = || number(&data, "hermetic.db", "select coalesce(sum(events), 0) from errors_issues");
    eventually_async("all are digested", Duration::from_secs(60), async || (counted() == EVENTS).then_some(())).await;
    let left = || number(&data, "telemetry.db", "select count(*) from errors_events");
    let room = || number(&data, "telemetry.db", "select coalesce(sum(bytes), 0) from errors_events") <= 10_000_000;
    let mut kills_in_the_midst = 0;
    while !room() {
        served.kill().await;
        // Due at once, at each start anew.
        let state = Connection::open(data.join("hermetic.db")).expect("the state opens");
        state.execute("update work_schedules set next_at = 0 where kind = 'errors.evict'", []).expect("the job is due");
        drop(state);
        let before = left();
        served.restart().await;
        let patience = Stopwatch::start();
        while left() == before && patience.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        served.kill().await;
        kills_in_the_midst += i32::from(!room());
        assert!(is_consistent(&data), "{} events are left", left());
        served.restart().await;
    }
    assert!(kills_in_the_midst > 0, "no kill fell into the eviction");
    assert!(left() < EVENTS && counted() == EVENTS, "{} of {EVENTS} are left, {} counted", left(), counted());
    assert!(is_consistent(&data));
    println!("{} of {EVENTS} events are left after {kills_in_the_midst} kills in the midst", left());
}

#[tokio::test]
async fn what_is_refused_while_the_server_ends_is_counted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    process::apply(folder.path(), PROJECT);
    let mut served = Hermetic::serve(folder.path()).await;
    let address = served.url.trim_start_matches("http://").to_owned();
    let body = "this is no envelope";
    let mut late = TcpStream::connect(&address).await.expect("a connection");
    let head = format!("POST /api/1/envelope/?sentry_key={KEY} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    late.write_all(format!("{head}{}", &body[..4]).as_bytes()).await.expect("half a request");
    let ending = tokio::spawn(async move {
        let ended = served.stop().await;
        (served, ended)
    });
    // Nobody new is let in: the end has begun, and the counts that lay in memory are written.
    eventually_async("the server lets nobody in", Duration::from_secs(10), async || {
        TcpStream::connect(&address).await.is_err().then_some(())
    })
    .await;
    late.write_all(&body.as_bytes()[4..]).await.expect("the other half");
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let (served, ended) = ending.await.expect("the end");
    assert!(ended.success(), "{}", served.log());
    assert_eq!(outcomes(&served.data_dir(), "dropped"), [("malformed".to_owned(), 1)]);
}
