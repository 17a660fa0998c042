//! Runs of commands against the S3 fake: what becomes good, what does not, and who hears of it.

use std::time::Duration;

use kernel::Fact;
use kernel::time::{DAY, HOUR};
use serde_json::json;

use super::dumps::{Bench, assert_good};
use crate::dumps::model::{Outcome, TroubleKind};
use crate::dumps::{acts, flat, store};

#[tokio::test]
async fn a_commands_output_lies_encrypted_at_the_destination_and_nothing_is_left_here() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "sh -c 'i=0; while [ $i -lt 3000 ]; do echo the-plain-text-$i; i=$((i+1)); done'" })).await;
    let run = bench.run(id).await;
    assert_good(&run);
    assert_eq!(bench.objects(), [format!("shop/2026-03-02T12-00-00Z-{}.bin.zst.age", run.id)]);
    assert_eq!(run.result.object_key.as_deref(), Some(bench.objects()[0].as_str()));
    let stored = bench.object(&bench.objects()[0]);
    assert!(stored.starts_with(b"age-encryption.org/v1\n"));
    assert!(!stored.windows(9).any(|bytes| bytes == b"the-plain"));
    assert_eq!(stored.len() as u64, run.result.stored_bytes);
    assert!(run.result.stored_bytes * 3 < run.result.raw_bytes, "it is compressed");
    assert_eq!(bench.left_over(), Vec::<std::path::PathBuf>::new());
    assert_eq!(bench.facts().await, vec![]);
}

#[tokio::test]
async fn nothing_of_our_own_environment_reaches_the_command_and_a_passphrase_opens_what_it_sealed() {
    let bench = Bench::new().await;
    let fields = json!({
        "command": "env", "encryption": "passphrase", "passphrase": "correct horse battery", "environment": { "OWN": "value" },
    });
    let id = bench.make(fields).await;
    let run = bench.run(id).await;
    assert_good(&run);
    // PATH, LANG and OWN, and what a shell of its own would add is not there.
    let wanted = "LANG=C.UTF-8\nOWN=value\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n";
    assert_eq!(run.result.raw_bytes, wanted.len() as u64);
}

#[tokio::test]
async fn a_failing_command_makes_no_object_and_is_told_until_a_good_one_follows() {
    let bench = Bench::new().await;
    let command = "sh -c 'echo half a dump; echo the password is $TOKEN >&2; exit 3'";
    let id = bench.make(json!({ "command": command, "environment": { "TOKEN": "very-secret" } })).await;
    let run = bench.run(id).await;
    assert_eq!((run.outcome, run.result.exit_code), (Outcome::Failed, Some(3)));
    assert_eq!(run.result.problem, "Exit code: The command ended with exit code 3; its last words are in the log.");
    assert_eq!(run.result.log, "[dump]\nthe password is •••");
    assert_eq!((bench.objects(), bench.left_over().len(), run.result.object_key), (Vec::<String>::new(), 0, None));
    assert!(matches!(&bench.facts().await[..], [Fact::DumpFailed { reason, .. }] if reason == "failed"), "{:?}", bench.facts().await);
    assert_eq!(bench.dump(id).await.trouble.map(|trouble| trouble.kind), Some(TroubleKind::Failed));

    bench.change(id, json!({ "command": "echo whole" })).await;
    assert_good(&bench.run(id).await);
    assert!(matches!(&bench.facts().await[1..], [Fact::DumpRecovered { by, .. }] if by.is_empty()));
    assert_eq!(bench.dump(id).await.trouble, None);
}

#[tokio::test]
async fn a_program_that_is_not_there_and_one_that_writes_nothing_say_what_to_do() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "no-such-program --at-all" })).await;
    let problem = bench.run(id).await.result.problem;
    assert!(problem.contains("“no-such-program” was not found. Install it"), "{problem}");
    bench.change(id, json!({ "command": "true" })).await;
    assert!(bench.run(id).await.result.problem.contains("wrote nothing"));
    bench.change(id, json!({ "kind": "sqlite", "command": "echo BEGIN;" })).await;
    let run = bench.run(id).await;
    assert!(run.result.problem.contains("it was cut off"), "{}", run.result.problem);
    assert_eq!((run.outcome, bench.objects().len()), (Outcome::Failed, 0));
}

/// Ends when the process is gone or waits to be reaped.
fn is_alive(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ")
}

