//! Does the work: fans facts out into jobs, starts schedules, runs due jobs and deliveries, sleeps until the next is due.

use db::{Db, Tx};
use kernel::time::Stopwatch;
use kernel::{Error, Fact, Result, Time};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use crate::schedule::Rhythm;
use crate::store::{self, AttemptInsert, JobInsert};
use crate::{Delivery, DeliveryState, Job, Sent, TOPIC, Work, backoff};

const JOBS_AT_ONCE: usize = 8;
/// Per sender, so that thousands of slow status subscribers never take an alert's place.
const DELIVERIES_AT_ONCE: usize = 64;
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(45);
const JOB_TIMEOUT: Duration = Duration::from_secs(600);
const FACTS_AT_ONCE: u32 = 500;
/// The longest sleep: a wall clock that was set back or forward is noticed this late at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// Runs what was registered. Cheap to clone.
pub struct Runner<C> {
    inner: Arc<Inner<C>>,
}

impl<C> Clone for Runner<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

struct Inner<C> {
    db: Db,
    context: C,
    work: Work<C>,
    job_slots: Arc<Semaphore>,
    sender_slots: Vec<(&'static str, Arc<Semaphore>)>,
}

/// What one look at the tables gave to do.
#[derive(Default)]
struct Batch {
    jobs: Vec<(Job, OwnedSemaphorePermit)>,
    deliveries: Vec<(&'static str, Delivery, OwnedSemaphorePermit)>,
    /// Something was due and nothing could be taken.
    is_blocked: bool,
}

impl Batch {
    fn len(&self) -> usize {
        self.jobs.len() + self.deliveries.len()
    }
}

impl<C: Clone + Send + Sync + 'static> Runner<C> {
    pub fn new(db: Db, context: C, work: Work<C>) -> Self {
        let sender_slots = work.senders.keys().map(|name| (*name, Arc::new(Semaphore::new(DELIVERIES_AT_ONCE)))).collect();
        let inner = Inner { db, context, work, job_slots: Arc::new(Semaphore::new(JOBS_AT_ONCE)), sender_slots };
        Self { inner: Arc::new(inner) }
    }

    pub fn work(&self) -> &Work<C> {
        &self.inner.work
    }

