//! Opening a file: pragmas, the writer thread, the pool of readers.

use kernel::{Clock, Error, Result};
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use tokio::sync::{Semaphore, broadcast, oneshot, watch};

use crate::error::query_error;
use crate::floor::Floor;
use crate::quiet::gone as writer_gone;
use crate::writer::{self, Requests, Writer};
use crate::{Committed, Migrations, Quiet, Reader, Signal, Tx, migrate};

/// 3.50.2 and 3.51.1 can corrupt a file when the WAL is reset; 3.51.3 is the first without the fault.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Which of the two files. Both are WAL with `synchronous=FULL`: what was answered is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// The state: everything a person would miss.
    Hermetic,
    /// The log: immutable observations, appended and aged out.
    Telemetry,
}

impl File {
    pub fn file_name(self) -> &'static str {
        match self {
            File::Hermetic => "hermetic.db",
            File::Telemetry => "telemetry.db",
        }
    }
}

/// Who moves the write-ahead log into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checkpoints {
    /// The writer thread, once enough has come together and when the file closes.
    Automatic,
    /// Only [`Quiet::checkpoint`]: a copier must have read the log first, and the log stays when the file closes.
    ByCopier,
}

pub struct OpenOptions {
    pub folder: PathBuf,
    pub file: File,
    pub checkpoints: Checkpoints,
    /// Writes are refused while the disk has less than this many bytes free: what is refused in time is told clearly, what
    /// fails in the middle is not. The log's floor lies above the state's, so that it goes first.
    pub floor: u64,
    /// How many reads may run at once; each idle reader costs its page cache (at most 2 MB).
    pub readers: usize,
    pub clock: Clock,
}

/// One database file. Cheap to clone; the file closes with the last handle.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// Taken only by [`Drop`].
    requests: Option<Requests>,
    writer: Option<JoinHandle<()>>,
    signals: broadcast::Sender<Signal>,
    idle_readers: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    clock: Clock,
    checkpoints: Checkpoints,
    commits: watch::Receiver<Committed>,
}

impl Db {
    pub fn open(options: OpenOptions) -> Result<Db> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(Error::internal(format!(
                "SQLite {} is too old: 3.51.3 or newer is needed (earlier ones can corrupt the file)",
                rusqlite::version()
            )));
        }
        let path = options.folder.join(options.file.file_name());
        let mut connection = open_writer(&path, options.checkpoints)?;
        let (committed, commits) = watch::channel(Committed::default());
        // It takes the place of SQLite's own hook, which would checkpoint within the commit.
        let count = move |_: &mut rusqlite::hooks::Wal, frames: std::ffi::c_int| {
            committed.send_modify(|committed| {
                *committed = Committed { count: committed.count + 1, frames: u32::try_from(frames).unwrap_or(0) };
            });
            Ok(())
        };
        connection.wal_hook(Some(count)).map_err(|error| Error::internal("watching the commits").because(error))?;
        let (requests, receiver) = mpsc::channel();
        let (signals, _) = broadcast::channel(1_024);
        let writer = Writer {
            connection,
            path: path.clone(),
            checkpoints: options.checkpoints,
            floor: Floor::new(&options.folder, options.floor),
            requests: receiver,
            clock: options.clock.clone(),
            signals: signals.clone(),
            commits: commits.clone(),
        };
        let writer = std::thread::Builder::new()
            .name(format!("write-{}", options.file.file_name()))
            .spawn(move || writer.run())
            .map_err(|error| Error::internal("starting the writer thread").because(error))?;
        let permits = Arc::new(Semaphore::new(options.readers.max(1)));
        Ok(Db(Arc::new(Inner {
            path,
            requests: Some(requests),
            writer: Some(writer),
            signals,
            idle_readers: Mutex::default(),
            permits,
            clock: options.clock,
            checkpoints: options.checkpoints,
            commits,
        })))
    }

    /// Applies what is new of every list, in order, each migration in its own transaction. Refuses a database that was
    /// written by a newer version, or whose applied migrations differ from these.
    pub fn migrate(&self, lists: Vec<Migrations>) -> Result<()> {
        for list in lists {
            self.write_blocking(move |tx| migrate::apply(tx, &list))?;
        }
        Ok(())
    }

    /// Runs `f` on the writer thread and answers once its transaction is on disk. An error (or panic) of `f` undoes
    /// only its own changes.
    pub async fn write<T: Send + 'static>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        // Nobody waits any more when the caller was cancelled: the write stands all the same.
        let request = writer::request(f, |result| drop(answer.send(result)));
        self.0.send(request)?;
        answered.await.unwrap_or_else(|_| Err(writer_gone()))
    }

    /// [`Db::write`] for code that is not async (start-up, command line): holds its thread until the commit.
    pub fn write_blocking<T: Send + 'static>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let (answer, answered) = mpsc::channel();
        let request = writer::request(f, move |result| drop(answer.send(result)));
        self.0.send(request)?;
        answered.recv().unwrap_or_else(|_| Err(writer_gone()))
    }

    /// Runs `f` over one snapshot on the blocking pool.
    pub async fn read<T: Send + 'static>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let permit = Arc::clone(&self.0.permits).acquire_owned().await.map_err(|_| writer_gone())?;
        let db = self.clone();
        // The permit goes along: a caller that leaves does not end its read, and must not let another connection be opened.
        let read = move || {
            let _permit = permit;
            db.read_blocking(f)
        };
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(Error::internal("a read closure panicked").because(error)))
    }

    /// [`Db::read`] for code that is not async.
    pub fn read_blocking<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        let connection = self.take_reader()?;
        let sql = |text: &str| connection.execute_batch(text).map_err(|error| query_error(text, error));
        sql("begin")?;
        let result = f(&Reader { now: self.0.clock.now(), connection: &connection });
        sql("commit")?;
        self.give_back(connection);
        result
    }

    /// Runs `f` on the writer thread between two transactions. Holds its thread.
    pub fn quiet<T: Send + 'static>(&self, f: impl FnOnce(&Quiet<'_>) -> T + Send + 'static) -> Result<T> {
        let (answer, answered) = mpsc::channel();
        self.0.send(writer::between(move |quiet| drop(answer.send(f(quiet)))))?;
        answered.recv().map_err(|_| writer_gone())
    }

    /// Told after each commit of this process.
    pub fn commits(&self) -> watch::Receiver<Committed> {
        self.0.commits.clone()
    }

    /// Topics signalled by committed transactions. A receiver that lags more than 1,024 topics behind is told so.
    pub fn signals(&self) -> broadcast::Receiver<Signal> {
        self.0.signals.subscribe()
    }

    pub fn path(&self) -> &std::path::Path {
        &self.0.path
    }

    fn take_reader(&self) -> Result<Connection> {
        let idle = self.0.idle_readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => {
                let connection = open_reader(&self.0.path)?;
                leave_log(&connection, self.0.checkpoints)?;
                Ok(connection)
            }
        }
    }

    fn give_back(&self, connection: Connection) {
        self.0.idle_readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(connection);
    }
}

