use crate::{Delivery, DeliveryState, Job, NewDelivery, NewJob, Runner, Sent, Work, backoff, enqueue, post, record, store};
use db::{Db, File, Migrations, OpenOptions};
use kernel::paging::PageRequest;
use kernel::{Clock, Error, Fact, Time};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the handlers of these tests saw, and what they are to answer next.
#[derive(Clone, Default)]
struct Seen {
    lines: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<VecDeque<Sent>>>,
}

impl Seen {
    fn note(&self, line: impl Into<String>) {
        self.lines.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    db: Db,
    clock: Clock,
    seen: Seen,
    runner: Runner<Seen>,
}

async fn send(seen: Seen, delivery: Delivery) -> Sent {
    seen.note(format!("{} {} #{}", delivery.destination, delivery.key, delivery.attempt));
    if delivery.destination == "dead" {
        return Sent::Retry { reason: "refused".into(), code: Some(503), after: None };
    }
    seen.answers.lock().unwrap().pop_front().unwrap_or(Sent::Done { code: Some(200), provider_id: None })
}

async fn run(seen: Seen, job: Job) -> kernel::Result<()> {
    seen.note(format!("{} #{}", job.kind, job.attempt));
    match job.payload["fail"].as_str() {
        Some("panic") => panic!("on purpose"),
        Some(reason) => Err(Error::unavailable(reason)),
        None => Ok(()),
    }
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::frozen(Time(1_000_000));
    let db = Db::open(OpenOptions {
        folder: folder.path().to_owned(),
        file: File::Hermetic,
        readers: 2,
        clock: clock.clone(),
        checkpoints: db::Checkpoints::Automatic,
        floor: 0,
    })
    .unwrap();
    db.migrate(vec![Migrations { owner: "work", list: crate::MIGRATIONS }]).unwrap();
    let mut work = Work::default();
    work.job("test.run", run);
    work.job("test.react", |seen: Seen, job: Job| async move {
        seen.note(format!("{:?}", job.fact()?.kind()));
        Ok(())
    });
    work.reaction("delivery_died", "test.react");
    work.sender("test.send", send);
    let seen = Seen::default();
    let runner = Runner::new(db.clone(), seen.clone(), work);
    Bench { _folder: folder, db, clock, seen, runner }
}

fn delivery(destination: &str, key: &str) -> NewDelivery {
    NewDelivery {
        destination: destination.into(),
        sender: "test.send",
        key: key.into(),
        subject: key.into(),
        payload: json!({}),
        run_at: None,
    }
}

impl Bench {
    async fn post(&self, destination: &'static str, key: &'static str) -> bool {
        self.db.write(move |tx| post(tx, delivery(destination, key))).await.unwrap().is_some()
    }

    async fn states(&self) -> Vec<(String, DeliveryState)> {
        let page = self.db.read(|r| store::list_deliveries(r, None, &PageRequest::default())).await.unwrap();
        page.rows.into_iter().rev().map(|row| (row.key, row.state)).collect()
    }
}

#[tokio::test]
async fn a_delivery_is_sent_once_however_often_its_key_is_posted() {
    let bench = bench();
    assert!(bench.post("a", "k1").await);
    assert!(!bench.post("a", "k1").await);
    bench.runner.drain().await.unwrap();
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.seen.take(), ["a k1 #1"]);
    assert!(!bench.post("a", "k1").await, "a sent key stays known");
}

#[tokio::test]
async fn a_later_notice_never_overtakes_an_earlier_one_to_the_same_destination() {
    let bench = bench();
    bench.seen.answers.lock().unwrap().push_back(Sent::Retry {
        reason: "busy".into(),
        code: Some(429),
        after: Some(Duration::from_secs(30)),
    });
    bench.post("a", "down").await;
    bench.post("a", "up").await;
    bench.post("b", "other").await;
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.seen.take(), ["a down #1", "b other #1"], "the other destination does not wait");
    bench.clock.advance(Duration::from_secs(29));
    assert_eq!(bench.runner.drain().await.unwrap(), 0, "Retry-After is honoured");
    bench.clock.advance(Duration::from_secs(1));
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.seen.take(), ["a down #2", "a up #1"]);
}

#[tokio::test]
async fn a_destination_that_never_answers_is_given_up_after_a_day_and_announced() {
    let bench = bench();
    bench.post("dead", "k").await;
    for _ in 0..180 {
        bench.runner.drain().await.unwrap();
        bench.clock.advance(Duration::from_secs(600));
    }
    let attempts = bench.seen.take();
    // Hourly is 48 to 72 minutes here, by its jitter: 19 to 29 of them after the first hour.
    assert!((20..40).contains(&attempts.len()), "seven quick tries, then hourly: {}", attempts.len());
    assert_eq!(attempts.last().unwrap(), "\"delivery_died\"");
    assert_eq!(bench.states().await, [("k".to_owned(), DeliveryState::Dead)]);
}

