//! Facts and jobs: what happened, and what is to be done about it.

use db::Tx;
use kernel::ids::JobId;
use kernel::{Error, Fact, Result, Time};
use serde_json::Value;

use crate::{TOPIC, store};

/// Writes down what happened, in the transaction that made it happen.
pub fn record(tx: &mut Tx<'_>, fact: &Fact) -> Result<()> {
    let payload = serde_json::to_string(fact).map_err(|error| Error::internal("writing a fact as JSON").because(error))?;
    store::insert_fact(tx, fact.kind(), &payload)?;
    tx.signal(TOPIC);
    Ok(())
}

/// A job to come. `key`: while one of this kind and key is queued, no second one is taken.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub kind: &'static str,
    pub key: Option<String>,
    pub payload: Value,
    /// `None`: as soon as possible.
    pub run_at: Option<Time>,
}

impl NewJob {
    pub fn now(kind: &'static str, payload: Value) -> Self {
        Self { kind, key: None, payload, run_at: None }
    }
}

/// `None` when one with this key is queued already.
pub fn enqueue(tx: &mut Tx<'_>, job: NewJob) -> Result<Option<JobId>> {
    let run_at = job.run_at.unwrap_or(tx.now);
    let id = store::insert_job(
        tx,
        &store::JobInsert { kind: job.kind, key: job.key.as_deref(), lane: None, payload: &job.payload.to_string(), run_at },
    )?;
    tx.signal(TOPIC);
    Ok(id)
}

/// Takes back a job that waits for its time or its next try. `false` when there is none; one that runs is not stopped.
pub fn cancel_job(tx: &mut Tx<'_>, kind: &str, key: &str) -> Result<bool> {
    let is_cancelled = store::remove_queued(tx, kind, key)?;
    tx.signal(TOPIC);
    Ok(is_cancelled)
}

/// What a job's handler gets.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: JobId,
    pub kind: String,
    pub payload: Value,
    /// 1 for the first run.
    pub attempt: u32,
    pub run_at: Time,
}

impl Job {
    /// The fact, when a reaction made this job.
    pub fn fact(&self) -> Result<Fact> {
        serde_json::from_value(self.payload.clone())
            .map_err(|error| Error::internal(format!("reading the fact of job {}", self.kind)).because(error))
    }
}

/// A row of the page "Jobs".
#[derive(Debug, Clone)]
pub struct JobRow {
    pub id: JobId,
    pub kind: String,
    pub state: String,
    pub run_at: Time,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub created_at: Time,
}
