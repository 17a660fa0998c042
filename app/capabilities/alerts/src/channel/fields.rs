//! What each kind of channel wants to know, as data: console forms, the API and `hermetic apply` all read it.

use super::ChannelKind;

#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub kind: FieldKind,
    pub is_required: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Line,
    /// Written, never shown again.
    Secret,
    Choice(&'static [(&'static str, &'static str)]),
}

const fn secret(name: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { name, label, help, kind: FieldKind::Secret, is_required: true }
}

const fn spare_secret(name: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { name, label, help, kind: FieldKind::Secret, is_required: false }
}

const fn line(name: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { name, label, help, kind: FieldKind::Line, is_required: true }
}

const fn spare_line(name: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { name, label, help, kind: FieldKind::Line, is_required: false }
}

const EMAIL: &[Field] = &[line("to", "Mail addresses", "Up to 10, separated by commas. Mail leaves by the mail route in the settings.")];

const SLACK: &[Field] = &[
    secret("url", "Webhook address", "Slack → Apps → Incoming Webhooks: https://hooks.slack.com/services/…"),
    Field {
        name: "mention",
        label: "Call people on critical alerts",
        help: "Slack notifies the chosen people when something critical opens.",
        kind: FieldKind::Choice(&[("", "Nobody"), ("here", "@here"), ("channel", "@channel")]),
        is_required: false,
    },
];

const DISCORD: &[Field] = &[
    secret("url", "Webhook address", "Channel settings → Integrations → Webhooks: https://discord.com/api/webhooks/…"),
    spare_line("thread", "Thread id", "Only when the notices belong into a thread of that channel."),
];

const SMS: &[Field] = &[
    line("account_sid", "Account SID", "From the Twilio console; starts with AC."),
    secret("auth_token", "Auth token", "From the Twilio console."),
    line("from", "From", "A Twilio number such as +15005550006, or a messaging service that starts with MG."),
    line("to", "To", "The phone number with country code, such as +4915112345678."),
    spare_line("api_base", "API address", "Leave empty for https://api.twilio.com."),
];

const WEBHOOK: &[Field] = &[
    secret("url", "Address", "Gets a JSON POST, signed as Standard Webhooks describes."),
    spare_secret("secret", "Signing secret", "whsec_ followed by base64. Leave empty and one is made; it is shown once."),
    spare_secret("old_secret", "Previous signing secret", "While you rotate: notices carry a signature of both. Write - to forget it."),
];

const TELEGRAM: &[Field] = &[
    secret("token", "Bot token", "From @BotFather, such as 123456:ABC…"),
    line("chat_id", "Chat id", "A number, or @channelname. Add the bot to the chat first."),
    spare_line("thread_id", "Topic id", "Only for a topic of a group."),
    spare_line("api_base", "API address", "Leave empty for https://api.telegram.org."),
];

const NTFY: &[Field] = &[
    line("server", "Server", "https://ntfy.sh, or your own."),
    secret("topic", "Topic", "Whoever knows the topic can read it: choose one that is hard to guess."),
    spare_secret("token", "Access token", "When the server asks for one; starts with tk_. Write - to forget it."),
];

const TEAMS: &[Field] = &[secret("url", "Workflow address", "Teams → Workflows → “Post to a channel when a webhook request is received”.")];

const PAGERDUTY: &[Field] = &[
    secret("routing_key", "Integration key", "Service → Integrations → Events API v2: 32 characters."),
    spare_line("api_base", "API address", "Leave empty for https://events.pagerduty.com; https://events.eu.pagerduty.com for the EU."),
];

impl ChannelKind {
    pub fn fields(self) -> &'static [Field] {
        match self {
            ChannelKind::Email => EMAIL,
            ChannelKind::Slack => SLACK,
            ChannelKind::Discord => DISCORD,
            ChannelKind::Sms => SMS,
            ChannelKind::Webhook => WEBHOOK,
            ChannelKind::Telegram => TELEGRAM,
            ChannelKind::Ntfy => NTFY,
            ChannelKind::Teams => TEAMS,
            ChannelKind::Pagerduty => PAGERDUTY,
        }
    }
}