#[tokio::test]
async fn a_refusal_for_good_dies_at_once_and_can_be_revived_by_a_person() {
    let bench = bench();
    bench.seen.answers.lock().unwrap().push_back(Sent::Dead { reason: "no such hook".into(), code: Some(404) });
    bench.post("a", "k").await;
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.states().await, [("k".to_owned(), DeliveryState::Dead)]);
    bench.db.write(|tx| store::revive_delivery(tx, kernel::ids::DeliveryId(1))).await.unwrap();
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.states().await, [("k".to_owned(), DeliveryState::Sent)]);
    let attempts = bench.db.read(|r| store::list_attempts(r, kernel::ids::DeliveryId(1))).await.unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.outcome.as_str()).collect::<Vec<_>>(), ["dead", "sent"]);
}

#[tokio::test]
async fn what_was_not_tried_can_be_taken_back() {
    let bench = bench();
    bench.post("a", "k").await;
    assert!(bench.db.write(|tx| crate::cancel(tx, "k")).await.unwrap());
    bench.runner.drain().await.unwrap();
    assert!(bench.seen.take().is_empty());
    assert!(!bench.db.write(|tx| crate::cancel(tx, "k")).await.unwrap());
}

#[tokio::test]
async fn what_a_killed_process_had_leased_is_sent_again_with_the_same_key() {
    let bench = bench();
    bench.post("a", "k").await;
    bench.db.write(|tx| store::lease_deliveries(tx, "test.send", 10)).await.unwrap();
    assert_eq!(bench.runner.drain().await.unwrap(), 0, "leased: somebody is at it");
    bench.runner.recover().await.unwrap();
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.seen.take(), ["a k #2"]);
}

#[tokio::test]
async fn a_failing_job_backs_off_and_ends_dead_where_a_person_sees_it() {
    let bench = bench();
    bench.db.write(|tx| enqueue(tx, NewJob::now("test.run", json!({"fail": "no luck"})))).await.unwrap();
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.seen.take(), ["test.run #1"]);
    bench.clock.advance(Duration::from_secs(4));
    assert_eq!(bench.runner.drain().await.unwrap(), 0);
    for _ in 0..10 {
        bench.clock.advance(Duration::from_secs(21_600));
        bench.runner.drain().await.unwrap();
    }
    assert_eq!(bench.seen.take().len(), 8);
    let page = bench.db.read(|r| store::list_jobs(r, true, &PageRequest::default())).await.unwrap();
    assert_eq!((page.rows[0].state.as_str(), page.rows[0].attempts), ("dead", 9));
    assert!(page.rows[0].last_error.as_ref().unwrap().contains("no luck"));
}

#[tokio::test]
async fn a_panicking_job_is_a_failed_attempt_and_not_the_end() {
    let bench = bench();
    bench.db.write(|tx| enqueue(tx, NewJob::now("test.run", json!({"fail": "panic"})))).await.unwrap();
    bench.db.write(|tx| enqueue(tx, NewJob::now("test.run", json!({})))).await.unwrap();
    assert_eq!(bench.runner.drain().await.unwrap(), 2);
    assert_eq!(bench.seen.take().len(), 2);
}

#[tokio::test]
async fn a_queued_key_is_taken_once() {
    let bench = bench();
    let job = || NewJob { kind: "test.run", key: Some("k".into()), payload: json!({}), run_at: None };
    assert!(bench.db.write(move |tx| enqueue(tx, job())).await.unwrap().is_some());
    assert!(bench.db.write(move |tx| enqueue(tx, job())).await.unwrap().is_none());
    assert_eq!(bench.runner.drain().await.unwrap(), 1);
    assert!(bench.db.write(move |tx| enqueue(tx, job())).await.unwrap().is_some());
}

#[tokio::test]
async fn a_queued_job_can_be_taken_back_and_others_stay() {
    let bench = bench();
    let job = |key: &str| NewJob { kind: "test.run", key: Some(key.into()), payload: json!({}), run_at: None };
    bench.db.write(move |tx| enqueue(tx, job("a")).and(enqueue(tx, job("b")))).await.unwrap();
    assert!(bench.db.write(|tx| crate::cancel_job(tx, "test.run", "a")).await.unwrap());
    assert!(!bench.db.write(|tx| crate::cancel_job(tx, "test.run", "a")).await.unwrap());
    assert!(!bench.db.write(|tx| crate::cancel_job(tx, "test.react", "b")).await.unwrap());
    assert_eq!(bench.runner.drain().await.unwrap(), 1);
}

