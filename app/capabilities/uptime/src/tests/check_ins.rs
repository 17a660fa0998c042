//! Jobs that report by an SDK's check-ins.

use std::sync::Arc;
use std::time::Duration;

use capability::Digest as _;
use capability::digest::drain;
use identity::projects::ProjectDraft;
use ingest::{Head, Item, Kind as ItemKind, NewItem, pack};
use kernel::ids::{MonitorId, ProjectId};
use kernel::{Fact, Role, Time};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::bench::Bench;
use crate::check_ins::{CheckIns, MOST_KNOWN, MOST_WATCHED};
use crate::model::check_in::{self, Config, DELETED, Decision, Known, NO_SCHEDULE, decide, runs};
use crate::model::heartbeat::BeatKind;
use crate::model::state::MonitorState::{Down, Paused, Pending, Up};
use crate::model::watch::{BeatSchedule, HeartbeatWatch, Watch};
use crate::runner::Desk;
use crate::store::check_ins::Record;
use crate::{acts, store};

pub async fn project(bench: &Bench, name: &str) -> ProjectId {
    let draft = ProjectDraft::named(name);
    bench.house.cx.write(move |tx| identity::store::new_project(tx, draft)).await.unwrap().0.id
}

pub async fn append(bench: &Bench, project: ProjectId, payload: &[u8]) {
    let item =
        NewItem { project, kind: ItemKind::CheckIn, event_id: None, head: Head::default(), payload: pack::pack(payload), quantity: 1 };
    bench.house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap();
}

/// Digests what lies there and lets the runner hear of it, as its loop does on the signal.
pub async fn hear(bench: &Bench) {
    bench.house.digest().await;
    bench.desk.take_check_ins().await.unwrap();
    bench.desk.sweep();
    bench.write().await;
}

async fn send(bench: &Bench, project: ProjectId, check_in: Value) {
    append(bench, project, check_in.to_string().as_bytes()).await;
    hear(bench).await;
}

fn hourly() -> Value {
    json!({ "schedule": { "type": "interval", "value": 1, "unit": "hour" }, "checkin_margin": 2, "max_runtime": 10 })
}

fn check_in(status: &str, id: u128) -> Value {
    json!({ "check_in_id": format!("{id:032x}"), "monitor_slug": "nightly", "status": status })
}

fn with_config(status: &str, id: u128, config: Value) -> Value {
    let mut check_in = check_in(status, id);
    check_in["monitor_config"] = config;
    check_in
}

pub async fn records(bench: &Bench) -> Vec<Record> {
    bench.house.cx.read(store::check_ins::list).await.unwrap()
}

async fn monitor(bench: &Bench) -> MonitorId {
    records(bench).await[0].monitor.expect("the job is watched")
}

async fn watch_of(bench: &Bench, id: MonitorId) -> HeartbeatWatch {
    match bench.house.cx.read(move |r| store::monitors::get(r, id)).await.unwrap().draft.watch {
        Watch::Heartbeat(watch) => watch,
        other => panic!("no heartbeat: {other:?}"),
    }
}

async fn beats(bench: &Bench) -> i64 {
    bench.house.cx.read(|r| r.value("select count(*) from uptime_beats", [])).await.unwrap()
}

#[tokio::test]
async fn the_first_check_in_with_a_schedule_makes_a_monitor() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let config = json!({ "schedule": { "type": "crontab", "value": "0 3 * * *" }, "timezone": "Europe/Vienna", "checkin_margin": 5, "max_runtime": 30, "failure_issue_threshold": 2, "recovery_threshold": 3 });
    send(&bench, web, with_config("in_progress", 1, config)).await;
    let id = monitor(&bench).await;
    let expected = HeartbeatWatch {
        schedule: BeatSchedule::Cron { expression: "0 3 * * *".into(), zone: "Europe/Vienna".into() },
        grace_s: 300,
        max_run_s: Some(1_800),
        fail_after: 2,
        recover_after: 3,
    };
    assert_eq!(watch_of(&bench, id).await, expected);
    assert_eq!(bench.state(id).shown(), Pending, "it has not ended yet");
    bench.house.clock.advance(Duration::from_secs(7));
    send(&bench, web, check_in("ok", 1)).await;
    assert_eq!(bench.state(id).shown(), Up);
    assert_eq!(bench.last(id).phases.total, 7_000_000, "from its start to its end");
    assert_eq!(bench.facts().await, vec![]);
}

