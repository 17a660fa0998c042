//! Where notices go. Each kind of channel is one file with one pure function from a [`Notice`] to what
//! travels ([`Parcel`]); all limits of the receiving side hold by construction, so no text a monitor reports can break a message.

use std::collections::BTreeMap;

use kernel::ids::ChannelId;
use kernel::text::{Email, WebUrl};
use kernel::{Error, Result, Secret, Time};
use serde::{Deserialize, Serialize};

use crate::notice::Notice;
use crate::severity::Severity;

pub mod config;
pub mod discord;
pub mod email;
pub mod fields;
pub mod ntfy;
pub mod pagerduty;
pub mod slack;
pub mod sms;
pub mod teams;
pub mod telegram;
pub mod text;
pub mod webhook;

pub use config::Config;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    Email,
    Slack,
    Discord,
    Sms,
    Webhook,
    Telegram,
    Ntfy,
    Teams,
    Pagerduty,
}

/// A configured destination. Its secrets stay sealed; `hint` is what a page may show of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Channel {
    pub id: ChannelId,
    pub kind: ChannelKind,
    pub name: String,
    pub hint: String,
    pub takes: Takes,
    pub is_enabled: bool,
    /// Why it was switched off by itself (the receiver said that it is gone for good).
    pub disabled_reason: String,
    pub last_sent_at: Option<Time>,
    pub last_failed_at: Option<Time>,
    pub last_error: String,
    pub last_code: Option<u16>,
    pub created_at: Time,
    /// Its configuration was sealed with a key file that is gone.
    pub has_lost_secrets: bool,
}

/// What a channel is told beyond the rules that name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Takes {
    Named,
    Critical,
    Warning,
    Everything,
}

/// What leaves the house.
#[derive(Debug, Clone, PartialEq)]
pub enum Parcel {
    Call(Call),
    Mails(Vec<Letter>),
    Text(Sms),
}

/// A POST.
#[derive(Clone, PartialEq)]
pub struct Call {
    pub url: WebUrl,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub headers: Vec<(String, String)>,
    pub message_id: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sms {
    pub account_sid: String,
    pub auth: Secret,
    pub from: String,
    pub to: String,
    pub body: String,
    pub api_base: WebUrl,
}

/// The values of a channel's form, document section or API body, by field name.
pub type Values = BTreeMap<String, String>;

impl ChannelKind {
    pub const ALL: [ChannelKind; 9] = [
        ChannelKind::Email,
        ChannelKind::Slack,
        ChannelKind::Discord,
        ChannelKind::Sms,
        ChannelKind::Webhook,
        ChannelKind::Telegram,
        ChannelKind::Ntfy,
        ChannelKind::Teams,
        ChannelKind::Pagerduty,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ChannelKind::Email => "email",
            ChannelKind::Slack => "slack",
            ChannelKind::Discord => "discord",
            ChannelKind::Sms => "sms",
            ChannelKind::Webhook => "webhook",
            ChannelKind::Telegram => "telegram",
            ChannelKind::Ntfy => "ntfy",
            ChannelKind::Teams => "teams",
            ChannelKind::Pagerduty => "pagerduty",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            ChannelKind::Email => "E-mail",
            ChannelKind::Slack => "Slack",
            ChannelKind::Discord => "Discord",
            ChannelKind::Sms => "SMS (Twilio)",
            ChannelKind::Webhook => "Webhook",
            ChannelKind::Telegram => "Telegram",
            ChannelKind::Ntfy => "ntfy",
            ChannelKind::Teams => "Microsoft Teams",
            ChannelKind::Pagerduty => "PagerDuty",
        }
    }

    pub fn parse(text: &str) -> Result<Self> {
        let known = ChannelKind::ALL.into_iter().find(|kind| kind.as_str() == text.trim());
        known.ok_or_else(|| Error::invalid("A channel is one of email, slack, discord, sms, webhook, telegram, ntfy, teams, pagerduty."))
    }

    /// What a new channel takes: the shipped rules name four kinds, the others would never be told of anything.
    pub fn default_takes(self) -> Takes {
        match self {
            ChannelKind::Email | ChannelKind::Slack | ChannelKind::Discord | ChannelKind::Sms => Takes::Named,
            _ => Takes::Warning,
        }
    }
}

impl Channel {
    /// The outbox queue: one per channel, so that a dead one delays nobody else.
    pub fn destination(&self) -> String {
        destination(self.id)
    }
}

const DESTINATION: &str = "alerts.channel:";

pub fn destination(id: ChannelId) -> String {
    format!("{DESTINATION}{id}")
}

/// The channel behind a destination of ours.
pub fn channel_of(destination: &str) -> Option<ChannelId> {
    destination.strip_prefix(DESTINATION)?.parse().ok().map(ChannelId)
}

impl Takes {
    pub const ALL: [Takes; 4] = [Takes::Named, Takes::Critical, Takes::Warning, Takes::Everything];

    pub fn as_str(self) -> &'static str {
        match self {
            Takes::Named => "named",
            Takes::Critical => "critical",
            Takes::Warning => "warning",
            Takes::Everything => "everything",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Takes::Named => "Only alerts whose rule names it",
            Takes::Critical => "Also every critical alert",
            Takes::Warning => "Also every warning and critical alert",
            Takes::Everything => "Every alert",
        }
    }

    pub fn parse(text: &str) -> Result<Self> {
        let known = Takes::ALL.into_iter().find(|takes| takes.as_str() == text);
        known.ok_or_else(|| Error::invalid("A channel takes one of named, critical, warning, everything."))
    }

    pub fn wants(self, severity: Severity) -> bool {
        match self {
            Takes::Named => false,
            Takes::Critical => severity == Severity::Critical,
            Takes::Warning => severity >= Severity::Warning,
            Takes::Everything => true,
        }
    }
}

/// Turns a notice into what travels to this channel.
pub fn pack(config: &Config, notice: &Notice, now: Time) -> Result<Parcel> {
    match config {
        Config::Email(config) => email::build(config, notice).map(Parcel::Mails),
        Config::Slack(config) => Ok(Parcel::Call(slack::build(config, notice))),
        Config::Discord(config) => Ok(Parcel::Call(discord::build(config, notice)?)),
        Config::Sms(config) => Ok(Parcel::Text(sms::build(config, notice))),
        Config::Webhook(config) => Ok(Parcel::Call(webhook::build(config, notice, now)?)),
        Config::Telegram(config) => Ok(Parcel::Call(telegram::build(config, notice)?)),
        Config::Ntfy(config) => Ok(Parcel::Call(ntfy::build(config, notice))),
        Config::Teams(config) => Ok(Parcel::Call(teams::build(config, notice))),
        Config::Pagerduty(config) => Ok(Parcel::Call(pagerduty::build(config, notice)?)),
    }
}

impl Call {
    pub fn json(url: WebUrl, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { url, headers, body: body.to_string().into_bytes() }
    }
}

/// The path of most hooks is the secret itself: only the origin may be printed.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("origin", &self.url.origin()).field("bytes", &self.body.len()).finish()
    }
}
