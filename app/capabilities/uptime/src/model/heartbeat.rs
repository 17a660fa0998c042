//! Jobs that report by themselves: when the next beat is due, and what a beat (or its absence) means.
//!
//! Nouns: [`Beat`], [`BeatKind`], [`BeatState`], [`Expectation`].

use std::borrow::Cow;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};

use super::check::{Check, Reason};
use super::watch::{BeatSchedule, HeartbeatWatch};

/// More runs than this at the same time are not told apart; the oldest is forgotten.
const MAX_RUNS: usize = 16;
/// A start that comes so soon after the end of its run was overtaken on the way: a client that sends both at once opens two connections.
pub const OVERTAKEN: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeatKind {
    Success,
    Start,
    Fail,
    /// Kept for reading only; changes nothing.
    Log,
}

impl BeatKind {
    pub fn as_str(self) -> &'static str {
        match self {
            BeatKind::Success => "success",
            BeatKind::Start => "start",
            BeatKind::Fail => "fail",
            BeatKind::Log => "log",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [BeatKind::Success, BeatKind::Start, BeatKind::Fail, BeatKind::Log].into_iter().find(|kind| kind.as_str() == text)
    }

    /// What stands behind the token in the address: nothing, `start`, `fail`, `log` or an exit code.
    pub fn from_suffix(suffix: &str) -> Option<(BeatKind, Option<u8>)> {
        match suffix {
            "" => Some((BeatKind::Success, None)),
            "start" => Some((BeatKind::Start, None)),
            "fail" => Some((BeatKind::Fail, None)),
            "log" => Some((BeatKind::Log, None)),
            code => {
                let code = code.parse::<u8>().ok()?;
                Some((if code == 0 { BeatKind::Success } else { BeatKind::Fail }, Some(code)))
            }
        }
    }
}

/// Can it stand in the address that a job reports to, as it is and as one part?
pub fn is_beat_token(token: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    (1..=128).contains(&token.len()) && token.chars().all(is_plain) && token.chars().any(|c| c != '.')
}

/// One inbound ping of a heartbeat monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    pub at: Time,
    pub kind: BeatKind,
    pub exit_code: Option<u8>,
    /// Pairs a start with its end.
    pub run_id: Option<String>,
    pub body: String,
    /// What the job itself measured (Kuma's `ping=`), in ms.
    pub reported_ms: Option<u32>,
}

/// What is remembered between beats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BeatState {
    /// The newest success or failure.
    pub last_end: Option<Time>,
    pub has_failed: bool,
    pub fail_detail: String,
    /// Runs that started and did not end: (run id, start).
    pub runs: Vec<(String, Time)>,
    /// Runs that ended and whose start was not heard: (run id, end). Their start may be on its way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<(String, Time)>,
    /// The newest item of the log that a beat was made of: each counts once, whoever reads it again.
    #[serde(skip_serializing_if = "is_zero")]
    pub item: i64,
}

fn is_zero(item: &i64) -> bool {
    *item == 0
}

