//! Wiring: minutes become hours and hours days; what is old goes.

use capability::{Cx, Work};
use kernel::time::{DAY, HOUR, MINUTE};
use kernel::{Result, Time};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use work::Job;

use crate::model::thin;
use crate::model::window::Grain;
use crate::settings::Kept;
use crate::store::{names, pools, retention, rollups};
use crate::{digest, settings};

const FOLD: &str = "traces.fold";
const RETAIN: &str = "traces.retain";
/// What may still be on its way to a minute that is over.
const SETTLE: Duration = Duration::from_secs(120);
const BATCH: u32 = 500;
/// Roots of one hour among which examples are chosen.
const CANDIDATES: u32 = 200_000;

pub fn register(work: &mut Work) {
    work.job(FOLD, |cx: Cx, _: Job| async move { fold(&cx).await });
    work.every(FOLD, MINUTE * 5);
    work.job(RETAIN, |cx: Cx, _: Job| async move { retain(&cx).await });
    work.every(RETAIN, HOUR);
}

/// Sums up what is over, an hour or day in each transaction; looks first, so that a quiet time writes nothing.
pub async fn fold(cx: &Cx) -> Result<()> {
    while cx.read(|r| crate::store::waiting::has_older(r, r.now - digest::WAIT)).await? {
        cx.write(|tx| digest::give_up_waiting(tx, BATCH)).await?;
    }
    for into in [Grain::Hour, Grain::Day] {
        loop {
            let upto = cx.read(move |r| fold_upto(r, into)).await?;
            let folded = cx.read(rollups::folded).await?;
            let done = if into == Grain::Day { folded.days } else { folded.hours };
            if done >= upto || !cx.write(move |tx| fold_next(tx, into)).await? {
                break;
            }
        }
    }
    Ok(())
}

fn fold_upto(r: &db::Reader<'_>, into: Grain) -> Result<Time> {
    let settled = into.start(r.now - SETTLE);
    Ok(if into == Grain::Day { settled.min(into.start(rollups::folded(r)?.hours)) } else { settled })
}

/// `false` once there is nothing more to sum up. Looks and writes in one transaction: nothing can come in between.
fn fold_next(tx: &mut db::Tx<'_>, into: Grain) -> Result<bool> {
    let upto = fold_upto(tx, into)?;
    let next = rollups::next_unfolded(tx, into, upto)?;
    if let Some(start) = next {
        rollups::fold(tx, into, start)?;
    }
    rollups::set_folded(tx, into, next.map_or(upto, |start| start + into.span()))?;
    Ok(next.is_some())
}

pub async fn retain(cx: &Cx) -> Result<()> {
    let kept = cx.read(settings::kept).await?;
    thin(cx, &kept).await?;
    remove_examples(cx, &kept).await?;
    for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
        while cx.write(move |tx| rollups::remove_old(tx, grain, tx.now - grain.kept(), BATCH)).await? > 0 {}
    }
    cx.write(|tx| pools::remove_old(tx, tx.now - DAY).map(|_| ())).await?;
    while cx.write(|tx| names::remove_old(tx, tx.now - Grain::Day.kept(), BATCH)).await? > 0 {}
    Ok(())
}

/// Hours that are too old, or too much, to be kept whole are thinned to examples.
async fn thin(cx: &Cx, kept: &Kept) -> Result<()> {
    let kept = *kept;
    let upto = cx.telemetry.read(move |r| thin_upto(r, &kept)).await?;
    loop {
        let step = cx.telemetry.read(move |r| {
            let mark = retention::mark(r)?;
            let Some(hour) = retention::next_hour(r, mark)?.filter(|hour| *hour < upto) else { return Ok(None) };
            let examples = thin::examples(&retention::candidates(r, hour, CANDIDATES)?);
            Ok(Some((hour, retention::items_of_examples(r, hour, &examples, kept.example_bytes())?)))
        });
        let Some((hour, examples)) = step.await? else { return Ok(()) };
        clear(cx, hour, examples).await?;
        cx.telemetry.write(move |tx| retention::set_mark(tx, hour + HOUR)).await?;
    }
}

/// Everything before this hour is too old, or lies behind as many bytes as may be kept.
fn thin_upto(r: &db::Reader<'_>, kept: &Kept) -> Result<Time> {
    let (mut low, mut high) = ((r.now - kept.whole).hour_start(), r.now.hour_start());
    if retention::bytes_since(r, low)? <= kept.bytes {
        return Ok(low);
    }
    // The first hour from which on no more than the budget came in.
    while high.0 - low.0 > 3_600_000 {
        let middle = Time(low.0 + (high.0 - low.0) / 2).hour_start();
        if retention::bytes_since(r, middle)? <= kept.bytes { high = middle } else { low = middle }
    }
    Ok(high)
}

async fn remove_examples(cx: &Cx, kept: &Kept) -> Result<()> {
    let examples = kept.examples;
    let oldest = move |r: &db::Reader<'_>| Ok(retention::oldest_hour(r)?.filter(|hour| *hour < (r.now - examples).hour_start()));
    while let Some(hour) = cx.telemetry.read(oldest).await? {
        clear(cx, hour, BTreeSet::new()).await?;
    }
    while cx.telemetry.write(move |tx| retention::remove_stray(tx, tx.now - examples, BATCH)).await? > 0 {}
    Ok(())
}

/// Removes an hour but for these items. Some at a time, so that the writer is never held for long.
async fn clear(cx: &Cx, hour: Time, keep: BTreeSet<i64>) -> Result<()> {
    let (keep, mut at) = (Arc::new(keep), Some((Vec::new(), -1)));
    while let Some(after) = at {
        let keep = Arc::clone(&keep);
        at = cx.telemetry.write(move |tx| retention::clear(tx, hour, &after, &keep, BATCH)).await?;
    }
    Ok(())
}
