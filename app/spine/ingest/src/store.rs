//! SQL of the log's items, of the cursors over it, of outcomes and releases.

mod ageing;
mod outcomes;
mod releases;
mod salts;
mod taken_back;

pub use ageing::*;
pub use outcomes::*;
pub use releases::*;
pub use salts::*;
pub use taken_back::*;

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use crate::pack::Packed;
use crate::{EventId, Item, Kind, NewItem, TOPIC};

/// An item that is to be kept, with everything worked out: what is left is to write it.
#[derive(Debug)]
pub(crate) struct Ready {
    pub kind: Kind,
    pub event_id: Option<EventId>,
    /// [`crate::Head`] as JSON.
    pub head: String,
    pub payload: Packed,
    pub quantity: u64,
}

/// Appends one item to telemetry.db and counts it as accepted. Gives its id.
pub fn append(tx: &mut Tx<'_>, item: &NewItem) -> Result<i64> {
    let head = serde_json::to_string(&item.head).map_err(|error| kernel::Error::internal("writing the head of an item").because(error))?;
    let id = insert_item(tx, item.project, (item.kind, item.event_id), &head, &item.payload)?;
    let bytes = item.payload.bytes.len() as u64;
    count(tx, item.project, item.kind.category(), Outcome::Accepted, "", item.quantity, bytes)?;
    tx.signal(TOPIC);
    Ok(id)
}

/// Appends what one request carried and counts it, with one step for each category. Gives the last id.
pub(crate) fn append_all(tx: &mut Tx<'_>, project: ProjectId, items: &[&Ready]) -> Result<Option<i64>> {
    let mut last = None;
    let mut sums: Vec<(&'static str, u64, u64)> = Vec::new();
    for item in items {
        last = Some(insert_item(tx, project, (item.kind, item.event_id), &item.head, &item.payload)?);
        let (category, bytes) = (item.kind.category(), item.payload.bytes.len() as u64);
        match sums.iter_mut().find(|(known, ..)| *known == category) {
            Some((_, quantity, all)) => (*quantity, *all) = (quantity.saturating_add(item.quantity), all.saturating_add(bytes)),
            None => sums.push((category, item.quantity, bytes)),
        }
    }
    for (category, quantity, bytes) in sums {
        count(tx, project, category, Outcome::Accepted, "", quantity, bytes)?;
    }
    if last.is_some() {
        tx.signal(TOPIC);
    }
    Ok(last)
}

fn insert_item(tx: &Tx<'_>, project: ProjectId, what: (Kind, Option<EventId>), head: &str, payload: &Packed) -> Result<i64> {
    let (kind, event_id) = (what.0.code(), what.1.map(|id| id.0));
    let id = tx.insert(
        "insert into ingest_items (project_id, kind, received_at, event_id, head, codec, payload) values (?, ?, ?, ?, ?, ?, ?)",
        params![project.0, kind, tx.now.0, event_id, head, payload.codec, payload.bytes],
    )?;
    if let Some(event_id) = event_id {
        tx.run(
            "insert into ingest_ids (day, project_id, event_id, item_id) values (?, ?, ?, ?)",
            params![tx.now.day_start().0, project.0, event_id, id],
        )?;
    }
    Ok(id)
}

const ITEM_COLUMNS: &str = "id, project_id, kind, received_at, event_id, head, codec, payload";

fn read_item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let code: i64 = row.get(2)?;
    let head: String = row.get(5)?;
    Ok(Item {
        id: row.get(0)?,
        project: ProjectId(row.get(1)?),
        kind: Kind::from_code(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(2, code))?,
        received_at: Time(row.get(3)?),
        event_id: row.get::<_, Option<[u8; 16]>>(4)?.map(EventId),
        head: serde_json::from_str(&head).unwrap_or_default(),
        payload: Packed { codec: row.get(6)?, bytes: row.get(7)? },
    })
}

/// What a digest reads at once.
#[derive(Debug, Clone)]
pub struct Batch {
    pub items: Vec<Item>,
    /// Everything up to here was looked at, whether or not it is among the items.
    pub upto: i64,
}

/// The next items of these kinds after `cursor` in telemetry.db, at most `rows` of them and about `bytes` packed bytes (one item may
/// exceed it). `upto` is `cursor` when there is nothing new at all. Costs what it gives, however much of other kinds lies between.
pub fn next_batch(r: &Reader<'_>, cursor: i64, kinds: &[Kind], rows: usize, bytes: usize) -> Result<Batch> {
    let last: i64 = r.value("select coalesce(max(id), 0) from ingest_items", [])?;
    let limit = i64::try_from(rows).unwrap_or(i64::MAX);
    let mut items: Vec<Item> = Vec::new();
    let (mut taken, mut is_cut) = (0, false);
    r.each(&next_sql(kinds), params![cursor, limit], |row| {
        if !is_cut {
            let item = read_item(row)?;
            taken += item.payload.bytes.len();
            is_cut = taken > bytes;
            items.push(item);
        }
        Ok(())
    })?;
    let is_whole = !is_cut && items.len() < rows;
    let upto = match items.last() {
        Some(item) if !is_whole => item.id,
        _ => last.max(cursor),
    };
    Ok(Batch { items, upto })
}