    /// Works until `shutdown`; then lets what runs end (bounded by its own time limits).
    pub async fn run(self, shutdown: CancellationToken) -> Result<()> {
        let mut signals = self.inner.db.signals();
        until_written("what the last process had begun could not be released", || self.inner.db.write(store::release_leases), &shutdown)
            .await;
        let running = tokio_util::task::TaskTracker::new();
        while !shutdown.is_cancelled() {
            let pause = match self.turn().await {
                Ok(batch) if batch.len() > 0 => {
                    self.start(batch, &running);
                    continue;
                }
                Ok(batch) => self.pause(&batch).await,
                Err(error) => {
                    tracing::error!(error = error.chain(), "looking for work failed; trying again shortly");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = woken(&mut signals) => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        running.close();
        running.wait().await;
        Ok(())
    }

    /// Runs everything that is due at the clock's time, one after another, until nothing is. For tests with a frozen clock.
    pub async fn drain(&self) -> Result<usize> {
        let mut done = 0;
        loop {
            let batch = self.turn().await?;
            if batch.len() == 0 {
                return Ok(done);
            }
            done += batch.len();
            for (job, slot) in batch.jobs {
                self.clone().run_job(job, slot).await;
            }
            for (sender, delivery, slot) in batch.deliveries {
                self.clone().deliver(sender, delivery, slot).await;
            }
        }
    }

    /// What a killed process left leased is released.
    pub async fn recover(&self) -> Result<()> {
        self.inner.db.write(store::release_leases).await
    }

    async fn pause(&self, empty: &Batch) -> Duration {
        if empty.is_blocked {
            // Something is due, but every slot is taken: whatever ends says so, and nothing is won by asking before.
            return Duration::from_secs(1);
        }
        let due = self.inner.db.read(|r| Ok(store::next_due(r)?.map_or(LONGEST_SLEEP, |due| due.since(r.now)))).await;
        due.unwrap_or(Duration::from_secs(1)).clamp(Duration::from_millis(20), LONGEST_SLEEP)
    }

    /// Facts → jobs, schedules → jobs, then leases what is due and fits into the free slots.
    async fn turn(&self) -> Result<Batch> {
        let runner = self.clone();
        let has_work = self.inner.db.read(move |r| runner.has_work(r)).await?;
        if !has_work {
            return Ok(Batch::default());
        }
        let runner = self.clone();
        let batch = self.inner.db.write(move |tx| runner.inner.lease(tx)).await?;
        Ok(Batch { is_blocked: batch.len() == 0, ..batch })
    }

    /// Looking costs no write: an idle house writes nothing.
    fn has_work(&self, r: &db::Reader<'_>) -> Result<bool> {
        let is_unscheduled = || -> Result<bool> {
            for (kind, rhythm) in &self.inner.work.schedules {
                if store::find_schedule(r, kind)?.is_none_or(|next| is_too_far(next, *rhythm, r.now)) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        Ok(store::next_due(r)?.is_some_and(|due| due <= r.now) || !store::list_facts_after_cursor(r, 1)?.is_empty() || is_unscheduled()?)
    }

    fn start(&self, batch: Batch, running: &tokio_util::task::TaskTracker) {
        for (job, slot) in batch.jobs {
            running.spawn(self.clone().run_job(job, slot));
        }
        for (sender, delivery, slot) in batch.deliveries {
            running.spawn(self.clone().deliver(sender, delivery, slot));
        }
    }

    async fn run_job(self, job: Job, slot: OwnedSemaphorePermit) {
        let (id, kind, attempt) = (job.id, job.kind.clone(), job.attempt);
        let outcome = match self.inner.work.jobs.get(kind.as_str()) {
            None => Err(Error::internal(format!("no capability knows the job {kind}"))),
            Some(handle) => bounded(JOB_TIMEOUT, handle(self.inner.context.clone(), job)).await.and_then(|result| result),
        };
        if let Err(error) = &outcome {
            tracing::warn!(job.kind = kind, job.id = id.0, job.attempt = attempt, error = error.chain(), "a job failed");
        }
        let problem = outcome.err().map(|error| error.chain());
        let finish = || {
            let problem = problem.clone();
            self.inner.db.write(move |tx| {
                tx.signal(TOPIC);
                let Some(problem) = problem else { return store::remove_job(tx, id) };
                match backoff::job_pause(attempt, store::is_in_lane(tx, id)?) {
                    Some(pause) => store::retry_job(tx, id, tx.now + pause, &problem),
                    None => store::bury_job(tx, id, &problem),
                }
            })
        };
        until_written("a job's end could not be written", finish, &CancellationToken::new()).await;
        drop(slot);
    }

    async fn deliver(self, sender: &'static str, delivery: Delivery, slot: OwnedSemaphorePermit) {
        let watch = Stopwatch::start();
        let sent = match self.inner.work.senders.get(sender) {
            None => Sent::Dead { reason: format!("No capability knows the sender {sender}."), code: None },
            Some(handle) => match bounded(DELIVERY_TIMEOUT, handle(self.inner.context.clone(), delivery.clone())).await {
                Ok(sent) => sent,
                Err(error) => Sent::Retry { reason: error.message().to_owned(), code: None, after: None },
            },
        };
        let took = watch.elapsed();
        let finish = || {
            let (delivery, sent) = (delivery.clone(), sent.clone());
            self.inner.db.write(move |tx| finish_delivery(tx, &delivery, &sent, took))
        };
        until_written("a delivery's end could not be written", finish, &CancellationToken::new()).await;
        drop(slot);
    }
}

impl<C> Inner<C> {
    fn lease(&self, tx: &mut Tx<'_>) -> Result<Batch> {
        self.fan_out(tx)?;
        self.start_schedules(tx)?;
        let mut batch = Batch::default();
        let free = self.job_slots.available_permits();
        for job in store::lease_jobs(tx, u32::try_from(free).unwrap_or(0))? {
            if let Ok(slot) = Arc::clone(&self.job_slots).try_acquire_owned() {
                batch.jobs.push((job, slot));
            }
        }
        for (sender, slots) in &self.sender_slots {
            let free = u32::try_from(slots.available_permits()).unwrap_or(0);
            for delivery in store::lease_deliveries(tx, sender, free)? {
                if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
                    batch.deliveries.push((sender, delivery, slot));
                }
            }
        }
        Ok(batch)
    }

    fn fan_out(&self, tx: &mut Tx<'_>) -> Result<()> {
        let facts = store::list_facts_after_cursor(tx, FACTS_AT_ONCE)?;
        for fact in &facts {
            for (_, job) in self.work.reactions.iter().filter(|(kind, _)| *kind == fact.kind) {
                let key = format!("fact:{}", fact.id);
                let run_at = tx.now;
                store::insert_job(tx, &JobInsert { kind: job, key: Some(&key), lane: Some(job), payload: &fact.payload, run_at })?;
            }
        }
        facts.last().map_or(Ok(()), |last| store::move_cursor(tx, last.id))
    }

    fn start_schedules(&self, tx: &mut Tx<'_>) -> Result<()> {
        for (kind, rhythm) in &self.work.schedules {
            let now = tx.now;
            match store::find_schedule(tx, kind)? {
                Some(next) if is_too_far(next, *rhythm, now) => store::set_schedule(tx, kind, rhythm.next_after(now)?, None)?,
                Some(next) if next > now => {}
                Some(_) => {
                    store::insert_job(tx, &JobInsert { kind, key: Some("schedule"), lane: None, payload: "null", run_at: now })?;
                    store::set_schedule(tx, kind, rhythm.next_after(now)?, Some(now))?;
                }
                None => store::set_schedule(tx, kind, rhythm.next_after(now)?, None)?,
            }
        }
        Ok(())
    }
}

fn finish_delivery(tx: &mut Tx<'_>, delivery: &Delivery, sent: &Sent, duration: Duration) -> Result<()> {
    tx.signal(TOPIC);
    let id = delivery.id;
    match sent {
        Sent::Done { code, provider_id } => {
            store::insert_attempt(tx, &AttemptInsert { id, outcome: "sent", code: *code, detail: None, duration })?;
            store::finish_delivery(tx, id, DeliveryState::Sent, provider_id.as_deref())
        }
        Sent::Retry { reason, code, after } => {
            let pause =
                backoff::delivery_pause(delivery.attempt, tx.now.since(delivery.created_at), *after, kernel::rng::random_fraction());
            let outcome = if pause.is_some() { "retry" } else { "dead" };
            store::insert_attempt(tx, &AttemptInsert { id, outcome, code: *code, detail: Some(reason), duration })?;
            match pause {
                Some(pause) => store::retry_delivery_at(tx, id, tx.now + pause),
                None => bury(tx, delivery, reason),
            }
        }
        Sent::Dead { reason, code } => {
            store::insert_attempt(tx, &AttemptInsert { id, outcome: "dead", code: *code, detail: Some(reason), duration })?;
            bury(tx, delivery, reason)
        }
    }
}

fn bury(tx: &mut Tx<'_>, delivery: &Delivery, reason: &str) -> Result<()> {
    store::finish_delivery(tx, delivery.id, DeliveryState::Dead, None)?;
    crate::record(tx, &Fact::DeliveryDied { delivery: delivery.id, destination: delivery.destination.clone(), reason: reason.to_owned() })
}

/// A clock that ran ahead leaves starts in a far future behind; none is ever due later than the next one from now.
fn is_too_far(next: Time, rhythm: Rhythm, now: Time) -> bool {
    rhythm.next_after(now).is_ok_and(|latest| next > latest)
}

/// Writes until it is written: an end that is lost on a full disk would block its lane or destination until the next start.
async fn until_written<F, Fut>(what: &'static str, write: F, shutdown: &CancellationToken)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let mut pause = Duration::from_secs(1);
    while let Err(error) = write().await {
        tracing::error!(error = error.chain(), "{what}; trying again in {} s", pause.as_secs());
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(30)),
        }
    }
}

/// Runs a handler in a task of its own: a panic or a hang ends the attempt, never the runner.
async fn bounded<T: Send + 'static>(limit: Duration, future: impl Future<Output = T> + Send + 'static) -> Result<T> {
    let task = tokio::spawn(future);
    let abort = task.abort_handle();
    match tokio::time::timeout(limit, task).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Error::internal("the handler panicked").because(error)),
        Err(_) => {
            abort.abort();
            Err(Error::unavailable(format!("No end within {} s.", limit.as_secs())))
        }
    }
}

/// Returns at the next signal of this crate's topic.
async fn woken(signals: &mut broadcast::Receiver<db::Signal>) {
    loop {
        match signals.recv().await {
            Ok(topic) if topic == TOPIC => return,
            Ok(_) => {}
            // Lagged: some signals are lost, one of them may have been ours. Closed: the server stops.
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}
