//! The questions, asked of our pages and of DuckDB on the same actions; and the table of both.

use kernel::time::Stopwatch;
use rusqlite::Connection;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use tests::table::{self, Row};
use tests::{Client, target_dir};

use crate::actions::action;

/// The steps of the funnel: a common action, and two that follow it.
const STEPS: [u64; 3] = [0, 2, 5];

/// Milliseconds of each question, and the answer that must be the same on both sides.
#[derive(Default)]
pub struct Asked {
    times: BTreeMap<&'static str, f64>,
    answers: BTreeMap<&'static str, String>,
}

/// The median of 9 answers of a page or file, with what it says.
async fn time(client: &Client, path: &str) -> (f64, String) {
    let mut times = Vec::new();
    let mut said = String::new();
    for _ in 0..11 {
        let watch = Stopwatch::start();
        said = client.get(path).await.expect(200).text;
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    let mut times = times.split_off(2);
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], said)
}

/// The fields of each line but the first.
fn lines(file: &str) -> Vec<Vec<&str>> {
    file.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

pub async fn ask_ours(owner: &Client, folder: &Path) -> Asked {
    let mut asked = Asked::default();
    let mut note = |what: &'static str, time: f64, answer: String| {
        asked.times.insert(what, time);
        asked.answers.insert(what, answer);
    };
    let (took, file) = time(owner, "/engagement/active.csv?range=1y").await;
    let active: Vec<&str> = lines(&file).iter().map(|fields| fields[1]).filter(|count| *count != "0").collect();
    note("active", took, active.join(" "));
    let month = lines(&file).last().map(|fields| fields[3].to_owned()).unwrap_or_default();
    note("month", took, month);
    let (took, file) = time(owner, "/engagement/features.csv?range=30d").await;
    let mut used: Vec<(u64, &str)> =
        lines(&file).iter().filter_map(|fields| Some((fields[1].strip_prefix("Feature ")?.parse().ok()?, fields[2]))).collect();
    used.sort_unstable();
    note("adoption", took, used.iter().map(|(name, people)| format!("{name}:{people}")).collect::<Vec<_>>().join(" "));
    let (took, file) = time(owner, "/engagement/retention.csv?by=week&cohorts=52").await;
    let cells: Vec<String> =
        lines(&file).iter().filter(|fields| fields[3] != "0").map(|fields| format!("{}:{}", fields[2], fields[3])).collect();
    note("retention", took, cells.join(" "));
    let steps: Vec<String> = STEPS.iter().map(|name| format!("step={}", id_of(folder, *name))).collect();
    let (took, file) = time(owner, &format!("/engagement/funnels.csv?{}&days=14&range=90d", steps.join("&"))).await;
    note("funnel", took, lines(&file).iter().map(|fields| fields[2]).collect::<Vec<_>>().join(" "));
    for (what, path) in [("overview", "/engagement?range=90d"), ("people", "/engagement/people"), ("live", "/engagement/live")] {
        note(what, time(owner, path).await.0, String::new());
    }
    asked
}

fn id_of(folder: &Path, name: u64) -> i64 {
    let connection = Connection::open(folder.join("data/hermetic.db")).unwrap();
    let sql = "select id from engagement_names where name = ?";
    connection.query_row(sql, [format!("Feature {name}")], |row| row.get(0)).unwrap()
}

/// As peer.py prints it.
#[derive(Deserialize)]
struct Told {
    loaded_s: f64,
    active: (f64, Vec<(i64, i64)>),
    month: (f64, Vec<(i64,)>),
    adoption: (f64, Vec<(i64, i64)>),
    retention: (f64, Vec<(i64, i64, i64)>),
    funnel: (f64, Vec<(i64, i64, i64)>),
}

