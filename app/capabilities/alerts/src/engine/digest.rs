//! The end of quiet hours: everything that was held for a channel, as one notice.

use std::time::Duration;

use db::{Reader, Tx};
use kernel::ids::ChannelId;
use kernel::time::{DAY, MINUTE};
use kernel::{Result, Time};
use serde_json::json;
use work::NewJob;

use super::announce::{Posted, post, spent_budget};
use super::{DIGEST, Desk};
use crate::notice::digest;
use crate::quiet::{QuietHours, quiet_until};
use crate::store::notices::{Held, NoticeState};
use crate::store::{alerts, channels, notices, quiet};

/// Windows that together cover every hour never end; what they hold is told after this long all the same.
const LONGEST: Duration = Duration::from_secs(14 * 86_400);

/// Job `alerts.digest`. Each notice waits for the end of its own severity's quiet hours.
pub fn send(tx: &mut Tx<'_>, desk: &Desk, id: ChannelId) -> Result<()> {
    let Some(channel) = channels::find(tx, id)? else { return Ok(()) };
    // What is held for a channel that is off stays held until it is on again.
    if !channel.is_enabled {
        return Ok(());
    }
    let windows = quiet::list_of_channel(tx, id)?;
    let mut held = Vec::new();
    for row in notices::list_held(tx, id)? {
        match waits_until(&windows, &row, tx.now) {
            None => held.push(row.row),
            Some(until) => send_at(tx, id, until)?,
        }
    }
    let Some(last) = held.last() else { return Ok(()) };
    let mut open = Vec::new();
    for alert in held.iter().filter_map(|row| row.alert) {
        if !open.contains(&alert) && alerts::find(tx, alert)?.is_some_and(|alert| !alert.is_resolved()) {
            open.push(alert);
        }
    }
    let voice = desk.voice(tx)?;
    let lines = held.iter().map(|row| format!("{} {}", voice.moment(row.posted_at), row.headline)).collect();
    let notice = digest(lines, open.len(), &voice, format!("digest:{}:{id}", last.id));
    if post(tx, desk, &channel, None, &notice)? == Posted::OverBudget {
        // Late is better than never: they stay held until there are text messages again.
        let tomorrow = crate::settings::day_start(tx)? + DAY;
        return send_at(tx, id, tomorrow);
    }
    for row in &held {
        notices::set_state(tx, row.id, NoticeState::Sent)?;
    }
    Ok(())
}

fn send_at(tx: &mut Tx<'_>, id: ChannelId, at: Time) -> Result<()> {
    let key = Some(format!("{id}:{}", at.0));
    work::enqueue(tx, NewJob { kind: DIGEST, key, payload: json!({"channel": id}), run_at: Some(at) }).map(|_| ())
}

fn waits_until(windows: &[QuietHours], held: &Held, now: Time) -> Option<Time> {
    let longest = held.row.posted_at + LONGEST;
    quiet_until(windows, held.severity, now).map(|until| until.min(longest)).filter(|until| *until > now)
}

/// Channels that are no longer quiet for something that is held for them: the digest's job was lost, or the hours were changed.
pub fn list_overdue(r: &Reader<'_>) -> Result<Vec<ChannelId>> {
    let mut overdue = Vec::new();
    for id in notices::list_held_channels(r)? {
        // Nothing can be sent there now: to look again each minute would be to write for nothing.
        let Some(channel) = channels::find(r, id)?.filter(|channel| channel.is_enabled) else { continue };
        if spent_budget(r, &channel)?.is_some() {
            continue;
        }
        let windows = quiet::list_of_channel(r, id)?;
        let is_free = |row: &Held, at: Time| waits_until(&windows, row, at).is_none();
        if notices::list_held(r, id)?.iter().any(|row| is_free(row, r.now - MINUTE) && is_free(row, r.now)) {
            overdue.push(id);
        }
    }
    Ok(overdue)
}
