//! The end of the group window: what is still open is told now, one by one, or as one when one cause took many down.

use std::time::Duration;

use capability::Condition;
use db::Tx;
use kernel::Result;
use kernel::ids::AlertId;

use super::Desk;
use super::announce::{resolve_targets, told_by_others};
use super::life::{enqueue_flush, get, is_muted, live_rule, tell_opening};
use crate::alert::{Alert, NewAlert, due_at};
use crate::grouping::{ISSUE_PAUSE, JOIN_WINDOW, LEAST, MASS_WINDOW, group_subject, group_title, is_mass};
use crate::notice::NoticeKind;
use crate::rule::{AlertRule, Topic};
use crate::settings;
use crate::store::alerts;

/// How many members a grouped notice names.
const NAMED: usize = 20;
/// When the next flush looks where one could not take all.
const NEXT: Duration = Duration::from_secs(1);
/// Alerts read at once where all that nobody was told of is looked through.
const AT_ONCE: u32 = 500;

/// Job `alerts.flush`.
pub fn flush(tx: &mut Tx<'_>, desk: &Desk) -> Result<()> {
    let soon = tx.now + settings::group_window(tx)?;
    let mut live = Vec::new();
    for id in alerts::list_due_rules(tx)? {
        match live_rule(tx, id)? {
            Some(rule) => live.push(rule),
            None => {
                let waiting = alerts::list_waiting(tx, id, tx.now)?;
                forget(tx, waiting)?;
            }
        }
    }
    // The more particular rule speaks first: a channel hears of one happening once, and from the rule that was made for it.
    live.sort_by_key(|rule| (rule.only.is_empty(), rule.id));
    for rule in live {
        let waiting = alerts::list_waiting(tx, rule.id, soon)?;
        if waiting.len() == alerts::MOST_WAITING {
            enqueue_flush(tx, tx.now + NEXT)?;
        }
        flush_rule(tx, desk, &rule, waiting)?;
    }
    Ok(())
}

/// A silence was made or lifted: what it held becomes due again, what it covers waits. What waits for its cooldown goes on waiting.
pub fn release(tx: &mut Tx<'_>) -> Result<()> {
    let window = settings::group_window(tx)?;
    let mut after = AlertId(0);
    loop {
        let untold = alerts::list_untold(tx, after, AT_ONCE)?;
        let Some(last) = untold.last() else { return Ok(()) };
        after = last.id;
        for alert in untold {
            release_one(tx, alert, window)?;
        }
    }
}

fn release_one(tx: &mut Tx<'_>, mut alert: Alert, window: Duration) -> Result<()> {
    let Some(rule) = live_rule(tx, alert.rule)? else { return Ok(()) };
    let cooled_at = alerts::last_announced(tx, rule.id, &alert.subject_key)?.map(|last| last + rule.cooldown);
    let due = match (is_muted(tx, &alert)?, alert.flush_at) {
        (None, Some(at)) if at <= tx.now + window => Some(at),
        (muted, _) => due_at(tx.now, window, cooled_at, muted),
    };
    if due == alert.flush_at {
        return Ok(());
    }
    alert.flush_at = due;
    alerts::update(tx, &alert)?;
    due.map_or(Ok(()), |at| enqueue_flush(tx, at))
}

fn flush_rule(tx: &mut Tx<'_>, desk: &Desk, rule: &AlertRule, waiting: Vec<Alert>) -> Result<()> {
    let mut candidates = Vec::new();
    for mut alert in waiting {
        // A silence may have been laid over it while it waited.
        match is_muted(tx, &alert)? {
            None if is_told_by_another(tx, rule, &alert)? => {
                alert.flush_at = None;
                alerts::update(tx, &alert)?;
                alerts::add_entry(tx, alert.id, "Not told again: another rule has told the same channels of this.")?;
            }
            None => candidates.push(alert),
            muted => {
                alert.flush_at = due_at(tx.now, Duration::ZERO, None, muted);
                alerts::update(tx, &alert)?;
                alert.flush_at.map_or(Ok(()), |at| enqueue_flush(tx, at))?;
            }
        }
    }
    if rule.source.topic().is_issue() {
        return flush_issues(tx, desk, rule, candidates);
    }
    if rule.source.topic().is_grouped() {
        if let Some(group) = alerts::find_young_group(tx, rule.id, tx.now - JOIN_WINDOW)? {
            return join(tx, desk, rule, group, candidates);
        }
        let failing = alerts::count_opened_since(tx, rule.id, tx.now - MASS_WINDOW)?.max(candidates.len());
        if candidates.len() > 1 {
            let watched = watched(tx, desk)?;
            if is_mass(candidates.len(), failing, watched) {
                return tell_group(tx, desk, rule, candidates, watched);
            }
        }
    }
    let now = tx.now;
    for mut alert in candidates.into_iter().filter(|alert| alert.flush_at.is_some_and(|at| at <= now)) {
        let kind = if alert.topic == Topic::MonitoringInterrupted { NoticeKind::Interrupted } else { NoticeKind::Open };
        tell_opening(tx, desk, rule, &mut alert, kind, &[])?;
    }
    Ok(())
}

/// Issues have no common whole of which many are. What gathered while the rule was silent is told as one as soon as it is more than two.
fn flush_issues(tx: &mut Tx<'_>, desk: &Desk, rule: &AlertRule, candidates: Vec<Alert>) -> Result<()> {
    let now = tx.now;
    if let Some(next) = alerts::last_announced_by(tx, rule.id)?.map(|last| last + ISSUE_PAUSE).filter(|next| *next > now) {
        for mut alert in candidates.into_iter().filter(|alert| alert.flush_at.is_some_and(|at| at < next)) {
            alert.flush_at = Some(next);
            alerts::update(tx, &alert)?;
        }
        return enqueue_flush(tx, next);
    }
    if candidates.len() >= LEAST {
        return tell_group(tx, desk, rule, candidates, 0);
    }
    for mut alert in candidates.into_iter().filter(|alert| alert.flush_at.is_some_and(|at| at <= now)) {
        tell_opening(tx, desk, rule, &mut alert, NoticeKind::Open, &[])?;
    }
    Ok(())
}

