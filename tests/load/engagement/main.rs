//! The benchmark of engagement: a year of actions through the door and the digest, then the questions that its pages ask, beside DuckDB on the
//! same data.
//!
//! Run by `tests/run engagement`. ENGAGEMENT changes the number of 10,000,000 actions; ENGAGEMENT_PEER=0 leaves DuckDB out.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a driver run by hand: it prints its table and stops at what is broken")]

mod actions;
mod peer;
#[expect(dead_code, reason = "of memory only the peak is of interest here")]
#[path = "../errors/process.rs"]
mod process;

use actions::{action, write};
use kernel::time::Stopwatch;
use process::Meter;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tests::{Client, Hermetic, people, process as program};

const KEY: &str = "0123456789abcdef0123456789abcdef";
/// Requests with a single action each, from so many clients.
const SINGLE: u64 = 20_000;
const SINGLE_CLIENTS: u64 = 16;
/// Actions of a batch: some 450 kB, Segment's limit is 500.
const BATCH: u64 = 1_000;
const BATCH_CLIENTS: u64 = 3;
const PATIENCE: Duration = Duration::from_secs(3_600);

#[tokio::main]
async fn main() {
    let all: u64 = tests::switch("ENGAGEMENT").and_then(|text| text.parse().ok()).unwrap_or(10_000_000);
    let folder = tempfile::tempdir().unwrap();
    let (mut served, owner) = start(folder.path()).await;
    let end = kernel::Clock::System.now().0;
    let meter = Meter::start(&[served.pid()]);

    // One action at a time, as browsers and servers without a queue send them. They are the newest of the year.
    let watch = Stopwatch::start();
    let mut times = send(&served.url, all - SINGLE..all, (SINGLE_CLIENTS, 1), (all, end)).await;
    let single = watch.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let p99 = times[times.len() * 99 / 100];

    let watch = Stopwatch::start();
    send(&served.url, 0..all - SINGLE, (BATCH_CLIENTS, BATCH), (all, end)).await;
    let sent = watch.elapsed().as_secs_f64();
    let counted = number(folder.path(), COUNTED);
    until(folder.path(), all as i64).await;
    let digested = watch.elapsed().as_secs_f64();
    let alone = (all as i64 - counted) as f64 / (digested - sent);
    let taken = meter.read();
    // Everything is counted: what the door keeps for a day more is no part of an action.
    assert!(served.stop().await.success());
    change(folder.path(), "telemetry.db", "delete from ingest_items where kind = 20");
    let stored = used(folder.path(), "telemetry.db") + used(folder.path(), "hermetic.db");
    let ids = bytes_of(folder.path(), "telemetry.db", "engagement_ids");

    let served = Hermetic::serve(folder.path()).await;
    let owner = owner.moved_to(&served.url);
    let asked = peer::ask_ours(&owner, folder.path()).await;
    let other = if tests::switch("ENGAGEMENT_PEER").as_deref() == Some("0") { None } else { peer::ask_duckdb(folder.path(), all, end) };
    peer::print(
        all,
        &peer::Door {
            single: SINGLE as f64 / single,
            p99,
            sent: (all - SINGLE) as f64 / sent,
            digested: (all - SINGLE) as f64 / digested,
            alone,
        },
        &peer::Kept {
            action: stored / all as f64,
            ids: ids / all as f64,
            peak: taken.peak / 1e6,
            cpu_us: taken.cpu_seconds * 1e6 / all as f64,
        },
        &asked,
        other.as_ref(),
    );
}

async fn start(folder: &Path) -> (Hermetic, Client) {
    let mut served = Hermetic::serve(folder).await;
    let owner = people::set_up(&served).await;
    assert!(served.stop().await.success());
    program::apply(
        folder,
        &format!("[[projects]]\nslug = \"shop\"\nname = \"Shop\"\n[[projects.keys]]\nlabel = \"bench\"\npublic_key = \"{KEY}\"\n"),
    );
    let served = Hermetic::serve(folder).await;
    let owner = owner.moved_to(&served.url);
    (served, owner)
}

/// The milliseconds of each answer.
async fn send(url: &str, range: std::ops::Range<u64>, (clients, batch): (u64, u64), (all, end): (u64, i64)) -> Vec<f64> {
    let next = Arc::new(AtomicU64::new(range.start));
    let address = if batch == 1 { format!("{url}/v1/track") } else { format!("{url}/v1/batch") };
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (next, address, last) = (Arc::clone(&next), address.clone(), range.end);
            tokio::spawn(async move {
                let client = reqwest::Client::builder().build().unwrap();
                let mut times = Vec::new();
                loop {
                    let first = next.fetch_add(batch, Ordering::Relaxed);
                    if first >= last {
                        return times;
                    }
                    let body = body(first..(first + batch).min(last), batch > 1, (all, end));
                    let watch = Stopwatch::start();
                    send_one(&client, &address, body).await;
                    times.push(watch.elapsed().as_secs_f64() * 1e3);
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times
}

/// As the SDKs do: whoever is asked to wait waits, and sends it again.
async fn send_one(client: &reqwest::Client, address: &str, body: String) {
    loop {
        let request = client.post(address).basic_auth(KEY, Some("")).header("content-type", "application/json").body(body.clone());
        let answer = request.send().await.unwrap();
        let code = answer.status().as_u16();
        answer.bytes().await.unwrap();
        if code == 200 {
            return;
        }
        assert!(matches!(code, 429 | 503), "the door answers {code}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn body(range: std::ops::Range<u64>, is_batch: bool, (all, end): (u64, i64)) -> String {
    let mut body = String::with_capacity((range.end - range.start) as usize * 460 + 32);
    if is_batch {
        body.push_str("{\"batch\":[");
    }
    for number in range.clone() {
        if number > range.start {
            body.push(',');
        }
        write(&action(number, all, end), &mut body);
    }
    if is_batch {
        body.push_str("]}");
    }
    body
}

const COUNTED: &str = "select coalesce(sum(actions), 0) from engagement_counts where name_id = 0";

async fn until(folder: &Path, wanted: i64) {
    let watch = Stopwatch::start();
    loop {
        let found = number(folder, COUNTED);
        if found >= wanted {
            assert_eq!(found, wanted, "each is counted once");
            return;
        }
        assert!(watch.elapsed() < PATIENCE, "{found} of {wanted} are counted");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn number(folder: &Path, sql: &str) -> i64 {
    open(folder, "hermetic.db").query_row(sql, [], |row| row.get(0)).unwrap()
}

fn open(folder: &Path, file: &str) -> Connection {
    let connection = Connection::open(folder.join("data").join(file)).unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    connection
}

fn change(folder: &Path, file: &str, sql: &str) {
    open(folder, file).execute_batch(sql).unwrap();
}

/// Bytes of the pages that hold something.
fn used(folder: &Path, file: &str) -> f64 {
    let number = |sql: &str| open(folder, file).query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as f64;
    (number("pragma page_count") - number("pragma freelist_count")) * number("pragma page_size")
}

/// What one table would take up alone, at the density that it has: its rows are copied into a file of their own.
fn bytes_of(folder: &Path, file: &str, table: &str) -> f64 {
    let alone = folder.join("alone.db");
    let connection = open(folder, file);
    let sql = format!("attach '{}' as alone; create table alone.copy as select * from {table};", alone.display());
    connection.execute_batch(&sql).unwrap();
    std::fs::metadata(&alone).unwrap().len() as f64
}
