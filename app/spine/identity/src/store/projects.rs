//! SQL of projects and their DSN keys.

use db::{Reader, Tx};
use kernel::ids::{DsnKeyId, ProjectId};
use kernel::{Error, Kind, Result, Time};
use rusqlite::{Row, params};

use crate::PROJECTS_TOPIC;
use crate::projects::{DsnKey, Project, ProjectDraft, random_public_key};

const PROJECT_COLUMNS: &str = "id, slug, name, platform, allowed_origins, keeps_addresses, scrub_fields, safe_fields, created_at";

fn read_project(row: &Row<'_>) -> rusqlite::Result<Project> {
    Ok(Project {
        id: ProjectId(row.get(0)?),
        slug: row.get(1)?,
        name: row.get(2)?,
        platform: row.get(3)?,
        allowed_origins: lines(row.get(4)?),
        keeps_addresses: row.get(5)?,
        scrub_fields: lines(row.get(6)?),
        safe_fields: lines(row.get(7)?),
        created_at: Time(row.get(8)?),
    })
}

fn lines(text: String) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// With a first key, so that there is a DSN to show at once.
pub fn new_project(tx: &mut Tx<'_>, draft: ProjectDraft) -> Result<(Project, DsnKey)> {
    let draft = draft.checked()?;
    let inserted = tx.insert(
        "insert into identity_projects (slug, name, platform, allowed_origins, keeps_addresses, scrub_fields, safe_fields, created_at) \
         values (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            draft.slug,
            draft.name,
            draft.platform,
            draft.allowed_origins.join("\n"),
            draft.keeps_addresses,
            draft.scrub_fields.join("\n"),
            draft.safe_fields.join("\n"),
            tx.now.0
        ],
    );
    let id = ProjectId(inserted.map_err(taken)?);
    let key = new_dsn_key(tx, id, "Default")?;
    Ok((get_project(tx, id)?, key))
}

pub fn update_project(tx: &mut Tx<'_>, id: ProjectId, draft: ProjectDraft) -> Result<()> {
    let draft = draft.checked()?;
    let changed = tx.run(
        "update identity_projects set slug = ?, name = ?, platform = ?, allowed_origins = ?, keeps_addresses = ?, scrub_fields = ?, \
         safe_fields = ? where id = ?",
        params![
            draft.slug,
            draft.name,
            draft.platform,
            draft.allowed_origins.join("\n"),
            draft.keeps_addresses,
            draft.scrub_fields.join("\n"),
            draft.safe_fields.join("\n"),
            id.0
        ],
    );
    tx.signal(PROJECTS_TOPIC);
    if changed.map_err(taken)? == 0 { Err(Error::not_found("project")) } else { Ok(()) }
}

fn taken(error: Error) -> Error {
    match error.kind {
        Kind::Conflict => Error::field("slug", "There is a project with this short name already."),
        _ => error,
    }
}

/// All of them: a small SaaS has a handful of programs.
pub fn list_projects(r: &Reader<'_>) -> Result<Vec<Project>> {
    r.rows(&format!("select {PROJECT_COLUMNS} from identity_projects order by name, id limit 1000"), [], read_project)
}

pub fn get_project(r: &Reader<'_>, id: ProjectId) -> Result<Project> {
    find_project(r, id)?.ok_or_else(|| Error::not_found("project"))
}

pub fn find_project(r: &Reader<'_>, id: ProjectId) -> Result<Option<Project>> {
    r.row(&format!("select {PROJECT_COLUMNS} from identity_projects where id = ?"), [id.0], read_project)
}

/// By its short name or, as sentry-cli allows, by its number.
pub fn find_project_by_slug(r: &Reader<'_>, slug: &str) -> Result<Option<Project>> {
    let by_slug = r.row(&format!("select {PROJECT_COLUMNS} from identity_projects where slug = ?"), [slug], read_project)?;
    match (by_slug, slug.parse()) {
        (Some(project), _) => Ok(Some(project)),
        (None, Ok(id)) => find_project(r, ProjectId(id)),
        (None, Err(_)) => Ok(None),
    }
}

