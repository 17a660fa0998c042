//! The state machine of a monitor: one step per check ([`judge`]) and one per change around it ([`attend`]). Pure: state and
//! time in, state and changes out. Semantics: specs/uptime-incidents.md §5.2.
//!
//! Nouns: [`Around`], and those of `state`.

use kernel::Time;
use kernel::ids::MonitorId;
use std::time::Duration;

use super::check::{Check, Reason, Verdict};
use super::state::{Change, Failure, Known, Last, MonitorState, Notice, OpenOutage, State, Told};
use super::watch::Rules;

const FLAPPING_WINDOW: Duration = Duration::from_secs(30 * 60);
const FLAPPING_FROM: usize = 4;
/// Of the last five answered checks so many slow ones make it degraded …
const SLOW_FROM: u32 = 3;
/// … and at most so many let it be up again: between the two it stays as it is, so that the border does not flicker.
const SLOW_UP_TO: u32 = 1;
/// After a parent is back its dependants get this long to come back too before anybody hears of them.
pub const PARENT_GRACE: Duration = Duration::from_secs(60);

/// What lies around a monitor at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Around {
    pub is_paused: bool,
    /// Since when a maintenance window covers it.
    pub maintenance_since: Option<Time>,
    /// A parent that is down, failing, or only just back.
    pub parent_down: Option<MonitorId>,
    /// A parent is being probed just now.
    pub is_parent_asked: bool,
}

/// Takes in one check.
pub fn judge(before: &State, check: &Check, rules: &Rules, now: Time) -> (State, Vec<Change>) {
    let mut state = before.clone();
    if state.is_paused {
        return (state, Vec::new());
    }
    match check.verdict {
        Verdict::Skipped => skip(&mut state, check),
        Verdict::Fail => fail(&mut state, check, rules, now),
        Verdict::Ok | Verdict::Slow => answer(&mut state, check, rules),
    }
    let changes = settle(before, &mut state, now);
    (state, changes)
}

/// Takes in what changed around the monitor, and what the mere passing of time changes.
pub fn attend(before: &State, around: &Around, rules: &Rules, now: Time) -> (State, Vec<Change>) {
    let mut state = before.clone();
    if around.is_paused && !state.is_paused {
        // A pause ends whatever is open: nobody looks any more.
        state = State { is_paused: true, ..blank(before, now) };
    } else if !around.is_paused && state.is_paused {
        state.is_paused = false;
        state.known_since = now;
    }
    state.is_in_maintenance = around.maintenance_since.is_some();
    (state.parent, state.is_parent_asked) = (around.parent_down, around.is_parent_asked);
    if let Some(last) = &state.last
        && !state.is_blind
        && !state.is_paused
        && now.since(last.at) > rules.nodata_after()
    {
        state.is_blind = true;
        state.blind_since = last.at + rules.interval();
        state.blind_detail = "No check has ended for a while.".to_owned();
    }
    let mut changes = Vec::new();
    if state.flapping_since.is_some() && state.flips.last().is_none_or(|last| now.since(*last) >= FLAPPING_WINDOW) {
        state.flapping_since = None;
        state.flips.clear();
        changes.push(Change::Told(Notice::Settled { is_down: state.known == Known::Down }));
    }
    let mut settled = settle_from(before, &mut state, now, around.maintenance_since);
    settled.append(&mut changes);
    // The settled notice stands before what it releases.
    settled.sort_by_key(|change| match change {
        Change::Entered { .. } => 0,
        Change::OutageOpened { .. } | Change::OutageExplained { .. } | Change::OutageClosed { .. } => 1,
        Change::Told(Notice::Settled { .. }) => 2,
        Change::Told(_) => 3,
    });
    (state, settled)
}

/// Takes in where the monitor looks (its kind, address or host). At another place than the one that the memory is about it starts
/// over: what is open ends, for nobody will ever see the old place come back.
pub fn look_at(before: &State, place: &str, now: Time) -> (State, Vec<Change>) {
    if before.place.is_empty() || before.place == place {
        return (State { place: place.to_owned(), ..before.clone() }, Vec::new());
    }
    let mut state =
        State { place: place.to_owned(), is_paused: before.is_paused, is_in_maintenance: before.is_in_maintenance, ..blank(before, now) };
    let mut changes = settle(before, &mut state, now);
    changes.push(Change::Told(Notice::Silenced));
    (state, changes)
}

/// Nothing is known any more; only the recorded stretches go on.
fn blank(before: &State, now: Time) -> State {
    let State { place, recorded, recorded_at, .. } = before.clone();
    State { place, recorded, recorded_at, known_since: now, ..State::default() }
}

/// Would this check make the monitor down? Then, if our own network could be the cause, the canaries are asked first.
pub fn would_confirm(state: &State, check: &Check, rules: &Rules) -> bool {
    check.verdict == Verdict::Fail && state.known != Known::Down && state.fails.saturating_add(1) >= rules.confirm_failures
}

/// Should the next check come soon instead of at its turn?
pub fn wants_retry(state: &State) -> bool {
    !state.is_paused && ((state.known != Known::Down && state.fails > 0) || (state.known == Known::Down && state.oks > 0))
}