/// Whether everybody this rule would tell has heard of the same trouble from another rule. (One with an escalation has its own to do.)
fn is_told_by_another(tx: &Tx<'_>, rule: &AlertRule, alert: &Alert) -> Result<bool> {
    let to = resolve_targets(tx, &rule.targets, alert)?;
    let heard = told_by_others(tx, alert)?;
    Ok(rule.policy.is_none() && !to.is_empty() && to.iter().all(|id| heard.contains(id)))
}

/// How many things are watched at all, of those whose condition is known now.
fn watched(tx: &Tx<'_>, desk: &Desk) -> Result<usize> {
    let conditions = desk.registry.conditions(tx)?;
    Ok(conditions.iter().filter(|(_, condition)| !matches!(condition, Condition::NoData | Condition::Maintenance)).count())
}

fn tell_group(tx: &mut Tx<'_>, desk: &Desk, rule: &AlertRule, members: Vec<Alert>, watched: usize) -> Result<()> {
    let Some(first) = members.iter().min_by_key(|member| (member.started_at, member.id)) else { return Ok(()) };
    let name = format!("group:{}", first.id);
    let new = NewAlert {
        topic: first.topic,
        subject_key: name.clone(),
        occurrence: name,
        subject: group_subject(first.topic, members.len()),
        target: String::new(),
        title: group_title(first.topic, members.len(), watched, &first.subject),
        detail: first.detail.clone(),
        started_at: first.started_at,
        expires_at: None,
        facts: Vec::new(),
        is_flapping: false,
    };
    let items = lines(&members);
    let id = alerts::insert(tx, rule, &new, true)?;
    let mut group = get(tx, id)?;
    take_in(tx, &group, members)?;
    tell_opening(tx, desk, rule, &mut group, NoticeKind::Grouped, &items)
}

/// What began to fail within the storm is only written down: it was found later, but it is the same news. What began to fail
/// after it is told, under the group that is known already: it may have a cause of its own.
fn join(tx: &mut Tx<'_>, desk: &Desk, rule: &AlertRule, mut group: Alert, latecomers: Vec<Alert>) -> Result<()> {
    if latecomers.is_empty() {
        return Ok(());
    }
    let end_of_storm = group.started_at + MASS_WINDOW;
    let news: Vec<Alert> = latecomers.iter().filter(|member| member.started_at > end_of_storm).cloned().collect();
    take_in(tx, &group, latecomers)?;
    let members = alerts::list_members(tx, group.id)?;
    let open = members.iter().filter(|member| !member.is_resolved());
    name_group(tx, desk, &mut group, first_of(open))?;
    alerts::update(tx, &group)?;
    alerts::add_entry(tx, group.id, &format!("Now {}.", group.title))?;
    if news.is_empty() { Ok(()) } else { tell_opening(tx, desk, rule, &mut group, NoticeKind::Grouped, &lines(&news)) }
}

/// How many these are, and what the first of them is about.
pub fn first_of<'a>(members: impl Iterator<Item = &'a Alert> + Clone) -> Option<(usize, String)> {
    let count = members.clone().count();
    members.min_by_key(|member| (member.started_at, member.id)).map(|first| (count, first.subject.clone()))
}

/// Title and subject of a group that stands for so many members, with the first one's subject.
pub fn name_group(tx: &Tx<'_>, desk: &Desk, group: &mut Alert, members: Option<(usize, String)>) -> Result<()> {
    let Some((count, first)) = members else { return Ok(()) };
    let watched = if group.topic.is_issue() { count } else { watched(tx, desk)?.max(count) };
    group.subject = group_subject(group.topic, count);
    group.title = group_title(group.topic, count, watched, &first);
    Ok(())
}

fn take_in(tx: &mut Tx<'_>, group: &Alert, members: Vec<Alert>) -> Result<()> {
    for mut member in members {
        member.group = Some(group.id);
        member.flush_at = None;
        member.announced_at = Some(tx.now);
        alerts::update(tx, &member)?;
        alerts::add_entry(tx, member.id, &format!("Told as part of alert {}.", group.id))?;
    }
    Ok(())
}

fn lines(members: &[Alert]) -> Vec<String> {
    let line = |member: &Alert| match member.topic.is_issue() {
        true => issue_line(member),
        false => format!("{}: {}", member.subject, member.detail),
    };
    let mut lines: Vec<String> = members.iter().take(NAMED).map(line).collect();
    if members.len() > NAMED {
        lines.push(format!("and {} more", members.len() - NAMED));
    }
    lines
}

/// `TypeError: x is undefined (checkout.ts in pay; Shop)`
fn issue_line(member: &Alert) -> String {
    let project = member.facts.iter().find(|(label, _)| label == "Project").map_or("", |(_, value)| value);
    let more: Vec<&str> = [member.detail.as_str(), project].into_iter().filter(|part| !part.is_empty()).collect();
    format!("{} ({})", member.subject, more.join("; "))
}

/// Their rule is gone or off: they stay on the page, and nobody is told.
fn forget(tx: &mut Tx<'_>, waiting: Vec<Alert>) -> Result<()> {
    for mut alert in waiting {
        alert.flush_at = None;
        alerts::update(tx, &alert)?;
        alerts::add_entry(tx, alert.id, "Nobody is told: the rule is switched off.")?;
    }
    Ok(())
}
