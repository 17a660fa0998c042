//! SQL of the names that rollups count, and of environments.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::{Row, params};
use std::collections::HashSet;

use crate::model::family::Family;
use crate::model::rows::{Name, NameId};

const COLUMNS: &str = "id, project_id, family, name, op";

fn read(row: &Row<'_>) -> rusqlite::Result<(NameId, Name)> {
    let code: i64 = row.get(2)?;
    let name = Name {
        project: ProjectId(row.get(1)?),
        family: Family::from_code(code).ok_or(rusqlite::Error::IntegralValueOutOfRange(2, code))?,
        name: row.get(3)?,
        op: row.get(4)?,
    };
    Ok((NameId(row.get(0)?), name))
}

pub fn find(r: &Reader<'_>, id: NameId) -> Result<Option<Name>> {
    Ok(r.row(&format!("select {COLUMNS} from traces_names where id = ?"), [id.0], read)?.map(|(_, name)| name))
}

/// Those of these names that contain `text`, which is in small letters.
pub fn containing(r: &Reader<'_>, ids: impl Iterator<Item = NameId>, text: &str) -> Result<HashSet<NameId>> {
    let mut found = HashSet::new();
    for id in ids {
        if find(r, id)?.is_some_and(|name| name.name.to_lowercase().contains(text)) {
            found.insert(id);
        }
    }
    Ok(found)
}

/// Makes it known, and that it was seen on this day; writes nothing when that is known.
pub fn note(tx: &mut Tx<'_>, id: NameId, name: &Name, day: Time) -> Result<()> {
    tx.run(
        "insert into traces_names (id, project_id, family, name, op, first_at, last_day) values (?, ?, ?, ?, ?, ?, ?) \
         on conflict (id) do update set last_day = excluded.last_day where last_day < excluded.last_day",
        params![id.0, name.project.0, name.family.code(), name.name, name.op, tx.now.0, day.0],
    )?;
    Ok(())
}

/// Whether the name was seen on this day or later.
pub fn is_seen(r: &Reader<'_>, id: NameId, day: Time) -> Result<bool> {
    Ok(r.value::<i64>("select exists (select 1 from traces_names where id = ? and last_day >= ?)", params![id.0, day.0])? != 0)
}

/// How many names of the family the project has on this day. By `traces_names_by_project_id_last_day`.
pub fn count(r: &Reader<'_>, project: ProjectId, family: Family, day: Time) -> Result<usize> {
    let count: i64 = r.value(
        "select count(*) from traces_names where project_id = ? and last_day = ? and family = ?",
        params![project.0, day.0, family.code()],
    )?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Whether the family had more names on this day than are told apart.
pub fn has_other(r: &Reader<'_>, other: &Name, day: Time) -> Result<bool> {
    let found: i64 = r.value(
        "select exists (select 1 from traces_names where project_id = ? and last_day = ? and family = ? and name = ?)",
        params![other.project.0, day.0, other.family.code(), other.name],
    )?;
    Ok(found != 0)
}

/// Endpoints, pages and others whose name contains `text`, the most recently seen first.
pub fn search(r: &Reader<'_>, text: &str, limit: u32) -> Result<Vec<(NameId, Name)>> {
    let sql = format!(
        "select {COLUMNS} from traces_names where family in (1, 2, 3) and instr(lower(name), lower(?)) > 0 order by last_day desc, name limit ?"
    );
    r.rows(&sql, params![text, limit], read)
}

pub fn note_environment(tx: &mut Tx<'_>, project: ProjectId, name: &str, day: Time) -> Result<()> {
    tx.run(
        "insert into traces_environments (project_id, name, last_day) values (?, ?, ?) \
         on conflict do update set last_day = excluded.last_day where last_day < excluded.last_day",
        params![project.0, name, day.0],
    )?;
    Ok(())
}

/// Those of one project that are told apart.
pub fn environments_of(r: &Reader<'_>, project: ProjectId) -> Result<HashSet<String>> {
    let names = r.rows("select name from traces_environments where project_id = ? limit 100", [project.0], |row| row.get(0))?;
    Ok(names.into_iter().collect())
}

/// Of one project or all, at most fifty.
pub fn environments(r: &Reader<'_>, project: Option<ProjectId>) -> Result<Vec<String>> {
    r.rows(
        "select name from traces_environments where ?1 is null or project_id = ?1 group by name order by max(last_day) desc, name limit 50",
        [project.map(|id| id.0)],
        |row| row.get(0),
    )
}

pub fn has_any(r: &Reader<'_>) -> Result<bool> {
    Ok(r.value::<i64>("select exists (select 1 from traces_names)", [])? != 0)
}

/// Names that no row of a rollup can carry any more.
pub fn remove_old(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run("delete from traces_environments where last_day < ?", [before.0])?;
    tx.run("delete from traces_names where id in (select id from traces_names where last_day < ? limit ?)", params![before.0, limit])
}
