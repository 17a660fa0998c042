//! SQL of releases, in hermetic.db.

use db::{Reader, Tx};
use kernel::ids::{ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use crate::releases::Release;

const RELEASE_COLUMNS: &str = "id, project_id, version, created_at, released_at";

fn read_release(row: &Row<'_>) -> rusqlite::Result<Release> {
    Ok(Release {
        id: ReleaseId(row.get(0)?),
        project: ProjectId(row.get(1)?),
        version: row.get(2)?,
        created_at: Time(row.get(3)?),
        released_at: row.get::<_, Option<i64>>(4)?.map(Time),
    })
}

/// The release of this version, made when it is new: for what a person or their API key names. `version` has passed [`crate::releases::checked_version`].
pub fn ensure_release(tx: &mut Tx<'_>, project: ProjectId, version: &str, seen_at: Time) -> Result<Release> {
    if let Some(known) = find_release(tx, project, version)? {
        return Ok(known);
    }
    let id = tx
        .insert("insert into ingest_releases (project_id, version, created_at) values (?, ?, ?)", params![project.0, version, seen_at.0])?;
    Ok(Release { id: ReleaseId(id), project, version: version.to_owned(), created_at: seen_at, released_at: None })
}

/// New releases of one project that its reports may make in a day. Who deploys each commit has some hundreds; a program that names each of
/// its builds or starts has no end, and each would be a row for good.
pub const REPORTED_A_DAY: u32 = 500;

/// As [`ensure_release`], for a name that a report brought: anybody who has the public key can make names up. `None` beyond
/// [`REPORTED_A_DAY`]: what is reported then is of no release.
pub fn reported_release(tx: &mut Tx<'_>, project: ProjectId, version: &str, seen_at: Time) -> Result<Option<Release>> {
    if let Some(known) = find_release(tx, project, version)? {
        return Ok(Some(known));
    }
    let day = tx.now.day_start().0;
    let made =
        tx.row("select made from ingest_release_days where project_id = ? and day = ?", params![project.0, day], |row| row.get(0))?;
    if made.is_some_and(|made: u32| made >= REPORTED_A_DAY) {
        return Ok(None);
    }
    tx.run(
        "insert into ingest_release_days (project_id, day, made) values (?1, ?2, 1) on conflict (project_id) do update \
         set made = case when day = excluded.day then made + 1 else 1 end, day = excluded.day",
        params![project.0, day],
    )?;
    ensure_release(tx, project, version, seen_at).map(Some)
}

pub fn find_release(r: &Reader<'_>, project: ProjectId, version: &str) -> Result<Option<Release>> {
    let sql = format!("select {RELEASE_COLUMNS} from ingest_releases where project_id = ? and version = ?");
    r.row(&sql, params![project.0, version], read_release)
}

pub fn find_release_by_id(r: &Reader<'_>, id: ReleaseId) -> Result<Option<Release>> {
    r.row(&format!("select {RELEASE_COLUMNS} from ingest_releases where id = ?"), [id.0], read_release)
}

/// The newest first, by when they came.
pub fn list_releases(r: &Reader<'_>, project: ProjectId, limit: u32) -> Result<Vec<Release>> {
    let sql = format!("select {RELEASE_COLUMNS} from ingest_releases where project_id = ? order by id desc limit ?");
    r.rows(&sql, params![project.0, limit], read_release)
}

pub fn set_released(tx: &mut Tx<'_>, id: ReleaseId, at: Time) -> Result<()> {
    tx.run("update ingest_releases set released_at = ? where id = ?", params![at.0, id.0])?;
    Ok(())
}