#[tokio::test]
async fn a_hanging_command_is_ended_at_its_limit_with_everything_it_started() {
    let bench = Bench::new().await;
    let pids = bench.house.folder().join("pids");
    let script = format!("trap \"\" TERM; echo begun; echo $$ > {0}; sleep 10000 & echo $! >> {0}; wait; sleep 10000", pids.display());
    let id = bench.make(json!({ "command": format!("sh -c '{script}'"), "time_limit_minutes": 1 })).await;
    bench.house.cx.write(move |tx| acts::run_now(tx, id, "test")).await.unwrap();
    bench.desk.set_minute(Duration::from_secs(2));
    let desk = bench.desk.clone();
    let working = tokio::spawn(async move { desk.work().await });
    let both = || std::fs::read_to_string(&pids).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    working.await.unwrap().unwrap();
    assert_eq!(both().len(), 2, "it was under way");
    let run = bench.last(id).await;
    assert_eq!(run.outcome, Outcome::Failed);
    assert!(run.result.problem.contains("did not end within its limit of 1 min"), "{}", run.result.problem);
    while both().iter().any(|pid| is_alive(pid)) {
        tokio::task::yield_now().await;
    }
    assert_eq!((bench.objects().len(), bench.left_over().len()), (0, 0));
}

#[tokio::test]
async fn a_run_that_the_server_stops_is_interrupted_and_made_again_at_the_next_start() {
    let bench = Bench::new().await;
    let flag = bench.house.folder().join("begun");
    let id = bench.make(json!({ "command": format!("sh -c 'echo x; touch {}; sleep 10000'", flag.display()) })).await;
    bench.house.cx.write(move |tx| acts::run_now(tx, id, "test")).await.unwrap();
    let desk = bench.desk.clone();
    let working = tokio::spawn(async move {
        let begun = desk.begin().await.unwrap();
        crate::dumps::run::run(desk.clone(), begun[0]).await;
    });
    while !flag.exists() {
        tokio::task::yield_now().await;
    }
    bench.desk.shutdown.cancel();
    working.await.unwrap();
    assert_eq!(bench.last(id).await.outcome, Outcome::Interrupted);
    assert_eq!(bench.facts().await, vec![], "a restart is no failure");
    assert_eq!(bench.dump(id).await.wanted_by, "restart");
}

#[tokio::test]
async fn what_a_killed_process_left_is_swept_and_made_again() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "echo whole" })).await;
    bench.house.cx.write(move |tx| acts::run_now(tx, id, "test")).await.unwrap();
    assert_eq!(bench.desk.begin().await.unwrap().len(), 1);
    std::fs::create_dir_all(bench.house.folder().join("dumps")).unwrap();
    std::fs::write(bench.house.folder().join("dumps/run-1.part"), "half").unwrap();
    assert_eq!(bench.desk.begin().await.unwrap(), vec![], "one at a time");
    bench.desk.recover().await.unwrap();
    assert_eq!((bench.last(id).await.outcome, bench.left_over().len()), (Outcome::Interrupted, 0));
    bench.desk.work().await.unwrap();
    assert_good(&bench.last(id).await);
}

#[tokio::test]
async fn a_disk_without_room_refuses_before_anything_is_written() {
    let bench = Bench::new().await;
    bench.desk.set_reserve(u64::MAX / 2);
    let id = bench.make(json!({ "command": "echo whole" })).await;
    let run = bench.run(id).await;
    assert_eq!(run.outcome, Outcome::Failed);
    assert!(run.result.problem.contains("The disk is too full"), "{}", run.result.problem);
    assert_eq!((run.result.exit_code, bench.objects().len(), bench.left_over().len()), (None, 0, 0));
}

#[tokio::test]
async fn a_disk_that_fills_while_it_is_written_ends_the_command() {
    let bench = Bench::new().await;
    let full = bench.house.folder().join("full");
    let id = bench.make(json!({ "command": format!("sh -c 'touch {}; exec cat /dev/zero'", full.display()) })).await;
    bench.house.cx.write(move |tx| acts::run_now(tx, id, "test")).await.unwrap();
    let desk = bench.desk.clone();
    let working = tokio::spawn(async move { desk.work().await });
    while !full.exists() {
        tokio::task::yield_now().await;
    }
    // What is free counts for nothing from now on: the next look finds too little.
    bench.desk.set_reserve(u64::MAX / 2);
    working.await.unwrap().unwrap();
    let run = bench.last(id).await;
    assert_eq!(run.outcome, Outcome::Failed);
    assert!(run.result.problem.contains("The disk is too full"), "{}", run.result.problem);
    assert_eq!((bench.objects().len(), bench.left_over().len()), (0, 0));
}

