//! What one look at a monitor found: a verdict, a stable reason code, the time each phase took, and what was seen.
//!
//! Nouns: [`Check`], [`Verdict`], [`Reason`], [`Phases`], [`Seen`], [`Certificate`], [`Sample`] (a check as it is stored).

use kernel::Time;
use serde::{Deserialize, Serialize};

use super::moment;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// Answered, but slower or less well than asked.
    Slow,
    Fail,
    /// Nothing was learnt about the target (we could not look).
    Skipped,
}

impl Verdict {
    pub const ALL: [Verdict; 4] = [Verdict::Ok, Verdict::Slow, Verdict::Fail, Verdict::Skipped];

    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Slow => "slow",
            Verdict::Fail => "fail",
            Verdict::Skipped => "skipped",
        }
    }

    /// The number it is stored under.
    pub fn number(self) -> u8 {
        self as u8
    }

    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.number() == number)
    }
}

macro_rules! reasons {
    ($($name:ident = $number:literal, $code:literal, $sentence:literal;)+) => {
        /// Why a check was not good. Codes and numbers are stored and shown to programs: they are only ever added to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($name),+ }

        impl Reason {
            pub const ALL: &'static [Reason] = &[$(Reason::$name),+];

            pub fn code(self) -> &'static str {
                match self { $(Reason::$name => $code),+ }
            }

            /// What it means, for people.
            pub fn sentence(self) -> &'static str {
                match self { $(Reason::$name => $sentence),+ }
            }

            /// The number it is stored under; 0 stands for "no reason".
            pub fn number(self) -> u8 {
                match self { $(Reason::$name => $number),+ }
            }

            pub fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Reason::$name),)+ _ => None }
            }

            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Reason::$name),)+ _ => None }
            }
        }
    };
}

reasons! {
    DnsNxdomain = 1, "dns_nxdomain", "The name does not exist in DNS.";
    DnsServfail = 2, "dns_servfail", "The DNS server could not answer.";
    DnsTimeout = 3, "dns_timeout", "DNS gave no answer in time.";
    DnsEmpty = 4, "dns_empty", "The name has no record of the wanted kind.";
    ConnectRefused = 10, "connect_refused", "The connection was refused: nothing listens there.";
    ConnectTimeout = 11, "connect_timeout", "No connection in time: the host is silent.";
    ConnectUnreachable = 12, "connect_unreachable", "The host or its network cannot be reached.";
    ConnectReset = 13, "connect_reset", "The connection was cut by the other side.";
    TlsExpired = 20, "tls_expired", "The certificate has expired.";
    TlsNotYetValid = 21, "tls_not_yet_valid", "The certificate is not valid yet.";
    TlsUntrusted = 22, "tls_untrusted", "The certificate does not lead to a trusted authority.";
    TlsNameMismatch = 23, "tls_name_mismatch", "The certificate is for another name.";
    TlsHandshake = 24, "tls_handshake", "The TLS handshake failed.";
    TlsTimeout = 25, "tls_timeout", "The TLS handshake did not end in time.";
    WriteTimeout = 30, "write_timeout", "The request could not be sent in time.";
    TtfbTimeout = 31, "ttfb_timeout", "Connected, but no answer in time.";
    BodyTimeout = 32, "body_timeout", "The answer began but did not end in time.";
    BodyTooLarge = 33, "body_too_large", "The answer is larger than a check reads.";
    HttpStatus = 40, "http_status", "The server answers with an error code that is not accepted.";
    HttpProtocol = 41, "http_protocol", "The answer is not valid HTTP.";
    RedirectLimit = 42, "redirect_limit", "Too many redirects, or a circle of them.";
    RedirectBlocked = 43, "redirect_blocked", "The redirect cannot be followed.";
    AssertionStatus = 50, "assertion_status", "The server answers well, but with another code than the accepted ones.";
    AssertionHeader = 51, "assertion_header", "A header is missing or different.";
    AssertionBody = 52, "assertion_body", "The expected text is missing, or the unwanted one is there.";
    AssertionJson = 53, "assertion_json", "The JSON answer is not as expected.";
    AssertionLatency = 54, "assertion_latency", "It answers slower than the limit.";
    AssertionCert = 55, "assertion_cert", "The certificate ends soon.";
    AssertionDns = 56, "assertion_dns", "DNS answers something else than expected.";
    RateLimited = 60, "rate_limited", "The target asks to be asked less often (429).";
    UpstreamUnavailable = 61, "upstream_unavailable", "The target says that it is unavailable (503).";
    PolicyBlocked = 70, "policy_blocked", "The address may not be called from here.";
    SelfOffline = 71, "self_offline", "Hermetic itself had no way out to the network.";
    SelfOverload = 72, "self_overload", "Hermetic was suspended or too busy to measure.";
    Cancelled = 73, "cancelled", "The check was given up: its monitor was changed meanwhile, or cannot be asked as it is set up.";
    NotPermitted = 74, "not_permitted", "The system does not let Hermetic send pings.";
    CredentialsLost = 75, "credentials_lost", "Its credentials must be entered again: they were sealed with a key file that is gone.";
    BeatMissing = 80, "beat_missing", "The expected beat did not come.";
    BeatFailed = 81, "beat_failed", "The job reported that it failed.";
    BeatOverrun = 82, "beat_overrun", "The job started but did not report its end in time.";
    GroupMember = 90, "group_member", "Too many monitors of the group are down.";
    VantageVote = 91, "vantage_vote", "Other vantages cannot reach it.";
}

