//! The whole of it against a real S3 server: commits arrive, outages pass, nobody writes over anybody.

use kernel::{Clock, Time};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use testkit::S3;
use tokio_util::sync::CancellationToken;

use crate::address::{Address, S3Options};
use crate::engine::{Destination, DestinationStatus, Options, Replica, StartOptions};
use crate::envelope::Envelope;
use crate::lease::Owner;
use crate::restore::{self, Wanted};
use crate::source::Source;
use crate::store::Store;
use crate::tests::support::{Dice, Writer, assert_same, digest_file, insert, seeds};

pub(super) const LONG: Duration = Duration::from_secs(20);

pub(super) fn store(s3: &S3, path: &str) -> Store {
    let options = S3Options {
        access_key_id: S3::ACCESS_KEY.to_owned(),
        secret_access_key: kernel::Secret::new(S3::SECRET_KEY.to_owned()),
        ..S3Options::default()
    };
    Store::open(&s3.url(path).parse::<Address>().unwrap(), &options).unwrap()
}

pub(super) fn options() -> Options {
    Options { idle: Duration::from_millis(2), gather: Duration::from_millis(10), retry: Duration::from_millis(50), ..Options::default() }
}

pub(super) struct Life {
    pub replica: Replica,
    shutdown: CancellationToken,
}

impl Life {
    pub fn start(writer: &Arc<Writer>, spool: &Path, destinations: Vec<Destination>, owner: &str) -> Life {
        Life::start_at(writer, spool, destinations, owner, Clock::System)
    }

    pub fn start_at(writer: &Arc<Writer>, spool: &Path, destinations: Vec<Destination>, owner: &str, clock: Clock) -> Life {
        Life::start_with(writer, spool, destinations, owner, clock, options())
    }

    pub fn start_with(
        writer: &Arc<Writer>,
        spool: &Path,
        destinations: Vec<Destination>,
        owner: &str,
        clock: Clock,
        options: Options,
    ) -> Life {
        let shutdown = CancellationToken::new();
        let replica = Replica::start(StartOptions {
            source: Arc::clone(writer) as Arc<dyn Source>,
            spool: spool.to_owned(),
            destinations,
            owner: Owner { id: owner.to_owned(), host: format!("host of {owner}") },
            options,
            clock,
            shutdown: shutdown.clone(),
        })
        .unwrap();
        Life { replica, shutdown }
    }

    fn destination(&self) -> DestinationStatus {
        self.replica.status().destinations.remove(0)
    }

