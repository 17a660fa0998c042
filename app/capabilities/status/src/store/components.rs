//! Groups, components, their feeds and the states people set.

use super::word;
use crate::model::{ComponentState, FeedRule};
use db::{Reader, Tx};
use kernel::ids::ComponentId;
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};
use std::collections::HashMap;

/// More than this is no page anybody reads.
pub const MOST: u32 = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    pub id: i64,
    pub public_id: String,
    pub name: String,
    pub position: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentRow {
    pub id: ComponentId,
    pub public_id: String,
    pub group_id: Option<i64>,
    pub name: String,
    pub description: String,
    pub position: i64,
    pub rule: FeedRule,
    pub feeds: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// Since when all its feeds are gone.
    pub loose_at: Option<Time>,
}

/// What a person or program says about a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentWrite {
    pub name: String,
    pub description: String,
    pub group_id: Option<i64>,
    pub rule: FeedRule,
    pub feeds: Vec<String>,
}

const COLUMNS: &str = "id, public_id, group_id, name, description, position, rule, created_at, updated_at, loose_at";

pub fn list_groups(r: &Reader<'_>) -> Result<Vec<GroupRow>> {
    r.rows("select id, public_id, name, position from status_groups order by position, id limit ?", [MOST], |row| {
        Ok(GroupRow { id: row.get(0)?, public_id: row.get(1)?, name: row.get(2)?, position: row.get(3)? })
    })
}

pub fn list_components(r: &Reader<'_>) -> Result<Vec<ComponentRow>> {
    let mut rows = r.rows(&format!("select {COLUMNS} from status_components order by position, id limit ?"), [MOST], read_component)?;
    let mut feeds: HashMap<i64, Vec<String>> = HashMap::new();
    let pairs: Vec<(i64, String)> =
        r.rows("select component_id, feed_key from status_component_feeds order by component_id, feed_key", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    for (id, key) in pairs {
        feeds.entry(id).or_default().push(key);
    }
    for row in &mut rows {
        row.feeds = feeds.remove(&row.id.0).unwrap_or_default();
    }
    Ok(rows)
}

pub fn get_component(r: &Reader<'_>, id: ComponentId) -> Result<ComponentRow> {
    let found = list_components(r)?.into_iter().find(|row| row.id == id);
    found.ok_or_else(|| Error::not_found("component"))
}

pub fn component_ids_by_feed(r: &Reader<'_>, key: &str) -> Result<Vec<ComponentId>> {
    r.rows("select component_id from status_component_feeds where feed_key = ? order by component_id limit 500", [key], |row| {
        row.get(0).map(ComponentId)
    })
}

pub fn count_components(r: &Reader<'_>) -> Result<i64> {
    r.value("select count(*) from status_components", [])
}

pub fn insert_component(tx: &mut Tx<'_>, write: &ComponentWrite) -> Result<ComponentId> {
    let position: i64 = tx.value("select coalesce(max(position), 0) + 1 from status_components", [])?;
    let id = tx.insert(
        "insert into status_components (public_id, group_id, name, description, position, rule, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
        params![kernel::ids::random_public_id(), write.group_id, write.name, write.description, position, write.rule.as_str(), tx.now.0, tx.now.0],
    )?;
    set_feeds(tx, ComponentId(id), &write.feeds)?;
    Ok(ComponentId(id))
}

pub fn update_component(tx: &mut Tx<'_>, id: ComponentId, write: &ComponentWrite) -> Result<()> {
    let changed = tx.run(
        "update status_components set group_id = ?, name = ?, description = ?, rule = ?, updated_at = ?, loose_at = null where id = ?",
        params![write.group_id, write.name, write.description, write.rule.as_str(), tx.now.0, id.0],
    )?;
    if changed == 0 {
        return Err(Error::not_found("component"));
    }
    set_feeds(tx, id, &write.feeds)
}

fn set_feeds(tx: &mut Tx<'_>, id: ComponentId, feeds: &[String]) -> Result<()> {
    tx.run("delete from status_component_feeds where component_id = ?", [id.0])?;
    for key in feeds {
        tx.run("insert into status_component_feeds (component_id, feed_key) values (?, ?) on conflict do nothing", params![id.0, key])?;
    }
    Ok(())
}

pub fn set_loose(tx: &mut Tx<'_>, id: ComponentId, is_loose: bool) -> Result<()> {
    tx.run("update status_components set loose_at = ? where id = ?", params![is_loose.then_some(tx.now.0), id.0])?;
    Ok(())
}

pub fn delete_component(tx: &mut Tx<'_>, id: ComponentId) -> Result<()> {
    match tx.run("delete from status_components where id = ?", [id.0])? {
        0 => Err(Error::not_found("component")),
        _ => Ok(()),
    }
}

pub fn set_position(tx: &mut Tx<'_>, id: ComponentId, position: i64) -> Result<()> {
    tx.run("update status_components set position = ? where id = ?", params![position, id.0])?;
    Ok(())
}

pub fn insert_group(tx: &mut Tx<'_>, name: &str) -> Result<i64> {
    let position: i64 = tx.value("select coalesce(max(position), 0) + 1 from status_groups", [])?;
    tx.insert(
        "insert into status_groups (public_id, name, position, created_at) values (?, ?, ?, ?)",
        params![kernel::ids::random_public_id(), name, position, tx.now.0],
    )
}

pub fn update_group(tx: &mut Tx<'_>, id: i64, name: &str, position: i64) -> Result<()> {
    match tx.run("update status_groups set name = ?, position = ? where id = ?", params![name, position, id])? {
        0 => Err(Error::not_found("group")),
        _ => Ok(()),
    }
}

pub fn delete_group(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("delete from status_groups where id = ?", [id])?;
    Ok(())
}

/// The state a person set, newest first; two in one millisecond are one.
pub fn set_state(tx: &mut Tx<'_>, id: ComponentId, state: ComponentState) -> Result<()> {
    tx.run(
        "insert into status_component_states (component_id, since_at, state) values (?, ?, ?) \
         on conflict (component_id, since_at) do update set state = excluded.state",
        params![id.0, tx.now.0, state.as_str()],
    )?;
    tx.run("update status_components set updated_at = ? where id = ?", params![tx.now.0, id.0])?;
    Ok(())
}

/// States set by hand since `from`, and the one that held at `from`; oldest first.
pub fn list_states(r: &Reader<'_>, id: ComponentId, from: Time) -> Result<Vec<(Time, ComponentState)>> {
    r.rows(
        "select since_at, state from status_component_states where component_id = ?1 and since_at >= \
           coalesce((select max(since_at) from status_component_states where component_id = ?1 and since_at <= ?2), ?2) \
         order by since_at limit 10000",
        params![id.0, from.0],
        |row| Ok((row.get(0).map(Time)?, word(row, 1)?)),
    )
}

fn read_component(row: &Row<'_>) -> rusqlite::Result<ComponentRow> {
    Ok(ComponentRow {
        id: row.get(0).map(ComponentId)?,
        public_id: row.get(1)?,
        group_id: row.get(2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        position: row.get(5)?,
        rule: word(row, 6)?,
        feeds: Vec::new(),
        created_at: row.get(7).map(Time)?,
        updated_at: row.get(8).map(Time)?,
        loose_at: row.get::<_, Option<i64>>(9)?.map(Time),
    })
}
