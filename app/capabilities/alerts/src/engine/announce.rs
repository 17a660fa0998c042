//! Saying something about an alert: to each channel its own delivery with its own key, held where it is quiet, within the budget of text messages.

use db::{Reader, Tx};
use kernel::ids::ChannelId;
use kernel::{Result, Time};
use serde_json::json;
use work::{NewDelivery, NewJob};

use super::{DIGEST, Desk, SEND};
use crate::alert::Alert;
use crate::channel::{Channel, ChannelKind, channel_of};
use crate::notice::{Notice, NoticeKind, about, remark};
use crate::quiet::quiet_until;
use crate::recipients::recipients;
use crate::rule::{Target, Topic};
use crate::settings;
use crate::severity::Severity;
use crate::store::notices::NoticeState;
use crate::store::{alerts, channels, notices, quiet};

/// Says it on each of these channels and writes the alert back. `items` are the lines of a group.
pub fn announce(tx: &mut Tx<'_>, desk: &Desk, alert: &mut Alert, kind: NoticeKind, to: &[ChannelId], items: &[String]) -> Result<()> {
    alert.notices += 1;
    let mut notice = about(alert, kind, &desk.voice(tx)?);
    notice.items = items.to_vec();
    let mut names = Vec::new();
    for id in to {
        let Some(channel) = channels::find(tx, *id)?.filter(|channel| channel.is_enabled) else { continue };
        let notice = Notice { key: format!("{}:{id}", notice.key), ..notice.clone() };
        names.push(match post(tx, desk, &channel, Some(alert), &notice)? {
            Posted::Now => channel.name,
            Posted::Held(until) => format!("{} (held until {until})", channel.name),
            Posted::OverBudget => format!("{} (not sent: the day's text messages are used up)", channel.name),
            Posted::Before => continue,
        });
    }
    alerts::update(tx, alert)?;
    let line =
        if names.is_empty() { format!("{}: nobody to tell.", label(kind)) } else { format!("{}: {}.", label(kind), names.join(", ")) };
    alerts::add_entry(tx, alert.id, &line)
}

/// Channels that heard anything about this alert: they hear how it goes on.
pub fn told_channels(r: &Reader<'_>, alert: &Alert) -> Result<Vec<ChannelId>> {
    let mut told = Vec::new();
    for row in notices::list_of_alert(r, alert.id)? {
        if !told.contains(&row.channel) {
            told.push(row.channel);
        }
    }
    Ok(told)
}

/// Channels that heard of the same trouble from another rule; of a group, those that heard of each member. Metrics are left out: two
/// thresholds are two pieces of news.
pub fn told_by_others(r: &Reader<'_>, alert: &Alert) -> Result<Vec<ChannelId>> {
    let of_one = |alert: &Alert| notices::list_channels_told_by_others(r, alert);
    if alert.topic == Topic::Metric {
        return Ok(Vec::new());
    }
    if !alert.is_group {
        return of_one(alert);
    }
    let mut common: Option<Vec<ChannelId>> = None;
    for member in alerts::list_members(r, alert.id)? {
        let heard = of_one(&member)?;
        let common = common.get_or_insert_with(|| heard.clone());
        common.retain(|id| heard.contains(id));
        if common.is_empty() {
            break;
        }
    }
    Ok(common.unwrap_or_default())
}

/// Whom these targets mean now.
pub fn resolve_targets(r: &Reader<'_>, targets: &[Target], alert: &Alert) -> Result<Vec<ChannelId>> {
    let except = if alert.topic == Topic::ChannelDead { channel_of(&alert.subject_key) } else { None };
    Ok(recipients(targets, &channels::list(r)?, alert.severity, except))
}

/// Without channels that cost money, unless it is critical.
pub fn cheap(r: &Reader<'_>, ids: Vec<ChannelId>, severity: Severity) -> Result<Vec<ChannelId>> {
    if severity == Severity::Critical {
        return Ok(ids);
    }
    let mut kept = Vec::new();
    for id in ids {
        if channels::find(r, id)?.is_some_and(|channel| channel.kind != ChannelKind::Sms) {
            kept.push(id);
        }
    }
    Ok(kept)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    Now,
    Held(Time),
    OverBudget,
    /// Said before under the same key.
    Before,
}

