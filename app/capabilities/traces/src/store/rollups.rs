//! SQL of the rollups.

use db::{Reader, Tx};
use kernel::ids::{ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::{Row, params};
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::batch::Batch;
use crate::model::cell::{Cell, Example, Stored};
use crate::model::family::Family;
use crate::model::rows::{CellKey, NameId};
use crate::model::span::TraceId;
use crate::model::window::{Folded, Grain, Window, cover};

/// What of the rollups is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub project: Option<ProjectId>,
    pub environment: Option<String>,
    pub release: Option<ReleaseId>,
}

/// One row, without its bucket.
#[derive(Debug, Clone, Copy)]
pub struct RollupRow<'a> {
    pub at: Time,
    pub project: ProjectId,
    pub name: NameId,
    pub caller: NameId,
    pub release: ReleaseId,
    pub cell: Stored<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct RowKey {
    grain: Grain,
    family: Family,
    start: Time,
    project: ProjectId,
    name: NameId,
    caller: NameId,
    environment: String,
    release: ReleaseId,
}

const CELL: &str = "n, failed, sum, satisfied, tolerating, weight, sketch, slowest, slowest_trace, failure, failure_trace";

/// The columns of [`CELL`], from column `at` on.
fn read_cell<'r>(row: &'r Row<'_>, at: usize) -> rusqlite::Result<Stored<'r>> {
    let count = |index: usize| row.get::<_, i64>(at + index).map(i64::unsigned_abs);
    let example = |index: usize| -> rusqlite::Result<Example> {
        Ok(Example { micros: count(index)?, trace: row.get::<_, Option<[u8; 16]>>(at + index + 1)?.map(TraceId) })
    };
    Ok(Stored {
        n: count(0)?,
        failed: count(1)?,
        sum: count(2)?,
        satisfied: count(3)?,
        tolerating: count(4)?,
        weight: row.get(at + 5)?,
        sketch: row.get_ref(at + 6)?.as_blob().unwrap_or_default(),
        slowest: example(7)?,
        failure: example(9)?,
    })
}

/// Adds what a batch counted: to its minutes, and to longer rows where these were summed up already.
pub fn add_batch(tx: &mut Tx<'_>, batch: &Batch) -> Result<()> {
    let folded = folded(tx)?;
    let mut releases = HashMap::new();
    let mut rows: BTreeMap<RowKey, Cell> = BTreeMap::new();
    for (key, cell) in &batch.cells {
        let release = release_id(tx, key, &mut releases)?;
        for grain in grains(key.minute, folded, tx.now) {
            let row = RowKey {
                grain,
                family: key.family,
                start: grain.start(key.minute),
                project: key.project,
                name: key.name,
                caller: key.caller,
                environment: key.environment.clone(),
                release,
            };
            rows.entry(row).or_default().merge(cell);
        }
    }
    rows.iter().try_for_each(|(key, cell)| merge_row(tx, key, cell))
}

/// Minutes always, unless they are gone; longer rows only where the sum of the minutes has been drawn.
fn grains(minute: Time, folded: Folded, now: Time) -> Vec<Grain> {
    let is_kept = minute >= folded.hours || minute >= now - Grain::Minute.kept();
    let longer = [(Grain::Minute, is_kept), (Grain::Hour, minute < folded.hours), (Grain::Day, minute < folded.days)];
    longer.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(grain, _)| grain).collect()
}

/// 0 where none was said, and for names beyond those that reports may make in a day.
fn release_id(tx: &mut Tx<'_>, key: &CellKey, known: &mut HashMap<(ProjectId, String), ReleaseId>) -> Result<ReleaseId> {
    if key.release.is_empty() {
        return Ok(ReleaseId(0));
    }
    let of = (key.project, key.release.clone());
    if let Some(id) = known.get(&of) {
        return Ok(*id);
    }
    let release = ingest::store::reported_release(tx, key.project, &key.release, tx.now)?;
    let id = release.map_or(ReleaseId(0), |release| release.id);
    known.insert(of, id);
    Ok(id)
}

