//! SQL of aging out, in telemetry.db: whole at first, then thinned to examples, then gone.

use db::{Reader, Tx};
use ingest::Kind;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;
use std::collections::BTreeSet;

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

/// Parts of one trace that stay with it; as many as a page of it is made of.
const PARTS: u32 = 200;

/// The items of these examples, each with all parts of its trace in that hour, as far as `bytes` go: one that does not fit is left out.
pub fn items_of_examples(r: &Reader<'_>, hour: Time, examples: &[Candidate], bytes: u64) -> Result<BTreeSet<i64>> {
    let (mut kept, mut left) = (BTreeSet::new(), bytes);
    for example in examples {
        let mut own = vec![example.item];
        if let Some(trace) = example.trace {
            own.extend(r.rows(PARTS_OF_TRACE, params![hour.0, trace.0, PARTS], |row| row.get::<_, i64>(0))?);
        }
        own.sort_unstable();
        own.dedup();
        own.retain(|item| !kept.contains(item));
        let mut size = 0;
        for item in &own {
            size += r.row(SIZE, [item], |row| row.get::<_, i64>(0))?.unwrap_or(0).unsigned_abs();
        }
        if let Some(rest) = left.checked_sub(size) {
            left = rest;
            kept.extend(own);
        }
    }
    Ok(kept)
}

const PARTS_OF_TRACE: &str = "select item_id from traces_flushes where hour = ? and trace_id = ? order by item_id limit ?";
const SIZE: &str = "select length(payload) + length(head) from ingest_items where id = ?";

/// Where a walk along the flushes of an hour is.
pub type Step = (Vec<u8>, i64);

/// Removes of the next flushes of an hour those whose items are not to be kept, with the items and everything else that leads to them.
/// `None` at the end of the hour: an hour may hold millions, so they are never all in memory.
pub fn clear(tx: &mut Tx<'_>, hour: Time, after: &Step, keep: &BTreeSet<i64>, limit: u32) -> Result<Option<Step>> {
    let next = tx.rows(
        "select trace_id, item_id from traces_flushes where hour = ? and (trace_id, item_id) > (?, ?) order by trace_id, item_id limit ?",
        params![hour.0, after.0, after.1, limit],
        |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)),
    )?;
    let mut gone = BTreeSet::new();
    for (trace, item) in next.iter().filter(|(_, item)| !keep.contains(item)) {
        tx.run("delete from traces_flushes where hour = ? and trace_id = ? and item_id = ?", params![hour.0, trace, item])?;
        gone.insert(*item);
    }
    for item in &gone {
        tx.run("delete from traces_roots where id >= ? and id < ?", params![root_id(*item, 0), root_id(item + 1, 0)])?;
    }
    ingest::store::remove_items(tx, &gone.into_iter().collect::<Vec<_>>())?;
    let is_full = next.len() >= limit as usize;
    Ok(next.into_iter().last().filter(|_| is_full))
}

/// Items that no digest has taken in (of a project that is gone, or unreadable) leave no flush: they are found by their age alone.
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
