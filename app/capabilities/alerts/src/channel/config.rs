//! A channel's typed configuration. It rests as one sealed JSON object of [`Values`]; whatever is read back has passed the same checks as
//! whatever is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::error::FieldErrors;
use kernel::text::{Email, WebUrl, checked_line};
use kernel::{Error, Result, Sealer, Secret};

use super::fields::FieldKind;
use super::{ChannelKind, Values};

/// Written into an optional secret to forget it: leaving it blank keeps it.
pub const FORGET: &str = "-";

/// Said of a channel whose configuration cannot be opened.
pub const LOST: &str = "Its address and secrets were sealed with a key file that is gone. Please enter them again.";

/// What the sealer binds the stored configuration to.
pub const CONTEXT: &str = "alerts_channels.config";

#[derive(Clone, PartialEq)]
pub enum Config {
    Email(EmailConfig),
    Slack(SlackConfig),
    Discord(DiscordConfig),
    Sms(SmsConfig),
    Webhook(WebhookConfig),
    Telegram(TelegramConfig),
    Ntfy(NtfyConfig),
    Teams(TeamsConfig),
    Pagerduty(PagerdutyConfig),
}

#[derive(Clone, PartialEq)]
pub struct EmailConfig {
    pub to: Vec<Email>,
}

#[derive(Clone, PartialEq)]
pub struct SlackConfig {
    pub url: WebUrl,
    /// `here`, `channel` or nothing.
    pub mention: Option<&'static str>,
}

#[derive(Clone, PartialEq)]
pub struct DiscordConfig {
    pub url: WebUrl,
    pub thread: Option<String>,
}

#[derive(Clone, PartialEq)]
pub struct SmsConfig {
    pub account_sid: String,
    pub auth_token: Secret,
    pub from: String,
    pub to: String,
    pub api_base: WebUrl,
}

#[derive(Clone, PartialEq)]
pub struct WebhookConfig {
    pub url: WebUrl,
    /// The newest first; each signs.
    pub keys: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq)]
pub struct TelegramConfig {
    pub token: Secret,
    pub chat_id: String,
    pub thread_id: Option<i64>,
    pub api_base: WebUrl,
}

#[derive(Clone, PartialEq)]
pub struct NtfyConfig {
    pub server: WebUrl,
    pub topic: String,
    pub token: Option<Secret>,
}

#[derive(Clone, PartialEq)]
pub struct TeamsConfig {
    pub url: WebUrl,
}

#[derive(Clone, PartialEq)]
pub struct PagerdutyConfig {
    pub routing_key: Secret,
    pub api_base: WebUrl,
}

/// Nearly every field is, or holds, a secret.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config({})", self.kind().as_str())
    }
}

impl Config {
    pub fn kind(&self) -> ChannelKind {
        match self {
            Config::Email(_) => ChannelKind::Email,
            Config::Slack(_) => ChannelKind::Slack,
            Config::Discord(_) => ChannelKind::Discord,
            Config::Sms(_) => ChannelKind::Sms,
            Config::Webhook(_) => ChannelKind::Webhook,
            Config::Telegram(_) => ChannelKind::Telegram,
            Config::Ntfy(_) => ChannelKind::Ntfy,
            Config::Teams(_) => ChannelKind::Teams,
            Config::Pagerduty(_) => ChannelKind::Pagerduty,
        }
    }

    /// Checks all values at once; each error stands at its field.
    pub fn from_values(kind: ChannelKind, values: &Values) -> Result<Self> {
        let mut form = Reading { values, errors: FieldErrors::default() };
        let config = form.config(kind);
        form.errors.finish()?;
        config.ok_or_else(|| Error::invalid("Please fill in the fields of this channel."))
    }

    /// What a page may show: no path, token or topic.
    pub fn hint(&self) -> String {
        match self {
            Config::Email(config) => config.to.iter().map(Email::as_str).collect::<Vec<_>>().join(", "),
            Config::Slack(config) => config.url.origin(),
            Config::Discord(config) => config.url.origin(),
            Config::Sms(config) => format!("to {}", mask_phone(&config.to)),
            Config::Webhook(config) => config.url.origin(),
            Config::Telegram(config) => format!("chat {}", config.chat_id),
            Config::Ntfy(config) => config.server.origin(),
            Config::Teams(config) => config.url.origin(),
            Config::Pagerduty(config) => config.api_base.origin(),
        }
    }
}