/// Which parent holds back the notices of a dependant: one that is down, is failing just now, or is only just back.
pub fn holding_parent<'a>(parents: impl Iterator<Item = (MonitorId, &'a State)>, now: Time) -> Option<MonitorId> {
    parents
        .filter(|(_, parent)| !parent.is_paused && !parent.is_blind)
        .find(|(_, parent)| {
            let just_back = parent.recovered_at.is_some_and(|at| now.since(at) < PARENT_GRACE);
            parent.known == Known::Down || parent.fails > 0 || just_back
        })
        .map(|(id, _)| id)
}

/// Does a parent still owe the look that tells whether it explains a failure? It is asked when the failure begins; its answer is
/// the first look that began after that. It is waited for, even by a dependant whose first failure confirms it, but not longer
/// than `patience` (the timeouts of both).
pub fn owes_a_look(parent: &State, fails_since: Time, patience: Duration, now: Time) -> bool {
    let has_looked = parent.last.as_ref().is_some_and(|last| last.at >= fails_since);
    !parent.is_paused && !has_looked && now.since(fails_since) < patience
}

/// More than half of all watched monitors (three at least) began to fail within a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MassFailure {
    pub failing: usize,
    pub total: usize,
    pub first: MonitorId,
}

pub fn mass_failure<'a>(states: impl Iterator<Item = (MonitorId, &'a State)>, now: Time) -> Option<MassFailure> {
    let watched: Vec<(MonitorId, &State)> = states.filter(|(_, state)| !state.is_paused && state.known != Known::Unknown).collect();
    let fresh = |state: &State| {
        let since = state.outage.as_ref().map(|outage| outage.since).or(state.first_fail.as_ref().map(|failure| failure.at))?;
        (now.since(since) <= Duration::from_secs(60)).then_some(since)
    };
    let mut failing: Vec<(Time, MonitorId)> = watched.iter().filter_map(|(id, state)| fresh(state).map(|since| (since, *id))).collect();
    failing.sort();
    let (_, first) = *failing.first()?;
    (failing.len() >= 3 && failing.len() * 2 > watched.len()).then_some(MassFailure { failing: failing.len(), total: watched.len(), first })
}

fn skip(state: &mut State, check: &Check) {
    if matches!(check.reason, Some(Reason::SelfOffline | Reason::NotPermitted | Reason::CredentialsLost)) {
        if !state.is_blind {
            state.is_blind = true;
            // What failed before it was clear that we are the cause says nothing about the target.
            state.blind_since = state.first_fail.as_ref().map_or(check.at, |failure| failure.at);
        }
        state.blind_detail.clone_from(&check.detail);
        forget_failures(state);
    }
}

fn fail(state: &mut State, check: &Check, rules: &Rules, now: Time) {
    let failure = Failure { at: check.at, reason: check.reason.unwrap_or(Reason::Cancelled), detail: check.detail.clone() };
    remember(state, check);
    (state.oks, state.first_ok) = (0, None);
    state.fails = state.fails.saturating_add(1);
    let first = state.first_fail.get_or_insert_with(|| failure.clone()).clone();
    if state.known != Known::Down && state.fails >= rules.confirm_failures {
        state.known = Known::Down;
        state.known_since = first.at;
        // The confirming check's reason: it is the newest word on what is wrong.
        state.outage =
            Some(OpenOutage { since: first.at, confirmed_at: now, reason: failure.reason, detail: failure.detail, parent: state.parent });
    }
}

fn answer(state: &mut State, check: &Check, rules: &Rules) {
    remember(state, check);
    forget_failures(state);
    let is_slow = check.verdict == Verdict::Slow;
    state.slow_bits = ((state.slow_bits << 1) | u8::from(is_slow)) & 0b1_1111;
    if is_slow {
        state.slow_detail.clone_from(&check.detail);
        state.slow_since.get_or_insert(check.at);
    } else if state.slow_bits == 0 {
        state.slow_since = None;
    }
    if state.known == Known::Down {
        state.oks = state.oks.saturating_add(1);
        let first = *state.first_ok.get_or_insert(check.at);
        if state.oks >= rules.confirm_successes {
            state.known = if state.slow_bits.count_ones() >= SLOW_FROM { Known::Degraded } else { Known::Up };
            state.known_since = first;
            state.recovered_at = Some(check.at);
            (state.oks, state.first_ok, state.outage) = (0, None, None);
        }
        return;
    }
    let slow = state.slow_bits.count_ones();
    let next = match state.known {
        Known::Unknown | Known::Up | Known::Down if slow >= SLOW_FROM => Known::Degraded,
        Known::Degraded if slow > SLOW_UP_TO => Known::Degraded,
        _ => Known::Up,
    };
    if next != state.known {
        state.known_since = if next == Known::Degraded { state.slow_since.unwrap_or(check.at) } else { check.at };
        state.known = next;
    }
}

fn remember(state: &mut State, check: &Check) {
    state.is_blind = false;
    state.last = Some(Last { at: check.at, verdict: check.verdict, reason: check.reason, detail: check.detail.clone() });
}

