//! SQL of what is remembered about copies and the disk, of drills, of sentinels.

use db::{Reader, Tx};
use kernel::ids::DrillId;
use kernel::time::DAY;
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};

use crate::TOPIC;
use crate::model::condition::{Condition, Copy};
use crate::model::disk::Full;
use crate::model::report::{Drill, Outcome};

const COPY: &str = "file, destination, condition, since, detail, is_append_only, is_readable, honours_conditions, refuses_deletes";
const DRILL: &str = "id, file, destination, outcome, asked_by, asked_at, ended_at, summary, report, signature";
/// As long as reports are kept, so are the rows they speak of.
pub const KEPT_DAYS: u32 = 730;

fn unreadable(index: usize, error: Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, error.into())
}

fn read_copy(row: &Row<'_>) -> rusqlite::Result<Copy> {
    Ok(Copy {
        file: row.get(0)?,
        destination: row.get(1)?,
        condition: Condition::parse(&row.get::<_, String>(2)?).map_err(|error| unreadable(2, error))?,
        since: Time(row.get(3)?),
        detail: row.get(4)?,
        is_append_only: row.get(5)?,
        is_readable: row.get(6)?,
        honours_conditions: row.get(7)?,
        refuses_deletes: row.get(8)?,
    })
}

fn read_drill(row: &Row<'_>) -> rusqlite::Result<Drill> {
    let outcome: String = row.get(3)?;
    Ok(Drill {
        id: DrillId(row.get(0)?),
        file: row.get(1)?,
        destination: row.get(2)?,
        outcome: Outcome::parse(&outcome).ok_or_else(|| unreadable(3, Error::internal("reading the outcome of a drill")))?,
        asked_by: row.get(4)?,
        asked_at: Time(row.get(5)?),
        ended_at: row.get::<_, Option<i64>>(6)?.map(Time),
        summary: row.get(7)?,
        report: row.get(8)?,
        signature: row.get(9)?,
    })
}

pub fn list_copies(r: &Reader<'_>) -> Result<Vec<Copy>> {
    r.rows(&format!("select {COPY} from backup_copies order by file, destination"), [], read_copy)
}

