//! What is watched and how it is judged: [`AlertRule`] = a [`Source`] (a fact, or a metric with a threshold), a [`Severity`], the channels it
//! names ([`Target`]) and a cooldown. Judging a metric ([`judge`]) is a pure function of what was remembered, what was read, and the time.

use std::time::Duration;

use kernel::ids::{AlertRuleId, ChannelId};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};

use crate::channel::ChannelKind;
use crate::ids::PolicyId;
use crate::severity::Severity;

pub use crate::topic::{Topic, heard, opening_topic};

#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    pub id: AlertRuleId,
    /// A stable word for `apply` and the API; shipped rules keep theirs for ever.
    pub key: String,
    pub name: String,
    pub source: Source,
    /// Only subjects whose name, target or key contains this text; empty = all.
    pub only: String,
    pub severity: Severity,
    /// After a notice about the same subject the next one waits at least so long.
    pub cooldown: Duration,
    /// Empty: listed on the page, nobody is told.
    pub targets: Vec<Target>,
    pub policy: Option<PolicyId>,
    pub runbook: String,
    pub is_enabled: bool,
    pub is_shipped: bool,
}

/// What makes the rule speak.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    Told(Topic),
    Metric(MetricWatch),
}

#[derive(Debug, Clone, PartialEq)]
pub struct MetricWatch {
    pub metric: String,
    pub operator: Operator,
    pub threshold: f64,
    /// How long the threshold must be crossed before an alert opens (`for`).
    pub hold: Duration,
    /// How long it must be back before the alert resolves (`resolve_for`).
    pub clear: Duration,
    /// With fewer samples behind it a value is not judged: one error of two requests is not an error rate of 50 %.
    pub min_samples: u64,
    pub nodata: Nodata,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What a missing value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nodata {
    /// All is well.
    Ok,
    /// As bad as a crossed threshold.
    Alert,
    /// Nothing is known: whatever was, stays.
    Keep,
}

/// Whom a rule tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    Everywhere,
    Kind(ChannelKind),
    Channel(ChannelId),
}

/// What is remembered of a metric rule between two looks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Watch {
    pub breached_since: Option<Time>,
    pub cleared_since: Option<Time>,
    pub value: Option<f64>,
    pub samples: u64,
}

/// What was read of a metric just now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    pub value: f64,
    pub samples: u64,
}

/// What a look at a metric calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Nothing,
    Open { since: Time },
    Resolve { since: Time },
}

impl Source {
    pub fn topic(&self) -> Topic {
        match self {
            Source::Told(topic) => *topic,
            Source::Metric(_) => Topic::Metric,
        }
    }

    pub fn metric(&self) -> Option<&MetricWatch> {
        match self {
            Source::Metric(watch) => Some(watch),
            Source::Told(_) => None,
        }
    }
}

impl AlertRule {
    /// Whether the rule looks at this subject at all; `words` are its name, target and key.
    pub fn looks_at(&self, words: &[&str]) -> bool {
        matches_text(&self.only, words)
    }

    /// Whether it tells single channels only, none by their kind.
    pub fn names_single_channels(&self) -> bool {
        !self.targets.is_empty() && self.targets.iter().all(|target| matches!(target, Target::Channel(_)))
    }

    /// The capability whose metric the rule waits for, when nobody provides it.
    pub fn waits_for(&self, known: impl Fn(&str) -> bool) -> Option<&str> {
        let watch = self.source.metric()?;
        if known(&watch.metric) { None } else { watch.metric.split('.').next() }
    }
}

/// Case-insensitive "contains" over several words; an empty needle matches everything.
pub fn matches_text(needle: &str, words: &[&str]) -> bool {
    let needle = needle.trim().to_lowercase();
    needle.is_empty() || words.iter().any(|word| word.to_lowercase().contains(&needle))
}