#[tokio::test]
async fn a_destination_that_does_not_answer_fails_the_run_and_one_that_is_unknown_names_those_there_are() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "echo whole" })).await;
    bench.s3.set_fails(true);
    let run = bench.run(id).await;
    assert_eq!((run.outcome, run.result.object_key.clone()), (Outcome::Failed, None), "{:?}", run.result);
    bench.s3.set_fails(false);
    bench.change(id, json!({ "place": "nowhere" })).await;
    let run = bench.run(id).await;
    assert_eq!(run.result.problem, "There is no destination “nowhere” in the configuration; there is main.");
    assert_eq!((bench.objects().len(), bench.left_over().len()), (0, 0));
}

#[tokio::test]
async fn a_dump_that_shrank_is_doubted_until_a_person_accepts_it() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 10000" })).await;
    assert_good(&bench.run(id).await);
    bench.change(id, json!({ "command": "seq 1000" })).await;
    let run = bench.run(id).await;
    assert_eq!(run.outcome, Outcome::Doubtful);
    assert!(run.result.problem.contains("shrank"), "{}", run.result.problem);
    assert_eq!(bench.objects().len(), 2, "it is kept: it may be right");
    assert_eq!(bench.facts().await.len(), 1);
    bench.house.cx.write(move |tx| acts::accept(tx, run.id)).await.unwrap();
    assert_eq!(bench.last(id).await.outcome, Outcome::Good);
    assert!(matches!(bench.facts().await.last(), Some(Fact::DumpRecovered { .. })));
    assert_good(&bench.run(id).await);
}

#[tokio::test]
async fn a_restore_command_gets_the_dump_and_its_exit_code_counts() {
    let bench = Bench::new().await;
    let there = bench.house.folder().join("there");
    let id = bench.make(json!({ "command": "seq 100000", "restore_command": format!("sh -c 'cat > {}'", there.display()) })).await;
    assert_good(&bench.run(id).await);
    let back = std::fs::read_to_string(&there).unwrap();
    assert_eq!((back.lines().count(), back.lines().last()), (100_000, Some("100000")));
    bench.change(id, json!({ "restore_command": "sh -c 'head -1; echo cannot >&2; exit 4'" })).await;
    let run = bench.run(id).await;
    assert_eq!(run.outcome, Outcome::Failed);
    assert!(run.result.log.contains("[Restored]\ncannot"), "{}", run.result.log);
}

#[tokio::test]
async fn for_somebody_elses_key_only_the_bytes_are_proven() {
    let bench = Bench::new().await;
    let (identity, recipient) = crate::dumps::seal::new_key();
    let id = bench.make(json!({ "command": "seq 1000", "encryption": "recipient", "recipient": recipient })).await;
    let run = bench.run(id).await;
    assert_good(&run);
    assert!(!run.result.checks.iter().any(|check| check.name == "Opened"));
    let key = identity.expose().parse::<age::x25519::Identity>().unwrap();
    let stored = bench.object(&bench.objects()[0]);
    let packed = age::decrypt(&key, &stored).unwrap();
    assert!(zstd::decode_all(&packed[..]).unwrap().starts_with(b"1\n2\n3\n"));
}