#[tokio::test]
async fn a_missed_check_in_is_told_and_the_next_one_recovers() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("ok", 1, hourly())).await;
    let (id, last) = (monitor(&bench).await, bench.now());
    bench.pass(3_600 + 119).await;
    assert_eq!(bench.state(id).shown(), Up, "within the margin of two minutes");
    bench.pass(2).await;
    assert_eq!(bench.state(id).shown(), Down);
    let facts = bench.facts().await;
    let deadline = last + Duration::from_secs(3_720);
    assert!(
        matches!(&facts[..], [Fact::MonitorDown { reason, down_since, .. }] if reason == "beat_missing" && *down_since == deadline),
        "{facts:?}"
    );
    send(&bench, web, check_in("ok", 2)).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorRecovered { .. }]), "an ok without a start is one, too");
    send(&bench, web, check_in("ok", 3)).await;
    assert_eq!(bench.state(id).shown(), Up, "and so is a second one");
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_told_and_its_late_end_is_taken_for_its_own() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("in_progress", 9, hourly())).await;
    let id = monitor(&bench).await;
    bench.pass(599).await;
    assert_eq!(bench.facts().await, vec![]);
    bench.pass(2).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { reason, .. }] if reason == "beat_overrun"));
    bench.pass(99).await;
    send(&bench, web, check_in("ok", 9)).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorRecovered { .. }]));
    assert_eq!(bench.last(id).phases.total, 700_000_000);
    let beats = bench.house.cx.read(move |r| store::beats::latest(r, id, 10)).await.unwrap();
    let runs = runs(&beats);
    assert_eq!((runs.len(), runs[0].took), (1, Some(Duration::from_secs(700))), "start and end are one run");
}

#[tokio::test]
async fn an_error_counts_at_once_and_its_duration_is_the_one_the_job_measured() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("in_progress", 1, hourly())).await;
    let mut end = check_in("error", 1);
    end["duration"] = json!(12.5);
    end["release"] = json!("shop@1.4.2");
    send(&bench, web, end).await;
    let id = monitor(&bench).await;
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { reason, .. }] if reason == "beat_failed"));
    assert_eq!(bench.last(id).phases.total, 12_500_000);
    let page = bench.house.member(Role::Viewer).await.get(&format!("/uptime/monitors/{id}")).await.expect(200).body;
    for part in ["Newest runs", "failed", "12 s", "shop@1.4.2", "production", "Web"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn thresholds_are_counted_over_failures_and_misses_alike() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let mut config = hourly();
    config["failure_issue_threshold"] = json!(3);
    config["recovery_threshold"] = json!(2);
    send(&bench, web, with_config("ok", 1, config)).await;
    let id = monitor(&bench).await;
    send(&bench, web, check_in("error", 2)).await;
    let first_failure = bench.now();
    assert_eq!((bench.state(id).shown(), bench.state(id).fails), (Pending, 1));
    bench.pass(3_721).await;
    assert_eq!((bench.state(id).shown(), bench.state(id).fails), (Pending, 2), "one miss");
    bench.pass(10).await;
    assert_eq!(bench.state(id).fails, 2, "a deadline fails once");
    bench.pass(3_590).await;
    assert_eq!(bench.state(id).shown(), Down, "the next miss is the third failure");
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { down_since, .. }] if *down_since == first_failure));
    bench.pass(10).await;
    send(&bench, web, check_in("ok", 3)).await;
    assert_eq!(bench.state(id).shown(), Down, "one good run is not enough");
    send(&bench, web, check_in("ok", 4)).await;
    assert_eq!(bench.state(id).shown(), Up);
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorRecovered { .. }]));
}

