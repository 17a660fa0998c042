//! Writes down what the desk found: state changes at once and in order, each with its facts in one durable transaction;
//! samples in one batch every two seconds. When the database cannot take it, it waits here and is tried again.
//!
//! Nouns: [`Ledger`], `Entry`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use capability::Cx;
use db::Tx;
use kernel::ids::MonitorId;
use kernel::{Fact, Result, Time};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Desk;
use super::reload::OFFLINE;
use crate::model::check::Sample;
use crate::model::state::{Change, State};
use crate::model::watch::Monitor;
use crate::store;

/// One transaction takes at most so many entries.
const BATCH: usize = 64;
/// More samples than these are not kept while the database is away: half an hour of 500 monitors at 20 s.
const MOST_SAMPLES: usize = 50_000;
const SAMPLE_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
enum Entry {
    Step {
        monitor: Arc<Monitor>,
        state: Box<State>,
        changes: Vec<Change>,
    },
    /// The end and threshold that were told of, if any are, and the word on it.
    Certificate {
        monitor: Arc<Monitor>,
        told: Option<(Time, i64)>,
        fact: Option<Box<Fact>>,
    },
    Fact(Box<Fact>),
}

#[derive(Default)]
pub struct Ledger {
    entries: Mutex<VecDeque<Entry>>,
    samples: Mutex<Vec<(MonitorId, Sample)>>,
    wake: Notify,
}

impl Ledger {
    pub fn step(&self, monitor: Arc<Monitor>, state: State, changes: Vec<Change>) {
        self.put(Entry::Step { monitor, state: Box::new(state), changes });
    }

    pub fn certificate(&self, monitor: Arc<Monitor>, told: Option<(Time, i64)>, fact: Option<Fact>) {
        self.put(Entry::Certificate { monitor, told, fact: fact.map(Box::new) });
    }

    pub fn fact(&self, fact: Fact) {
        self.put(Entry::Fact(Box::new(fact)));
    }

    pub fn sample(&self, id: MonitorId, sample: Sample) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() < MOST_SAMPLES {
            samples.push((id, sample));
        }
    }

    fn put(&self, entry: Entry) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push_back(entry);
        self.wake.notify_one();
    }

    /// Writes all entries there are. Those that could not be written stay, in order.
    pub async fn write_entries(&self, cx: &Cx) -> Result<()> {
        loop {
            let batch: Vec<Entry> = {
                let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
                entries.iter().take(BATCH).cloned().collect()
            };
            if batch.is_empty() {
                return Ok(());
            }
            let count = batch.len();
            cx.write(move |tx| batch.iter().try_for_each(|entry| write(tx, entry))).await?;
            // Only this task takes from the front: what was written is what stands there.
            self.entries.lock().unwrap_or_else(PoisonError::into_inner).drain(..count);
        }
    }

    pub async fn write_samples(&self, cx: &Cx) -> Result<()> {
        let batch = std::mem::take(&mut *self.samples.lock().unwrap_or_else(PoisonError::into_inner));
        if batch.is_empty() {
            return Ok(());
        }
        let batch = Arc::new(batch);
        let shared = batch.clone();
        let written = cx.telemetry.write(move |tx| store::checks::append(tx, &shared)).await;
        if written.is_err() {
            let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            let newer = std::mem::take(&mut *samples);
            *samples = batch.iter().copied().chain(newer).take(MOST_SAMPLES).collect();
        }
        written
    }
}

fn write(tx: &mut Tx<'_>, entry: &Entry) -> Result<()> {
    match entry {
        Entry::Fact(fact) => {
            tx.signal(crate::TOPIC);
            match **fact {
                Fact::MonitoringInterrupted { since, .. } => store::states::set_cursor(tx, OFFLINE, since)?,
                Fact::MonitoringResumed { .. } => store::states::remove_cursor(tx, OFFLINE)?,
                _ => {}
            }
            work::record(tx, fact)
        }
        Entry::Step { monitor, state, changes } => {
            // Deleted meanwhile: there is nothing to write about any more.
            let Some(current) = store::monitors::find(tx, monitor.id)? else { return Ok(()) };
            let target = current.watch.target();
            let who = store::states::Who { id: current.id, name: &current.name, target: &target };
            store::states::write_step(tx, &who, state, changes)
        }
        Entry::Certificate { monitor, told, fact } => {
            if store::monitors::find(tx, monitor.id)?.is_none() {
                return Ok(());
            }
            store::states::save_certificate(tx, monitor.id, *told)?;
            tx.signal(crate::TOPIC);
            fact.as_ref().map_or(Ok(()), |fact| work::record(tx, fact))
        }
    }
}

/// Writes entries as they come; at the end, what is left.
pub async fn keep_written(desk: Arc<Desk>, shutdown: CancellationToken) {
    let mut pause = Duration::from_secs(1);
    loop {
        match desk.ledger.write_entries(&desk.cx).await {
            Ok(()) if shutdown.is_cancelled() => return,
            Ok(()) => {
                pause = Duration::from_secs(1);
                tokio::select! { () = desk.ledger.wake.notified() => {} () = shutdown.cancelled() => {} }
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "uptime could not write state changes; they wait and are tried again");
                if shutdown.is_cancelled() {
                    return;
                }
                tokio::select! { () = tokio::time::sleep(pause) => {} () = shutdown.cancelled() => {} }
                pause = (pause * 2).min(Duration::from_secs(30));
            }
        }
    }
}

pub async fn keep_sampled(desk: Arc<Desk>, shutdown: CancellationToken) {
    loop {
        let is_last = shutdown.is_cancelled();
        if let Err(error) = desk.ledger.write_samples(&desk.cx).await {
            tracing::error!(error = error.chain(), "uptime could not write checks; they wait and are tried again");
        }
        if is_last {
            return;
        }
        tokio::select! { () = tokio::time::sleep(SAMPLE_EVERY) => {} () = shutdown.cancelled() => {} }
    }
}