    pub async fn until(&self, what: &str, is_so: impl Fn(&DestinationStatus) -> bool) {
        let wait = async {
            while !is_so(&self.destination()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("not in time: {what}; {:?}", self.destination()));
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.replica.finish(LONG).await;
    }
}

pub(super) fn to(name: &str, store: Store) -> Destination {
    Destination { name: name.to_owned(), store, is_append_only: false }
}

pub(super) async fn restored(store: &Store, wanted: Wanted, out: &Path) -> restore::Restored {
    let survey = restore::survey(store).await.unwrap();
    let plan = survey.plan(store, wanted).await.unwrap();
    restore::run(store, &survey, plan, out, &|_| ()).await.unwrap()
}

pub(super) struct Bench {
    pub folder: tempfile::TempDir,
    pub s3: S3,
    pub writer: Arc<Writer>,
}

impl Bench {
    pub async fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let writer = Arc::new(Writer::open(&folder.path().join("app.db"), ""));
        writer.run("create table notes (id integer primary key, text text)");
        Bench { folder, s3: S3::start(), writer }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn start(&self) -> Life {
        Life::start(&self.writer, &self.path("spool"), vec![to("s3", store(&self.s3, "app"))], "one")
    }
}

#[tokio::test]
async fn commits_arrive_and_an_idle_replica_asks_for_nothing() {
    let bench = Bench::new().await;
    // Time stands still, so that no half minute ends and nothing is due to be merged.
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let life = Life::start_at(&bench.writer, &bench.path("spool"), vec![to("s3", store(&bench.s3, "app"))], "one", clock);
    for _ in 0..20 {
        bench.writer.run(&insert(3, 500));
        life.replica.reached(LONG).await.unwrap();
    }
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    assert_eq!(life.destination().behind, 0);
    let before = bench.s3.requests().len();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(bench.s3.requests().len(), before, "an idle replica asks for nothing");
    let counts = life.destination().counts;
    assert_eq!(counts.copy, 1, "the first snapshot is copied by the store, not sent again");
    let out = bench.path("out.db");
    let restored = restored(&store(&bench.s3, "app"), Wanted::Latest, &out).await;
    assert_eq!(restored.txid, life.replica.status().txid);
    assert_eq!(digest_file(&out), bench.writer.digest());
    life.stop().await;
    let last = bench.path("last.db");
    restored_same(&bench, &last).await;
}

async fn restored_same(bench: &Bench, out: &Path) {
    restored(&store(&bench.s3, "app"), Wanted::Latest, out).await;
    assert_same(out, &bench.path("app.db"));
}

#[tokio::test]
async fn an_outage_delays_nothing_here_and_is_made_up_for_after() {
    let bench = Bench::new().await;
    let life = bench.start();
    bench.writer.run(&insert(3, 500));
    life.replica.reached(LONG).await.unwrap();
    bench.s3.set_down(true);
    for _ in 0..100 {
        bench.writer.run(&insert(1, 500));
        life.replica.capture().run(&*bench.writer, bench.writer.known(), Clock::System.now()).unwrap();
    }
    life.until("it is noticed", |status| status.failing.is_some()).await;
    let late = life.replica.reached(Duration::from_millis(50)).await.unwrap_err();
    assert!(late.public_message().contains("stored here"), "{late:?}");
    let waiting = life.destination();
    assert!(waiting.behind >= 100 && waiting.behind_bytes > 0 && waiting.waiting_since.is_some(), "{waiting:?}");
    bench.s3.set_down(false);
    life.replica.reached(LONG).await.unwrap();
    life.until("it is well again", |status| status.failing.is_none() && status.behind == 0).await;
    life.stop().await;
    restored_same(&bench, &bench.path("out.db")).await;
}

#[tokio::test]
async fn a_day_without_the_store_keeps_the_spool_small_and_is_caught_up_with_in_few_files() {
    let bench = Bench::new().await;
    let start = Time(1_700_000_000_000);
    let clock = Clock::frozen(start);
    let life = Life::start_at(&bench.writer, &bench.path("spool"), vec![to("s3", store(&bench.s3, "app"))], "one", clock.clone());
    bench.writer.run(&insert(200, 900));
    life.replica.reached(LONG).await.unwrap();
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    bench.s3.set_down(true);
    let mut most = (0, 0);
    for minute in 0..24 * 60 {
        clock.advance(Duration::from_secs(60));
        bench.writer.run(&format!("update notes set text = hex(randomblob(450)) where id % 200 = {}", minute % 200));
        life.replica.capture().run(&*bench.writer, bench.writer.known(), clock.now()).unwrap();
        if minute % 10 == 9 {
            life.replica.tend_now().await;
            let status = life.replica.status();
            most = (most.0.max(status.spool_files), most.1.max(status.spool_bytes));
        }
    }
    let waiting = life.destination();
    assert!(waiting.failing.as_ref().is_some_and(|(since, _)| clock.now().since(*since) > Duration::from_secs(20 * 3_600)), "{waiting:?}");
    assert!(waiting.behind >= 24 * 60, "{waiting:?}");
    assert!(most.0 < 300, "{} files at most", most.0);
    assert!(most.1 < 20_000_000, "{} bytes at most", most.1);
    let before = bench.s3.requests().len();
    bench.s3.set_down(false);
    life.until("it has caught up", |status| status.behind == 0 && status.failing.is_none()).await;
    let requests = bench.s3.requests().len() - before;
    assert!(requests < 400, "{requests} requests to catch up with a day");
    life.stop().await;
    restored_same(&bench, &bench.path("out.db")).await;
}

#[tokio::test]
async fn a_spool_above_its_bound_is_joined_into_one_file() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let life = Life::start_with(
        &bench.writer,
        &bench.path("spool"),
        vec![to("s3", store(&bench.s3, "app"))],
        "one",
        clock.clone(),
        Options { spool_bytes: 300_000, ..options() },
    );
    bench.writer.run(&insert(50, 900));
    life.replica.reached(LONG).await.unwrap();
    bench.s3.set_down(true);
    for _ in 0..200 {
        clock.advance(Duration::from_secs(1));
        bench.writer.run("update notes set text = hex(randomblob(450))");
        life.replica.capture().run(&*bench.writer, bench.writer.known(), clock.now()).unwrap();
        if life.replica.status().spool_bytes > 300_000 {
            life.replica.tend_now().await;
            assert!(life.replica.status().spool_bytes < 400_000, "{:?}", life.replica.status());
        }
    }
    bench.s3.set_down(false);
    life.until("it has caught up", |status| status.behind == 0 && status.failing.is_none()).await;
    life.stop().await;
    restored_same(&bench, &bench.path("out.db")).await;
}

