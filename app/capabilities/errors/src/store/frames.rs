//! SQL of frames that were led back to their source, and of those that wait for a map. In telemetry.db.

use db::{Reader, Tx};
use ingest::pack::Packed;
use kernel::Result;
use kernel::ids::ProjectId;
use rusqlite::params;

/// JSON: `crate::normal::SourceFrames`. Replaces what is there.
pub fn set_frames(tx: &mut Tx<'_>, item: i64, frames: &Packed) -> Result<()> {
    tx.run(
        "insert into errors_frames (item_id, codec, payload) values (?, ?, ?) \
         on conflict do update set codec = excluded.codec, payload = excluded.payload",
        params![item, frames.codec, frames.bytes],
    )?;
    Ok(())
}

pub fn find_frames(r: &Reader<'_>, item: i64) -> Result<Option<Packed>> {
    r.row("select codec, payload from errors_frames where item_id = ?", [item], |row| Ok(Packed { codec: row.get(0)?, bytes: row.get(1)? }))
}

/// Notes that files of this debug id (or, where it is empty, of this release) are wanted for an event.
pub fn note_unread(tx: &mut Tx<'_>, project: ProjectId, debug_id: &str, release: &str, item: i64) -> Result<()> {
    tx.run(
        "insert or ignore into errors_unread (project_id, debug_id, release, item_id) values (?, ?, ?, ?)",
        params![project.0, debug_id, release, item],
    )?;
    Ok(())
}

pub fn clear_unread(tx: &mut Tx<'_>, item: i64) -> Result<()> {
    tx.run("delete from errors_unread where item_id = ?", [item])?;
    Ok(())
}

/// Events that wait for files of this debug id, the latest first, before `before` (an item's id).
pub fn unread_by_debug_id(r: &Reader<'_>, project: ProjectId, debug_id: &str, before: i64, limit: u32) -> Result<Vec<i64>> {
    r.rows(
        "select distinct item_id from errors_unread where project_id = ? and debug_id = ? and item_id < ? order by item_id desc limit ?",
        params![project.0, debug_id, before, limit],
        |row| row.get(0),
    )
}

/// Events of this release that wait for files, the latest first: a map that is found by its address serves those that name a debug id, too.
/// Uses errors_unread_by_release.
pub fn unread_by_release(r: &Reader<'_>, project: ProjectId, release: &str, before: i64, limit: u32) -> Result<Vec<i64>> {
    r.rows(
        "select distinct item_id from errors_unread where project_id = ? and release = ? and release <> '' and item_id < ? \
         order by item_id desc limit ?",
        params![project.0, release, before, limit],
        |row| row.get(0),
    )
}
