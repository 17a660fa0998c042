//! What the replay doctor looks at, in hermetic.db.

use db::Reader;
use ingest::Kind;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

use super::{Key, is_gone};
use crate::model::doctor::Seen;

/// Sums over the replays of a project of which something came since `from`, by our clock: a browser's may be wrong by days.
pub fn seen_of(r: &Reader<'_>, project: ProjectId, from: Time) -> Result<Seen> {
    let missing = "max(highest + 1 - segments, 0)";
    let sums = r.row(
        &format!(
            "select count(*) filter (where segments > 0), count(*) filter (where segments > 0 and mode = 'buffer'), coalesce(sum(segments), 0), \
             coalesce(sum({missing}), 0), count(*) filter (where {missing} > 0), count(*) filter (where segments = 0), \
             max(seen_at) filter (where segments > 0) \
             from replay_replays where project_id = ? and seen_at >= ?"
        ),
        params![project.0, from.0],
        |row| {
            let count = |at: usize| -> rusqlite::Result<u64> { Ok(row.get::<_, i64>(at)?.max(0).unsigned_abs()) };
            Ok(Seen {
                replays: count(0)?,
                buffered: count(1)?,
                segments: count(2)?,
                missing: count(3)?,
                with_holes: count(4)?,
                without_recording: count(5)?,
                last_at: row.get::<_, Option<i64>>(6)?.map(Time),
                ..Seen::default()
            })
        },
    )?;
    let sdk = "select sdk from replay_replays where project_id = ? and seen_at >= ? and sdk <> '' order by seen_at desc limit 1";
    let sdk = r.row(sdk, params![project.0, from.0], |row| row.get(0))?;
    Ok(Seen { sdk: sdk.unwrap_or_default(), ..sums.unwrap_or_default() })
}

/// Whether no recording of this replay ever came. One that was deleted or aged out did come.
pub fn never_came(r: &Reader<'_>, key: Key) -> Result<bool> {
    let sql = "select 1 from replay_replays where project_id = ? and sdk_id = ? and segments > 0";
    let is_here = r.row(sql, params![key.project.0, key.sdk_id.0], |_| Ok(()))?.is_some();
    Ok(!is_here && !is_gone(r, key)?)
}

/// The newest errors of a project that came since `from`, in telemetry.db. By the ids of its own events: however much others report, it costs
/// what this project reported.
pub fn newest_errors(r: &Reader<'_>, project: ProjectId, from: Time, limit: usize) -> Result<Vec<i64>> {
    r.rows(
        "select item_id from ingest_ids where day in (?1, ?2) and project_id = ?3 and item_id >= ?4 \
         and exists (select 1 from ingest_items indexed by ingest_items_by_kind where kind = ?5 and id = item_id) \
         order by item_id desc limit ?6",
        params![
            r.now.day_start().0,
            from.day_start().0,
            project.0,
            ingest::store::first_id_at(r, from)?,
            Kind::Event.code(),
            i64::try_from(limit).unwrap_or(i64::MAX)
        ],
        |row| row.get(0),
    )
}