#[tokio::test]
async fn a_job_that_crashes_and_then_stays_away_reaches_its_threshold() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let mut config = hourly();
    config["failure_issue_threshold"] = json!(2);
    send(&bench, web, with_config("in_progress", 1, config)).await;
    let id = monitor(&bench).await;
    bench.pass(601).await;
    assert_eq!(bench.state(id).fails, 1, "the run that never ended");
    bench.pass(3_121).await;
    assert_eq!(bench.state(id).shown(), Down, "an hour after its start the next one is missing");
}

#[tokio::test]
async fn all_zeros_mean_the_latest_run() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("in_progress", 1, hourly())).await;
    bench.house.clock.advance(Duration::from_secs(10));
    send(&bench, web, check_in("in_progress", 2)).await;
    bench.house.clock.advance(Duration::from_secs(5));
    send(&bench, web, check_in("ok", 0)).await;
    let id = monitor(&bench).await;
    assert_eq!(bench.last(id).phases.total, 5_000_000);
    let state = bench.house.cx.read(move |r| store::states::beat_state(r, id)).await.unwrap();
    assert_eq!(state.runs.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), vec![format!("{:032x}", 1)]);
    let dashed = json!({ "check_in_id": "00000000-0000-0000-0000-000000000001", "monitor_slug": "nightly", "status": "ok" });
    send(&bench, web, dashed).await;
    let state = bench.house.cx.read(move |r| store::states::beat_state(r, id)).await.unwrap();
    assert!(state.runs.is_empty(), "with dashes or without is the same id");
}

#[tokio::test]
async fn environments_and_projects_are_watched_apart() {
    let bench = Bench::new().await;
    let (web, jobs) = (project(&bench, "Web").await, project(&bench, "Jobs").await);
    let mut staging = with_config("error", 2, hourly());
    staging["environment"] = json!("staging");
    send(&bench, web, with_config("ok", 1, hourly())).await;
    send(&bench, web, staging).await;
    send(&bench, jobs, with_config("ok", 3, hourly())).await;
    let found: Vec<(ProjectId, String, MonitorId)> =
        records(&bench).await.into_iter().map(|record| (record.job.project, record.job.environment, record.monitor.unwrap())).collect();
    assert_eq!(found.len(), 3);
    for (project, environment, id) in found {
        let expected = if environment == "staging" { Down } else { Up };
        assert_eq!(bench.state(id).shown(), expected, "{project} {environment}");
    }
    let list = bench.house.member(Role::Viewer).await.get("/uptime").await.expect(200).body;
    assert!(list.contains("nightly (staging)") && list.contains("· Jobs · production") && list.contains("check-in"), "{list}");
}

#[tokio::test]
async fn the_night_of_the_clock_change_is_no_miss() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let at = |text: &str| Time::parse_rfc3339(text).unwrap();
    bench.house.clock.set(at("2026-03-28T01:30:05Z"));
    let config = json!({ "schedule": { "type": "crontab", "value": "30 2 * * *" }, "timezone": "Europe/Berlin", "checkin_margin": 5 });
    send(&bench, web, with_config("ok", 1, config)).await;
    let id = monitor(&bench).await;
    // 02:30 does not exist that night; the job runs right after the gap, at 03:00 = 01:00 UTC.
    bench.house.clock.set(at("2026-03-29T01:04:59Z"));
    bench.pass(0).await;
    assert_eq!(bench.state(id).shown(), Up);
    bench.pass(2).await;
    assert_eq!(bench.state(id).shown(), Down);
    let facts = bench.facts().await;
    assert!(matches!(&facts[..], [Fact::MonitorDown { down_since, .. }] if *down_since == at("2026-03-29T01:05:00Z")), "{facts:?}");
}

