//! From the log to the spool: each call turns what was committed since the last one into one file of level 0.
//!
//! The one rule: **never go on from a place that is not proven.** Where log and memory do not fit together (another
//! process reset the log, the spool was lost, the file was replaced), the next file holds every page ([`Doubt`] says why).
//!
//! The log is moved into the database only by [`Capture::seal`], after all of it lies in the spool. A seal notes the
//! file's mark (inode, size, time of change): while that is the same, nobody has moved anything from the log into the
//! file, so whatever was committed after the seal must still stand in the log, whatever its salts are now.

mod base;

use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::SystemTime;

use crate::files::{Entry, Span, Spool};
use crate::ltx::{Decoder, Header, LtxError, Salts, lock_page};
use crate::source::{Commits, Quiet, Source};
use crate::wal::{self, Place, ReadAt as _, Scan};

pub use base::Base;

/// A run over the log ends at the first commit past this, so that one file stays of moderate size.
const RUN_BYTES: u64 = 64 << 20;

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
    #[error("the newest file of the spool was damaged")]
    Spool,
    #[error("the destination has transactions that this machine does not know")]
    Ahead,
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
        };
        inner.resume()?;
        inner.publish();
        Ok(Capture { inner: Arc::new(Mutex::new(inner)), spool, files, reached })
    }

    /// Captures all that is committed. `known` is the writer's own count, taken before the call: a log that holds less than
    /// it says is doubted.
    pub fn run(&self, source: &dyn Source, known: Commits, now: Time) -> Result<Captured> {
        let mut captured = Captured::default();
        loop {
            let step = self.lock().step(known, now)?;
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
                    let base = self.base(source, false)?;
                    let Some(base) = base else { return Ok(captured) };
                    let mut inner = self.lock();
                    let entry = inner.write_full(&base, now)?;
                    inner.accounted = known.count;
                    drop(inner);
                    captured.entries.push(entry);
                    captured.doubt = Some(doubt);
                    // What was committed meanwhile stands behind it in the log.
                }
            }
        }
    }

    /// The rest of the log into the spool, then the log into the database. Gives whether the log is empty now.
    pub fn seal(&self, source: &dyn Source, now: Time) -> Result<bool> {
        let (answer, answered) = mpsc::channel();
        let capture = self.clone();
        source.quiet(Box::new(move |quiet| drop(answer.send(capture.seal_quietly(quiet, now)))))?;
        answered.recv().unwrap_or_else(|_| Err(Error::unavailable("The database is closing.")))
    }

    fn seal_quietly(&self, quiet: &dyn Quiet, now: Time) -> Result<bool> {
        let mut inner = self.lock();
        let before = quiet.data_version()?;
        loop {
            match inner.step(Commits::default(), now)? {
                Step::Wrote(..) => {}
                Step::Nothing => break,
                // The next run writes every page; the log stays as it is until then.
                Step::Doubted(_) => return Ok(false),
            }
        }
        // Without a place there is no log; a full file was written over what the database held.
        let Some(place) = inner.place else { return Ok(inner.is_sealed()) };
        if !quiet.checkpoint()? || quiet.data_version()? != before {
            return Ok(false);
        }
        let seal = Seal { txid: inner.txid, commit: inner.commit, salts: place.salts, mark: inner.files.mark()? };
        write_seal(inner.spool.folder(), &seal)?;
        inner.seal = Some(seal);
        // Nothing of the log is left to move.
        inner.reached.offset.store(0, Ordering::Release);
        Ok(true)
    }

    /// The whole database at one transaction, to be written as a snapshot. `None` while the database is empty. With
    /// `is_known` it is the state of the spool's last transaction, which is captured first.
    pub fn base(&self, source: &dyn Source, is_known: bool) -> Result<Option<Base>> {
        let (answer, answered) = mpsc::channel();
        let capture = self.clone();
        source.quiet(Box::new(move |quiet| drop(answer.send(capture.lock().pin(quiet, is_known)))))?;
        answered.recv().unwrap_or_else(|_| Err(Error::unavailable("The database is closing.")))
    }

    /// The next transaction will be `after + 1` and hold every page: the destination knows more than this machine does.
    pub fn start_after(&self, after: u64) {
        let mut inner = self.lock();
        if after > inner.txid {
            inner.txid = after;
            inner.doubt = Some(Doubt::Ahead);
            inner.publish();
        }
    }

    /// The last transaction in the spool.
    pub fn txid(&self) -> u64 {
        self.reached.txid.load(Ordering::Acquire)
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
    /// The newest file of level 0 says which transaction was the last and where in the log it ended; a seal says it where
    /// there is no such file (a restored database).
    fn resume(&mut self) -> Result<()> {
        let newest = self.spool.listing().level(0).next_back().copied();
        self.txid = self.spool.listing().max();
        self.seal = self.read_seal();
        if let Some(seal) = self.seal.clone().filter(|seal| seal.txid >= self.txid) {
            self.txid = seal.txid;
            self.commit = seal.commit;
            self.doubt = if self.is_sealed() { None } else { Some(Doubt::Reset) };
        }
        let Some(newest) = newest.filter(|newest| newest.span.max == self.txid) else { return Ok(()) };
        let path = self.spool.path(newest.level, newest.span);
        let whole = File::open(&path).map_err(LtxError::Io).and_then(|file| Decoder::open(io::BufReader::new(file))?.verify());
        let Ok(header) = whole else {
            self.doubt = Some(Doubt::Spool);
            return Ok(());
        };
        self.commit = header.commit;
        self.doubt = self.find_place(&header).map_err(log_error)?;
        Ok(())
    }

    fn find_place(&mut self, last: &Header) -> io::Result<Option<Doubt>> {
        let log = self.files.log()?;
        let header = match &log {
            Some(log) => wal::Header::read(log)?,
            None => None,
        };
        if let (Some(log), Some(header)) = (&log, header)
            && header.salts == last.salts
        {
            self.place = wal::find_place(log, &header, last.wal_end())?;
            return Ok(if self.place.is_some() { None } else { Some(Doubt::Shorter) });
        }
        if self.is_sealed() { Ok(None) } else { Ok(Some(Doubt::Reset)) }
    }

    /// Whether all that was committed since the last file must still stand in the log, from its start.
    fn is_sealed(&self) -> bool {
        self.seal.as_ref().is_some_and(|seal| {
            seal.txid == self.txid
                && self.place.is_none_or(|place| place.salts == seal.salts)
                && self.files.mark().is_ok_and(|mark| mark == seal.mark)
        })
    }

    fn step(&mut self, known: Commits, now: Time) -> Result<Step> {
        if let Some(doubt) = self.doubt {
            return Ok(Step::Doubted(doubt));
        }
        let outcome = self.scan(known).map_err(log_error)?;
        let (header, scan) = match outcome {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Step::Nothing),
            Err(doubt) => return Ok(self.doubted(doubt)),
        };
        let expected = wal::HEADER_SIZE + u64::from(known.frames) * header.frame_size();
        match self.write_increment(&header, &scan, now) {
            Ok(entry) if scan.end.offset >= expected && !scan.is_cut => Ok(Step::Wrote(entry, Rest::Later)),
            Ok(entry) => Ok(Step::Wrote(entry, Rest::Open)),
            Err(Trouble::Doubt(doubt)) => Ok(self.doubted(doubt)),
            Err(Trouble::File(error)) => Err(ltx_error(error)),
        }
    }

    fn doubted(&mut self, doubt: Doubt) -> Step {
        self.doubt = Some(doubt);
        self.place = None;
        Step::Doubted(doubt)
    }

    /// What was committed since the place, if anything.
    fn scan(&mut self, known: Commits) -> io::Result<std::result::Result<Option<(wal::Header, Scan)>, Doubt>> {
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
        let scan = wal::scan(&log, &header, from, RUN_BYTES)?;
        if wal::Header::read(&log)? != Some(header) {
            return Ok(Err(Doubt::Overwritten));
        }
        if scan.commit.is_none() {
            let expected = wal::HEADER_SIZE + u64::from(known.frames) * header.frame_size();
            return Ok(if known.count > self.accounted && expected > from.offset { Err(Doubt::Missing) } else { Ok(None) });
        }
        Ok(Ok(Some((header, scan))))
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
            at: now,
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
        self.advance(entry.span, commit, Some(scan.end));
        Ok(entry)
    }

    fn write_full(&mut self, base: &Base, now: Time) -> Result<Entry> {
        let txid = self.txid + 1;
        let header = base.header(Span { min: txid, max: txid }, now);
        let entry = self.spool.write(0, header, |encoder| base.write(encoder)).map_err(ltx_error)?;
        self.doubt = None;
        self.advance(entry.span, header.commit, base.place());
        let seal = base.seal(txid);
        write_seal(self.spool.folder(), &seal)?;
        self.seal = Some(seal);
        Ok(entry)
    }

    fn advance(&mut self, span: Span, commit: u32, place: Option<Place>) {
        self.txid = span.max;
        self.commit = commit;
        self.place = place;
        self.publish();
    }

    fn publish(&self) {
        self.reached.txid.store(self.txid, Ordering::Release);
        self.reached.offset.store(self.place.map_or(0, |place| place.offset), Ordering::Release);
    }

    fn read_seal(&self) -> Option<Seal> {
        serde_json::from_slice(&std::fs::read(self.spool.folder().join("seal.json")).ok()?).ok()
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

/// Says that the database, just restored and without a log, is the state of `txid`: its copies go on from there, without a
/// full file.
pub fn seal_restored(database: &Path, spool: &Path, txid: u64, commit: u32) -> Result<()> {
    let seal = Seal { txid, commit, salts: Salts::default(), mark: FileMark::of(database)? };
    std::fs::create_dir_all(spool).map_err(spool_error)?;
    write_seal(spool, &seal)
}

fn write_seal(spool: &Path, seal: &Seal) -> Result<()> {
    let text = serde_json::to_vec(seal).map_err(|error| Error::internal("writing a seal").because(error))?;
    let beside = spool.join("seal.tmp");
    let write = || {
        let mut file = File::create(&beside)?;
        io::Write::write_all(&mut file, &text)?;
        file.sync_data()?;
        std::fs::rename(&beside, spool.join("seal.json"))
    };
    write().map_err(spool_error)
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
