//! SQL of aging out, in telemetry.db: whole at first, then thinned to examples, then gone.

use db::{Reader, Tx};
use ingest::Kind;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;
use std::collections::{BTreeSet, HashMap};

use super::roots::{item_of, root_id};
use crate::model::rows::NameId;
use crate::model::span::TraceId;
use crate::model::thin::Candidate;

pub const KINDS: &[Kind] = &[Kind::Transaction, Kind::Spans];

/// The oldest hour of which anything is left.
pub fn oldest_hour(r: &Reader<'_>) -> Result<Option<Time>> {
    next_hour(r, Time(0))
}

/// The first hour from `from` on of which anything is left.
pub fn next_hour(r: &Reader<'_>, from: Time) -> Result<Option<Time>> {
    let hour: Option<i64> = r.row("select hour from traces_flushes where hour >= ? order by hour limit 1", [from.0], |row| row.get(0))?;
    Ok(hour.map(Time))
}

/// Packed bytes of spans that were accepted from this hour on, over all projects.
pub fn bytes_since(r: &Reader<'_>, from: Time) -> Result<u64> {
    let categories: BTreeSet<&str> = KINDS.iter().map(|kind| kind.category()).collect();
    let rows = ingest::store::sum_outcomes(r, None, from)?;
    let accepted = rows.iter().filter(|row| row.outcome == ingest::store::Outcome::Accepted && categories.contains(row.category.as_str()));
    Ok(accepted.map(|row| row.bytes).sum())
}

/// Roots of an hour, by name. A cap on the memory of one step: what lies beyond it is not chosen from.
pub fn candidates(r: &Reader<'_>, hour: Time, limit: u32) -> Result<Vec<Candidate>> {
    r.rows(
        "select project_id, name_id, trace_id, id, micros, failed from traces_roots where hour = ? order by name_id, at limit ?",
        params![hour.0, limit],
        |row| {
            Ok(Candidate {
                project: ProjectId(row.get(0)?),
                name: NameId(row.get(1)?),
                trace: row.get::<_, Option<[u8; 16]>>(2)?.map(TraceId),
                item: item_of(row.get(3)?),
                micros: row.get::<_, i64>(4)?.unsigned_abs(),
                is_failed: row.get(5)?,
            })
        },
    )
}

/// Items of an hour with the traces they hold spans of.
pub fn items_of_hour(r: &Reader<'_>, hour: Time) -> Result<HashMap<i64, Vec<TraceId>>> {
    let mut items: HashMap<i64, Vec<TraceId>> = HashMap::new();
    r.each("select item_id, trace_id from traces_flushes where hour = ?", [hour.0], |row| {
        items.entry(row.get(0)?).or_default().push(TraceId(row.get(1)?));
        Ok(())
    })?;
    Ok(items)
}

/// Removes items of an hour with everything that leads to them.
pub fn remove_items(tx: &mut Tx<'_>, hour: Time, items: &[(i64, Vec<TraceId>)]) -> Result<()> {
    for (item, traces) in items {
        for trace in traces {
            tx.run("delete from traces_flushes where hour = ? and trace_id = ? and item_id = ?", params![hour.0, trace.0, item])?;
        }
        tx.run("delete from traces_roots where id >= ? and id < ?", params![root_id(*item, 0), root_id(item + 1, 0)])?;
    }
    let ids: Vec<i64> = items.iter().map(|(item, _)| *item).collect();
    ingest::store::remove_items(tx, &ids)?;
    Ok(())
}

/// Items without a trace id leave no flush: they are found by their age alone.
pub fn remove_stray(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    let ids = ingest::store::items_before(tx, KINDS, before, limit)?;
    for id in &ids {
        tx.run("delete from traces_roots where id >= ? and id < ?", params![root_id(*id, 0), root_id(id + 1, 0)])?;
    }
    ingest::store::remove_items(tx, &ids)
}

/// Up to which hour the log was thinned.
pub fn mark(r: &Reader<'_>) -> Result<Time> {
    Ok(Time(r.row("select hour from traces_marks where name = 'thinned'", [], |row| row.get(0))?.unwrap_or(0)))
}

pub fn set_mark(tx: &mut Tx<'_>, hour: Time) -> Result<()> {
    tx.run("insert into traces_marks (name, hour) values ('thinned', ?) on conflict (name) do update set hour = excluded.hour", [hour.0])?;
    Ok(())
}
