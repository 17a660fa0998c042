//! Maintenances, what they cover and what was said about them.

use super::word;
use crate::model::maintenance::MaintenanceUpdateView;
use crate::model::{MaintenancePhase, MaintenanceView};
use db::{Reader, Tx};
use kernel::ids::{ComponentId, MaintenanceId, MonitorId};
use kernel::paging::{Page, PageRequest};
use kernel::{Error, Result, Time};
use rusqlite::{Params, Row, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceRow {
    pub id: MaintenanceId,
    /// Also when all components it covered are deleted.
    pub names_components: bool,
    pub view: MaintenanceView,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceWrite {
    pub title: String,
    pub starts_at: Time,
    pub ends_at: Time,
    pub components: Vec<ComponentId>,
}

const COLUMNS: &str = "id, public_id, title, phase, starts_at, ends_at, updated_at, names_components";

/// Those that end after `since`, by start, newest first. Uses status_maintenances_by_starts_at.
pub fn list_public(r: &Reader<'_>, since: Time) -> Result<Vec<MaintenanceRow>> {
    list(r, &format!("select {COLUMNS} from status_maintenances where ends_at >= ? order by starts_at desc, id desc limit 300"), [since.0])
}

pub fn list_all(r: &Reader<'_>, page: &PageRequest) -> Result<Page<MaintenanceRow>> {
    let sql = format!("select {COLUMNS} from status_maintenances where id < ?1 order by id desc limit ?2");
    Ok(Page::from_rows(list(r, &sql, params![page.before(), page.limit() + 1])?, page, |row| row.id.0))
}

/// Scheduled or running. Uses status_maintenances_by_phase.
pub fn list_ahead(r: &Reader<'_>) -> Result<Vec<MaintenanceRow>> {
    list(
        r,
        &format!("select {COLUMNS} from status_maintenances where phase in ('scheduled', 'in_progress') order by starts_at limit 300"),
        [],
    )
}

pub fn find_maintenance(r: &Reader<'_>, id: MaintenanceId) -> Result<Option<MaintenanceRow>> {
    Ok(list(r, &format!("select {COLUMNS} from status_maintenances where id = ?"), [id.0])?.pop())
}

pub fn get_maintenance(r: &Reader<'_>, id: MaintenanceId) -> Result<MaintenanceRow> {
    find_maintenance(r, id)?.ok_or_else(|| Error::not_found("maintenance"))
}

/// The monitors behind the components a maintenance covers.
pub fn list_monitors(r: &Reader<'_>, id: MaintenanceId) -> Result<Vec<MonitorId>> {
    let keys: Vec<String> = r.rows(
        "select distinct feed.feed_key from status_maintenance_components as covered \
         join status_component_feeds as feed on feed.component_id = covered.component_id where covered.maintenance_id = ? order by feed.feed_key limit 1000",
        [id.0],
        |row| row.get(0),
    )?;
    Ok(keys.iter().filter_map(|key| key.strip_prefix("uptime:")?.parse().ok()).collect())
}

pub fn insert_maintenance(tx: &mut Tx<'_>, write: &MaintenanceWrite) -> Result<MaintenanceId> {
    let id = tx.insert(
        "insert into status_maintenances (public_id, title, phase, starts_at, ends_at, created_at, updated_at) values (?, ?, 'scheduled', ?, ?, ?, ?)",
        params![kernel::ids::random_public_id(), write.title, write.starts_at.0, write.ends_at.0, tx.now.0, tx.now.0],
    )?;
    set_components(tx, MaintenanceId(id), &write.components)?;
    Ok(MaintenanceId(id))
}

pub fn update_maintenance(tx: &mut Tx<'_>, id: MaintenanceId, write: &MaintenanceWrite) -> Result<()> {
    let changed = tx.run(
        "update status_maintenances set title = ?, starts_at = ?, ends_at = ?, updated_at = ? where id = ?",
        params![write.title, write.starts_at.0, write.ends_at.0, tx.now.0, id.0],
    )?;
    if changed == 0 {
        return Err(Error::not_found("maintenance"));
    }
    set_components(tx, id, &write.components)
}

/// Who takes the components out means the whole page; who changes something else, after these were deleted, does not.
fn set_components(tx: &mut Tx<'_>, id: MaintenanceId, components: &[ComponentId]) -> Result<()> {
    tx.run(
        "update status_maintenances set names_components = case when ?1 then 1 \
           when exists (select 1 from status_maintenance_components where maintenance_id = ?2) then 0 else names_components end where id = ?2",
        params![!components.is_empty(), id.0],
    )?;
    tx.run("delete from status_maintenance_components where maintenance_id = ?", [id.0])?;
    for component in components {
        tx.run(
            "insert into status_maintenance_components (maintenance_id, component_id) values (?, ?) on conflict do nothing",
            params![id.0, component.0],
        )?;
    }
    Ok(())
}

pub fn insert_update(tx: &mut Tx<'_>, id: MaintenanceId, phase: MaintenancePhase, body: &str) -> Result<i64> {
    tx.run("update status_maintenances set phase = ?, updated_at = ? where id = ?", params![phase.as_str(), tx.now.0, id.0])?;
    tx.insert(
        "insert into status_maintenance_updates (maintenance_id, phase, body, at) values (?, ?, ?, ?)",
        params![id.0, phase.as_str(), body, tx.now.0],
    )
}

/// As [`super::reports::untold_updates`].
pub fn untold_updates(r: &Reader<'_>, id: MaintenanceId, after: i64) -> Result<Option<(i64, i64)>> {
    let sql = "select min(id), max(id) from status_maintenance_updates where maintenance_id = ? and id > ?";
    let found: Option<(Option<i64>, Option<i64>)> = r.row(sql, params![id.0, after], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.and_then(|(first, last)| first.zip(last)))
}

fn list(r: &Reader<'_>, sql: &str, params: impl Params) -> Result<Vec<MaintenanceRow>> {
    let mut rows = r.rows(sql, params, read_maintenance)?;
    for row in &mut rows {
        row.view.components = r.rows(
            "select component_id from status_maintenance_components where maintenance_id = ? order by component_id limit 500",
            [row.id.0],
            |row| row.get(0).map(ComponentId),
        )?;
        row.view.updates = r.rows(
            "select id, phase, body, at from status_maintenance_updates where maintenance_id = ? order by at desc, id desc limit 200",
            [row.id.0],
            |row| Ok(MaintenanceUpdateView { id: row.get(0)?, phase: word(row, 1)?, body: row.get(2)?, at: row.get(3).map(Time)? }),
        )?;
    }
    Ok(rows)
}

fn read_maintenance(row: &Row<'_>) -> rusqlite::Result<MaintenanceRow> {
    Ok(MaintenanceRow {
        id: row.get(0).map(MaintenanceId)?,
        names_components: row.get(7)?,
        view: MaintenanceView {
            public_id: row.get(1)?,
            title: row.get(2)?,
            phase: word(row, 3)?,
            starts_at: row.get(4).map(Time)?,
            ends_at: row.get(5).map(Time)?,
            updated_at: row.get(6).map(Time)?,
            components: Vec::new(),
            updates: Vec::new(),
        },
    })
}
