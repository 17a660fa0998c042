//! Making and changing rules and channels, the same way for forms, the API and files: a document in, checked as a whole, stored.
//!
//! - [`RuleDoc`], [`merged_rule`]: what a rule should be; what is left out stays as it is
//! - [`ChannelDoc`], [`checked_channel`]: what a channel should be; blank secrets stay as they are
//! - [`policies`], [`quiet`], [`silences`]: the same for escalation, quiet hours and silences

pub mod policies;
pub mod quiet;
pub mod silences;

use std::time::Duration;

use db::{Reader, Tx};
use kernel::error::FieldErrors;
use kernel::ids::{AlertRuleId, ChannelId};
use kernel::text::{WebUrl, checked_line};
use kernel::{Error, Result, Sealer};
use serde::{Deserialize, Serialize};

use crate::channel::config::{self, Config};
use crate::channel::{Channel, ChannelKind, Takes, Values};
use crate::engine::Desk;
use crate::engine::life::{Resolution, resolve};
use crate::engine::watch::{Changed, enqueue_tidy};
use crate::ids::PolicyId;
use crate::notice::NoticeKind;
use crate::rule::{AlertRule, MetricWatch, Nodata, Operator, Source, Target, Topic};
use crate::severity::Severity;
use crate::store::channels::StoredChannel;
use crate::store::policies as stored_policies;
use crate::store::{alerts, channels, rules};

/// A rule as a document. Everything but the key may be left out when the rule exists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleDoc {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `monitor_down`, `metric` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_minutes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_minutes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_samples: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown_minutes: Option<u64>,
    /// `everywhere`, a kind such as `slack`, `channel:3`, or a channel's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// A policy's name; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

const MAX_MINUTES: u64 = 60 * 24 * 31;

/// The rule as it would be: the document laid over what exists.
pub fn merged_rule(r: &Reader<'_>, before: Option<&AlertRule>, doc: &RuleDoc) -> Result<AlertRule> {
    let mut errors = FieldErrors::default();
    let name = doc.name.clone().or_else(|| before.map(|rule| rule.name.clone())).unwrap_or_default();
    let name = errors.take("name", checked_line(&name, "a name", 120));
    let key = match before {
        Some(rule) => Some(rule.key.clone()),
        None => errors.take("key", checked_key(doc.key.as_deref().filter(|key| !key.is_empty()), name.as_deref().unwrap_or_default())),
    };
    let source = merged_source(&mut errors, before, doc);
    let severity = match (&doc.severity, before) {
        (Some(text), _) => errors.take("severity", text.parse()),
        (None, before) => Some(before.map_or(Severity::Warning, |rule| rule.severity)),
    };
    let cooldown =
        minutes(&mut errors, "cooldown_minutes", doc.cooldown_minutes, before.map_or(Duration::from_secs(900), |rule| rule.cooldown));
    let targets = match &doc.channels {
        Some(texts) => errors.take("channels", find_targets(r, texts)),
        None => Some(before.map(|rule| rule.targets.clone()).unwrap_or_default()),
    };
    let policy = match doc.policy.as_deref() {
        Some("") => Some(None),
        Some(name) => errors.take("policy", find_policy(r, name)).map(Some),
        None => Some(before.and_then(|rule| rule.policy)),
    };
    let runbook = match doc.runbook.as_deref().map(str::trim) {
        Some("") => Some(String::new()),
        Some(url) if url.len() > 500 => errors.take("runbook", Err(Error::invalid("Please give an address of at most 500 characters."))),
        Some(path) if web::same_site_path(path).is_some() => Some(path.to_owned()),
        Some(url) => errors.take("runbook", WebUrl::parse(url)).map(String::from),
        None => Some(before.map(|rule| rule.runbook.clone()).unwrap_or_default()),
    };
    let only = doc.only.clone().or_else(|| before.map(|rule| rule.only.clone())).unwrap_or_default();
    if only.chars().count() > 120 || only.chars().any(char::is_control) {
        errors.push("only", "Please shorten this text to 120 characters on one line.");
    }
    errors.finish()?;
    let incomplete = || Error::invalid("Please fill in the rule.");
    Ok(AlertRule {
        id: before.map_or(AlertRuleId(0), |rule| rule.id),
        key: key.ok_or_else(incomplete)?,
        name: name.ok_or_else(incomplete)?,
        source: source.ok_or_else(incomplete)?,
        only: only.trim().to_owned(),
        severity: severity.ok_or_else(incomplete)?,
        cooldown,
        targets: targets.ok_or_else(incomplete)?,
        policy: policy.ok_or_else(incomplete)?,
        runbook: runbook.ok_or_else(incomplete)?,
        is_enabled: doc.enabled.unwrap_or(before.is_none_or(|rule| rule.is_enabled)),
        is_shipped: before.is_some_and(|rule| rule.is_shipped),
    })
}