impl Inner {
    fn send(&self, request: writer::Request) -> Result<()> {
        self.requests.as_ref().and_then(|requests| requests.send(request).ok()).ok_or_else(writer_gone)
    }
}

impl Drop for Inner {
    /// With the last handle the file closes whole: readers first, then the writer, which moves the WAL into the database.
    /// What is left then is one file that can be copied, and a copy put in its place is not overwritten by an old WAL.
    fn drop(&mut self) {
        self.idle_readers.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        self.requests = None;
        let Some(writer) = self.writer.take() else { return };
        // A closure on the writer thread may have held the last handle: that thread cannot wait for itself.
        if writer.thread().id() != std::thread::current().id() && writer.join().is_err() {
            tracing::error!("the writer thread panicked while closing");
        }
    }
}

/// `busy_timeout` comes first, so that the pragmas after it wait as well (the command line may write at the same time).
pub(crate) const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
const PRAGMAS: &str = "pragma busy_timeout = 10000; pragma foreign_keys = on; pragma cache_size = -2000; pragma temp_store = memory; \
                       pragma trusted_schema = off;";

fn open_writer(path: &std::path::Path, checkpoints: Checkpoints) -> Result<Connection> {
    let opening = |error| {
        Error::unavailable(format!("The database {} cannot be opened for writing. Check its owner and rights.", path.display()))
            .because(error)
    };
    let connection = Connection::open(path).map_err(opening)?;
    connection.execute_batch(PRAGMAS).map_err(opening)?;
    connection
        .execute_batch(
            "pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864;",
        )
        .map_err(opening)?;
    leave_log(&connection, checkpoints)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// The last connection that closes would move the log into the file, whether or not it was copied.
fn leave_log(connection: &Connection, checkpoints: Checkpoints) -> Result<()> {
    if checkpoints == Checkpoints::ByCopier {
        connection
            .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .and_then(|_| connection.pragma_update(None, "wal_autocheckpoint", 0))
            .map_err(|error| Error::internal("leaving the log to its copier").because(error))?;
    }
    Ok(())
}

pub(crate) fn open_reader(path: &std::path::Path) -> Result<Connection> {
    let opening = |error| Error::unavailable("The database cannot be opened for reading.").because(error);
    // Read-write in the file system's sense (WAL readers write the shared-memory index); `query_only` forbids the rest.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(opening)?;
    connection.execute_batch(PRAGMAS).map_err(opening)?;
    connection.execute_batch("pragma query_only = on").map_err(opening)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
