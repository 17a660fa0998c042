//! From the log to the spool: each call turns what was committed since the last one into one file of level 0.
//!
//! The one rule: **never go on from a place that is not proven.** Where log and memory do not fit together (another
//! process reset the log, the spool was lost, the file was replaced), the next file holds every page ([`Doubt`] says why).
//!
//! The log is moved into the database only by [`Capture::seal`], after all of it lies in the spool. A seal notes the
//! file's mark (inode, size, time of change): while that is the same, nobody has moved anything from the log into the
//! file, so whatever was committed after the seal must still stand in the log, whatever its salts are now.

mod base;
mod resume;

use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, SystemTime};

use crate::files::{Entry, Span, Spool};
use crate::ltx::{Header, LtxError, Salts, lock_page};
use crate::notes;
use crate::restore::Restored;
use crate::source::{Commits, Quiet, Source};
use crate::wal::{self, Place, ReadAt as _, Scan};

pub use base::Base;

/// A run over the log ends at the first commit past this, so that one file stays of moderate size.
const RUN_BYTES: u64 = 64 << 20;
/// A clock is put right by less than this in the course of things.
const LARGEST_STEP_BACK: Duration = kernel::time::HOUR;
const SEAL: &str = "seal.json";
const ANCHOR: &str = "restored.json";

/// Why a file with every page was needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("there is no earlier file")]
    First,
    #[error("the log was reset by another program")]
    Reset,
    #[error("the log ends before the place that was read already")]
    Shorter,
    #[error("commits are missing in the log")]
    Missing,
    #[error("the log was overwritten while it was read")]
    Overwritten,
    #[error("the database grew by pages that are not in the log")]
    Hole,
    #[error("a destination has transactions that are not this machine's")]
    Ahead,
    #[error("the database is another file than before")]
    Replaced,
}

/// The transaction that was restored here, as its file says it: by this a destination is known again whose newest it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchor {
    pub txid: u64,
    pub commit: u32,
    pub at: Time,
}

/// What is known about the database file and its log, kept beside the spool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    /// The log held nothing behind this transaction when the mark was taken.
    txid: u64,
    /// Size of the database in pages.
    commit: u32,
    salts: Salts,
    mark: FileMark,
}

/// Changes whenever somebody writes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct FileMark {
    inode: u64,
    size: u64,
    changed_s: i64,
    changed_ns: i64,
}

/// Reads one database's log into its spool. Cheap to clone; one thread at a time works with it.
#[derive(Clone)]
pub struct Capture {
    inner: Arc<Mutex<Inner>>,
    /// Beside the lock, which is held while files are written: the status is asked for meanwhile.
    spool: Spool,
    files: Arc<Files>,
    reached: Arc<Reached>,
}

#[derive(Default)]
struct Reached {
    txid: AtomicU64,
    offset: AtomicU64,
    is_doubted: AtomicBool,
}

struct Inner {
    files: Arc<Files>,
    spool: Spool,
    reached: Arc<Reached>,
    /// The last transaction in the spool.
    txid: u64,
    /// Up to where the log was read; `None` while that is unknown.
    place: Option<Place>,
    seal: Option<Seal>,
    /// Size of the database in pages after `txid`.
    commit: u32,
    doubt: Option<Doubt>,
    /// Commits of the writer that were looked for in the log already.
    accounted: u64,
    /// When the last transaction was captured.
    last_at: Time,
}

/// Open descriptors. The database's own is never closed: closing any descriptor of a file drops the locks that SQLite holds
/// on it in this process.
pub(crate) struct Files {
    database_path: PathBuf,
    database: &'static File,
    log_path: PathBuf,
}

/// What one call did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captured {
    pub entries: Vec<Entry>,
    /// Set when the last of them holds every page.
    pub doubt: Option<Doubt>,
}

