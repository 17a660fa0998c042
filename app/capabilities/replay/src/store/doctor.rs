//! What the replay doctor looks at, in hermetic.db.

use db::Reader;
use ingest::EventId;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

use crate::model::doctor::Seen;

/// Sums over the replays of a project of which something came since `from`, by our clock: a browser's may be wrong by days.
pub fn seen_of(r: &Reader<'_>, project: ProjectId, from: Time) -> Result<Seen> {
    let missing = "max(highest + 1 - segments, 0)";
    let sums = r.row(
        &format!(
            "select count(*) filter (where segments > 0), count(*) filter (where segments > 0 and mode = 'buffer'), coalesce(sum(segments), 0), \
             coalesce(sum({missing}), 0), count(*) filter (where {missing} > 0), count(*) filter (where segments = 0), \
             coalesce(sum(raw_bytes), 0), coalesce(sum(arrived_bytes), 0), max(seen_at) filter (where segments > 0) \
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
                raw_bytes: count(6)?,
                arrived_bytes: count(7)?,
                last_at: row.get::<_, Option<i64>>(8)?.map(Time),
                ..Seen::default()
            })
        },
    )?;
    let sdk = "select sdk from replay_replays where project_id = ? and seen_at >= ? and sdk <> '' order by seen_at desc limit 1";
    let sdk = r.row(sdk, params![project.0, from.0], |row| row.get(0))?;
    Ok(Seen { sdk: sdk.unwrap_or_default(), ..sums.unwrap_or_default() })
}

/// Whether a recording of this replay came.
pub fn has_recording(r: &Reader<'_>, project: ProjectId, sdk_id: EventId) -> Result<bool> {
    let sql = "select 1 from replay_replays where project_id = ? and sdk_id = ? and segments > 0";
    Ok(r.row(sql, params![project.0, sdk_id.0], |_| Ok(()))?.is_some())
}
