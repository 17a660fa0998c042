//! Opening, telling, acknowledging, resolving: the life of one alert.

use std::time::Duration;

use db::Tx;
use kernel::ids::{AlertId, AlertRuleId, ChannelId};
use kernel::{Error, Result, Time};
use serde_json::json;
use work::NewJob;

use super::announce::{announce, cheap, resolve_targets, told_by_others, told_channels};
use super::{Desk, FLUSH, flush, remind};
use crate::alert::{Alert, AlertState, Ending, NewAlert, due_at, ending};
use crate::grouping::left_line;
use crate::notice::NoticeKind;
use crate::rule::AlertRule;
use crate::settings;
use crate::silence::{Muted, Subject, muted};
use crate::store::notices::NoticeState;
use crate::store::{alerts, channels, notices, rules, silences};

/// What resolving needs to be told.
pub struct Resolution<'a> {
    /// Who or what did it; empty when the trouble simply ended.
    pub by: &'a str,
    pub at: Time,
    pub kind: NoticeKind,
}

/// By whom what time has overtaken is resolved. Of an issue nobody needs to hear that.
pub const EXPIRED: &str = "time: it has passed";

/// Opens an alert, unless this happening has one or one is open for the subject (which is given back as it is).
pub fn open(tx: &mut Tx<'_>, rule: &AlertRule, new: &NewAlert) -> Result<Opened> {
    if alerts::knows_occurrence(tx, rule.id, &new.occurrence)? {
        return Ok(Opened::Known);
    }
    if let Some(existing) = alerts::find_open(tx, rule.id, &new.subject_key)? {
        return Ok(Opened::Already(existing));
    }
    let cooled_at = alerts::last_announced(tx, rule.id, &new.subject_key)?.map(|last| last + rule.cooldown);
    let id = alerts::insert(tx, rule, new, false)?;
    alerts::add_entry(tx, id, &format!("Opened by the rule “{}”.", rule.name))?;
    let mut alert = get(tx, id)?;
    let silent = is_muted(tx, &alert)?;
    let window = if new.topic.is_urgent() { Duration::ZERO } else { settings::group_window(tx)? };
    alert.flush_at = due_at(tx.now, window, cooled_at, silent);
    alerts::update(tx, &alert)?;
    match alert.flush_at {
        None => alerts::add_entry(tx, id, "Silenced: nobody is told until the silence is lifted.")?,
        Some(at) => {
            if silent.is_some() {
                alerts::add_entry(tx, id, &format!("Silenced until {at}."))?;
            } else if cooled_at.is_some_and(|cooled_at| cooled_at >= at) {
                alerts::add_entry(tx, id, &format!("Told recently: the next notice waits until {at}."))?;
            }
            enqueue_flush(tx, at)?;
        }
    }
    Ok(Opened::New(alert))
}

#[derive(Debug, PartialEq)]
pub enum Opened {
    New(Alert),
    Already(Alert),
    /// This very happening was handled before.
    Known,
}

pub fn enqueue_flush(tx: &mut Tx<'_>, at: Time) -> Result<()> {
    // One job for each second is enough: a flush takes all that is due.
    let job = NewJob { kind: FLUSH, key: Some(format!("at:{}", at.0.div_euclid(1_000))), payload: json!(null), run_at: Some(at) };
    work::enqueue(tx, job).map(|_| ())
}

/// The opening notice, to those the rule names and those on the first rung when that one waits for nothing.
pub fn tell_opening(tx: &mut Tx<'_>, desk: &Desk, rule: &AlertRule, alert: &mut Alert, kind: NoticeKind, items: &[String]) -> Result<()> {
    let heard = told_by_others(tx, alert)?;
    let mut to = resolve_targets(tx, &rule.targets, alert)?;
    to.retain(|id| !heard.contains(id));
    alert.announced_at = Some(tx.now);
    alert.flush_at = None;
    remind::begin(tx, rule, alert, &mut to)?;
    announce(tx, desk, alert, kind, &to, items)
}

pub fn get(tx: &Tx<'_>, id: AlertId) -> Result<Alert> {
    alerts::find(tx, id)?.ok_or_else(|| Error::not_found("alert"))
}

pub fn is_muted(tx: &Tx<'_>, alert: &Alert) -> Result<Option<Muted>> {
    let words = alert.words();
    let subject = Subject { alert: alert.id, rule: alert.rule, words: &words };
    Ok(muted(&silences::list_current(tx)?, &subject, tx.now))
}

