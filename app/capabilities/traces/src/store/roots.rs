//! SQL of what leads to the items of the log, in telemetry.db.

use db::{Reader, Tx};
use ingest::{Head, Kind, NewItem, pack};
use kernel::ids::ProjectId;
use kernel::time::HOUR;
use kernel::{Error, Result, Time};
use rusqlite::params;
use std::time::Duration;

use crate::model::cell::Example;
use crate::model::findings::Finding;
use crate::model::rows::{Leads, NameId};
use crate::model::span::{SpanId, TraceId};

/// Places within an item that an id tells apart. The door takes more spans than that in one item: those behind share the last place.
const POSITIONS: i64 = 4_096;

pub(super) fn root_id(item: i64, position: i64) -> i64 {
    item.saturating_mul(POSITIONS).saturating_add(position.min(POSITIONS - 1))
}

pub(super) fn item_of(root: i64) -> i64 {
    root / POSITIONS
}

fn position_of(root: i64) -> usize {
    usize::try_from(root % POSITIONS).unwrap_or(0)
}

/// Writes the rows that lead to items, and what these give away. The same again changes nothing.
pub fn add(tx: &mut Tx<'_>, leads: &Leads) -> Result<()> {
    for root in &leads.roots {
        tx.run(
            "insert or replace into traces_roots (id, hour, project_id, name_id, trace_id, span_id, at, micros, failed) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                root_id(root.item, root.position),
                root.received_at.hour_start().0,
                root.project.0,
                root.name.0,
                root.trace.map(|trace| trace.0),
                root.span.map(SpanId::stored),
                root.at.0,
                i64::try_from(root.micros).unwrap_or(i64::MAX),
                root.is_failed
            ],
        )?;
    }
    for flush in &leads.flushes {
        tx.run(
            "insert or ignore into traces_flushes (hour, trace_id, item_id) values (?, ?, ?)",
            params![flush.received_at.hour_start().0, flush.trace.0, flush.item],
        )?;
    }
    leads.findings.iter().try_for_each(|finding| tell(tx, finding))
}

/// Puts a finding into the log as an event, once: its id says which hour it is of.
fn tell(tx: &mut Tx<'_>, finding: &Finding) -> Result<()> {
    if ingest::store::is_known(tx, finding.project, finding.event_id, Kind::Event)? {
        return Ok(());
    }
    let event = serde_json::to_vec(&finding.event()).map_err(|error| Error::internal("writing a finding").because(error))?;
    let item = NewItem {
        project: finding.project,
        kind: Kind::Event,
        event_id: Some(finding.event_id),
        head: Head { sdk: Some("hermetic.traces/1".to_owned()), sent_at: Some(tx.now), ..Head::default() },
        payload: pack::pack(&event),
        quantity: 1,
    };
    ingest::store::append(tx, &item)?;
    Ok(())
}

/// Items with spans of a trace that were kept within `back`, in the order of the log, at most `limit`.
pub fn items_of_trace(r: &Reader<'_>, trace: TraceId, back: Duration, limit: u32) -> Result<Vec<i64>> {
    let from = (r.now - back).hour_start();
    r.rows(ITEMS_OF_TRACE, params![from.0, r.now.hour_start().0, trace.0, limit], |row| row.get(0))
}

/// One look-up for each hour in the primary key.
const ITEMS_OF_TRACE: &str = "with recursive hours(hour) as (select ?1 union all select hour + 3600000 from hours where hour < ?2) \
     select traces_flushes.item_id from hours cross join traces_flushes on traces_flushes.hour = hours.hour and traces_flushes.trace_id = ?3 \
     order by traces_flushes.item_id limit ?4";

/// A root span in brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootBrief {
    pub project: ProjectId,
    pub name: NameId,
    pub trace: Option<TraceId>,
    pub item: i64,
    /// Of the span among those of its item.
    pub position: usize,
    pub at: Time,
    pub micros: u64,
    pub is_failed: bool,
}

fn read_brief(row: &rusqlite::Row<'_>) -> rusqlite::Result<RootBrief> {
    Ok(RootBrief {
        item: item_of(row.get(0)?),
        position: position_of(row.get(0)?),
        project: ProjectId(row.get(1)?),
        name: NameId(row.get(2)?),
        trace: row.get::<_, Option<[u8; 16]>>(3)?.map(TraceId),
        at: Time(row.get(4)?),
        micros: row.get::<_, i64>(5)?.unsigned_abs(),
        is_failed: row.get(6)?,
    })
}

const BRIEF: &str = "id, project_id, name_id, trace_id, at, micros, failed";

/// Roots of one item.
pub fn of_item(r: &Reader<'_>, item: i64) -> Result<Vec<RootBrief>> {
    let sql = format!("select {BRIEF} from traces_roots where id >= ? and id < ? order by id limit 4096");
    r.rows(&sql, params![root_id(item, 0), root_id(item + 1, 0)], read_brief)
}

/// The name of a root span, for what belongs to it and comes later.
pub fn name_of_root(r: &Reader<'_>, trace: TraceId, span: SpanId, back: Duration) -> Result<Option<NameId>> {
    for item in items_of_trace(r, trace, back, 100)? {
        let found = r.row(
            "select name_id from traces_roots where id >= ? and id < ? and span_id = ? limit 1",
            params![root_id(item, 0), root_id(item + 1, 0), span.stored()],
            |row| row.get(0),
        )?;
        if let Some(id) = found {
            return Ok(Some(NameId(id)));
        }
    }
    Ok(None)
}

/// The newest roots of a name in a window, at most `limit`: hour by hour backwards along the index, so that a rare name in a long
/// window costs one look-up for each hour.
pub fn newest_of_name(r: &Reader<'_>, name: NameId, from: Time, to: Time, limit: u32) -> Result<Vec<RootBrief>> {
    let sql = newest_sql();
    let mut found = Vec::new();
    // What ended in an hour may have been kept in the next one.
    let mut hour = (to + HOUR).min(r.now).hour_start();
    while hour >= from.hour_start() && found.len() < limit as usize {
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        found.extend(r.rows(&sql, params![hour.0, name.0, from.0, to.0, left], read_brief)?);
        hour = hour - HOUR;
    }
    Ok(found)
}

fn newest_sql() -> String {
    format!("select {BRIEF} from traces_roots where hour = ? and name_id = ? and at >= ? and at < ? order by at desc limit ?")
}

/// Which of these traces are still in the log.
pub fn kept_of(r: &Reader<'_>, examples: &[Example], back: Duration) -> Result<Vec<Example>> {
    let mut kept = Vec::new();
    for example in examples {
        if let Some(trace) = example.trace
            && !items_of_trace(r, trace, back, 1)?.is_empty()
        {
            kept.push(*example);
        }
    }
    Ok(kept)
}

/// How the two hot queries run, for the test that holds them to their indexes.
#[cfg(test)]
pub fn explain(r: &Reader<'_>) -> Result<(String, String)> {
    let trace = r.explain(ITEMS_OF_TRACE, params![0, 1, [0_u8; 16], 1])?;
    Ok((trace, r.explain(&newest_sql(), params![0, 1, 0, 1, 1])?))
}
