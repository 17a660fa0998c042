//! SQL of silences.

use db::{Reader, Tx};
use kernel::ids::{AlertId, AlertRuleId};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::time;
use crate::ids::SilenceId;
use crate::silence::Silence;

const COLUMNS: &str = "id, rule_id, matching, alert_id, reason, starts_at, ends_at, made_by";

fn read(row: &Row<'_>) -> rusqlite::Result<Silence> {
    Ok(Silence {
        id: SilenceId(row.get(0)?),
        rule: row.get::<_, Option<i64>>(1)?.map(AlertRuleId),
        matching: row.get(2)?,
        alert: row.get::<_, Option<i64>>(3)?.map(AlertId),
        reason: row.get(4)?,
        starts_at: Time(row.get(5)?),
        ends_at: time(row, 6)?,
        made_by: row.get(7)?,
    })
}

pub fn insert(tx: &mut Tx<'_>, silence: &Silence) -> Result<SilenceId> {
    let id = tx.insert(
        "insert into alerts_silences (rule_id, matching, alert_id, reason, starts_at, ends_at, made_by) values (?, ?, ?, ?, ?, ?, ?)",
        params![
            silence.rule.map(|rule| rule.0),
            silence.matching,
            silence.alert.map(|alert| alert.0),
            silence.reason,
            silence.starts_at.0,
            silence.ends_at.map(|end| end.0),
            silence.made_by
        ],
    )?;
    tx.signal("alerts");
    Ok(SilenceId(id))
}

/// Ends it now; what it held is looked at by whoever calls this.
pub fn lift(tx: &mut Tx<'_>, id: SilenceId) -> Result<()> {
    tx.run("update alerts_silences set ends_at = ?2 where id = ?1 and (ends_at is null or ends_at > ?2)", params![id.0, tx.now.0])?;
    tx.signal("alerts");
    Ok(())
}

/// Silences of one alert end with it.
pub fn lift_of_alert(tx: &mut Tx<'_>, alert: AlertId) -> Result<()> {
    tx.run(
        "update alerts_silences set ends_at = ?2 where alert_id = ?1 and (ends_at is null or ends_at > ?2)",
        params![alert.0, tx.now.0],
    )?;
    Ok(())
}

pub fn find(r: &Reader<'_>, id: SilenceId) -> Result<Option<Silence>> {
    r.row(&format!("select {COLUMNS} from alerts_silences where id = ?"), [id.0], read)
}

/// Those that hold now or later. Uses alerts_silences_by_ends_at.
pub fn list_current(r: &Reader<'_>) -> Result<Vec<Silence>> {
    r.rows(
        &format!("select {COLUMNS} from alerts_silences where ends_at is null or ends_at > ? order by id desc limit 500"),
        [r.now.0],
        read,
    )
}

pub fn remove_old(tx: &mut Tx<'_>, before: Time) -> Result<usize> {
    tx.run("delete from alerts_silences where ends_at < ?", [before.0])
}
