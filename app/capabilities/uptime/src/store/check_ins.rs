//! Rows of `uptime_check_ins`: jobs that report by check-ins, watched or not.

use db::{Reader, Tx};
use kernel::ids::{MonitorId, ProjectId};
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};

use super::to_json;
use crate::model::check_in::{Config, Job};
use crate::model::watch::HeartbeatWatch;

#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: i64,
    pub job: Job,
    pub monitor: Option<MonitorId>,
    pub config: Option<Config>,
    pub applied: Option<HeartbeatWatch>,
    pub refusal: String,
    pub seen: u64,
    pub first_seen_at: Time,
    pub last_seen_at: Time,
}

const COLUMNS: &str = "id, project_id, slug, environment, monitor_id, config, applied, refusal, seen, first_seen_at, last_seen_at";

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let (config, applied): (String, String) = (row.get(5)?, row.get(6)?);
    Ok(Record {
        id: row.get(0)?,
        job: Job { project: ProjectId(row.get(1)?), slug: row.get(2)?, environment: row.get(3)? },
        monitor: row.get::<_, Option<i64>>(4)?.map(MonitorId),
        config: serde_json::from_str(&config).ok(),
        applied: serde_json::from_str(&applied).ok(),
        refusal: row.get(7)?,
        seen: row.get::<_, i64>(8)?.unsigned_abs(),
        first_seen_at: Time(row.get(9)?),
        last_seen_at: Time(row.get(10)?),
    })
}

pub fn find(r: &Reader<'_>, job: &Job) -> Result<Option<Record>> {
    let sql = format!("select {COLUMNS} from uptime_check_ins where project_id = ? and slug = ? and environment = ?");
    r.row(&sql, params![job.project.0, job.slug, job.environment], record)
}

pub fn get(r: &Reader<'_>, id: i64) -> Result<Record> {
    let found = r.row(&format!("select {COLUMNS} from uptime_check_ins where id = ?"), [id], record)?;
    found.ok_or_else(|| Error::not_found("job"))
}

pub fn find_by_monitor(r: &Reader<'_>, monitor: MonitorId) -> Result<Option<Record>> {
    r.row(&format!("select {COLUMNS} from uptime_check_ins where monitor_id = ? limit 1"), [monitor.0], record)
}

/// All of them: their number is capped by project.
pub fn list(r: &Reader<'_>) -> Result<Vec<Record>> {
    r.rows(&format!("select {COLUMNS} from uptime_check_ins order by slug, environment, project_id limit 5000"), [], record)
}

/// (known, watched) jobs of a project.
pub fn count(r: &Reader<'_>, project: ProjectId) -> Result<(u64, u64)> {
    let row = r.row("select count(*), count(monitor_id) from uptime_check_ins where project_id = ?", [project.0], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    Ok(row.unwrap_or_default())
}

pub fn insert(tx: &mut Tx<'_>, job: &Job, at: Time) -> Result<Record> {
    let id = tx.insert(
        "insert into uptime_check_ins (project_id, slug, environment, monitor_id, config, applied, refusal, seen, first_seen_at, last_seen_at) \
         values (?, ?, ?, null, '', '', '', 0, ?, ?)",
        params![job.project.0, job.slug, job.environment, at.0, at.0],
    )?;
    get(tx, id)
}

pub fn save(tx: &mut Tx<'_>, record: &Record) -> Result<()> {
    let (config, applied) = (record.config.as_ref().map(to_json).transpose()?, record.applied.as_ref().map(to_json).transpose()?);
    tx.run(
        "update uptime_check_ins set monitor_id = ?, config = ?, applied = ?, refusal = ?, seen = ?, last_seen_at = ? where id = ?",
        params![
            record.monitor.map(|id| id.0),
            config.unwrap_or_default(),
            applied.unwrap_or_default(),
            record.refusal,
            i64::try_from(record.seen).unwrap_or(i64::MAX),
            record.last_seen_at.0,
            record.id
        ],
    )?;
    Ok(())
}

pub fn remove(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("delete from uptime_check_ins where id = ?", [id])?;
    Ok(())
}