/// Takes in a beat; the check it makes, if it says anything on its own.
pub fn take_in(before: &BeatState, beat: &Beat) -> (BeatState, Option<Check>) {
    let mut state = before.clone();
    let run = beat.run_id.clone().unwrap_or_default();
    let started = state.runs.iter().find(|(id, _)| *id == run).map(|(_, at)| *at);
    state.ended.retain(|(_, end)| beat.at.since(*end) <= OVERTAKEN);
    match beat.kind {
        BeatKind::Log => return (state, None),
        BeatKind::Start if state.ended.iter().any(|(id, _)| *id == run) => {
            state.ended.retain(|(id, _)| *id != run);
            return (state, None);
        }
        BeatKind::Start => {
            state.runs.retain(|(id, _)| *id != run);
            state.runs.push((run, beat.at));
            if state.runs.len() > MAX_RUNS {
                state.runs.remove(0);
            }
            return (state, None);
        }
        BeatKind::Success | BeatKind::Fail => {}
    }
    state.runs.retain(|(id, _)| *id != run);
    if started.is_none() && !run.is_empty() && state.ended.len() < MAX_RUNS {
        state.ended.push((run, beat.at));
    }
    state.last_end = Some(beat.at);
    state.has_failed = beat.kind == BeatKind::Fail;
    let mut check = if state.has_failed {
        let detail = match beat.exit_code {
            Some(code) => format!("The job ended with exit code {code}."),
            None => Reason::BeatFailed.sentence().to_owned(),
        };
        state.fail_detail.clone_from(&detail);
        Check::fail(beat.at, Reason::BeatFailed, detail)
    } else {
        Check::ok(beat.at)
    };
    let took = beat.reported_ms.map(|ms| ms.saturating_mul(1_000)).or_else(|| {
        let span = beat.at.since(started?);
        Some(u32::try_from(span.as_micros()).unwrap_or(u32::MAX))
    });
    check.phases.total = took.unwrap_or(0);
    (state, Some(check))
}

/// When something is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expectation {
    /// The moment the beat was expected, without the grace time.
    pub due: Time,
    /// After this it is missing.
    pub deadline: Time,
}

/// The next beat after the newest end. `None` before the first beat: a new heartbeat is armed by its first beat.
pub fn expectation(watch: &HeartbeatWatch, state: &BeatState) -> Option<Expectation> {
    let last = state.last_end?;
    let due = match &watch.schedule {
        BeatSchedule::Every { period_s } => last + Duration::from_secs(u64::from(*period_s)),
        BeatSchedule::Cron { expression, zone } => next_cron(expression, zone, last)?,
    };
    Some(Expectation { due, deadline: due + Duration::from_secs(u64::from(watch.grace_s)) })
}

fn longest_run(watch: &HeartbeatWatch) -> Duration {
    Duration::from_secs(u64::from(watch.max_run_s.unwrap_or(watch.grace_s)))
}

/// When the runs under way have to end. A run whose time was over before a later end came in crashed and was told of already:
/// its id never comes again, so that it would hide everything after it.
fn run_deadlines(watch: &HeartbeatWatch, state: &BeatState) -> impl Iterator<Item = Time> {
    let (longest, last_end) = (longest_run(watch), state.last_end);
    state.runs.iter().map(move |(_, start)| *start + longest).filter(move |deadline| last_end.is_none_or(|end| *deadline > end))
}

/// What is remembered, less what nobody could have heard: until `unwatched_until` nothing listened, so that a beat that was due
/// then counts from there, and so does a run that had to end then.
pub fn excused<'a>(watch: &HeartbeatWatch, state: &'a BeatState, unwatched_until: Time) -> Cow<'a, BeatState> {
    if state.last_end.is_none_or(|end| end >= unwatched_until) && state.runs.iter().all(|(_, start)| *start >= unwatched_until) {
        return Cow::Borrowed(state);
    }
    let (longest, mut excused) = (longest_run(watch), state.clone());
    // Before the end moves: those that it ended stay ended.
    excused.runs.retain(|(_, start)| state.last_end.is_none_or(|end| *start + longest > end));
    for (_, start) in &mut excused.runs {
        if *start + longest <= unwatched_until {
            *start = unwatched_until;
        }
    }
    // A job may come a little early; what is due well after the gap is still due then, however often the clock jumps.
    let grace = Duration::from_secs(u64::from(watch.grace_s));
    if expectation(watch, state).is_some_and(|expectation| expectation.due <= unwatched_until + grace) {
        excused.last_end = state.last_end.max(Some(unwatched_until));
    }
    Cow::Owned(excused)
}

