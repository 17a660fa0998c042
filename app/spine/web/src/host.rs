//! The name a request was sent to ([`Host`]): from the request line or the `Host` header, checked before anything builds on it.

use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Uri, Version};
use std::convert::Infallible;

/// In lower case, without port; empty when the client named none (HTTP/1.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Host {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Host(bare(named(&parts.uri, &parts.headers).unwrap_or_default()).to_ascii_lowercase()))
    }
}

/// The host as sent, with its port. An absolute request line wins over the header (RFC 9112, 3.2.2).
pub(crate) fn named<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST).and_then(|host| host.to_str().ok()),
    }
}

/// Without port and final dot.
pub(crate) fn bare(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

/// HTTP/1.1 asks for exactly one, and only what can stand in a URL's authority may be in it.
pub(crate) fn is_acceptable(version: Version, uri: &Uri, headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) => version < Version::HTTP_11 || uri.authority().is_some(),
        (Some(_), Some(_)) => false,
        (Some(host), None) => {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
            host.len() <= 260 && host.as_bytes().iter().all(is_plain)
        }
    }
}