#[tokio::test]
async fn a_restored_database_goes_on_where_the_copy_ended_without_sending_it_again() {
    let bench = Bench::new().await;
    let life = bench.start();
    bench.writer.run(&insert(50, 2_000));
    life.replica.reached(LONG).await.unwrap();
    bench.writer.run(&insert(1, 100));
    life.replica.reached(LONG).await.unwrap();
    life.stop().await;
    // Another machine.
    let new = tempfile::tempdir().unwrap();
    let database = new.path().join("app.db");
    let restored = restored(&store(&bench.s3, "app"), Wanted::Latest, &database).await;
    crate::capture::seal_restored(&database, &new.path().join("spool"), &restored).unwrap();
    let writer = Arc::new(Writer::open(&database, ""));
    let life = Life::start(&writer, &new.path().join("spool"), vec![to("s3", store(&bench.s3, "app"))], "two");
    writer.run(&insert(1, 100));
    life.replica.reached(LONG).await.unwrap();
    let status = life.replica.status();
    assert_eq!((status.txid, status.last_doubt), (restored.txid + 1, None));
    assert!(status.destinations[0].counts.bytes_up < 20_000, "{:?}", status.destinations[0].counts);
    life.stop().await;
    let out = new.path().join("out.db");
    let last = store(&bench.s3, "app");
    let survey = restore::survey(&last).await.unwrap();
    let plan = survey.plan(&last, Wanted::Latest).await.unwrap();
    restore::run(&last, &survey, plan, &out, &|_| ()).await.unwrap();
    assert_same(&out, &database);
    // What was there before has another mode, and must not hand it down.
    let again = new.path().join("again.db");
    std::fs::write(again.with_extension("restoring"), "what a killed try left").unwrap();
    let plan = survey.plan(&last, Wanted::Latest).await.unwrap();
    restore::run(&last, &survey, plan, &again, &|_| ()).await.unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&again).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");
}

#[tokio::test]
async fn an_older_state_that_was_restored_continues_behind_the_newest_transaction() {
    let bench = Bench::new().await;
    let life = bench.start();
    for _ in 0..4 {
        bench.writer.run(&insert(2, 100));
        life.replica.reached(LONG).await.unwrap();
    }
    let newest = life.replica.status().txid;
    life.stop().await;
    let new = tempfile::tempdir().unwrap();
    let database = new.path().join("app.db");
    let older = restored(&store(&bench.s3, "app"), Wanted::Transaction(newest - 2), &database).await;
    crate::capture::seal_restored(&database, &new.path().join("spool"), &older).unwrap();
    let writer = Arc::new(Writer::open(&database, ""));
    let life = Life::start(&writer, &new.path().join("spool"), vec![to("s3", store(&bench.s3, "app"))], "two");
    writer.run(&insert(1, 100));
    life.until("it is there", |status| status.reached > Some(newest) && status.behind == 0).await;
    life.stop().await;
    let out = new.path().join("out.db");
    restored(&store(&bench.s3, "app"), Wanted::Latest, &out).await;
    assert_same(&out, &database);
}

#[tokio::test]
async fn the_second_instance_on_a_path_is_refused_and_says_by_whom() {
    let bench = Bench::new().await;
    let first = bench.start();
    bench.writer.run(&insert(1, 100));
    first.replica.reached(LONG).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let writer = Arc::new(Writer::open(&other.path().join("app.db"), ""));
    writer.run("create table notes (id integer primary key, text text)");
    let second = Life::start(&writer, &other.path().join("spool"), vec![to("s3", store(&bench.s3, "app"))], "two");
    second.until("it is refused", |status| status.is_refused).await;
    assert!(second.destination().failing.unwrap().1.contains("host of one"));
    bench.writer.run(&insert(1, 100));
    first.replica.reached(LONG).await.unwrap();
    // The first goes; the second may.
    first.stop().await;
    second.until("it is let in", |status| !status.is_refused && status.behind == 0 && status.reached.is_some()).await;
    second.stop().await;
}

