//! How a copy is: [`State`] for the eye, at this moment; [`Condition`] for the memory, which changes rarely; and the facts
//! that its changes call for.

use kernel::time::describe_duration;
use kernel::{Error, Fact, Result, Time};
use replica::engine::{DestinationStatus, Status};
use std::time::Duration;

/// A failure shorter than this is no news: a connection that breaks is tried again after a second.
pub const GRACE: Duration = Duration::from_secs(4);
/// What waits no longer than this is on its way.
/// So long a lease may be that of a machine that died, or of this one before it crashed: nobody writes there any more.
pub const OLD_LEASE: Duration = Duration::from_secs(replica::lease::TTL.as_secs() + GRACE.as_secs());
const ON_ITS_WAY: Duration = Duration::from_secs(10);
/// The first copy of a large file takes its time. After this long somebody should look.
pub const FIRST_WITHIN: Duration = kernel::time::HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has asked the destination yet what it has.
    Unlisted,
    /// It has nothing yet: the first copy is on its way.
    Outstanding,
    Current,
    CatchingUp,
    Failing,
    /// Another instance writes there.
    Refused,
}

impl State {
    pub fn of(copy: &DestinationStatus) -> State {
        match copy {
            _ if copy.is_refused => State::Refused,
            _ if copy.failing.is_some() => State::Failing,
            DestinationStatus { reached: None, .. } => State::Unlisted,
            DestinationStatus { reached: Some(0), .. } => State::Outstanding,
            DestinationStatus { behind: 0, .. } => State::Current,
            _ => State::CatchingUp,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            State::Unlisted => "unlisted",
            State::Outstanding => "outstanding",
            State::Current => "current",
            State::CatchingUp => "catching_up",
            State::Failing => "failing",
            State::Refused => "refused",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            State::Unlisted => "not listed yet",
            State::Outstanding => "first copy outstanding",
            State::Current => "current",
            State::CatchingUp => "catching up",
            State::Failing => "failing",
            State::Refused => "refused: another instance",
        }
    }
}

/// How long the oldest transaction that is missing there waits.
pub fn lag(copy: &DestinationStatus, now: Time) -> Duration {
    copy.waiting_since.map_or(Duration::ZERO, |since| now.since(since))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Well,
    /// It has nothing yet, which is no trouble for [`FIRST_WITHIN`].
    Outstanding,
    Stale,
    Refused,
}

impl Condition {
    /// Whether there is trouble that was told of.
    pub fn is_bad(self) -> bool {
        matches!(self, Condition::Stale | Condition::Refused)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Condition::Well => "well",
            Condition::Outstanding => "outstanding",
            Condition::Stale => "stale",
            Condition::Refused => "refused",
        }
    }

    pub fn parse(text: &str) -> Result<Condition> {
        let known = [Condition::Well, Condition::Outstanding, Condition::Stale, Condition::Refused];
        known.into_iter().find(|known| known.as_str() == text).ok_or_else(|| Error::internal("reading the condition of a copy"))
    }
}

/// What is remembered of one copy, or, with an empty `destination`, of a file's spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub file: String,
    pub destination: String,
    pub condition: Condition,
    pub since: Time,
    pub detail: String,
    pub is_append_only: bool,
    /// What is there can be read from here, so that it can be rehearsed: not where only the recipient's key is known.
    pub is_readable: bool,
    pub honours_conditions: Option<bool>,
    /// The store's own words; empty while it deletes.
    pub refuses_deletes: String,
}

impl Copy {
    pub fn is_spool(&self) -> bool {
        self.destination.is_empty()
    }
}

/// What is to be remembered of a destination now.
pub fn judge(known: Option<&Copy>, file: &str, copy: &DestinationStatus, now: Time, stale_after: Duration) -> Copy {
    let (condition, since, detail) = judge_condition(known, copy, now, stale_after);
    Copy {
        file: file.to_owned(),
        destination: copy.name.clone(),
        condition,
        since,
        detail,
        is_append_only: copy.is_append_only,
        is_readable: true,
        honours_conditions: copy.honours_conditions.or(known.and_then(|known| known.honours_conditions)),
        refuses_deletes: copy.refuses_deletes.clone().unwrap_or_default(),
    }
}