/// One notice to one channel.
pub fn post(tx: &mut Tx<'_>, desk: &Desk, channel: &Channel, alert: Option<&Alert>, notice: &Notice) -> Result<Posted> {
    let alert_id = alert.map(|alert| alert.id);
    // PagerDuty knows when its people sleep; a digest there would be an incident of its own.
    let may_wait = notice.kind != NoticeKind::Digest && channel.kind != ChannelKind::Pagerduty;
    let quiet = quiet_until(&quiet::list_of_channel(tx, channel.id)?, notice.severity, tx.now);
    if let Some(until) = quiet.filter(|_| may_wait) {
        if notices::insert(tx, alert_id, channel.id, notice, NoticeState::Held)?.is_none() {
            return Ok(Posted::Before);
        }
        let key = format!("{}:{}", channel.id, until.0);
        work::enqueue(tx, NewJob { kind: DIGEST, key: Some(key), payload: json!({"channel": channel.id}), run_at: Some(until) })?;
        return Ok(Posted::Held(until));
    }
    if let Some(budget) = spent_budget(tx, channel)? {
        let today = settings::day_start(tx)?;
        tell_budget(tx, desk, budget, today)?;
        return Ok(Posted::OverBudget);
    }
    let Some(id) = notices::insert(tx, alert_id, channel.id, notice, NoticeState::Posted)? else {
        return Ok(Posted::Before);
    };
    let delivery = NewDelivery {
        destination: channel.destination(),
        sender: SEND,
        key: notice.key.clone(),
        subject: format!("{}: {}", channel.name, notice.headline()),
        payload: json!({"notice": id}),
        run_at: None,
    };
    work::post(tx, delivery)?;
    Ok(Posted::Now)
}

/// The day's number of text messages, when this channel sends such and they are used up.
pub fn spent_budget(r: &Reader<'_>, channel: &Channel) -> Result<Option<u64>> {
    if channel.kind != ChannelKind::Sms {
        return Ok(None);
    }
    let budget = settings::sms_per_day(r)?;
    let posted = notices::count_posted_since(r, ChannelKind::Sms.as_str(), settings::day_start(r)?)?;
    Ok(Some(budget).filter(|budget| posted >= *budget))
}

/// Once a day, by mail where there is a mail channel, else by whatever else there is.
fn tell_budget(tx: &mut Tx<'_>, desk: &Desk, budget: u64, today: Time) -> Result<()> {
    let all = channels::list(tx)?;
    let free = || all.iter().filter(|channel| channel.is_enabled && !matches!(channel.kind, ChannelKind::Sms | ChannelKind::Pagerduty));
    let Some(channel) = free().find(|channel| channel.kind == ChannelKind::Email).or_else(|| free().next()) else {
        return Ok(());
    };
    let detail = format!(
        "{budget} text messages went out today; further alerts come by your other channels only. The number stands under Settings, Alerts."
    );
    let key = format!("alerts:sms-budget:{}:{}", today.0, channel.id);
    let notice = remark("SMS BUDGET", "The text messages of today are used up", &detail, &desk.voice(tx)?, key);
    post(tx, desk, channel, None, &notice).map(|_| ())
}

fn label(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Open | NoticeKind::Grouped | NoticeKind::Interrupted => "Told",
        NoticeKind::Resolved | NoticeKind::Resumed => "Told that it is over",
        NoticeKind::Reminder => "Reminded",
        NoticeKind::Escalated => "Escalated to",
        NoticeKind::Acknowledged => "Told that it was seen",
        NoticeKind::Flapping => "Told that it is flapping",
        NoticeKind::Digest => "Digest to",
        NoticeKind::Test => "Test to",
    }
}