/// Its keys go with it, and all state that belongs to it. What it has reported goes a day later (`ingest::retention`).
pub fn remove_project(tx: &mut Tx<'_>, id: ProjectId) -> Result<()> {
    let removed = tx.run("delete from identity_projects where id = ?", [id.0])?;
    tx.signal(PROJECTS_TOPIC);
    if removed == 0 { Err(Error::not_found("project")) } else { Ok(()) }
}

const KEY_COLUMNS: &str = "id, project_id, public_key, label, is_active, per_minute, created_at";

fn read_dsn_key(row: &Row<'_>) -> rusqlite::Result<DsnKey> {
    Ok(DsnKey {
        id: DsnKeyId(row.get(0)?),
        project: ProjectId(row.get(1)?),
        public_key: row.get(2)?,
        label: row.get(3)?,
        is_active: row.get(4)?,
        per_minute: row.get(5)?,
        created_at: Time(row.get(6)?),
    })
}

pub fn new_dsn_key(tx: &mut Tx<'_>, project: ProjectId, label: &str) -> Result<DsnKey> {
    insert_dsn_key(tx, project, label, &random_public_key())
}

/// With a key that programs out there know already: moving here from another server, or a test.
pub fn insert_dsn_key(tx: &mut Tx<'_>, project: ProjectId, label: &str, public_key: &str) -> Result<DsnKey> {
    let is_plain = (1..=64).contains(&public_key.len()) && public_key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_plain {
        return Err(Error::field("public_key", "A key has 1 to 64 letters and digits."));
    }
    let id = tx.insert(
        "insert into identity_dsn_keys (project_id, public_key, label, is_active, per_minute, created_at) values (?, ?, ?, 1, null, ?)",
        params![project.0, public_key, label, tx.now.0],
    )?;
    tx.signal(PROJECTS_TOPIC);
    get_dsn_key(tx, DsnKeyId(id))
}

pub fn get_dsn_key(r: &Reader<'_>, id: DsnKeyId) -> Result<DsnKey> {
    let found = r.row(&format!("select {KEY_COLUMNS} from identity_dsn_keys where id = ?"), [id.0], read_dsn_key)?;
    found.ok_or_else(|| Error::not_found("key"))
}

pub fn list_dsn_keys(r: &Reader<'_>) -> Result<Vec<DsnKey>> {
    r.rows(&format!("select {KEY_COLUMNS} from identity_dsn_keys order by project_id, id limit 10000"), [], read_dsn_key)
}

pub fn list_dsn_keys_of(r: &Reader<'_>, project: ProjectId) -> Result<Vec<DsnKey>> {
    r.rows(&format!("select {KEY_COLUMNS} from identity_dsn_keys where project_id = ? order by id limit 1000"), [project.0], read_dsn_key)
}

/// Off is at once: whoever shows the key is refused from the next request on.
pub fn set_dsn_key(tx: &mut Tx<'_>, id: DsnKeyId, label: &str, is_active: bool, per_minute: Option<u32>) -> Result<()> {
    let changed = tx.run(
        "update identity_dsn_keys set label = ?, is_active = ?, per_minute = ? where id = ?",
        params![label, is_active, per_minute, id.0],
    )?;
    tx.signal(PROJECTS_TOPIC);
    if changed == 0 { Err(Error::not_found("key")) } else { Ok(()) }
}

pub fn remove_dsn_key(tx: &mut Tx<'_>, id: DsnKeyId) -> Result<()> {
    let removed = tx.run("delete from identity_dsn_keys where id = ?", [id.0])?;
    tx.signal(PROJECTS_TOPIC);
    if removed == 0 { Err(Error::not_found("key")) } else { Ok(()) }
}
