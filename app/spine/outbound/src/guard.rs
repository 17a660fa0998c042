//! Which addresses may be dialled. Pure: asked with the address that is about to be dialled, at every hop, so that neither a
//! name that changes its answer (DNS rebinding) nor a redirect gets around it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Who gave the address that is called, which decides how far the call may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// A member configured it: private networks and this machine are allowed (it is their server), cloud metadata never.
    /// Up to five redirects are followed, each checked again.
    Operator,
    /// As [`Reach::Operator`], but an answer that redirects is the answer: a hook gets what it was promised, where it was promised.
    Webhook,
    /// A visitor gave it: public addresses only, ports 80 and 443, no redirects, a short answer.
    Stranger,
}

/// What an instance allows beyond the rules. Empty in every real instance.
#[derive(Debug, Clone)]
pub struct GuardOptions {
    /// Ports a stranger's address may name.
    pub stranger_ports: Vec<u16>,
    /// Exact sockets a stranger's address may lead to although the rules say no. Meant for the house's tests, whose other
    /// companies live on loopback; given once at construction and by nothing a request carries.
    pub extra_allowed: Vec<SocketAddr>,
}

impl GuardOptions {
    pub fn strict() -> Self {
        Self { stranger_ports: vec![80, 443], extra_allowed: Vec::new() }
    }

    /// The verdict on one socket, exceptions included.
    pub fn verdict(&self, socket: SocketAddr, reach: Reach) -> Result<(), Blocked> {
        let socket = SocketAddr::new(socket.ip().to_canonical(), socket.port());
        if reach == Reach::Stranger {
            if self.extra_allowed.contains(&socket) {
                return Ok(());
            }
            if !self.stranger_ports.contains(&socket.port()) {
                return Err(Blocked { ip: socket.ip(), why: Why::Port(socket.port()) });
            }
        }
        verdict(socket.ip(), reach)
    }

    /// Whether any socket with this port could pass: asked before a name is looked up at all.
    pub fn allows_port(&self, port: u16, reach: Reach) -> bool {
        reach != Reach::Stranger || self.stranger_ports.contains(&port) || self.extra_allowed.iter().any(|socket| socket.port() == port)
    }
}

/// An address that may not be dialled, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    pub ip: IpAddr,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Hands out credentials of the machine to whoever asks from inside.
    CloudMetadata,
    /// Not an address of the public internet; the text says what it is.
    NotPublic(&'static str),
    Port(u16),
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::CloudMetadata => write!(f, "{} is a cloud metadata address, which is never called", self.ip),
            Why::NotPublic(what) => write!(f, "{} is not a public address ({what})", self.ip),
            Why::Port(port) => write!(f, "port {port} is not open to addresses that visitors give (80 and 443 are)"),
        }
    }
}

impl std::error::Error for Blocked {}

/// May this address be dialled? IPv6 addresses that carry an IPv4 address inside are judged by both.
pub fn verdict(ip: IpAddr, reach: Reach) -> Result<(), Blocked> {
    if is_metadata(ip) || embedded(ip).is_some_and(|inner| is_metadata(IpAddr::V4(inner))) {
        return Err(Blocked { ip, why: Why::CloudMetadata });
    }
    let not_public = match reach {
        Reach::Operator | Reach::Webhook => None,
        Reach::Stranger => match ip.to_canonical() {
            IpAddr::V4(v4) => not_public_v4(v4),
            IpAddr::V6(v6) => not_public_v6(v6),
        },
    };
    match not_public {
        Some(what) => Err(Blocked { ip, why: Why::NotPublic(what) }),
        None => Ok(()),
    }
}

/// Where clouds answer credentials without asking for any: AWS, Google, Azure, OpenStack, DigitalOcean and others share the first;
/// then ECS tasks, EKS pods, Scaleway, Tencent, Alibaba, Oracle, Azure's wire server.
const METADATA_V4: [Ipv4Addr; 8] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(169, 254, 42, 42),
    Ipv4Addr::new(169, 254, 0, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// AWS, EKS pods, Google, Scaleway.
const METADATA_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

fn is_metadata(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => METADATA_V6.contains(&v6),
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 (both prefixes), 6to4, Teredo (whose client is inverted).
fn embedded(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = ip else { return None };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        (0, 0) if [c, d, e] == [0; 3] && (f == 0 || f == 0xffff) => v4(g, h),
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] || c == 1 => v4(g, h),
        (0x2002, _) => v4(b, c),
        (0x2001, 0) => v4(!g, !h),
        _ => None,
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, c: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

/// IANA's special-purpose registry: everything that is not somebody's public host.
const NOT_PUBLIC_V4: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private network"),
    (v4(100, 64, 0, 0, 10), "carrier network"),
    (v4(127, 0, 0, 0, 8), "this machine"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private network"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private network"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
    (v4(168, 63, 129, 16, 32), "cloud platform"),
];

const NOT_PUBLIC_V6: [(Ipv6Net, &str); 17] = [
    (v6(0, 0, 0, 96), "unspecified, this machine or an IPv4 address in disguise"),
    (v6(0x64, 0xff9b, 0, 96), "NAT64"),
    (v6(0x64, 0xff9b, 1, 48), "local NAT64"),
    (v6(0x100, 0, 0, 64), "discard"),
    (v6(0x2001, 0, 0, 32), "Teredo"),
    (v6(0x2001, 2, 0, 48), "benchmarking"),
    (v6(0x2001, 0x10, 0, 28), "retired ORCHID"),
    (v6(0x2001, 0x20, 0, 28), "ORCHID"),
    (v6(0x2001, 0xdb8, 0, 32), "documentation"),
    (v6(0x2002, 0, 0, 16), "6to4"),
    (v6(0x3fff, 0, 0, 20), "documentation"),
    (v6(0x5f00, 0, 0, 16), "segment routing"),
    (v6(0xfc00, 0, 0, 7), "private network"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 8), "multicast"),
    (v6(0x2001, 0, 0, 23), "protocol assignments"),
];

fn not_public_v4(ip: Ipv4Addr) -> Option<&'static str> {
    NOT_PUBLIC_V4.iter().find(|(net, _)| net.contains(&ip)).map(|(_, what)| *what)
}

/// Only 2000::/3 is handed out to hosts of the public internet, so whatever lies outside is refused even when it has no name here.
fn not_public_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let named = NOT_PUBLIC_V6.iter().find(|(net, _)| net.contains(&ip)).map(|(_, what)| *what);
    named.or((ip.segments()[0] & 0xe000 != 0x2000).then_some("not assigned to public hosts"))
}
