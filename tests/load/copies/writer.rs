//! The database that is written: a process of its own, so that what it costs can be told from what copying it costs.
//! With a spool and an address our replica runs beside it, in the same process, as it does in the product.

use kernel::{Clock, Secret};
use replica::address::S3Options;
use replica::engine::{Destination, Options, Replica, StartOptions};
use replica::lease::Owner;
use replica::restore::{self, Wanted};
use replica::source::{Commits, Pin, Quiet, QuietWork, Source};
use replica::store::Store;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::wal::CheckpointMode;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::S3;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use kernel::time::Stopwatch;

/// Stands before the number of the last commit, in a page that each commit writes.
pub const MARK: &str = "SEQUENCE-MARK:";
const ROW: usize = 220;

struct Database {
    path: PathBuf,
    connection: Mutex<Connection>,
    commits: watch::Receiver<Commits>,
}

impl Database {
    fn open(path: &Path) -> Database {
        let mut connection = Connection::open(path).unwrap();
        connection.execute_batch("pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 0").unwrap();
        connection
            .execute_batch(
                "create table if not exists mark (id integer primary key, text text not null);
                 create table if not exists events (id integer primary key, text text not null)",
            )
            .unwrap();
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        let (sender, commits) = watch::channel(Commits::default());
        connection
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames: i32| {
                sender.send_modify(|commits| *commits = Commits { count: commits.count + 1, frames: frames.unsigned_abs() });
                Ok(())
            }))
            .unwrap();
        Database { path: path.to_owned(), connection: Mutex::new(connection), commits }
    }

    fn commit(&self, number: u64, dice: &mut Dice) {
        let mut connection = self.connection.lock().unwrap();
        let transaction = connection.transaction().unwrap();
        let run = |sql: &str, text: &str| transaction.prepare_cached(sql).unwrap().execute([text]).unwrap();
        run("insert into events (text) values (?1)", &dice.text(ROW));
        run("insert into mark (id, text) values (1, ?1) on conflict do update set text = excluded.text", &format!("{MARK}{number:016}"));
        transaction.commit().unwrap();
    }
}

impl Source for Database {
    fn path(&self) -> &Path {
        &self.path
    }

    fn commits(&self) -> watch::Receiver<Commits> {
        self.commits.clone()
    }

    fn committed(&self) -> Commits {
        *self.commits.borrow()
    }

    fn quiet(&self, work: QuietWork) -> kernel::Result<()> {
        let connection = self.connection.lock().unwrap();
        work(&Between { connection: &connection, path: &self.path, commits: self.commits.clone() });
        Ok(())
    }
}

struct Between<'c> {
    connection: &'c Connection,
    path: &'c Path,
    commits: watch::Receiver<Commits>,
}

impl Quiet for Between<'_> {
    fn committed(&self) -> Commits {
        *self.commits.borrow()
    }

    fn data_version(&self) -> kernel::Result<i64> {
        Ok(self.connection.query_row("pragma data_version", [], |row| row.get(0)).unwrap())
    }

    fn checkpoint(&self) -> kernel::Result<bool> {
        let (log, moved) = self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE).unwrap();
        Ok(log == moved)
    }

    fn pin(&self) -> kernel::Result<Pin> {
        let reader = Connection::open(self.path).unwrap();
        reader.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        reader.execute_batch("begin").unwrap();
        reader.query_row("select count(*) from sqlite_schema", [], |_| Ok(())).unwrap();
        Ok(Box::new(Mutex::new(reader)))
    }
}

/// Text from a seed, the same in each run.
struct Dice(u64);

impl Dice {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            text.push_str(&format!("{:016x}", self.word()));
        }
        text.truncate(length);
        text
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(8)).flat_map(|_| self.word().to_le_bytes()).take(length).collect()
    }
}

fn store(url: &str) -> Store {
    let options = S3Options {
        access_key_id: S3::ACCESS_KEY.to_owned(),
        secret_access_key: Secret::new(S3::SECRET_KEY.to_owned()),
        ..S3Options::default()
    };
    Store::open(&url.parse().unwrap(), &options).unwrap()
}

fn start(database: &Arc<Database>, spool: &Path, url: &str, shutdown: &CancellationToken) -> Replica {
    Replica::start(StartOptions {
        source: Arc::clone(database) as Arc<dyn Source>,
        spool: spool.to_owned(),
        destinations: vec![Destination { name: "s3".to_owned(), store: store(url), is_append_only: false }],
        owner: Owner { id: "the benchmark".to_owned(), host: "here".to_owned() },
        options: Options::default(),
        clock: Clock::System,
        shutdown: shutdown.clone(),
    })
    .unwrap()
}

/// The child: `SECONDS RATE FILE` commits for so long and writes when each commit returned into the file; `0` does nothing.
pub fn run(path: &Path, copies: Option<(&Path, &str)>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = Arc::new(Database::open(path));
    let shutdown = CancellationToken::new();
    let replica = copies.map(|(spool, url)| {
        let _inside = runtime.enter();
        start(&database, spool, url, &shutdown)
    });
    println!("ready");
    let (mut number, mut dice) = (0, Dice(0x9e37_79b9_7f4a_7c15));
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        if let [seconds, rate, file] = words[..] {
            let times = sustain(&database, seconds.parse().unwrap(), rate.parse().unwrap(), &mut number, &mut dice);
            std::fs::write(file, times).unwrap();
        }
        println!("done");
    }
    shutdown.cancel();
    if let Some(replica) = replica {
        runtime.block_on(replica.finish(Duration::from_secs(30)));
    }
}

/// `number time` a line.
fn sustain(database: &Database, seconds: f64, rate: f64, number: &mut u64, dice: &mut Dice) -> String {
    let (watch, mut times) = (Stopwatch::start(), String::new());
    let mut due = Duration::ZERO;
    while watch.elapsed().as_secs_f64() < seconds {
        if let Some(rest) = due.checked_sub(watch.elapsed()) {
            std::thread::sleep(rest);
        }
        *number += 1;
        database.commit(*number, dice);
        times.push_str(&format!("{number} {}\n", Clock::System.now().0));
        due += Duration::from_secs_f64(1.0 / rate);
    }
    times
}

/// A database of that size whose rows do not compress.
pub fn fill(path: &Path, megabytes: usize) {
    let database = Database::open(path);
    let connection = database.connection.lock().unwrap();
    connection.execute_batch("create table rows (id integer primary key, body blob not null)").unwrap();
    let mut dice = Dice(0xdead_beef_cafe);
    for _ in 0..megabytes {
        connection.execute_batch("begin").unwrap();
        for _ in 0..1_000 {
            connection.prepare_cached("insert into rows (body) values (?1)").unwrap().execute([dice.bytes(1_000)]).unwrap();
        }
        connection.execute_batch("commit").unwrap();
    }
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    println!("filled");
}

pub fn restore(url: &str, out: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let restored = runtime.block_on(async {
        let store = store(url);
        let survey = restore::survey(&store).await.unwrap();
        let plan = survey.plan(&store, Wanted::Latest).await.unwrap();
        restore::run(&store, &survey, plan, out, &|_| {}).await.unwrap()
    });
    println!("transaction {}", restored.txid);
}
