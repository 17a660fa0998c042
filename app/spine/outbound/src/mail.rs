//! Mail, over the operator's SMTP server or Resend. A [`Message`] goes out on a [`MailRoute`]; a [`MailFailure`] says whether
//! trying again can help. Threads hold together because the caller gives a stable `message_id` and `References`.

pub(crate) mod compose;
mod resend;
mod smtp;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kernel::text::{Email, WebUrl, checked_line};
use kernel::{Result, Secret};
use rustls::ClientConfig;

use crate::{Http, OutboundOptions};

/// A mail address with the name people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub email: Email,
}

impl Mailbox {
    /// Reads `name@example.com` and `Name <name@example.com>`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self { name: None, email: Email::parse(text)? });
        };
        let email = Email::parse(rest.strip_suffix('>').unwrap_or(rest))?;
        let name = name.trim().trim_matches('"');
        let name = if name.is_empty() { None } else { Some(checked_line(name, "the sender's name", 100)?) };
        Ok(Self { name, email })
    }
}

impl From<Email> for Mailbox {
    fn from(email: Email) -> Self {
        Self { name: None, email }
    }
}

/// As a `From` header or Resend's `from` field has it; a name with special characters is quoted.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => write!(f, "{}", self.email),
            Some(name) if name.contains(['"', '\\', ',', ';', ':', '<', '>', '(', ')', '[', ']', '@', '.']) => {
                write!(f, "\"{}\" <{}>", name.replace('\\', "\\\\").replace('"', "\\\""), self.email)
            }
            Some(name) => write!(f, "{name} <{}>", self.email),
        }
    }
}

/// One mail to one person.
#[derive(Clone)]
pub struct Message {
    /// The route's sender when none.
    pub from: Option<Mailbox>,
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    /// `List-Unsubscribe`, `List-Unsubscribe-Post`, `References`, `In-Reply-To`, `Auto-Submitted`, `Reply-To` …; not what the
    /// message has fields for.
    pub headers: Vec<(String, String)>,
    /// `something@host`, with or without angle brackets. The same for each try: receivers and Resend drop the second one.
    pub message_id: String,
}

/// Shows neither whom it is for nor what it says.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message <{}>", self.message_id.trim_matches(['<', '>']))
    }
}

/// How a connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    None,
    /// Starts in the clear and must become TLS; a server that does not offer it is not used.
    StartTls,
    /// TLS from the first byte (port 465).
    Implicit,
}

/// Which way a mail leaves.
#[derive(Debug, Clone)]
pub enum MailRoute {
    /// An empty `username` means that the server asks for no sign-in.
    Smtp {
        host: String,
        port: u16,
        tls: Tls,
        username: String,
        password: Secret,
        from: Mailbox,
    },
    Resend {
        api_base: WebUrl,
        key: Secret,
        from: Mailbox,
    },
}

impl MailRoute {
    pub const RESEND_API: &'static str = "https://api.resend.com";

    pub fn from(&self) -> &Mailbox {
        match self {
            MailRoute::Smtp { from, .. } | MailRoute::Resend { from, .. } => from,
        }
    }
}

/// It was taken over by the next server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailReceipt {
    pub code: Option<u16>,
    pub provider_id: Option<String>,
}

/// It was not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFailure {
    /// Trying the same again cannot help.
    pub permanent: bool,
    pub retry_after: Option<Duration>,
    /// SMTP reply or HTTP code.
    pub code: Option<u16>,
    /// A sentence for the operator; without the recipient's address.
    pub message: String,
}

impl MailFailure {
    fn permanent(message: impl Into<String>) -> Self {
        Self { permanent: true, retry_after: None, code: None, message: message.into() }
    }

    fn passing(message: impl Into<String>) -> Self {
        Self { permanent: false, retry_after: None, code: None, message: message.into() }
    }
}

impl fmt::Display for MailFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MailFailure {}

/// The mailer. Clones share the open SMTP connections.
#[derive(Clone)]
pub struct Mail {
    options: Arc<OutboundOptions>,
    http: Http,
    smtp: Arc<smtp::Smtp>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail")
    }
}

impl Mail {
    pub(crate) fn new(options: Arc<OutboundOptions>, http: Http, tls: ClientConfig) -> Self {
        let smtp = Arc::new(smtp::Smtp::new(Arc::clone(&options), tls));
        Self { options, http, smtp }
    }

    /// Hands one mail to the next server. SMTP replies 5yz and refusals of Resend are permanent; 4yz, network trouble,
    /// timeouts, 429 and 5xx are worth another try.
    pub async fn send(&self, route: &MailRoute, message: &Message) -> Result<MailReceipt, MailFailure> {
        compose::check(message)?;
        let from = message.from.as_ref().unwrap_or(route.from());
        let sent = match route {
            MailRoute::Smtp { host, port, tls, username, password, .. } => {
                let server = smtp::Server { host, port: *port, tls: *tls, username, password };
                let mail = compose::rfc5322(message, from, self.options.clock.now())?;
                self.smtp.send(&server, &mail).await
            }
            MailRoute::Resend { api_base, key, .. } => {
                let now = self.options.clock.now();
                resend::send(&self.http, &resend::Api { base: api_base, key, now }, from, message).await
            }
        };
        // Servers like to repeat the address in their refusal, and reasons end up in logs.
        sent.map_err(|failure| MailFailure { message: failure.message.replace(message.to.as_str(), "the recipient"), ..failure })
    }
}
