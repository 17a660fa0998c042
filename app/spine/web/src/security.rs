//! The headers that stand on every answer: nothing inline, nothing foreign, nothing framed, nothing cached by accident.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// What a page may load unless its handler says otherwise: own scripts, styles, images and connections, nothing inline.
pub const DEFAULT_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
const FIXED: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Adds what is missing; whatever a handler set itself stays.
pub(crate) fn add_headers(headers: &mut HeaderMap, is_https: bool) {
    for (name, value) in FIXED {
        headers.entry(name).or_insert(value);
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DEFAULT_CSP));
    if is_https {
        add_hsts(headers);
    }
}

pub(crate) fn add_hsts(headers: &mut HeaderMap) {
    headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
}

/// Dynamic answers are for this caller now. One with an entity tag may be kept, when it is asked for again each time.
pub(crate) fn add_cache_control(code: StatusCode, headers: &mut HeaderMap) {
    if code == StatusCode::NOT_MODIFIED {
        return;
    }
    let rule = if headers.contains_key(ETAG) { "no-cache" } else { "no-store" };
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(rule));
}