#[tokio::test]
async fn where_conditions_are_ignored_two_instances_notice_each_other() {
    let bench = Bench::new().await;
    bench.s3.set_ignores_conditions(true);
    let honest = store(&bench.s3, "app");
    let owner = |name: &str| Owner { id: name.to_owned(), host: name.to_owned() }.at(Path::new("/none"));
    let start = Time(1_000_000);
    let first = crate::lease::Lease::take(&honest, &owner("one"), false, start).await.unwrap();
    let after = |seconds: i64| Time(start.0 + seconds * 1_000);
    // It has run out when the second comes, as after an idle hour.
    let second = crate::lease::Lease::take(&honest, &owner("two"), false, after(100)).await.unwrap();
    let lost = first.keep(&honest, after(101)).await.unwrap_err();
    assert!(lost.to_string().contains("two"), "{lost}");
    second.keep(&honest, after(130)).await.unwrap();
    assert!(!honest.probe_conditions().await.unwrap());
}

#[tokio::test]
async fn each_destination_has_its_own_cursor_and_a_late_one_starts_with_a_whole_copy() {
    let bench = Bench::new().await;
    let life = bench.start();
    for _ in 0..5 {
        bench.writer.run(&insert(2, 400));
        life.replica.reached(LONG).await.unwrap();
    }
    life.stop().await;
    let folder = bench.path("second");
    let second = Store::open(&format!("file://{}", folder.display()).parse().unwrap(), &S3Options::default()).unwrap();
    let destinations = vec![to("s3", store(&bench.s3, "app")), Destination { is_append_only: true, ..to("folder", second.clone()) }];
    let life = Life::start(&bench.writer, &bench.path("spool"), destinations, "one");
    bench.s3.set_down(true);
    bench.writer.run(&insert(2, 400));
    let wait = async {
        while life.replica.status().destinations[1].behind > 0 || life.replica.status().destinations[1].reached.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("{:?}", life.replica.status()));
    bench.s3.set_down(false);
    life.replica.reached(LONG).await.unwrap();
    life.stop().await;
    restored_same(&bench, &bench.path("from-s3.db")).await;
    let out = bench.path("from-folder.db");
    restored(&second, Wanted::Latest, &out).await;
    assert_same(&out, &bench.path("app.db"));
}

#[tokio::test]
async fn a_damaged_object_is_named_and_led_around() {
    let bench = Bench::new().await;
    let life = bench.start();
    for _ in 0..6 {
        bench.writer.run(&insert(2, 400));
        life.replica.reached(LONG).await.unwrap();
    }
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    life.stop().await;
    let snapshot = "app/0009/0000000000000001-0000000000000001.ltx";
    let path = bench.s3.folder().join(snapshot);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    let out = bench.path("out.db");
    let restored = restored(&store(&bench.s3, "app"), Wanted::Latest, &out).await;
    assert_eq!(restored.damaged.len(), 1);
    assert!(restored.damaged[0].contains("0009/0000000000000001-0000000000000001.ltx"), "{:?}", restored.damaged);
    assert_same(&out, &bench.path("app.db"));
    // Even the newest object's header: what came before it can still be asked for.
    let from = store(&bench.s3, "app");
    let newest = restored.txid;
    for level in ["0000", "0001", "0002"] {
        let files = std::fs::read_dir(bench.s3.folder().join("app").join(level)).into_iter().flatten().flatten();
        for file in files.filter(|file| file.file_name().to_string_lossy().ends_with(&format!("-{newest:016x}.ltx"))) {
            std::fs::write(file.path(), "cut off").unwrap();
        }
    }
    let survey = restore::survey(&from).await.unwrap();
    let plan = survey.plan(&from, Wanted::Latest).await.unwrap();
    let lost = restore::run(&from, &survey, plan, &bench.path("lost.db"), &|_| ()).await.unwrap_err();
    assert!(lost.to_string().contains("can be restored"), "{lost}");
    let plan = survey.plan(&from, Wanted::Transaction(newest - 1)).await.unwrap();
    assert_eq!(restore::run(&from, &survey, plan, &bench.path("before.db"), &|_| ()).await.unwrap().txid, newest - 1);
}

