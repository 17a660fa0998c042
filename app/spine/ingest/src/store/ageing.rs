//! SQL of what ages out of the log.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

use crate::Kind;

/// What has a smaller id was kept before `at`, everything else was not. Ids are in the order of time, so a few steps find it whatever
/// the size of the log.
pub fn first_id_at(r: &Reader<'_>, at: Time) -> Result<i64> {
    let (mut low, mut high): (i64, i64) = (0, r.value::<i64>("select coalesce(max(id), 0) from ingest_items", [])? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = r.row("select id, received_at from ingest_items where id >= ? order by id limit 1", [middle], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        match found {
            Some((id, received_at)) if received_at < at.0 => low = id + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Of one kind, oldest first; read from the index `ingest_items_by_kind` alone.
const OF_KIND: &str = "select id from ingest_items where kind = ? and id < ? order by id limit ?";

/// Ids of items of these kinds that were kept before `before`, the oldest of each kind first; at most `limit`.
pub fn items_before(r: &Reader<'_>, kinds: &[Kind], before: Time, limit: u32) -> Result<Vec<i64>> {
    let end = first_id_at(r, before)?;
    let mut ids: Vec<i64> = Vec::new();
    for kind in kinds {
        let left = i64::from(limit) - i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if left <= 0 {
            break;
        }
        ids.extend(r.rows(OF_KIND, params![kind.code(), end, left], |row| row.get::<_, i64>(0))?);
    }
    Ok(ids)
}

/// Projects that something was counted for once, and nothing since.
pub(crate) fn projects_quiet_since(r: &Reader<'_>, since: Time) -> Result<Vec<ProjectId>> {
    r.rows("select project_id from ingest_outcomes group by 1 having max(hour) < ? limit 10000", [since.0], |row| {
        Ok(ProjectId(row.get(0)?))
    })
}

/// Ids of one project among the items after `after`, and the last id that was looked at; `None` at the end of the log.
pub(crate) fn items_of_project(r: &Reader<'_>, project: ProjectId, after: i64, span: i64) -> Result<(Vec<i64>, Option<i64>)> {
    let last =
        r.row("select id from ingest_items where id > ? order by id limit 1 offset ?", params![after, span - 1], |row| row.get(0))?;
    let upto = last.unwrap_or(i64::MAX);
    let ids = r.rows(
        "select id from ingest_items where id > ? and id <= ? and +project_id = ? order by id",
        params![after, upto, project.0],
        |row| row.get(0),
    )?;
    Ok((ids, last))
}

pub(crate) fn remove_outcomes_of(tx: &mut Tx<'_>, project: ProjectId) -> Result<()> {
    tx.run("delete from ingest_outcomes where project_id = ?", [project.0])?;
    Ok(())
}

pub(crate) fn remove_outcomes_before(tx: &mut Tx<'_>, before: Time) -> Result<usize> {
    tx.run("delete from ingest_outcomes where hour < ?", [before.hour_start().0])
}

/// The end of the newest hour that lies beyond the budget, counted back from now over what these categories brought; `None` while all
/// of it fits. The counts know the bytes by hour, so nothing of the log is read.
pub(crate) fn beyond_budget(r: &Reader<'_>, categories: &[&str], bytes: u64) -> Result<Option<Time>> {
    let marks = vec!["?"; categories.len()].join(", ");
    let sql = format!(
        "select hour, sum(bytes) from ingest_outcomes where outcome = 'accepted' and category in ({marks}) group by hour order by hour desc"
    );
    let (mut sum, mut end) = (0_u64, None);
    r.each(&sql, rusqlite::params_from_iter(categories), |row| {
        sum = sum.saturating_add(row.get::<_, i64>(1)?.unsigned_abs());
        if end.is_none() && sum > bytes {
            // The hour that is not over is left alone: a digest may still be at it.
            end = Some((Time(row.get::<_, i64>(0)?) + kernel::time::HOUR).min(r.now.hour_start()));
        }
        Ok(())
    })?;
    Ok(end)
}
