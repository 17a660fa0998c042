//! Keeps the schedule: starts what is due, a few at a time, and says what is overdue.
//!
//! Nouns: [`Desk`] (all of it), [`Begun`] (a run whose row is written and whose work is not done yet).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use capability::{Cx, Tasks};
use db::{Reader, Tx};
use kernel::ids::DumpId;
use kernel::time::{DAY, describe_duration};
use kernel::{Fact, Result, Time};
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::model::{Dump, Outcome, RunResult, Trouble, TroubleKind, schedule};
use super::{TOPIC, acts, run, store};

/// Each reads a database and fills a disk: more at once help nobody.
const AT_ONCE: usize = 2;
/// A clock that was set is noticed this late at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// What must stay free for Hermetic's own files.
const RESERVE: u64 = 512 << 20;
/// Rows of runs whose dump is gone.
const HISTORY: Duration = Duration::from_secs(400 * 86_400);

pub struct Desk {
    pub cx: Cx,
    slots: Arc<Semaphore>,
    reserve: Arc<AtomicU64>,
    /// How long a minute of a time limit takes.
    minute: AtomicU64,
    pub shutdown: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    pub run: i64,
    pub dump: DumpId,
}

pub fn start(cx: &Cx, tasks: &mut Tasks) {
    let desk = Arc::new(Desk::new(cx.clone(), tasks.shutdown()));
    tasks.spawn("backup.dumps", async move { desk.keep().await });
}

impl Desk {
    pub fn new(cx: Cx, shutdown: CancellationToken) -> Desk {
        Desk {
            cx,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            reserve: Arc::new(AtomicU64::new(RESERVE)),
            minute: AtomicU64::new(60_000),
            shutdown,
        }
    }

    /// Bytes of the disk that no dump may take.
    pub fn reserve(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.reserve)
    }

    pub fn set_reserve(&self, bytes: u64) {
        self.reserve.store(bytes, Ordering::Relaxed);
    }

    /// A time limit is real time: a test that waits for one shortens its minutes.
    pub fn set_minute(&self, minute: Duration) {
        self.minute.store(u64::try_from(minute.as_millis()).unwrap_or(60_000), Ordering::Relaxed);
    }

    pub fn minute(&self) -> Duration {
        Duration::from_millis(self.minute.load(Ordering::Relaxed))
    }

    async fn keep(self: Arc<Self>) {
        let mut signals = self.cx.hermetic.signals();
        if let Err(error) = self.recover().await {
            tracing::error!(error = error.chain(), "what a killed process had begun could not be cleared");
        }
        let running = TaskTracker::new();
        while !self.shutdown.is_cancelled() {
            match self.begin().await {
                Ok(begun) => begun.into_iter().for_each(|begun| drop(running.spawn(run::run(Arc::clone(&self), begun)))),
                Err(error) => tracing::error!(error = error.chain(), "looking for due dumps failed; trying again shortly"),
            }
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                () = woken(&mut signals) => {}
                () = tokio::time::sleep(self.pause().await) => {}
            }
        }
        running.close();
        running.wait().await;
    }

    /// Runs what is due to its end, one after another. For tests with a frozen clock.
    pub async fn work(self: &Arc<Self>) -> Result<usize> {
        let mut done = 0;
        loop {
            let begun = self.begin().await?;
            if begun.is_empty() {
                return Ok(done);
            }
            done += begun.len();
            for begun in begun {
                run::run(Arc::clone(self), begun).await;
            }
        }
    }

    /// Runs that a killed process began are over; they are made again at once, for nobody knows when the next one is due. And
    /// what the present key file does not open is written down.
    pub async fn recover(&self) -> Result<()> {
        run::sweep(&self.cx.boot.data_dir);
        let sealer = self.cx.sealer.clone();
        self.cx
            .write(move |tx| {
                for (run, dump) in store::running(tx)? {
                    recover(tx, Begun { run, dump })?;
                }
                store::mark_lost(tx, &sealer)
            })
            .await
    }

    /// Writes down what begins now, and what is missed.
    pub async fn begin(&self) -> Result<Vec<Begun>> {
        let (free, since) = (self.slots.available_permits(), self.cx.started_at);
        let has_work = self.cx.read(move |r| has_work(r, free, since)).await?;
        if !has_work {
            return Ok(Vec::new());
        }
        self.cx.write(move |tx| begin(tx, free, since)).await
    }

    async fn pause(&self) -> Duration {
        let since = self.cx.started_at;
        let next = self.cx.read(move |r| next_moment(r, since)).await;
        next.unwrap_or(Some(Duration::from_secs(5))).unwrap_or(LONGEST_SLEEP).clamp(Duration::from_millis(200), LONGEST_SLEEP)
    }

    /// As long as a run holds it, fewer others begin.
    pub async fn slot(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }
}

