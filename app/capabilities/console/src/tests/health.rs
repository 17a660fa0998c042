use super::*;
use crate::model::{self, Probe};
use capability::Gauge;
use kernel::{Role, Time};
use serde_json::Value;
use std::time::Duration;

const START: Time = Time(1_800_000_000_000);

fn fine() -> Probe {
    Probe {
        now: START + Duration::from_secs(3_600),
        started_at: START,
        database: None,
        next_schedule: Some(START + Duration::from_secs(3_630)),
        outbox_since: None,
        free_bytes: Some(10 << 30),
        disk: None,
    }
}

#[test]
fn each_check_fails_for_its_own_reason() {
    assert!(model::judge(&fine()).ready);
    let failing = |probe: Probe| {
        let checks = model::judge(&probe).checks;
        [checks.database, checks.scheduler, checks.outbox, checks.disk].map(|check| check.ok)
    };
    assert_eq!(failing(Probe { database: Some("no answer".into()), ..fine() }), [false, true, true, true]);
    assert_eq!(failing(Probe { next_schedule: Some(START + Duration::from_secs(3_500)), ..fine() }), [true, false, true, true]);
    assert_eq!(failing(Probe { outbox_since: Some(START + Duration::from_secs(3_200)), ..fine() }), [true, true, false, true]);
    assert_eq!(failing(Probe { free_bytes: Some(1 << 20), ..fine() }), [true, true, true, false]);
    assert_eq!(failing(Probe { disk: Some("read-only".into()), ..fine() }), [true, true, true, false]);
}

#[test]
fn what_fell_due_while_the_server_was_off_counts_from_its_start() {
    let long_ago = START - Duration::from_secs(86_400);
    let just_started =
        Probe { now: START + Duration::from_secs(30), next_schedule: Some(long_ago), outbox_since: Some(long_ago), ..fine() };
    assert!(model::judge(&just_started).ready);
    let later = Probe { now: START + Duration::from_secs(600), ..just_started };
    assert!(!model::judge(&later).ready);
}

#[test]
fn gauges_of_one_name_stand_together_and_labels_cannot_break_out() {
    let gauge = |name, label: &str| Gauge { name, help: "About it.", labels: vec![("name", label.to_owned())], value: 1.5 };
    let mut text = String::new();
    model::exposition(&[gauge("a_seconds", "x\"} 1\n"), gauge("b_bytes", "y"), gauge("a_seconds", "z\\")], &mut text);
    let expected = "# HELP a_seconds About it.\n# TYPE a_seconds gauge\na_seconds{name=\"x\\\"} 1\\n\"} 1.5\na_seconds{name=\"z\\\\\"} 1.5\n\
                    # HELP b_bytes About it.\n# TYPE b_bytes gauge\nb_bytes{name=\"y\"} 1.5\n";
    assert_eq!(text, expected);
    text.clear();
    model::exposition(&[gauge("a_requests_total", "x")], &mut text);
    assert!(text.contains("# TYPE a_requests_total counter\n"), "{text}");
}

#[test]
fn sizes_read_as_people_say_them() {
    for (bytes, text) in
        [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (3_400_000_000, "3.4 GB")]
    {
        assert_eq!(model::size(bytes), text);
    }
}

#[tokio::test]
async fn the_process_says_it_lives_and_the_instance_whether_it_can_work() {
    let house = house().await;
    house.work().await;
    assert_eq!(house.visitor().get("/healthz").await.expect(200).body, "ok\n");
    let ready: Value = house.visitor().get("/readyz").await.expect(200).json();
    assert_eq!(ready["ready"], true);
    for check in ["database", "scheduler", "outbox", "disk"] {
        assert_eq!(ready["checks"][check]["ok"], true, "{ready}");
    }
    // A whole day without the runner: the next schedule is long overdue.
    house.clock.advance(Duration::from_secs(2 * 86_400));
    let ready: Value = house.visitor().get("/readyz").await.expect(503).json();
    assert_eq!(ready["checks"]["scheduler"]["ok"], false, "{ready}");
    house.work().await;
    house.visitor().get("/readyz").await.expect(503);
    house.clock.advance(Duration::from_secs(5));
    house.visitor().get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_destination_that_does_not_answer_is_no_reason_to_be_unready() {
    let house = house().await;
    let delivery = |number: u32| work::NewDelivery {
        destination: "sample.place:1".into(),
        sender: "sample.send",
        key: format!("sample:{number}"),
        subject: "Notice".into(),
        payload: Value::Null,
        run_at: None,
    };
    let later = Some(house.cx.now() + Duration::from_secs(86_400));
    house.cx.write(move |tx| work::post(tx, work::NewDelivery { run_at: later, ..delivery(1) })).await.unwrap();
    house.cx.write(move |tx| work::post(tx, delivery(2))).await.unwrap();
    house.clock.advance(Duration::from_secs(3_600));
    assert_eq!(house.cx.read(work::store::outbox_since).await.unwrap(), None);
    house.clock.advance(Duration::from_secs(86_400));
    assert_eq!(house.cx.read(work::store::outbox_since).await.unwrap(), later);
}

#[tokio::test]
async fn metrics_need_their_scope_and_tell_of_process_front_and_outbox() {
    let house = house().await;
    house.visitor().get("/metrics").await.expect(401);
    house.key(Role::Viewer, &["console:read"]).await.get("/metrics").await.expect(403);
    let answer = house.key(Role::Viewer, &["console:metrics"]).await.get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    for name in [
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "hermetic_http_requests_total",
        "hermetic_console_outbox_lag_seconds",
    ] {
        assert!(answer.body.contains(&format!("\n{name}")), "{name}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_well_known_addresses_answer_without_signing_in() {
    let house = house().await;
    let robots = house.visitor().get("/robots.txt").await.expect(200).body;
    assert_eq!(robots, "User-agent: *\nAllow: /status\nDisallow: /\n");
    assert_eq!(house.visitor().get("/favicon.ico").await.expect(200).header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn the_health_page_tells_sizes_versions_and_findings() {
    let house = house().await;
    let page = house.member(Role::Viewer).await.get("/console/health").await.expect(200).body;
    for text in ["hermetic.db:", "telemetry.db:", "SQLite", "Look at the samples", "Choose how to send mail"] {
        assert!(page.contains(text), "{text}: {page}");
    }
}
