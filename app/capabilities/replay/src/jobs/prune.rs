//! Ageing out: replays leave by age and by the space they take, the oldest first, and never those that are pinned.

use capability::Cx;
use db::Reader;
use ingest::Kind;
use kernel::ids::ReplayId;
use kernel::time::{DAY, HOUR};
use kernel::{Result, Time};
use std::time::Duration;

use crate::store::{self, Key};
use crate::{digest, settings};

const BATCH: u32 = 100;
/// For so long it is remembered that a replay was deleted: no tab sends for longer, and no SDK repeats what it sent.
const GONE: Duration = DAY.saturating_mul(2);
/// What has no replay in the state is looked for among what has rested for so long: a state that was restored may lack some by mistake.
const GRACE: Duration = DAY;
/// Of what was seen within this, more may come: no SDK lets a session rest for so long.
const GOING_ON: Duration = HOUR;

pub async fn run(cx: Cx) -> Result<()> {
    let (days, budget, cursor) =
        cx.read(|r| Ok((settings::days(r)?, settings::budget_bytes(r)?, ingest::store::cursor(r, digest::NAME)?))).await?;
    let before = cx.now() - DAY * days;
    by_age(&cx, before).await?;
    items_by_age(&cx, before, cursor).await?;
    by_space(&cx, budget).await?;
    orphans(&cx, cx.now() - GRACE).await?;
    unnamed_chunks(&cx).await?;
    let gone = cx.now() - GONE;
    cx.write(move |tx| store::forget_gone(tx, gone).map(|_| ())).await
}

async fn by_age(cx: &Cx, before: Time) -> Result<()> {
    loop {
        let old = cx.read(move |r| store::past(r, before, BATCH)).await?;
        if old.is_empty() {
            return Ok(());
        }
        for id in old {
            remove(cx, id, before).await?;
        }
    }
}

/// First out of the state, so that nobody opens what is leaving; should it end there, the log is looked through later. `false`: it stays,
/// or left already.
async fn remove(cx: &Cx, id: ReplayId, before: Time) -> Result<bool> {
    let Some(key) = cx.write(move |tx| store::let_go(tx, id, before)).await? else { return Ok(false) };
    cx.telemetry.write(move |tx| store::remove_recording(tx, key.project, key.sdk_id)).await?;
    Ok(true)
}

/// Videos, and reports of which no recording came.
async fn items_by_age(cx: &Cx, before: Time, cursor: i64) -> Result<()> {
    loop {
        let old =
            cx.telemetry.read(move |r| ingest::store::items_before(r, &[Kind::ReplayVideo, Kind::ReplayEvent], before, BATCH)).await?;
        let done: Vec<i64> = old.into_iter().filter(|item| *item <= cursor).collect();
        if done.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| ingest::store::remove_items(tx, &done)).await?;
    }
}

/// Videos go first: nobody can look at them. Pinned replays are on top of the budget: within it, they would drive all others out.
async fn by_space(cx: &Cx, budget: u64) -> Result<()> {
    let pinned = cx.read(store::pinned).await?;
    let (used, pinned) = cx.telemetry.read(move |r| sizes(r, &pinned)).await?;
    let mut over = used.saturating_sub(pinned).saturating_sub(budget);
    if over > 0 {
        tracing::info!(over_bytes = over, pinned_bytes = pinned, "replays take up more than they may; the oldest leave");
    }
    while over > 0 {
        let videos = cx.telemetry.read(|r| store::videos(r, BATCH)).await?;
        if videos.is_empty() {
            break;
        }
        let (ids, freed) = enough(&videos, over);
        cx.telemetry.write(move |tx| ingest::store::remove_items(tx, &ids)).await?;
        over = over.saturating_sub(freed);
    }
    let rested = cx.now() - GOING_ON;
    while over > 0 {
        let oldest = cx.read(move |r| store::oldest(r, rested, BATCH)).await?;
        if oldest.is_empty() {
            return Ok(());
        }
        for (id, key) in oldest {
            if over == 0 {
                break;
            }
            let freed = cx.telemetry.read(move |r| store::size_of(r, key)).await?;
            if remove(cx, id, rested).await? {
                over = over.saturating_sub(freed);
            }
        }
    }
    Ok(())
}

/// Of everything, and of what is pinned.
fn sizes(r: &Reader<'_>, pinned: &[Key]) -> Result<(u64, u64)> {
    let mut of_pinned = 0_u64;
    for key in pinned {
        of_pinned = of_pinned.saturating_add(store::size_of(r, *key)?);
    }
    Ok((store::size(r)?.saturating_add(store::video_bytes(r)?), of_pinned))
}

/// The first that together take up what is over, and how much that is.
fn enough(videos: &[(i64, u64)], over: u64) -> (Vec<i64>, u64) {
    let (mut ids, mut freed) = (Vec::new(), 0_u64);
    for (id, bytes) in videos {
        if freed >= over {
            break;
        }
        freed = freed.saturating_add(*bytes);
        ids.push(*id);
    }
    (ids, freed)
}

/// Recordings whose replay is gone from the state: of removed projects, and of a removal that was broken off.
async fn orphans(cx: &Cx, rested: Time) -> Result<()> {
    let mut after: Option<Key> = None;
    loop {
        let from = after;
        let keys = cx.telemetry.read(move |r| store::keys_after(r, from, BATCH)).await?;
        let Some((last, _)) = keys.last() else { return Ok(()) };
        after = Some(*last);
        let candidates: Vec<Key> = keys.into_iter().filter(|(_, newest)| *newest < rested - HOUR).map(|(key, _)| key).collect();
        let lost = cx
            .read(move |r| {
                let mut lost = Vec::new();
                for key in candidates {
                    if !store::is_known(r, key)? {
                        lost.push(key);
                    }
                }
                Ok(lost)
            })
            .await?;
        for key in lost {
            cx.telemetry.write(move |tx| store::remove_recording(tx, key.project, key.sdk_id).map(|_| ())).await?;
        }
    }
}

async fn unnamed_chunks(cx: &Cx) -> Result<()> {
    loop {
        let lost = cx.telemetry.read(|r| store::unnamed_chunks(r, BATCH)).await?;
        if lost.is_empty() {
            return Ok(());
        }
        cx.telemetry.write(move |tx| store::remove_chunks(tx, &lost)).await?;
    }
}
