//! Rows of `uptime_vantages`: other places that look, each known by its API key.

use db::{Reader, Tx};
use kernel::{Result, Time};
use rusqlite::params;

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Vantage {
    pub key_id: i64,
    pub name: String,
    pub version: String,
    pub first_seen_at: Time,
    pub seen_at: Time,
    pub checks: i64,
}

pub fn seen(tx: &mut Tx<'_>, key_id: i64, name: &str, version: &str, checks: usize) -> Result<()> {
    tx.run(
        "insert into uptime_vantages (key_id, name, version, first_seen_at, seen_at, checks) values (?1, ?2, ?3, ?4, ?4, ?5) \
         on conflict (key_id) do update set name = excluded.name, version = excluded.version, seen_at = excluded.seen_at, \
         checks = checks + excluded.checks",
        params![key_id, name, version, tx.now.0, i64::try_from(checks).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

pub fn list(r: &Reader<'_>) -> Result<Vec<Vantage>> {
    r.rows("select key_id, name, version, first_seen_at, seen_at, checks from uptime_vantages order by name limit 100", [], |row| {
        Ok(Vantage {
            key_id: row.get(0)?,
            name: row.get(1)?,
            version: row.get(2)?,
            first_seen_at: Time(row.get(3)?),
            seen_at: Time(row.get(4)?),
            checks: row.get(5)?,
        })
    })
}

pub fn forget(tx: &mut Tx<'_>, key_id: i64) -> Result<()> {
    tx.run("delete from uptime_vantages where key_id = ?", [key_id])?;
    Ok(())
}