#[tokio::test]
async fn a_changed_schedule_is_followed_unless_a_person_changed_it() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("ok", 1, hourly())).await;
    let id = monitor(&bench).await;
    let daily = |margin: i64| json!({ "schedule": { "type": "interval", "value": 1, "unit": "day" }, "checkin_margin": margin });
    send(&bench, web, with_config("ok", 2, daily(10))).await;
    bench.load().await;
    let followed = watch_of(&bench, id).await;
    assert_eq!((followed.schedule.clone(), followed.grace_s), (BeatSchedule::Every { period_s: 86_400 }, 600));
    let sealer = bench.house.cx.sealer.clone();
    bench
        .house
        .cx
        .write(move |tx| {
            let monitor = store::monitors::get(tx, id)?;
            let watch = HeartbeatWatch { grace_s: 7_200, ..followed };
            let draft = crate::model::watch::Draft { watch: Watch::Heartbeat(watch), ..monitor.draft };
            acts::update(tx, &sealer, id, crate::model::flat::Given { draft, secrets: Default::default() })
        })
        .await
        .unwrap();
    send(&bench, web, with_config("ok", 3, daily(20))).await;
    assert_eq!(watch_of(&bench, id).await.grace_s, 7_200, "what a person said stays");
    assert_eq!(beats(&bench).await, 3, "and its beats are heard");
    send(&bench, web, with_config("ok", 4, json!({ "schedule": { "type": "crontab", "value": "nonsense" } }))).await;
    assert_eq!(records(&bench).await[0].refusal, "Its crontab “nonsense” cannot be read.");
    assert_eq!(beats(&bench).await, 4, "a schedule that cannot be read costs no beat");
}

#[tokio::test]
async fn what_a_person_paused_or_deleted_stays_so() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("ok", 1, hourly())).await;
    let id = monitor(&bench).await;
    bench.house.cx.write(move |tx| acts::set_paused(tx, id, true)).await.unwrap();
    bench.load().await;
    bench.pass(1).await;
    send(&bench, web, with_config("error", 2, hourly())).await;
    assert_eq!(bench.state(id).shown(), Paused);
    assert!(bench.facts().await.iter().all(|fact| matches!(fact, Fact::MonitorSilenced { .. })));
    bench.house.cx.write(move |tx| acts::delete(tx, id)).await.unwrap();
    bench.load().await;
    send(&bench, web, with_config("ok", 3, hourly())).await;
    let record = records(&bench).await.remove(0);
    assert_eq!((record.monitor, record.refusal.as_str(), record.seen), (None, DELETED, 3));
    let member = bench.house.member(Role::Member).await;
    let page = member.get("/uptime/check-ins").await.expect(200).body;
    assert!(page.contains("not watched") && page.contains(DELETED), "{page}");
    let made = member.post(&format!("/uptime/check-ins/{}/watch", record.id), &[]).await.expect(303);
    let again = monitor(&bench).await;
    assert_eq!(made.location(), format!("/uptime/monitors/{again}"));
    assert_eq!(watch_of(&bench, again).await.schedule, BeatSchedule::Every { period_s: 3_600 }, "by the schedule it told");
    send(&bench, web, check_in("ok", 4)).await;
    assert_eq!(bench.state(again).shown(), Up);
}

#[tokio::test]
async fn a_job_that_does_not_say_when_it_runs_is_counted_shown_and_can_be_watched() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, check_in("in_progress", 1)).await;
    send(&bench, web, check_in("ok", 1)).await;
    let record = records(&bench).await.remove(0);
    assert_eq!((record.monitor, record.refusal.as_str(), record.seen), (None, NO_SCHEDULE, 2));
    let found = bench.house.cx.read(crate::feed::diagnose).await.unwrap();
    assert!(found.iter().any(|found| found.subject == "Check-ins" && found.finding.contains("nightly")), "{found:?}");
    let member = bench.house.member(Role::Member).await;
    member.post(&format!("/uptime/check-ins/{}/watch", record.id), &[]).await.expect(303);
    let id = monitor(&bench).await;
    assert_eq!(watch_of(&bench, id).await.schedule, BeatSchedule::Every { period_s: 86_400 });
    member.post(&format!("/uptime/check-ins/{}/forget", record.id), &[]).await.expect(409);
    send(&bench, web, with_config("ok", 2, hourly())).await;
    assert_eq!(watch_of(&bench, id).await.schedule, BeatSchedule::Every { period_s: 3_600 }, "its own word comes later and is followed");
    bench.house.member(Role::Viewer).await.post(&format!("/uptime/check-ins/{}/watch", record.id), &[]).await.expect(403);
}

