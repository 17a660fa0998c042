//! Where a redirect leads and what may travel along. Pure; the next hop's address is judged like the first one's.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, USER_AGENT,
};
use http::{Method, StatusCode};
use kernel::text::WebUrl;
use url::Url;

use super::failure::{HttpFailure, HttpFailureKind};

/// One request of the chain.
#[derive(Debug, Clone)]
pub struct Hop {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What may be shown to another origin than the one it was meant for. A list of what is harmless, because keys come in headers
/// of any name.
const HARMLESS: [HeaderName; 6] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, USER_AGENT];

/// The hop that follows, or none when the answer is final.
pub fn next(hop: &Hop, code: StatusCode, answer: &HeaderMap) -> Result<Option<Hop>, HttpFailure> {
    if !matches!(code.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.get(LOCATION) else { return Ok(None) };
    let url = location.to_str().ok().and_then(|text| hop.url.join(text).ok());
    let Some(url) = url.filter(|url| WebUrl::parse(url.as_str()).is_ok()) else {
        return Err(refused(hop, "redirects to something that is no web address"));
    };
    if hop.url.scheme() == "https" && url.scheme() == "http" {
        return Err(refused(hop, "redirects from https to plain http, which is not followed"));
    }
    let mut next = Hop { method: hop.method.clone(), url, headers: hop.headers.clone(), body: hop.body.clone() };
    if next.url.origin() != hop.url.origin() {
        next.headers = hop.headers.iter().filter(|(name, _)| HARMLESS.contains(name)).map(|(k, v)| (k.clone(), v.clone())).collect();
    }
    let is_safe = matches!(hop.method, Method::GET | Method::HEAD);
    if code == StatusCode::SEE_OTHER && !is_safe || code.as_u16() < 303 && hop.method == Method::POST {
        next.method = Method::GET;
        next.body = Bytes::new();
        for name in [CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING] {
            next.headers.remove(name);
        }
    }
    Ok(Some(next))
}

fn refused(hop: &Hop, what: &str) -> HttpFailure {
    HttpFailure { kind: HttpFailureKind::Blocked, message: format!("{} {what}.", hop.url.origin().ascii_serialization()) }
}
