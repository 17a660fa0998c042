//! A fact opens, changes or ends alerts. Jobs of this kind run in the order of their facts; one that runs twice finds its work done.

use std::time::Duration;

use db::Tx;
use kernel::ids::{ChannelId, DeliveryId, DumpId, MonitorId};
use kernel::text::shorten;
use kernel::time::DAY;
use kernel::{Fact, Result, Time};

use super::announce::{announce, resolve_targets, told_channels};
use super::life::{Opened, Resolution, enqueue_flush, is_muted, open, resolve, tell_opening};
use super::{Desk, copies, issues};
use crate::alert::{Alert, NewAlert, due_at};
use crate::channel::{channel_of, destination};
use crate::notice::NoticeKind;
use crate::rule::{AlertRule, Topic, opening_topic};
use crate::severity::Severity;
use crate::silence::Muted;
use crate::store::{alerts, channels, notices, rules};

/// Job `alerts.take`.
pub fn take(tx: &mut Tx<'_>, desk: &Desk, fact: &Fact) -> Result<()> {
    rules::seed(tx)?;
    match fact {
        Fact::MonitorRecovered { monitor, recovered_at, .. } => recover(tx, desk, Topic::MonitorDown, *monitor, *recovered_at),
        Fact::MonitorRestored { monitor, restored_at, .. } => recover(tx, desk, Topic::MonitorDegraded, *monitor, *restored_at),
        Fact::CertificateRenewed { monitor, renewed_at, .. } => recover(tx, desk, Topic::CertificateExpiring, *monitor, *renewed_at),
        Fact::MonitorSettled { monitor, is_down, .. } => settle(tx, desk, *monitor, *is_down),
        Fact::MonitorSilenced { monitor, .. } => {
            for alert in alerts::list_open_about(tx, None, &monitor_key(*monitor))? {
                let how = Resolution { by: "the monitor's pause, change or removal", at: tx.now, kind: NoticeKind::Resolved };
                resolve(tx, desk, alert, &how)?;
            }
            Ok(())
        }
        Fact::MonitoringResumed { vantage, resumed_at, .. } => {
            for alert in alerts::list_open_about(tx, Some(Topic::MonitoringInterrupted), &vantage_key(vantage))? {
                resolve(tx, desk, alert, &Resolution { by: "", at: *resumed_at, kind: NoticeKind::Resumed })?;
            }
            Ok(())
        }
        Fact::DumpRecovered { dump, recovered_at, by, .. } => {
            for alert in alerts::list_open_about(tx, Some(Topic::DumpFailed), &dump_key(*dump))? {
                resolve(tx, desk, alert, &Resolution { by, at: *recovered_at, kind: NoticeKind::Resolved })?;
            }
            Ok(())
        }
        Fact::DeliveryDied { delivery, destination, reason } => match channel_of(destination) {
            None => Ok(()),
            Some(channel) => channel_died(tx, channel, &format!("died:{delivery}"), reason),
        },
        Fact::IssueCalmed { .. } | Fact::IssueClosed { .. } => issues::end(tx, desk, fact),
        _ if copies::is_end(fact) => copies::end(tx, desk, fact),
        _ => open_by(tx, desk, fact),
    }
}

/// A notice has been late for a minute: the owner hears of it by another channel long before the outbox gives up after a day.
pub fn channel_late(tx: &mut Tx<'_>, channel: ChannelId, delivery: DeliveryId, reason: &str) -> Result<()> {
    rules::seed(tx)?;
    channel_died(tx, channel, &format!("late:{delivery}"), reason)
}

/// It delivered again.
pub fn channel_well(tx: &mut Tx<'_>, desk: &Desk, channel: ChannelId) -> Result<()> {
    for alert in alerts::list_open_about(tx, Some(Topic::ChannelDead), &destination(channel))? {
        resolve(tx, desk, alert, &Resolution { by: "", at: tx.now, kind: NoticeKind::Resolved })?;
    }
    Ok(())
}