#[tokio::test]
async fn made_up_names_make_no_end_of_monitors() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    for number in 0..350 {
        let mut check_in = with_config("ok", 1, hourly());
        check_in["monitor_slug"] = json!(format!("job-{number}"));
        append(&bench, web, check_in.to_string().as_bytes()).await;
    }
    hear(&bench).await;
    let records = records(&bench).await;
    assert_eq!(records.len() as u64, MOST_KNOWN + 1);
    assert_eq!(records.iter().filter(|record| record.monitor.is_some()).count() as u64, MOST_WATCHED);
    let refused = records.iter().filter(|record| record.refusal.contains("are watched already")).count() as u64;
    assert_eq!(refused, MOST_KNOWN - MOST_WATCHED);
    let others = records.iter().find(|record| record.job.slug.is_empty()).unwrap();
    assert_eq!(others.seen, 50, "what is beyond is counted");
    // One project's flood costs another nothing.
    let jobs = project(&bench, "Jobs").await;
    send(&bench, jobs, with_config("ok", 1, hourly())).await;
    assert!(super::check_ins::records(&bench).await.iter().any(|record| record.job.project == jobs && record.monitor.is_some()));
}

#[tokio::test]
async fn check_ins_without_a_name_are_counted_and_hold_up_no_others() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    for slug in [Value::Null, json!(""), json!("夜間")] {
        append(&bench, web, json!({ "monitor_slug": slug, "status": "ok" }).to_string().as_bytes()).await;
    }
    send(&bench, web, with_config("ok", 1, hourly())).await;
    let records = records(&bench).await;
    let nameless = records.iter().find(|record| record.job.slug.is_empty()).expect("a row for all of them");
    assert_eq!((nameless.seen, nameless.monitor), (3, None));
    assert!(nameless.refusal.contains("monitor_slug"), "{}", nameless.refusal);
    assert!(records.iter().any(|record| record.monitor.is_some()));
    let dropped = bench.house.cx.telemetry.read(move |r| ingest::store::sum_outcomes(r, Some(web), Time(0))).await.unwrap();
    assert!(dropped.iter().all(|row| row.outcome == ingest::store::Outcome::Accepted), "none is passed over: {dropped:?}");
}

#[tokio::test]
async fn a_start_that_its_end_overtook_on_the_way_opens_no_run() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let mut quick = with_config("ok", 7, hourly());
    quick["duration"] = json!(0.25);
    send(&bench, web, quick).await;
    bench.house.clock.advance(Duration::from_millis(40));
    send(&bench, web, check_in("in_progress", 7)).await;
    let id = monitor(&bench).await;
    bench.pass(1_800).await;
    assert_eq!((bench.state(id).shown(), bench.facts().await), (Up, vec![]), "it did end");
    let beats = bench.house.cx.read(move |r| store::beats::latest(r, id, 10)).await.unwrap();
    let listed = runs(&beats);
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(listed[0].ended_at.is_some() && listed[0].took == Some(Duration::from_millis(250)), "{listed:?}");
    // The same word much later is another run.
    send(&bench, web, check_in("in_progress", 7)).await;
    bench.pass(601).await;
    assert_eq!(bench.state(id).shown(), Down);
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { reason, .. }] if reason == "beat_overrun"));
}

