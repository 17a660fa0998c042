//! SQL of the vitals that wait for their page load.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use crate::model::rows::LateVital;
use crate::model::span::{SpanId, TraceId};
use crate::model::vital::Vital;

const COLUMNS: &str = "received_at, trace_id, span_id, vital, project_id, value, weight, at, environment, release";

fn read(row: &Row<'_>) -> rusqlite::Result<LateVital> {
    let word: String = row.get(3)?;
    Ok(LateVital {
        received_at: Time(row.get(0)?),
        trace: TraceId(row.get(1)?),
        page: SpanId(row.get::<_, i64>(2)?.cast_unsigned()),
        vital: Vital::parse(&word).unwrap_or(Vital::Ttfb),
        project: ProjectId(row.get(4)?),
        value: row.get(5)?,
        weight: row.get(6)?,
        at: Time(row.get(7)?),
        environment: row.get(8)?,
        release: row.get(9)?,
    })
}

pub fn insert(tx: &mut Tx<'_>, late: &LateVital) -> Result<()> {
    tx.run(
        &format!("insert into traces_waiting ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        params![
            late.received_at.0,
            late.trace.0,
            late.page.stored(),
            late.vital.word(),
            late.project.0,
            late.value,
            late.weight,
            late.at.0,
            late.environment,
            late.release
        ],
    )?;
    Ok(())
}

/// Whether any wait at all: mostly none do.
pub fn has_any(r: &Reader<'_>) -> Result<bool> {
    Ok(r.value::<i64>("select exists (select 1 from traces_waiting)", [])? != 0)
}

/// Whether any have waited since before `before`.
pub fn has_older(r: &Reader<'_>, before: Time) -> Result<bool> {
    Ok(r.value::<i64>("select exists (select 1 from traces_waiting where received_at < ?)", [before.0])? != 0)
}

/// How many of a project wait, counted up to `most`.
pub fn count(r: &Reader<'_>, project: ProjectId, most: usize) -> Result<usize> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let count: i64 =
        r.value("select count(*) from (select 1 from traces_waiting where project_id = ? limit ?)", params![project.0, limit])?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Those that wait for this page load, oldest first.
pub fn of_page(r: &Reader<'_>, project: ProjectId, trace: TraceId, page: SpanId) -> Result<Vec<LateVital>> {
    let sql =
        format!("select {COLUMNS} from traces_waiting where trace_id = ? and span_id = ? and project_id = ? order by received_at, rowid");
    r.rows(&sql, params![trace.0, page.stored(), project.0], read)
}

pub fn remove_of_page(tx: &mut Tx<'_>, project: ProjectId, trace: TraceId, page: SpanId) -> Result<()> {
    tx.run("delete from traces_waiting where trace_id = ? and span_id = ? and project_id = ?", params![trace.0, page.stored(), project.0])?;
    Ok(())
}

/// Takes those that have waited since before `before`, at most `limit`.
pub fn take_old(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<Vec<LateVital>> {
    let sql = format!("select {COLUMNS}, rowid from traces_waiting where received_at < ? order by received_at limit ?");
    let old: Vec<(LateVital, i64)> = tx.rows(&sql, params![before.0, limit], |row| Ok((read(row)?, row.get(10)?)))?;
    for (_, rowid) in &old {
        tx.run("delete from traces_waiting where rowid = ?", [rowid])?;
    }
    Ok(old.into_iter().map(|(late, _)| late).collect())
}
