//! Tellings of updates to subscribers: what was told last, and how far an open telling has come.

use db::{Reader, Tx};
use kernel::{Result, Time};
use rusqlite::params;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    pub id: i64,
    /// First and last update it tells.
    pub from_update: i64,
    pub upto_update: i64,
    /// The last subscriber whose delivery was posted.
    pub cursor: i64,
    pub posted: i64,
    pub created_at: Time,
}

pub fn find_open(r: &Reader<'_>, subject: &str) -> Result<Option<NoticeRow>> {
    r.row(
        "select id, from_update, upto_update, cursor, posted, created_at from status_notices where subject = ? and finished_at is null",
        [subject],
        |row| {
            Ok(NoticeRow {
                id: row.get(0)?,
                from_update: row.get(1)?,
                upto_update: row.get(2)?,
                cursor: row.get(3)?,
                posted: row.get(4)?,
                created_at: row.get(5).map(Time)?,
            })
        },
    )
}

/// The last update that was told or is being told, and when that began.
pub fn find_last(r: &Reader<'_>, subject: &str) -> Result<Option<(i64, Time)>> {
    r.row("select upto_update, created_at from status_notices where subject = ? order by id desc limit 1", [subject], |row| {
        Ok((row.get(0)?, row.get(1).map(Time)?))
    })
}

pub fn insert_notice(tx: &mut Tx<'_>, subject: &str, (from, upto): (i64, i64)) -> Result<i64> {
    tx.insert(
        "insert into status_notices (subject, from_update, upto_update, created_at) values (?, ?, ?, ?)",
        params![subject, from, upto, tx.now.0],
    )
}

pub fn move_cursor(tx: &mut Tx<'_>, id: i64, cursor: i64, posted: i64) -> Result<()> {
    tx.run("update status_notices set cursor = max(cursor, ?), posted = posted + ? where id = ?", params![cursor, posted, id])?;
    Ok(())
}

pub fn finish(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("update status_notices set finished_at = ? where id = ? and finished_at is null", params![tx.now.0, id])?;
    Ok(())
}
