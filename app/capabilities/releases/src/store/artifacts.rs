//! SQL of uploads that are put together, in telemetry.db.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::{count, stored};
use crate::model::artifact::Labels;
use crate::model::{ArtifactKind, Checksum, DebugId};

/// SHA-256 of contents.
pub type Digest = [u8; 32];

/// What a blob is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    pub id: i64,
    pub digest: Digest,
    pub size: u64,
}

pub fn find_blob(r: &Reader<'_>, digest: &Digest) -> Result<Option<i64>> {
    r.row("select id from releases_blobs where digest = ?", [digest], |row| row.get(0))
}

/// Keeps contents, or finds them. Whoever keeps some again renews them: they are not swept before their bundle names them.
pub fn put_blob(tx: &mut Tx<'_>, digest: &Digest, size: u64, packed: &[u8]) -> Result<i64> {
    if let Some(known) = find_blob(tx, digest)? {
        renew_blob(tx, known)?;
        return Ok(known);
    }
    tx.insert(
        "insert into releases_blobs (digest, size, stored, added_at, bytes) values (?, ?, ?, ?, ?)",
        params![digest, stored(size), stored(packed.len() as u64), tx.now.0, packed],
    )
}

pub fn renew_blob(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("update releases_blobs set added_at = ? where id = ?", params![tx.now.0, id])?;
    Ok(())
}

/// As they lie here, compressed.
pub fn read_blob(r: &Reader<'_>, id: i64) -> Result<Option<Vec<u8>>> {
    r.row("select bytes from releases_blobs where id = ?", [id], |row| row.get(0))
}

/// What all contents take, and how many they are.
pub fn sum_blobs(r: &Reader<'_>) -> Result<(u64, u64)> {
    let sum = r.row("select coalesce(sum(stored), 0), count(*) from releases_blobs indexed by releases_blobs_by_added_at", [], |row| {
        Ok((count(row.get(0)?), count(row.get(1)?)))
    })?;
    Ok(sum.unwrap_or_default())
}

/// Contents that no file names (any more), added before `before`. Gives how many went.
pub fn sweep_blobs(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from releases_blobs where id in (select id from releases_blobs indexed by releases_blobs_by_added_at where added_at < ? \
         and not exists (select 1 from releases_artifacts where releases_artifacts.blob_id = releases_blobs.id) limit ?)",
        params![before.0, limit],
    )
}

/// An upload: whose it is and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBundle {
    pub project: ProjectId,
    pub checksum: Checksum,
    /// Empty where it belongs to no release.
    pub release: String,
    pub dist: String,
    pub size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    pub id: i64,
    pub project: ProjectId,
    pub checksum: Checksum,
    pub release: String,
    pub dist: String,
    pub size: u64,
    pub uploaded_at: Time,
    pub used_at: Time,
    pub is_announced: bool,
}

const BUNDLE_COLUMNS: &str = "id, project_id, checksum, release, dist, size, uploaded_at, used_at, announced_at is not null";

fn read_bundle(row: &Row<'_>) -> rusqlite::Result<Bundle> {
    Ok(Bundle {
        id: row.get(0)?,
        project: ProjectId(row.get(1)?),
        checksum: Checksum(row.get(2)?),
        release: row.get(3)?,
        dist: row.get(4)?,
        size: count(row.get(5)?),
        uploaded_at: Time(row.get(6)?),
        used_at: Time(row.get(7)?),
        is_announced: row.get(8)?,
    })
}

pub fn find_bundle(r: &Reader<'_>, wanted: &NewBundle) -> Result<Option<Bundle>> {
    let sql = format!("select {BUNDLE_COLUMNS} from releases_bundles where project_id = ? and checksum = ? and release = ? and dist = ?");
    r.row(&sql, params![wanted.project.0, wanted.checksum.0, wanted.release, wanted.dist], read_bundle)
}

