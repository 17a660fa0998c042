//! All days once more, from the actions that are kept: after the zone has changed.
//!
//! The digest waits meanwhile ([`Counting`]), so that nothing is counted twice or in two zones. Days before the oldest action that is kept stay
//! as they were: nobody can count them again.

use capability::{Cx, House};
use ingest::Kind;
use kernel::{Error, Result};
use std::collections::HashMap;

use crate::digest::Counting;
use crate::model::{Calendar, Day};
use crate::settings;
use crate::store::{self, Gains};

pub async fn run(cx: Cx) -> Result<()> {
    let (is, wanted) = cx.read(|r| Ok((store::zone(r)?, settings::wanted_zone(r)?))).await?;
    if is.is_none_or(|is| is == wanted) {
        return Ok(());
    }
    let guard = Counting::of(&cx)?.turn().await;
    let house = cx.clone();
    let zone = wanted.clone();
    let done = tokio::task::spawn_blocking(move || counted(&house, &zone)).await;
    let (gains, first) = done.unwrap_or_else(|panic| Err(Error::internal("counting all days again").because(panic)))?;
    let days = gains.days.len();
    cx.write(move |tx| {
        store::forget_days(tx, first)?;
        store::gain(tx, &gains, &store::passive_names(tx)?)?;
        store::set_zone(tx, &wanted)?;
        tx.signal(crate::TOPIC);
        Ok(())
    })
    .await?;
    drop(guard);
    tracing::info!(days, "all days were counted again in another zone");
    Ok(())
}

/// What was filed by a batch that was broken off is counted when that is repeated: until then nothing may be counted anew.
fn wait_for_the_digest(house: &House) -> Result<()> {
    let cursor = house.hermetic.read_blocking(|r| ingest::store::cursor(r, crate::digest::NAME))?;
    let next = house.telemetry.read_blocking(|r| ingest::store::next_batch(r, cursor, &[Kind::Actions], 1, usize::MAX))?;
    match next.items.first() {
        Some(item) if crate::digest::is_begun(house, item)? => Err(Error::unavailable("Actions are still being counted.")),
        _ => Ok(()),
    }
}

/// What the kept actions come to, and the first day that is whole.
fn counted(house: &House, zone: &str) -> Result<(Gains, Day)> {
    wait_for_the_digest(house)?;
    let calendar = Calendar::new(kernel::time::parse_zone(zone)?);
    let contacts: HashMap<_, _> = house.hermetic.read_blocking(identity::store::all_handles)?.into_iter().collect();
    house.telemetry.read_blocking(|r| {
        let Some((from, to)) = store::span(r)? else { return Ok((Gains::default(), Day(i32::MAX))) };
        let mut gains = Gains::default();
        let mut days = calendar.walker();
        store::each_between(r, (from, to + kernel::time::SECOND), |bare| {
            if let Some(contact) = contacts.get(&bare.handle) {
                gains.add(days.day_of(bare.at), *contact, &bare);
            }
        })?;
        // Slots are of no zone.
        gains.slots.clear();
        let first = calendar.day_of(from);
        let was_pruned = house.hermetic.read_blocking(store::first_day)?.is_some_and(|day| day < first.plus(-1));
        // Of the oldest day only a part may be left.
        let first = if was_pruned { first.plus(1) } else { Day(i32::MIN) };
        gains.days.retain(|(_, day), _| *day >= first);
        Ok((gains, first))
    })
}
