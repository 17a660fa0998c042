//! Rows of `uptime_windows`.

use db::{Reader, Tx};
use kernel::ids::MonitorId;
use kernel::{Error, Result};
use rusqlite::{Row, params};

use super::{from_json, to_json};
use crate::model::window::{Window, WindowRule};

type Raw = (i64, String, String, String, bool, Option<i64>);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn window((id, title, rule, monitors, is_on, announced_as): Raw) -> Result<Window> {
    let (rule, monitors) = (from_json(&rule, "uptime_windows.rule")?, from_json(&monitors, "uptime_windows.monitors")?);
    Ok(Window { id, title, monitors, rule, is_on, announced_as })
}

pub fn list(r: &Reader<'_>) -> Result<Vec<Window>> {
    let rows = r.rows("select id, title, rule, monitors, is_on, announced_as from uptime_windows order by id desc limit 500", [], raw)?;
    rows.into_iter().map(window).collect()
}

pub fn insert(tx: &mut Tx<'_>, title: &str, rule: &WindowRule, monitors: &[MonitorId]) -> Result<i64> {
    tx.insert(
        "insert into uptime_windows (title, rule, monitors, is_on, created_at) values (?, ?, ?, 1, ?)",
        params![title, to_json(rule)?, to_json(&monitors)?, tx.now.0],
    )
}

pub fn delete(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    match tx.run("delete from uptime_windows where id = ?", [id])? {
        0 => Err(Error::not_found("maintenance window")),
        _ => Ok(()),
    }
}

/// A maintenance that the status page announced or moved: the same announcement keeps its window.
pub fn announce(tx: &mut Tx<'_>, maintenance: i64, title: &str, monitors: &[MonitorId], rule: &WindowRule) -> Result<()> {
    tx.run(
        "insert into uptime_windows (title, rule, monitors, is_on, announced_as, created_at) values (?, ?, ?, 1, ?, ?) \
         on conflict (announced_as) do update set title = excluded.title, rule = excluded.rule, monitors = excluded.monitors, is_on = 1",
        params![title, to_json(rule)?, to_json(&monitors)?, maintenance, tx.now.0],
    )?;
    Ok(())
}

pub fn end_announced(tx: &mut Tx<'_>, maintenance: i64) -> Result<()> {
    tx.run("delete from uptime_windows where announced_as = ?", [maintenance])?;
    Ok(())
}

/// A deleted monitor leaves its windows. One that covered nothing else goes with it: an empty list would mean all monitors.
pub fn forget(tx: &mut Tx<'_>, monitor: MonitorId) -> Result<()> {
    for window in list(tx)?.into_iter().filter(|window| window.monitors.contains(&monitor)) {
        let left: Vec<MonitorId> = window.monitors.iter().copied().filter(|id| *id != monitor).collect();
        if left.is_empty() {
            delete(tx, window.id)?;
        } else {
            tx.run("update uptime_windows set monitors = ? where id = ?", params![to_json(&left)?, window.id])?;
        }
    }
    Ok(())
}
