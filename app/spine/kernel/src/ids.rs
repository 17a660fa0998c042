//! Row ids as newtypes (inside) and random tokens (outside). A noun has one owner; others hold only its id.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    )+};
}

ids! {
    /// A person who may sign in to the console (identity).
    MemberId,
    /// A member's signed-in browser (identity).
    LoginId,
    /// A named credential of a program (identity).
    ApiKeyId,
    /// A configured watch (uptime).
    MonitorId,
    /// A monitor's contiguous down interval (uptime).
    OutageId,
    /// What the public sees (status).
    ComponentId,
    /// Public text about a problem (status).
    ReportId,
    /// An announced window (status).
    MaintenanceId,
    /// Somebody who follows the status page (status).
    SubscriberId,
    /// A condition to watch (alerts).
    AlertRuleId,
    /// One open → acknowledged → resolved instance (alerts).
    AlertId,
    /// A configured destination of notices (alerts).
    ChannelId,
    /// A backup of the founder's own database, made again and again (backup).
    DumpId,
    /// A durable unit of work (work).
    JobId,
    /// One outgoing notification to one address (work).
    DeliveryId,
    /// One rehearsal of restoring a copy (backup).
    DrillId,
    /// A program of the founder's that reports to this instance (identity).
    ProjectId,
    /// What a project's programs show to report (identity).
    DsnKeyId,
    /// A version of a project's program (ingest).
    ReleaseId,
    /// Events that are one problem (errors).
    IssueId,
    /// One person's session as it was recorded (replay).
    ReplayId,
    /// Who pays, or tries: a company or team (identity).
    CustomerId,
    /// A person who uses the founder's product (identity).
    ContactId,
    /// An id by which programs know a contact (identity).
    HandleId,
}

/// A random public id: 128 bits, 26 characters of Crockford base 32 in lower case. Safe in URLs, not guessable.
pub fn random_public_id() -> String {
    base32(&crate::rng::random_bytes::<16>())
}

/// A random credential: 256 bits. What is stored is only its [`digest`].
pub fn random_token() -> String {
    base32(&crate::rng::random_bytes::<32>())
}

/// SHA-256 of a credential in hex: what tables hold instead of the credential itself.
pub fn digest(token: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 64 bits of the SHA-256 of a text: to find it again among millions, not to keep a secret.
pub fn short_digest(text: &str) -> i64 {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(first)
}

fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(buffer >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(buffer << (5 - bits)) as usize & 31]));
    }
    text
}