/// The ids come out of the index, kind by kind: an item of 4 kB has a page of its own, and in a burst of events the four digests that
/// want none of them would otherwise turn all those pages.
pub(crate) fn next_sql(kinds: &[Kind]) -> String {
    let ids_of = |kind: &Kind| {
        format!(
            "select id from (select id from ingest_items indexed by ingest_items_by_kind where kind = {} and id > ?1 order by id limit ?2)",
            kind.code()
        )
    };
    let ids = kinds.iter().map(ids_of).collect::<Vec<_>>().join(" union all ");
    format!("select {ITEM_COLUMNS} from ingest_items where id in (select id from ({ids}) order by id limit ?2) order by id")
}

/// `None` once it has aged out.
pub fn find_item(r: &Reader<'_>, id: i64) -> Result<Option<Item>> {
    r.row(&format!("select {ITEM_COLUMNS} from ingest_items where id = ?"), [id], read_item)
}

/// Items of one event that were kept within `days` before now: the event itself, its attachments, its feedback. Oldest first.
pub fn items_of_event(r: &Reader<'_>, project: ProjectId, event_id: EventId, days: u32) -> Result<Vec<Item>> {
    let sql = format!(
        "with recursive days(day) as (select ?1 union all select day - 86400000 from days where day > ?1 - ?4 * 86400000) \
         select {ITEM_COLUMNS} from ingest_items where id in \
         (select item_id from days join ingest_ids on ingest_ids.day = days.day and ingest_ids.project_id = ?2 and ingest_ids.event_id = ?3) \
         order by id limit 100"
    );
    r.rows(&sql, params![r.now.day_start().0, project.0, event_id.0, days], read_item)
}

/// Whether an item of this kind with this id was kept today or yesterday: what an SDK sends again comes soon.
pub fn is_known(r: &Reader<'_>, project: ProjectId, event_id: EventId, kind: Kind) -> Result<bool> {
    let today = r.now.day_start().0;
    let known = r.value::<i64>(
        "select exists (select 1 from ingest_ids join ingest_items on ingest_items.id = ingest_ids.item_id \
         where ingest_ids.day in (?1, ?1 - 86400000) and ingest_ids.project_id = ?2 and ingest_ids.event_id = ?3 and ingest_items.kind = ?4)",
        params![today, project.0, event_id.0, kind.code()],
    )?;
    Ok(known != 0)
}

/// Removes items and what leads to them. Whoever owns a kind decides when.
pub fn remove_items(tx: &mut Tx<'_>, ids: &[i64]) -> Result<usize> {
    let mut removed = 0;
    for id in ids {
        tx.run(
            "delete from ingest_ids where (day, project_id, event_id, item_id) in \
             (select received_at - received_at % 86400000, project_id, event_id, id from ingest_items where id = ? and event_id is not null)",
            [id],
        )?;
        removed += tx.run("delete from ingest_items where id = ?", [id])?;
    }
    Ok(removed)
}

/// How far a digest has read; 0 before its first batch. In hermetic.db.
pub fn cursor(r: &Reader<'_>, name: &str) -> Result<i64> {
    Ok(r.row("select item_id from ingest_cursors where name = ?", [name], |row| row.get(0))?.unwrap_or(0))
}

/// How far the digest that is ahead of all has read.
pub fn farthest_cursor(r: &Reader<'_>) -> Result<i64> {
    r.value("select coalesce(max(item_id), 0) from ingest_cursors", [])
}

/// The two files may have been restored to different moments: what comes next must not get a number that digests have passed already, or
/// nobody ever reads it. Gives whether numbers had to be left out.
pub fn go_on_behind(tx: &mut Tx<'_>, cursor: i64) -> Result<bool> {
    let last: i64 = tx.value("select coalesce(max(seq), 0) from sqlite_sequence where name = 'ingest_items'", [])?;
    if last >= cursor {
        return Ok(false);
    }
    if tx.run("update sqlite_sequence set seq = ? where name = 'ingest_items'", [cursor])? == 0 {
        tx.run("insert into sqlite_sequence (name, seq) values ('ingest_items', ?)", [cursor])?;
    }
    Ok(true)
}

pub fn set_cursor(tx: &mut Tx<'_>, name: &str, item_id: i64) -> Result<()> {
    tx.run(
        "insert into ingest_cursors (name, item_id, updated_at) values (?, ?, ?) \
         on conflict (name) do update set item_id = excluded.item_id, updated_at = excluded.updated_at",
        params![name, item_id, tx.now.0],
    )?;
    Ok(())
}
