//! What was counted as accepted and could not be counted for anything after all.

use db::Tx;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use rusqlite::params;

/// A digest refuses what the door accepted at `at`, and counts it as dropped: it must not stand in both columns, or they add up to more
/// than ever came. In telemetry.db.
pub fn take_back(tx: &mut Tx<'_>, project: ProjectId, category: &str, at: Time, quantity: u64) -> Result<()> {
    tx.run(
        "update ingest_outcomes set quantity = max(quantity - ?, 0) \
         where hour = ? and project_id = ? and category = ? and outcome = 'accepted' and reason = ''",
        params![i64::try_from(quantity).unwrap_or(i64::MAX), at.hour_start().0, project.0, category],
    )?;
    Ok(())
}