/// The check that the passing of time makes: a beat is missing or a run does not end. `None` while all is in time, and for what was
/// over until `judged`: each deadline fails once.
pub fn overdue(watch: &HeartbeatWatch, state: &BeatState, judged: Option<Time>, now: Time) -> Option<Check> {
    let longest = longest_run(watch);
    let is_new = |deadline: &Time| judged.is_none_or(|judged| *deadline > judged);
    let overrun = run_deadlines(watch, state).filter(is_new).min().filter(|deadline| *deadline <= now);
    if let Some(deadline) = overrun {
        let detail = format!("The job started but did not report its end within {}.", kernel::time::describe_duration(longest));
        return Some(Check::fail(deadline, Reason::BeatOverrun, detail));
    }
    let has_started = run_deadlines(watch, state).any(|deadline| deadline > now);
    if has_started {
        // It reported its start in time and may still run.
        return None;
    }
    let expectation = missed(watch, state, is_new, now)?;
    Some(Check::fail(
        expectation.deadline,
        Reason::BeatMissing,
        format!("No beat since it was due on {}.", expectation.due.timestamp().strftime("%-d %b %Y at %H:%M UTC")),
    ))
}

/// A beat that did not come. The first counts from its own deadline; of those that were due after it and passed unseen, only the
/// latest: a restart makes up for none of them.
fn missed(watch: &HeartbeatWatch, state: &BeatState, is_new: impl Fn(&Time) -> bool, now: Time) -> Option<Expectation> {
    let first = expectation(watch, state).filter(|expectation| is_new(&expectation.deadline));
    if let Some(first) = first {
        return (first.deadline <= now).then_some(first);
    }
    let grace = Duration::from_secs(u64::from(watch.grace_s));
    let newest_start = state.runs.iter().map(|(_, start)| *start).max();
    let due = latest_due(watch, state.last_end.max(newest_start)?, now - grace)?;
    Some(Expectation { due, deadline: due + grace }).filter(|expectation| is_new(&expectation.deadline))
}

/// The latest moment after `base` and until `until` at which a beat was due.
fn latest_due(watch: &HeartbeatWatch, base: Time, until: Time) -> Option<Time> {
    match &watch.schedule {
        BeatSchedule::Every { period_s } => {
            let period = i64::from((*period_s).max(1)) * 1_000;
            let times = until.0.saturating_sub(base.0).div_euclid(period);
            (times >= 1).then(|| Time(base.0.saturating_add(times.saturating_mul(period))))
        }
        BeatSchedule::Cron { expression, zone } => {
            let (cron, zone) = (parse_cron(expression).ok()?, kernel::time::parse_zone(zone).ok()?);
            let due = Time::from(cron.find_previous_occurrence(&until.in_zone(&zone), true).ok()?.timestamp());
            (due > base).then_some(due)
        }
    }
}

/// The moment at which [`overdue`] should be asked next.
pub fn next_deadline(watch: &HeartbeatWatch, state: &BeatState) -> Option<Time> {
    run_deadlines(watch, state).chain(expectation(watch, state).map(|expectation| expectation.deadline)).min()
}

/// Five fields (or `@daily` and friends), checked to have a next occurrence at all.
pub fn parse_cron(expression: &str) -> Result<Cron> {
    let wrong = || Error::invalid("Please give a cron expression of five fields, such as 30 2 * * *.");
    if expression.len() > 200 {
        return Err(wrong());
    }
    let cron = CronParser::builder().seconds(Seconds::Disallowed).build().parse(expression).map_err(|_| wrong())?;
    let start = Time(1_704_067_200_000).in_zone(&jiff::tz::TimeZone::UTC);
    cron.find_next_occurrence(&start, false)
        .map_err(|_| Error::invalid("Please give a cron expression that comes true some day: this one never does."))?;
    Ok(cron)
}

/// The first occurrence after `after`, in the zone's own time. A fixed time inside the hour that the spring change skips runs
/// right after it; one inside the repeated hour runs once, the first time.
pub fn next_cron(expression: &str, zone: &str, after: Time) -> Option<Time> {
    let cron = parse_cron(expression).ok()?;
    let zone = kernel::time::parse_zone(zone).ok()?;
    let next = cron.find_next_occurrence(&after.in_zone(&zone), false).ok()?;
    Some(next.timestamp().into())
}