#[tokio::test]
async fn check_ins_of_a_batch_that_died_are_taken_once() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    append(&bench, web, with_config("in_progress", 1, hourly()).to_string().as_bytes()).await;
    append(&bench, web, check_in("error", 1).to_string().as_bytes()).await;
    let batch = bench.house.cx.telemetry.read(|r| ingest::store::next_batch(r, 0, &[ItemKind::CheckIn], 10, 1 << 20)).await.unwrap();
    // Killed before hermetic.db was written: the change is dropped.
    drop(CheckIns.digest(&bench.house.cx, &batch.items).unwrap());
    assert_eq!(beats(&bench).await, 0);
    assert_eq!(drain(&bench.house.cx, &CheckIns).await.unwrap(), 2);
    assert_eq!(drain(&bench.house.cx, &CheckIns).await.unwrap(), 0);
    assert_eq!((beats(&bench).await, records(&bench).await[0].seen), (2, 2));
    bench.desk.take_check_ins().await.unwrap();
    bench.desk.take_check_ins().await.unwrap();
    bench.write().await;
    let id = monitor(&bench).await;
    assert_eq!((bench.state(id).shown(), bench.state(id).fails), (Down, 1), "judged once");
}

/// A desk that starts over with what is on disk.
async fn restarted(bench: Bench) -> Bench {
    let Bench { house, desk, seen, .. } = bench;
    drop(Arc::into_inner(desk).expect("nobody else holds the desk"));
    let desk = Desk::of(&house.cx).unwrap();
    let bench = Bench { house, desk, seen };
    bench.trust_fakes(|_| {});
    bench.load().await;
    bench.desk.take_check_ins().await.unwrap();
    bench.desk.sweep();
    bench.write().await;
    bench
}

#[tokio::test]
async fn a_check_in_that_nobody_judged_before_the_restart_is_judged_after_it_once() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("ok", 1, hourly())).await;
    let id = monitor(&bench).await;
    bench.house.clock.advance(Duration::from_secs(1));
    append(&bench, web, check_in("error", 2).to_string().as_bytes()).await;
    // Written down, but killed before the runner heard of it.
    bench.house.digest().await;
    let bench = restarted(bench).await;
    assert_eq!((bench.state(id).shown(), bench.state(id).fails), (Down, 1));
    assert!(matches!(&bench.facts().await[..], [Fact::MonitorDown { reason, .. }] if reason == "beat_failed"));
}

#[tokio::test]
async fn after_a_restart_missed_check_ins_are_told_of_once() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let mut config = hourly();
    config["failure_issue_threshold"] = json!(2);
    send(&bench, web, with_config("ok", 1, config)).await;
    let id = monitor(&bench).await;
    bench.desk.note_alive(&mut None).await.unwrap();
    // Ten hours nobody listened: what was due then may have come to a closed door.
    bench.house.clock.advance(Duration::from_secs(36_000));
    let bench = restarted(bench).await;
    for _ in 0..5 {
        bench.pass(1).await;
    }
    assert_eq!((bench.state(id).shown(), bench.state(id).fails), (Up, 0), "ten missed hours are not ten failures");
    bench.pass(3_721).await;
    assert_eq!(bench.state(id).fails, 1, "the first one that could have been heard");
    for _ in 0..5 {
        bench.pass(1).await;
    }
    assert_eq!(bench.state(id).fails, 1);
    bench.pass(3_600).await;
    assert_eq!(bench.state(id).shown(), Down);
}

