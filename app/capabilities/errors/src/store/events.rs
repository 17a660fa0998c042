//! SQL of the rows that lead to events, in telemetry.db.

use db::{Reader, Tx};
use ingest::EventId;
use kernel::ids::{ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::signed;
use crate::model::{Level, Stored};

const COLUMNS: &str = "item_id, project_id, hash, at, received_at, level, release_id, environment, user_hash, event_id";

fn read_event(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let level: String = row.get(5)?;
    Ok(Stored {
        item: row.get(0)?,
        project: ProjectId(row.get(1)?),
        hash: row.get(2)?,
        at: Time(row.get(3)?),
        received_at: Time(row.get(4)?),
        level: Level::parse(&level),
        release: row.get::<_, Option<i64>>(6)?.map(ReleaseId),
        environment: row.get(7)?,
        user: row.get(8)?,
        event_id: row.get::<_, Option<[u8; 16]>>(9)?.map(EventId),
    })
}

/// Heads, ids and indexes of one event, measured on recorded ones.
const ROW_BYTES: u64 = 600;

#[derive(Debug, Clone)]
pub struct EventInsert {
    pub stored: Stored,
    pub trace_id: Option<[u8; 16]>,
    /// Packed.
    pub bytes: u64,
    pub relevance: u8,
}

/// Of an item of the log, with what its row and the ones that lead to it take. SQLite reads the length without the payload.
pub fn packed_size(r: &Reader<'_>, item: i64) -> Result<u64> {
    let payload = r.row("select length(payload) from ingest_items where id = ?", [item], |row| super::count(row, 0))?;
    Ok(payload.unwrap_or_default() + ROW_BYTES)
}

/// `false` when it is there already: a batch that is digested again must not count it twice.
pub fn insert_event(tx: &mut Tx<'_>, event: &EventInsert) -> Result<bool> {
    let stored = &event.stored;
    let inserted = tx.run(
        "insert or ignore into errors_events (item_id, project_id, hash, at, received_at, day, level, release_id, environment, user_hash, \
         event_id, trace_id, bytes, relevance) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            stored.item,
            stored.project.0,
            stored.hash,
            stored.at.0,
            stored.received_at.0,
            stored.received_at.day_start().0,
            stored.level.as_str(),
            stored.release.map(|release| release.0),
            stored.environment,
            stored.user,
            stored.event_id.map(|id| id.0),
            event.trace_id,
            signed(event.bytes),
            event.relevance
        ],
    )?;
    Ok(inserted > 0)
}

/// Adds to the size of everything of a kind; negative takes away.
pub fn add_size(tx: &mut Tx<'_>, what: &str, items: i64, bytes: i64) -> Result<()> {
    tx.run(
        "insert into errors_sizes (what, items, bytes) values (?, ?, ?) \
         on conflict do update set items = items + excluded.items, bytes = bytes + excluded.bytes",
        params![what, items, bytes],
    )?;
    Ok(())
}

/// Items and packed bytes of `events` or `attachments`.
pub fn size_of(r: &Reader<'_>, what: &str) -> Result<(u64, u64)> {
    let found = r.row("select items, bytes from errors_sizes where what = ?", [what], |row| {
        Ok((row.get::<_, i64>(0)?.max(0).unsigned_abs(), row.get::<_, i64>(1)?.max(0).unsigned_abs()))
    })?;
    Ok(found.unwrap_or_default())
}

pub fn find_event(r: &Reader<'_>, item: i64) -> Result<Option<Stored>> {
    r.row(&format!("select {COLUMNS} from errors_events where item_id = ?"), [item], read_event)
}

/// The hash under which an item was filed, when it was.
pub fn hash_of(r: &Reader<'_>, item: i64) -> Result<Option<i64>> {
    r.row("select hash from errors_events where item_id = ?", [item], |row| row.get(0))
}

/// The days that events are kept of, the latest first; `?1` is today. However long they may be kept, there is no older one than the first; the
/// limit is for a clock that began in 1970.
const KEPT_DAYS: &str = "with recursive days(day) as (select ?1 union all select day - 86400000 from days \
     where day > (select day from errors_events order by item_id limit 1) limit 1000)";

fn columns() -> String {
    COLUMNS.split(", ").map(|column| format!("e.{column}")).collect::<Vec<_>>().join(", ")
}

/// By the id its SDK gave it. Uses the primary key of ingest_ids, day by day.
pub fn find_by_event_id(r: &Reader<'_>, project: ProjectId, event_id: EventId) -> Result<Option<Stored>> {
    let columns = columns();
    let sql = format!(
        "{KEPT_DAYS} select {columns} from days cross join ingest_ids l on l.day = days.day and l.project_id = ?2 and l.event_id = ?3 \
         join errors_events e on e.item_id = l.item_id limit 1"
    );
    r.row(&sql, params![r.now.day_start().0, project.0, event_id.0], read_event)
}

/// Of a trace, the latest first.
pub fn events_of_trace(r: &Reader<'_>, trace_id: [u8; 16], limit: u32) -> Result<Vec<Stored>> {
    let columns = columns();
    let sql = format!("{KEPT_DAYS} select {columns} from days cross join errors_events e on e.day = days.day and e.trace_id = ?2 limit ?3");
    r.rows(&sql, params![r.now.day_start().0, trace_id, limit], read_event)
}

/// The latest events of these hashes before `before` (an item's id), newest first. Uses errors_events_by_hash.
pub fn events_before(r: &Reader<'_>, hashes: &[i64], before: i64, limit: u32) -> Result<Vec<Stored>> {
    by_hash(r, hashes, "<", "desc", before, limit)
}

/// The oldest events of these hashes after `after`, oldest first. Uses errors_events_by_hash.
pub fn events_after(r: &Reader<'_>, hashes: &[i64], after: i64, limit: u32) -> Result<Vec<Stored>> {
    by_hash(r, hashes, ">", "asc", after, limit)
}

/// One short walk of the index per hash, then the best of all: an `in` list would sort every event of the issue.
fn by_hash(r: &Reader<'_>, hashes: &[i64], than: &str, order: &str, bound: i64, limit: u32) -> Result<Vec<Stored>> {
    let sql = format!("select {COLUMNS} from errors_events where hash = ? and item_id {than} ? order by item_id {order} limit ?");
    let mut all = Vec::new();
    for hash in hashes {
        all.extend(r.rows(&sql, params![hash, bound, limit], read_event)?);
    }
    all.sort_by_key(|event| if order == "desc" { -event.item } else { event.item });
    all.truncate(limit as usize);
    Ok(all)
}

/// How many events of these hashes are still kept, counted up to `limit` each.
pub fn count_kept(r: &Reader<'_>, hashes: &[i64], limit: u32) -> Result<u64> {
    let mut all = 0;
    for hash in hashes {
        let sql = "select count(*) from (select 1 from errors_events where hash = ? limit ?)";
        all += r.value::<i64>(sql, params![hash, limit])?.unsigned_abs();
    }
    Ok(all)
}
