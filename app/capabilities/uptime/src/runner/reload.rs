//! Takes over what people changed: monitors, windows, settings. At once when it is signalled, and every 15 s to be sure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kernel::ids::MonitorId;
use kernel::{Result, Time};
use tokio_util::sync::CancellationToken;

use super::book::Watched;
use super::{Book, Desk};
use crate::model::check::Check;
use crate::model::schedule::{Tick, jitter, spread};
use crate::model::watch::{Kind, Monitor, Secrets, Watch};
use crate::model::window::Window;
use crate::prober::{Prober, ProberOptions, Target};
use crate::store;
use crate::store::states::Remembered;

const EVERY: Duration = Duration::from_secs(15);
/// After a restart the first turns are spread over at most this.
const SPREAD: Duration = Duration::from_secs(30);
pub const ALIVE: &str = "alive";
/// There while an interruption is told of that has not ended: its end may come after a restart.
pub const OFFLINE: &str = "offline";

struct Loaded {
    options: ProberOptions,
    monitors: Vec<Monitor>,
    secrets: HashMap<MonitorId, Secrets>,
    windows: Vec<Window>,
    /// Only when somebody is new to the book.
    remembered: HashMap<MonitorId, Remembered>,
    alive: Option<Time>,
    offline_since: Option<Time>,
}

impl Desk {
    pub async fn reload(&self) -> Result<()> {
        let (cx, known) = (self.cx.clone(), self.book().monitors.keys().copied().collect::<HashSet<_>>());
        let loaded = self
            .cx
            .read(move |r| {
                let monitors = store::monitors::list(r)?;
                let has_new = monitors.iter().any(|monitor| !known.contains(&monitor.id));
                Ok(Loaded {
                    options: crate::settings::prober_options(r, &cx)?,
                    secrets: store::monitors::all_secrets(r, &cx.sealer)?.into_iter().collect(),
                    windows: store::windows::list(r)?,
                    remembered: if has_new { store::states::remembered(r)?.into_iter().collect() } else { HashMap::new() },
                    alive: store::states::cursor(r, ALIVE)?,
                    offline_since: store::states::cursor(r, OFFLINE)?,
                    monitors,
                })
            })
            .await?;
        let current = self.prober();
        let options = ProberOptions { extra_ca_pem: current.options().extra_ca_pem.clone(), ..loaded.options.clone() };
        if *current.options() != options || current.is_stale() {
            self.set_prober(Prober::new(options)?);
        }
        let missed = self.take_over(loaded);
        for (id, check) in missed {
            self.conclude(id, check);
        }
        self.nudge();
        Ok(())
    }

    /// Gives the checks of beats that came while nobody judged them.
    fn take_over(&self, mut loaded: Loaded) -> Vec<(MonitorId, Check)> {
        let tick = self.tick();
        let mut book = self.book();
        let is_start = book.monitors.is_empty();
        let ids: HashSet<MonitorId> = loaded.monitors.iter().map(|monitor| monitor.id).collect();
        let gone: Vec<MonitorId> = book.monitors.keys().filter(|id| !ids.contains(id)).copied().collect();
        for id in gone {
            book.monitors.remove(&id);
            book.schedule.remove(id);
        }
        book.windows = loaded.windows;
        if is_start {
            book.offline_since = book.offline_since.or(loaded.offline_since);
            book.unwatched_until = unwatched_until(&loaded.monitors, loaded.alive, self.cx.now()).unwrap_or(book.unwatched_until);
        }
        let mut missed = Vec::new();
        for monitor in loaded.monitors {
            let secrets = loaded.secrets.remove(&monitor.id).unwrap_or_default();
            let id = monitor.id;
            if book.monitors.contains_key(&id) {
                change(&mut book, monitor, secrets, tick);
                continue;
            }
            let remembered = loaded.remembered.remove(&id).unwrap_or_default();
            let is_fresh = remembered.state.last.is_none() || !is_start;
            let watched = welcome(monitor, secrets, remembered, loaded.alive);
            missed.extend(unjudged_beat(&watched).map(|check| (id, check)));
            plan(&mut book, &watched, if is_fresh { tick } else { tick + later(&watched) });
            book.monitors.insert(id, watched);
        }
        missed
    }
}

