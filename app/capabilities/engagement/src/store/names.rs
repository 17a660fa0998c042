//! Names under which actions are counted. In hermetic.db.

use db::{Reader, Tx};
use kernel::{Error, Result, Time};
use rusqlite::params;
use std::collections::HashSet;

/// The number of a name in engagement_names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub i64);

/// Any action that makes a contact active.
pub const ANY: NameId = NameId(0);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub id: NameId,
    pub name: String,
    /// Whether doing it makes a contact active.
    pub is_activity: bool,
    pub created_at: Time,
}

/// A program that puts numbers into its names would make a row, and a bitmap a day, of each.
const MOST: i64 = 2_000;
/// Where what comes above that is counted.
pub const OTHERS: &str = "(other names)";

/// Leaving a page is something that the browser tells, not something that a contact does.
const PASSIVE: [&str; 1] = ["Page leave"];

pub fn find_name(r: &Reader<'_>, name: &str) -> Result<Option<NameId>> {
    r.row("select id from engagement_names where name = ?", [name], |row| row.get(0).map(NameId))
}

/// The name's number; a new one where there is none yet and room.
pub fn ensure_name(tx: &mut Tx<'_>, name: &str) -> Result<NameId> {
    if let Some(id) = find_name(tx, name)? {
        return Ok(id);
    }
    let is_full = tx.value::<i64>("select count(*) from engagement_names", [])? >= MOST;
    if is_full && name != OTHERS {
        return ensure_name(tx, OTHERS);
    }
    let is_activity = !PASSIVE.contains(&name);
    let id =
        tx.insert("insert into engagement_names (name, is_activity, created_at) values (?, ?, ?)", params![name, is_activity, tx.now.0])?;
    Ok(NameId(id))
}

/// By name.
pub fn list_names(r: &Reader<'_>) -> Result<Vec<Name>> {
    r.rows("select id, name, is_activity, created_at from engagement_names order by name", [], |row| {
        Ok(Name { id: NameId(row.get(0)?), name: row.get(1)?, is_activity: row.get(2)?, created_at: Time(row.get(3)?) })
    })
}

pub fn get_name(r: &Reader<'_>, id: NameId) -> Result<Name> {
    let sql = "select id, name, is_activity, created_at from engagement_names where id = ?";
    let name = r.row(sql, [id.0], |row| {
        Ok(Name { id: NameId(row.get(0)?), name: row.get(1)?, is_activity: row.get(2)?, created_at: Time(row.get(3)?) })
    })?;
    name.ok_or_else(|| Error::not_found("action"))
}

/// Names that make nobody active.
pub fn passive_names(r: &Reader<'_>) -> Result<HashSet<NameId>> {
    let ids = r.rows("select id from engagement_names where is_activity = 0", [], |row| row.get(0).map(NameId))?;
    Ok(ids.into_iter().collect())
}
