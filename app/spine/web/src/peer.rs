//! Where a request came from: the client's address behind trusted proxies ([`Peer`]) and the request's own id ([`RequestId`]).

use crate::reply::Failure;
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// The client's address. `0.0.0.0` for calls that did not come over a socket (in-process tests).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    pub fn of(parts: &Parts) -> Peer {
        parts.extensions.get::<Peer>().copied().unwrap_or(Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    /// The key for rate limits: one IPv6 customer owns a whole /64, so its addresses share one bucket.
    pub fn limit_key(&self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).to_string(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Peer::of(parts))
    }
}

/// Names one request in logs and in the `x-request-id` header.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

impl RequestId {
    pub(crate) fn random() -> Self {
        Self(format!("{:016x}", u64::from_le_bytes(kernel::rng::random_bytes())).into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let id = parts.extensions.get::<RequestId>().cloned();
        id.ok_or_else(|| kernel::Error::internal("a request has no id: the layers are missing").into())
    }
}

/// The other end of the socket, put into each request by the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SocketPeer(pub SocketAddr);

/// The right-most hop that is not ours: what stands left of it was written by the client and proves nothing.
pub fn resolve(socket: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Peer {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = socket.to_canonical();
    if !is_trusted(&client) {
        return Peer(client);
    }
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = parse_hop(hop.trim()) else { break };
        client = address;
        if !is_trusted(&client) {
            break;
        }
    }
    Peer(client)
}

/// Some proxies add the port: `203.0.113.9:4711`, `[2001:db8::1]:4711`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}
