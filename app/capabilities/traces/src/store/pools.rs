//! SQL of the pools of connections, in hermetic.db.

use db::{Reader, Tx};
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

use crate::model::pool::Report;

/// Pools of one project that are told apart; what a program makes up beyond is not.
const MOST: i64 = 50;

pub fn note(tx: &mut Tx<'_>, project: ProjectId, report: &Report) -> Result<()> {
    tx.run(
        "insert into traces_pools (project_id, pool, used, used_at, most) select ?1, ?2, ?3, ?4, ?5 \
         where (select count(*) from traces_pools where project_id = ?1 and pool != ?2) < ?6 \
         on conflict do update set used = coalesce(excluded.used, used), used_at = coalesce(excluded.used_at, used_at), \
         most = coalesce(excluded.most, most)",
        params![project.0, report.pool, report.used, report.used.map(|_| tx.now.0), report.most, MOST],
    )?;
    Ok(())
}

/// Percent in use of the fullest pool that was told of since, and of how many pools; `None` without any whose size is known.
pub fn fullest(r: &Reader<'_>, since: Time) -> Result<Option<(f64, u64)>> {
    let found = r.row("select max(100.0 * used / most), count(*) from traces_pools where used_at >= ? and most > 0", [since.0], |row| {
        Ok((row.get::<_, Option<f64>>(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    Ok(found.and_then(|(percent, pools)| Some((percent?, pools))))
}

/// Of processes that have ended.
pub fn remove_old(tx: &mut Tx<'_>, before: Time) -> Result<usize> {
    tx.run("delete from traces_pools where coalesce(used_at, 0) < ?", [before.0])
}
