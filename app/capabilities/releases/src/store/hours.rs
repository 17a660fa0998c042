//! SQL of the counters of sessions by hour, in hermetic.db.

use db::{Reader, Tx};
use kernel::ids::{ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::count;
use crate::model::Counts;
use crate::model::health::Delta;

/// What a counter belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HourKey {
    pub hour: Time,
    pub project: ProjectId,
    pub release: ReleaseId,
    pub environment: String,
}

/// Environments that are told apart in one hour of one release: whoever has the public key can name as many as there are words.
const MAX_ENVIRONMENTS: i64 = 49;
const OTHER: &str = "other";

/// The environment under which this is counted. Once an hour has its fill, the new ones are one: what was counted there before an
/// update stays there after it.
fn counted_under<'k>(r: &Reader<'_>, key: &'k HourKey) -> Result<&'k str> {
    let known: i64 = r.value(
        "select exists (select 1 from releases_hours where hour = ? and project_id = ? and release_id = ? and environment = ?)",
        params![key.hour.0, key.project.0, key.release.0, key.environment],
    )?;
    if known != 0 {
        return Ok(&key.environment);
    }
    let count: i64 = r.value(
        "select count(*) from releases_hours where hour = ? and project_id = ? and release_id = ?",
        params![key.hour.0, key.project.0, key.release.0],
    )?;
    Ok(if count >= MAX_ENVIRONMENTS { OTHER } else { &key.environment })
}

pub fn add(tx: &mut Tx<'_>, key: &HourKey, delta: &Delta) -> Result<()> {
    let environment = counted_under(tx, key)?;
    tx.run(
        "insert into releases_hours (hour, project_id, release_id, environment, sessions, errored, unhandled, abnormal, crashed) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set sessions = sessions + excluded.sessions, \
         errored = errored + excluded.errored, unhandled = unhandled + excluded.unhandled, \
         abnormal = abnormal + excluded.abnormal, crashed = crashed + excluded.crashed",
        params![
            key.hour.0,
            key.project.0,
            key.release.0,
            environment,
            delta.sessions,
            delta.errored,
            delta.unhandled,
            delta.abnormal,
            delta.crashed
        ],
    )?;
    Ok(())
}

const SUMS: &str = "coalesce(sum(sessions), 0), coalesce(sum(errored), 0), coalesce(sum(unhandled), 0), coalesce(sum(abnormal), 0), \
     coalesce(sum(crashed), 0)";

fn read_counts(row: &Row<'_>, at: usize) -> rusqlite::Result<Counts> {
    let of = |offset: usize| row.get::<_, i64>(at + offset).map(count);
    Ok(Counts { sessions: of(0)?, errored: of(1)?, unhandled: of(2)?, abnormal: of(3)?, crashed: of(4)? })
}

/// By release, of one project, from the hour of `from` on.
pub fn sum_by_release(r: &Reader<'_>, project: ProjectId, from: Time) -> Result<Vec<(ReleaseId, Counts)>> {
    // The key is led by the hour: with the plus, this reads the hours of the window and nothing else.
    let sql = format!("select release_id, {SUMS} from releases_hours where hour >= ? and project_id = ? group by +release_id");
    r.rows(&sql, params![from.hour_start().0, project.0], |row| Ok((ReleaseId(row.get(0)?), read_counts(row, 1)?)))
}

/// Of all projects: project, release and counts.
pub fn sum_all(r: &Reader<'_>, from: Time) -> Result<Vec<(ProjectId, ReleaseId, Counts)>> {
    let sql = format!("select project_id, release_id, {SUMS} from releases_hours where hour >= ? group by project_id, +release_id");
    r.rows(&sql, [from.hour_start().0], |row| Ok((ProjectId(row.get(0)?), ReleaseId(row.get(1)?), read_counts(row, 2)?)))
}

/// Of one release.
pub fn sum_of(r: &Reader<'_>, release: ReleaseId, from: Time) -> Result<Counts> {
    let sql = format!("select {SUMS} from releases_hours where release_id = ? and hour >= ?");
    Ok(r.row(&sql, params![release.0, from.hour_start().0], |row| read_counts(row, 0))?.unwrap_or_default())
}

/// By environment, of one release; the busiest first. Not all of them: a sum is [`sum_of`]'s.
pub fn sum_by_environment(r: &Reader<'_>, release: ReleaseId, from: Time) -> Result<Vec<(String, Counts)>> {
    let sql = format!(
        "select environment, {SUMS} from releases_hours where release_id = ? and hour >= ? group by environment order by 2 desc limit 50"
    );
    r.rows(&sql, params![release.0, from.hour_start().0], |row| Ok((row.get(0)?, read_counts(row, 1)?)))
}

/// Of one release, in steps of `step` milliseconds; oldest first.
pub fn sum_by_step(r: &Reader<'_>, release: ReleaseId, from: Time, step: i64) -> Result<Vec<(Time, Counts)>> {
    let sql = format!(
        "select hour - hour % ?3, {SUMS} from releases_hours where release_id = ?1 and hour >= ?2 group by 1 order by 1 limit 2000"
    );
    r.rows(&sql, params![release.0, from.hour_start().0, step], |row| Ok((Time(row.get(0)?), read_counts(row, 1)?)))
}

pub fn remove_before(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from releases_hours where (hour, project_id, release_id, environment) in \
         (select hour, project_id, release_id, environment from releases_hours where hour < ? order by hour limit ?)",
        params![before.0, limit],
    )
}

pub fn remove_of(tx: &mut Tx<'_>, release: ReleaseId) -> Result<usize> {
    tx.run("delete from releases_hours where release_id = ?", [release.0])
}
