//! Looking at a database file that nobody writes: is it sound, and what is in it. Nothing is written, not even beside it.

use kernel::{Error, Result, Time};
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::Reader;
use crate::error::query_error;
use crate::open::open_reader;

/// More findings than this say nothing new.
const MOST: usize = 100;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspected {
    /// One sentence each; empty when the file is sound.
    pub problems: Vec<String>,
    /// Every table and its rows, by name.
    pub rows: Vec<(String, u64)>,
}

/// What is wrong with a file: SQLite's own integrity check, then rows that refer to nothing. Empty when it is sound.
pub fn check_file(path: &Path) -> Result<Vec<String>> {
    let connection = open(path)?;
    check(&connection)
}

/// [`check_file`], and the rows of each table.
pub fn inspect_file(path: &Path) -> Result<Inspected> {
    let connection = open(path)?;
    let problems = check(&connection)?;
    // The tables of a file that is not sound cannot be counted.
    let rows = if problems.is_empty() { count_rows(&connection)? } else { Vec::new() };
    Ok(Inspected { problems, rows })
}

/// Asks a file that nobody writes.
pub fn read_file<T>(path: &Path, now: Time, f: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
    let connection = open(path)?;
    f(&Reader { now, connection: &connection })
}

pub(crate) fn count_rows(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let sql = "select name from pragma_table_list where schema = 'main' and type in ('table', 'shadow') order by name";
    let names = || -> rusqlite::Result<Vec<String>> { connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect() };
    let mut rows = Vec::new();
    for name in names().map_err(|error| query_error(sql, error))? {
        let sql = format!("select count(*) from \"{}\"", name.replace('"', "\"\""));
        let count: i64 = connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| query_error(&sql, error))?;
        rows.push((name, count.unsigned_abs()));
    }
    Ok(rows)
}

fn check(connection: &Connection) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let sql = format!("pragma integrity_check({MOST})");
    match strings(connection, &sql) {
        Ok(found) => problems.extend(found.into_iter().filter(|line| line != "ok")),
        // A file can be too broken to be checked: that is a finding, not a failure of the check.
        Err(error) => return Ok(vec![format!("SQLite cannot read it: {error}")]),
    }
    let sql = "select \"table\" || ' row ' || coalesce(rowid, '?') || ' refers to a missing row of ' || parent from pragma_foreign_key_check limit 100";
    problems.extend(strings(connection, sql).map_err(|error| query_error(sql, error))?);
    Ok(problems)
}

fn strings(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// A file without a log is opened as one that does not change, so that none is made beside it.
fn open(path: &Path) -> Result<Connection> {
    let mut log = OsString::from(path);
    log.push("-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return open_reader(path);
    }
    let opening = |error| Error::unavailable(format!("{} cannot be opened as a database.", path.display())).because(error);
    if !path.is_file() {
        return Err(Error::not_found("database file"));
    }
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => address.push(char::from(*byte)),
            byte => drop(write!(address, "%{byte:02x}")),
        }
    }
    address.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(address, flags).map_err(opening)?;
    connection.execute_batch("pragma cache_size = -8000; pragma temp_store = memory; pragma trusted_schema = off;").map_err(opening)?;
    Ok(connection)
}
