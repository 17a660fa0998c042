//! How fast events are digested. Run by hand, in release: `HERMETIC_SLOW=1 cargo nextest run --release -p errors timing`.

use ingest::Kind;
use kernel::time::Stopwatch;
use serde_json::{Value, json};

use super::fixtures::recorded;
use super::kit::{Kit, with};

const EVENTS: usize = 5_000;

/// Recorded events with ids, users, types and lines of their own: two hundred problems, the first far more frequent than the last.
fn corpus() -> Vec<Value> {
    let recorded: Vec<Value> = recorded()
        .into_iter()
        .filter(|one| one.kind == Kind::Event)
        .filter_map(|one| serde_json::from_slice(&one.payload).ok())
        .filter(|event: &Value| event.to_string().len() < 30_000 && event["exception"]["values"][0]["type"].is_string())
        .collect();
    (0..if recorded.is_empty() { 0 } else { EVENTS })
        .map(|index| {
            let rank = (index * 7_919 % 10_000) as f64 / 10_000.0;
            let problem = (200.0_f64.powf(rank)) as usize;
            let mut event = recorded[index % recorded.len()].clone();
            event["exception"]["values"][0]["type"] = json!(format!("Problem{problem}"));
            with(event, json!({"event_id": ingest::EventId::random().to_string(), "release": format!("shop@1.{}.0", index % 6), "user": {"id": index % 5_000}, "tags": {"plan": "pro", "shard": index % 40}}))
        })
        .collect()
}

/// What this process has computed so far, in seconds; 0 where the system does not say.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // User and system time, in hundredths.
    (ticks(11) + ticks(12)) / 100.0
}

#[tokio::test]
async fn a_thousand_events_a_second_are_digested() {
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!("SKIPPED: a measurement: run it in release; HERMETIC_SLOW=1 runs it");
        return;
    }
    let corpus = corpus();
    if corpus.is_empty() {
        return;
    }
    let kit = Kit::new().await;
    let bytes: usize = corpus.iter().map(|event| event.to_string().len()).sum();
    let watch = Stopwatch::start();
    for event in &corpus {
        kit.send_event(event).await;
    }
    println!("appended {EVENTS} events of {} bytes on average in {:?}", bytes / EVENTS, watch.elapsed());
    let (watch, before) = (Stopwatch::start(), cpu());
    let digested = kit.house.digest().await;
    let (took, computed) = (watch.elapsed(), cpu() - before);
    println!(
        "digested {digested} in {took:?}: {:.0} events/s, {:.2} ms of CPU each; {} issues, {} tag rows",
        digested as f64 / took.as_secs_f64(),
        computed * 1_000.0 / digested as f64,
        kit.issues().await.len(),
        kit.count("select count(*) from errors_tags").await,
    );
    let size = |name: &str| std::fs::metadata(kit.house.folder().join(name)).map_or(0, |meta| meta.len());
    println!("hermetic.db {} kB, telemetry.db {} kB", size("hermetic.db") / 1_000, size("telemetry.db") / 1_000);
    assert_eq!(digested, EVENTS);
    assert!(digested as f64 / took.as_secs_f64() >= 1_000.0, "{digested} in {took:?}");
}
