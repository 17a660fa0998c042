//! Writing: one request's part of a group-committed transaction.

use kernel::Result;
use rusqlite::Params;
use std::ops::Deref;

use crate::error::query_error;
use crate::{Reader, Signal};

/// Store functions that write take `tx: &mut Tx<'_>`. It reads its own writes; everything in it happens or nothing does.
pub struct Tx<'c> {
    pub(crate) reader: Reader<'c>,
    pub(crate) signals: Vec<Signal>,
}

impl<'c> Deref for Tx<'c> {
    type Target = Reader<'c>;
    fn deref(&self) -> &Reader<'c> {
        &self.reader
    }
}

impl Tx<'_> {
    /// Runs one statement and tells how many rows it changed.
    pub fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        let run = || self.reader.connection.prepare_cached(sql)?.execute(params);
        run().map_err(|error| query_error(sql, error))
    }

    /// Inserts one row and gives its row id.
    pub fn insert(&self, sql: &str, params: impl Params) -> Result<i64> {
        self.run(sql, params)?;
        Ok(self.reader.connection.last_insert_rowid())
    }

    /// Tells `topic` to whoever listens, after the commit and only if there is one.
    pub fn signal(&mut self, topic: Signal) {
        if !self.signals.contains(&topic) {
            self.signals.push(topic);
        }
    }
}
