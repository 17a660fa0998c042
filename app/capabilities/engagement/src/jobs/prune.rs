//! What leaves: actions past their window, ids of messages after 30 days, and what SDKs sent, once it was counted.

use capability::Cx;
use ingest::Kind;
use kernel::time::DAY;
use kernel::{Error, Result};

use crate::{digest, erase, settings, store};

/// Rows of one transaction: the door waits behind it.
const BATCH: u32 = 2_000;
const ITEMS: u32 = 200;
/// For so long a message that is sent again is known.
const ID_DAYS: u32 = 30;

pub async fn run(cx: Cx) -> Result<()> {
    let now = cx.now();
    let house = cx.clone();
    let ended = tokio::task::spawn_blocking(move || erase::end_erasures(&house)).await;
    ended.unwrap_or_else(|panic| Err(Error::internal("ending erasures").because(panic)))?;
    let (keep, cursor) = cx.read(|r| Ok((settings::keep(r)?, ingest::store::cursor(r, digest::NAME)?))).await?;
    while cx.telemetry.write(move |tx| store::remove_before(tx, now - keep, BATCH)).await? > 0 {}
    while cx.telemetry.write(move |tx| store::forget_ids(tx, now - DAY * ID_DAYS, BATCH)).await? > 0 {}
    // A day's worth stays, so that a state restored from an older moment counts what came since.
    loop {
        let mut ids = cx.telemetry.read(move |r| ingest::store::items_before(r, &[Kind::Actions], now - DAY, ITEMS)).await?;
        ids.retain(|id| *id <= cursor);
        if ids.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| ingest::store::remove_items(tx, &ids)).await?;
    }
}
