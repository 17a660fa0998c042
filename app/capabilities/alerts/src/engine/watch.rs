//! Each minute: metric rules are judged, and whatever is overdue because its job was lost is done.

use capability::Metric;
use db::{Reader, Tx};
use kernel::ids::AlertRuleId;
use kernel::time::MINUTE;
use kernel::{Result, Time};

use super::life::{Opened, Resolution, enqueue_flush, open, resolve};
use super::{Desk, digest, remind};
use crate::alert::NewAlert;
use crate::notice::NoticeKind;
use crate::rule::{AlertRule, MetricWatch, Topic, Value, Verdict, Watch, judge, show_value};
use crate::store::{alerts, rules};

/// What a look found that needs writing down.
#[derive(Debug)]
pub struct Finding {
    pub rule: AlertRule,
    pub verdict: Verdict,
    pub watch: Watch,
    pub unit: &'static str,
}

/// Reads every metric that a rule watches. An idle house writes nothing: rules whose memory does not change are left out.
pub fn look(r: &Reader<'_>, metrics: &[Metric]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for rule in rules::list_enabled(r, Topic::Metric)? {
        let Some(watch) = rule.source.metric() else { continue };
        let Some(metric) = metrics.iter().find(|metric| metric.name == watch.metric) else { continue };
        // One metric that cannot be read must not keep the others from being judged.
        let read = match (metric.read)(r) {
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
                let new = new_alert(rule.id, watch, finding, since);
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
            let how = Resolution { by: "time: it has passed", at: tx.now, kind: NoticeKind::Resolved };
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

fn subject_key(watch: &MetricWatch) -> String {
    format!("metric:{}", watch.metric)
}

fn new_alert(rule: AlertRuleId, watch: &MetricWatch, finding: &Finding, since: Time) -> NewAlert {
    NewAlert {
        topic: Topic::Metric,
        subject_key: subject_key(watch),
        occurrence: format!("metric:{rule}:{}", since.0),
        subject: finding.rule.name.clone(),
        target: watch.metric.clone(),
        title: finding.rule.name.clone(),
        detail: sentence(watch, finding),
        started_at: since,
        expires_at: None,
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
