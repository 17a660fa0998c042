//! What a monitor watches and how: one typed configuration per kind, stored as JSON in one column.
//!
//! Nouns: [`Watch`] and its kinds; what surrounds it stands in `monitor`.

use std::time::Duration;

use kernel::ids::MonitorId;
use serde::{Deserialize, Serialize};

pub use super::monitor::{Draft, Monitor, Rules, Secrets};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Http,
    Tcp,
    Tls,
    Dns,
    Ping,
    Heartbeat,
    Group,
}

impl Kind {
    pub const ALL: [Kind; 7] = [Kind::Http, Kind::Tcp, Kind::Tls, Kind::Dns, Kind::Ping, Kind::Heartbeat, Kind::Group];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Http => "http",
            Kind::Tcp => "tcp",
            Kind::Tls => "tls",
            Kind::Dns => "dns",
            Kind::Ping => "ping",
            Kind::Heartbeat => "heartbeat",
            Kind::Group => "group",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub fn label(self) -> &'static str {
        match self {
            Kind::Http => "Website or API (HTTP)",
            Kind::Tcp => "TCP port",
            Kind::Tls => "TLS certificate",
            Kind::Dns => "DNS record",
            Kind::Ping => "Ping (ICMP)",
            Kind::Heartbeat => "Heartbeat (cron job, backup)",
            Kind::Group => "Group of monitors",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Kind::Http => "Asks a web address and checks code, text, JSON and speed.",
            Kind::Tcp => "Opens a port; can send a line and expect one back.",
            Kind::Tls => "Makes a TLS handshake and warns before the certificate ends.",
            Kind::Dns => "Asks a DNS server and compares the answer.",
            Kind::Ping => "Sends an ICMP echo and waits for the reply.",
            Kind::Heartbeat => "Waits for your job to report; tells you when it does not.",
            Kind::Group => "Sums up other monitors: down when too many of them are.",
        }
    }

    /// Does Hermetic dial out for it? Heartbeats and groups are judged from what is known already.
    pub fn is_probed(self) -> bool {
        !matches!(self, Kind::Heartbeat | Kind::Group)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Watch {
    Http(Box<HttpWatch>),
    Tcp(TcpWatch),
    Tls(TlsWatch),
    Dns(DnsWatch),
    Ping(PingWatch),
    Heartbeat(HeartbeatWatch),
    Group(GroupWatch),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpChoice {
    #[default]
    Any,
    V4,
    V6,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub name: String,
    /// Empty when `secret`: the value is then in [`Secrets::headers`] under the lower-case name.
    #[serde(default)]
    pub value: String,
    #[serde(default)]
    pub secret: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Auth {
    #[default]
    None,
    Basic {
        username: String,
    },
    Bearer,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    #[default]
    Equals,
    NotEquals,
    Contains,
    GreaterThan,
    LessThan,
    Exists,
}

impl Operator {
    pub const ALL: [Operator; 6] =
        [Operator::Equals, Operator::NotEquals, Operator::Contains, Operator::GreaterThan, Operator::LessThan, Operator::Exists];

    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Equals => "equals",
            Operator::NotEquals => "not_equals",
            Operator::Contains => "contains",
            Operator::GreaterThan => "greater_than",
            Operator::LessThan => "less_than",
            Operator::Exists => "exists",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Operator::Equals => "equals",
            Operator::NotEquals => "is not",
            Operator::Contains => "contains",
            Operator::GreaterThan => "is greater than",
            Operator::LessThan => "is less than",
            Operator::Exists => "exists",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonRule {
    pub path: String,
    #[serde(default)]
    pub operator: Operator,
    #[serde(default)]
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    pub name: String,
    #[serde(default)]
    pub operator: Operator,
    #[serde(default)]
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpWatch {
    pub url: String,
    pub method: String,
    pub headers: Vec<Header>,
    pub body: String,
    pub auth: Auth,
    /// Accepted codes, such as `200-299,301`.
    pub accepted: String,
    pub follow_redirects: bool,
    pub max_redirects: u8,
    pub keyword: String,
    /// The keyword must be absent.
    pub keyword_absent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderRule>,
    /// Read the body as a health document (`{"status": "healthy|degraded|unhealthy"}` or application/health+json).
    pub health_document: bool,
    /// 503 counts as slow instead of failed (planned unavailability behind a load balancer).
    pub unavailable_is_slow: bool,
    pub ip: IpChoice,
    pub ignore_certificate: bool,
    pub extra_ca_pem: String,
    /// Warn this many days before the certificate ends; 0 = never.
    pub certificate_warn_days: u16,
}

impl Default for HttpWatch {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: String::new(),
            auth: Auth::None,
            accepted: "200-299".to_owned(),
            follow_redirects: true,
            max_redirects: 10,
            keyword: String::new(),
            keyword_absent: false,
            json: None,
            header: None,
            health_document: false,
            unavailable_is_slow: false,
            ip: IpChoice::Any,
            ignore_certificate: false,
            extra_ca_pem: String::new(),
            certificate_warn_days: 21,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TcpWatch {
    pub host: String,
    pub port: u16,
    /// Sent after connecting; `\r\n` and `\n` are understood as written.
    pub send: String,
    /// Must be in the first 4 KiB that come back.
    pub expect: String,
    pub ip: IpChoice,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsWatch {
    pub host: String,
    pub port: u16,
    /// Asked for in the handshake when it is not the host.
    pub server_name: String,
    /// Fewer days left than this: degraded.
    pub warn_days: u16,
    /// Fewer days left than this: down. 0 = only when it has expired.
    pub fail_days: u16,
    pub ip: IpChoice,
    pub extra_ca_pem: String,
}

impl Default for TlsWatch {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 443,
            server_name: String::new(),
            warn_days: 14,
            fail_days: 0,
            ip: IpChoice::Any,
            extra_ca_pem: String::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordKind {
    #[default]
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Txt,
    Soa,
    Caa,
    Srv,
    Ptr,
}

impl RecordKind {
    pub const ALL: [RecordKind; 10] = [
        RecordKind::A,
        RecordKind::Aaaa,
        RecordKind::Cname,
        RecordKind::Mx,
        RecordKind::Ns,
        RecordKind::Txt,
        RecordKind::Soa,
        RecordKind::Caa,
        RecordKind::Srv,
        RecordKind::Ptr,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            RecordKind::A => "A",
            RecordKind::Aaaa => "AAAA",
            RecordKind::Cname => "CNAME",
            RecordKind::Mx => "MX",
            RecordKind::Ns => "NS",
            RecordKind::Txt => "TXT",
            RecordKind::Soa => "SOA",
            RecordKind::Caa => "CAA",
            RecordKind::Srv => "SRV",
            RecordKind::Ptr => "PTR",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

/// What the records must be. Values are compared without case and closing dots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DnsExpectation {
    /// At least one record.
    #[default]
    Any,
    /// Each of these values is among the records (a part of a record is enough).
    Contains { values: Vec<String> },
    /// Exactly these values, in any order.
    Equals { values: Vec<String> },
    /// At least this many records.
    Count { at_least: u16 },
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsWatch {
    /// The name that is asked for.
    pub host: String,
    pub record: RecordKind,
    /// `ip` or `ip:port`; empty = the system's resolver.
    pub resolver: String,
    pub expect: DnsExpectation,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PingWatch {
    pub host: String,
    pub ip: IpChoice,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BeatSchedule {
    Every { period_s: u32 },
    Cron { expression: String, zone: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatWatch {
    pub schedule: BeatSchedule,
    pub grace_s: u32,
    /// From `/start` to the end at most; `None` = the grace time.
    pub max_run_s: Option<u32>,
    /// So many beats in a row that fail or stay away make it down.
    #[serde(skip_serializing_if = "is_one")]
    pub fail_after: u8,
    /// So many good ones in a row make it up again.
    #[serde(skip_serializing_if = "is_one")]
    pub recover_after: u8,
}

fn is_one(count: &u8) -> bool {
    *count == 1
}

impl Default for HeartbeatWatch {
    fn default() -> Self {
        Self { schedule: BeatSchedule::Every { period_s: 3_600 }, grace_s: 300, max_run_s: None, fail_after: 1, recover_after: 1 }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupWatch {
    pub members: Vec<MonitorId>,
    pub policy: Quorum,
}

/// How many must say "down" before the whole counts as down. Only those that report are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quorum {
    Any,
    #[default]
    Majority,
    All,
    Count(u16),
}

impl Watch {
    pub fn kind(&self) -> Kind {
        match self {
            Watch::Http(_) => Kind::Http,
            Watch::Tcp(_) => Kind::Tcp,
            Watch::Tls(_) => Kind::Tls,
            Watch::Dns(_) => Kind::Dns,
            Watch::Ping(_) => Kind::Ping,
            Watch::Heartbeat(_) => Kind::Heartbeat,
            Watch::Group(_) => Kind::Group,
        }
    }

    /// Does it look, or hear, with something that is sealed?
    pub fn needs_secrets(&self) -> bool {
        match self {
            Watch::Http(http) => !matches!(http.auth, Auth::None) || http.headers.iter().any(|header| header.secret),
            Watch::Heartbeat(_) => true,
            _ => false,
        }
    }

    /// An empty configuration of the kind, for the create form.
    pub fn blank(kind: Kind) -> Watch {
        match kind {
            Kind::Http => Watch::Http(Box::default()),
            Kind::Tcp => Watch::Tcp(TcpWatch::default()),
            Kind::Tls => Watch::Tls(TlsWatch::default()),
            Kind::Dns => Watch::Dns(DnsWatch::default()),
            Kind::Ping => Watch::Ping(PingWatch::default()),
            Kind::Heartbeat => Watch::Heartbeat(HeartbeatWatch::default()),
            Kind::Group => Watch::Group(GroupWatch::default()),
        }
    }

    /// One line that says where it looks. Queries of web addresses stay out: they may hold tokens.
    pub fn target(&self) -> String {
        match self {
            Watch::Http(http) => url::Url::parse(&http.url).map_or_else(|_| http.url.clone(), |url| public_address(&url)),
            Watch::Tcp(tcp) => host_port(&tcp.host, tcp.port),
            Watch::Tls(tls) => host_port(&tls.host, tls.port),
            Watch::Dns(dns) => format!("{} {}", dns.record.as_str(), dns.host),
            Watch::Ping(ping) => ping.host.clone(),
            Watch::Heartbeat(beat) => match &beat.schedule {
                BeatSchedule::Every { period_s } => {
                    format!("every {}", kernel::time::describe_duration(Duration::from_secs(u64::from(*period_s))))
                }
                BeatSchedule::Cron { expression, zone } => format!("{expression} ({zone})"),
            },
            Watch::Group(group) => match group.members.len() {
                1 => "1 monitor".to_owned(),
                count => format!("{count} monitors"),
            },
        }
    }

    /// What a memory of up and down is about: the same place keeps it through a change of how it is asked or judged. A digest, for
    /// addresses may hold tokens.
    pub fn place(&self) -> String {
        let place = match self {
            Watch::Http(http) => http.url.clone(),
            Watch::Tcp(tcp) => host_port(&tcp.host, tcp.port),
            Watch::Tls(tls) => format!("{} {}", host_port(&tls.host, tls.port), tls.server_name),
            Watch::Dns(dns) => format!("{} {}", dns.record.as_str(), dns.host),
            Watch::Ping(ping) => ping.host.clone(),
            // Without members nobody says any more whether it is up.
            Watch::Group(group) if group.members.is_empty() => "nothing".to_owned(),
            Watch::Heartbeat(_) | Watch::Group(_) => String::new(),
        };
        kernel::ids::digest(&format!("{} {place}", self.kind().as_str()))
    }

    /// From how many days before the end of its certificate on a notice is wanted.
    pub fn certificate_warn_days(&self) -> u16 {
        match self {
            Watch::Http(http) => http.certificate_warn_days,
            Watch::Tls(tls) => tls.warn_days.max(21),
            _ => 0,
        }
    }
}

/// Scheme, host, port and path; never the query or what stands before the `@`.
fn public_address(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or("");
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let path = if url.path() == "/" { "" } else { url.path() };
    format!("{}://{host}{port}{path}", url.scheme())
}

pub fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
