//! What a report costs at the door, from its bytes to the commit. Run on purpose, optimised:
//! `HERMETIC_SLOW=1 cargo nextest run -p ingest --release -E 'test(timing)' --no-capture`.

use kernel::time::Stopwatch;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const CLIENTS: usize = 16;
const REPORTS: usize = 8_000;

/// About 10 kB that do not repeat more than an event does.
fn event_of_10_kb(at: usize) -> Vec<u8> {
    let frame = |line: usize| {
        let (seed, id) = (line * 7_919 + at, at % 97);
        serde_json::json!({
            "filename": format!("app/module_{}.py", seed % 40), "abs_path": format!("/srv/app/module_{}.py", seed % 40),
            "function": format!("handle_{}", seed % 60), "lineno": seed % 900, "in_app": line.is_multiple_of(3),
            "pre_context": ["    try:", "        order = load(order_id)", "        if order is None:"],
            "context_line": format!("            raise OrderError(order_id, {seed})"),
            "post_context": ["        return order", "    finally:", "        release(lock)"],
            "vars": { "order_id": seed, "user": { "id": id, "plan": "pro" }, "note": format!("value {}", seed % 13) },
        })
    };
    let payload = serde_json::json!({
        "platform": "python", "level": "error", "release": "shop@2.1.0", "environment": "production",
        "exception": { "values": [{ "type": "OrderError", "value": format!("order {at} cannot be paid"),
            "stacktrace": { "frames": (0..16).map(frame).collect::<Vec<_>>() } }] },
        "request": { "url": "https://shop.example.com/pay", "method": "POST", "headers": [["User-Agent", "Mozilla/5.0"], ["Accept", "*/*"]] },
        "tags": { "plan": "pro", "server": format!("web-{}", at % 4) },
    });
    let id = EventId::random();
    lines(&[&format!(r#"{{"event_id":"{id}"}}"#), r#"{"type":"event"}"#, &payload.to_string()]).into_bytes()
}

/// Of the whole process, in milliseconds: user and system time as Linux counts them, in hundredths of a second.
fn cpu_millis() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_events_of_10_kb_from_16_clients() {
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!("SKIPPED: it measures, and means something only when it is optimised; HERMETIC_SLOW=1 runs it");
        return;
    }
    let site = Arc::new(Site::new().await);
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new((0..REPORTS).map(|at| gzip(&event_of_10_kb(at))).collect());
    let (plain, packed) = (event_of_10_kb(1).len(), bodies[1].len());
    let path = format!("{}?sentry_key={KEY}", site.path("envelope/"));
    let next = Arc::new(AtomicUsize::new(0));
    let (watch, cpu) = (Stopwatch::start(), cpu_millis());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (site, bodies, path, next) = (Arc::clone(&site), Arc::clone(&bodies), path.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = Stopwatch::start();
                    let got = site.post(&path, &[("content-encoding", "gzip")], body.clone()).await;
                    assert_eq!(got.code, 200);
                    took.push(one.micros());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for client in clients {
        took.extend(client.await.unwrap());
    }
    let (seconds, cpu) = (watch.elapsed().as_secs_f64(), cpu_millis() - cpu);
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize] as f64 / 1_000.0;
    let stored =
        site.telemetry.read_blocking(|r| r.value::<i64>("select sum(length(payload) + length(head)) from ingest_items", [])).unwrap();
    println!(
        "{REPORTS} events of {plain} B ({packed} B gzip), {CLIENTS} clients: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {:.3} ms CPU each, {} B stored each",
        REPORTS as f64 / seconds,
        at(0.5),
        at(0.99),
        cpu as f64 / REPORTS as f64,
        stored / REPORTS as i64
    );
    assert_eq!(site.items().len(), REPORTS);
}