fn judge_condition(known: Option<&Copy>, copy: &DestinationStatus, now: Time, stale_after: Duration) -> (Condition, Time, String) {
    let was = known.filter(|known| known.condition.is_bad());
    let keep = |condition| was.filter(|was| was.condition == condition).map(|was| (was.condition, was.since, was.detail.clone()));
    if let Some((since, sentence)) = &copy.failing {
        if copy.is_refused && was.is_none() && now.since(*since) < OLD_LEASE {
            let before = known.map(|known| (known.condition, known.since, known.detail.clone()));
            return before.unwrap_or((Condition::Outstanding, now, String::new()));
        }
        if copy.is_refused {
            return keep(Condition::Refused).unwrap_or((Condition::Refused, *since, sentence.clone()));
        }
        if now.since(*since) >= GRACE {
            return keep(Condition::Stale).unwrap_or((Condition::Stale, *since, sentence.clone()));
        }
    }
    let has_first = copy.reached.is_some_and(|reached| reached > 0);
    let outstanding = known.filter(|known| known.condition == Condition::Outstanding);
    if !has_first && let Some(since) = outstanding.map(|known| known.since).filter(|since| now.since(*since) >= FIRST_WITHIN) {
        let sentence = format!("The first copy has not arrived for {}.", describe_duration(now.since(since)));
        return (Condition::Stale, since, sentence);
    }
    if let Some(since) = copy.waiting_since.filter(|since| has_first && now.since(*since) >= stale_after) {
        let sentence = format!("{} transactions wait, the oldest for {}.", copy.behind, describe_duration(now.since(since)));
        return keep(Condition::Stale).unwrap_or((Condition::Stale, since, sentence));
    }
    let is_near = copy.behind == 0 || copy.waiting_since.is_some_and(|since| now.since(since) < ON_ITS_WAY);
    let is_well = copy.failing.is_none() && has_first && is_near;
    match was {
        Some(was) if !is_well => (was.condition, was.since, was.detail.clone()),
        // After a start nobody has listed it yet: what was known still holds. Of a new one nothing is.
        _ if copy.reached == Some(0) || (!has_first && known.is_none_or(|known| known.condition == Condition::Outstanding)) => {
            (Condition::Outstanding, outstanding.map_or(now, |known| known.since), String::new())
        }
        _ => (Condition::Well, known.filter(|known| known.condition == Condition::Well).map_or(now, |known| known.since), String::new()),
    }
}

/// What is to be remembered of a file's spool now.
pub fn judge_spool(known: Option<&Copy>, file: &str, status: &Status, now: Time) -> Copy {
    let was = known.filter(|known| known.condition == Condition::Stale);
    let (condition, since, detail) = match (&status.capture_error, was) {
        (Some(_), Some(was)) => (Condition::Stale, was.since, was.detail.clone()),
        (Some((since, sentence)), None) if now.since(*since) >= GRACE => (Condition::Stale, *since, sentence.clone()),
        _ => (Condition::Well, known.filter(|known| known.condition == Condition::Well).map_or(now, |known| known.since), String::new()),
    };
    Copy {
        file: file.to_owned(),
        destination: String::new(),
        condition,
        since,
        detail,
        is_append_only: false,
        is_readable: true,
        honours_conditions: None,
        refuses_deletes: String::new(),
    }
}

/// What a change calls for telling. `after` is `None` when the destination is not configured any more.
pub fn fact(before: Option<&Copy>, after: Option<&Copy>, now: Time) -> Option<Fact> {
    let condition = |copy: Option<&Copy>| copy.map_or(Condition::Well, |copy| copy.condition);
    let (was, is) = (condition(before), condition(after));
    let copy = after.or(before)?;
    if after.is_none() && !copy.is_spool() {
        return Some(Fact::ReplicaRemoved { file: copy.file.clone(), destination: copy.destination.clone(), removed_at: now });
    }
    let (file, destination, detail) = (copy.file.clone(), copy.destination.clone(), copy.detail.clone());
    let began = before.map_or(now, |before| before.since);
    match (was, is) {
        (was, is) if was == is || !(was.is_bad() || is.is_bad()) => None,
        (_, Condition::Well | Condition::Outstanding) if copy.is_spool() => {
            Some(Fact::SpoolRecovered { file, since: began, recovered_at: now })
        }
        (_, Condition::Well | Condition::Outstanding) => Some(Fact::ReplicaCaughtUp { file, destination, since: began, caught_up_at: now }),
        (_, Condition::Refused) => Some(Fact::LeaseLost { file, destination, since: copy.since, detail }),
        (_, Condition::Stale) if copy.is_spool() => Some(Fact::SpoolFailing { file, since: copy.since, detail }),
        (_, Condition::Stale) => Some(Fact::ReplicaStale { file, destination, since: copy.since, detail }),
    }
}
