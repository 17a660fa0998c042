//! Which addresses may be dialled. Checked on the address itself, at every hop, so that a name that resolves differently a
//! moment later changes nothing. Monitors are made by the operator: private networks are allowed unless switched off; the
//! metadata services of clouds never, unless switched on (spec §13, class A).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub allow_private: bool,
    pub allow_metadata: bool,
}

impl Policy {
    /// The sentence that says why not.
    pub fn refusal(&self, ip: IpAddr) -> Option<&'static str> {
        let ip = unmapped(ip);
        if !self.allow_metadata && is_metadata(ip) {
            return Some("The address of a cloud's metadata service may not be called.");
        }
        if !self.allow_private && !is_public(ip) {
            return Some("Addresses of private networks may not be called: the setting forbids it.");
        }
        None
    }
}

/// An IPv4 address in IPv6 clothes (mapped, NAT64, 6to4) is looked at as what it really reaches.
pub fn unmapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let parts = v6.segments();
    let embedded = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        _ => ip,
    }
}

pub fn is_metadata(ip: IpAddr) -> bool {
    const V4: [Ipv4Addr; 4] = [
        Ipv4Addr::new(169, 254, 169, 254),
        Ipv4Addr::new(169, 254, 170, 2),
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(192, 0, 0, 192),
    ];
    const V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match unmapped(ip) {
        IpAddr::V4(v4) => V4.contains(&v4),
        IpAddr::V6(v6) => v6 == V6,
    }
}

pub fn is_public(ip: IpAddr) -> bool {
    match unmapped(ip) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(matches!(a, 0 | 10 | 127 | 224..=255)
                || (a == 100 && (64..128).contains(&b))
                || (a == 169 && b == 254)
                || (a == 172 && (16..32).contains(&b))
                || (a == 192 && b == 168)
                || (a == 192 && b == 0 && (c == 0 || c == 2))
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (b == 18 || b == 19 || (b == 51 && c == 100)))
                || (a == 203 && b == 0 && c == 113))
        }
        IpAddr::V6(v6) => {
            let parts = v6.segments();
            !(v6.is_unspecified()
                || v6.is_loopback()
                || v6.is_multicast()
                || parts[0] & 0xfe00 == 0xfc00
                || parts[0] & 0xffc0 == 0xfe80
                || (parts[0] == 0x64 && parts[1] == 0xff9b)
                || (parts[0] == 0x100 && parts[1..4] == [0, 0, 0])
                || (parts[0] == 0x2001 && (parts[1] == 0 || parts[1] == 0xdb8 || parts[1] & 0xfff0 == 0x20)))
        }
    }
}
