//! Small texts with a grammar: accepted HTTP codes (`200-299,301`) and addresses (`1.1.1.1:53`).

use std::net::{IpAddr, SocketAddr};

use kernel::{Error, Result};

/// Ranges of HTTP codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes(Vec<(u16, u16)>);

impl Codes {
    /// `200-299,301` or `2xx, 401`.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("Please give codes like 200-299,301 (each from 100 to 599).");
        let number = |text: &str| text.trim().parse::<u16>().ok().filter(|code| (100..600).contains(code)).ok_or_else(wrong);
        let mut ranges = Vec::new();
        for part in text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty()) {
            let range = if let Some(hundred) = part.to_lowercase().strip_suffix("xx") {
                let first = number(&format!("{hundred}00"))?;
                (first, first + 99)
            } else if let Some((from, to)) = part.split_once('-') {
                (number(from)?, number(to)?)
            } else {
                (number(part)?, number(part)?)
            };
            if range.0 > range.1 {
                return Err(wrong());
            }
            ranges.push(range);
        }
        if ranges.is_empty() { Err(wrong()) } else { Ok(Self(ranges)) }
    }

    pub fn accepts(&self, code: u16) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&code))
    }
}

/// `ip` or `ip:port`; `[v6]:port` too.
pub fn socket_address(text: &str, default_port: u16) -> Option<SocketAddr> {
    let text = text.trim();
    text.parse::<SocketAddr>().ok().or_else(|| {
        let ip = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok()?;
        Some(SocketAddr::new(ip, default_port))
    })
}

/// A list of addresses divided by commas or blanks.
pub fn socket_addresses(text: &str, default_port: u16) -> Option<Vec<SocketAddr>> {
    text.split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty()).map(|part| socket_address(part, default_port)).collect()
}
