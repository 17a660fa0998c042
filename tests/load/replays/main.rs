//! The benchmark of session replays: our server alone, with replays made from the recorded ones. 12 segments each, sent by 16 browsers,
//! then packed as they are once they rest, then listed among 10,000.
//!
//! Run by `tests/run replays`. REPLAYS changes the number of 1,000. Packing waits for the job's own time: up to five minutes.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a driver run by hand: it prints its table and stops at what is broken")]

mod corpus;
#[path = "../errors/process.rs"]
mod process;

use corpus::{Corpus, SEGMENTS};
use kernel::time::Stopwatch;
use process::Meter;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tests::table::{self, Row};
use tests::{Client, Hermetic, people, process as program};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const CLIENTS: usize = 16;
const LISTED: i64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() {
    let count: usize = tests::switch("REPLAYS").and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let corpus = Corpus::make(count);
    let segments = (count * SEGMENTS) as u64;
    println!(
        "{count} replays of {SEGMENTS} segments, {} events, {:.0} minutes; {:.1} kB a segment on the wire, {:.1} kB as JSON",
        corpus.events,
        corpus.minutes,
        corpus.wire as f64 / segments as f64 / 1e3,
        corpus.raw as f64 / segments as f64 / 1e3
    );
    let folder = tempfile::tempdir().unwrap();
    let (mut served, owner) = start(folder.path()).await;
    let meter = Meter::start(&[served.pid()]);
    let idle = meter.read().memory;

    let watch = Stopwatch::start();
    let (first, second) = corpus.replays.split_at(count / 2);
    let mut times = send(&served.url, first).await;
    let half = meter.read().peak;
    times.extend(send(&served.url, second).await);
    let sent = watch.elapsed().as_secs_f64();
    until(folder.path(), "hermetic.db", "select coalesce(sum(segments), 0) from replay_replays", segments as i64).await;
    let digested = watch.elapsed().as_secs_f64();
    let taken = meter.read();
    times.sort_by(f64::total_cmp);
    let quantile = |q: f64| times[((times.len() as f64 * q) as usize).min(times.len() - 1)];

    // What rests for a quarter of an hour is packed: the rest is put before, the job comes by itself.
    assert!(served.stop().await.success());
    let rest =
        "update replay_segments set received_at = received_at - 1200000; update ingest_items set received_at = received_at - 1200000;";
    change(folder.path(), "telemetry.db", rest);
    change(folder.path(), "hermetic.db", "update replay_replays set seen_at = seen_at - 1200000");
    let served = Hermetic::serve(folder.path()).await;
    let packing = Meter::start(&[served.pid()]);
    until(folder.path(), "telemetry.db", "select count(*) from replay_segments where chunk_id is not null", segments as i64).await;
    until(folder.path(), "telemetry.db", "select (select count(*) from ingest_items where kind in (16, 17)) = 0", 1).await;
    let packed = packing.read();
    let kept = number(folder.path(), "telemetry.db", "select sum(length(recording) + length(moments)) from replay_chunks") as f64;

    let mut served = served;
    assert!(served.stop().await.success());
    change(folder.path(), "hermetic.db", &filled(count as i64));
    let served = Hermetic::serve(folder.path()).await;
    let owner = owner.moved_to(&served.url);
    let list = time(&owner, "/replay").await;
    let of_person = time(&owner, "/replay?q=user%3A9e3779b9%40example.com").await;
    let nobody = time(&owner, "/replay?q=nobody-is-called-so").await;

    let minute = |bytes: f64| bytes / corpus.minutes / 1e3;
    table::print(
        &format!("{count} replays of {SEGMENTS} segments from {CLIENTS} browsers"),
        &[
            Row::shown("segments accepted", "/s", segments as f64 / sent, 0.0),
            Row::shown("  events in them", "/s", corpus.events as f64 / sent, 0.0),
            Row::shown("accept, p50", "ms", quantile(0.5), 0.0),
            Row::at_most("accept, p99", "ms", 50.0, quantile(0.99), 0.0),
            Row::shown("segments digested, until all are", "/s", segments as f64 / digested, 0.0),
            Row::at_most("processor per segment, with digest", "ms", 5.0, taken.cpu_seconds * 1e3 / segments as f64, 0.0),
            Row::shown("memory, idle", "MB", idle / 1e6, 0.0),
            Row::at_most("memory, peak", "MB", 150.0, taken.peak / 1e6, 0.0),
            Row::at_most("  more than after the first half of them", "MB", 10.0, (taken.peak - half) / 1e6, 0.0),
            Row::shown("processor per replay, packing", "ms", packed.cpu_seconds * 1e3 / count as f64, 0.0),
            Row::shown("arrived, per minute of recording", "kB", minute(corpus.wire as f64), 0.0),
            Row::shown("kept, per minute of recording", "kB", minute(kept), 0.0),
            Row::at_most("kept of what arrived", "%", 60.0, kept * 100.0 / corpus.wire as f64, 0.0),
            Row::at_most("list among 10,000", "ms", 20.0, list, 0.0),
            Row::at_most("  of one person", "ms", 20.0, of_person, 0.0),
            Row::at_most("  of nobody", "ms", 20.0, nobody, 0.0),
        ],
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
    // What is looked at as idle has done its first work.
    tokio::time::sleep(Duration::from_secs(8)).await;
    (served, owner)
}

/// The milliseconds of each answer. Each browser sends one replay after the other, segment by segment.
async fn send(url: &str, replays: &[Vec<Vec<u8>>]) -> Vec<f64> {
    let replays: Arc<[Vec<Vec<u8>>]> = replays.into();
    let next = Arc::new(AtomicUsize::new(0));
    let address = format!("{url}/api/1/envelope/?sentry_version=7&sentry_key={KEY}");
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (replays, next, address) = (Arc::clone(&replays), Arc::clone(&next), address.clone());
            tokio::spawn(async move {
                let client = reqwest::Client::builder().build().unwrap();
                let mut times = Vec::new();
                while let Some(replay) = replays.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for envelope in replay {
                        let watch = Stopwatch::start();
                        let answer = client.post(&address).body(envelope.clone()).send().await.unwrap();
                        assert_eq!(answer.status().as_u16(), 200);
                        answer.bytes().await.unwrap();
                        times.push(watch.elapsed().as_secs_f64() * 1e3);
                    }
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times
}

async fn until(folder: &Path, file: &str, sql: &str, wanted: i64) {
    let watch = Stopwatch::start();
    while number(folder, file, sql) < wanted {
        assert!(watch.elapsed() < PATIENCE, "{sql}: {} of {wanted}", number(folder, file, sql));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn open(folder: &Path, file: &str) -> Connection {
    let connection = Connection::open(folder.join("data").join(file)).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

fn number(folder: &Path, file: &str, sql: &str) -> i64 {
    open(folder, file).query_row(sql, [], |row| row.get(0)).unwrap()
}

fn change(folder: &Path, file: &str, sql: &str) {
    open(folder, file).execute_batch(sql).unwrap();
}

/// Copies of the replays there are, up to 10,000, each with a time and a person of its own.
fn filled(count: i64) -> String {
    format!(
        "with recursive round(n) as (select 1 union all select n + 1 from round where n < {rounds}) \
         insert into replay_replays (project_id, sdk_id, mode, started_at, finished_at, came_at, seen_at, segments, highest, events, raw_bytes, \
         arrived_bytes, told_at, person_id, person_email, person_name, release, environment, browser, os, sdk, urls, error_ids, trace_ids, words, \
         errors, rage, dead, slow, abandoned, u_turns, activity, is_stale, pinned_by, note) \
         select project_id, randomblob(16), mode, started_at - n * 1000, finished_at - n * 1000, came_at, seen_at, segments, highest, events, raw_bytes, \
         arrived_bytes, told_at, person_id || n, n || person_email, person_name, release, environment, browser, os, sdk, urls, error_ids, trace_ids, \
         n || words, errors, rage, dead, slow, abandoned, u_turns, activity, 0, '', '' from replay_replays, round limit {more}",
        rounds = LISTED / count.max(1) + 1,
        more = (LISTED - count).max(0)
    )
}

/// The median of 15, in milliseconds.
async fn time(client: &Client, path: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..17 {
        let watch = Stopwatch::start();
        client.get(path).await.expect(200);
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    let mut times = times.split_off(2);
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
