//! Former places of the export: what was put there is taken back when another place, or none, is chosen. What cannot be taken
//! back is remembered, said, and tried again every two hours.
//!
//! What another process put is taken back only when nobody renews it: where this database was restored elsewhere to have a
//! look at it, clearing the place there must not remove the page of the instance that goes on.

use super::target::Target;
use super::{Kept, Place};
use crate::settings;
use crate::store::exports;
use capability::Cx;
use kernel::time::HOUR;
use kernel::{Error, Result, Time};
use std::time::Duration;

/// Longer than the longest pause between two renewals, which is an hour.
const AGAIN: Duration = HOUR.saturating_mul(2);

/// A former place that still holds what was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub id: i64,
    pub place: String,
    pub left_at: Time,
    pub tried_at: Time,
    pub failure: String,
    /// How the first page was listed then; empty when it was not.
    pub seen: String,
}

/// Before anything goes to the present place, which may be the former one in other words.
pub(super) async fn leave(cx: &Cx, kept: &mut Kept, present: &str) -> Result<()> {
    if let Some(target) = kept.target.take_if(|target| target.address() != present) {
        kept.leaving.insert(target.address().to_owned(), target);
    }
    let (former, left) = cx.read(|r| Ok((exports::find(r)?, exports::list_left(r)?))).await?;
    if left.iter().any(|left| left.place == present) {
        let place = present.to_owned();
        cx.write(move |tx| exports::remove_left(tx, &place)).await?;
    }
    let now = cx.now();
    for left in left.iter().filter(|left| left.place != present && left.tried_at + AGAIN <= now) {
        take_back(cx, kept, left.clone(), true).await?;
    }
    if let Some(former) = former.filter(|former| former.place != present) {
        let left = Left { id: 0, place: former.place, left_at: now, tried_at: now, failure: String::new(), seen: String::new() };
        // What never arrived once has mostly nothing there: an address with a slip is nothing to be told of for ever.
        take_back(cx, kept, left, former.done_at.is_some()).await?;
    }
    Ok(())
}

async fn take_back(cx: &Cx, kept: &mut Kept, mut left: Left, is_told: bool) -> Result<()> {
    let taken = try_take_back(cx, kept, &mut left).await;
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
async fn try_take_back(cx: &Cx, kept: &mut Kept, left: &mut Left) -> Result<()> {
    let own = kept.leaving.remove(&left.place);
    let is_own = own.is_some();
    let mut target = match own {
        Some(target) => target,
        None => {
            let (address, sealer) = (left.place.clone(), cx.sealer.clone());
            let read = cx.read(move |r| Ok((settings::export_credentials(r, &sealer)?, settings::export_cadence(r)?)));
            let (credentials, cadence) = read.await?;
            let target = Target::open(&Place { address, credentials, cadence }, cx.outbound.extra_ca_pem.clone())?;
            nobody_renews(&target, left).await?;
            target
        }
    };
    let taken = target.withdraw(true).await;
    if taken.is_err() && is_own {
        kept.leaving.insert(left.place.clone(), target);
    }
    // Two addresses may lead to one place: what stands at the present one is looked at again.
    kept.target = None;
    taken.map(|_| ())
}

async fn nobody_renews(target: &Target, left: &mut Left) -> Result<()> {
    let seen = target.first_page().await?;
    if seen.as_ref().is_none_or(|seen| *seen == left.seen) {
        return Ok(());
    }
    left.seen = seen.unwrap_or_default();
    Err(Error::conflict("Another instance may renew it: it is removed when it was not renewed for two hours."))
}
