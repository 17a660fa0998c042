//! Wiring: facts, schedules and the outbox to the engine.

use capability::{Cx, Work};
use kernel::ids::{AlertId, ChannelId};
use kernel::time::{DAY, MINUTE};
use kernel::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use work::Job;

use crate::engine::{DIGEST, Desk, ESCALATE, FLUSH, REMIND, SEND, SWEEP, TAKE, TIDY, WATCH, digest, flush, remind, take, watch};
use crate::rule::heard;
use crate::store::{alerts, notices, rules, silences};
use crate::{deliver, settings};

pub fn register(work: &mut Work) {
    work.job(TAKE, take_fact);
    for fact in heard() {
        work.reaction(fact, TAKE);
    }
    work.job(FLUSH, |cx: Cx, _: Job| async move {
        let desk = Desk::of(&cx);
        cx.write(move |tx| flush::flush(tx, &desk)).await
    });
    work.job(REMIND, |cx: Cx, job: Job| async move {
        let (desk, about) = (Desk::of(&cx), payload::<About>(&job)?);
        cx.write(move |tx| remind::remind(tx, &desk, about.alert)).await
    });
    work.job(ESCALATE, |cx: Cx, job: Job| async move {
        let (desk, about) = (Desk::of(&cx), payload::<About>(&job)?);
        cx.write(move |tx| remind::escalate(tx, &desk, about.alert)).await
    });
    work.job(DIGEST, |cx: Cx, job: Job| async move {
        let (desk, to) = (Desk::of(&cx), payload::<To>(&job)?);
        cx.write(move |tx| digest::send(tx, &desk, to.channel)).await
    });
    work.job(TIDY, |cx: Cx, job: Job| async move {
        let (desk, changed) = (Desk::of(&cx), payload::<watch::Changed>(&job)?);
        cx.write(move |tx| watch::tidy(tx, &desk, changed)).await
    });
    work.job(WATCH, look);
    work.every(WATCH, MINUTE);
    work.job(SWEEP, sweep);
    work.every(SWEEP, DAY);
    work.sender(SEND, deliver::send);
}

#[derive(Deserialize)]
struct About {
    alert: AlertId,
}

#[derive(Deserialize)]
struct To {
    channel: ChannelId,
}

fn payload<T: DeserializeOwned>(job: &Job) -> Result<T> {
    serde_json::from_value(job.payload.clone())
        .map_err(|error| Error::internal(format!("reading the payload of job {}", job.kind)).because(error))
}

async fn take_fact(cx: Cx, job: Job) -> Result<()> {
    let (desk, fact) = (Desk::of(&cx), job.fact()?);
    cx.write(move |tx| take::take(tx, &desk, &fact)).await
}

/// Reads first: a minute in which nothing changed writes nothing.
async fn look(cx: Cx, _: Job) -> Result<()> {
    let own = cx.clone();
    let (findings, is_overdue, is_seeded) =
        cx.read(move |r| Ok((watch::look(&own, r)?, watch::has_overdue(r)?, !rules::list(r)?.is_empty()))).await?;
    if findings.is_empty() && !is_overdue && is_seeded {
        return Ok(());
    }
    let desk = Desk::of(&cx);
    cx.write(move |tx| {
        rules::seed(tx)?;
        watch::note(tx, &desk, &findings)?;
        watch::sweep(tx, &desk)
    })
    .await
}

/// What is old goes, a thousand rows at a time so that the writer is never held for long.
async fn sweep(cx: Cx, _: Job) -> Result<()> {
    const BATCH: u32 = 1_000;
    loop {
        let removed = cx
            .write(|tx| {
                let since = settings::keep_since(tx)?;
                silences::remove_old(tx, since)?;
                Ok(alerts::remove_old(tx, since, BATCH)? + notices::remove_old(tx, since, BATCH)?)
            })
            .await?;
        if removed < BATCH as usize {
            return Ok(());
        }
    }
}
