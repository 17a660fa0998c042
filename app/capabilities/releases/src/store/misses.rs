//! SQL of files that were looked for in vain, in telemetry.db.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

/// More different files a day than this are not worth telling one by one.
const MAX_A_DAY: i64 = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    pub day: Time,
    pub file: String,
    pub reason: String,
}

pub fn is_known(r: &Reader<'_>, project: ProjectId, release: &str, file: &str, reason: &str) -> Result<bool> {
    let known: i64 = r.value(
        "select exists (select 1 from releases_misses where day = ? and project_id = ? and release = ? and file = ? and reason = ?)",
        params![r.now.day_start().0, project.0, release, file, reason],
    )?;
    Ok(known != 0)
}

pub fn is_full(r: &Reader<'_>, project: ProjectId) -> Result<bool> {
    let known: i64 = r.value(
        "select count(*) from (select 1 from releases_misses where day = ? and project_id = ? limit ?)",
        params![r.now.day_start().0, project.0, MAX_A_DAY],
    )?;
    Ok(known >= MAX_A_DAY)
}

pub fn add(tx: &mut Tx<'_>, project: ProjectId, release: &str, file: &str, reason: &str) -> Result<()> {
    tx.run(
        "insert or ignore into releases_misses (day, project_id, release, file, reason) values (?, ?, ?, ?, ?)",
        params![tx.now.day_start().0, project.0, release, file, reason],
    )?;
    Ok(())
}

/// Of a release, within the days that are kept; the latest first.
pub fn list(r: &Reader<'_>, project: ProjectId, release: &str, limit: u32) -> Result<Vec<Miss>> {
    r.rows(
        "select max(day), file, reason from releases_misses where day >= ? and project_id = ? and release = ? \
         group by file, reason order by 1 desc, 2 limit ?",
        params![(r.now - crate::settings::MISSES_KEPT).day_start().0, project.0, release, limit],
        |row| Ok(Miss { day: Time(row.get(0)?), file: row.get(1)?, reason: row.get(2)? }),
    )
}

pub fn remove_before(tx: &mut Tx<'_>, before: Time) -> Result<usize> {
    tx.run("delete from releases_misses where day < ?", [before.0])
}
