//! What a problem is.

use kernel::Time;
use kernel::ids::{IssueId, MemberId, ProjectId, ReleaseId};
use std::fmt;

use super::State;

/// Events that are one problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub id: IssueId,
    pub project: ProjectId,
    /// An exception's type; empty for a message.
    pub kind: String,
    /// An exception's value, or the message.
    pub value: String,
    /// Where it happens: a function or an endpoint; may be empty.
    pub culprit: String,
    pub level: Level,
    pub platform: String,
    pub state: State,
    pub state_at: Time,
    /// Came back and nobody has acted on it since.
    pub regressed_at: Option<Time>,
    pub spiking_since: Option<Time>,
    pub first_seen_at: Time,
    pub last_seen_at: Time,
    /// Exact, whatever of the events is still kept.
    pub events: u64,
    /// Distinct users, exact.
    pub users: u64,
    pub first_release: Option<ReleaseId>,
    pub last_release: Option<ReleaseId>,
    /// The first and the latest event, in the log; they may have aged out.
    pub first_item: i64,
    pub last_item: i64,
    pub has_unhandled: bool,
    pub priority: Priority,
    pub assignee: Option<MemberId>,
}

impl Issue {
    /// “TypeError: x is undefined”, or the message.
    pub fn title(&self) -> String {
        title(&self.kind, &self.value)
    }
}

pub fn title(kind: &str, value: &str) -> String {
    let first_line = value.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match (kind.is_empty(), first_line.is_empty()) {
        (false, false) => format!("{kind}: {first_line}"),
        (false, true) => kind.to_owned(),
        (true, false) => first_line.to_owned(),
        (true, true) => "<no message>".to_owned(),
    }
}

/// As SDKs grade events; the order is that of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Fatal,
}

impl Level {
    pub const ALL: [Level; 5] = [Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Fatal];

    pub fn as_str(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }

    /// Unknown words count as an error, as in every server of this protocol.
    pub fn parse(text: &str) -> Level {
        match text.trim().to_ascii_lowercase().as_str() {
            "debug" | "trace" | "verbose" => Level::Debug,
            "info" | "log" | "notice" => Level::Info,
            "warning" | "warn" => Level::Warning,
            "fatal" | "critical" | "crit" | "panic" | "emergency" | "alert" => Level::Fatal,
            _ => Level::Error,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    Low,
    Medium,
    High,
}

/// What the priority is worked out from.
#[derive(Debug, Clone, Copy)]
pub struct PriorityFacts {
    pub level: Level,
    pub has_unhandled: bool,
    pub users: u64,
    pub is_spiking: bool,
}

impl Priority {
    /// So many people make any problem an urgent one.
    const MANY_USERS: u64 = 50;
    /// More than a single person's odd browser.
    const SOME_USERS: u64 = 5;

    /// What customers pay joins the facts when revenue is known to this house.
    pub fn of(facts: PriorityFacts) -> Priority {
        let is_grave = facts.level == Level::Fatal || (facts.level == Level::Error && facts.has_unhandled);
        if facts.level < Level::Warning {
            return if facts.is_spiking { Priority::Medium } else { Priority::Low };
        }
        if facts.is_spiking
            || facts.users >= Self::MANY_USERS
            || (is_grave && facts.users >= Self::SOME_USERS)
            || facts.level == Level::Fatal
        {
            return Priority::High;
        }
        if facts.level == Level::Warning && !facts.has_unhandled && facts.users < Self::SOME_USERS {
            Priority::Low
        } else {
            Priority::Medium
        }
    }

    pub fn code(self) -> i64 {
        match self {
            Priority::Low => 1,
            Priority::Medium => 2,
            Priority::High => 3,
        }
    }

    pub fn from_code(code: i64) -> Priority {
        match code {
            3.. => Priority::High,
            2 => Priority::Medium,
            _ => Priority::Low,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Medium => "medium",
            Priority::High => "high",
        }
    }
}

/// What events are recognised by, and how many were.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueHash {
    pub id: i64,
    pub project: ProjectId,
    pub hash: i64,
    pub issue: IssueId,
    /// `fingerprint`, `app`, `system`, `message`, `policy` or `flood`.
    pub kind: String,
    pub version: i64,
    /// JSON: `crate::grouping::Components`.
    pub components: String,
    pub title: String,
    /// 0 for one that only leads to the issue.
    pub events: u64,
    pub first_seen_at: Option<Time>,
    pub last_seen_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagValue {
    pub key: String,
    pub value: String,
    pub events: u64,
    pub last_seen_at: Time,
}

impl TagValue {
    /// Under which values are counted that come when there are too many to tell apart.
    pub const OTHER: &'static str = "<other>";
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseCount {
    pub release: ReleaseId,
    pub events: u64,
    pub first_seen_at: Time,
    pub last_seen_at: Time,
}

/// An event of the log, without its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub item: i64,
    pub project: ProjectId,
    pub hash: i64,
    pub at: Time,
    pub received_at: Time,
    pub level: Level,
    pub release: Option<ReleaseId>,
    pub environment: String,
    pub user: Option<i64>,
    pub event_id: Option<ingest::EventId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_all_loggers_become_five_levels() {
        for (word, level) in [
            ("fatal", Level::Fatal),
            ("CRITICAL", Level::Fatal),
            ("warn", Level::Warning),
            ("log", Level::Info),
            ("verbose", Level::Debug),
            ("nonsense", Level::Error),
            ("", Level::Error),
        ] {
            assert_eq!(Level::parse(word), level, "{word}");
        }
    }

    #[test]
    fn priority_follows_gravity_people_and_spikes() {
        let of = |level, has_unhandled, users, is_spiking| Priority::of(PriorityFacts { level, has_unhandled, users, is_spiking });
        assert_eq!(of(Level::Fatal, false, 0, false), Priority::High);
        assert_eq!(of(Level::Error, true, 5, false), Priority::High);
        assert_eq!(of(Level::Error, true, 4, false), Priority::Medium);
        assert_eq!(of(Level::Error, false, 50, false), Priority::High);
        assert_eq!(of(Level::Error, false, 0, false), Priority::Medium);
        assert_eq!(of(Level::Error, false, 0, true), Priority::High);
        assert_eq!(of(Level::Warning, false, 1, false), Priority::Low);
        assert_eq!(of(Level::Info, true, 1_000, false), Priority::Low);
        assert_eq!(of(Level::Info, false, 0, true), Priority::Medium);
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(title("TypeError", "\n  x is undefined\nat y"), "TypeError: x is undefined");
        assert_eq!(title("", "hello"), "hello");
        assert_eq!(title("Panic", " "), "Panic");
        assert_eq!(title("", ""), "<no message>");
    }
}
