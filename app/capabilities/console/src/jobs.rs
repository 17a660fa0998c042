//! Tidying: what is finished and old goes, a little at a time.

use capability::Cx;
use kernel::Result;
use kernel::time::DAY;
use work::Job;

pub(crate) const TIDY: &str = "console.tidy";
pub(crate) const KEEP_FINISHED_DAYS: u32 = 30;
pub(crate) const KEEP_AUDITS_DAYS: u32 = 400;

/// Rows at a time: the writer serves others in between.
const BATCH: u32 = 500;

pub(crate) async fn tidy(cx: Cx, _job: Job) -> Result<()> {
    loop {
        let removed = cx.write(|tx| work::store::remove_finished(tx, tx.now - DAY * KEEP_FINISHED_DAYS, BATCH)).await?;
        if removed == 0 {
            break;
        }
    }
    loop {
        let removed = cx.write(|tx| identity::store::remove_audits(tx, tx.now - DAY * KEEP_AUDITS_DAYS, BATCH)).await?;
        if removed == 0 {
            return Ok(());
        }
    }
}
