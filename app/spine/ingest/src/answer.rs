//! What reporting programs hear. Browsers may read every answer, whatever it says, from any page (CORS): an SDK that cannot read why it
//! was refused sends again and again.

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, CONNECTION, CONTENT_TYPE, RETRY_AFTER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use kernel::Kind;

use crate::EventId;
use crate::quota::{self, Reached};
use crate::refusal::Refusal;

const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");
const ERROR: HeaderName = HeaderName::from_static("x-sentry-error");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, authorization, \
     content-encoding, transfer-encoding, sentry-trace, baggage, anonymousid, sentat",
);
const EXPOSED: HeaderValue = HeaderValue::from_static("x-sentry-error, x-sentry-rate-limits, retry-after");

/// How the body of a good answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{"id":"…"}`.
    Id,
    /// The id alone, as crash reporters expect it.
    PlainId,
    /// Nothing. Browsers' SDKs send with `keepalive` and never read a body. Chromium lets such requests of one page hold 64 kB at a time, and
    /// an answer that nobody reads holds its share until the page ends: some forty segments of a replay after it opened, a page could send
    /// nothing more, not even its error (measured with SDK 11.12 and Chromium 156).
    Nothing,
}

pub(crate) fn accepted(id: Option<EventId>, reached: &[Reached], shape: Shape) -> Response<Body> {
    match (shape, id) {
        (Shape::Id, Some(id)) => taken("application/json", format!("{{\"id\":\"{id}\"}}").into(), reached),
        (Shape::Id, None) => taken("application/json", "{}".into(), reached),
        (Shape::Nothing, _) => taken("", Body::empty(), reached),
        (Shape::PlainId, id) => taken("text/plain", id.map(|id| id.to_string()).unwrap_or_default().into(), reached),
    }
}

/// A good answer in the words of another protocol.
pub(crate) fn taken(kind: &'static str, body: Body, reached: &[Reached]) -> Response<Body> {
    let mut response = written(StatusCode::OK, kind, body);
    // Told on good answers, too, so that an SDK stops before it is refused.
    set(response.headers_mut(), RATE_LIMITS, &quota::header(reached));
    response
}

/// `{"detail":…,"causes":[…]}`.
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    let detail = refusal.detail();
    if let Refusal::Unavailable(error) | Refusal::Failed(error) = refusal {
        match error.kind {
            Kind::Unavailable => tracing::warn!(error = error.chain(), "a report could not be kept now"),
            _ => tracing::error!(error = error.chain(), "a report could not be taken"),
        }
    }
    let body = serde_json::json!({ "detail": detail, "causes": [] }).to_string();
    let code = StatusCode::from_u16(refusal.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = written(code, "application/json", body.into());
    let headers = response.headers_mut();
    set(headers, ERROR, &detail);
    set(headers, RATE_LIMITS, &refusal.limits());
    // Most of these are decided before the body is read, and the connection ends then. A client that is not told sends its next report into
    // a closed one and loses it.
    if code != StatusCode::BAD_REQUEST {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What a browser hears that asks first.
pub(crate) fn preflight() -> Response<Body> {
    let mut response = written(StatusCode::NO_CONTENT, "", Body::empty());
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    response
}

/// With the headers that let every page read it.
pub(crate) fn written(code: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let headers = response.headers_mut();
    if !kind.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if !value.is_empty()
        && let Ok(value) = HeaderValue::from_str(value)
    {
        headers.insert(name, value);
    }
}