/// Looking costs no write: a quiet house writes nothing.
fn has_work(r: &Reader<'_>, free: usize, serving_since: Time) -> Result<bool> {
    for dump in store::list(r)? {
        if is_missed(&dump, serving_since, r.now) || (free > 0 && is_due(&dump, r.now) && !store::is_running(r, dump.id)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_due(dump: &Dump, now: Time) -> bool {
    is_wanted(dump, now) || dump.next_at.is_some_and(|next| next <= now)
}

/// Only a retry is wanted for later.
fn is_wanted(dump: &Dump, now: Time) -> bool {
    dump.wanted_at.is_some_and(|at| at <= now || !dump.is_retrying())
}

fn is_missed(dump: &Dump, serving_since: Time, now: Time) -> bool {
    dump.trouble.is_none() && schedule::missed_at(dump, serving_since).is_some_and(|at| at <= now)
}

/// How long until something is due or missed.
fn next_moment(r: &Reader<'_>, serving_since: Time) -> Result<Option<Duration>> {
    let moments = store::list(r)?.into_iter().flat_map(|dump| {
        let missed = if dump.trouble.is_none() { schedule::missed_at(&dump, serving_since) } else { None };
        let retry = if dump.is_retrying() { dump.wanted_at } else { None };
        [dump.next_at, missed, retry]
    });
    // What is due but cannot begin yet (it still runs) is looked at again in a second.
    Ok(moments.flatten().min().map(|at| at.since(r.now).max(Duration::from_secs(1))))
}

fn begin(tx: &mut Tx<'_>, free: usize, serving_since: Time) -> Result<Vec<Begun>> {
    let zone = acts::zone(tx)?;
    let mut begun = Vec::new();
    for dump in store::list(tx)? {
        if is_missed(&dump, serving_since, tx.now) {
            miss(tx, &dump)?;
        }
        if begun.len() >= free || !is_due(&dump, tx.now) || store::is_running(tx, dump.id)? {
            continue;
        }
        let by = if is_wanted(&dump, tx.now) { dump.wanted_by.clone() } else { schedule::SCHEDULE.to_owned() };
        store::set_wanted(tx, dump.id, None)?;
        if dump.next_at.is_some_and(|next| next <= tx.now) {
            let next = schedule::next_after(&dump.draft, &zone, tx.now);
            store::set_schedule(tx, dump.id, next, dump.due_at)?;
        }
        begun.push(Begun { run: store::begin_run(tx, &dump, &by)?, dump: dump.id });
    }
    let now = tx.now;
    store::prune(tx, now - HISTORY)?;
    tx.signal(TOPIC);
    Ok(begun)
}

/// A dump that takes the whole process down with it must not do so at every start: after some tries, or where it failed before,
/// it waits for its schedule and somebody is told.
fn recover(tx: &mut Tx<'_>, begun: Begun) -> Result<()> {
    let dump = store::get(tx, begun.dump)?;
    let is_failing = dump.trouble.is_some_and(|trouble| trouble.kind == TroubleKind::Failed);
    if is_failing || store::interruptions_before(tx, begun.dump, begun.run, schedule::PATIENCE)? >= schedule::PATIENCE {
        let problem = "Hermetic was stopped again while it ran. The dump itself may be the cause, by the memory or the disk it takes, so it \
                       is not begun anew before its schedule.";
        store::end_run(tx, begun.run, Outcome::Failed, &RunResult { problem: problem.to_owned(), ..RunResult::default() })?;
        return run::tell(tx, begun);
    }
    let problem = "Hermetic was stopped while it ran.".to_owned();
    run::finish(tx, begun, Outcome::Interrupted, &RunResult { problem, ..RunResult::default() })
}

fn miss(tx: &mut Tx<'_>, dump: &Dump) -> Result<()> {
    let since = dump.due_at.unwrap_or(tx.now);
    store::set_trouble(tx, dump.id, Some(Trouble { kind: TroubleKind::Missed, since }))?;
    let good = match store::last_good(tx, dump.id)? {
        Some(run) => format!("The last good one is {} old.", describe_duration(tx.now.since(run.ended_at.unwrap_or(run.started_at)))),
        None => "There has never been a good one.".to_owned(),
    };
    let is_running = store::is_running(tx, dump.id)?;
    let state = if is_running { "it is still running" } else { "it did not run to a good end" };
    let overdue = describe_duration(tx.now.since(since).min(DAY * 365));
    let detail = format!("It was due {overdue} ago and {state}. {good}");
    let (name, place) = (dump.draft.name.clone(), dump.draft.place.clone());
    work::record(tx, &Fact::DumpFailed { dump: dump.id, name, place, since, reason: "missed".to_owned(), detail })
}

async fn woken(signals: &mut broadcast::Receiver<db::Signal>) {
    loop {
        match signals.recv().await {
            Ok(topic) if topic == TOPIC => return,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}