#[tokio::test]
async fn a_job_of_a_project_that_is_gone_is_watched_no_longer() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    send(&bench, web, with_config("ok", 1, hourly())).await;
    bench.house.cx.write(move |tx| identity::store::remove_project(tx, web)).await.unwrap();
    bench.house.cx.write(crate::check_ins::tidy).await.unwrap();
    assert!(records(&bench).await.is_empty());
    assert_eq!(bench.house.cx.read(store::monitors::count).await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_stranger_sends_is_shown_as_text() {
    let bench = Bench::new().await;
    let web = project(&bench, "Web").await;
    let script = "<script>alert(1)</script>";
    let mut check_in = with_config("ok", 1, json!({ "schedule": { "type": "interval", "value": 1, "unit": script } }));
    check_in["environment"] = json!(script);
    check_in["release"] = json!(script);
    send(&bench, web, check_in.clone()).await;
    check_in["monitor_config"] = hourly();
    send(&bench, web, check_in).await;
    let id = monitor(&bench).await;
    let member = bench.house.member(Role::Member).await;
    for path in ["/uptime".to_owned(), "/uptime/check-ins".to_owned(), format!("/uptime/monitors/{id}")] {
        let page = member.get(&path).await.expect(200).body;
        assert!(!page.contains("<script>alert") && page.contains("&lt;script"), "{path}");
    }
    for odd in ["{", "[]", "{}", r#"{"monitor_slug":"","status":"ok"}"#, r#"{"monitor_slug":"☃","status":"ok"}"#] {
        append(&bench, web, odd.as_bytes()).await;
    }
    hear(&bench).await;
    let lost: i64 = bench
        .house
        .cx
        .telemetry
        .read(|r| r.value("select sum(quantity) from ingest_outcomes where category = 'monitor' and reason = 'undigestible'", []))
        .await
        .unwrap();
    assert_eq!(lost, 1, "what is no JSON is counted");
    let nameless = records(&bench).await.into_iter().find(|record| record.job.slug.is_empty()).expect("a row");
    assert_eq!(nameless.seen, 4, "and so is what says of no job");
}

#[test]
fn configurations_become_watches_or_say_why_not() {
    let config = |schedule: Value, zone: Option<&str>| Config { schedule, timezone: zone.map(str::to_owned), ..Config::default() };
    let interval = |value: Value, unit: &str| config(json!({ "type": "interval", "value": value, "unit": unit }), None);
    let every = |period_s: u32| Ok(BeatSchedule::Every { period_s });
    let cron = |expression: &str, zone: &str| Ok(BeatSchedule::Cron { expression: expression.into(), zone: zone.into() });
    let crontab = |value: &str, zone: Option<&str>| config(json!({ "type": "crontab", "value": value }), zone);
    let refused = |sentence: &str| Err(sentence.to_owned());
    let table = [
        (interval(json!(5), "minute"), every(300)),
        (interval(json!(2), "hour"), every(7_200)),
        (interval(json!(1), "days"), every(86_400)),
        (interval(json!(1), "week"), every(604_800)),
        (interval(json!(1), "month"), every(2_678_400)),
        (interval(json!(1), "year"), every(31_622_400)),
        (interval(json!(2.0), "hour"), every(7_200)),
        (interval(json!(2), "year"), refused("Its interval is not between a minute and a year.")),
        (interval(json!(0), "hour"), refused("Its interval is not between a minute and a year.")),
        (interval(json!(1e18), "hour"), refused("Its interval is not between a minute and a year.")),
        (interval(json!("x"), "hour"), refused("Its interval is not between a minute and a year.")),
        (interval(json!(1), "fortnight"), refused("Its interval is in “fortnight”, which is no unit.")),
        (crontab("*/5  * * * *", None), cron("*/5 * * * *", "UTC")),
        (crontab("@daily", Some("Asia/Kolkata")), cron("@daily", "Asia/Kolkata")),
        (crontab("0 0 31 2 *", None), refused("Its crontab “0 0 31 2 *” cannot be read.")),
        (crontab("", None), refused("Its crontab “” cannot be read.")),
        (crontab("0 3 * * *", Some("Mars/Base")), refused("Its time zone “Mars/Base” is not known.")),
        (config(Value::Null, None), refused("Its schedule is neither a crontab nor an interval.")),
        (config(json!({ "type": 7 }), None), refused("Its schedule is neither a crontab nor an interval.")),
    ];
    for (config, expected) in table {
        assert_eq!(config.watch().map(|watch| watch.schedule), expected, "{config:?}");
    }
    let bounds = |margin: i64, run: i64, fail: i64| {
        let config = Config {
            checkin_margin: Some(margin),
            max_runtime: Some(run),
            failure_issue_threshold: Some(fail),
            ..interval(json!(1), "hour")
        };
        let watch = config.watch().unwrap();
        (watch.grace_s, watch.max_run_s, watch.fail_after)
    };
    assert_eq!(bounds(5, 45, 2), (300, Some(2_700), 2));
    assert_eq!(bounds(0, 0, 0), (60, Some(1_800), 1), "as the wire's defaults");
    assert_eq!(bounds(i64::MAX, i64::MIN, i64::MAX), (2_592_000, Some(1_800), 100));
}

#[test]
fn what_a_check_in_does_to_its_monitor() {
    let watch = |grace_s: u32| HeartbeatWatch { grace_s, ..HeartbeatWatch::default() };
    let config = |minutes: i64| Config {
        schedule: json!({ "type": "interval", "value": 1, "unit": "hour" }),
        checkin_margin: Some(minutes),
        ..Config::default()
    };
    let made = |minutes: i64| config(minutes).watch().unwrap();
    let broken = Config::default();
    let known = |watch: Option<HeartbeatWatch>, applied: Option<HeartbeatWatch>| Known { watch, applied };
    let problem = "Its schedule is neither a crontab nor an interval.".to_owned();
    let table = [
        (known(None, None), Some(config(1)), Decision::Create(made(1))),
        (known(None, None), None, Decision::Ignore(NO_SCHEDULE.into())),
        (known(None, None), Some(broken.clone()), Decision::Ignore(problem.clone())),
        (known(None, Some(made(1))), Some(config(1)), Decision::Ignore(DELETED.into())),
        (known(None, Some(made(1))), None, Decision::Ignore(DELETED.into())),
        (known(Some(made(1)), Some(made(1))), Some(config(1)), Decision::Keep),
        (known(Some(made(1)), Some(made(1))), None, Decision::Keep),
        (known(Some(made(1)), Some(made(1))), Some(config(2)), Decision::Update(made(2))),
        (known(Some(watch(7)), Some(made(1))), Some(config(2)), Decision::Leave),
        (known(Some(made(2)), Some(made(1))), Some(config(2)), Decision::Keep),
        (known(Some(made(1)), Some(made(1))), Some(broken), Decision::Refuse(problem)),
    ];
    for (known, config, expected) in table {
        assert_eq!(decide(&known, config.as_ref()), expected, "{known:?} {config:?}");
    }
}

#[test]
fn statuses_that_nobody_knows_are_read_but_count_for_nothing() {
    let kind = |status: &str| {
        let payload = json!({ "monitor_slug": "My Job!", "status": status, "duration": -1 }).to_string();
        let item = Item::sample(1, ProjectId(1), ItemKind::CheckIn, Time(0), payload.as_bytes());
        let check_in = check_in::read(&item).unwrap();
        assert_eq!((check_in.job.slug.as_str(), check_in.job.environment.as_str(), check_in.reported_ms), ("my-job", "production", None));
        check_in.kind
    };
    assert_eq!(kind("in_progress"), BeatKind::Start);
    assert_eq!(kind("ok"), BeatKind::Success);
    assert_eq!(kind("error"), BeatKind::Fail);
    for odd in ["missed", "timeout", "OK!", ""] {
        assert_eq!(kind(odd), BeatKind::Log, "{odd}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_check_in_is_read_without_a_panic(slug in ".{0,80}", status in ".{0,20}", id in ".{0,70}", value in any::<f64>(), unit in ".{0,10}", zone in ".{0,70}", margin in any::<i64>()) {
        let payload = json!({ "monitor_slug": slug, "status": status, "check_in_id": id, "duration": value, "environment": zone,
            "monitor_config": { "schedule": { "type": "interval", "value": value, "unit": unit }, "timezone": zone, "checkin_margin": margin, "max_runtime": margin } }).to_string();
        let item = Item::sample(1, ProjectId(1), ItemKind::CheckIn, Time(0), payload.as_bytes());
        if let Ok(check_in) = check_in::read(&item) {
            prop_assert!(check_in.job.name().chars().count() <= 100);
            let _ = check_in.config.unwrap().watch();
        }
    }
}