impl Capture {
    /// Opens the spool and finds the place in the log that its newest file ends at.
    pub fn open(database: &Path, spool: &Path) -> Result<Capture> {
        let files = Arc::new(Files::open(database)?);
        let spool = Spool::open(spool).map_err(spool_error)?;
        let reached = Arc::new(Reached::default());
        let mut inner = Inner {
            files: Arc::clone(&files),
            spool: spool.clone(),
            reached: Arc::clone(&reached),
            txid: 0,
            place: None,
            seal: None,
            commit: 0,
            doubt: Some(Doubt::First),
            accounted: 0,
            last_at: Time(0),
        };
        inner.resume()?;
        inner.publish();
        Ok(Capture { inner: Arc::new(Mutex::new(inner)), spool, files, reached })
    }

    /// Captures all that is committed up to `known`, the writer's own count, taken before the call. A log that holds less than it
    /// says is doubted; what stands behind it may be a transaction whose sync is still to come, or to fail.
    pub fn run(&self, source: &dyn Source, known: Commits, now: Time) -> Result<Captured> {
        self.run_from(source, known, now, Captured::default())
    }

    /// Captures all that is in the log, between two transactions: other processes and the last run have committed, too.
    pub fn run_quietly(&self, source: &dyn Source, now: Time) -> Result<Captured> {
        let (entries, known) = self.between(source, move |inner, quiet| {
            let mut entries = Vec::new();
            while let Step::Wrote(entry, _) = inner.step(Reach::All, now)? {
                entries.push(entry);
            }
            inner.accounted = quiet.committed().count;
            Ok((entries, quiet.committed()))
        })?;
        self.run_from(source, known, now, Captured { entries, doubt: None })
    }

    fn run_from(&self, source: &dyn Source, known: Commits, now: Time, mut captured: Captured) -> Result<Captured> {
        loop {
            let step = self.lock().step(Reach::Known(known), now)?;
            match step {
                Step::Wrote(entry, Rest::Open) => captured.entries.push(entry),
                // What was committed while the file was written is the next run's: on a slow disk there is always something.
                Step::Wrote(entry, Rest::Later) => {
                    captured.entries.push(entry);
                    self.lock().accounted = known.count;
                    return Ok(captured);
                }
                Step::Nothing => {
                    self.lock().accounted = known.count;
                    return Ok(captured);
                }
                Step::Doubted(doubt) => {
                    let base = self.base(source, false, now)?;
                    let Some(base) = base else { return Ok(captured) };
                    let mut inner = self.lock();
                    let entry = inner.write_full(&base, now)?;
                    inner.accounted = inner.accounted.max(known.count);
                    drop(inner);
                    captured.entries.push(entry);
                    captured.doubt = Some(doubt);
                    // What was committed meanwhile stands behind it in the log.
                }
            }
        }
    }

    /// Works with the log while the writer stands still.
    fn between<T: Send + 'static>(
        &self,
        source: &dyn Source,
        work: impl FnOnce(&mut Inner, &dyn Quiet) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = mpsc::channel();
        let capture = self.clone();
        source.quiet(Box::new(move |quiet| drop(answer.send(work(&mut capture.lock(), quiet)))))?;
        answered.recv().unwrap_or_else(|_| Err(Error::unavailable("The database is closing.")))
    }

    /// The rest of the log into the spool, then the log into the database. Gives whether the log is empty now.
    pub fn seal(&self, source: &dyn Source, now: Time) -> Result<bool> {
        self.between(source, move |inner, quiet| inner.seal_quietly(quiet, now))
    }

    /// The whole database at one transaction, to be written as a snapshot. `None` while the database is empty. With
    /// `is_known` it is the state of the spool's last transaction, which is captured first.
    pub fn base(&self, source: &dyn Source, is_known: bool, now: Time) -> Result<Option<Base>> {
        self.between(source, move |inner, quiet| inner.pin(quiet, is_known, now))
    }

    /// A destination has `after` transactions of another history, or of one that cannot be told from another: the next one comes
    /// after both and holds every page, and nothing that was captured before goes anywhere.
    pub fn start_over(&self, after: u64) -> Result<()> {
        let mut inner = self.lock();
        inner.txid = inner.txid.max(after);
        inner.doubted(Doubt::Ahead);
        inner.forget_seal().map_err(spool_error)?;
        let all: Vec<Entry> = inner.spool.listing().all().copied().collect();
        for entry in all {
            inner.spool.remove(entry.level, entry.span).map_err(spool_error)?;
        }
        inner.publish();
        Ok(())
    }

    /// The last transaction in the spool.
    pub fn txid(&self) -> u64 {
        self.reached.txid.load(Ordering::Acquire)
    }

    /// The next file will hold every page.
    pub fn is_doubted(&self) -> bool {
        self.reached.is_doubted.load(Ordering::Acquire)
    }

    /// Up to where the log was read, in bytes.
    pub fn read_bytes(&self) -> u64 {
        self.reached.offset.load(Ordering::Acquire)
    }

    /// Length and time of the log: another than before says that somebody wrote.
    pub fn log_mark(&self) -> Option<(u64, SystemTime)> {
        let metadata = std::fs::metadata(&self.files.log_path).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }

    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the log is read.
