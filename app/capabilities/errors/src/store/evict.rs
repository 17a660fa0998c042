//! SQL of what goes when it is too old or too much. In telemetry.db; counts and history stay in hermetic.db.

use db::{Reader, Tx};
use ingest::EventId;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

use super::events::add_size;

/// An event that could go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub item: i64,
    pub project: ProjectId,
    pub hash: i64,
    pub event_id: Option<EventId>,
    pub received_at: Time,
    pub relevance: i64,
    pub bytes: i64,
}

const CANDIDATE: &str = "item_id, project_id, hash, event_id, received_at, relevance, bytes";

fn read_candidate(row: &rusqlite::Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        item: row.get(0)?,
        project: ProjectId(row.get(1)?),
        hash: row.get(2)?,
        event_id: row.get::<_, Option<[u8; 16]>>(3)?.map(EventId),
        received_at: Time(row.get(4)?),
        relevance: row.get(5)?,
        bytes: row.get(6)?,
    })
}

pub const LEAST_TELLING: &str = "where (relevance, item_id) > (?, ?) and item_id <= ? order by relevance, item_id limit ?";

/// The least telling up to the item `upto`, of those the oldest, after the place of the last one that was looked at. Uses
/// errors_events_by_relevance.
pub fn least_telling(r: &Reader<'_>, after: (i64, i64), upto: i64, limit: u32) -> Result<Vec<Candidate>> {
    r.rows(&format!("select {CANDIDATE} from errors_events {LEAST_TELLING}"), params![after.0, after.1, upto, limit], read_candidate)
}

/// Received before then, up to the item `upto`, the oldest first: ids are in the order of time.
pub fn older_than(r: &Reader<'_>, before: Time, upto: i64, limit: u32) -> Result<Vec<Candidate>> {
    let oldest = format!("select {CANDIDATE} from errors_events where item_id <= ? order by item_id limit ?");
    let rows = r.rows(&oldest, params![upto, limit], read_candidate)?;
    Ok(rows.into_iter().take_while(|candidate| candidate.received_at < before).collect())
}

/// Of these hashes, for issues that were deleted.
pub fn of_hash(r: &Reader<'_>, hash: i64, limit: u32) -> Result<Vec<Candidate>> {
    r.rows(&format!("select {CANDIDATE} from errors_events where hash = ? order by item_id limit ?"), params![hash, limit], read_candidate)
}

/// Of the `span` events after `after`, those of other projects than `known` whose item is gone, and the last that was looked at; `None` at the
/// end. Only the few of unknown projects are looked up in the log.
pub fn orphans(r: &Reader<'_>, known: &[i64], after: i64, span: u32) -> Result<(Vec<Candidate>, Option<i64>)> {
    let next = format!("select {CANDIDATE} from errors_events where item_id > ? order by item_id limit ?");
    let looked: Vec<Candidate> = r.rows(&next, params![after, span], read_candidate)?;
    let last = looked.last().map(|event| event.item);
    let mut orphans = Vec::new();
    for event in looked.into_iter().filter(|event| !known.contains(&event.project.0)) {
        if r.value::<i64>("select exists (select 1 from ingest_items where id = ?)", [event.item])? == 0 {
            orphans.push(event);
        }
    }
    Ok((orphans, last))
}

/// As [`orphans`], of attachments.
pub fn orphaned_attachments(r: &Reader<'_>, known: &[i64], limit: u32) -> Result<Vec<i64>> {
    r.rows(
        "select item_id from errors_attachments where project_id not in (select value from json_each(?)) \
         and item_id not in (select id from ingest_items where id = errors_attachments.item_id) limit ?",
        params![serde_json::Value::from(known).to_string(), limit],
        |row| row.get(0),
    )
}

/// What makes an event too dear to evict, beyond its relevance.
pub fn raise(tx: &mut Tx<'_>, item: i64, relevance: u8) -> Result<()> {
    tx.run("update errors_events set relevance = max(relevance, ?) where item_id = ?", params![relevance, item])?;
    Ok(())
}

/// With their items, frames and attachments.
pub fn remove_events(tx: &mut Tx<'_>, events: &[Candidate]) -> Result<()> {
    let (mut removed, mut bytes) = (0, 0);
    for event in events {
        if tx.run("delete from errors_events where item_id = ?", [event.item])? == 0 {
            continue;
        }
        removed += 1;
        bytes += event.bytes;
        tx.run("delete from errors_frames where item_id = ?", [event.item])?;
        tx.run("delete from errors_unread where item_id = ?", [event.item])?;
        if let Some(event_id) = event.event_id {
            let attachments = super::attachments::attachments_of(tx, event.project, event_id, event.received_at)?;
            let items: Vec<i64> = attachments.iter().map(|attachment| attachment.item).collect();
            remove_attachments(tx, &items)?;
        }
        ingest::store::remove_items(tx, &[event.item])?;
    }
    add_size(tx, "events", -removed, -bytes)
}

/// Up to the item `upto`, the oldest first.
pub fn oldest_attachments(r: &Reader<'_>, upto: i64, limit: u32) -> Result<Vec<(i64, Time, i64)>> {
    r.rows(
        "select item_id, received_at, bytes from errors_attachments where item_id <= ? order by item_id limit ?",
        params![upto, limit],
        |row| Ok((row.get(0)?, Time(row.get(1)?), row.get(2)?)),
    )
}

/// With their items.
pub fn remove_attachments(tx: &mut Tx<'_>, items: &[i64]) -> Result<()> {
    let (mut removed, mut bytes) = (0, 0);
    for item in items {
        let Some(size) = tx.row("select bytes from errors_attachments where item_id = ?", [item], |row| row.get::<_, i64>(0))? else {
            continue;
        };
        tx.run("delete from errors_attachments where item_id = ?", [item])?;
        removed += 1;
        bytes += size;
    }
    if removed > 0 {
        add_size(tx, "attachments", -removed, -bytes)?;
    }
    ingest::store::remove_items(tx, items)?;
    Ok(())
}