impl Reason {
    /// Could our own lost network explain it? Then the canaries are asked before anybody is told.
    pub fn may_be_our_network(self) -> bool {
        matches!(
            self,
            Reason::DnsServfail
                | Reason::DnsTimeout
                | Reason::DnsNxdomain
                | Reason::ConnectRefused
                | Reason::ConnectTimeout
                | Reason::ConnectUnreachable
                | Reason::ConnectReset
                | Reason::TlsTimeout
                | Reason::WriteTimeout
                | Reason::TtfbTimeout
                | Reason::BodyTimeout
        )
    }
}

/// Microseconds per phase; `None` when the phase was not reached. Kept on failure too: the failing phase holds the time spent in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dns: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connect: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub send: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ttfb: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transfer: Option<u32>,
    pub total: u32,
}

impl Phases {
    pub const NAMES: [&'static str; 6] = ["DNS", "Connect", "TLS", "Send", "First byte", "Transfer"];

    pub fn parts(&self) -> [Option<u32>; 6] {
        [self.dns, self.connect, self.tls, self.send, self.ttfb, self.transfer]
    }

    pub fn from_parts(parts: [Option<u32>; 6], total: u32) -> Self {
        let [dns, connect, tls, send, ttfb, transfer] = parts;
        Self { dns, connect, tls, send, ttfb, transfer, total }
    }

    /// Adds the phases of a further hop (a redirect) to these.
    pub fn add(&mut self, hop: &Phases) {
        let sum = |a: Option<u32>, b: Option<u32>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        };
        let (mine, theirs) = (self.parts(), hop.parts());
        let parts = std::array::from_fn(|i| sum(mine[i], theirs[i]));
        *self = Self::from_parts(parts, self.total);
    }
}

/// What is worth keeping of a presented certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    #[serde(rename = "ends_at", with = "moment")]
    pub not_after: Time,
    #[serde(rename = "starts_at", with = "moment")]
    pub not_before: Time,
    pub subject: String,
    pub issuer: String,
    pub names: Vec<String>,
    /// It is for the name that was asked for.
    pub san_ok: bool,
    /// It leads to a trusted authority and is within its time.
    pub chain_ok: bool,
    pub sha256: String,
}

impl Certificate {
    /// Whole days left, rounded down; negative when it has expired.
    pub fn days_left(&self, now: Time) -> i64 {
        (self.not_after.0 - now.0).div_euclid(86_400_000)
    }
}

/// What a check saw beside its verdict. Not stored for each check; shown by "test now" and kept for the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub http_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<u16>,
    pub bytes_wire: u64,
    pub bytes_body: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate: Option<Certificate>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub redirects: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub records: Vec<String>,
}

/// One execution of a monitor with its result. Its JSON is never stored: it is what the API answers and what vantages send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// When it began.
    #[serde(rename = "started_at", with = "moment")]
    pub at: Time,
    pub verdict: Verdict,
    pub reason: Option<Reason>,
    /// One sentence for people; empty when all is well.
    pub detail: String,
    #[serde(rename = "phases_us")]
    pub phases: Phases,
    pub seen: Box<Seen>,
}

impl Check {
    pub fn ok(at: Time) -> Self {
        Self { at, verdict: Verdict::Ok, reason: None, detail: String::new(), phases: Phases::default(), seen: Box::default() }
    }

    pub fn fail(at: Time, reason: Reason, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, reason: Some(reason), detail: detail.into(), ..Self::ok(at) }
    }

    pub fn slow(at: Time, reason: Reason, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Slow, reason: Some(reason), detail: detail.into(), ..Self::ok(at) }
    }

    pub fn skipped(at: Time, reason: Reason) -> Self {
        Self { verdict: Verdict::Skipped, reason: Some(reason), detail: reason.sentence().to_owned(), ..Self::ok(at) }
    }

    pub fn sample(&self, vantage: i64) -> Sample {
        Sample { at: self.at, vantage, verdict: self.verdict, reason: self.reason, code: self.seen.code.unwrap_or(0), phases: self.phases }
    }
}

/// A check as it is stored: small and of fixed shape. `vantage` 0 is this instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub at: Time,
    pub vantage: i64,
    pub verdict: Verdict,
    pub reason: Option<Reason>,
    pub code: u16,
    pub phases: Phases,
}