/// The key that was given, or one made of the name: lower-case letters, digits and dashes.
fn checked_key(given: Option<&str>, name: &str) -> Result<String> {
    if let Some(key) = given {
        let is_key =
            key.len() <= 60 && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') && !key.starts_with('-');
        return if is_key { Ok(key.to_owned()) } else { Err(Error::invalid("A key has up to 60 lower-case letters, digits and dashes.")) };
    }
    let words: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let key: String = words.split_whitespace().collect::<Vec<_>>().join("-").chars().take(50).collect();
    Ok(if key.is_empty() { format!("rule-{}", &kernel::ids::random_public_id()[..8]) } else { key })
}

fn merged_source(errors: &mut FieldErrors, before: Option<&AlertRule>, doc: &RuleDoc) -> Option<Source> {
    let topic = match (&doc.source, before) {
        (Some(text), None) => errors.take("source", Topic::parse(text))?,
        (Some(text), Some(rule)) if text != rule.source.topic().as_str() => {
            errors.push("source", "What a rule listens to cannot be changed; please make a new rule.");
            return None;
        }
        (_, Some(rule)) => rule.source.topic(),
        (None, None) => {
            errors.push("source", "Please choose what the rule listens to.");
            return None;
        }
    };
    if topic != Topic::Metric {
        return Some(Source::Told(topic));
    }
    let old = before.and_then(|rule| rule.source.metric());
    let metric = doc.metric.clone().or_else(|| old.map(|watch| watch.metric.clone())).unwrap_or_default();
    let metric = errors.take("metric", checked_metric(&metric));
    let operator = match (&doc.operator, old) {
        (Some(text), _) => errors.take("operator", Operator::parse(text)),
        (None, old) => Some(old.map_or(Operator::Above, |watch| watch.operator)),
    };
    let threshold = doc.threshold.or_else(|| old.map(|watch| watch.threshold));
    if threshold.is_none_or(|threshold| !threshold.is_finite()) {
        errors.push("threshold", "Please give the threshold as a number.");
    }
    let nodata = match (&doc.nodata, old) {
        (Some(text), _) => errors.take("nodata", Nodata::parse(text)),
        (None, old) => Some(old.map_or(Nodata::Keep, |watch| watch.nodata)),
    };
    let hold = minutes(errors, "for_minutes", doc.for_minutes, old.map_or(Duration::ZERO, |watch| watch.hold));
    let clear = minutes(errors, "resolve_minutes", doc.resolve_minutes, old.map_or(Duration::ZERO, |watch| watch.clear));
    let min_samples = doc.min_samples.or_else(|| old.map(|watch| watch.min_samples)).unwrap_or(0);
    Some(Source::Metric(MetricWatch {
        metric: metric?,
        operator: operator?,
        threshold: threshold?,
        hold,
        clear,
        min_samples,
        nodata: nodata?,
    }))
}

/// A metric that nobody provides yet may be named: its rule waits for it.
fn checked_metric(name: &str) -> Result<String> {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let parts: Vec<&str> = name.trim().split('.').collect();
    if parts.len() == 2 && parts.iter().all(|part| is_part(part)) && name.len() <= 80 {
        return Ok(name.trim().to_owned());
    }
    Err(Error::invalid("A metric is named like uptime.host_disk_percent."))
}

fn minutes(errors: &mut FieldErrors, field: &str, given: Option<u64>, before: Duration) -> Duration {
    match given {
        None => before,
        Some(minutes) if minutes <= MAX_MINUTES => Duration::from_secs(minutes * 60),
        Some(_) => {
            errors.push(field, format!("Please give at most {MAX_MINUTES} minutes."));
            before
        }
    }
}

/// Targets by their word or by a channel's name.
pub fn find_targets(r: &Reader<'_>, texts: &[String]) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let target = match channels::find_by_name(r, text)? {
            Some(channel) => Target::Channel(channel.id),
            None => Target::parse(text).map_err(|_| {
                Error::invalid(format!("There is no channel “{text}”. Name a channel, a kind such as slack, or everywhere."))
            })?,
        };
        if let Target::Channel(id) = target
            && channels::find(r, id)?.is_none()
        {
            return Err(Error::invalid(format!("There is no channel “{text}”.")));
        }
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(targets)
}

pub fn find_policy(r: &Reader<'_>, name: &str) -> Result<PolicyId> {
    stored_policies::find_by_name(r, name.trim())?.ok_or_else(|| Error::invalid(format!("There is no policy “{name}”.")))
}

