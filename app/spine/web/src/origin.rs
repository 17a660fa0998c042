//! Cross-site requests refused by what browsers themselves say ([`Origin`]): no hidden form tokens to forget, nothing to store.
//!
//! Browsers send `Sec-Fetch-Site` to https and localhost, and `Origin` with every POST; a page of another site can forge neither.

use crate::gate::{Access, Actor};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method};

/// Where an unsafe request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Same,
    Foreign,
    /// Neither header: not a browser of this decade.
    Unknown,
}

/// Whether this request must prove that it comes from one of our own pages.
pub fn needs_same_origin(method: &Method, access: Access, actor: &Actor) -> bool {
    if method.is_safe() {
        return false;
    }
    match access {
        Access::Open => false,
        // A key is sent by a program on purpose; a cookie is sent by the browser whoever asked it to.
        Access::Api { .. } => !matches!(actor, Actor::Key { .. }),
        Access::Anyone | Access::Rank(_) => true,
    }
}

/// `public_origin` is scheme, host and port of the configured address: it stands in when a proxy rewrote `Host`.
pub fn origin_of(headers: &HeaderMap, public_origin: &str) -> Origin {
    if let Some(site) = headers.get("sec-fetch-site") {
        return match site.as_bytes() {
            b"same-origin" | b"none" => Origin::Same,
            _ => Origin::Foreign,
        };
    }
    let Some(origin) = headers.get(ORIGIN) else { return Origin::Unknown };
    let Ok(origin) = origin.to_str() else { return Origin::Foreign };
    if origin.eq_ignore_ascii_case(public_origin) || is_host_of(origin, headers) { Origin::Same } else { Origin::Foreign }
}

fn is_host_of(origin: &str, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let (authority, default_port) = match origin.split_once("://") {
        Some(("https", authority)) => (authority, ":443"),
        Some(("http", authority)) => (authority, ":80"),
        _ => return false,
    };
    let plain = |text: &str| text.strip_suffix(default_port).unwrap_or(text).to_ascii_lowercase();
    !authority.is_empty() && plain(authority) == plain(host)
}
