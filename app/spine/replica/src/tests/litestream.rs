//! Both ways with the real program: what we wrote it restores byte for byte, what it wrote we do, and each goes on where
//! the other ended.
//!
//! The program is Litestream 0.5.17 from PyPI; `tests/run` puts it under the build folder. Without it these tests say so and
//! pass, except in CI. HERMETIC_LITESTREAM names another copy.

use kernel::Time;
use kernel::time::Stopwatch;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::capture::{Capture, Doubt};
use crate::files::{Listing, Spool};
use crate::plan::Goal;
use crate::tests::engines::{Bench, LONG};
use crate::tests::support::{Writer, assert_same, digest_file, insert, rebuild};

fn program() -> Option<PathBuf> {
    let named = std::env::var_os("HERMETIC_LITESTREAM").map(PathBuf::from);
    let here = std::env::current_exe().unwrap();
    let built = here.ancestors().find(|folder| folder.ends_with("debug") || folder.ends_with("release")).and_then(Path::parent);
    let path = named.or_else(|| Some(built?.join("litestream/litestream"))).filter(|path| path.exists());
    if path.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI runs with the real litestream; `tests/run setup` installs it");
        eprintln!("SKIPPED: the real litestream is not here; `tests/run setup` installs it");
    }
    path
}

/// The program as the tests run it. It dies of a variable that this kind of machine sets.
fn litestream(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_remove("AWS_CA_BUNDLE");
    command
}

