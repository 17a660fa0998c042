//! A database of the tests: written by one connection, lent to a capture as the app lends its own.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use rusqlite::wal::CheckpointMode;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

use crate::files::{Listing, Spool};
use crate::plan::{self, Goal};
use crate::rebuild::Rebuild;
use crate::source::{Commits, Pin, Quiet, QuietWork, Source};
use kernel::Result;

pub struct Writer {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
    commits: watch::Receiver<Commits>,
    pins: Arc<AtomicU64>,
    /// What a seal does with the log: only move it into the file, or empty it as well, which a reader can prevent.
    empties: AtomicBool,
}

impl Writer {
    /// `pragmas` come before the first table, where page size and auto_vacuum still count.
    pub fn open(path: &Path, pragmas: &str) -> Writer {
        let mut connection = Connection::open(path).unwrap();
        connection.execute_batch(pragmas).unwrap();
        connection.execute_batch("pragma journal_mode = wal; pragma synchronous = off").unwrap();
        connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        let (sender, commits) = watch::channel(Commits::default());
        connection
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames: i32| {
                sender.send_modify(|commits| *commits = Commits { count: commits.count + 1, frames: frames as u32 });
                Ok(())
            }))
            .unwrap();
        let (pins, empties) = (Arc::default(), AtomicBool::new(true));
        Writer { path: path.to_owned(), connection: Arc::new(Mutex::new(connection)), commits, pins, empties }
    }

    pub fn run(&self, sql: &str) {
        self.connection.lock().unwrap().execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// How often a moment was held so far.
    pub fn pins(&self) -> u64 {
        self.pins.load(Ordering::Acquire)
    }

    pub fn set_empties(&self, empties: bool) {
        self.empties.store(empties, Ordering::Relaxed);
    }

    pub fn known(&self) -> Commits {
        *self.commits.borrow()
    }

    /// Everything a reader can see, as a hash.
    pub fn digest(&self) -> String {
        digest(&self.connection.lock().unwrap())
    }
}

/// Every value of every row of every table, and the schema.
pub fn digest(connection: &Connection) -> String {
    let tables = "select name, sql from sqlite_schema where type = 'table' and substr(name, 1, 1) <> '_' order by name";
    let mut tables = connection.prepare(tables).unwrap();
    let tables: Vec<(String, String)> =
        tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(|row| row.unwrap()).collect();
    let mut hash = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64GoIso);
    for (name, sql) in tables {
        hash.update(sql.as_bytes());
        let mut rows = connection.prepare(&format!("select * from {name} order by rowid")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let (kind, bytes) = match row.get_ref(column).unwrap() {
                    ValueRef::Null => (0, Vec::new()),
                    ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
                    ValueRef::Real(number) => (2, number.to_be_bytes().to_vec()),
                    ValueRef::Text(text) => (3, text.to_vec()),
                    ValueRef::Blob(bytes) => (4, bytes.to_vec()),
                };
                hash.update(&[&[kind], &bytes.len().to_be_bytes()[..]].concat());
                hash.update(&bytes);
            }
        }
    }
    format!("{:016x}", hash.finalize())
}

pub fn digest_file(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let sound: String = connection.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok", "{}", path.display());
    digest(&connection)
}

struct Between<'c> {
    connection: &'c Connection,
    path: &'c Path,
    commits: watch::Receiver<Commits>,
    pins: Arc<AtomicU64>,
    empties: bool,
}

impl Source for Writer {
    fn path(&self) -> &Path {
        &self.path
    }

    fn commits(&self) -> watch::Receiver<Commits> {
        self.commits.clone()
    }

    fn committed(&self) -> Commits {
        *self.commits.borrow()
    }

    fn quiet(&self, work: QuietWork) -> Result<()> {
        let connection = self.connection.lock().unwrap();
        let (commits, pins) = (self.commits.clone(), Arc::clone(&self.pins));
        work(&Between { connection: &connection, path: &self.path, commits, pins, empties: self.empties.load(Ordering::Relaxed) });
        Ok(())
    }
}

impl Quiet for Between<'_> {
    fn committed(&self) -> Commits {
        *self.commits.borrow()
    }

    fn data_version(&self) -> Result<i64> {
        Ok(self.connection.query_row("pragma data_version", [], |row| row.get(0)).unwrap())
    }

    fn checkpoint(&self) -> Result<bool> {
        let (log, moved) = self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE).unwrap();
        if log == moved && self.empties {
            // Busy only says that a reader is in the way of emptying it.
            let _ = self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE);
        }
        Ok(log == moved)
    }

    fn pin(&self) -> Result<Pin> {
        self.pins.fetch_add(1, Ordering::AcqRel);
        let reader = Connection::open(self.path).unwrap();
        reader.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        reader.execute_batch("begin").unwrap();
        reader.query_row("select count(*) from sqlite_schema", [], |_| Ok(())).unwrap();
        Ok(Box::new(Mutex::new(reader)))
    }
}

/// Builds the database that a spool holds at a transaction.
pub fn rebuild(spool: &Spool, goal: Goal, out: &Path) -> u64 {
    let listing = spool.listing().clone();
    rebuild_from(&listing, |level, span| spool.path(level, span), goal, out)
}

pub fn rebuild_from(listing: &Listing, path: impl Fn(u8, crate::files::Span) -> PathBuf, goal: Goal, out: &Path) -> u64 {
    let route = plan::route(listing, goal, &plan::Bad::new()).unwrap_or_else(|error| panic!("{goal:?}: {error}"));
    let mut rebuild = Rebuild::new(std::fs::File::create(out).unwrap());
    for entry in route {
        let file = std::io::BufReader::new(std::fs::File::open(path(entry.level, entry.span)).unwrap());
        rebuild.apply(file).unwrap_or_else(|error| panic!("{entry:?}: {error}"));
    }
    rebuild.finish().unwrap()
}

/// Numbers from a seed, the same on each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

pub fn assert_same(left: &Path, right: &Path) {
    let (left_bytes, right_bytes) = (std::fs::read(left).unwrap(), std::fs::read(right).unwrap());
    assert_eq!(left_bytes.len(), right_bytes.len(), "{} and {} differ in size", left.display(), right.display());
    if let Some(at) = left_bytes.iter().zip(&right_bytes).position(|(a, b)| a != b) {
        panic!("{} and {} differ at byte {at} of {}", left.display(), right.display(), left_bytes.len());
    }
}

/// A statement that adds rows.
pub fn insert(rows: u32, length: u32) -> String {
    format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows}) \
         insert into notes (text) select substr(hex(randomblob({length})), 1, {length}) from n"
    )
}

/// How many seeds a random test takes: HERMETIC_SEEDS, or what fits into CI.
pub fn seeds(usual: u64) -> u64 {
    std::env::var_os("HERMETIC_SEEDS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(usual)
}