#[tokio::test]
async fn old_dumps_are_rotated_away_and_an_append_only_destination_keeps_all() {
    let keep = json!({ "command": "seq 100", "keep_last": 2, "keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0 });
    let bench = Bench::new().await;
    let id = bench.make(keep.clone()).await;
    for _ in 0..4 {
        assert_good(&bench.run(id).await);
        bench.house.clock.advance(HOUR);
    }
    let runs = bench.runs(id).await;
    let there: Vec<_> = runs.iter().filter_map(|run| run.object().map(str::to_owned)).collect();
    let mut objects = bench.objects();
    objects.reverse();
    assert_eq!((objects.len(), there), (2, objects.clone()), "the two newest");
    bench.s3.set_forbids_delete(true);
    assert_good(&bench.run(id).await);
    assert_eq!(bench.objects().len(), 3, "what may not be deleted is not called deleted");
    assert_eq!(bench.runs(id).await.iter().filter(|run| run.object().is_some()).count(), 3);
    bench.s3.set_forbids_delete(false);
    assert_good(&bench.run(id).await);
    assert_eq!(bench.objects().len(), 2, "tried again after the next run");

    let bench = Bench::append_only().await;
    let id = bench.make(keep).await;
    for _ in 0..4 {
        assert_good(&bench.run(id).await);
    }
    assert_eq!(bench.objects().len(), 4);
}

#[tokio::test]
async fn a_failed_run_never_costs_the_only_good_dump() {
    let bench = Bench::new().await;
    let keep = json!({ "command": "seq 100", "keep_last": 1, "keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0 });
    let id = bench.make(keep).await;
    assert_good(&bench.run(id).await);
    bench.change(id, json!({ "command": "false" })).await;
    for _ in 0..3 {
        bench.house.clock.advance(DAY * 40);
        assert_eq!(bench.run(id).await.outcome, Outcome::Failed);
    }
    assert_eq!(bench.objects().len(), 1);
}

#[tokio::test]
async fn it_runs_by_its_schedule_once_however_long_the_server_was_off() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 100" })).await;
    assert_eq!(bench.desk.work().await.unwrap(), 0, "not before its time");
    bench.house.clock.advance(HOUR);
    assert_eq!(bench.desk.work().await.unwrap(), 1);
    assert_eq!(bench.last(id).await.started_by, "schedule");
    assert_eq!(bench.desk.work().await.unwrap(), 0);
    bench.house.clock.advance(DAY * 3);
    assert_eq!(bench.desk.work().await.unwrap(), 1, "once, not seventy-two times");
    bench.change(id, json!({ "paused": true })).await;
    bench.house.clock.advance(DAY * 3);
    assert_eq!(bench.desk.work().await.unwrap(), 0, "paused");
}

#[tokio::test]
async fn a_dump_that_is_not_there_in_time_is_missed_once_and_over_when_a_good_one_comes() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 100", "grace_minutes": 30 })).await;
    bench.house.clock.advance(HOUR);
    assert_eq!(bench.desk.begin().await.unwrap().len(), 1, "it begins, and hangs");
    bench.house.clock.advance(Duration::from_secs(29 * 60));
    bench.desk.begin().await.unwrap();
    assert_eq!(bench.facts().await, vec![]);
    bench.house.clock.advance(Duration::from_secs(60));
    for _ in 0..3 {
        bench.desk.begin().await.unwrap();
    }
    let facts = bench.facts().await;
    let [Fact::DumpFailed { reason, detail, since, .. }] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((reason.as_str(), *since), ("missed", bench.house.clock.now() - Duration::from_secs(30 * 60)));
    assert_eq!(detail, "It was due 30 min ago and it is still running. There has never been a good one.");
    bench.desk.recover().await.unwrap();
    bench.desk.work().await.unwrap();
    assert_good(&bench.last(id).await);
    assert!(matches!(&bench.facts().await[1..], [Fact::DumpRecovered { .. }]));
    assert_eq!(bench.dump(id).await.due_at, Some(bench.house.clock.now() + Duration::from_secs(30 * 60)), "the next full hour");
}

#[tokio::test]
async fn a_failure_is_not_told_a_second_time_as_missed_and_a_pause_ends_it() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "false" })).await;
    bench.house.clock.advance(HOUR);
    bench.desk.work().await.unwrap();
    bench.house.clock.advance(Duration::from_secs(10 * 60));
    bench.desk.work().await.unwrap();
    bench.house.clock.advance(Duration::from_secs(49 * 60));
    bench.desk.work().await.unwrap();
    assert_eq!(bench.facts().await.len(), 1);
    bench.change(id, json!({ "paused": true })).await;
    let facts = bench.facts().await;
    assert!(matches!(&facts[1..], [Fact::DumpRecovered { by, .. }] if by == "the pause of the backup"), "{facts:?}");
}

#[tokio::test]
async fn credentials_rest_sealed_and_a_change_that_names_none_keeps_them() {
    let bench = Bench::new().await;
    let fields = json!({ "kind": "postgresql", "url": "postgresql://app:hunter22@db/shop", "environment": { "PGSSLMODE": "require" } });
    let id = bench.make(fields).await;
    bench.change(id, json!({ "name": "Renamed" })).await;
    let sealer = bench.house.cx.sealer.clone();
    let secrets = bench.house.cx.read(move |r| store::secrets(r, &sealer, id)).await.unwrap();
    assert_eq!((secrets.url.as_str(), secrets.environment.len()), ("postgresql://app:hunter22@db/shop", 1));
    let raw: String = bench.house.cx.read(|r| r.value("select draft || secrets from backup_dumps", [])).await.unwrap();
    assert!(!raw.contains("hunter22") && !raw.contains("require"));
    let dump = bench.dump(id).await;
    assert_eq!((dump.draft.name.as_str(), dump.draft.key.as_str()), ("Renamed", "shop"), "the folder stays");
    let answer = flat::answer(&dump, &secrets, None).unwrap().to_string();
    assert!(!answer.contains("hunter22") && answer.contains("PGSSLMODE"), "{answer}");
}