/// Now, when the runner was away for longer than the shortest grace: beats may have come to a closed door.
fn unwatched_until(monitors: &[Monitor], alive: Option<Time>, now: Time) -> Option<Time> {
    let grace = |monitor: &Monitor| match &monitor.watch {
        Watch::Heartbeat(beat) => Some(Duration::from_secs(u64::from(beat.grace_s))),
        _ => None,
    };
    let shortest = monitors.iter().filter_map(grace).min()?;
    (now.since(alive?) > shortest).then_some(now)
}

fn welcome(monitor: Monitor, secrets: Secrets, remembered: Remembered, alive: Option<Time>) -> Watched {
    let target = Target { watch: monitor.watch.clone(), rules: monitor.rules.clone(), secrets };
    let mut watched = Watched::new(monitor, target);
    watched.state = remembered.state;
    watched.beat = remembered.beat;
    watched.certificate = remembered.certificate;
    // The stored memory is as old as the newest change; that the runner was alive says that checks went on until then. Beats come
    // when they come: one that was not judged yet must not look older than that.
    if let (Some(last), Some(alive)) = (&mut watched.state.last, alive)
        && watched.monitor.watch.kind() != Kind::Heartbeat
    {
        last.at = last.at.max(alive);
    }
    watched
}

/// A beat that was written down but not judged: Hermetic stopped between the two.
fn unjudged_beat(watched: &Watched) -> Option<Check> {
    let end = watched.beat.last_end.filter(|_| watched.kind() == Kind::Heartbeat)?;
    let is_judged = watched.state.last.as_ref().is_some_and(|last| last.at >= end);
    if is_judged {
        return None;
    }
    Some(match watched.beat.has_failed {
        true => Check::fail(end, crate::model::check::Reason::BeatFailed, watched.beat.fail_detail.clone()),
        false => Check::ok(end),
    })
}

fn later(watched: &Watched) -> Tick {
    let wait = watched.monitor.rules.interval().min(SPREAD).mul_f64(spread(watched.monitor.id));
    u64::try_from(wait.as_millis()).unwrap_or(0)
}

fn plan(book: &mut Book, watched: &Watched, first: Tick) {
    let id = watched.monitor.id;
    if watched.monitor.paused || watched.kind() == Kind::Heartbeat {
        book.schedule.remove(id);
    } else {
        let interval = watched.monitor.rules.interval();
        // A tenth of the interval at most, so that a batch created at once does not knock at once for ever.
        let jitter = u64::try_from(jitter(id, interval).as_millis()).unwrap_or(0).min(2_000);
        book.schedule.put(id, interval, first + jitter);
    }
}

fn change(book: &mut Book, monitor: Monitor, secrets: Secrets, tick: Tick) {
    let id = monitor.id;
    let Some(watched) = book.monitors.get_mut(&id) else { return };
    if watched.monitor.changed_at == monitor.changed_at {
        return;
    }
    let target = Target { watch: monitor.watch.clone(), rules: monitor.rules.clone(), secrets };
    if *watched.target != target || watched.monitor.paused != monitor.paused {
        // What failed before the change says nothing about what is watched now.
        (watched.state.fails, watched.state.first_fail) = (0, None);
    }
    let replans = *watched.target != target || watched.monitor.paused != monitor.paused;
    watched.address = monitor.watch.target().into();
    watched.target = Arc::new(target);
    watched.monitor = Arc::new(monitor);
    if replans {
        let (paused, kind, interval) = (watched.monitor.paused, watched.kind(), watched.monitor.rules.interval());
        if paused || kind == Kind::Heartbeat {
            book.schedule.remove(id);
        } else {
            book.schedule.put(id, interval, tick);
        }
    }
}

/// Reloads on signals and by the clock, and notes that the runner is alive.
pub async fn keep_current(desk: Arc<Desk>, shutdown: CancellationToken) {
    let mut signals = desk.cx.hermetic.signals();
    loop {
        if let Err(error) = desk.reload().await {
            tracing::error!(error = error.chain(), "uptime could not reload its monitors; it goes on with what it knows");
        }
        let alive = desk.cx.now();
        if let Err(error) = desk.cx.write(move |tx| store::states::set_cursor(tx, ALIVE, alive)).await {
            tracing::warn!(error = error.chain(), "uptime could not note that it is alive");
        }
        let wait = tokio::time::sleep(EVERY);
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = &mut wait => break,
                signal = signals.recv() => match signal {
                    Ok(topic) if topic == crate::CONFIG_TOPIC || topic == capability::settings::TOPIC => break,
                    // Fell behind: something may have been ours.
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    Ok(_) => {}
                },
            }
        }
    }
}