pub fn find_bundle_by_checksum(r: &Reader<'_>, project: ProjectId, checksum: Checksum) -> Result<Option<Bundle>> {
    let sql = format!("select {BUNDLE_COLUMNS} from releases_bundles where project_id = ? and checksum = ? limit 1");
    r.row(&sql, params![project.0, checksum.0], read_bundle)
}

pub fn find_bundle_by_id(r: &Reader<'_>, project: ProjectId, id: i64) -> Result<Option<Bundle>> {
    r.row(&format!("select {BUNDLE_COLUMNS} from releases_bundles where id = ? and project_id = ?"), params![id, project.0], read_bundle)
}

pub fn new_bundle(tx: &mut Tx<'_>, new: &NewBundle, files: &[(Labels, i64)]) -> Result<i64> {
    let id = tx.insert(
        "insert into releases_bundles (project_id, checksum, release, dist, size, uploaded_at, used_at) values (?, ?, ?, ?, ?, ?, ?)",
        params![new.project.0, new.checksum.0, new.release, new.dist, stored(new.size), tx.now.0, tx.now.day_start().0],
    )?;
    for (labels, blob) in files {
        tx.run(
            "insert into releases_artifacts (bundle_id, project_id, kind, debug_id, release, dist, url, map_url, name, blob_id) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                id,
                new.project.0,
                labels.kind.as_str(),
                labels.debug_id.map(|id| id.0),
                new.release,
                new.dist,
                labels.url,
                labels.map_url,
                labels.name,
                blob
            ],
        )?;
    }
    Ok(id)
}

/// Its files go with it, and those of their contents that no other upload has.
pub fn remove_bundle(tx: &mut Tx<'_>, project: ProjectId, id: i64) -> Result<usize> {
    let blobs: Vec<i64> =
        tx.rows("select distinct blob_id from releases_artifacts where bundle_id = ? and project_id = ?", params![id, project.0], |row| {
            row.get(0)
        })?;
    let removed = tx.run("delete from releases_bundles where id = ? and project_id = ?", params![id, project.0])?;
    for blob in blobs {
        remove_unnamed_blob(tx, blob)?;
    }
    Ok(removed)
}

fn remove_unnamed_blob(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("delete from releases_blobs where id = ?1 and not exists (select 1 from releases_artifacts where blob_id = ?1)", [id])?;
    Ok(())
}

pub fn list_projects(r: &Reader<'_>) -> Result<Vec<ProjectId>> {
    r.rows("select distinct project_id from releases_bundles", [], |row| Ok(ProjectId(row.get(0)?)))
}

/// At most `limit` uploads of a project. Gives how many went.
pub fn remove_some_of(tx: &mut Tx<'_>, project: ProjectId, limit: u32) -> Result<usize> {
    let sql = "select id from releases_bundles where project_id = ? limit ?";
    let ids: Vec<i64> = tx.rows(sql, params![project.0, limit], |row| row.get(0))?;
    ids.into_iter().map(|id| remove_bundle(tx, project, id)).sum()
}

/// At most `limit` uploads of a release: each may be hundreds of megabytes, and reports wait for the end of the write. Gives how many went.
pub fn remove_some_of_release(tx: &mut Tx<'_>, project: ProjectId, release: &str, limit: u32) -> Result<usize> {
    let sql = "select id from releases_bundles where project_id = ? and release = ? limit ?";
    let ids: Vec<i64> = tx.rows(sql, params![project.0, release, limit], |row| row.get(0))?;
    ids.into_iter().map(|id| remove_bundle(tx, project, id)).sum()
}

/// Uploads of which the others were not told.
pub fn list_unannounced(r: &Reader<'_>, limit: u32) -> Result<Vec<Bundle>> {
    r.rows(&format!("select {BUNDLE_COLUMNS} from releases_bundles where announced_at is null order by id limit ?"), [limit], read_bundle)
}

pub fn set_announced(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("update releases_bundles set announced_at = ? where id = ?", params![tx.now.0, id])?;
    Ok(())
}