/// Blank secrets keep what was stored, `-` forgets one that may be missing; other fields are taken as they come. A new webhook gets a
/// signing secret when none was given.
pub fn complete(kind: ChannelKind, given: Values, stored: Option<&Values>) -> Values {
    let mut values = Values::new();
    for field in kind.fields() {
        let value = given.get(field.name).map(|value| value.trim().to_owned()).unwrap_or_default();
        let kept = stored.and_then(|stored| stored.get(field.name)).filter(|_| value.is_empty() && field.kind == FieldKind::Secret);
        let value = kept.cloned().unwrap_or(value);
        let is_forgotten = value == FORGET && !field.is_required;
        if !value.is_empty() && !is_forgotten {
            values.insert(field.name.to_owned(), value);
        }
    }
    if kind == ChannelKind::Webhook && !values.contains_key("secret") {
        values.insert("secret".to_owned(), format!("whsec_{}", STANDARD.encode(kernel::rng::random_bytes::<24>())));
    }
    values
}

pub fn seal(sealer: &Sealer, values: &Values) -> Result<String> {
    let json = serde_json::to_string(values).map_err(|error| Error::internal("writing a channel's values").because(error))?;
    sealer.seal(CONTEXT, &Secret::new(json))
}

pub fn open(sealer: &Sealer, sealed: &str) -> Result<Values> {
    let json = sealer.open(CONTEXT, sealed)?;
    serde_json::from_str(json.expose()).map_err(|error| Error::internal("reading a channel's values").because(error))
}

