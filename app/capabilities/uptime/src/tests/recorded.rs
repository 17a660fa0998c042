//! Check-ins as SDKs really sent them.

use std::collections::BTreeMap;

use kernel::Time;

use super::bench::Bench;
use super::check_ins::{append, hear, project, records};
use crate::model::state::MonitorState::{Down, Up};
use crate::model::watch::{BeatSchedule, Watch};
use crate::store;

/// The check-ins of a scenario, in the order in which they were sent.
fn check_ins(scenario: &str) -> Vec<Vec<u8>> {
    let parts = testkit::recorded::envelopes(scenario).into_iter().flat_map(|envelope| envelope.parts);
    parts.filter(|part| part.kind() == "check_in").map(|part| part.payload).collect()
}

async fn replayed(scenario: &str) -> Option<Bench> {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let all = check_ins(scenario);
    for check_in in &all {
        append(&bench, web, check_in).await;
    }
    hear(&bench).await;
    let seen: u64 = records(&bench).await.iter().map(|record| record.seen).sum();
    assert_eq!(seen as usize, all.len(), "every check-in is on record");
    (!all.is_empty()).then_some(bench)
}

/// Schedule, grace, longest run and shown state by slug.
async fn made(bench: &Bench) -> BTreeMap<String, Option<(BeatSchedule, u32, Option<u32>, crate::model::state::MonitorState)>> {
    let mut made = BTreeMap::new();
    for record in records(bench).await {
        let watched = match record.monitor {
            None => None,
            Some(id) => {
                let monitor = bench.house.cx.read(move |r| store::monitors::get(r, id)).await.unwrap();
                let Watch::Heartbeat(watch) = monitor.draft.watch else { panic!("no heartbeat") };
                Some((watch.schedule, watch.grace_s, watch.max_run_s, bench.state(id).shown()))
            }
        };
        made.insert(record.job.slug, watched);
    }
    made
}

#[tokio::test]
async fn python_makes_a_nightly_monitor_that_fails_after_two() {
    let Some(bench) = replayed("py/05-crons-attachment-scope").await else { return };
    let made = made(&bench).await;
    let nightly = BeatSchedule::Cron { expression: "0 3 * * *".into(), zone: "Europe/Vienna".into() };
    let (schedule, grace_s, max_run_s, state) = made["nightly-billing"].clone().unwrap();
    assert_eq!((schedule, grace_s, max_run_s), (nightly, 300, Some(1_800)));
    assert_ne!(state, Down, "one failure of two");
    let id = records(&bench).await.iter().find(|record| record.job.slug == "nightly-billing").unwrap().monitor.unwrap();
    assert_eq!(bench.state(id).fails, 1, "its second run ended with an error");
    let beats = bench.house.cx.read(move |r| store::beats::latest(r, id, 20)).await.unwrap();
    let runs = crate::model::check_in::runs(&beats);
    let told: Vec<_> = runs.iter().map(|run| (run.has_failed, run.started_at.is_some(), run.took.map(|took| took.as_millis()))).collect();
    assert_eq!(told, vec![(true, true, Some(0)), (false, true, Some(56))], "pairs by id, with the durations that the job measured");
}

#[tokio::test]
async fn node_makes_a_monitor_of_two_hours_and_its_other_job_waits_for_a_schedule() {
    let Some(bench) = replayed("node/03-all").await else { return };
    let made = made(&bench).await;
    assert_eq!(made["nightly"], Some((BeatSchedule::Every { period_s: 7_200 }, 60, Some(600), Up)));
    assert_eq!(made["hourly"], None, "it never said when it runs");
}

#[tokio::test]
async fn sentry_cli_alone_says_no_schedule_and_a_person_may_give_one() {
    let Some(bench) = replayed("cli/monitors").await else { return };
    assert_eq!(made(&bench).await["nightly"], None);
    let (record, sealer) = (records(&bench).await.remove(0), bench.house.cx.sealer.clone());
    assert!(record.last_seen_at > Time(0));
    bench.house.cx.write(move |tx| crate::check_ins::watch_now(tx, &sealer, record.id)).await.unwrap();
    bench.load().await;
    assert!(made(&bench).await["nightly"].is_some());
}
