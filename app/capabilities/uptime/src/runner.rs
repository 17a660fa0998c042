//! Keeps watch: one loop that knows whose turn it is, a short-lived task per probe, and a ledger that writes down what came of
//! it. A probe waits neither for the database nor for a notice.
//!
//! - [`book`]: what is known in memory of every monitor; [`turn`]: one probe from start to verdict
//! - [`sweep`]: what changes by the mere passing of time; [`reload`]: what people changed
//! - [`check_ins`]: what the digest of check-ins wrote down
//! - [`ledger`]: state changes at once, samples in batches
//!
//! Nouns: [`Desk`] (all of it, shared with the routes).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capability::{Cx, Tasks};
use kernel::time::Stopwatch;
use kernel::{Fact, Result};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::model::schedule::{ClockGuard, Jump, Tick};
use crate::prober::{Prober, ProberOptions};

pub mod book;
pub mod check_ins;
pub mod ledger;
pub mod reload;
pub mod sweep;
pub mod turn;

pub use book::{Book, Dot, Watched};
pub use ledger::Ledger;

/// So many probes at once. Far more than 500 monitors that all run into their timeout need, and few enough to bound memory.
const MOST_AT_ONCE: usize = 1_024;
/// A tick that is this late means that the machine slept; people are told that nothing was watched meanwhile.
const WORTH_TELLING: Duration = Duration::from_secs(120);

pub struct Desk {
    pub cx: Cx,
    pub ledger: Ledger,
    prober: Mutex<Arc<Prober>>,
    book: Mutex<Book>,
    watch: Stopwatch,
    wake: Notify,
    permits: Arc<Semaphore>,
    /// The newest answer of the canaries, by tick.
    egress: tokio::sync::Mutex<Option<(Tick, bool)>>,
    check_ins: check_ins::Place,
}

impl Desk {
    /// The one desk of this instance; made when there is none yet.
    pub fn of(cx: &Cx) -> Result<Arc<Desk>> {
        cx.slots.get_or_make(|| Desk::new(cx.clone(), ProberOptions::default()))
    }

    fn new(cx: Cx, options: ProberOptions) -> Result<Self> {
        Ok(Self {
            cx,
            ledger: Ledger::default(),
            prober: Mutex::new(Arc::new(Prober::new(options)?)),
            book: Mutex::default(),
            watch: Stopwatch::start(),
            wake: Notify::new(),
            permits: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            egress: tokio::sync::Mutex::default(),
            check_ins: check_ins::Place::default(),
        })
    }

    /// Milliseconds on the monotonic clock.
    pub fn tick(&self) -> Tick {
        self.watch.micros() / 1_000
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn prober(&self) -> Arc<Prober> {
        self.prober.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_prober(&self, prober: Prober) {
        *self.prober.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(prober);
    }

    /// The loop looks again at whose turn it is.
    pub fn nudge(&self) {
        self.wake.notify_one();
    }

    /// The machine slept, starved or its clock was set. Probes under way see that for themselves.
    fn jumped(&self, jump: Jump) {
        self.book().unwatched_until = self.cx.now();
        let (Jump::Late { by } | Jump::Clock { by }) = jump;
        tracing::warn!(?jump, "the clock jumped or the machine slept; checks under way are not counted");
        if by >= WORTH_TELLING {
            let now = self.cx.now();
            let vantage = "here".to_owned();
            let detail = "The machine was suspended or its clock was set: nothing was judged meanwhile.".to_owned();
            self.ledger.fact(Fact::MonitoringInterrupted { vantage: vantage.clone(), since: now - by, detail });
            self.ledger.fact(Fact::MonitoringResumed { vantage, since: now - by, resumed_at: now });
        }
    }
}

/// Starts the loops.
pub fn start(cx: &Cx, tasks: &mut Tasks) {
    let desk = match Desk::of(cx) {
        Ok(desk) => desk,
        Err(error) => {
            tracing::error!(error = error.chain(), "uptime cannot watch anything; please restart and report this");
            return;
        }
    };
    let shutdown = tasks.shutdown();
    tasks.spawn("uptime.runner", keep_watch(desk.clone(), shutdown.clone()));
    tasks.spawn("uptime.reload", reload::keep_current(desk.clone(), shutdown.clone()));
    tasks.spawn("uptime.ledger", ledger::keep_written(desk.clone(), shutdown.clone()));
    tasks.spawn("uptime.samples", ledger::keep_sampled(desk, shutdown));
}

async fn keep_watch(desk: Arc<Desk>, shutdown: CancellationToken) {
    let mut guard = ClockGuard::new(desk.tick(), desk.cx.now());
    let mut swept = 0;
    while !shutdown.is_cancelled() {
        let due = desk.book().schedule.next_due();
        let tick = desk.tick();
        let until_sweep = (swept + sweep::EVERY_MS).saturating_sub(tick);
        let wait = due.map_or(until_sweep, |due| due.saturating_sub(tick).min(until_sweep));
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = desk.wake.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
        }
        if let Some(jump) = guard.tick(desk.tick(), desk.cx.now(), tick + wait) {
            desk.jumped(jump);
        }
        desk.start_due();
        if desk.tick() >= swept + sweep::EVERY_MS {
            swept = desk.tick();
            desk.sweep();
        }
    }
}