/// Restores the replica in `folder` with the real program.
fn restore(program: &Path, folder: &Path, out: &Path, arguments: &[&str]) -> Result<(), String> {
    let ended =
        litestream(program).arg("restore").args(arguments).arg("-o").arg(out).arg(format!("file://{}", folder.display())).output().unwrap();
    if ended.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ended.stderr).into_owned()) }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let watch = Stopwatch::start();
    while !is_so() {
        assert!(watch.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A database of ours with a spool that the real program takes for a file replica.
struct Ours {
    folder: tempfile::TempDir,
    writer: Writer,
    capture: Capture,
}

impl Ours {
    fn new(pragmas: &str) -> Ours {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(&folder.path().join("app.db"), pragmas);
        writer.run("create table notes (id integer primary key, text text)");
        let capture = Capture::open(&folder.path().join("app.db"), &folder.path().join("spool")).unwrap();
        Ours { folder, writer, capture }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a statement and captures it at that time.
    fn step(&self, sql: &str, at: Time) -> u64 {
        self.writer.run(sql);
        self.capture.run(&self.writer, self.writer.known(), at).unwrap();
        self.capture.txid()
    }

    fn seal(&self) {
        assert!(self.capture.seal(&self.writer, Time(0)).unwrap());
    }
}

#[test]
fn the_real_program_restores_what_we_wrote_byte_for_byte() {
    let Some(program) = program() else { return };
    for page_size in [512, 1_024, 4_096, 8_192, 16_384, 65_536] {
        for auto_vacuum in ["none", "incremental", "full"] {
            let ours = Ours::new(&format!("pragma page_size = {page_size}; pragma auto_vacuum = {auto_vacuum}"));
            for round in 0..5 {
                ours.step(&insert(30, 500 + round * 400), Time(1_000));
                ours.step("delete from notes where id % 3 = 0; pragma incremental_vacuum", Time(1_000));
                if round == 2 {
                    ours.step("vacuum", Time(1_000));
                }
                if round % 2 == 0 {
                    ours.seal();
                }
            }
            ours.seal();
            let out = ours.path("out.db");
            restore(&program, &ours.path("spool"), &out, &["-integrity-check", "full"]).unwrap();
            assert_same(&out, &ours.path("app.db"));
        }
    }
}

#[test]
fn the_real_program_restores_our_transactions_and_moments() {
    let Some(program) = program() else { return };
    let ours = Ours::new("");
    let start = Time(1_763_900_000_000);
    let mut states = Vec::new();
    for round in 0..8 {
        let at = Time(start.0 + round * 60_000);
        let txid = ours.step(&insert(5, 300), at);
        states.push((txid, at, ours.writer.digest()));
    }
    for (txid, at, state) in &states {
        let out = ours.path(&format!("{txid}.db"));
        restore(&program, &ours.path("spool"), &out, &["-txid", &format!("{txid:016x}")]).unwrap();
        assert_eq!(&digest_file(&out), state, "transaction {txid}");
        // A file's time of change is what the real program goes by in a folder.
        let entry = *ours.capture.spool().listing().level(0).find(|entry| entry.span.max == *txid).unwrap();
        let file = std::fs::File::options().write(true).open(ours.capture.spool().path(0, entry.span)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_millis(at.0 as u64)).unwrap();
    }
    for (txid, at, state) in &states[1..7] {
        let out = ours.path(&format!("{txid}-at.db"));
        let moment = Time(at.0 + 30_000).rfc3339();
        restore(&program, &ours.path("spool"), &out, &["-timestamp", &moment]).unwrap();
        assert_eq!(&digest_file(&out), state, "at {moment}");
    }
}

#[test]
fn both_refuse_a_gap() {
    let Some(program) = program() else { return };
    let ours = Ours::new("");
    for _ in 0..6 {
        ours.step(&insert(5, 300), Time(1_000));
    }
    let gap = *ours.capture.spool().listing().level(0).nth(3).unwrap();
    ours.capture.spool().remove(0, gap.span).unwrap();
    let refused = restore(&program, &ours.path("spool"), &ours.path("out.db"), &[]).unwrap_err();
    assert!(refused.contains("non-contiguous") || refused.contains("not available"), "{refused}");
    let route = crate::plan::route(&ours.capture.spool().listing(), Goal::Latest, &crate::plan::Bad::new());
    assert_eq!(route, Err(crate::plan::NoRoute::Gap { reached: 3, from: 4, to: 4 }));
}

/// A database that the real program replicates into `folder/replica`, until it is dropped.
struct Real {
    child: std::process::Child,
}

impl Real {
    fn start(program: &Path, folder: &Path) -> Real {
        let config = folder.join("litestream.yml");
        let (database, replica) = (folder.join("app.db"), folder.join("replica"));
        let text = format!(
            "dbs:\n  - path: {}\n    monitor-interval: 50ms\n    checkpoint-interval: 1s\n    replica:\n      type: file\n      path: {}\n      sync-interval: 50ms\nlevels:\n  - interval: 1s\n  - interval: 3s\nsnapshot:\n  interval: 4s\n",
            database.display(),
            replica.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = litestream(program)
            .args(["replicate", "-config"])
            .arg(&config)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        Real { child }
    }

    fn stop(mut self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::INT).unwrap();
        let ended = self.child.wait().unwrap();
        assert!(ended.success() || ended.code().is_some(), "{ended}");
    }
}

fn listing(replica: &Path) -> Listing {
    Spool::open(replica).unwrap().listing().clone()
}

#[test]
fn we_restore_what_the_real_program_wrote_and_go_on_from_there_and_so_does_it() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (database, replica) = (folder.path().join("app.db"), folder.path().join("replica"));
    let writer = Writer::open(&database, "");
    writer.run("create table notes (id integer primary key, text text)");
    let real = Real::start(&program, folder.path());
    for _ in 0..12 {
        writer.run(&insert(20, 700));
        std::thread::park_timeout(Duration::from_millis(150));
    }
    wait_until("it wrote files of level 1", || replica.join("ltx/1").read_dir().is_ok_and(|mut files| files.next().is_some()));
    writer.run("insert into notes (text) values ('the last of the first part')");
    let state = writer.digest();
    let taken = |path: &Path| {
        let out = folder.path().join("taken.db");
        let _ = std::fs::remove_file(&out);
        std::panic::catch_unwind(|| rebuild(&Spool::open(path).unwrap(), Goal::Latest, &out)).is_ok() && digest_file(&out) == state
    };
    // A copy, because opening a spool removes what is not finished yet.
    wait_until("its replica has the last transaction", || {
        let copy = folder.path().join("copy");
        let _ = std::fs::remove_dir_all(&copy);
        copy_folder(&replica, &copy);
        taken(&copy)
    });
    real.stop();
    let theirs = listing(&replica).max();

    // Ours takes over: the replica is the spool, its log is not proven, so all pages come once and the numbers go on.
    let capture = Capture::open(&database, &replica).unwrap();
    let first = capture.run(&writer, writer.known(), Time(1_700_000_000_000)).unwrap();
    assert_ne!(first.doubt, Some(Doubt::First), "its files are not taken for none");
    for _ in 0..10 {
        writer.run(&insert(5, 700));
        capture.run(&writer, writer.known(), Time(1_700_000_000_000)).unwrap();
    }
    assert!(capture.seal(&writer, Time(1_700_000_000_000)).unwrap());
    assert!(capture.txid() >= theirs + 10);
    let out = folder.path().join("after-us.db");
    restore(&program, &replica, &out, &["-integrity-check", "full"]).unwrap();
    assert_same(&out, &database);

    // It takes over again.
    let ours = capture.txid();
    drop(capture);
    let real = Real::start(&program, folder.path());
    wait_until("it has gone on after us", || {
        writer.run("insert into notes (text) values ('tick')");
        std::thread::park_timeout(Duration::from_millis(100));
        listing_of_names(&replica) > ours + 3
    });
    let state = writer.digest();
    let out = folder.path().join("after-it.db");
    wait_until("its replica holds all of it", || {
        let _ = std::fs::remove_file(&out);
        restore(&program, &replica, &out, &[]).is_ok() && digest_file(&out) == state
    });
    real.stop();
    let last = folder.path().join("last.db");
    rebuild(&Spool::open(&replica).unwrap(), Goal::Latest, &last);
    assert_eq!(digest_file(&last), state);
}

#[tokio::test]
async fn the_real_program_restores_our_bucket_latest_by_transaction_and_by_time() {
    let Some(program) = program() else { return };
    let bench = Bench::new().await;
    let life = bench.start();
    let mut moments = Vec::new();
    for _ in 0..4 {
        bench.writer.run(&insert(40, 900));
        life.replica.reached(LONG).await.unwrap();
        moments.push((life.replica.status().txid, kernel::Clock::System.now(), bench.writer.digest()));
        // The server's times of change are whole seconds.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
    }
    life.until("the first snapshot", |status| !status.snapshots.is_empty()).await;
    life.stop().await;
    let address = bench.s3.url("app");
    let from_bucket = |out: PathBuf, arguments: Vec<String>| {
        let mut command = litestream(&program);
        command.env("AWS_ACCESS_KEY_ID", testkit::S3::ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", testkit::S3::SECRET_KEY);
        command.arg("restore").args(arguments).arg("-o").arg(&out).arg(&address);
        let run = move || {
            let ended = command.output().unwrap();
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            out
        };
        tokio::task::spawn_blocking(run)
    };
    let latest = from_bucket(bench.path("latest.db"), vec!["-integrity-check".to_owned(), "full".to_owned()]).await.unwrap();
    assert_same(&latest, &bench.path("app.db"));
    for (at, (txid, moment, state)) in moments.iter().enumerate() {
        let out = from_bucket(bench.path(&format!("tx{at}.db")), vec!["-txid".to_owned(), format!("{txid:016x}")]).await.unwrap();
        assert_eq!(&digest_file(&out), state);
        if at > 0 && at + 1 < moments.len() {
            let moment = Time(moment.0 + 1_000).rfc3339_millis();
            let out = from_bucket(bench.path(&format!("at{at}.db")), vec!["-timestamp".to_owned(), moment]).await.unwrap();
            assert_eq!(&digest_file(&out), state);
        }
    }
}

#[test]
fn a_database_over_the_lock_page_goes_both_ways() {
    let Some(program) = program() else { return };
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!("SKIPPED: a database over 1 GiB takes its time; HERMETIC_SLOW=1 runs it");
        return;
    }
    let ours = Ours::new("");
    for _ in 0..11 {
        ours.step("insert into notes (text) values (zeroblob(104857600))", Time(1_000));
        ours.seal();
    }
    ours.step(&insert(100, 900), Time(1_000));
    ours.seal();
    let database = ours.path("app.db");
    assert!(std::fs::metadata(&database).unwrap().len() > 0x4000_0000 + 4_096);
    let (theirs, mine) = (ours.path("theirs.db"), ours.path("mine.db"));
    restore(&program, &ours.path("spool"), &theirs, &[]).unwrap();
    assert_same(&theirs, &database);
    std::fs::remove_file(&theirs).unwrap();
    rebuild(ours.capture.spool(), Goal::Latest, &mine);
    assert_same(&mine, &database);
}

/// The last transaction by the names of level 0.
fn listing_of_names(replica: &Path) -> u64 {
    let files = replica.join("ltx/0").read_dir().unwrap().flatten();
    files.filter_map(|file| crate::files::Span::parse(&file.file_name().to_string_lossy())).map(|span| span.max).max().unwrap_or(0)
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            // It may be gone by now.
            let _ = std::fs::copy(path, target);
        }
    }
}
