//! Counts by hour, in hermetic.db.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

use crate::model::Level;

/// Lines of one level that a project's programs wrote in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour {
    pub at: Time,
    pub project: ProjectId,
    pub level: Level,
}

pub fn add_hour(tx: &mut Tx<'_>, hour: Hour, lines: u64) -> Result<()> {
    tx.run(
        "insert into logs_hours (hour, project_id, level, lines) values (?, ?, ?, ?) \
         on conflict do update set lines = lines + excluded.lines",
        params![hour.at.0, hour.project.0, hour.level.code(), i64::try_from(lines).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

/// Of one project or of all that there are. By the primary key: a month of three projects has some 13,000 rows.
pub fn hours(r: &Reader<'_>, project: Option<ProjectId>, from: Time, to: Time) -> Result<Vec<(Time, Level, u64)>> {
    r.rows(HOURS, params![from.0, to.0, project.map(|id| id.0)], |row| {
        Ok((Time(row.get(0)?), Level::from_code(row.get(1)?), row.get::<_, i64>(2)?.unsigned_abs()))
    })
}

/// What a project counted that is gone stands in no total: its lines are not found any more either.
pub(crate) const HOURS: &str = "select hour, level, sum(lines) from logs_hours where hour >= ?1 and hour < ?2 and (?3 is null or project_id = ?3) \
     and project_id in (select id from identity_projects) group by hour, level order by hour, level";

pub fn prune_hours(tx: &mut Tx<'_>, before: Time) -> Result<usize> {
    tx.run("delete from logs_hours where hour < ?", [before.0])
}