/// `None`, loudly, where DuckDB is not installed.
pub fn ask_duckdb(folder: &Path, all: u64, end: i64) -> Option<Asked> {
    let python = target_dir().join("duckdb/bin/python");
    if !python.exists() {
        println!("DuckDB is not installed: `tests/run engagement` does that. The peer is left out.");
        return None;
    }
    let source = folder.join("actions.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&source).unwrap());
    writeln!(file, "moment,contact,name").unwrap();
    for number in 0..all {
        let action = action(number, all, end);
        writeln!(file, "{},{},{}", action.at, action.contact, action.name).unwrap();
    }
    file.flush().unwrap();
    let script = tests::root().join("tests/load/engagement/peer.py");
    let output = Command::new(python).arg(script).arg(&source).arg(serde_json::to_string(&STEPS).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Told = serde_json::from_slice(&output.stdout).unwrap();
    let mut asked = Asked::default();
    let join = |all: Vec<String>| all.join(" ");
    asked.times.insert("loaded", all as f64 / told.loaded_s);
    for (what, took, answer) in [
        ("active", told.active.0, join(told.active.1.iter().map(|(_, people)| people.to_string()).collect())),
        ("month", told.month.0, told.month.1[0].0.to_string()),
        ("adoption", told.adoption.0, join(told.adoption.1.iter().map(|(name, people)| format!("{name}:{people}")).collect())),
        ("retention", told.retention.0, join(told.retention.1.iter().map(|(_, later, people)| format!("{later}:{people}")).collect())),
        ("funnel", told.funnel.0, told.funnel.1.iter().map(|(one, two, three)| format!("{one} {two} {three}")).collect()),
    ] {
        asked.times.insert(what, took);
        asked.answers.insert(what, answer);
    }
    Some(asked)
}

pub struct Door {
    /// Requests with one action each, a second.
    pub single: f64,
    pub p99: f64,
    /// Actions a second: until the last was answered, until the last was counted; and counted of those that were left when the door was quiet.
    pub sent: f64,
    pub digested: f64,
    pub alone: f64,
}

/// Umami 3.1.0 with PostgreSQL 15 at a million actions, measured on a machine of this kind in the research of 2026-11: requests a second,
/// milliseconds, MB on disk. Only ratios are fair.
const UMAMI_REQUESTS: f64 = 144.0;
const UMAMI_FUNNEL: f64 = 800.0;
const UMAMI_RETENTION: f64 = 1_000.0;
const UMAMI_STORED: f64 = 1_137.0;

/// Bytes of an action, and of the ids of messages in it; MB at the peak; microseconds of a processor.
pub struct Kept {
    pub action: f64,
    pub ids: f64,
    pub peak: f64,
    pub cpu_us: f64,
}

pub fn print(all: u64, door: &Door, kept: &Kept, ours: &Asked, peer: Option<&Asked>) {
    if let Some(peer) = peer {
        for (what, answer) in &peer.answers {
            assert_eq!(ours.answers.get(what), Some(answer), "{what}: ours and DuckDB's");
        }
        println!("all answers are DuckDB's, too: {}", peer.answers.keys().copied().collect::<Vec<_>>().join(", "));
    }
    let of = |what: &str| ours.times.get(what).copied().unwrap_or_default();
    let theirs = |what: &str| peer.and_then(|peer| peer.times.get(what)).copied().unwrap_or_default();
    let asked = |label, what: &str, bar| Row::at_most(label, "ms", bar, of(what), theirs(what));
    table::print(
        &format!("{all} actions of {} contacts in a year; real: DuckDB", crate::actions::CONTACTS),
        &[
            Row::at_least("requests with one action", "/s", 2_000.0, door.single, 0.0),
            Row::shown("  accept, p99", "ms", door.p99, 0.0),
            Row::shown("actions accepted in batches", "/s", door.sent, 0.0),
            Row::shown("  counted, until all are", "/s", door.digested, theirs("loaded")),
            Row::at_least("through the engine, the door being quiet", "/s", 50_000.0, door.alone, theirs("loaded")),
            Row::shown("processor per action", "us", kept.cpu_us, 0.0),
            Row::shown("memory, peak", "MB", kept.peak, 0.0),
            Row::at_most("stored per action", "B", 200.0, kept.action, 0.0),
            Row::shown("  of it ids, which leave after 30 days", "B", kept.ids, 0.0),
            asked("actives of 365 days (day, week, month)", "active", 10.0),
            asked("retention, 52 × 52 weeks", "retention", 20.0),
            asked("adoption of 40 features, 30 days", "adoption", 20.0),
            asked("funnel of 3 steps, 90 days", "funnel", 400.0),
            asked("overview page", "overview", 50.0),
            Row::shown("people page", "ms", of("people"), 0.0),
            Row::shown("live page", "ms", of("live"), 0.0),
        ],
    );
    if all == 1_000_000 {
        print_umami(door, kept, ours);
    }
}

fn print_umami(door: &Door, kept: &Kept, ours: &Asked) {
    let of = |what: &str| ours.times.get(what).copied().unwrap_or_default();
    table::print(
        "a million actions; real: Umami 3.1.0, as it was measured",
        &[
            Row::at_least("requests with one action", "/s", 2_000.0, door.single, UMAMI_REQUESTS),
            Row::shown("funnel", "ms", of("funnel"), UMAMI_FUNNEL),
            Row::shown("retention", "ms", of("retention"), UMAMI_RETENTION),
            Row::shown("stored", "MB", kept.action, UMAMI_STORED),
        ],
    );
}
