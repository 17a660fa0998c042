//! What errors does by the clock, after facts, and after a person's act.

mod evict;
mod reread;
mod spikes;

use capability::{Cx, Work};
use kernel::Result;
use kernel::time::{DAY, HOUR, MINUTE};
use serde::Deserialize;
use work::Job;

use crate::acts;
use crate::model::{Resolved, State};
use crate::settings;
use crate::store::acts::Actor;
use crate::store::{counts, evict as old, issues};

/// Removes the events of deleted issues.
pub const FORGET: &str = "errors.forget";
const EVICT: &str = "errors.evict";
const STRAYS: &str = "errors.strays";
const ORPHANS: &str = "errors.orphans";
const NAMES: &str = "errors.names";
const QUIET: &str = "errors.quiet";
const SPIKES: &str = "errors.spikes";
const REREAD: &str = "errors.reread";
const TIDY: &str = "errors.tidy";

pub fn register(work: &mut Work) {
    work.job(FORGET, forget);
    work.job(EVICT, |cx: Cx, _: Job| async move { evict::evict(&cx).await });
    work.every(EVICT, MINUTE * 10);
    work.job(STRAYS, |cx: Cx, _: Job| async move { evict::strays(&cx).await });
    work.job(ORPHANS, |cx: Cx, _: Job| async move { evict::orphans(&cx).await });
    work.every(ORPHANS, DAY);
    work.job(NAMES, |cx: Cx, _: Job| async move { evict::names(&cx).await });
    work.every(NAMES, DAY);
    work.every(STRAYS, DAY);
    work.job(QUIET, |cx: Cx, _: Job| async move { resolve_quiet(&cx).await });
    work.every(QUIET, HOUR);
    work.job(SPIKES, |cx: Cx, job: Job| async move { spikes::look(&cx, job.run_at).await });
    work.every(SPIKES, HOUR);
    work.job(REREAD, |cx: Cx, job: Job| async move {
        let fact = job.fact()?;
        reread::reread(&cx, fact).await
    });
    work.reaction("artifacts_added", REREAD);
    work.job(TIDY, |cx: Cx, _: Job| async move { tidy(&cx).await });
    work.every(TIDY, HOUR);
}

#[derive(Deserialize)]
struct Forgotten {
    hashes: Vec<i64>,
    /// What came later belongs to an issue that was opened since.
    upto: i64,
}

async fn forget(cx: Cx, job: Job) -> Result<()> {
    let forgotten: Forgotten = serde_json::from_value(job.payload.clone())
        .map_err(|error| kernel::Error::internal("reading which events to remove").because(error))?;
    for hash in forgotten.hashes {
        loop {
            let upto = forgotten.upto;
            let mut events = cx.telemetry.read(move |r| old::of_hash(r, hash, evict::BATCH)).await?;
            events.retain(|event| event.item <= upto);
            if events.is_empty() {
                break;
            }
            cx.telemetry.write(move |tx| old::remove_events(tx, &events)).await?;
        }
    }
    Ok(())
}

/// By the setting, which is off as shipped.
async fn resolve_quiet(cx: &Cx) -> Result<()> {
    const BATCH: u32 = 200;
    let look = |r: &db::Reader<'_>| match settings::quiet_since(r)? {
        Some(before) => issues::quiet_since(r, before, BATCH),
        None => Ok(Vec::new()),
    };
    loop {
        let ids = cx.read(look).await?;
        if ids.is_empty() {
            return Ok(());
        }
        cx.write(move |tx| acts::set_state(tx, &ids, State::Resolved(Resolved::AtOnce), &Actor::default())).await?;
    }
}

/// Minutes serve the rate of the last ten, hours the charts of days and the spikes; days stay.
async fn tidy(cx: &Cx) -> Result<()> {
    const BATCH: u32 = 5_000;
    loop {
        let removed = cx.write(|tx| counts::remove_old(tx, tx.now - HOUR * 2, tx.now - DAY * 35, BATCH)).await?;
        if removed == 0 {
            return Ok(());
        }
    }
}