pub fn list_debug_ids(r: &Reader<'_>, bundle: i64) -> Result<Vec<DebugId>> {
    r.rows("select distinct debug_id from releases_artifacts where bundle_id = ? and debug_id is not null", [bundle], |row| {
        Ok(DebugId(row.get(0)?))
    })
}

/// Those of `ids` that were not used on `day` yet.
pub fn list_used_before(r: &Reader<'_>, ids: &[i64], day: Time) -> Result<Vec<i64>> {
    let mut old = Vec::new();
    for id in ids {
        old.extend(r.row("select id from releases_bundles where id = ? and used_at < ?", params![id, day.0], |row| row.get::<_, i64>(0))?);
    }
    Ok(old)
}

/// Once a day, which the order of eviction needs.
pub fn set_used(tx: &mut Tx<'_>, ids: &[i64]) -> Result<()> {
    let today = tx.now.day_start().0;
    for id in ids {
        tx.run("update releases_bundles set used_at = ?1 where id = ?2 and used_at < ?1", params![today, id])?;
    }
    Ok(())
}

/// The uploads that helped nobody for the longest time: those of a release together, those without a release each for itself.
pub fn find_least_used(r: &Reader<'_>) -> Result<Option<(ProjectId, String, i64)>> {
    r.row(
        "select project_id, release, min(id), max(used_at) from releases_bundles \
         group by project_id, release, case when release = '' then id end order by 4, 3 limit 1",
        [],
        |row| Ok((ProjectId(row.get(0)?), row.get(1)?, row.get(2)?)),
    )
}

/// A file as a resolver or a page needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    pub id: i64,
    pub bundle: i64,
    pub kind: ArtifactKind,
    pub debug_id: Option<DebugId>,
    pub release: String,
    pub dist: String,
    pub url: String,
    pub map_url: String,
    pub name: String,
    pub blob: Blob,
    pub used_at: Time,
    pub uploaded_at: Time,
    pub checksum: Checksum,
}

const ARTIFACT_COLUMNS: &str = "releases_artifacts.id, bundle_id, kind, debug_id, releases_artifacts.release, releases_artifacts.dist, url, \
     map_url, name, blob_id, digest, releases_blobs.size, used_at, uploaded_at, checksum";
const ARTIFACT_TABLES: &str = "releases_artifacts join releases_blobs on releases_blobs.id = blob_id \
     join releases_bundles on releases_bundles.id = bundle_id";

fn read_artifact(row: &Row<'_>) -> rusqlite::Result<Artifact> {
    let kind: String = row.get(2)?;
    Ok(Artifact {
        id: row.get(0)?,
        bundle: row.get(1)?,
        kind: ArtifactKind::parse(&kind).unwrap_or(ArtifactKind::Source),
        debug_id: row.get::<_, Option<[u8; 16]>>(3)?.map(DebugId),
        release: row.get(4)?,
        dist: row.get(5)?,
        url: row.get(6)?,
        map_url: row.get(7)?,
        name: row.get(8)?,
        blob: Blob { id: row.get(9)?, digest: row.get(10)?, size: count(row.get(11)?) },
        used_at: Time(row.get(12)?),
        uploaded_at: Time(row.get(13)?),
        checksum: Checksum(row.get(14)?),
    })
}

pub fn has_any(r: &Reader<'_>, project: ProjectId) -> Result<bool> {
    Ok(r.value::<i64>("select exists (select 1 from releases_bundles where project_id = ?)", [project.0])? != 0)
}

/// The newest first.
pub fn find_by_debug_id(r: &Reader<'_>, project: ProjectId, debug_id: DebugId) -> Result<Vec<Artifact>> {
    let sql = format!(
        "select {ARTIFACT_COLUMNS} from {ARTIFACT_TABLES} where releases_artifacts.project_id = ? and debug_id = ? \
         order by releases_artifacts.id desc limit 8"
    );
    r.rows(&sql, params![project.0, debug_id.0], read_artifact)
}

