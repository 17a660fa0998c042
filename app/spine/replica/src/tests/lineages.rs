//! Whose transactions lie at a destination: another history under the same numbers is never built upon.

use kernel::{Clock, Time};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::address::S3Options;
use crate::envelope::Envelope;
use crate::files::{Entry, SNAPSHOT_LEVEL, Span};
use crate::restore::{self, Wanted};
use crate::source::Source as _;
use crate::store::{Body, PutOptions, Store};
use crate::tests::engines::{Bench, LONG, Life, options, restored, store, to};
use crate::tests::support::{Writer, assert_same, digest_file, insert};

/// A copy with some transactions, its newest number, and another machine with the state of `back` transactions before.
async fn older(bench: &Bench, back: u64, new: &Path) -> (u64, Arc<Writer>) {
    let life = bench.start();
    for _ in 0..8 {
        bench.writer.run(&insert(2, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    let newest = life.replica.status().txid;
    life.stop().await;
    let database = new.join("app.db");
    let older = restored(&store(&bench.s3, "app"), Wanted::Transaction(newest - back), &database).await;
    crate::capture::seal_restored(&database, &new.join("spool"), &older).unwrap();
    (newest, Arc::new(Writer::open(&database, "")))
}

fn start(bench: &Bench, writer: &Arc<Writer>, new: &Path) -> Life {
    Life::start(writer, &new.join("spool"), vec![to("s3", store(&bench.s3, "app"))], "two")
}

/// As many captures as `back` and more, before the destination answers.
async fn captures(life: &Life, writer: &Writer, count: u32) {
    for _ in 0..count {
        writer.run(&insert(1, 100));
        life.replica.capture().run(writer, writer.committed(), Clock::System.now()).unwrap();
    }
}

#[tokio::test]
async fn an_older_state_that_has_overtaken_the_newest_number_is_not_appended_to_another_history() {
    let (bench, new) = (Bench::new().await, tempfile::tempdir().unwrap());
    let (newest, writer) = older(&bench, 3, new.path()).await;
    bench.s3.set_down(true);
    let life = start(&bench, &writer, new.path());
    captures(&life, &writer, 6).await;
    assert!(life.replica.status().txid > newest, "the numbers of the two overlap");
    bench.s3.set_down(false);
    life.until("it is there", |status| status.reached > Some(newest) && status.behind == 0).await;
    writer.run(&insert(1, 100));
    life.replica.reached(LONG).await.unwrap();
    life.stop().await;
    let out = new.path().join("out.db");
    restored(&store(&bench.s3, "app"), Wanted::Latest, &out).await;
    assert_same(&out, &new.path().join("app.db"));
    let then = new.path().join("then.db");
    restored(&store(&bench.s3, "app"), Wanted::Transaction(newest), &then).await;
    assert_eq!(digest_file(&then), bench.writer.digest(), "the history before can still be had");
}

#[tokio::test]
async fn an_answer_waits_for_the_new_history_and_not_for_a_number_of_the_old_one() {
    let (bench, new) = (Bench::new().await, tempfile::tempdir().unwrap());
    let (newest, writer) = older(&bench, 5, new.path()).await;
    bench.s3.set_slow(Duration::from_millis(20));
    let life = start(&bench, &writer, new.path());
    writer.run(&insert(1, 100));
    life.replica.reached(LONG).await.unwrap();
    let there = restore::survey(&store(&bench.s3, "app")).await.unwrap().newest;
    assert!(there > newest, "answered at {there} of {newest}");
    let out = new.path().join("out.db");
    restored(&store(&bench.s3, "app"), Wanted::Latest, &out).await;
    assert_eq!(digest_file(&out), writer.digest());
    life.stop().await;
}

#[tokio::test]
async fn a_machine_that_comes_back_after_it_was_replaced_sends_its_own_state_whole() {
    let (bench, new) = (Bench::new().await, tempfile::tempdir().unwrap());
    let (_, replacement) = older(&bench, 0, new.path()).await;
    let life = start(&bench, &replacement, new.path());
    replacement.run(&insert(5, 100));
    life.replica.reached(LONG).await.unwrap();
    life.stop().await;
    // The first machine has written as many transactions of its own.
    bench.writer.run(&insert(7, 100));
    let back = bench.start();
    back.replica.reached(LONG).await.unwrap();
    back.stop().await;
    let out = bench.path("out.db");
    restored(&store(&bench.s3, "app"), Wanted::Latest, &out).await;
    assert_same(&out, &bench.path("app.db"));
}

#[tokio::test]
async fn a_second_destination_with_another_history_harms_neither() {
    let (bench, new) = (Bench::new().await, tempfile::tempdir().unwrap());
    let (newest, writer) = older(&bench, 4, new.path()).await;
    let both = || vec![to("own", store(&bench.s3, "own")), to("old", store(&bench.s3, "app"))];
    let life = Life::start(&writer, &new.path().join("spool"), both(), "two");
    for _ in 0..6 {
        writer.run(&insert(1, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    let all = || life.replica.status().destinations.iter().all(|status| status.behind == 0 && status.reached > Some(newest));
    let wait = async {
        while !all() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("{:?}", life.replica.status()));
    life.stop().await;
    for path in ["own", "app"] {
        let out = new.path().join(format!("{path}-out.db"));
        restored(&store(&bench.s3, path), Wanted::Latest, &out).await;
        assert_same(&out, &new.path().join("app.db"));
    }
}

#[tokio::test]
async fn a_restart_in_an_outage_remembers_what_waits_and_since_when() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let start = || {
        let destinations = vec![to("s3", store(&bench.s3, "app"))];
        Life::start_at(&bench.writer, &bench.path("spool"), destinations, "one", clock.clone())
    };
    let life = start();
    bench.writer.run(&insert(5, 100));
    life.replica.reached(LONG).await.unwrap();
    bench.s3.set_down(true);
    bench.writer.run(&insert(5, 100));
    life.until("it is noticed", |status| status.failing.is_some()).await;
    let before = life.replica.status();
    assert!(bench.path("spool/reached.json").exists(), "it is noted before the process ends, as it may end at once");
    life.stop().await;
    clock.advance(Duration::from_secs(3_600));
    let life = start();
    life.until("it is noticed again", |status| status.failing.is_some()).await;
    let after = life.replica.status();
    let (was, is) = (&before.destinations[0], &after.destinations[0]);
    assert_eq!((is.reached, is.behind, is.behind_bytes), (None, was.behind, was.behind_bytes));
    assert_eq!(is.waiting_since, was.waiting_since);
    assert!(is.behind > 0 && is.behind < after.txid && is.waiting_since.is_some_and(|since| clock.now().since(since).as_secs() == 3_600));
    bench.s3.set_down(false);
    life.until("it has caught up", |status| status.behind == 0 && status.reached == Some(after.txid)).await;
    assert_eq!(life.replica.status().last_doubt, None, "what waited was sent, and no whole copy");
    life.stop().await;
}

#[tokio::test]
async fn a_whole_copy_that_cannot_be_made_is_told_and_not_tried_without_pause() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let life = Life::start_at(&bench.writer, &bench.path("spool"), vec![to("s3", store(&bench.s3, "app"))], "one", clock.clone());
    for _ in 0..3 {
        bench.writer.run(&insert(5, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    clock.advance(Duration::from_secs(90));
    life.replica.tend_now().await;
    life.until("what is merged is there", |status| status.files == 5).await;
    life.replica.tend_now().await;
    assert!(!life.replica.capture().spool().listing().holds(0, Span { min: 1, max: 1 }), "nothing here is whole");
    life.stop().await;
    // A file where the folder of whole copies should be: what is written there fails, as on a full disk.
    let folder = bench.path("spool/ltx/9");
    let destinations = vec![to("s3", store(&bench.s3, "app")), to("late", store(&bench.s3, "late"))];
    let patient = crate::engine::Options { retry: Duration::from_secs(1), ..options() };
    bench.s3.set_down(true);
    let life = Life::start_with(&bench.writer, &bench.path("spool"), destinations, "one", clock, patient);
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    bench.s3.set_down(false);
    let told = async {
        while life.replica.status().destinations[1].failing.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, told).await.unwrap_or_else(|_| panic!("{:?}", life.replica.status()));
    let pins = bench.writer.pins();
    for _ in 0..20 {
        bench.writer.run(&insert(1, 10));
        life.replica.reached(LONG).await.unwrap();
    }
    assert_eq!(bench.writer.pins(), pins, "the wish is not granted again before the pause is over");
    life.stop().await;
}

#[tokio::test]
async fn a_file_that_rotted_in_the_spool_does_not_stop_the_merging_of_all_others() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let life = Life::start_at(&bench.writer, &bench.path("spool"), vec![to("s3", store(&bench.s3, "app"))], "one", clock.clone());
    for _ in 0..6 {
        bench.writer.run(&insert(2, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    let path = life.replica.capture().spool().path(0, Span { min: 4, max: 4 });
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    clock.advance(Duration::from_secs(90));
    life.replica.tend_now().await;
    let merged: Vec<Span> = life.replica.capture().spool().listing().level(1).map(|entry| entry.span).collect();
    assert_eq!(merged.iter().map(|span| (span.min, span.max)).collect::<Vec<_>>(), [(2, 3), (5, 6)]);
    life.stop().await;
    restored(&store(&bench.s3, "app"), Wanted::Latest, &bench.path("out.db")).await;
    assert_same(&bench.path("out.db"), &bench.path("app.db"));
}

#[tokio::test]
async fn a_snapshot_that_the_store_refuses_holds_up_no_transaction() {
    let bench = Bench::new().await;
    let life = bench.start();
    bench.writer.run(&insert(2, 100));
    life.replica.reached(LONG).await.unwrap();
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    // Beside what lies there already a file stands where the next snapshot's folder is: a put of it fails.
    let level = bench.s3.folder().join("app/0009");
    std::fs::rename(&level, bench.path("aside")).unwrap();
    std::fs::write(&level, "").unwrap();
    bench.writer.run(&insert(2, 100));
    life.replica.reached(LONG).await.unwrap();
    life.replica.want_snapshot();
    life.until("it is told", |status| status.failing.is_some()).await;
    for _ in 0..10 {
        bench.writer.run(&insert(1, 10));
        life.replica.reached(LONG).await.unwrap();
    }
    std::fs::remove_file(&level).unwrap();
    std::fs::rename(bench.path("aside"), &level).unwrap();
    life.until("it is made up for", |status| status.failing.is_none() && status.snapshots.len() == 2).await;
    life.stop().await;
}

#[tokio::test]
async fn what_a_rule_of_the_bucket_removed_is_noticed_within_a_day() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let life = Life::start_at(&bench.writer, &bench.path("spool"), vec![to("s3", store(&bench.s3, "app"))], "one", clock.clone());
    for _ in 0..4 {
        bench.writer.run(&insert(2, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    let from = store(&bench.s3, "app");
    let keys: Vec<String> = from.list("0000/").await.unwrap().into_iter().map(|object| object.key).collect();
    from.delete(&keys).await.unwrap();
    clock.advance(Duration::from_secs(25 * 3_600));
    bench.writer.run(&insert(2, 100));
    life.replica.reached(LONG).await.unwrap();
    let out = bench.path("out.db");
    restored(&from, Wanted::Latest, &out).await;
    assert_eq!(digest_file(&out), bench.writer.digest());
    life.stop().await;
}

/// A listing is only names: an object with our number and another content is another history.
#[tokio::test]
async fn an_object_with_the_right_name_and_other_content_is_no_proof() {
    let bench = Bench::new().await;
    let life = bench.start();
    for _ in 0..3 {
        bench.writer.run(&insert(2, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    let newest = life.replica.status().txid;
    life.stop().await;
    let from = store(&bench.s3, "app");
    let span = Span { min: newest, max: newest };
    let key = from.object_key(crate::files::name(0, span));
    let mut bytes = from.get(&key, None).await.unwrap().read_all(1 << 20).await.unwrap().to_vec();
    bytes[39] ^= 1;
    from.put(&key, Body::Bytes(bytes.into()), &PutOptions::default()).await.unwrap();
    let life = bench.start();
    bench.writer.run(&insert(1, 100));
    life.replica.reached(LONG).await.unwrap();
    let status = life.replica.status();
    assert_eq!(status.last_doubt.map(|(_, doubt, _)| doubt), Some(crate::capture::Doubt::Ahead));
    life.stop().await;
    let whole: Vec<Entry> = crate::engine::list_store(&from).await.unwrap().level(SNAPSHOT_LEVEL).copied().collect();
    assert!(!whole.is_empty());
}

/// The lane of merged files writes and deletes, too: it must not when the path is another's by now.
#[tokio::test]
async fn who_lost_the_lease_sends_no_merged_files_either() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let life = Life::start_at(&bench.writer, &bench.path("spool"), vec![to("s3", store(&bench.s3, "app"))], "one", clock.clone());
    for _ in 0..5 {
        bench.writer.run(&insert(2, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    // Idle for longer than the lease lasts; another instance comes.
    clock.advance(Duration::from_secs(300));
    let new = tempfile::tempdir().unwrap();
    let other = crate::lease::Owner { id: "two".to_owned(), host: "host of two".to_owned() }.at(new.path());
    let _theirs = crate::lease::Lease::take(&store(&bench.s3, "app"), &other, true, clock.now()).await.unwrap();
    life.replica.tend_now().await;
    life.until("it is refused", |status| status.is_refused).await;
    let merged = crate::engine::list_store(&store(&bench.s3, "app")).await.unwrap().level(1).count();
    assert_eq!(merged, 0);
    life.stop().await;
}

/// Encryption that is turned on, changed and turned off again: who restores with the present key gets the present state, each time.
#[tokio::test]
async fn another_form_of_encryption_begins_with_a_whole_copy() {
    let (first, second) = (Envelope::generate(), Envelope::generate());
    let reads = |pair: &(String, kernel::Secret)| Some(Arc::new(Envelope::new(None, Some(&pair.1)).unwrap()));
    let writes = |pair: &(String, kernel::Secret)| Some(Arc::new(Envelope::new(Some(&pair.0), None).unwrap()));
    forms(
        [(None, None), (writes(&first), reads(&first)), (writes(&second), reads(&second)), (None, None), (reads(&first), reads(&first))],
        false,
    )
    .await;
    // What the spool remembers was lost with the change, too: then the objects say it to who can read.
    let both = |pair: &(String, kernel::Secret)| (reads(pair), reads(pair));
    forms([(None, None), both(&first), both(&second), (None, None), both(&first)], true).await;
}

type Key = Option<Arc<Envelope>>;

/// Lives that write with the first and are restored with the second of each pair.
async fn forms(forms: [(Key, Key); 5], loses_spool: bool) {
    let bench = Bench::new().await;
    for (number, (writes, reads)) in forms.into_iter().enumerate() {
        let there = store(&bench.s3, "app").with_envelope(writes);
        for is_again in [false, true] {
            let life = Life::start(&bench.writer, &bench.path("spool"), vec![to("s3", there.clone())], "one");
            bench.writer.run(&insert(3, 400));
            life.replica.reached(LONG).await.unwrap();
            life.until("a whole copy is there", |status| !status.snapshots.is_empty()).await;
            if is_again {
                let doubt = life.replica.status().last_doubt;
                assert!(doubt.is_none(), "{number}: an unchanged form costs nothing: {doubt:?}");
            }
            life.stop().await;
        }
        if loses_spool {
            std::fs::remove_dir_all(bench.path("spool")).unwrap();
        }
        // Only with the present key, and only from what is in the present form.
        let out = bench.path(&format!("{number}.db"));
        restored(&store(&bench.s3, "app").with_envelope(reads), Wanted::Latest, &out).await;
        assert_same(&out, &bench.path("app.db"));
    }
}

#[tokio::test]
async fn a_restored_machine_brings_a_second_destination_forward_without_waiting_for_a_commit() {
    let (bench, new) = (Bench::new().await, tempfile::tempdir().unwrap());
    let both = || vec![to("near", store(&bench.s3, "app")), to("far", store(&bench.s3, "far"))];
    let life = Life::start(&bench.writer, &bench.path("spool"), both(), "one");
    bench.writer.run(&insert(3, 400));
    life.replica.reached(LONG).await.unwrap();
    life.stop().await;
    let life = bench.start();
    bench.writer.run(&insert(3, 400));
    life.replica.reached(LONG).await.unwrap();
    life.stop().await;
    let database = new.path().join("app.db");
    let newest = restored(&store(&bench.s3, "app"), Wanted::Latest, &database).await;
    crate::capture::seal_restored(&database, &new.path().join("spool"), &newest).unwrap();
    let writer = Arc::new(Writer::open(&database, ""));
    let life = Life::start(&writer, &new.path().join("spool"), both(), "one");
    let wait = async {
        while life.replica.status().destinations[1].reached.unwrap_or(0) < newest.txid {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("{:?}", life.replica.status()));
    life.stop().await;
    restored(&store(&bench.s3, "far"), Wanted::Latest, &new.path().join("far.db")).await;
    assert_eq!(digest_file(&new.path().join("far.db")), writer.digest());
}

#[tokio::test]
async fn a_folder_whose_disk_is_not_mounted_is_not_made_on_another_disk() {
    let bench = Bench::new().await;
    let root = bench.path("mnt/copies");
    std::fs::create_dir_all(&root).unwrap();
    let address = format!("file://{}/app.db", root.display()).parse().unwrap();
    let folder = Store::open(&address, &S3Options::default()).unwrap();
    let life = Life::start(&bench.writer, &bench.path("spool"), vec![to("disk", folder.clone())], "one");
    bench.writer.run(&insert(3, 400));
    life.replica.reached(LONG).await.unwrap();
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    std::fs::rename(&root, bench.path("unmounted")).unwrap();
    bench.writer.run(&insert(3, 400));
    life.until("it is told", |status| status.failing.as_ref().is_some_and(|(_, said)| said.contains("is not there"))).await;
    assert!(!root.exists());
    std::fs::rename(bench.path("unmounted"), &root).unwrap();
    life.until("it goes on", |status| status.failing.is_none() && status.behind == 0).await;
    assert_eq!(life.replica.status().last_doubt.map(|(_, doubt, _)| doubt), Some(crate::capture::Doubt::First), "and not from the start");
    life.stop().await;
    restored(&folder, Wanted::Latest, &bench.path("out.db")).await;
    assert_same(&bench.path("out.db"), &bench.path("app.db"));
}
