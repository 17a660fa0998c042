//! One [`Alert`]: open → acknowledged → resolved, for one rule and one subject (its dedup key). When it may speak is decided here, from values alone.

use std::time::Duration;

use kernel::ids::{AlertId, AlertRuleId};
use kernel::time::{DAY, HOUR};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};

use crate::policy::Rung;
use crate::rule::Topic;
use crate::severity::Severity;
use crate::silence::Muted;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    pub id: AlertId,
    pub rule: AlertRuleId,
    /// As it was called when the alert opened.
    pub rule_name: String,
    pub runbook: String,
    pub topic: Topic,
    /// What it is about: `monitor:12`, `metric`, `channel:3`, `group`.
    pub subject_key: String,
    pub subject: String,
    pub target: String,
    pub title: String,
    pub detail: String,
    /// More about the subject, as label and value: project, release.
    pub facts: Vec<(String, String)>,
    pub severity: Severity,
    pub state: AlertState,
    /// A grouped failure that stands for its members.
    pub is_group: bool,
    pub group: Option<AlertId>,
    pub is_flapping: bool,
    /// When the trouble began (the first failing check), not when it was noticed.
    pub started_at: Time,
    pub opened_at: Time,
    /// When the opening notice is due; `None` = not before a silence is lifted.
    pub flush_at: Option<Time>,
    pub announced_at: Option<Time>,
    pub acknowledged_at: Option<Time>,
    pub acknowledged_by: String,
    pub resolved_at: Option<Time>,
    pub resolved_by: String,
    /// Notices posted so far: part of every idempotency key.
    pub notices: u32,
    pub reminders: u32,
    pub remind_at: Option<Time>,
    pub rung: Rung,
    pub step_at: Option<Time>,
    pub expires_at: Option<Time>,
}

/// What is needed to open an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    pub topic: Topic,
    pub subject_key: String,
    /// The one happening behind it (`outage:7`): a fact that is handled twice opens one alert.
    pub occurrence: String,
    pub subject: String,
    pub target: String,
    pub title: String,
    pub detail: String,
    pub facts: Vec<(String, String)>,
    pub started_at: Time,
    pub expires_at: Option<Time>,
    pub is_flapping: bool,
}

impl NewAlert {
    pub fn words(&self) -> Vec<&str> {
        words(&self.subject, &self.target, &self.subject_key, &self.facts)
    }
}

fn words<'a>(subject: &'a str, target: &'a str, key: &'a str, facts: &'a [(String, String)]) -> Vec<&'a str> {
    [subject, target, key].into_iter().chain(facts.iter().map(|(_, value)| value.as_str())).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    Open,
    Acknowledged,
    Resolved,
}

impl AlertState {
    pub const ALL: [AlertState; 3] = [AlertState::Open, AlertState::Acknowledged, AlertState::Resolved];

    pub fn as_str(self) -> &'static str {
        match self {
            AlertState::Open => "open",
            AlertState::Acknowledged => "acknowledged",
            AlertState::Resolved => "resolved",
        }
    }

    pub fn parse(text: &str) -> Result<Self> {
        let known = AlertState::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| Error::invalid("An alert is open, acknowledged or resolved."))
    }
}

impl Alert {
    pub fn is_resolved(&self) -> bool {
        self.state == AlertState::Resolved
    }

    /// Name, target, key and facts: what silences and rules look at.
    pub fn words(&self) -> Vec<&str> {
        words(&self.subject, &self.target, &self.subject_key, &self.facts)
    }

    pub fn lasted(&self, now: Time) -> Duration {
        self.resolved_at.unwrap_or(now).since(self.started_at)
    }
}

/// When the opening notice of a new alert is due: after the group window, after the cooldown of the same subject, after a silence.
/// Held, not dropped: an alert that is still open by then is told.
pub fn due_at(now: Time, window: Duration, cooled_at: Option<Time>, muted: Option<Muted>) -> Option<Time> {
    let mut due = now + window;
    if let Some(cooled_at) = cooled_at {
        due = due.max(cooled_at);
    }
    match muted {
        None => Some(due),
        Some(Muted::Until(end)) => Some(due.max(end)),
        Some(Muted::Open) => None,
    }
}

/// What resolving an alert tells the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nobody heard of it, so nobody needs to hear that it is over.
    Quiet,
    Notice,
    /// Its group speaks for it.
    WithGroup(AlertId),
}

pub fn ending(alert: &Alert) -> Ending {
    match (alert.group, alert.announced_at) {
        (Some(group), _) => Ending::WithGroup(group),
        (None, Some(_)) => Ending::Notice,
        // Its next notice is held by a silence, but it was told before.
        (None, None) if alert.notices > 0 => Ending::Notice,
        (None, None) => Ending::Quiet,
    }
}

/// The first reminder comes after an hour (later when the rule's cooldown is longer), each next one after twice the time, at most a day apart.
pub fn next_reminder(reminders: u32, cooldown: Duration, now: Time) -> Time {
    let first = HOUR.max(cooldown);
    let gap = first.saturating_mul(1 << reminders.min(10)).min(DAY.max(cooldown));
    now + gap
}