/// Somebody has seen it: no more reminders, no further steps. A group's members are seen with it.
pub fn acknowledge(tx: &mut Tx<'_>, desk: &Desk, id: AlertId, by: &str) -> Result<Alert> {
    let mut alert = get(tx, id)?;
    match alert.state {
        AlertState::Resolved => return Err(Error::conflict("This alert is resolved already; there is nothing left to acknowledge.")),
        AlertState::Acknowledged => return Ok(alert),
        AlertState::Open => {}
    }
    mark_seen(&mut alert, by, tx.now);
    remind::ask_again(tx, &mut alert)?;
    alerts::update(tx, &alert)?;
    alerts::add_entry(tx, id, &format!("Acknowledged by {by}."))?;
    if alert.is_group {
        for mut member in alerts::list_members(tx, id)?.into_iter().filter(|member| member.state == AlertState::Open) {
            mark_seen(&mut member, by, tx.now);
            alerts::update(tx, &member)?;
            alerts::add_entry(tx, member.id, &format!("Acknowledged with its group by {by}."))?;
        }
    }
    if alert.announced_at.is_some() && alert.group.is_none() {
        let to = told_channels(tx, &alert)?;
        // A text message to say that somebody looks at it is money for nothing.
        let to = cheap(tx, to, crate::severity::Severity::Info)?;
        announce(tx, desk, &mut alert, NoticeKind::Acknowledged, &to, &[])?;
    }
    Ok(alert)
}

fn mark_seen(alert: &mut Alert, by: &str, now: Time) {
    alert.state = AlertState::Acknowledged;
    alert.acknowledged_at = Some(now);
    alert.acknowledged_by = by.to_owned();
    alert.remind_at = None;
    alert.step_at = None;
    // Whoever has seen it before it was told needs not be told.
    alert.flush_at = None;
}

/// Ends an alert. What nobody was told of ends quietly; what waits in the outbox as an opening is taken back, so that only the ending goes out.
pub fn resolve(tx: &mut Tx<'_>, desk: &Desk, mut alert: Alert, how: &Resolution<'_>) -> Result<()> {
    if alert.is_resolved() {
        return Ok(());
    }
    let members = if alert.is_group { alerts::list_members(tx, alert.id)? } else { Vec::new() };
    // In the end it is about all that were in it, whoever left before.
    flush::name_group(tx, desk, &mut alert, flush::first_of(members.iter()))?;
    mark_resolved(tx, &mut alert, how)?;
    for mut member in members.into_iter().filter(|member| !member.is_resolved()) {
        mark_resolved(tx, &mut member, how)?;
    }
    match ending(&alert) {
        Ending::Notice if how.by == EXPIRED && alert.topic.is_issue() => Ok(()),
        Ending::Quiet => alerts::add_entry(tx, alert.id, "It ended before anybody was told, so nothing is sent."),
        Ending::WithGroup(group) => leave_group(tx, desk, group, &alert, how),
        Ending::Notice => {
            let to = told_channels(tx, &alert)?;
            take_back(tx, &alert, &to)?;
            announce(tx, desk, &mut alert, how.kind, &to, &[])
        }
    }
}

fn mark_resolved(tx: &mut Tx<'_>, alert: &mut Alert, how: &Resolution<'_>) -> Result<()> {
    alert.state = AlertState::Resolved;
    alert.resolved_at = Some(how.at.max(alert.started_at));
    alert.resolved_by = how.by.to_owned();
    alert.flush_at = None;
    alert.remind_at = None;
    alert.step_at = None;
    alert.expires_at = None;
    alert.is_flapping = false;
    alerts::update(tx, alert)?;
    silences::lift_of_alert(tx, alert.id)?;
    let by = if how.by.is_empty() { String::new() } else { format!(" by {}", how.by) };
    alerts::add_entry(tx, alert.id, &format!("Resolved{by}."))
}

/// Beginnings that no attempt was made for need not go out any more. (What was tried already is decided when it is tried again.)
fn take_back(tx: &mut Tx<'_>, alert: &Alert, to: &[ChannelId]) -> Result<()> {
    for id in to {
        let is_pagerduty = channels::find(tx, *id)?.is_some_and(|channel| channel.kind == crate::channel::ChannelKind::Pagerduty);
        if is_pagerduty {
            continue; // Its record of the incident is made of both.
        }
        for row in notices::list_on_channel(tx, alert.id, *id)? {
            if row.kind.is_beginning() && row.state == NoticeState::Posted && work::cancel(tx, &row.key)? {
                notices::set_state(tx, row.id, NoticeState::Superseded)?;
            }
        }
    }
    Ok(())
}

/// A group is over when the last of its members is.
fn leave_group(tx: &mut Tx<'_>, desk: &Desk, group: AlertId, member: &Alert, how: &Resolution<'_>) -> Result<()> {
    let left = alerts::left_in_group(tx, group)?;
    let mut group = get(tx, group)?;
    let Some((count, _)) = left else { return resolve(tx, desk, group, how) };
    flush::name_group(tx, desk, &mut group, left)?;
    alerts::update(tx, &group)?;
    alerts::add_entry(tx, group.id, &left_line(group.topic, &member.subject, count))
}

/// The rule behind an alert, when it still exists and is on.
pub fn live_rule(tx: &Tx<'_>, id: AlertRuleId) -> Result<Option<AlertRule>> {
    Ok(rules::find(tx, id)?.filter(|rule| rule.is_enabled))
}
