//! The end of quiet hours: everything that was held for a channel, as one notice.

use db::{Reader, Tx};
use kernel::Result;
use kernel::ids::ChannelId;
use kernel::time::MINUTE;
use serde_json::json;
use work::NewJob;

use super::announce::post;
use super::{DIGEST, Desk};
use crate::notice::digest;
use crate::quiet::quiet_until;
use crate::severity::Severity;
use crate::store::notices::NoticeState;
use crate::store::{alerts, channels, notices, quiet};

/// Job `alerts.digest`.
pub fn send(tx: &mut Tx<'_>, desk: &Desk, id: ChannelId) -> Result<()> {
    let Some(channel) = channels::find(tx, id)? else { return Ok(()) };
    // The hours may have been made longer meanwhile.
    if let Some(until) = quiet_until(&quiet::list_of_channel(tx, id)?, Severity::Info, tx.now) {
        let key = Some(format!("{id}:{}", until.0));
        return work::enqueue(tx, NewJob { kind: DIGEST, key, payload: json!({"channel": id}), run_at: Some(until) }).map(|_| ());
    }
    let held = notices::list_held(tx, id)?;
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
    for row in &held {
        notices::set_state(tx, row.id, NoticeState::Sent)?;
    }
    if channel.is_enabled {
        post(tx, desk, &channel, None, &notice)?;
    }
    Ok(())
}

/// Channels that are no longer quiet although something is held for them: the digest's job was lost, or the hours were changed.
pub fn list_overdue(r: &Reader<'_>) -> Result<Vec<ChannelId>> {
    let mut overdue = Vec::new();
    for id in notices::list_held_channels(r)? {
        let windows = quiet::list_of_channel(r, id)?;
        if quiet_until(&windows, Severity::Info, r.now - MINUTE).is_none() && quiet_until(&windows, Severity::Info, r.now).is_none() {
            overdue.push(id);
        }
    }
    Ok(overdue)
}