impl Operator {
    pub const ALL: [Operator; 4] = [Operator::Above, Operator::AtLeast, Operator::Below, Operator::AtMost];

    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Above => "above",
            Operator::AtLeast => "at_least",
            Operator::Below => "below",
            Operator::AtMost => "at_most",
        }
    }

    pub fn sign(self) -> &'static str {
        match self {
            Operator::Above => ">",
            Operator::AtLeast => "≥",
            Operator::Below => "<",
            Operator::AtMost => "≤",
        }
    }

    /// By word (`above`) or sign (`>`, `>=`).
    pub fn parse(text: &str) -> Result<Self> {
        match text.trim() {
            "above" | ">" => Ok(Operator::Above),
            "at_least" | ">=" | "≥" => Ok(Operator::AtLeast),
            "below" | "<" => Ok(Operator::Below),
            "at_most" | "<=" | "≤" => Ok(Operator::AtMost),
            _ => Err(Error::invalid("An operator is one of above, at_least, below, at_most.")),
        }
    }

    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Operator::Above => value > threshold,
            Operator::AtLeast => value >= threshold,
            Operator::Below => value < threshold,
            Operator::AtMost => value <= threshold,
        }
    }
}

impl Nodata {
    pub const ALL: [Nodata; 3] = [Nodata::Keep, Nodata::Ok, Nodata::Alert];

    pub fn as_str(self) -> &'static str {
        match self {
            Nodata::Ok => "ok",
            Nodata::Alert => "alert",
            Nodata::Keep => "keep",
        }
    }

    pub fn parse(text: &str) -> Result<Self> {
        let known = Nodata::ALL.into_iter().find(|nodata| nodata.as_str() == text);
        known.ok_or_else(|| Error::invalid("What a missing value means is one of keep, ok, alert."))
    }
}

impl Target {
    /// `everywhere`, a kind (`slack`), or `channel:3`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "everywhere" {
            return Ok(Target::Everywhere);
        }
        if let Some(id) = text.strip_prefix("channel:") {
            let id = id.parse().map_err(|_| Error::invalid("A channel is named like channel:3."))?;
            return Ok(Target::Channel(ChannelId(id)));
        }
        ChannelKind::parse(text).map(Target::Kind)
    }

    pub fn as_text(&self) -> String {
        match self {
            Target::Everywhere => "everywhere".to_owned(),
            Target::Kind(kind) => kind.as_str().to_owned(),
            Target::Channel(id) => format!("channel:{id}"),
        }
    }

    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>> {
        let mut targets = Vec::new();
        for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
            let target = Target::parse(text)?;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        Ok(targets)
    }
}

/// Judges one look at a metric. `is_open` tells whether an alert of this rule is open; the second half is what to remember.
pub fn judge(rule: &MetricWatch, before: Watch, read: Option<Value>, is_open: bool, now: Time) -> (Verdict, Watch) {
    let judged = read.filter(|read| read.value.is_finite() && read.samples >= rule.min_samples);
    let is_breached = match (judged, rule.nodata) {
        (Some(read), _) => rule.operator.holds(read.value, rule.threshold),
        (None, Nodata::Alert) => true,
        (None, Nodata::Ok) => false,
        (None, Nodata::Keep) => return (Verdict::Nothing, Watch { value: None, samples: read.map_or(0, |read| read.samples), ..before }),
    };
    let mut after = Watch {
        breached_since: None,
        cleared_since: None,
        value: judged.map(|read| read.value),
        samples: judged.map_or(0, |read| read.samples),
    };
    if is_breached {
        let since = before.breached_since.unwrap_or(now);
        after.breached_since = Some(since);
        let verdict = if !is_open && now.since(since) >= rule.hold { Verdict::Open { since } } else { Verdict::Nothing };
        return (verdict, after);
    }
    let since = before.cleared_since.unwrap_or(now);
    after.cleared_since = Some(since);
    let verdict = if is_open && now.since(since) >= rule.clear { Verdict::Resolve { since } } else { Verdict::Nothing };
    (verdict, after)
}

/// A value with its unit as a person reads it: `91.3 %`, `1,240 ms` stays plain `1240 ms`.
pub fn show_value(value: f64, unit: &str) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    match unit {
        "" => format!("{rounded}"),
        "%" | "percent" => format!("{rounded} %"),
        unit => format!("{rounded} {unit}"),
    }
}
