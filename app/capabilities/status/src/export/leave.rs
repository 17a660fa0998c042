//! Former places of the export: what was put there is taken back when another place, or none, is chosen. What cannot be taken
//! back is remembered, said, and tried again each hour.

use super::target::Target;
use super::{Kept, Place};
use crate::settings;
use crate::store::exports;
use capability::Cx;
use kernel::time::HOUR;
use kernel::{Result, Time};

/// A former place that still holds what was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub id: i64,
    pub place: String,
    pub left_at: Time,
    pub tried_at: Time,
    pub failure: String,
}

/// Before anything goes to the present place, which may be the former one in other words.
pub(super) async fn leave(cx: &Cx, kept: &mut Kept, present: &str, is_thorough: bool) -> Result<()> {
    if let Some(target) = kept.target.take_if(|target| target.address() != present) {
        kept.leaving.insert(target.address().to_owned(), target);
    }
    let (former, left) = cx.read(|r| Ok((exports::find(r)?, exports::list_left(r)?))).await?;
    if left.iter().any(|left| left.place == present) {
        let place = present.to_owned();
        cx.write(move |tx| exports::remove_left(tx, &place)).await?;
    }
    let now = cx.now();
    for left in left.iter().filter(|left| left.place != present && (is_thorough || left.tried_at + HOUR <= now)) {
        take_back(cx, kept, left.clone(), true).await?;
    }
    if let Some(former) = former.filter(|former| former.place != present) {
        let left = Left { id: 0, place: former.place, left_at: now, tried_at: now, failure: String::new() };
        // What never arrived once has mostly nothing there: an address with a slip is nothing to be told of for ever.
        take_back(cx, kept, left, former.done_at.is_some()).await?;
    }
    Ok(())
}

async fn take_back(cx: &Cx, kept: &mut Kept, mut left: Left, is_told: bool) -> Result<()> {
    let taken = try_take_back(cx, kept, &left.place).await;
    let is_done = taken.is_ok();
    if let Err(error) = taken {
        tracing::warn!(place = left.place, reason = error.chain(), "what was exported to a former place could not be taken back");
        left.failure = error.message().to_owned();
    }
    left.tried_at = cx.now();
    cx.write(move |tx| {
        exports::forget(tx, &left.place)?;
        match is_done || !is_told {
            true => exports::remove_left(tx, &left.place)?,
            false => exports::set_left(tx, &left)?,
        }
        tx.signal(crate::acts::TOPIC);
        Ok(())
    })
    .await
}

/// With the key it was put with, as long as this process knows it; else with the present one.
async fn try_take_back(cx: &Cx, kept: &mut Kept, place: &str) -> Result<()> {
    let mut target = match kept.leaving.remove(place) {
        Some(target) => target,
        None => {
            let (address, sealer) = (place.to_owned(), cx.sealer.clone());
            let read = cx.read(move |r| Ok((settings::export_credentials(r, &sealer)?, settings::export_cadence(r)?)));
            let (credentials, cadence) = read.await?;
            Target::open(&Place { address, credentials, cadence }, cx.outbound.extra_ca_pem.clone())?
        }
    };
    let taken = target.withdraw(true).await;
    if taken.is_err() {
        kept.leaving.insert(place.to_owned(), target);
    }
    // Two addresses may lead to one place: what stands at the present one is looked at again.
    kept.target = None;
    taken.map(|_| ())
}
