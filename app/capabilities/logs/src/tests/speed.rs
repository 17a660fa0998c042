//! How large and how fast, on many lines. Run with `HERMETIC_SLOW=1 cargo nextest run -p logs --release --run-ignored all speed --no-capture`.

use ingest::{Head, Kind, NewItem, pack};
use kernel::time::Stopwatch;
use serde_json::json;

use super::bench::{Bench, testkit_start_s};
use crate::find::{Ask, count, find};
use crate::model::line::lines_of;
use crate::model::{Level, Line, Span, Window, words};
use crate::store::{self, NewLine};

/// Lines as the SDK for Python sends them: some twenty attributes, mostly the same on each line.
fn container(round: u64, lines: u64, apart_s: f64) -> String {
    let paths = ["/checkout", "/cart", "/login", "/api/orders", "/health"];
    let items: Vec<_> = (0..lines)
        .map(|number| {
            let n = round * lines + number;
            let level = match n % 100 {
                0 => "error",
                1..=8 => "warn",
                _ => "info",
            };
            let path = paths[(n % 5) as usize];
            json!({
                "timestamp": testkit_start_s() - apart_s * n as f64, "level": level, "body": format!("GET {path}/{} took {} ms for user {}", n % 977, n % 1_311, n % 5_003),
                "trace_id": format!("{:032x}", (n / 4 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)), "span_id": format!("{:016x}", (n / 4 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9)),
                "attributes": {
                    "sentry.origin": { "value": "auto.log.stdlib", "type": "string" }, "sentry.message.template": { "value": "GET %s/%d took %d ms for user %d", "type": "string" },
                    "sentry.message.parameter.0": { "value": path, "type": "string" }, "sentry.message.parameter.1": { "value": n % 977, "type": "integer" },
                    "code.line.number": { "value": 34, "type": "integer" }, "code.file.path": { "value": "shop/views.py", "type": "string" }, "code.function.name": { "value": "do_checkout", "type": "string" },
                    "thread.id": { "value": 140_083_082_582_912_u64, "type": "integer" }, "thread.name": { "value": "MainThread", "type": "string" }, "process.pid": { "value": 26650, "type": "integer" },
                    "process.executable.name": { "value": "MainProcess", "type": "string" }, "logger.name": { "value": "shop.views", "type": "string" }, "sentry.sdk.name": { "value": "sentry.python.django", "type": "string" },
                    "sentry.sdk.version": { "value": "2.75.0", "type": "string" }, "process.runtime.name": { "value": "CPython", "type": "string" }, "server.address": { "value": "web-1", "type": "string" },
                    "sentry.environment": { "value": "production", "type": "string" }, "sentry.release": { "value": "shop@1.4.2", "type": "string" }, "sentry.severity_number": { "value": 9, "type": "integer" }
                }
            })
        })
        .collect();
    json!({ "version": 2, "items": items }).to_string()
}

#[tokio::test]
async fn containers_are_digested_fast_and_kept_small() {
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!("SKIPPED: takes a minute; HERMETIC_SLOW=1 runs it");
        return;
    }
    let bench = Bench::new().await;
    let mut raw = 0;
    for round in 0..200 {
        let payload = container(round, 100, 1.03);
        raw += payload.len() as u64;
        bench.send_bytes(bench.web, payload.as_bytes(), Head::default()).await;
    }
    let watch = Stopwatch::start();
    bench.house.digest().await;
    let spent = watch.micros();
    let size = bench.house.cx.telemetry.read(store::size).await.unwrap();
    let per = |bytes: u64| bytes / size.lines.max(1);
    println!(
        "{} lines of {} raw bytes; kept: item {} + index {} bytes a line; digested {} lines/s",
        size.lines,
        per(raw),
        per(size.item_bytes),
        per(size.index_bytes),
        size.lines * 1_000_000 / spent.max(1)
    );
}

/// A million lines over twelve days. Their items all say the same hundred things: what is measured is the way to them.
async fn a_million() -> Bench {
    const ROUNDS: i64 = 10_000;
    let bench = Bench::new().await;
    let payload = container(0, 100, 0.0);
    let sample = ingest::Item::sample(1, bench.web, Kind::Logs, bench.now(), payload.as_bytes());
    let lines = lines_of(&sample).unwrap();
    let words: Vec<(Level, String)> =
        lines.iter().map(|line| (line.level, words::words_of(&Line { trace_id: String::new(), ..line.clone() }, bench.web))).collect();
    let packed = pack::pack(payload.as_bytes());
    let (web, end) = (bench.web, bench.now().0 * 1_000);
    for chunk in 0..ROUNDS / 100 {
        let (packed, words) = (packed.clone(), words.clone());
        let write = move |tx: &mut db::Tx<'_>| {
            for round in chunk * 100..(chunk + 1) * 100 {
                let item = NewItem {
                    project: web,
                    kind: Kind::Logs,
                    event_id: None,
                    head: Head::default(),
                    payload: packed.clone(),
                    quantity: 100,
                };
                let item = ingest::store::append(tx, &item)?;
                let line = |(position, (level, words)): (i64, &(Level, String))| {
                    let n = (ROUNDS - round) * 100 - position;
                    NewLine {
                        at_us: end - n * 1_030_000,
                        position,
                        level: *level,
                        words: format!("{words} {}", words::trace(&format!("{:032x}", n / 4))),
                    }
                };
                let lines: Vec<NewLine> = (0..).zip(&words).map(line).collect();
                store::take_in(tx, item, web, &lines)?;
            }
            Ok(())
        };
        bench.house.cx.telemetry.write(write).await.unwrap();
    }
    bench
}

#[tokio::test]
async fn a_million_lines_are_searched_fast() {
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!("SKIPPED: a million lines take minutes; HERMETIC_SLOW=1 runs it");
        return;
    }
    let watch = Stopwatch::start();
    let bench = a_million().await;
    let spent = watch.micros();
    let size = bench.house.cx.telemetry.read(store::size).await.unwrap();
    println!(
        "{} lines taken in at {} a second; index {} bytes a line",
        size.lines,
        size.lines * 1_000_000 / spent,
        size.index_bytes / size.lines
    );
    let questions = [
        "",
        "level:error",
        "checkout",
        "\"user 42\"",
        "checkout -level:info",
        "logger:shop.views",
        "-checkout",
        "checkout cart",
        "took* 77",
        "trace:00000000000000000000000000001234",
        "code.line.number:>40",
    ];
    for text in questions {
        for window in [Window::Day, Window::Month] {
            let (query, span) = (bench.query(text).await, Span::until_now(window, bench.now()));
            let ask = Ask { query: query.clone(), from: span.from, to: span.to, before: None, limit: 100 };
            let watch = Stopwatch::start();
            let found = bench.house.cx.telemetry.read(move |r| find(r, &ask)).await.unwrap();
            let listed = watch.micros();
            let (house, watch) = (bench.house.cx.clone(), Stopwatch::start());
            let counts = tokio::task::spawn_blocking(move || count(&house, &query, &span)).await.unwrap().unwrap();
            println!(
                "{text:<44} {:>4}: list {listed:>7} µs ({} rows of {} looked at), count {:>7} µs ({})",
                window.name(),
                found.rows.len(),
                found.looked,
                watch.micros(),
                counts.total()
            );
        }
    }
    let watch = Stopwatch::start();
    let old: Vec<i64> = (1..=500).collect();
    bench.house.cx.telemetry.write(move |tx| store::remove(tx, &old).map(|_| ())).await.unwrap();
    println!("50,000 lines removed in {} ms", watch.micros() / 1_000);
}
