//! Which channels hear of an alert: those the rule names, those that take every alert of this severity, and, when that would be
//! nobody although the rule wants somebody told, whichever channels there are.

use kernel::ids::ChannelId;

use crate::channel::{Channel, ChannelKind};
use crate::rule::Target;
use crate::severity::Severity;

/// `except` is the channel the alert is about: a dead one is not asked to tell of its own death.
pub fn recipients(targets: &[Target], channels: &[Channel], severity: Severity, except: Option<ChannelId>) -> Vec<ChannelId> {
    if targets.is_empty() {
        return Vec::new();
    }
    let alive: Vec<&Channel> = channels.iter().filter(|channel| channel.is_enabled && Some(channel.id) != except).collect();
    let is_named = |channel: &Channel| {
        targets.iter().any(|target| match target {
            Target::Everywhere => true,
            Target::Kind(kind) => *kind == channel.kind,
            Target::Channel(id) => *id == channel.id,
        })
    };
    let chosen: Vec<ChannelId> =
        alive.iter().filter(|channel| is_named(channel) || channel.takes.wants(severity)).map(|channel| channel.id).collect();
    if !chosen.is_empty() {
        return chosen;
    }
    // Better the wrong channel than none; a text message costs money, so only for what is critical.
    let may_help = |channel: &&&Channel| channel.kind != ChannelKind::Sms || severity == Severity::Critical;
    alive.iter().filter(may_help).map(|channel| channel.id).collect()
}
