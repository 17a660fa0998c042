//! The writer thread. Requests that arrive while a commit is on its way to the disk share the next one (group commit):
//! measured at 26,000 durable inserts/s against 5,700 with one transaction each.

use kernel::time::Stopwatch;
use kernel::{Clock, Error, Result};
use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

use crate::error::{DISK_SENTENCE, query_error};
use crate::floor::Floor;
use crate::{Checkpoints, Committed, Quiet, Reader, Signal, Tx};

/// A batch is closed after this many requests or this long, so that the first in it does not wait for ever.
const BATCH_REQUESTS: usize = 512;
const BATCH_TIME: Duration = Duration::from_millis(20);

/// Frames in the write-ahead log at which the writer moves it into the file: 48 MB. Moving 1,000 pages holds up the requests behind it
/// for some 5 ms, most of it the two flushes to the disk; many more pages take hardly longer, and pages that were written several times
/// move once. In a burst of 2,700 events a second 16 MB were full each second, and who waited for the move was one request in a hundred.
pub(crate) const LOG_FRAMES: u32 = 12_000;

type Finish = Box<dyn FnOnce(Result<(), BatchFailed>) + Send>;
type Run = Box<dyn FnOnce(&mut Tx<'_>) -> Ran + Send>;

/// The transaction around a request was lost (disk full, I/O error): the request's own work is undone with it.
#[derive(Clone)]
pub(crate) struct BatchFailed {
    sentence: String,
    chain: String,
}

pub(crate) struct Ran {
    is_kept: bool,
    finish: Finish,
}

pub(crate) enum Request {
    Write(Run),
    Between(Between),
}

type Between = Box<dyn FnOnce(&Quiet<'_>) + Send>;

/// A request to run while no transaction is open.
pub(crate) fn between(f: impl FnOnce(&Quiet<'_>) + Send + 'static) -> Request {
    Request::Between(Box::new(f))
}

/// Wraps a closure as a request; `answer` gets its result once the commit it rode in has ended.
pub(crate) fn request<T: Send + 'static>(
    f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    answer: impl FnOnce(Result<T>) + Send + 'static,
) -> Request {
    let run: Run = Box::new(move |tx| {
        let result = catch_unwind(AssertUnwindSafe(|| f(tx)))
            .unwrap_or_else(|_| Err(Error::internal("a write closure panicked; its changes were undone")));
        let is_kept = result.is_ok();
        let finish: Finish = Box::new(move |committed| {
            let result = match committed {
                Ok(()) => result,
                Err(BatchFailed { sentence, chain }) => Err(Error::unavailable(sentence).because(chain)),
            };
            answer(result);
        });
        Ran { is_kept, finish }
    });
    Request::Write(run)
}

pub(crate) struct Writer {
    pub connection: Connection,
    pub path: PathBuf,
    pub checkpoints: Checkpoints,
    pub floor: Floor,
    pub requests: Receiver<Request>,
    pub clock: Clock,
    pub signals: broadcast::Sender<Signal>,
    pub commits: watch::Receiver<Committed>,
}

impl Writer {
    /// Ends when the last [`crate::Db`] handle is gone.
    pub fn run(self) {
        let mut due = LOG_FRAMES;
        while let Ok(request) = self.requests.recv() {
            let mut next = Some(request);
            while let Some(request) = next.take() {
                match request {
                    Request::Write(first) => next = self.batch(first),
                    Request::Between(f) => self.between(f),
                }
                if self.checkpoints == Checkpoints::Automatic {
                    due = self.checkpoint(due);
                }
            }
        }
        if self.checkpoints == Checkpoints::Automatic {
            // Leave a small WAL behind; at worst the next start replays it.
            let _ = self.connection.execute_batch("pragma optimize; pragma wal_checkpoint(truncate)");
        }
    }

    /// After the answers, so that nobody waits for it but who comes next. Gives at how many frames it is due again: where a reader
    /// holds a part of the log, later.
    fn checkpoint(&self, due: u32) -> u32 {
        let frames = self.commits.borrow().frames;
        if frames < due {
            return if frames < LOG_FRAMES { LOG_FRAMES } else { due };
        }
        match self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
            Ok((log, moved)) if log == moved => LOG_FRAMES,
            Ok(_) => frames + LOG_FRAMES / 4,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be moved into the file; trying again");
                frames + LOG_FRAMES / 4
            }
        }
    }

    fn between(&self, f: Between) {
        let quiet = Quiet { connection: &self.connection, path: &self.path };
        if catch_unwind(AssertUnwindSafe(|| f(&quiet))).is_err() {
            tracing::error!("what ran between two transactions panicked");
        }
    }

    /// Gives back the request that ended the batch without belonging to it.
    fn batch(&self, first: Run) -> Option<Request> {
        let mut after = None;
        let mut finishes = Vec::new();
        let mut signals = Vec::new();
        let outcome = self.run_batch(first, &mut finishes, &mut signals, &mut after).and_then(|()| self.sql("commit"));
        if outcome.is_err() && !self.connection.is_autocommit() {
            let _ = self.sql("rollback");
        }
        let committed = outcome.map_err(|error| {
            tracing::error!(error = error.chain(), "a group of writes could not be committed");
            BatchFailed { sentence: error.public_message().to_owned(), chain: error.chain() }
        });
        if committed.is_ok() {
            for signal in signals {
                // An error only says that nobody listens.
                let _ = self.signals.send(signal);
            }
        }
        for finish in finishes {
            finish(committed.clone());
        }
        after
    }

    fn run_batch(&self, first: Run, finishes: &mut Vec<Finish>, signals: &mut Vec<Signal>, after: &mut Option<Request>) -> Result<()> {
        let watch = Stopwatch::start();
        let begun = self.floor.check().and_then(|()| self.sql("begin immediate"));
        let mut next = Some(first);
        while let Some(run) = next {
            let mut tx = Tx { reader: Reader { now: self.clock.now(), connection: &self.connection }, signals: Vec::new() };
            if begun.is_err() {
                // The closure must still be answered, and must not run outside a transaction.
                finishes.push(refuse(run, &mut tx));
                break;
            }
            self.sql("savepoint request")?;
            let ran = run(&mut tx);
            finishes.push(ran.finish);
            // SQLite itself rolls everything back on a full disk: nothing of this batch is left then.
            if self.connection.is_autocommit() {
                return Err(Error::unavailable(DISK_SENTENCE));
            }
            if ran.is_kept {
                signals.extend(tx.signals.iter().filter(|topic| !signals.contains(topic)).copied().collect::<Vec<_>>());
            } else {
                self.sql("rollback to request")?;
            }
            self.sql("release request")?;
            let is_full = finishes.len() >= BATCH_REQUESTS || watch.elapsed() >= BATCH_TIME;
            next = match if is_full { None } else { self.requests.try_recv().ok() } {
                Some(Request::Write(run)) => Some(run),
                other => {
                    *after = other;
                    None
                }
            };
        }
        begun
    }

    fn sql(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(|error| query_error(sql, error))
    }
}

/// Outside a transaction a request is not run on the file at all: an empty database stands in, where its statements fail.
fn refuse(run: Run, tx: &mut Tx<'_>) -> Finish {
    match Connection::open_in_memory() {
        Ok(empty) => run(&mut Tx { reader: Reader { now: tx.now, connection: &empty }, signals: Vec::new() }).finish,
        Err(_) => Box::new(|_| ()),
    }
}

pub(crate) type Requests = Sender<Request>;
