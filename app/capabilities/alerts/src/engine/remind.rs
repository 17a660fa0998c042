//! What happens while nobody acknowledges: reminders, and the steps of the rule's policy.

use db::Tx;
use kernel::Result;
use kernel::ids::{AlertId, ChannelId};
use kernel::time::HOUR;
use serde_json::json;
use work::NewJob;

use super::announce::{announce, cheap, resolve_targets, told_channels};
use super::life::{is_muted, live_rule};
use super::{Desk, ESCALATE, REMIND};
use crate::alert::{Alert, AlertState, next_reminder};
use crate::notice::NoticeKind;
use crate::policy::{NotifyPolicy, Rung};
use crate::rule::AlertRule;
use crate::settings;
use crate::silence::Muted;
use crate::store::{alerts, policies};

/// Sets both clocks when an alert is first told. Channels of a first step that waits for nothing are told at once.
pub fn begin(tx: &mut Tx<'_>, rule: &AlertRule, alert: &mut Alert, to: &mut Vec<ChannelId>) -> Result<()> {
    if rule.targets.is_empty() && rule.policy.is_none() {
        return Ok(());
    }
    if alert.topic.has_reminders() && settings::has_reminders(tx)? {
        set_reminder(tx, rule, alert)?;
    }
    let Some(policy) = find_policy(tx, rule)? else { return Ok(()) };
    let mut next = policy.first(tx.now);
    if let Some((rung, due)) = next.filter(|(_, due)| *due <= tx.now) {
        for id in policy.step(rung).map_or(Ok(Vec::new()), |step| resolve_targets(tx, &step.targets, alert))? {
            if !to.contains(&id) {
                to.push(id);
            }
        }
        next = policy.after(rung, due);
    }
    set_step(tx, alert, next)
}

/// Job `alerts.remind`.
pub fn remind(tx: &mut Tx<'_>, desk: &Desk, id: AlertId) -> Result<()> {
    let Some(mut alert) = due(tx, id, |alert| alert.remind_at.filter(|_| !alert.is_resolved()))? else { return Ok(()) };
    let Some(rule) = live_rule(tx, alert.rule)? else {
        // Left as it is, it would be found overdue each minute for ever.
        alert.remind_at = None;
        return alerts::update(tx, &alert);
    };
    if let Some(muted) = is_muted(tx, &alert)? {
        alert.remind_at = Some(match muted {
            Muted::Until(end) => end,
            Muted::Open => tx.now + HOUR,
        });
        enqueue(tx, REMIND, &alert)?;
        return alerts::update(tx, &alert);
    }
    let to = told_channels(tx, &alert)?;
    let mut to = cheap(tx, to, alert.severity)?;
    if alert.state == AlertState::Acknowledged {
        alert.state = AlertState::Open;
        alert.reminders = 0;
        alert.rung = Rung::default();
        alert.remind_at = None;
        alerts::add_entry(tx, id, &format!("Still open after {} acknowledged it: it needs somebody again.", alert.acknowledged_by))?;
        begin(tx, &rule, &mut alert, &mut to)?;
    } else {
        alert.reminders += 1;
        set_reminder(tx, &rule, &mut alert)?;
    }
    announce(tx, desk, &mut alert, NoticeKind::Reminder, &to, &[])
}

/// Whoever acknowledged may have forgotten it: what is still open after a while is told again, and its ladder is climbed anew.
pub fn ask_again(tx: &mut Tx<'_>, alert: &mut Alert) -> Result<()> {
    let Some(wait) = settings::ack_lasts(tx)? else { return Ok(()) };
    if alert.topic.has_reminders() && alert.group.is_none() && !told_channels(tx, alert)?.is_empty() {
        alert.remind_at = Some(tx.now + wait);
        enqueue(tx, REMIND, alert)?;
    }
    Ok(())
}

/// Job `alerts.escalate`.
pub fn escalate(tx: &mut Tx<'_>, desk: &Desk, id: AlertId) -> Result<()> {
    let Some(mut alert) = due(tx, id, |alert| alert.step_at.filter(|_| alert.state == AlertState::Open))? else { return Ok(()) };
    let policy = live_rule(tx, alert.rule)?.map_or(Ok(None), |rule| find_policy(tx, &rule))?;
    let Some(policy) = policy else {
        alert.step_at = None;
        return alerts::update(tx, &alert);
    };
    if let Some(muted) = is_muted(tx, &alert)? {
        let again = match muted {
            Muted::Until(end) => end,
            Muted::Open => tx.now + HOUR,
        };
        let rung = alert.rung;
        set_step(tx, &mut alert, Some((rung, again)))?;
        return alerts::update(tx, &alert);
    }
    let targets = policy.step(alert.rung).map(|step| step.targets.clone()).unwrap_or_default();
    let to = resolve_targets(tx, &targets, &alert)?;
    let next = policy.after(alert.rung, tx.now);
    set_step(tx, &mut alert, next)?;
    announce(tx, desk, &mut alert, NoticeKind::Escalated, &to, &[])
}

/// The alert, when this is really due: a job that runs twice does nothing the second time.
fn due(tx: &Tx<'_>, id: AlertId, at: impl Fn(&Alert) -> Option<kernel::Time>) -> Result<Option<Alert>> {
    let alert = alerts::find(tx, id)?;
    Ok(alert.filter(|alert| at(alert).is_some_and(|at| at <= tx.now)))
}

fn find_policy(tx: &Tx<'_>, rule: &AlertRule) -> Result<Option<NotifyPolicy>> {
    rule.policy.map_or(Ok(None), |id| policies::find(tx, id))
}

fn set_reminder(tx: &mut Tx<'_>, rule: &AlertRule, alert: &mut Alert) -> Result<()> {
    alert.remind_at = Some(next_reminder(alert.reminders, rule.cooldown, tx.now));
    enqueue(tx, REMIND, alert)
}

fn set_step(tx: &mut Tx<'_>, alert: &mut Alert, next: Option<(Rung, kernel::Time)>) -> Result<()> {
    alert.step_at = next.map(|(_, at)| at);
    if let Some((rung, _)) = next {
        alert.rung = rung;
        enqueue(tx, ESCALATE, alert)?;
    }
    Ok(())
}

fn enqueue(tx: &mut Tx<'_>, kind: &'static str, alert: &Alert) -> Result<()> {
    let at = if kind == REMIND { alert.remind_at } else { alert.step_at };
    let Some(at) = at else { return Ok(()) };
    let key = Some(format!("{}:{}", alert.id, at.0));
    work::enqueue(tx, NewJob { kind, key, payload: json!({"alert": alert.id}), run_at: Some(at) }).map(|_| ())
}
