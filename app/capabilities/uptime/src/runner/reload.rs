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
use crate::model::heartbeat::BeatState;
use crate::model::judge::look_at;
use crate::model::schedule::{Tick, phase, soon};
use crate::model::watch::{Kind, Monitor, Secrets, Watch};
use crate::model::window::Window;
use crate::prober::{Prober, ProberOptions, Target};
use crate::store;
use crate::store::states::Remembered;

const EVERY: Duration = Duration::from_secs(15);
pub const ALIVE: &str = "alive";
/// Less than the minute after which the doctor says that nothing is watched; longer than the clock between two reloads is late.
const ALIVE_EVERY: Duration = Duration::from_secs(29);
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
        self.note_lost(&loaded).await?;
        let missed = self.take_over(loaded);
        for (id, check) in missed {
            self.conclude(id, check);
        }
        self.nudge();
        Ok(())
    }

    /// What the key file opens or not is written down where that changed, and told once.
    async fn note_lost(&self, loaded: &Loaded) -> Result<()> {
        let is_lost = |monitor: &Monitor| loaded.secrets.get(&monitor.id).is_some_and(|secrets| secrets.is_lost);
        let changed: Vec<(MonitorId, bool)> = loaded
            .monitors
            .iter()
            .filter(|monitor| monitor.has_lost_secrets != is_lost(monitor))
            .map(|monitor| (monitor.id, is_lost(monitor)))
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        for (id, _) in changed.iter().filter(|(_, is_lost)| *is_lost) {
            tracing::error!(monitor.id = id.0, "the credentials of a monitor cannot be opened; please enter them again");
        }
        self.cx.write(move |tx| changed.iter().try_for_each(|(id, is_lost)| store::monitors::mark_lost(tx, *id, *is_lost))).await
    }

    /// Gives the checks of beats that came while nobody judged them.
    fn take_over(&self, mut loaded: Loaded) -> Vec<(MonitorId, Check)> {
        let mut book = self.book();
        let is_changed = |monitor: &&Monitor| book.monitors.get(&monitor.id).is_none_or(|old| old.monitor.changed_at != monitor.changed_at);
        let start = Start { tick: self.tick(), now: self.cx.now(), count: loaded.monitors.iter().filter(is_changed).count() };
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
            if let Some(watched) = book.monitors.get_mut(&id) {
                if watched.monitor.changed_at != monitor.changed_at {
                    let replans = change(watched, monitor, secrets);
                    self.look_there(watched, start.now);
                    if replans {
                        plan(&mut book, id, &start);
                    }
                }
                continue;
            }
            let remembered = loaded.remembered.remove(&id).unwrap_or_default();
            let mut watched = welcome(monitor, secrets, remembered, loaded.alive);
            self.look_there(&mut watched, start.now);
            missed.extend(unjudged_beat(&watched).map(|check| (id, check)));
            book.monitors.insert(id, watched);
            plan(&mut book, id, &start);
        }
        missed
    }

    /// While something is watched, twice a minute: each write is a request to every copy. Where nothing is watched, nothing can be
    /// missed.
    pub async fn note_alive(&self, noted: &mut Option<Time>) -> Result<()> {
        let now = self.cx.now();
        let is_watching = self.book().monitors.values().any(|watched| !watched.monitor.paused);
        if !is_watching || noted.is_some_and(|noted| now.since(noted) < ALIVE_EVERY) {
            return Ok(());
        }
        self.cx.write(move |tx| store::states::set_cursor(tx, ALIVE, now)).await?;
        *noted = Some(now);
        Ok(())
    }

    /// What is remembered of another place (address, host, kind) is forgotten, and what was open about it ends.
    fn look_there(&self, watched: &mut Watched, now: Time) {
        let is_elsewhere = !watched.state.place.is_empty();
        let (state, changes) = look_at(&watched.state, &watched.monitor.watch.place(), now);
        if state.place == watched.state.place {
            return;
        }
        watched.state = state;
        if is_elsewhere {
            (watched.last, watched.certificate) = (None, None);
            watched.ring.clear();
            watched.votes.clear();
            self.ledger.step(watched.monitor.clone(), watched.state.clone(), changes);
            self.ledger.certificate(watched.monitor.clone(), None, None);
        }
    }
}

/// When so many monitors begin at once.
struct Start {
    tick: Tick,
    now: Time,
    count: usize,
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

fn plan(book: &mut Book, id: MonitorId, start: &Start) {
    let Some(watched) = book.monitors.get(&id) else { return };
    if watched.monitor.paused || watched.kind() == Kind::Heartbeat {
        book.schedule.remove(id);
    } else {
        let interval = watched.monitor.rules.interval();
        book.schedule.put(id, interval, soon(id, start.tick, start.count), phase(id, interval, start.tick, start.now));
    }
}

/// Must its turns be planned anew?
fn change(watched: &mut Watched, monitor: Monitor, secrets: Secrets) -> bool {
    let target = Target { watch: monitor.watch.clone(), rules: monitor.rules.clone(), secrets };
    let replans = *watched.target != target || watched.monitor.paused != monitor.paused;
    if replans {
        // What failed before the change says nothing about what is watched now.
        (watched.state.fails, watched.state.first_fail) = (0, None);
    }
    if watched.kind() != monitor.watch.kind() {
        watched.beat = BeatState::default();
    }
    watched.address = monitor.watch.target().into();
    watched.target = Arc::new(target);
    watched.monitor = Arc::new(monitor);
    replans
}

async fn take_check_ins(desk: &Desk) {
    if let Err(error) = desk.take_check_ins().await {
        tracing::warn!(error = error.chain(), "uptime could not read check-ins; it tries again with the next");
    }
}

/// Reloads on signals and by the clock, and notes that the runner is alive.
pub async fn keep_current(desk: Arc<Desk>, shutdown: CancellationToken) {
    let mut signals = desk.cx.hermetic.signals();
    let mut alive = None;
    loop {
        if let Err(error) = desk.reload().await {
            tracing::error!(error = error.chain(), "uptime could not reload its monitors; it goes on with what it knows");
        }
        take_check_ins(&desk).await;
        if let Err(error) = desk.note_alive(&mut alive).await {
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
                    Ok(topic) if topic == crate::check_ins::TOPIC => take_check_ins(&desk).await,
                    // Fell behind: something may have been ours.
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    Ok(_) => {}
                },
            }
        }
    }
}