/// Stores what [`merged_rule`] gave.
pub fn save_rule(tx: &mut Tx<'_>, rule: &AlertRule) -> Result<AlertRuleId> {
    tx.signal("alerts");
    if rule.id.0 != 0 {
        let before = rules::find(tx, rule.id)?;
        rules::update(tx, rule)?;
        let metric = |rule: &AlertRule| rule.source.metric().map(|watch| watch.metric.clone());
        let is_left = |before: &AlertRule| metric(before) != metric(rule) || before.is_enabled && !rule.is_enabled;
        if before.is_some_and(|before| is_left(&before)) {
            rewatch(tx, rule.id)?;
        }
        return Ok(rule.id);
    }
    if rules::list(tx)?.len() >= rules::MAX_RULES {
        return Err(Error::conflict(format!("There are {} rules already; please remove one first.", rules::MAX_RULES)));
    }
    if rules::find_by_key(tx, &rule.key)?.is_some() {
        return Err(Error::field("key", format!("A rule with the key {} exists already.", rule.key)));
    }
    rules::insert(tx, rule)
}

/// On or off; what a metric rule opened ends when it goes off, as nobody would see its end.
pub fn switch_rule(tx: &mut Tx<'_>, id: AlertRuleId, is_enabled: bool) -> Result<()> {
    rules::set_enabled(tx, id, is_enabled)?;
    tx.signal("alerts");
    if is_enabled { Ok(()) } else { rewatch(tx, id) }
}

/// What was seen of the metric so far says nothing of what is watched from now on.
fn rewatch(tx: &mut Tx<'_>, id: AlertRuleId) -> Result<()> {
    rules::forget_watch(tx, id)?;
    enqueue_tidy(tx, Changed::Rule(id))
}

/// Rules made by hand can go; shipped ones are switched off instead, or they would come back with the next start.
pub fn remove_rule(tx: &mut Tx<'_>, desk: &Desk, id: AlertRuleId) -> Result<AlertRule> {
    let rule = rules::find(tx, id)?.ok_or_else(|| Error::not_found("rule"))?;
    if rule.is_shipped {
        return Err(Error::conflict("This rule ships with Hermetic and cannot be removed. Switch it off instead."));
    }
    for alert in alerts::list_open_of_rule(tx, id)? {
        resolve(tx, desk, alert, &Resolution { by: "the removal of its rule", at: tx.now, kind: NoticeKind::Resolved })?;
    }
    rules::remove(tx, id)?;
    tx.signal("alerts");
    Ok(rule)
}

/// As a document, with the policy by name and channels by their words.
pub fn rule_doc(r: &Reader<'_>, rule: &AlertRule) -> Result<RuleDoc> {
    let watch = rule.source.metric();
    let policy = match rule.policy {
        Some(id) => stored_policies::find(r, id)?.map(|policy| policy.name),
        None => None,
    };
    let minutes = |span: Duration| Some(span.as_secs() / 60);
    Ok(RuleDoc {
        key: Some(rule.key.clone()),
        name: Some(rule.name.clone()),
        source: Some(rule.source.topic().as_str().to_owned()),
        metric: watch.map(|watch| watch.metric.clone()),
        operator: watch.map(|watch| watch.operator.as_str().to_owned()),
        threshold: watch.map(|watch| watch.threshold),
        for_minutes: watch.and_then(|watch| minutes(watch.hold)),
        resolve_minutes: watch.and_then(|watch| minutes(watch.clear)),
        min_samples: watch.map(|watch| watch.min_samples),
        nodata: watch.map(|watch| watch.nodata.as_str().to_owned()),
        only: Some(rule.only.clone()),
        severity: Some(rule.severity.as_str().to_owned()),
        cooldown_minutes: minutes(rule.cooldown),
        channels: Some(rule.targets.iter().map(Target::as_text).collect()),
        policy: Some(policy.unwrap_or_default()),
        runbook: Some(rule.runbook.clone()),
        enabled: Some(rule.is_enabled),
    })
}

/// A channel as a document; the fields of its kind stand beside the general ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ChannelDoc {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub takes: Option<String>,
    pub enabled: Option<bool>,
    #[serde(flatten)]
    pub values: Values,
}

/// A channel that may be stored, and its values for whoever compares or shows them once.
pub struct CheckedChannel {
    pub stored: StoredChannel,
    pub values: Values,
    pub is_enabled: bool,
}

