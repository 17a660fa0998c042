//! Rows of `uptime_beats`: what jobs reported, with the text they sent.

use db::{Reader, Tx};
use kernel::ids::MonitorId;
use kernel::{Result, Time};
use rusqlite::params;

use crate::model::heartbeat::{Beat, BeatKind};

/// So many are kept per monitor.
const KEPT: u32 = 200;

pub fn insert(tx: &mut Tx<'_>, id: MonitorId, beat: &Beat) -> Result<i64> {
    let row = tx.insert(
        "insert into uptime_beats (monitor_id, at, kind, exit_code, run_id, body, reported_ms) values (?, ?, ?, ?, ?, ?, ?)",
        params![id.0, beat.at.0, beat.kind.as_str(), beat.exit_code, beat.run_id, beat.body, beat.reported_ms],
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
        |row| {
            Ok(Beat {
                at: Time(row.get(0)?),
                kind: BeatKind::parse(&row.get::<_, String>(1)?).unwrap_or(BeatKind::Log),
                exit_code: row.get(2)?,
                run_id: row.get(3)?,
                body: row.get(4)?,
                reported_ms: row.get(5)?,
            })
        },
    )
}
