//! What is wrong stays wrong until a good dump follows; what is tried again, and when somebody hears of it.

use std::time::Duration;

use kernel::Fact;
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::json;

use super::dumps::{Bench, assert_good};
use crate::dumps::model::{Outcome, TroubleKind};
use crate::dumps::{acts, feed, run, store};

#[tokio::test]
async fn accepting_an_old_doubtful_dump_ends_no_trouble_that_came_after_it() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 10000", "every_hours": 24 })).await;
    assert_good(&bench.run(id).await);
    bench.change(id, json!({ "command": "seq 1000" })).await;
    let monday = bench.run(id).await;
    assert_eq!(monday.outcome, Outcome::Doubtful);
    bench.change(id, json!({ "command": "false" })).await;
    for _ in 0..2 {
        bench.house.clock.advance(DAY);
        assert_eq!(bench.run(id).await.outcome, Outcome::Failed);
    }
    let before = bench.dump(id).await;
    let accept = move |tx: &mut db::Tx<'_>| acts::accept(tx, monday.id);
    assert_eq!(bench.house.cx.write(accept).await.unwrap().outcome, Outcome::Good);
    let after = bench.dump(id).await;
    assert_eq!(after.trouble.map(|trouble| trouble.kind), Some(TroubleKind::Failed));
    assert_eq!(after.due_at, before.due_at, "a good one is still owed");
    assert!(bench.facts().await.iter().all(|fact| matches!(fact, Fact::DumpFailed { .. })));
    assert_eq!(bench.state(id).await, "Failed");
}

#[tokio::test]
async fn a_dump_that_was_rotated_away_cannot_be_accepted() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 10000" })).await;
    assert_good(&bench.run(id).await);
    bench.change(id, json!({ "command": "seq 1000" })).await;
    let doubtful = bench.run(id).await.id;
    bench.house.cx.write(move |tx| store::set_removed(tx, &[doubtful])).await.unwrap();
    let refused = bench.house.cx.write(move |tx| acts::accept(tx, doubtful)).await.unwrap_err();
    assert!(refused.message().contains("rotated away"), "{}", refused.message());
    assert_eq!(bench.last(id).await.outcome, Outcome::Doubtful);
}

#[tokio::test]
async fn an_accepted_dump_owes_the_next_one_after_it_and_not_after_the_click() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 10000" })).await;
    assert_good(&bench.run(id).await);
    bench.change(id, json!({ "command": "seq 1000" })).await;
    bench.house.clock.advance(HOUR);
    bench.desk.work().await.unwrap();
    let doubtful = bench.last(id).await;
    assert_eq!(doubtful.outcome, Outcome::Doubtful);
    bench.house.clock.advance(HOUR * 5);
    bench.house.cx.write(move |tx| acts::accept(tx, doubtful.id)).await.unwrap();
    assert_eq!(bench.dump(id).await.due_at, Some(doubtful.started_at + HOUR));
}

#[tokio::test]
async fn a_pause_makes_a_failing_dump_silent_and_not_good() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "false" })).await;
    bench.run(id).await;
    bench.change(id, json!({ "paused": true })).await;
    bench.change(id, json!({ "paused": false })).await;
    assert_eq!(bench.dump(id).await.trouble, None);
    assert_eq!(bench.state(id).await, "Failed");
    let cx = &bench.house.cx;
    assert_eq!(cx.read(feed::tiles).await.unwrap()[0].value, "1 not proven");
    assert_eq!(cx.read(feed::gauges).await.unwrap()[0].value, 0.0);
    bench.change(id, json!({ "command": "seq 10" })).await;
    assert_good(&bench.run(id).await);
    assert_eq!((bench.state(id).await, cx.read(feed::gauges).await.unwrap()[0].value), ("Good", 1.0));
    assert_eq!(cx.read(feed::tiles).await.unwrap()[0].value, "all good");
}

#[tokio::test]
async fn a_dump_that_takes_the_process_down_is_not_begun_at_every_start() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 10" })).await;
    bench.house.cx.write(move |tx| acts::run_now(tx, id, "test")).await.unwrap();
    for start in 1..=3 {
        assert_eq!(bench.desk.begin().await.unwrap().len(), 1, "start {start}");
        bench.desk.recover().await.unwrap();
    }
    assert_eq!(bench.dump(id).await.wanted_at, None);
    assert_eq!(bench.last(id).await.outcome, Outcome::Failed);
    let facts = bench.facts().await;
    assert!(matches!(&facts[..], [Fact::DumpFailed { detail, .. }] if detail.contains("may be the cause")), "{facts:?}");
    assert_eq!(bench.desk.begin().await.unwrap(), vec![]);

    bench.house.clock.advance(HOUR);
    assert_eq!(bench.desk.begin().await.unwrap().len(), 1, "by its schedule, once");
    bench.desk.recover().await.unwrap();
    assert_eq!((bench.dump(id).await.wanted_at, bench.desk.begin().await.unwrap()), (None, vec![]));

    bench.house.clock.advance(HOUR);
    bench.desk.work().await.unwrap();
    assert_good(&bench.last(id).await);
    assert!(matches!(bench.facts().await.last(), Some(Fact::DumpRecovered { .. })));
}