#[tokio::test]
async fn newest_files_that_cannot_even_be_begun_leave_everything_before_them_to_be_restored() {
    let bench = Bench::new().await;
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let life = Life::start_at(&bench.writer, &bench.path("spool"), vec![to("s3", store(&bench.s3, "app"))], "one", clock.clone());
    let mut states = Vec::new();
    for _ in 0..6 {
        bench.writer.run(&insert(2, 400));
        life.replica.reached(LONG).await.unwrap();
        states.push((life.replica.status().txid, clock.now(), bench.writer.digest()));
        clock.advance(Duration::from_secs(1));
    }
    life.stop().await;
    let from = store(&bench.s3, "app");
    let listing = crate::engine::list_store(&from).await.unwrap();
    let newest: Vec<_> = listing.all().filter(|entry| entry.span.max >= states[4].0).copied().collect();
    for entry in newest {
        let key = from.object_key(crate::files::name(entry.level, entry.span));
        std::fs::write(bench.s3.folder().join("app").join(&key), "").unwrap();
    }
    for (number, (txid, at, state)) in states[..4].iter().enumerate() {
        for (name, wanted) in [("txid", Wanted::Transaction(*txid)), ("at", Wanted::At(*at + Duration::from_millis(500)))] {
            let out = bench.path(&format!("{number}-{name}.db"));
            restored(&from, wanted, &out).await;
            assert_eq!(&digest_file(&out), state, "{name} {number}");
        }
    }
    let survey = restore::survey(&from).await.unwrap();
    let plan = survey.plan(&from, Wanted::Latest).await.unwrap();
    let latest = restore::run(&from, &survey, plan, &bench.path("latest.db"), &|_| ()).await.unwrap_err().to_string();
    assert!(latest.contains(&format!("transaction {} can be restored", states[3].0)) && latest.contains("damaged: "), "{latest}");
    assert!(!bench.path("latest.db").exists());
}

#[tokio::test]
async fn an_encrypted_copy_shows_nothing_to_the_store_and_comes_back_with_its_identity() {
    let bench = Bench::new().await;
    let (recipient, identity) = Envelope::generate();
    let writes = Arc::new(Envelope::new(Some(&recipient), None).unwrap());
    let reads = Arc::new(Envelope::new(None, Some(&identity)).unwrap());
    let sealed = store(&bench.s3, "app").with_envelope(Some(writes));
    let life = Life::start(&bench.writer, &bench.path("spool"), vec![to("s3", sealed.clone())], "one");
    for _ in 0..4 {
        bench.writer.run("insert into notes (text) values ('plain to see, plain to see, plain to see')");
        bench.writer.run(&insert(300, 900));
        life.replica.reached(LONG).await.unwrap();
    }
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    let newest = life.replica.status().txid;
    life.stop().await;
    for object in sealed.list("").await.unwrap().into_iter().filter(|object| object.key.ends_with(".ltx")) {
        let bytes = sealed.get(&object.key, None).await.unwrap().read_all(1 << 24).await.unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1"), "{}", object.key);
        assert!(!bytes.windows(12).any(|window| window == b"plain to see"), "{}", object.key);
    }
    let open = store(&bench.s3, "app").with_envelope(Some(reads));
    let out = bench.path("out.db");
    restored(&open, Wanted::Latest, &out).await;
    assert_same(&out, &bench.path("app.db"));
    restored(&open, Wanted::Transaction(newest - 1), &bench.path("older.db")).await;
    // What was stored before encryption was configured is read as it is.
    let plain = store(&bench.s3, "plain");
    let life = Life::start(&bench.writer, &bench.path("plain-spool"), vec![to("plain", plain)], "one");
    life.replica.reached(LONG).await.unwrap();
    life.stop().await;
    let both = Arc::new(Envelope::new(None, Some(&identity)).unwrap());
    restored(&store(&bench.s3, "plain").with_envelope(Some(both)), Wanted::Latest, &bench.path("plain.db")).await;
    assert_same(&bench.path("plain.db"), &bench.path("app.db"));
    let blind = restore::survey(&store(&bench.s3, "app")).await.unwrap_err();
    assert!(blind.to_string().contains("is encrypted"), "{blind}");
    let without = restore::survey(&sealed).await.unwrap_err();
    assert!(without.to_string().contains("no age identity"), "{without}");
    let (other, _) = Envelope::generate();
    assert!(Envelope::new(Some(&other), Some(&identity)).unwrap_err().to_string().contains("does not belong"));
    let spool: Vec<_> = std::fs::read_dir(bench.path("spool")).unwrap().flatten().map(|file| file.file_name()).collect();
    assert!(!spool.iter().any(|name| name.to_string_lossy().starts_with("sealed-")), "{spool:?}");
}

