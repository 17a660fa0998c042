//! SQL of what events are recognised by.

use db::{Reader, Tx};
use kernel::ids::{IssueId, ProjectId};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::{count, signed, time};
use crate::model::IssueHash;

const COLUMNS: &str = "id, project_id, hash, issue_id, kind, version, components, type, value, events, first_seen_at, last_seen_at";

fn read_hash(row: &Row<'_>) -> rusqlite::Result<IssueHash> {
    let (kind, value): (String, String) = (row.get(7)?, row.get(8)?);
    Ok(IssueHash {
        id: row.get(0)?,
        project: ProjectId(row.get(1)?),
        hash: row.get(2)?,
        issue: IssueId(row.get(3)?),
        kind: row.get(4)?,
        version: row.get(5)?,
        components: row.get(6)?,
        title: crate::model::title(&kind, &value),
        events: count(row, 9)?,
        first_seen_at: time(row, 10)?,
        last_seen_at: time(row, 11)?,
    })
}

pub fn find_hash(r: &Reader<'_>, hash: i64) -> Result<Option<IssueHash>> {
    r.row(&format!("select {COLUMNS} from errors_hashes where hash = ?"), [hash], read_hash)
}

pub fn find_hash_by_id(r: &Reader<'_>, id: i64) -> Result<Option<IssueHash>> {
    r.row(&format!("select {COLUMNS} from errors_hashes where id = ?"), [id], read_hash)
}

/// The issue a hash leads to.
pub fn issue_of(r: &Reader<'_>, hash: i64) -> Result<Option<IssueId>> {
    r.row("select issue_id from errors_hashes where hash = ?", [hash], |row| row.get(0).map(IssueId))
}

/// By how many hashes its events are counted, up to `limit`.
pub fn count_ways(r: &Reader<'_>, issue: IssueId, limit: u64) -> Result<u64> {
    let sql = "select count(*) from (select 1 from errors_hashes where issue_id = ? and events > 0 limit ?)";
    Ok(r.value::<i64>(sql, params![issue.0, signed(limit)])?.unsigned_abs())
}

/// The hashes under which its events are counted.
pub fn counted_hashes(r: &Reader<'_>, issue: IssueId) -> Result<Vec<i64>> {
    r.rows("select hash from errors_hashes where issue_id = ? and events > 0 order by id limit 100000", [issue.0], |row| row.get(0))
}

/// What an issue is recognised by, the first first.
pub fn hashes_of(r: &Reader<'_>, issue: IssueId) -> Result<Vec<IssueHash>> {
    r.rows(&format!("select {COLUMNS} from errors_hashes where issue_id = ? order by id limit 1000"), [issue.0], read_hash)
}

/// The last of the next `limit` ids after `after`; `None` at the end.
pub fn step(r: &Reader<'_>, after: i64, limit: u32) -> Result<Option<i64>> {
    r.value("select max(id) from (select id from errors_hashes where id > ? order by id limit ?)", params![after, limit])
}

/// A hash and how many events were counted under it, before a batch: for telling which of the new ones tell most.
pub fn ordinal(r: &Reader<'_>, hash: i64) -> Result<Option<(i64, u64)>> {
    r.row("select id, events from errors_hashes where hash = ?", [hash], |row| Ok((row.get(0)?, count(row, 1)?)))
}

#[derive(Debug, Clone, Copy)]
pub struct HashInsert<'a> {
    pub project: ProjectId,
    pub hash: i64,
    pub issue: IssueId,
    pub kind: &'a str,
    pub version: i64,
    pub title_kind: &'a str,
    pub title_value: &'a str,
}

/// Gives the id; a hash that is known already stays where it leads. `components` is asked for only when it is new.
pub fn ensure_hash(tx: &mut Tx<'_>, hash: &HashInsert<'_>, components: impl FnOnce() -> String) -> Result<i64> {
    if let Some(id) = tx.row("select id from errors_hashes where hash = ?", [hash.hash], |row| row.get(0))? {
        return Ok(id);
    }
    tx.insert(
        "insert into errors_hashes (project_id, hash, issue_id, kind, version, components, type, value, events, first_seen_at, last_seen_at, \
         first_item_id, last_item_id) values (?, ?, ?, ?, ?, ?, ?, ?, 0, null, null, null, null)",
        params![
            hash.project.0,
            hash.hash,
            hash.issue.0,
            hash.kind,
            hash.version,
            components(),
            hash.title_kind,
            hash.title_value
        ],
    )
}

/// Hashes of one issue that only lead to it. Each is kilobytes of reasons, and stacks that differ with every event would go on for ever.
const MAX_LEADING: i64 = 200;

/// As [`ensure_hash`], for one that leads to the issue without having events; `room` is looked up once for several. Beyond the bound the
/// events are counted all the same, under their own hash.
pub fn lead(tx: &mut Tx<'_>, hash: &HashInsert<'_>, room: &mut Option<i64>, components: impl FnOnce() -> String) -> Result<()> {
    if issue_of(tx, hash.hash)?.is_some() {
        return Ok(());
    }
    let left = match *room {
        Some(left) => left,
        None => {
            let leading: i64 = tx.value("select count(*) from errors_hashes where issue_id = ? and events = 0", [hash.issue.0])?;
            MAX_LEADING - leading
        }
    };
    *room = Some(left - 1);
    if left > 0 {
        ensure_hash(tx, hash, components)?;
    }
    Ok(())
}

pub fn count_events(tx: &mut Tx<'_>, id: i64, events: u64, span: (Time, Time), items: (i64, i64)) -> Result<()> {
    tx.run(
        "update errors_hashes set events = events + ?2, first_seen_at = min(coalesce(first_seen_at, ?3), ?3), \
         last_seen_at = max(coalesce(last_seen_at, ?4), ?4), first_item_id = min(coalesce(first_item_id, ?5), ?5), \
         last_item_id = max(coalesce(last_item_id, ?6), ?6) where id = ?1",
        params![id, signed(events), span.0.0, span.1.0, items.0, items.1],
    )?;
    Ok(())
}

/// Merging: everything that led to `from` leads to `to`. Gives the ids that moved.
pub fn move_hashes(tx: &mut Tx<'_>, from: IssueId, to: IssueId) -> Result<Vec<i64>> {
    let moved = tx.rows("select id from errors_hashes where issue_id = ? order by id", [from.0], |row| row.get(0))?;
    tx.run("update errors_hashes set issue_id = ? where issue_id = ?", params![to.0, from.0])?;
    Ok(moved)
}

/// Splitting: one of them leads elsewhere.
pub fn move_hash(tx: &mut Tx<'_>, id: i64, to: IssueId) -> Result<()> {
    tx.run("update errors_hashes set issue_id = ? where id = ?", params![to.0, id])?;
    Ok(())
}

/// Events that must be kept as long as there is any room: the first and the latest of the hash and of its issue, the first in each
/// release, and those that opened or woke the issue.
pub fn telling_items(r: &Reader<'_>, hash: i64) -> Result<Vec<i64>> {
    r.rows(
        "with h as (select id, issue_id, first_item_id, last_item_id from errors_hashes where hash = ?) \
         select first_item_id from h where first_item_id is not null union select last_item_id from h where last_item_id is not null \
         union select i.first_item_id from errors_issues i join h on i.id = h.issue_id \
         union select i.last_item_id from errors_issues i join h on i.id = h.issue_id \
         union select l.first_item_id from errors_releases l join h on l.hash_id = h.id \
         union select a.item_id from errors_acts a join h on a.issue_id = h.issue_id where a.item_id is not null",
        [hash],
        |row| row.get(0),
    )
}