#[derive(Clone, Copy)]
enum Reach {
    /// To the last commit that the writer knows to be one.
    Known(Commits),
    /// To the last commit in it: no transaction of this process is open.
    All,
}

enum Step {
    Wrote(Entry, Rest),
    Nothing,
    Doubted(Doubt),
}

/// Whether a file holds all that was known to be committed.
#[derive(PartialEq, Eq)]
enum Rest {
    Open,
    Later,
}

impl Inner {
    fn seal_quietly(&mut self, quiet: &dyn Quiet, now: Time) -> Result<bool> {
        let before = quiet.data_version()?;
        loop {
            match self.step(Reach::All, now)? {
                Step::Wrote(..) => {}
                Step::Nothing => break,
                // The next run writes every page; the log stays as it is until then.
                Step::Doubted(_) => return Ok(false),
            }
        }
        self.accounted = quiet.committed().count;
        // Without a place there is no log; a full file was written over what the database held.
        let Some(place) = self.place else { return Ok(self.is_sealed()) };
        let is_moved = quiet.checkpoint()?;
        // The mark comes before the question: what another program moves in between changes the one or the other.
        let mark = self.files.mark()?;
        if !is_moved || quiet.data_version()? != before {
            return Ok(false);
        }
        let seal = Seal { txid: self.txid, commit: self.commit, salts: place.salts, mark };
        notes::write(self.spool.folder(), SEAL, &seal).map_err(spool_error)?;
        self.seal = Some(seal);
        // Nothing of the log is left to move.
        self.reached.offset.store(0, Ordering::Release);
        Ok(true)
    }

    /// Whether all that was committed since the last file must still stand in the log, from its start.
    fn is_sealed(&self) -> bool {
        self.seal.as_ref().is_some_and(|seal| {
            seal.txid == self.txid
                && self.place.is_none_or(|place| place.salts == seal.salts)
                && self.files.mark().is_ok_and(|mark| mark == seal.mark)
        })
    }