#[tokio::test]
async fn what_a_killed_upload_left_is_known_and_removed_after_the_next_good_run() {
    let bench = Bench::new().await;
    let flag = bench.house.folder().join("uploaded");
    // It is uploaded, and never proven to its end.
    let hangs = format!("sh -c 'cat > /dev/null; touch {}; sleep 10000'", flag.display());
    let id = bench.make(json!({ "command": "seq 100", "restore_command": hangs })).await;
    bench.house.cx.write(move |tx| acts::run_now(tx, id, "test")).await.unwrap();
    let begun = bench.desk.begin().await.unwrap()[0];
    let working = tokio::spawn(run::run(bench.desk.clone(), begun));
    while !flag.exists() {
        tokio::task::yield_now().await;
    }
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    let left = bench.objects();
    assert_eq!(left.len(), 1);
    bench.desk.recover().await.unwrap();
    let interrupted = bench.last(id).await;
    assert_eq!((interrupted.outcome, interrupted.object(), interrupted.leftover.as_deref()), (Outcome::Interrupted, None, Some(&*left[0])));

    bench.change(id, json!({ "restore_command": "" })).await;
    bench.desk.work().await.unwrap();
    let good = bench.last(id).await;
    assert_good(&good);
    assert_eq!(bench.objects(), [good.object().unwrap()]);
}

#[tokio::test]
async fn an_upload_that_failed_may_have_left_something_and_is_cleared_away() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "seq 100" })).await;
    bench.s3.set_fails(true);
    let failed = bench.run(id).await;
    assert_eq!((failed.outcome, failed.object()), (Outcome::Failed, None));
    assert!(failed.leftover.is_some());
    bench.s3.set_fails(false);
    assert_good(&bench.run(id).await);
    let after = bench.house.cx.read(move |r| store::get_run(r, failed.id)).await.unwrap();
    assert!(after.removed_at.is_some());
}

#[tokio::test]
async fn a_dump_that_moved_empties_its_old_place_as_the_new_one_fills() {
    let bench = Bench::two_places().await;
    let keep = json!({ "command": "seq 100", "place": "other", "keep_last": 2, "keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0 });
    let id = bench.make(keep).await;
    for _ in 0..3 {
        assert_good(&bench.run(id).await);
        bench.house.clock.advance(HOUR);
    }
    assert_eq!((bench.objects_at("other").len(), bench.objects().len()), (2, 0));
    bench.change(id, json!({ "place": "copies" })).await;
    for there in [1, 0, 0] {
        assert_good(&bench.run(id).await);
        bench.house.clock.advance(HOUR);
        assert_eq!(bench.objects_at("other").len(), there);
    }
    assert_eq!(bench.objects().len(), 2);
}

#[tokio::test]
async fn a_scheduled_run_that_fails_is_tried_once_more_before_anybody_is_told() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "false" })).await;
    bench.house.clock.advance(HOUR);
    assert_eq!(bench.desk.work().await.unwrap(), 1);
    assert_eq!((bench.facts().await, bench.state(id).await), (vec![], "Failed, tries again"));
    let viewer = bench.house.member(kernel::Role::Viewer).await;
    assert!(viewer.get(&format!("/backup/dumps/{id}")).await.expect(200).body.contains("is tried again in 10 min"));
    bench.house.clock.advance(MINUTE * 10 - Duration::from_millis(1));
    assert_eq!(bench.desk.work().await.unwrap(), 0, "not before its time");
    bench.house.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.desk.work().await.unwrap(), 1);
    assert_eq!(bench.last(id).await.started_by, "retry");
    let facts = bench.facts().await;
    assert!(
        matches!(&facts[..], [Fact::DumpFailed { detail, .. }] if detail.ends_with("It was tried twice, 10 minutes apart.")),
        "{facts:?}"
    );
    bench.house.clock.advance(MINUTE * 49);
    assert_eq!(bench.desk.work().await.unwrap(), 0, "then it waits for its schedule");
    bench.house.clock.advance(MINUTE);
    assert_eq!(bench.desk.work().await.unwrap(), 1);
    assert_eq!(bench.last(id).await.started_by, "schedule");
}

#[tokio::test]
async fn a_retry_that_succeeds_is_never_told_and_a_pause_takes_it_back() {
    let bench = Bench::new().await;
    let flag = bench.house.folder().join("second");
    let command = format!("sh -c 'if [ -e {0} ]; then seq 10; else touch {0}; exit 1; fi'", flag.display());
    let id = bench.make(json!({ "command": command })).await;
    bench.house.clock.advance(HOUR);
    bench.desk.work().await.unwrap();
    bench.house.clock.advance(MINUTE * 10);
    bench.desk.work().await.unwrap();
    assert_good(&bench.last(id).await);
    assert_eq!((bench.facts().await, bench.state(id).await), (vec![], "Good"));

    bench.change(id, json!({ "command": "false" })).await;
    bench.house.clock.advance(MINUTE * 50);
    assert_eq!(bench.desk.work().await.unwrap(), 1);
    bench.change(id, json!({ "paused": true })).await;
    bench.house.clock.advance(DAY);
    assert_eq!((bench.desk.work().await.unwrap(), bench.facts().await), (0, vec![]));
}

#[tokio::test]
async fn a_failure_is_told_at_once_where_no_retry_fits_or_somebody_asked_for_the_run() {
    let bench = Bench::new().await;
    let id = bench.make(json!({ "command": "false", "cron": "*/5 * * * *", "every_hours": null })).await;
    bench.house.clock.advance(MINUTE * 5);
    assert_eq!(bench.desk.work().await.unwrap(), 1);
    assert_eq!((bench.facts().await.len(), bench.dump(id).await.wanted_at), (1, None));
    let other = bench.make(json!({ "name": "Other", "command": "false" })).await;
    bench.run(other).await;
    assert_eq!((bench.facts().await.len(), bench.dump(other).await.wanted_at), (2, None));
}
