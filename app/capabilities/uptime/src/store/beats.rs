//! Rows of `uptime_beats`: what jobs reported, with the text they sent.

use db::{Reader, Tx};
use kernel::ids::MonitorId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use crate::model::heartbeat::{Beat, BeatKind};

/// So many are kept per monitor.
const KEPT: u32 = 200;

pub fn insert(tx: &mut Tx<'_>, id: MonitorId, beat: &Beat) -> Result<i64> {
    write(tx, id, beat, None)
}

/// A beat that was made of an item of the log.
pub fn insert_of(tx: &mut Tx<'_>, id: MonitorId, beat: &Beat, item: i64) -> Result<i64> {
    write(tx, id, beat, Some(item))
}

fn write(tx: &mut Tx<'_>, id: MonitorId, beat: &Beat, item: Option<i64>) -> Result<i64> {
    let row = tx.insert(
        "insert into uptime_beats (monitor_id, at, kind, exit_code, run_id, body, reported_ms, item_id) values (?, ?, ?, ?, ?, ?, ?, ?)",
        params![id.0, beat.at.0, beat.kind.as_str(), beat.exit_code, beat.run_id, beat.body, beat.reported_ms, item],
    )?;
    // By uptime_beats_by_monitor_id: finds the first row that is one too many, and usually nothing.
    tx.run(
        "delete from uptime_beats where monitor_id = ?1 and id <= (select id from uptime_beats where monitor_id = ?1 order by id desc limit 1 offset ?2)",
        params![id.0, KEPT],
    )?;
    Ok(row)
}

pub fn latest(r: &Reader<'_>, id: MonitorId, limit: u32) -> Result<Vec<Beat>> {
    r.rows(
        "select at, kind, exit_code, run_id, body, reported_ms from uptime_beats where monitor_id = ? order by id desc limit ?",
        params![id.0, limit],
        read,
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<Beat> {
    Ok(Beat {
        at: Time(row.get(0)?),
        kind: BeatKind::parse(&row.get::<_, String>(1)?).unwrap_or(BeatKind::Log),
        exit_code: row.get(2)?,
        run_id: row.get(3)?,
        body: row.get(4)?,
        reported_ms: row.get(5)?,
    })
}

/// A beat with its monitor and the item it was made of.
pub type OfItem = (MonitorId, i64, Beat);

/// Beats that were made of items after this one, in their order. By uptime_beats_by_item_id.
pub fn after_item(r: &Reader<'_>, item: i64, limit: u32) -> Result<Vec<OfItem>> {
    r.rows(
        "select at, kind, exit_code, run_id, body, reported_ms, monitor_id, item_id from uptime_beats where item_id > ? order by item_id limit ?",
        params![item, limit],
        |row| Ok((MonitorId(row.get(6)?), row.get(7)?, read(row)?)),
    )
}
