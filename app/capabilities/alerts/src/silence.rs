//! Silences: matching alerts are recorded, and make no noise until the silence ends. Held, not dropped: whatever is still open then, speaks.

use jiff::tz::TimeZone;
use kernel::Time;
use kernel::ids::{AlertId, AlertRuleId};
use serde::{Deserialize, Serialize};

use crate::ids::SilenceId;
use crate::rule::{AlertRule, matches_text};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    pub id: SilenceId,
    /// Only this rule; `None` = all.
    pub rule: Option<AlertRuleId>,
    /// Only subjects whose name, target or key contains this; empty = all.
    pub matching: String,
    /// Only this one alert, until it is resolved.
    pub alert: Option<AlertId>,
    pub reason: String,
    pub starts_at: Time,
    /// `None` = until it is lifted, or until its alert is resolved.
    pub ends_at: Option<Time>,
    pub made_by: String,
}

/// How long an alert stays silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Muted {
    Until(Time),
    /// Until the silence is lifted.
    Open,
}

pub struct Subject<'a> {
    pub alert: AlertId,
    pub rule: AlertRuleId,
    pub words: &'a [&'a str],
}

impl Silence {
    /// Nobody hears of anything.
    pub fn is_total(&self) -> bool {
        self.rule.is_none() && self.alert.is_none() && self.matching.is_empty()
    }

    /// `everything`, or `rule “Disk” and “shop”`.
    pub fn scope(&self, rules: &[AlertRule]) -> String {
        let rule = self.rule.and_then(|id| rules.iter().find(|rule| rule.id == id)).map(|rule| format!("rule “{}”", rule.name));
        let text = (!self.matching.is_empty()).then(|| format!("“{}”", self.matching));
        let alert = self.alert.map(|alert| format!("alert {alert}"));
        let parts: Vec<String> = [rule, text, alert].into_iter().flatten().collect();
        if parts.is_empty() { "everything".to_owned() } else { parts.join(" and ") }
    }

    /// `until 23 Nov 2026, 15:39 CET`.
    pub fn end(&self, zone: &TimeZone) -> String {
        match self.ends_at {
            Some(end) => format!("until {}", end.in_zone(zone).strftime("%-d %b %Y, %H:%M %Z")),
            None if self.alert.is_some() => "until it is resolved".to_owned(),
            None => "until it is lifted".to_owned(),
        }
    }

    pub fn covers(&self, subject: &Subject<'_>, now: Time) -> bool {
        let is_now = self.starts_at <= now && self.ends_at.is_none_or(|end| now < end);
        is_now
            && self.alert.is_none_or(|alert| alert == subject.alert)
            && self.rule.is_none_or(|rule| rule == subject.rule)
            && matches_text(&self.matching, subject.words)
    }
}

/// The longest of the silences that cover the subject now.
pub fn muted(silences: &[Silence], subject: &Subject<'_>, now: Time) -> Option<Muted> {
    let mut longest = None;
    for silence in silences.iter().filter(|silence| silence.covers(subject, now)) {
        match silence.ends_at {
            None => return Some(Muted::Open),
            Some(end) => longest = Some(longest.map_or(end, |before: Time| before.max(end))),
        }
    }
    longest.map(Muted::Until)
}
