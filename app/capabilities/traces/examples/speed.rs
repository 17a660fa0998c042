//! How many spans a second one core digests, with everything that is written: `cargo run --release -p traces --example speed`: requests of eight spans,
//! about as long on the wire as those of current SDKs.

use capability::Capability;
use identity::projects::ProjectDraft;
use ingest::{Head, Kind, NewItem, pack};
use kernel::time::Stopwatch;
use serde_json::{Value, json};
use testkit::TestHouse;

static ALONE: &[&dyn Capability] = &[&traces::Traces];
const ITEMS: u64 = 4_000;

/// One request with a handler and six statements, about as long on the wire as those of current SDKs.
fn request(id: u64) -> Value {
    let text = |value: String| json!({"value": value, "type": "string"});
    let spans = (0..8_u64).map(|place| {
        let own = id * 10 + place + 1;
        let (name, op) = match place {
            0 => (format!("GET /things-{}", char::from(b'a' + (id % 26) as u8)), "http.server"),
            1 => ("handler".to_owned(), "handler"),
            _ => (format!("select id, sku from items where order_id = {id} and kind = {}", place % 3), "db"),
        };
        let mut span = json!({
            "trace_id": format!("{:032x}", id + 1), "span_id": format!("{own:016x}"), "name": name, "status": "ok", "is_segment": place == 0,
            "start_timestamp": 1_772_452_700.0 + (id % 60) as f64, "end_timestamp": 1_772_452_700.05 + (id % 60) as f64,
            "attributes": {
                "sentry.op": text(op.to_owned()), "sentry.segment.name.source": text("route".to_owned()),
                "sentry.segment.id": text(format!("{:016x}", id * 10 + 1)), "sentry.release": text("shop@1.4.2".to_owned()),
                "sentry.environment": text("production".to_owned()), "sentry.sdk.name": text("sentry.javascript.node".to_owned()),
                "sentry.sdk.integrations": {"value": vec!["EventFilters"; 30], "type": "array"},
                "thread.name": text("MainThread".to_owned()), "server.address": text("web-1".to_owned()),
            },
        });
        if place > 0 {
            span["parent_span_id"] = json!(format!("{:016x}", id * 10 + if place == 1 { 1 } else { 2 }));
        }
        if op == "db" {
            span["attributes"]["db.query.text"] = text(span["name"].as_str().unwrap_or_default().to_owned());
            span["attributes"]["db.system.name"] = text("postgresql".to_owned());
        }
        span
    });
    json!({"version": 2, "items": spans.collect::<Vec<_>>()})
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
#[expect(clippy::print_stdout, clippy::expect_used, reason = "an example prints what it measured")]
async fn main() {
    let house = TestHouse::new(ALONE).await;
    let (project, _) = house.cx.write(|tx| identity::store::new_project(tx, ProjectDraft::named("Shop"))).await.expect("a project");
    let mut bytes = 0;
    for some in (0..ITEMS).collect::<Vec<_>>().chunks(500) {
        let items: Vec<NewItem> = some
            .iter()
            .map(|id| {
                let payload = request(*id).to_string().into_bytes();
                bytes += payload.len();
                let payload = pack::pack(&payload);
                NewItem { project: project.id, kind: Kind::Spans, event_id: None, head: Head::default(), payload, quantity: 8 }
            })
            .collect();
        let kept = house.cx.telemetry.write(move |tx| items.iter().try_for_each(|item| ingest::store::append(tx, item).map(|_| ())));
        kept.await.expect("the items are kept");
    }
    let watch = Stopwatch::start();
    let digested = house.digest().await;
    let seconds = watch.elapsed().as_secs_f64();
    let spans = digested as f64 * 8.0;
    println!("{spans} spans ({:.0} bytes each) in {seconds:.2} s: {:.0} spans/s", bytes as f64 / spans, spans / seconds);
}