/// The document laid over what exists. `is_whole`: fields that are left out are cleared (a form sends all of them), secrets never.
pub fn checked_channel(
    r: &Reader<'_>,
    sealer: &Sealer,
    before: Option<&Channel>,
    doc: &ChannelDoc,
    is_whole: bool,
) -> Result<CheckedChannel> {
    let kind = match (before, doc.kind.as_deref()) {
        (Some(channel), Some(kind)) if kind != channel.kind.as_str() => {
            return Err(Error::field("kind", "The kind of a channel cannot be changed; please make a new channel."));
        }
        (Some(channel), _) => channel.kind,
        (None, Some(kind)) => ChannelKind::parse(kind).map_err(|error| Error::field("kind", error.message()))?,
        (None, None) => return Err(Error::field("kind", "Please choose the kind of channel.")),
    };
    if let Some(unknown) = doc.values.keys().find(|name| !kind.fields().iter().any(|field| field.name == name.as_str())) {
        return Err(Error::field(unknown, format!("A channel of kind {} has no field “{unknown}”.", kind.as_str())));
    }
    let old = match before {
        Some(channel) => channels::find_values(r, sealer, channel.id)?,
        None => None,
    };
    let lost = before.filter(|_| old.is_none());
    let mut given = doc.values.clone();
    if !is_whole {
        for (name, value) in old.iter().flatten() {
            given.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut errors = FieldErrors::default();
    let name = doc.name.clone().or_else(|| before.map(|channel| channel.name.clone())).unwrap_or_default();
    let name = errors.take("name", checked_name(r, &name, before.map(|channel| channel.id)));
    let takes = match (&doc.takes, before) {
        (Some(text), _) => errors.take("takes", Takes::parse(text)),
        (None, before) => Some(before.map_or(kind.default_takes(), |channel| channel.takes)),
    };
    let (hint, config, values) = match lost {
        // Another name is no reason to set it up again.
        Some(channel) if !is_whole && given.is_empty() => {
            (Some(channel.hint.clone()), channels::find_config(r, channel.id)?.unwrap_or_default(), Values::new())
        }
        _ => {
            if lost.is_some() && kind == ChannelKind::Webhook && given.get("secret").is_none_or(|secret| secret.trim().is_empty()) {
                // One made here would be told to nobody, and the receiver would refuse what it signs.
                errors.push(
                    "secret",
                    "It was sealed with a key file that is gone: please enter the one of the receiver, or a new one, again.",
                );
            }
            let values = config::complete(kind, given, old.as_ref());
            let checked = Config::from_values(kind, &values);
            for field in checked.as_ref().err().iter().flat_map(|error| error.field_errors()) {
                errors.push(&field.field, field.message.clone());
            }
            (checked.ok().map(|config| config.hint()), config::seal(sealer, &values)?, values)
        }
    };
    errors.finish()?;
    let incomplete = || Error::invalid("Please fill in the channel.");
    let stored = StoredChannel {
        kind,
        name: name.ok_or_else(incomplete)?,
        hint: hint.ok_or_else(incomplete)?,
        is_lost: config::open(sealer, &config).is_err(),
        config,
        takes: takes.ok_or_else(incomplete)?,
    };
    Ok(CheckedChannel { stored, values, is_enabled: doc.enabled.unwrap_or(before.is_none_or(|channel| channel.is_enabled)) })
}

fn checked_name(r: &Reader<'_>, name: &str, own: Option<ChannelId>) -> Result<String> {
    let name = checked_line(name, "a name for the channel", 60)?;
    if Target::parse(&name).is_ok() {
        return Err(Error::invalid("Please choose another name: this word means all channels of a kind."));
    }
    match channels::find_by_name(r, &name)? {
        Some(other) if Some(other.id) != own => Err(Error::invalid(format!("A channel called “{name}” exists already."))),
        _ => Ok(name),
    }
}

/// Stores what [`checked_channel`] gave.
pub fn save_channel(tx: &mut Tx<'_>, before: Option<&Channel>, checked: &CheckedChannel) -> Result<ChannelId> {
    let id = match before {
        Some(channel) => {
            channels::update(tx, channel.id, &checked.stored)?;
            channel.id
        }
        None if channels::list(tx)?.len() >= channels::MAX_CHANNELS => {
            return Err(Error::conflict(format!("There are {} channels already; please remove one first.", channels::MAX_CHANNELS)));
        }
        None => channels::insert(tx, &checked.stored)?,
    };
    if before.is_none_or(|channel| channel.is_enabled) != checked.is_enabled {
        switch_channel(tx, id, checked.is_enabled)?;
    }
    Ok(id)
}

/// On or off by hand. Of one that is off nobody needs to hear that it does not deliver.
pub fn switch_channel(tx: &mut Tx<'_>, id: ChannelId, is_enabled: bool) -> Result<()> {
    channels::set_enabled(tx, id, is_enabled, "")?;
    if is_enabled { Ok(()) } else { enqueue_tidy(tx, Changed::Channel(id)) }
}

pub fn remove_channel(tx: &mut Tx<'_>, id: ChannelId) -> Result<()> {
    channels::remove(tx, id)?;
    enqueue_tidy(tx, Changed::Channel(id))
}