    fn step(&mut self, reach: Reach, now: Time) -> Result<Step> {
        if let Some(doubt) = self.doubt {
            return Ok(Step::Doubted(doubt));
        }
        let outcome = self.scan(reach).map_err(log_error)?;
        let (header, scan) = match outcome {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Step::Nothing),
            Err(doubt) => return Ok(self.doubted(doubt)),
        };
        let is_all = matches!(reach, Reach::Known(known) if scan.end.offset >= end_of(known, &header));
        match self.write_increment(&header, &scan, now) {
            Ok(entry) => Ok(Step::Wrote(entry, if is_all { Rest::Later } else { Rest::Open })),
            Err(Trouble::Doubt(doubt)) => Ok(self.doubted(doubt)),
            Err(Trouble::File(error)) => Err(ltx_error(error)),
        }
    }

    fn doubted(&mut self, doubt: Doubt) -> Step {
        self.doubt = Some(doubt);
        self.place = None;
        self.publish();
        Step::Doubted(doubt)
    }

    /// What was committed since the place, if anything.
    fn scan(&mut self, reach: Reach) -> io::Result<std::result::Result<Option<(wal::Header, Scan)>, Doubt>> {
        let log = self.files.log()?;
        let header = match &log {
            Some(log) => wal::Header::read(log)?,
            None => None,
        };
        let (Some(log), Some(header)) = (log, header) else {
            // No log: nothing was committed since the seal, unless there is none.
            return Ok(if self.place.is_none() || self.is_sealed() { Ok(None) } else { Err(Doubt::Reset) });
        };
        let from = match self.place {
            Some(place) if place.salts == header.salts => place,
            _ if self.is_sealed() => header.start(),
            _ => return Ok(Err(Doubt::Reset)),
        };
        if log.metadata()?.len() < from.offset {
            return Ok(Err(Doubt::Shorter));
        }
        let news = match reach {
            Reach::All => RUN_BYTES,
            Reach::Known(known) if known.count <= self.accounted => return Ok(Ok(None)),
            // It ends before a place that was read: what was read there was no commit.
            Reach::Known(known) => match end_of(known, &header).checked_sub(from.offset) {
                None => return Ok(Err(Doubt::Overwritten)),
                Some(0) => return Ok(Ok(None)),
                Some(news) => news,
            },
        };
        let scan = wal::scan(&log, &header, from, news.min(RUN_BYTES))?;
        if wal::Header::read(&log)? != Some(header) {
            return Ok(Err(Doubt::Overwritten));
        }
        match (scan.commit, reach) {
            (None, Reach::All) => Ok(Ok(None)),
            (None, Reach::Known(_)) => Ok(Err(Doubt::Missing)),
            (Some(_), _) => Ok(Ok(Some((header, scan)))),
        }
    }

    fn write_increment(&mut self, header: &wal::Header, scan: &Scan, now: Time) -> std::result::Result<Entry, Trouble> {
        let commit = scan.commit.unwrap_or(self.commit);
        let lock = lock_page(header.page_size);
        let is_whole = (self.commit.saturating_add(1)..=commit).all(|pgno| pgno == lock || scan.pages.contains_key(&pgno));
        if !is_whole {
            return Err(Trouble::Doubt(Doubt::Hole));
        }
        let log = self.files.log().map_err(LtxError::Io)?.ok_or(Trouble::Doubt(Doubt::Overwritten))?;
        // A log that was reset starts anew: what was read before is not part of this file's stretch.
        let start = self.place.filter(|place| place.salts == header.salts).map_or(wal::HEADER_SIZE, |place| place.offset);
        let file_header = Header {
            page_size: header.page_size,
            commit,
            min: self.txid + 1,
            max: self.txid + 1,
            at: self.time(now),
            wal_offset: start,
            wal_size: scan.end.offset - start,
            salts: header.salts,
            node: 0,
        };
        let mut page = vec![0; header.page_size as usize];
        let mut is_overwritten = false;
        let entry = self.spool.write(0, file_header, |encoder| {
            for (pgno, offset) in &scan.pages {
                if wal::read_page(&log, *offset, *pgno, header.salts, &mut page)?.is_none() {
                    is_overwritten = true;
                    return Err(LtxError::Page { pgno: *pgno, problem: "the log was overwritten" });
                }
                if *pgno != lock {
                    encoder.page(*pgno, &page)?;
                }
            }
            Ok(())
        });
        let entry = match entry {
            Err(_) if is_overwritten => return Err(Trouble::Doubt(Doubt::Overwritten)),
            other => other?,
        };
        self.advance(entry, commit, Some(scan.end));
        Ok(entry)
    }

    fn write_full(&mut self, base: &Base, now: Time) -> Result<Entry> {
        let txid = self.txid + 1;
        let header = base.header(Span { min: txid, max: txid }, self.time(now));
        let entry = self.spool.write(0, header, |encoder| base.write(encoder)).map_err(ltx_error)?;
        self.doubt = None;
        self.accounted = base.accounted();
        self.advance(entry, header.commit, base.place());
        let seal = base.seal(txid);
        notes::write(self.spool.folder(), SEAL, &seal).map_err(spool_error)?;
        self.seal = Some(seal);
        Ok(entry)
    }

    /// Times follow each other like transactions do: who restores by time must not get a later state because a clock was put back a
    /// little. A clock that was far ahead is not followed.
    fn time(&self, now: Time) -> Time {
        if self.last_at <= now + LARGEST_STEP_BACK { self.last_at.max(now) } else { now }
    }

    fn advance(&mut self, entry: Entry, commit: u32, place: Option<Place>) {
        (self.txid, self.last_at) = (entry.span.max, entry.at);
        self.commit = commit;
        self.place = place;
        self.publish();
    }

    fn publish(&self) {
        self.reached.is_doubted.store(self.doubt.is_some(), Ordering::Release);
        self.reached.txid.store(self.txid, Ordering::Release);
        self.reached.offset.store(self.place.map_or(0, |place| place.offset), Ordering::Release);
    }

    fn forget_seal(&mut self) -> io::Result<()> {
        self.seal = None;
        match std::fs::remove_file(self.spool.folder().join(SEAL)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

enum Trouble {
    Doubt(Doubt),
    File(LtxError),
}

impl From<LtxError> for Trouble {
    fn from(error: LtxError) -> Trouble {
        Trouble::File(error)
    }
}

/// The end of the log's part that holds these commits.
fn end_of(known: Commits, header: &wal::Header) -> u64 {
    wal::HEADER_SIZE + u64::from(known.frames) * header.frame_size()
}

/// Says that the database, just restored and without a log, is the state of `txid`: its copies go on from there, without a
/// full file.
pub fn seal_restored(database: &Path, spool: &Path, restored: &Restored) -> Result<()> {
    std::fs::create_dir_all(spool).map_err(spool_error)?;
    let anchor = Anchor { txid: restored.txid, commit: restored.commit, at: restored.at };
    notes::write(spool, ANCHOR, &anchor).map_err(spool_error)?;
    let seal = Seal { txid: restored.txid, commit: restored.commit, salts: Salts::default(), mark: FileMark::of(database)? };
    notes::write(spool, SEAL, &seal).map_err(spool_error)
}

impl FileMark {
    fn of(path: &Path) -> Result<FileMark> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).map_err(log_error)?;
        Ok(FileMark { inode: metadata.ino(), size: metadata.size(), changed_s: metadata.mtime(), changed_ns: metadata.mtime_nsec() })
    }
}

impl Files {
    fn open(database: &Path) -> Result<Files> {
        let open = File::open(database)
            .map_err(|error| Error::unavailable(format!("The database {} cannot be read.", database.display())).because(error))?;
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        Ok(Files { database_path: database.to_owned(), database: Box::leak(Box::new(open)), log_path: PathBuf::from(log) })
    }

    /// `None` when there is none. Opened anew each time: SQLite may remove and make it again, and takes no locks on it.
    fn log(&self) -> io::Result<Option<File>> {
        match File::open(&self.log_path) {
            Ok(log) => Ok(Some(log)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn mark(&self) -> Result<FileMark> {
        FileMark::of(&self.database_path)
    }

    fn read_database(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.database.read_at(buffer, offset)
    }
}

fn spool_error(error: io::Error) -> Error {
    Error::unavailable("The spool of the copies cannot be written; free some space or check the rights of the data folder.").because(error)
}

fn log_error(error: io::Error) -> Error {
    Error::unavailable("The database's write-ahead log cannot be read.").because(error)
}

fn ltx_error(error: LtxError) -> Error {
    match error {
        LtxError::Io(error) => spool_error(error),
        other => Error::internal("writing a file of the copies").because(other),
    }
}
