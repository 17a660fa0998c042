//! Reading: a snapshot of the file, and queries whose errors carry their statement.

use kernel::{Error, Result, Time};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use crate::error::query_error;

/// One consistent snapshot. Store functions that read take `r: &Reader<'_>`; a [`crate::Tx`] is one, too.
pub struct Reader<'c> {
    pub now: Time,
    pub(crate) connection: &'c Connection,
}

impl Reader<'_> {
    pub fn rows<T>(&self, sql: &str, params: impl Params, map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let read = || -> rusqlite::Result<Vec<T>> { self.connection.prepare_cached(sql)?.query_map(params, map)?.collect() };
        read().map_err(|error| query_error(sql, error))
    }

    /// At most one row: the first, when the query gives more.
    pub fn row<T>(&self, sql: &str, params: impl Params, map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>) -> Result<Option<T>> {
        let read = || self.connection.prepare_cached(sql)?.query_row(params, map).optional();
        read().map_err(|error| query_error(sql, error))
    }

    /// Exactly one value, such as a count.
    pub fn value<T: FromSql>(&self, sql: &str, params: impl Params) -> Result<T> {
        self.row(sql, params, |row| row.get(0))?.ok_or_else(|| Error::internal("a query that always has a row gave none"))
    }

    /// Walks rows one by one without collecting them; stops at the first error of `each`.
    pub fn each(&self, sql: &str, params: impl Params, mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<()>) -> Result<()> {
        let read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(params)?;
            while let Some(row) = rows.next()? {
                each(row)?;
            }
            Ok(())
        };
        read().map_err(|error| query_error(sql, error))
    }

    /// How SQLite would run `sql`: for tests that hold a hot query to its index.
    pub fn explain(&self, sql: &str, params: impl Params) -> Result<String> {
        let steps: Vec<String> = self.rows(&format!("explain query plan {sql}"), params, |row| row.get(3))?;
        Ok(steps.join("\n"))
    }
}