#[tokio::test]
async fn every_moment_up_to_now_can_be_asked_for() {
    let bench = Bench::new().await;
    let life = bench.start();
    let mut moments = Vec::new();
    for _ in 0..5 {
        bench.writer.run(&insert(2, 400));
        life.replica.reached(LONG).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        moments.push((Clock::System.now(), bench.writer.digest()));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let from = store(&bench.s3, "app");
    for (at, state) in &moments {
        let out = bench.path(&format!("{}.db", at.0));
        restored(&from, Wanted::At(*at), &out).await;
        assert_eq!(&digest_file(&out), state);
    }
    let survey = restore::survey(&from).await.unwrap();
    let early = survey.plan(&from, Wanted::At(Time(1_000))).await.unwrap_err();
    assert!(early.to_string().starts_with("Nothing was written before"), "{early}");
    life.stop().await;
}

// Random transactions, restarts, crashes and outages: what was acknowledged as durable is there, at its own transaction.

#[test]
fn what_was_acknowledged_comes_back_whatever_happened_part_one() {
    models(0);
}

#[test]
fn what_was_acknowledged_comes_back_whatever_happened_part_two() {
    models(1_000_000);
}

#[test]
fn what_was_acknowledged_comes_back_whatever_happened_part_three() {
    models(2_000_000);
}

fn models(start: u64) {
    for seed in 1..=seeds(8) {
        model(start + seed);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn model(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let server = runtime();
    let bench = server.block_on(Bench::new());
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    for _ in 0..4 {
        // One life of the process: it ends in order, or at once, with whatever it was doing.
        let lives = runtime();
        let life = lives.block_on(async { bench.start() });
        for _ in 0..8 {
            match dice.roll(6) {
                0 => bench.s3.set_down(true),
                1 => bench.s3.set_down(false),
                2 => bench.writer.run("delete from notes where id % 3 = 1; pragma incremental_vacuum"),
                3 => drop(life.replica.capture().seal(&*bench.writer, Clock::System.now())),
                _ => bench.writer.run(&insert(1 + dice.roll(20) as u32, 20 + dice.roll(900) as u32)),
            }
            let patience = if dice.roll(2) == 0 { LONG } else { Duration::from_millis(dice.roll(20)) };
            if bench.s3_is_up(&mut dice) && lives.block_on(life.replica.reached(patience)).is_ok() {
                acknowledged.push((life.destination().reached.unwrap(), bench.writer.digest()));
            }
        }
        if dice.roll(3) == 0 {
            bench.s3.set_down(false);
            lives.block_on(life.stop());
        } else {
            lives.shutdown_background();
        }
    }
    bench.s3.set_down(false);
    let lives = runtime();
    let life = lives.block_on(async { bench.start() });
    lives.block_on(life.replica.reached(LONG)).unwrap();
    lives.block_on(life.stop());
    server.block_on(async {
        let from = store(&bench.s3, "app");
        for (txid, state) in &acknowledged {
            let out = bench.path("out.db");
            restored(&from, Wanted::Transaction(*txid), &out).await;
            assert_eq!(&digest_file(&out), state, "seed {seed}, transaction {txid}");
            std::fs::remove_file(&out).unwrap();
        }
        restored_same(&bench, &bench.path("last.db")).await;
    });
}

impl Bench {
    /// Waiting for a server that is down would only take time.
    fn s3_is_up(&self, dice: &mut Dice) -> bool {
        let is_up = dice.roll(3) > 0;
        if is_up {
            self.s3.set_down(false);
        }
        is_up
    }
}