fn forget_failures(state: &mut State) {
    (state.fails, state.first_fail) = (0, None);
}

fn settle(before: &State, state: &mut State, now: Time) -> Vec<Change> {
    settle_from(before, state, now, None)
}

/// Compares before and after: the stretch, the outage, and what people must hear.
fn settle_from(before: &State, state: &mut State, now: Time, maintenance_since: Option<Time>) -> Vec<Change> {
    let mut changes = Vec::new();
    record(state, now, maintenance_since, &mut changes);
    match (&before.outage, &state.outage) {
        (None, Some(outage)) => changes.push(Change::OutageOpened {
            since: outage.since,
            confirmed_at: outage.confirmed_at,
            reason: outage.reason,
            detail: outage.detail.clone(),
            parent: outage.parent,
        }),
        (Some(outage), None) => {
            let (at, note) = (state.known_since.max(outage.since), how_it_ended(before, state));
            changes.push(Change::OutageClosed { since: outage.since, at, note });
        }
        _ => {}
    }
    if let (Some(_), Some(outage), Some(parent)) = (&before.outage, &mut state.outage, state.parent)
        && outage.parent.is_none()
        && !matches!(state.told, Told::Down { .. })
    {
        outage.parent = Some(parent);
        changes.push(Change::OutageExplained { since: outage.since, parent });
    }
    if state.is_paused && !before.is_paused {
        changes.push(Change::Told(Notice::Silenced));
        return changes;
    }
    count_flips(before, state, now, &mut changes);
    if !state.is_held() {
        tell(state, &mut changes);
    }
    changes
}

fn how_it_ended(before: &State, state: &State) -> &'static str {
    if before.place != state.place {
        "(Ended by a change of what is watched.)"
    } else if state.is_paused {
        "(Ended by a pause.)"
    } else {
        ""
    }
}

fn record(state: &mut State, now: Time, maintenance_since: Option<Time>, changes: &mut Vec<Change>) {
    let next = state.to_record();
    if next == state.recorded {
        return;
    }
    let was_covered = matches!(state.recorded, MonitorState::Maintenance | MonitorState::Paused);
    let wanted = match next {
        MonitorState::Paused => now,
        MonitorState::Maintenance => maintenance_since.unwrap_or(now),
        _ if was_covered => now,
        MonitorState::NoData if state.is_blind => state.blind_since,
        _ if state.recorded == MonitorState::NoData && state.known_since < state.blind_since => {
            state.last.as_ref().map_or(now, |last| last.at)
        }
        _ => state.known_since,
    };
    let at = wanted.max(state.recorded_at);
    (state.recorded, state.recorded_at) = (next, at);
    let reason = match next {
        MonitorState::Down => state.outage.as_ref().map(|outage| outage.reason),
        MonitorState::Degraded => state.last.as_ref().and_then(|last| last.reason),
        _ => None,
    };
    changes.push(Change::Entered { state: next, at, reason, detail: state.why().to_owned() });
}

fn count_flips(before: &State, state: &mut State, now: Time, changes: &mut Vec<Change>) {
    let is_flip = before.known != state.known && before.known != Known::Unknown && state.known != Known::Unknown;
    if !is_flip || state.is_in_maintenance {
        return;
    }
    state.flips.retain(|at| now.since(*at) < FLAPPING_WINDOW);
    state.flips.push(now);
    if state.flips.len() > 64 {
        state.flips.remove(0);
    }
    if state.flapping_since.is_none() && state.flips.len() >= FLAPPING_FROM {
        let since = state.flips.first().copied().unwrap_or(now);
        state.flapping_since = Some(since);
        changes.push(Change::Told(Notice::Flapping { transitions: u32::try_from(state.flips.len()).unwrap_or(u32::MAX), since }));
    }
}

/// Says the difference between what people were told and what is known.
fn tell(state: &mut State, changes: &mut Vec<Change>) {
    let mut say = |notice| changes.push(Change::Told(notice));
    match (state.told, state.known) {
        (Told::Down { since }, Known::Up | Known::Degraded) => say(Notice::Recovered { since, recovered_at: state.known_since }),
        (Told::Degraded { since }, Known::Up | Known::Down) => say(Notice::Restored { since, restored_at: state.known_since }),
        (_, Known::Unknown) => return,
        _ => {}
    }
    state.told = match (state.known, state.told) {
        (Known::Down, Told::Down { since }) => Told::Down { since },
        (Known::Degraded, Told::Degraded { since }) => Told::Degraded { since },
        (Known::Down, _) => match &state.outage {
            Some(outage) => {
                say(Notice::Down {
                    since: outage.since,
                    detected_at: outage.confirmed_at,
                    reason: outage.reason,
                    detail: outage.detail.clone(),
                });
                Told::Down { since: outage.since }
            }
            None => state.told,
        },
        (Known::Degraded, _) => {
            say(Notice::Degraded { since: state.known_since, detail: state.slow_detail.clone() });
            Told::Degraded { since: state.known_since }
        }
        (Known::Up | Known::Unknown, _) => Told::Nothing,
    };
}
