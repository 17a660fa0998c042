//! Every byte that leaves: HTTP with an SSRF guard, mail, text messages. No other crate opens a client connection
//! (the uptime prober dials its own sockets, and asks [`guard::verdict`] first).
//!
//! - [`guard`]: [`Reach`] and the verdict on an address; pure
//! - [`resolver`]: names to addresses, filtered by the guard at the moment of dialling
//! - [`http`]: [`Request`], [`Answer`], [`Http`]; [`retry_after`] reads how long the other side asks to wait
//! - [`mail`]: [`Message`] over SMTP or Resend
//! - [`sms`]: [`Text`] over Twilio; [`gsm7`] keeps it in one paid part
//!
//! Nothing here logs or prints more of an address than its origin: paths and queries of hooks hold their tokens.

pub mod gsm7;
pub mod guard;
pub mod http;
pub mod mail;
pub mod resolver;
pub mod sms;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Result};

pub use ::http::{HeaderMap, Method};
pub use guard::{Blocked, GuardOptions, Reach};
pub use http::retry::{is_worth_retrying, retry_after};
pub use http::{Answer, Http, HttpFailure, HttpFailureKind, Request};
pub use mail::{Mail, MailFailure, MailReceipt, MailRoute, Mailbox, Message, Tls};
pub use resolver::Resolver;
pub use sms::{Sms, SmsFailure, SmsReceipt, SmsSender, Text};

/// The ways out, in one value that is cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    pub http: Http,
    pub mail: Mail,
    pub sms: Sms,
    /// As it was given: for the ways out that keep their own client.
    pub extra_ca_pem: Option<String>,
}

/// What an instance decides once, at its start.
#[derive(Debug, Clone)]
pub struct OutboundOptions {
    /// Dates mails and reads `Retry-After` dates.
    pub clock: Clock,
    /// Sent with every request, with an address where the operator can be asked.
    pub user_agent: String,
    pub resolver: Resolver,
    pub guard: GuardOptions,
    /// More certificate authorities to trust (PEM), for hosts with a private one. Mozilla's list is always trusted.
    pub extra_ca_pem: Option<String>,
    pub limits: Limits,
}

/// How long and how much. The defaults are the house's; tests shorten the waits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Name, TCP and TLS of one connection.
    pub connect: Duration,
    /// SMTP: each step up to the moment when the message starts (greeting, STARTTLS, sign-in).
    pub mail_step: Duration,
    /// SMTP: from `MAIL FROM` to the final reply. Longer than a step, because a receiver that scans before it replies is
    /// common, and giving up then means sending the same mail again.
    pub mail_transfer: Duration,
    /// Bytes kept of an answer (after decompression) from an operator's address.
    pub answer: usize,
    /// Bytes kept of an answer from an address that a stranger gave.
    pub stranger_answer: usize,
}

impl Limits {
    pub const HOUSE: Limits = Limits {
        connect: Duration::from_secs(5),
        mail_step: Duration::from_secs(10),
        mail_transfer: Duration::from_secs(30),
        answer: 1 << 20,
        stranger_answer: 64 << 10,
    };
}

impl OutboundOptions {
    /// The house's limits, the system's resolver, Mozilla's authorities.
    pub fn new(clock: Clock, user_agent: impl Into<String>) -> Self {
        Self {
            clock,
            user_agent: user_agent.into(),
            resolver: Resolver::System,
            guard: GuardOptions::strict(),
            extra_ca_pem: None,
            limits: Limits::HOUSE,
        }
    }
}

impl Outbound {
    /// Fails only when the extra authorities cannot be read or the user agent cannot be sent.
    pub fn new(options: OutboundOptions) -> Result<Outbound> {
        let tls = tls::client_config(options.extra_ca_pem.as_deref())?;
        let options = Arc::new(options);
        let http = Http::new(Arc::clone(&options), tls.clone())?;
        let mail = Mail::new(Arc::clone(&options), http.clone(), tls);
        let extra_ca_pem = options.extra_ca_pem.clone();
        let sms = Sms::new(http.clone(), options.clock.clone());
        Ok(Outbound { http, mail, sms, extra_ca_pem })
    }
}

#[cfg(test)]
mod tests;
