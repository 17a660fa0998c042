//! Other companies' servers, on real sockets of this machine: byte-true, misbehaving on request, gone when dropped.
//!
//! - [`Sink`]: an HTTP server that answers as told ([`Play`]), with or without TLS ([`TlsPlay`])
//! - [`Smtp`]: a mail server that keeps what it is given as [`Mail`]
//! - [`Dns`]: a name server with a table ([`DnsPlay`]), over UDP and TCP
//! - [`S3`]: an object store in a temporary folder, with signatures, conditions and bad days
//! - [`Tcp`]: a bare port that accepts, refuses, resets or says something
//! - [`Slack`], [`Discord`], [`Telegram`], [`Twilio`], [`Resend`], [`PagerDuty`], [`Teams`], [`Ntfy`]: their protocols, with the
//!   limits and refusals of the real ones
//!
//! All run on one runtime of their own, so that they work from a blocking test, inside a paused clock, and while the code under test
//! blocks its own thread. Each one listens on port 0 of loopback.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "only tests use it: a fake that cannot start fails the test at once"
)]

mod certificates;
mod dns;
mod log;
mod providers;
mod runtime;
mod s3;
mod sink;
mod smtp;
mod tcp;

pub use certificates::{TlsPlay, ca_pem};
pub use dns::{Dns, DnsPlay, DnsQuestion, Record};
pub use log::Log;
pub use providers::{Discord, Ntfy, PagerDuty, Resend, Slack, Teams, Telegram, Twilio};
pub use s3::{S3, S3Request};
pub use sink::{Play, Recorded, Reply, Sink};
pub use smtp::{Mail, Smtp, SmtpOptions, SmtpPlay, SmtpStep, SmtpTls};
pub use tcp::{Tcp, TcpPlay};

#[cfg(test)]
mod tests;