/// Of this dist, the newest first; then those that name none.
pub fn find_by_url(r: &Reader<'_>, project: ProjectId, release: &str, dist: &str, url: &str) -> Result<Vec<Artifact>> {
    let sql = format!(
        "select {ARTIFACT_COLUMNS} from {ARTIFACT_TABLES} where releases_artifacts.project_id = ?1 and releases_artifacts.release = ?2 \
         and url = ?3 and releases_artifacts.dist in (?4, '') order by releases_artifacts.dist <> ?4, releases_artifacts.id desc limit 16"
    );
    r.rows(&sql, params![project.0, release, url, dist], read_artifact)
}

/// What lies in one upload under this address.
pub fn find_in_bundle(r: &Reader<'_>, project: ProjectId, release: &str, bundle: i64, url: &str) -> Result<Vec<Artifact>> {
    let sql = format!(
        "select {ARTIFACT_COLUMNS} from {ARTIFACT_TABLES} where releases_artifacts.project_id = ? and releases_artifacts.release = ? \
         and url = ? and bundle_id = ? order by releases_artifacts.id limit 16"
    );
    r.rows(&sql, params![project.0, release, url, bundle], read_artifact)
}

/// Files of a release, by id from `after` on.
pub fn list_of_release(r: &Reader<'_>, project: ProjectId, release: &str, after: i64, limit: u32) -> Result<Vec<Artifact>> {
    let sql = format!(
        "select {ARTIFACT_COLUMNS} from {ARTIFACT_TABLES} where releases_artifacts.project_id = ? and releases_artifacts.release = ? \
         and releases_artifacts.id > ? order by releases_artifacts.id limit ?"
    );
    r.rows(&sql, params![project.0, release, after, limit], read_artifact)
}

/// Files of an upload.
pub fn list_of_bundle(r: &Reader<'_>, bundle: i64, limit: u32) -> Result<Vec<Artifact>> {
    let sql = format!("select {ARTIFACT_COLUMNS} from {ARTIFACT_TABLES} where bundle_id = ? order by releases_artifacts.id limit ?");
    r.rows(&sql, params![bundle, limit], read_artifact)
}

/// An upload that holds nothing any more goes with its last file.
pub fn remove_artifact(tx: &mut Tx<'_>, project: ProjectId, id: i64) -> Result<usize> {
    let Some(artifact) = find_artifact(tx, project, id)? else { return Ok(0) };
    let removed = tx.run("delete from releases_artifacts where id = ?", [id])?;
    tx.run(
        "delete from releases_bundles where id = ?1 and not exists (select 1 from releases_artifacts where bundle_id = ?1)",
        [artifact.bundle],
    )?;
    remove_unnamed_blob(tx, artifact.blob.id)?;
    Ok(removed)
}

pub fn find_artifact(r: &Reader<'_>, project: ProjectId, id: i64) -> Result<Option<Artifact>> {
    let sql =
        format!("select {ARTIFACT_COLUMNS} from {ARTIFACT_TABLES} where releases_artifacts.id = ? and releases_artifacts.project_id = ?");
    r.row(&sql, params![id, project.0], read_artifact)
}

/// What lies here for a release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    pub bundles: u64,
    pub files: u64,
    /// As they were uploaded.
    pub bytes: u64,
}

pub fn sum_of_release(r: &Reader<'_>, project: ProjectId, release: &str) -> Result<Held> {
    let files: i64 =
        r.value("select count(*) from releases_artifacts where project_id = ? and release = ?", params![project.0, release])?;
    let sum = r.row(
        "select count(*), coalesce(sum(size), 0) from releases_bundles where project_id = ? and release = ?",
        params![project.0, release],
        |row| Ok(Held { bundles: count(row.get(0)?), files: count(files), bytes: count(row.get(1)?) }),
    )?;
    Ok(sum.unwrap_or_default())
}
