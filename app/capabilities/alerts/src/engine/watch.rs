//! Each minute: metric rules are judged, and whatever is overdue because its job was lost is done.

use capability::House;
use db::{Reader, Tx};
use kernel::ids::{AlertRuleId, ChannelId};
use kernel::time::MINUTE;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use work::NewJob;

use super::life::{EXPIRED, Opened, Resolution, enqueue_flush, open, resolve};
use super::{Desk, TIDY, digest, remind, take};
use crate::alert::NewAlert;
use crate::notice::NoticeKind;
use crate::rule::{AlertRule, MetricWatch, Topic, Value, Verdict, Watch, judge, show_value};
use crate::store::{alerts, channels, rules};

/// What a look found that needs writing down.
#[derive(Debug)]
pub struct Finding {
    pub rule: AlertRule,
    pub verdict: Verdict,
    pub watch: Watch,
    pub unit: &'static str,
}

/// Reads every metric that a rule watches. An idle house writes nothing: rules whose memory does not change are left out.
pub fn look(house: &House, r: &Reader<'_>) -> Result<Vec<Finding>> {
    let metrics = house.registry.metrics();
    let mut findings = Vec::new();
    for rule in rules::list_enabled(r, Topic::Metric)? {
        let Some(watch) = rule.source.metric() else { continue };
        let Some(metric) = metrics.iter().find(|metric| metric.name == watch.metric) else { continue };
        // One metric that cannot be read must not keep the others from being judged.
        let read = match (metric.read)(house, r) {
            Ok(read) => read.map(|read| Value { value: read.value, samples: read.samples }),
            Err(error) => {
                tracing::warn!(metric = metric.name, error = error.chain(), "a metric cannot be read; its rules are not judged now");
                continue;
            }
        };
        let before = rules::find_watch(r, rule.id)?;
        let is_open = alerts::find_open(r, rule.id, &subject_key(watch))?.is_some();
        let (verdict, after) = judge(watch, before, read, is_open, r.now);
        let is_new = (before.breached_since, before.cleared_since) != (after.breached_since, after.cleared_since);
        if is_new || verdict != Verdict::Nothing {
            findings.push(Finding { rule, verdict, watch: after, unit: metric.unit });
        }
    }
    Ok(findings)
}

/// Writes down what was found.
pub fn note(tx: &mut Tx<'_>, desk: &Desk, findings: &[Finding]) -> Result<()> {
    for finding in findings {
        let rule = &finding.rule;
        let Some(watch) = rule.source.metric() else { continue };
        rules::set_watch(tx, rule.id, &finding.watch)?;
        match finding.verdict {
            Verdict::Nothing => {}
            Verdict::Open { since } => {
                let new = new_alert(tx.now, watch, finding, since);
                if let Opened::Already(_) = open(tx, rule, &new)? {
                    tracing::debug!(rule = rule.key, "the alert is open already");
                }
            }
            Verdict::Resolve { since } => {
                if let Some(mut alert) = alerts::find_open(tx, rule.id, &subject_key(watch))? {
                    alert.detail = sentence(watch, finding);
                    resolve(tx, desk, alert, &Resolution { by: "", at: since, kind: NoticeKind::Resolved })?;
                }
            }
        }
    }
    Ok(())
}

/// Whether [`sweep`] would find anything.
pub fn has_overdue(r: &Reader<'_>) -> Result<bool> {
    Ok(!alerts::list_overdue(r, r.now - MINUTE)?.is_empty() || !digest::list_overdue(r)?.is_empty())
}

/// Does what is overdue by a minute or more; each act checks for itself that it is due.
pub fn sweep(tx: &mut Tx<'_>, desk: &Desk) -> Result<()> {
    let before = tx.now - MINUTE;
    let is_past = |at: Option<Time>| at.is_some_and(|at| at < before);
    for alert in alerts::list_overdue(tx, before)? {
        if is_past(alert.expires_at) {
            let how = Resolution { by: EXPIRED, at: tx.now, kind: NoticeKind::Resolved };
            resolve(tx, desk, alert, &how)?;
            continue;
        }
        if is_past(alert.remind_at) {
            remind::remind(tx, desk, alert.id)?;
        }
        if is_past(alert.step_at) {
            remind::escalate(tx, desk, alert.id)?;
        }
        if is_past(alert.flush_at) && alert.announced_at.is_none() {
            enqueue_flush(tx, tx.now)?;
        }
    }
    for channel in digest::list_overdue(tx)? {
        digest::send(tx, desk, channel)?;
    }
    Ok(())
}

/// Payload of the job `alerts.tidy`: whose alerts may have lost their ground.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Changed {
    Rule(AlertRuleId),
    Channel(ChannelId),
}

/// A metric rule that is off, or that watches something else now, sees no end of what it opened; a channel that is gone or was switched off by
/// hand never delivers again. What is open about them is ended. A job of its own, because files are applied where nothing can be announced.
pub fn tidy(tx: &mut Tx<'_>, desk: &Desk, changed: Changed) -> Result<()> {
    match changed {
        Changed::Rule(id) => {
            let Some(rule) = rules::find(tx, id)? else { return Ok(()) };
            let Some(watch) = rule.source.metric() else { return Ok(()) };
            let key = subject_key(watch);
            for alert in alerts::list_open_of_rule(tx, id)? {
                if !rule.is_enabled || alert.subject_key != key {
                    let how = Resolution { by: "the change of its rule", at: tx.now, kind: NoticeKind::Resolved };
                    resolve(tx, desk, alert, &how)?;
                }
            }
            Ok(())
        }
        Changed::Channel(id) => {
            let channel = channels::find(tx, id)?;
            if channel.is_some_and(|channel| channel.is_enabled || !channel.disabled_reason.is_empty()) {
                return Ok(());
            }
            take::channel_well(tx, desk, id)
        }
    }
}

/// Leaves the work of [`tidy`] to a job.
pub fn enqueue_tidy(tx: &mut Tx<'_>, changed: Changed) -> Result<()> {
    let key = match changed {
        Changed::Rule(id) => format!("rule:{id}"),
        Changed::Channel(id) => format!("channel:{id}"),
    };
    work::enqueue(tx, NewJob { kind: TIDY, key: Some(key), payload: json!(changed), run_at: None }).map(|_| ())
}

fn subject_key(watch: &MetricWatch) -> String {
    format!("metric:{}", watch.metric)
}

fn new_alert(now: Time, watch: &MetricWatch, finding: &Finding, since: Time) -> NewAlert {
    NewAlert {
        topic: Topic::Metric,
        subject_key: subject_key(watch),
        // Of this look and not of the breach: what was resolved by hand and stays bad opens again. (What is open is found by its subject.)
        occurrence: format!("metric:{}:{}", finding.rule.id, now.0),
        subject: finding.rule.name.clone(),
        target: watch.metric.clone(),
        title: finding.rule.name.clone(),
        detail: sentence(watch, finding),
        started_at: since,
        expires_at: None,
        facts: Vec::new(),
        is_flapping: false,
    }
}

fn sentence(watch: &MetricWatch, finding: &Finding) -> String {
    let limit = show_value(watch.threshold, finding.unit);
    match finding.watch.value {
        Some(value) => {
            let samples = if finding.watch.samples > 0 { format!(", from {} samples", finding.watch.samples) } else { String::new() };
            format!("{} is {} (limit {} {limit}){samples}.", watch.metric, show_value(value, finding.unit), watch.operator.sign())
        }
        None => format!("{} has no value (limit {} {limit}).", watch.metric, watch.operator.sign()),
    }
}