fn open_by(tx: &mut Tx<'_>, desk: &Desk, fact: &Fact) -> Result<()> {
    let (Some(topic), Some(new)) = (opening_topic(fact), new_alert(fact, tx.now)) else { return Ok(()) };
    for rule in rules::list_enabled(tx, topic)? {
        if !rule.looks_at(&new.words()) {
            continue;
        }
        let opened = open(tx, &rule, &new)?;
        match (fact, opened) {
            (Fact::MonitorFlapping { transitions, .. }, Opened::New(alert) | Opened::Already(alert)) => {
                flap(tx, desk, &rule, alert, *transitions)?
            }
            (Fact::CertificateExpiring { .. }, Opened::Already(alert)) => next_threshold(tx, desk, &rule, alert, &new)?,
            (_, Opened::Already(mut alert)) => {
                alerts::add_entry(tx, alert.id, &format!("Again: {}", new.detail))?;
                alert.detail = new.detail.clone();
                alerts::update(tx, &alert)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn monitor_key(id: MonitorId) -> String {
    format!("monitor:{id}")
}

fn vantage_key(vantage: &str) -> String {
    format!("vantage:{vantage}")
}

fn dump_key(id: DumpId) -> String {
    format!("dump:{id}")
}

fn new_alert(fact: &Fact, now: Time) -> Option<NewAlert> {
    let about = |monitor: &MonitorId, name: &str, target: &str, started_at: Time| NewAlert {
        topic: Topic::MonitorDown,
        subject_key: monitor_key(*monitor),
        occurrence: String::new(),
        subject: name.to_owned(),
        target: target.to_owned(),
        title: String::new(),
        detail: String::new(),
        started_at,
        expires_at: None,
        facts: Vec::new(),
        is_flapping: false,
    };
    match fact {
        Fact::MonitorDown { monitor, name, target, outage, down_since, detail, .. } => Some(NewAlert {
            occurrence: format!("outage:{outage}"),
            title: format!("{name} is down"),
            detail: shorten(detail, 1_000),
            ..about(monitor, name, target, *down_since)
        }),
        Fact::MonitorFlapping { monitor, name, target, transitions, since } => Some(NewAlert {
            occurrence: format!("flapping:{monitor}:{}", since.0),
            title: format!("{name} keeps changing between up and down"),
            detail: format!("{transitions} changes since {since}."),
            is_flapping: true,
            ..about(monitor, name, target, *since)
        }),
        Fact::MonitorDegraded { monitor, name, target, since, detail } => Some(NewAlert {
            topic: Topic::MonitorDegraded,
            occurrence: format!("degraded:{monitor}:{}", since.0),
            title: format!("{name} is degraded"),
            detail: shorten(detail, 1_000),
            ..about(monitor, name, target, *since)
        }),
        Fact::CertificateExpiring { monitor, name, target, not_after, days_left } => Some(NewAlert {
            topic: Topic::CertificateExpiring,
            occurrence: format!("certificate:{monitor}:{}:{days_left}", not_after.0),
            title: certificate_title(name, *days_left),
            detail: format!("It is valid until {not_after}. Renew it before then."),
            // Once the end has passed, the monitor itself says how it is.
            expires_at: Some(*not_after + DAY),
            ..about(monitor, name, target, now)
        }),
        Fact::MonitoringInterrupted { vantage, since, detail } => Some(NewAlert {
            topic: Topic::MonitoringInterrupted,
            subject_key: vantage_key(vantage),
            occurrence: format!("interrupted:{vantage}:{}", since.0),
            subject: vantage.clone(),
            target: String::new(),
            title: format!("Monitoring from {vantage} is interrupted"),
            detail: format!("{} Nothing is judged meanwhile.", shorten(detail, 900)),
            started_at: *since,
            expires_at: None,
            facts: Vec::new(),
            is_flapping: false,
        }),
        Fact::DumpFailed { dump, name, place, since, reason, detail } => Some(NewAlert {
            topic: Topic::DumpFailed,
            subject_key: dump_key(*dump),
            occurrence: format!("dump:{dump}:{reason}:{}", since.0),
            subject: name.clone(),
            target: place.clone(),
            title: if reason == "missed" { format!("The backup of {name} is overdue") } else { format!("The backup of {name} failed") },
            detail: shorten(detail, 1_000),
            started_at: *since,
            expires_at: None,
            facts: Vec::new(),
            is_flapping: false,
        }),
        _ => issues::new_alert(fact, now).or_else(|| copies::new_alert(fact)),
    }
}

fn certificate_title(name: &str, days_left: i64) -> String {
    match days_left {
        ..0 => format!("The certificate of {name} has ended"),
        0 => format!("The certificate of {name} ends today"),
        1 => format!("The certificate of {name} ends tomorrow"),
        days => format!("The certificate of {name} ends in {days} days"),
    }
}

/// One notice instead of one for each change.
fn flap(tx: &mut Tx<'_>, desk: &Desk, rule: &AlertRule, mut alert: Alert, transitions: u32) -> Result<()> {
    alert.is_flapping = true;
    alerts::update(tx, &alert)?;
    alerts::add_entry(tx, alert.id, &format!("Flapping: {transitions} changes. Single notices are withheld."))?;
    if alert.group.is_some() || is_muted(tx, &alert)?.is_some() {
        return Ok(());
    }
    if alert.announced_at.is_none() {
        return tell_opening(tx, desk, rule, &mut alert, NoticeKind::Flapping, &[]);
    }
    let to = resolve_targets(tx, &rule.targets, &alert)?;
    announce(tx, desk, &mut alert, NoticeKind::Flapping, &to, &[])
}

fn settle(tx: &mut Tx<'_>, desk: &Desk, monitor: MonitorId, is_down: bool) -> Result<()> {
    for mut alert in alerts::list_open_about(tx, Some(Topic::MonitorDown), &monitor_key(monitor))? {
        if !alert.is_flapping {
            continue;
        }
        alert.is_flapping = false;
        if !is_down {
            resolve(tx, desk, alert, &Resolution { by: "", at: tx.now, kind: NoticeKind::Resolved })?;
            continue;
        }
        alert.title = format!("{} is down", alert.subject);
        alert.detail = "It is stable now, and down.".to_owned();
        alerts::update(tx, &alert)?;
        if let Some(muted) = is_muted(tx, &alert)? {
            if alert.group.is_none() {
                hold(tx, alert, muted)?;
            }
            continue;
        }
        let to = told_channels(tx, &alert)?;
        announce(tx, desk, &mut alert, NoticeKind::Open, &to, &[])?;
    }
    Ok(())
}

fn recover(tx: &mut Tx<'_>, desk: &Desk, topic: Topic, monitor: MonitorId, at: Time) -> Result<()> {
    for alert in alerts::list_open_about(tx, Some(topic), &monitor_key(monitor))? {
        if alert.is_flapping {
            alerts::add_entry(tx, alert.id, "Up for now.")?;
            continue;
        }
        resolve(tx, desk, alert, &Resolution { by: "", at, kind: NoticeKind::Resolved })?;
    }
    Ok(())
}

/// The same certificate, closer to its end: told again, in the same thread.
fn next_threshold(tx: &mut Tx<'_>, desk: &Desk, rule: &AlertRule, mut alert: Alert, new: &NewAlert) -> Result<()> {
    if alert.title == new.title {
        return Ok(());
    }
    alert.title = new.title.clone();
    alert.detail = new.detail.clone();
    alert.expires_at = new.expires_at;
    alerts::update(tx, &alert)?;
    alerts::add_entry(tx, alert.id, &new.title)?;
    if alert.announced_at.is_none() {
        return Ok(());
    }
    if let Some(muted) = is_muted(tx, &alert)? {
        return hold(tx, alert, muted);
    }
    let to = resolve_targets(tx, &rule.targets, &alert)?;
    announce(tx, desk, &mut alert, NoticeKind::Open, &to, &[])
}

/// It is told when the silence ends.
fn hold(tx: &mut Tx<'_>, mut alert: Alert, muted: Muted) -> Result<()> {
    alert.announced_at = None;
    alert.flush_at = due_at(tx.now, Duration::ZERO, None, Some(muted));
    alerts::update(tx, &alert)?;
    alerts::add_entry(tx, alert.id, "Silenced: it is told when the silence ends.")?;
    alert.flush_at.map_or(Ok(()), |at| enqueue_flush(tx, at))
}

/// At most one notice a day (the rule's cooldown), through the other channels.
fn channel_died(tx: &mut Tx<'_>, id: ChannelId, occurrence: &str, reason: &str) -> Result<()> {
    let Some(channel) = channels::find(tx, id)? else { return Ok(()) };
    // Who switched it off by hand knows.
    if !channel.is_enabled && channel.disabled_reason.is_empty() {
        return Ok(());
    }
    let new = NewAlert {
        topic: Topic::ChannelDead,
        subject_key: destination(id),
        occurrence: occurrence.to_owned(),
        subject: channel.name.clone(),
        target: format!("{} {}", channel.kind.label(), channel.hint),
        title: format!("The channel {} does not deliver", channel.name),
        detail: shorten(reason, 500),
        started_at: tx.now,
        expires_at: None,
        facts: Vec::new(),
        is_flapping: false,
    };
    for rule in rules::list_enabled(tx, Topic::ChannelDead)? {
        if let Opened::New(alert) = open(tx, &rule, &new)? {
            raise(tx, alert, id)?;
        }
    }
    Ok(())
}

/// When something critical waits on the dead channel and no other channel has told it, the news of its death is critical itself.
fn raise(tx: &mut Tx<'_>, mut alert: Alert, channel: ChannelId) -> Result<()> {
    if let Some(headline) = notices::find_untold_critical(tx, channel)? {
        alert.severity = Severity::Critical;
        alert.detail = shorten(&format!("Not delivered: {headline}. {}", alert.detail), 1_000);
        alerts::update(tx, &alert)?;
    }
    Ok(())
}