#[tokio::test]
async fn facts_become_jobs_exactly_once_and_a_rolled_back_fact_never_happened() {
    let bench = bench();
    let fact = || Fact::DeliveryDied { delivery: kernel::ids::DeliveryId(1), destination: "x".into(), reason: "y".into() };
    bench.db.write(move |tx| record(tx, &fact())).await.unwrap();
    let undone = bench.db.write(move |tx| {
        record(tx, &fact())?;
        Err::<(), _>(Error::invalid("undone"))
    });
    assert!(undone.await.is_err());
    bench.runner.drain().await.unwrap();
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.seen.take(), ["\"delivery_died\""]);
}

#[tokio::test]
async fn a_fact_after_all_earlier_ones_were_removed_is_still_told() {
    let bench = bench();
    let fact = || Fact::DeliveryDied { delivery: kernel::ids::DeliveryId(1), destination: "x".into(), reason: "y".into() };
    for _ in 0..2 {
        bench.db.write(move |tx| record(tx, &fact())).await.unwrap();
        bench.runner.drain().await.unwrap();
        assert_eq!(bench.seen.take(), ["\"delivery_died\""]);
        bench.clock.advance(Duration::from_secs(86_400));
        bench.db.write(|tx| store::remove_finished(tx, tx.now, 100)).await.unwrap();
        let left: i64 = bench.db.read(|r| r.value("select count(*) from work_facts", [])).await.unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn a_schedule_that_was_missed_runs_once() {
    let bench = bench();
    let mut work = Work::default();
    work.job("test.run", run);
    work.every("test.run", Duration::from_secs(60));
    assert!(work.problems().is_empty());
    let runner = Runner::new(bench.db.clone(), bench.seen.clone(), work);
    assert_eq!(runner.drain().await.unwrap(), 0, "the first turn only notes when it is due");
    bench.clock.advance(Duration::from_secs(3_600));
    assert_eq!(runner.drain().await.unwrap(), 1);
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(runner.drain().await.unwrap(), 1);
}

#[tokio::test]
async fn a_schedule_set_by_a_clock_that_ran_ahead_comes_back() {
    let bench = bench();
    let mut work = Work::default();
    work.job("test.run", run);
    work.every("test.run", Duration::from_secs(60));
    let runner = Runner::new(bench.db.clone(), bench.seen.clone(), work);
    let real = bench.clock.now();
    bench.clock.advance(Duration::from_secs(30 * 86_400));
    runner.drain().await.unwrap();
    bench.clock.set(real);
    runner.drain().await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(runner.drain().await.unwrap(), 1, "a month is not waited for");
}

#[tokio::test]
async fn what_waits_behind_a_failing_delivery_is_not_due_and_costs_no_writes() {
    let bench = bench();
    bench.seen.answers.lock().unwrap().push_back(Sent::Retry {
        reason: "busy".into(),
        code: Some(503),
        after: Some(Duration::from_secs(600)),
    });
    bench.post("a", "first").await;
    bench.post("a", "second").await;
    bench.runner.drain().await.unwrap();
    let (due, now) = bench.db.read(|r| Ok((store::next_due(r)?, r.now))).await.unwrap();
    assert_eq!(due, Some(now + Duration::from_secs(600)));
    let version = |r: &db::Reader<'_>| r.value::<i64>("pragma data_version", []);
    let before = bench.db.read(version).await.unwrap();
    bench.runner.drain().await.unwrap();
    assert_eq!(bench.db.read(version).await.unwrap(), before, "looking again wrote something");
}

#[test]
fn words_that_name_nothing_are_found_at_start() {
    let mut work: Work<Seen> = Work::default();
    work.reaction("no_such_fact", "no.job");
    work.every("no.job", Duration::from_secs(1));
    assert_eq!(work.problems().len(), 3);
}

#[test]
fn a_receivers_wish_is_honoured_but_not_for_ever() {
    let pause = |wish| backoff::delivery_pause(1, Duration::ZERO, wish, 0.5).unwrap();
    assert_eq!(pause(None), Duration::from_secs(5));
    assert_eq!(pause(Some(Duration::from_secs(90))), Duration::from_secs(90));
    assert_eq!(pause(Some(Duration::from_secs(1_000_000))), Duration::from_secs(3_600));
    assert!(backoff::delivery_pause(1, Duration::from_secs(86_400), None, 0.5).is_none());
}

#[tokio::test]
async fn the_hot_queries_use_their_indexes() {
    let bench = bench();
    let plan = bench.db.read(|r| r.explain(store::DUE_DELIVERIES, (0, "test.send", 10))).await.unwrap();
    assert!(
        plan.contains("work_deliveries_by_next_at") && plan.contains("work_deliveries_by_destination") && !plan.contains("TEMP B-TREE"),
        "{plan}"
    );
}