pub fn set_copy(tx: &mut Tx<'_>, copy: &Copy) -> Result<()> {
    tx.run(
        "insert or replace into backup_copies (file, destination, condition, since, detail, is_append_only, is_readable, \
         honours_conditions, refuses_deletes) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            copy.file,
            copy.destination,
            copy.condition.as_str(),
            copy.since.0,
            copy.detail,
            copy.is_append_only,
            copy.is_readable,
            copy.honours_conditions,
            copy.refuses_deletes
        ],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn remove_copy(tx: &mut Tx<'_>, copy: &Copy) -> Result<()> {
    tx.run("delete from backup_copies where file = ? and destination = ?", params![copy.file, copy.destination])?;
    tx.run("delete from backup_drills where file = ? and destination = ? and outcome = 'asked'", params![copy.file, copy.destination])?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn find_full_disk(r: &Reader<'_>) -> Result<Option<Full>> {
    r.row("select full_since, free_bytes from backup_disks where id = 1", [], |row| {
        Ok(Full { since: Time(row.get(0)?), free_bytes: row.get::<_, i64>(1)?.unsigned_abs() })
    })
}

pub fn set_full_disk(tx: &mut Tx<'_>, full: Option<Full>) -> Result<()> {
    tx.run("delete from backup_disks", [])?;
    if let Some(full) = full {
        let free_bytes = i64::try_from(full.free_bytes).unwrap_or(i64::MAX);
        tx.run("insert into backup_disks (id, full_since, free_bytes) values (1, ?, ?)", params![full.since.0, free_bytes])?;
    }
    tx.signal(TOPIC);
    Ok(())
}

/// `None` when the same drill is asked for already.
pub fn ask_drill(tx: &mut Tx<'_>, file: &str, destination: &str, asked_by: &str) -> Result<Option<DrillId>> {
    let waiting: i64 = tx.value(
        "select count(*) from backup_drills where file = ? and destination = ? and outcome in ('asked', 'running')",
        params![file, destination],
    )?;
    if waiting > 0 {
        return Ok(None);
    }
    let id = tx.insert(
        "insert into backup_drills (file, destination, outcome, asked_by, asked_at, summary, report, signature) \
         values (?, ?, 'asked', ?, ?, '', '', '')",
        params![file, destination, asked_by, tx.now.0],
    )?;
    tx.signal(TOPIC);
    Ok(Some(DrillId(id)))
}

/// The next drill that was asked for, which is running from now on.
pub fn begin_drill(tx: &mut Tx<'_>) -> Result<Option<Drill>> {
    let drill = tx.row(&format!("select {DRILL} from backup_drills where outcome = 'asked' order by id limit 1"), [], read_drill)?;
    let Some(drill) = drill else { return Ok(None) };
    tx.run("update backup_drills set outcome = 'running' where id = ?", params![drill.id.0])?;
    tx.signal(TOPIC);
    Ok(Some(drill))
}

/// Those that are not over, oldest first.
pub fn list_waiting_drills(r: &Reader<'_>) -> Result<Vec<Drill>> {
    r.rows(&format!("select {DRILL} from backup_drills where outcome in ('asked', 'running') order by id limit 1000"), [], read_drill)
}

/// What was begun and not brought to its end, by a process that was stopped or because the end could not be written, is done
/// again. Gives how many.
pub fn release_drills(tx: &mut Tx<'_>) -> Result<usize> {
    tx.run("update backup_drills set outcome = 'asked' where outcome = 'running'", [])
}

pub fn drop_drill(tx: &mut Tx<'_>, id: DrillId) -> Result<()> {
    tx.run("delete from backup_drills where id = ? and ended_at is null", params![id.0])?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn end_drill(tx: &mut Tx<'_>, drill: &Drill) -> Result<()> {
    tx.run(
        "update backup_drills set outcome = ?2, ended_at = ?3, summary = ?4, report = ?5, signature = ?6 where id = ?1",
        params![drill.id.0, drill.outcome.as_str(), drill.ended_at.map(|at| at.0), drill.summary, drill.report, drill.signature],
    )?;
    tx.run("delete from backup_drills where ended_at < ?", params![(tx.now - DAY * KEPT_DAYS).0])?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn find_drill(r: &Reader<'_>, id: DrillId) -> Result<Option<Drill>> {
    r.row(&format!("select {DRILL} from backup_drills where id = ?"), params![id.0], read_drill)
}

/// Newest first.
pub fn list_drills(r: &Reader<'_>, most: u32) -> Result<Vec<Drill>> {
    r.rows(&format!("select {DRILL} from backup_drills order by id desc limit ?"), params![most], read_drill)
}

/// The last drill that is over of each copy that is made now and can be read from here: what a former destination or a key that
/// left this machine made of its drills is of no interest any more.
pub fn list_last_drills(r: &Reader<'_>) -> Result<Vec<Drill>> {
    let sql = format!(
        "select {DRILL} from backup_drills where id in (select max(drills.id) from backup_drills drills \
         join backup_copies copies on copies.file = drills.file and copies.destination = drills.destination and copies.is_readable = 1 \
         where drills.outcome in ('passed', 'failed') group by drills.file, drills.destination) order by file, destination"
    );
    r.rows(&sql, [], read_drill)
}

/// When a drill of this file and destination was last asked for.
pub fn last_asked(r: &Reader<'_>, file: &str, destination: &str) -> Result<Option<Time>> {
    let last: Option<i64> = r.row(
        "select asked_at from backup_drills where file = ? and destination = ? order by id desc limit 1",
        params![file, destination],
        |row| row.get(0),
    )?;
    Ok(last.map(Time))
}

/// In either file: both have the table.
pub fn write_sentinel(tx: &mut Tx<'_>, token: &str) -> Result<()> {
    tx.run("delete from backup_sentinels where written_at < ?", params![(tx.now - DAY * KEPT_DAYS).0])?;
    tx.run("insert into backup_sentinels (token, written_at) values (?, ?)", params![token, tx.now.0])?;
    Ok(())
}

pub fn has_sentinel(r: &Reader<'_>, token: &str) -> Result<bool> {
    Ok(r.value::<i64>("select count(*) from backup_sentinels where token = ?", params![token])? > 0)
}