fn merge_row(tx: &mut Tx<'_>, key: &RowKey, cell: &Cell) -> Result<()> {
    let place =
        params![key.grain.code(), key.family.code(), key.start.0, key.project.0, key.name.0, key.caller.0, key.environment, key.release.0];
    let sql = format!(
        "select {CELL} from traces_rollups where grain = ? and family = ? and bucket_start = ? and project_id = ? and name_id = ? \
         and caller_id = ? and environment = ? and release_id = ?"
    );
    let mut whole = Cell::default();
    tx.row(&sql, place, |row| {
        read_cell(row, 0)?.add_to(&mut whole);
        Ok(())
    })?;
    whole.merge(cell);
    let sql = format!(
        "insert or replace into traces_rollups (grain, family, bucket_start, project_id, name_id, caller_id, environment, release_id, {CELL}) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    );
    tx.run(
        &sql,
        params![
            key.grain.code(),
            key.family.code(),
            key.start.0,
            key.project.0,
            key.name.0,
            key.caller.0,
            key.environment,
            key.release.0,
            stored(whole.n),
            stored(whole.failed),
            stored(whole.sum),
            stored(whole.satisfied),
            stored(whole.tolerating),
            whole.weight,
            whole.sketch.encode(),
            stored(whole.slowest.micros),
            whole.slowest.trace.map(|trace| trace.0),
            stored(whole.failure.micros),
            whole.failure.trace.map(|trace| trace.0),
        ],
    )?;
    Ok(())
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn folded(r: &Reader<'_>) -> Result<Folded> {
    let upto = |grain: Grain| -> Result<Time> {
        Ok(Time(r.row("select upto from traces_folds where grain = ?", [grain.code()], |row| row.get(0))?.unwrap_or(0)))
    };
    Ok(Folded { hours: upto(Grain::Hour)?, days: upto(Grain::Day)? })
}

/// Walks the rows of a family in a window, in the order of their time within each grain. Reads along the primary key. Rows of a project
/// that is gone age out with the others, and are not shown.
pub fn each(r: &Reader<'_>, family: Family, window: Window, filter: &Filter, mut each: impl FnMut(RollupRow<'_>)) -> Result<()> {
    let sql = rows_sql();
    let projects: HashSet<ProjectId> = identity::store::list_projects(r)?.into_iter().map(|project| project.id).collect();
    for piece in cover(window.from, window.to, folded(r)?) {
        r.each(&sql, rows_params(family, piece.grain, piece.from, piece.to, filter), |row| {
            let row = read_row(row)?;
            if projects.contains(&row.project) {
                each(row);
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The rows of one name, bucket by bucket: as many look-ups as there are buckets, however many other names there are. No row is longer
/// than `coarsest`, for drawings.
pub fn each_of_name(
    r: &Reader<'_>,
    (project, family, name): (ProjectId, Family, NameId),
    window: Window,
    coarsest: Grain,
    filter: &Filter,
    mut each: impl FnMut(RollupRow<'_>),
) -> Result<()> {
    let sql = name_sql();
    let folded = folded(r)?;
    let folded = match coarsest {
        Grain::Day => folded,
        Grain::Hour => Folded { days: Time(0), ..folded },
        Grain::Minute => Folded::default(),
    };
    for piece in cover(window.from, window.to, folded) {
        let step = i64::try_from(piece.grain.span().as_millis()).unwrap_or(i64::MAX);
        let params = params![
            piece.from.0,
            piece.to.0,
            step,
            piece.grain.code(),
            family.code(),
            project.0,
            name.0,
            filter.environment,
            filter.release.map(|id| id.0)
        ];
        r.each(&sql, params, |row| {
            each(read_row(row)?);
            Ok(())
        })?;
    }
    Ok(())
}

fn read_row<'r>(row: &'r Row<'_>) -> rusqlite::Result<RollupRow<'r>> {
    Ok(RollupRow {
        at: Time(row.get(0)?),
        project: ProjectId(row.get(1)?),
        name: NameId(row.get(2)?),
        caller: NameId(row.get(3)?),
        release: ReleaseId(row.get(4)?),
        cell: read_cell(row, 5)?,
    })
}

fn rows_sql() -> String {
    format!(
        "select bucket_start, project_id, name_id, caller_id, release_id, {CELL} from traces_rollups \
         where grain = ?1 and family = ?2 and bucket_start >= ?3 and bucket_start < ?4 and (?5 is null or project_id = ?5) \
         and (?6 is null or environment = ?6) and (?7 is null or release_id = ?7)"
    )
}

fn rows_params(family: Family, grain: Grain, from: Time, to: Time, filter: &Filter) -> impl rusqlite::Params + use<> {
    (grain.code(), family.code(), from.0, to.0, filter.project.map(|id| id.0), filter.environment.clone(), filter.release.map(|id| id.0))
}

fn name_sql() -> String {
    let columns: Vec<String> = CELL.split(", ").map(|column| format!("traces_rollups.{column}")).collect();
    format!(
        "with recursive buckets(start) as (select ?1 where ?1 < ?2 union all select start + ?3 from buckets where start + ?3 < ?2) \
         select bucket_start, project_id, name_id, caller_id, release_id, {} from buckets cross join traces_rollups \
         on grain = ?4 and family = ?5 and bucket_start = buckets.start and project_id = ?6 and name_id = ?7 \
         where (?8 is null or environment = ?8) and (?9 is null or release_id = ?9)",
        columns.join(", ")
    )
}

/// The first hour before `upto` with minutes that are not summed up yet; of days likewise. One look-up for each family.
pub fn next_unfolded(r: &Reader<'_>, into: Grain, upto: Time) -> Result<Option<Time>> {
    let folded = folded(r)?;
    let (grain, from) = if into == Grain::Day { (Grain::Hour, folded.days) } else { (Grain::Minute, folded.hours) };
    let mut first: Option<i64> = None;
    for family in Family::ALL {
        let found: Option<i64> = r.row(
            "select bucket_start from traces_rollups where grain = ? and family = ? and bucket_start >= ? and bucket_start < ? \
             order by bucket_start limit 1",
            params![grain.code(), family.code(), from.0, upto.0],
            |row| row.get(0),
        )?;
        first = [first, found].into_iter().flatten().min();
    }
    Ok(first.map(|start| into.start(Time(start))))
}

/// Sums up one hour's minutes, or one day's hours.
pub fn fold(tx: &mut Tx<'_>, into: Grain, start: Time) -> Result<()> {
    let from_grain = if into == Grain::Day { Grain::Hour } else { Grain::Minute };
    let sql = format!(
        "select family, project_id, name_id, caller_id, environment, release_id, {CELL} from traces_rollups \
         where grain = ? and family = ? and bucket_start >= ? and bucket_start < ? order by bucket_start"
    );
    let mut rows: BTreeMap<RowKey, Cell> = BTreeMap::new();
    for family in Family::ALL {
        tx.each(&sql, params![from_grain.code(), family.code(), start.0, (start + into.span()).0], |row| {
            let key = RowKey {
                grain: into,
                family,
                start,
                project: ProjectId(row.get(1)?),
                name: NameId(row.get(2)?),
                caller: NameId(row.get(3)?),
                environment: row.get(4)?,
                release: ReleaseId(row.get(5)?),
            };
            read_cell(row, 6)?.add_to(rows.entry(key).or_default());
            Ok(())
        })?;
    }
    rows.iter().try_for_each(|(key, cell)| merge_row(tx, key, cell))
}

/// Everything before was summed up; later arrivals are added to the longer rows as well.
pub fn set_folded(tx: &mut Tx<'_>, grain: Grain, upto: Time) -> Result<()> {
    tx.run(
        "insert into traces_folds (grain, upto) values (?, ?) on conflict (grain) do update set upto = excluded.upto where upto < excluded.upto",
        params![grain.code(), upto.0],
    )?;
    Ok(())
}

/// Rows of one grain that began before; minutes and hours only where they were summed up.
pub fn remove_old(tx: &mut Tx<'_>, grain: Grain, before: Time, limit: u32) -> Result<usize> {
    let folded = folded(tx)?;
    let before = match grain {
        Grain::Minute => before.min(folded.hours),
        Grain::Hour => before.min(folded.days),
        Grain::Day => before,
    };
    let mut removed = 0;
    for family in Family::ALL {
        removed += tx.run(
            "delete from traces_rollups where (grain, family, bucket_start, project_id, name_id, caller_id, environment, release_id) in \
             (select grain, family, bucket_start, project_id, name_id, caller_id, environment, release_id from traces_rollups \
              where grain = ? and family = ? and bucket_start < ? limit ?)",
            params![grain.code(), family.code(), before.0, limit],
        )?;
    }
    Ok(removed)
}

/// How the two hot queries run, for the test that holds them to their index.
#[cfg(test)]
pub fn explain(r: &Reader<'_>) -> Result<(String, String)> {
    let rows = r.explain(&rows_sql(), rows_params(Family::Endpoint, Grain::Hour, Time(0), Time(1), &Filter::default()))?;
    let of_name = r.explain(&name_sql(), params![0, 1, 1, 2, 1, 1, 1, None::<String>, None::<i64>])?;
    Ok((rows, of_name))
}