/// The values a form may show again: everything but secrets.
pub fn shown(kind: ChannelKind, values: &Values) -> Values {
    let is_open = |name: &str| kind.fields().iter().any(|field| field.name == name && field.kind != FieldKind::Secret);
    values.iter().filter(|(name, _)| is_open(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Names of the secrets that are stored: all a page may know of them.
pub fn stored_secrets(kind: ChannelKind, values: &Values) -> Vec<&'static str> {
    kind.fields()
        .iter()
        .filter(|field| field.kind == FieldKind::Secret && values.contains_key(field.name))
        .map(|field| field.name)
        .collect()
}

struct Reading<'a> {
    values: &'a Values,
    errors: FieldErrors,
}

impl Reading<'_> {
    fn config(&mut self, kind: ChannelKind) -> Option<Config> {
        match kind {
            ChannelKind::Email => self.emails().map(|to| Config::Email(EmailConfig { to })),
            ChannelKind::Slack => self.slack().map(Config::Slack),
            ChannelKind::Discord => self.discord().map(Config::Discord),
            ChannelKind::Sms => self.sms().map(Config::Sms),
            ChannelKind::Webhook => self.webhook().map(Config::Webhook),
            ChannelKind::Telegram => self.telegram().map(Config::Telegram),
            ChannelKind::Ntfy => self.ntfy().map(Config::Ntfy),
            ChannelKind::Teams => self.url("url").map(|url| Config::Teams(TeamsConfig { url })),
            ChannelKind::Pagerduty => self.pagerduty().map(Config::Pagerduty),
        }
    }

    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    fn url(&mut self, name: &str) -> Option<WebUrl> {
        self.errors.take(name, WebUrl::parse(self.values.get(name).map_or("", String::as_str)))
    }

    fn base(&mut self, default: &str) -> Option<WebUrl> {
        let given = self.value("api_base");
        let base = if given.is_empty() { default } else { given };
        self.errors.take("api_base", WebUrl::parse(base))
    }

    fn line(&mut self, name: &str, what: &str, max: usize) -> Option<String> {
        self.errors.take(name, checked_line(self.values.get(name).map_or("", String::as_str), what, max))
    }

    fn secret(&mut self, name: &str, what: &str) -> Option<Secret> {
        self.line(name, what, 500).and_then(|text| {
            if text.chars().all(|c| c.is_ascii_graphic()) {
                return Some(Secret::new(text));
            }
            self.errors.push(name, format!("Please copy {what} again: it has no blanks and no special characters."));
            None
        })
    }

    fn phone(&mut self, name: &str) -> Option<String> {
        let number: String = self.value(name).chars().filter(|c| !" -()/.".contains(*c)).collect();
        let is_number =
            number.strip_prefix('+').is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
        let is_service =
            name == "from" && number.len() == 34 && number.starts_with("MG") && number.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_number || is_service {
            return Some(number);
        }
        self.errors.push(name, "Please give a phone number with country code, such as +4915112345678.");
        None
    }

    fn emails(&mut self) -> Option<Vec<Email>> {
        let parts: Vec<_> =
            self.value("to").split([',', ';', '\n', ' ']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        if parts.is_empty() || parts.len() > 10 {
            self.errors.push("to", "Please give 1 to 10 mail addresses, separated by commas.");
            return None;
        }
        let mut emails = Vec::new();
        for part in parts {
            let email = self.errors.take("to", Email::parse(&part))?;
            if !emails.contains(&email) {
                emails.push(email);
            }
        }
        Some(emails)
    }

    fn slack(&mut self) -> Option<SlackConfig> {
        let mention = match self.value("mention") {
            "" => None,
            "here" => Some("here"),
            "channel" => Some("channel"),
            _ => {
                self.errors.push("mention", "Please choose nobody, here or channel.");
                None
            }
        };
        Some(SlackConfig { url: self.url("url")?, mention })
    }

    fn discord(&mut self) -> Option<DiscordConfig> {
        let thread = self.value("thread").to_owned();
        if !thread.bytes().all(|b| b.is_ascii_digit()) || thread.len() > 20 {
            self.errors.push("thread", "A thread id is a number of up to 20 digits.");
        }
        Some(DiscordConfig { url: self.url("url")?, thread: (!thread.is_empty()).then_some(thread) })
    }

    fn sms(&mut self) -> Option<SmsConfig> {
        let account_sid = self.line("account_sid", "the account SID", 64);
        if account_sid.as_ref().is_some_and(|sid| !sid.bytes().all(|b| b.is_ascii_alphanumeric())) {
            self.errors.push("account_sid", "An account SID has only letters and digits, and starts with AC.");
        }
        let auth_token = self.secret("auth_token", "the auth token");
        let (from, to) = (self.phone("from"), self.phone("to"));
        let api_base = self.base("https://api.twilio.com");
        Some(SmsConfig { account_sid: account_sid?, auth_token: auth_token?, from: from?, to: to?, api_base: api_base? })
    }

    fn webhook(&mut self) -> Option<WebhookConfig> {
        let url = self.url("url");
        let mut keys = Vec::new();
        for name in ["secret", "old_secret"] {
            let text = self.value(name).to_owned();
            if text.is_empty() {
                continue;
            }
            match signing_key(&text) {
                Some(key) => keys.push(key),
                None => self.errors.push(name, "A signing secret is whsec_ followed by 24 to 64 bytes in base64."),
            }
        }
        if keys.is_empty() {
            self.errors.push("secret", "Please give a signing secret.");
        }
        Some(WebhookConfig { url: url?, keys })
    }

    fn telegram(&mut self) -> Option<TelegramConfig> {
        let token = self.secret("token", "the bot token");
        let is_token = |token: &Secret| token.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b));
        if token.as_ref().is_some_and(|token| !is_token(token)) {
            self.errors.push("token", "A bot token looks like 123456:ABC-def; copy it again from @BotFather.");
        }
        let chat_id = self.line("chat_id", "the chat id", 64);
        let thread = self.value("thread_id").to_owned();
        let thread_id = thread.parse().ok();
        if !thread.is_empty() && thread_id.is_none() {
            self.errors.push("thread_id", "A topic id is a number.");
        }
        let api_base = self.base("https://api.telegram.org");
        Some(TelegramConfig { token: token?, chat_id: chat_id?, thread_id, api_base: api_base? })
    }

    fn ntfy(&mut self) -> Option<NtfyConfig> {
        let server = self.url("server");
        let topic = self.line("topic", "the topic", 64);
        let is_topic = |topic: &String| topic.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if topic.as_ref().is_some_and(|topic| !is_topic(topic)) {
            self.errors.push("topic", "A topic has only letters, digits, _ and -.");
        }
        let has_token = !self.value("token").is_empty();
        let token = if has_token { self.secret("token", "the access token") } else { None };
        Some(NtfyConfig { server: server?, topic: topic?, token })
    }

    fn pagerduty(&mut self) -> Option<PagerdutyConfig> {
        let routing_key = self.secret("routing_key", "the integration key");
        let api_base = self.base("https://events.pagerduty.com");
        Some(PagerdutyConfig { routing_key: routing_key?, api_base: api_base? })
    }
}

/// The key behind `whsec_…`.
pub fn signing_key(text: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(text.trim().strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

/// An address below a base, whether or not the base ends with a slash.
pub fn below(base: &WebUrl, path: &str) -> Result<WebUrl> {
    WebUrl::parse(&format!("{}/{path}", base.as_str().trim_end_matches('/')))
}

fn mask_phone(number: &str) -> String {
    let keep = number.len().saturating_sub(3);
    let tail: String = number.chars().skip(keep).collect();
    let head: String = number.chars().take(3).collect();
    format!("{head}…{tail}")
}
