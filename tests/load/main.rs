//! The benchmark: 500 HTTP monitors at 20 s, then the status page under wrk, beside the recorded figures of Uptime Kuma.
//!
//! - `measure`: what the kernel says about a process
//! - `pages`: wrk on the status page
//! - `table`: the figures beside their targets and the peer's
//!
//! Run by `tests/run load` with the release binary. LOAD_SECONDS shortens the window, LOAD_MONITORS changes the number.
#![expect(clippy::panic, clippy::print_stdout, reason = "a driver run by hand: it prints its table and stops at what is broken")]

mod measure;
mod pages;
mod table;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use kernel::time::Stopwatch;
use measure::Usage;
use table::Row;
use tests::{Client, Hermetic, Target, process};

const INTERVAL_SECONDS: u64 = 20;

#[tokio::main]
async fn main() {
    let monitors = number("LOAD_MONITORS", 500);
    let window = Duration::from_secs(number("LOAD_SECONDS", 100));
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("a temporary folder: {error}"));
    let mut rows = vec![size_row()];
    rows.extend(start_rows(folder.path()).await);
    rows.push(idle_row(folder.path()).await);
    rows.extend(probing_rows(folder.path(), monitors, window).await);
    table::print(
        &format!("{monitors} HTTP monitors every {INTERVAL_SECONDS} s, window {} s, local target, release build", window.as_secs()),
        &rows,
    );
}

fn number(name: &str, default: u64) -> u64 {
    tests::switch(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn size_row() -> Row {
    let size = std::fs::metadata(process::binary()).map(|file| file.len()).unwrap_or_default();
    Row::at_most("stripped binary", megabytes(size), 30.0, "MB", None)
}

/// From exec to the first answer: on an empty folder (with migrations), then the median of five on the same one.
async fn start_rows(folder: &Path) -> Vec<Row> {
    let mut spans = Vec::new();
    for _ in 0..6 {
        let watch = Stopwatch::start();
        let mut served = Hermetic::serve(folder).await;
        let answer = Client::new(&served.url).get("/healthz").await;
        let span = watch.elapsed().as_secs_f64() * 1_000.0;
        assert_eq!(answer.code, 200, "/healthz: {}", answer.text);
        spans.push(span);
        served.kill().await;
    }
    let first = spans.remove(0);
    spans.sort_by(f64::total_cmp);
    vec![
        Row::shown("start to first answer, empty folder", first, "ms"),
        Row::at_most("start to first answer", spans[spans.len() / 2], 200.0, "ms", None),
    ]
}

async fn idle_row(folder: &Path) -> Row {
    let mut served = Hermetic::serve(folder).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let resident = measure::memory(served.pid()).resident_bytes;
    served.kill().await;
    Row::at_most("idle memory", megabytes(resident), 30.0, "MB", Some(table::KUMA_IDLE_MB))
}

async fn probing_rows(folder: &Path, monitors: u64, window: Duration) -> Vec<Row> {
    let target = Target::start().await;
    process::apply(folder, &monitors_file(&target, monitors));
    let mut served = Hermetic::serve(folder).await;
    println!("warming up for {} s, then measuring for {} s", INTERVAL_SECONDS + 5, window.as_secs());
    tokio::time::sleep(Duration::from_secs(INTERVAL_SECONDS + 5)).await;
    target.forget();
    let before = Usage::read(served.pid());
    let watch = Stopwatch::start();
    tokio::time::sleep(window).await;
    let (after, seconds) = (Usage::read(served.pid()), watch.elapsed().as_secs_f64());
    let seen = target.seen();
    let memory = measure::memory(served.pid());
    let checks = seen.hits.max(1) as f64;
    let expected = monitors as f64 * seconds / INTERVAL_SECONDS as f64;
    let mut rows = vec![
        Row::shown("checks done", checks, ""),
        Row::shown("checks expected", expected, ""),
        Row::at_most(
            "largest gap between checks",
            seen.largest_gap.as_secs_f64(),
            INTERVAL_SECONDS as f64 * 1.05,
            "s",
            Some(table::KUMA_GAP_S),
        ),
        Row::at_most("resident memory", megabytes(memory.resident_bytes), 60.0, "MB", Some(table::KUMA_RESIDENT_MB)),
        Row::shown("resident memory, peak", megabytes(memory.peak_bytes), "MB"),
        Row::at_most(
            "CPU of one core",
            (after.cpu_seconds - before.cpu_seconds) / seconds * 100.0,
            5.0,
            "%",
            Some(table::KUMA_CPU_PERCENT),
        ),
        Row::at_most(
            "written per check",
            (after.written_bytes - before.written_bytes) as f64 / checks / 1_000.0,
            2.0,
            "KB",
            Some(table::KUMA_WRITTEN_KB),
        ),
    ];
    rows.extend(pages::rows(&served.url).await);
    rows.push(Row::shown("resident memory after wrk", megabytes(measure::memory(served.pid()).resident_bytes), "MB"));
    served.kill().await;
    rows
}

/// The file `hermetic apply` takes: all monitors, and the first twenty of them as components of the status page.
fn monitors_file(target: &Target, monitors: u64) -> String {
    let mut file = String::new();
    for number in 0..monitors {
        let url = target.url(&format!("m{number}"));
        let _ = write!(file, "[[monitors]]\nname = \"m{number}\"\nkind = \"http\"\nurl = \"{url}\"\ninterval_s = {INTERVAL_SECONDS}\n\n");
    }
    for number in 0..monitors.min(20) {
        let _ = write!(file, "[[components]]\nname = \"Component {number}\"\nfeeds = [\"m{number}\"]\n\n");
    }
    file
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
