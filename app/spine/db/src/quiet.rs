//! What a copier of the file may ask: to be told of commits, to act between two of them, to hold a moment still.

use kernel::{Error, Result};
use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;
use std::path::Path;

use crate::error::query_error;
use crate::inspect;
use crate::open::open_reader;

/// Commits of this process since the file was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Committed {
    pub count: u64,
    /// Frames in the write-ahead log after the last one.
    pub frames: u32,
}

/// Between two transactions of the writer.
pub struct Quiet<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) path: &'c Path,
}

/// A read transaction that ends when this is dropped.
pub struct Pinned(Connection);

impl Pinned {
    /// Every table and how many rows it has at this moment, by name.
    pub fn count_rows(&self) -> Result<Vec<(String, u64)>> {
        inspect::count_rows(&self.0)
    }
}

impl Quiet<'_> {
    /// Another value than before says that another connection has written.
    pub fn data_version(&self) -> Result<i64> {
        let sql = "pragma data_version";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|error| query_error(sql, error))
    }

    /// Moves the write-ahead log into the file and empties it, without waiting for readers. Gives whether all was moved; the
    /// log is not empty then while a reader still looks at it, but holds nothing that the file has not.
    pub fn checkpoint(&self) -> Result<bool> {
        let failed = |error| query_error("wal_checkpoint", error);
        self.connection.busy_timeout(std::time::Duration::ZERO).map_err(failed)?;
        let passive = self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
        let is_complete = matches!(passive, Ok((log, moved)) if log == moved);
        if is_complete {
            // Busy only says that a reader is in the way of emptying it.
            let _ = self.connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE);
        }
        self.connection.busy_timeout(crate::open::BUSY_TIMEOUT).map_err(failed)?;
        match passive {
            Err(error) if !is_busy(&error) => Err(failed(error)),
            _ => Ok(is_complete),
        }
    }

    /// Holds the present state still: neither file nor log lose what it sees.
    pub fn pin(&self) -> Result<Pinned> {
        let connection = open_reader(self.path)?;
        // A read transaction begins with its first look, not with `begin`.
        let sql = "begin; select count(*) from sqlite_schema";
        connection.execute_batch("begin").map_err(|error| query_error(sql, error))?;
        connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(())).map_err(|error| query_error(sql, error))?;
        Ok(Pinned(connection))
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}

pub(crate) fn gone() -> Error {
    Error::unavailable("The database is closing because the server stops. Please try again in a moment.")
}
