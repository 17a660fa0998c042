//! What handlers answer with: [`Html`], redirects after a post, and [`Failure`], which becomes a page or JSON on the way out.

use crate::flash;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use kernel::error::FieldError;
use kernel::{Error, Kind};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// What a handler returns: anything that is a response, or a house error.
pub type Reply<T = Response> = Result<T, Failure>;

/// A house error on its way out. The outermost layer renders it, so that a handler need not know who asks.
#[derive(Debug)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = status_of(self.0.kind, false).into_response();
        response.extensions_mut().insert(Arc::new(self.0));
        response
    }
}

/// A page.
#[derive(Debug, Clone)]
pub struct Html(pub String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], self.0).into_response()
    }
}

/// Post-redirect-get. Whatever does not stay on this site leads to the first page instead: see [`same_site_path`].
pub fn see_other(to: &str) -> Response {
    let target = same_site_path(to).unwrap_or_else(|| {
        tracing::warn!("a redirect that would have left this site was sent to / instead");
        "/"
    });
    let mut response = StatusCode::SEE_OTHER.into_response();
    // Every byte that is not visible ASCII was encoded: the value cannot be refused.
    let location = HeaderValue::from_str(&ascii(target)).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    response
}

/// The same with a notice that the next page shows once. No secrets: it travels in a cookie.
pub fn see_other_with(to: &str, flash: &str) -> Response {
    let mut response = see_other(to);
    flash::set(response.headers_mut(), flash);
    response
}

/// The text itself when it is a path on this site, for `?next=` and the like. Browsers read `//host`, `/\host` and a slash, a tab
/// and a slash as another site, so these are none.
pub fn same_site_path(text: &str) -> Option<&str> {
    let is_path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\') && !text.chars().any(char::is_control);
    is_path.then_some(text)
}

/// Programs get JSON, browsers get pages: `/api/` is always JSON, elsewhere `Accept` decides.
pub(crate) fn accepts_html(headers: &HeaderMap, path: &str) -> bool {
    let accepts = || headers.get_all(ACCEPT).iter().any(|line| line.to_str().is_ok_and(|line| line.contains("text/html")));
    !path.starts_with("/api/") && accepts()
}

/// A form that cannot be taken is 422; programs know bad input as 400.
pub(crate) fn status_of(kind: Kind, is_api: bool) -> StatusCode {
    match kind {
        Kind::Invalid if is_api => StatusCode::BAD_REQUEST,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "invalid",
        Kind::Unauthorized => "unauthorized",
        Kind::Forbidden => "forbidden",
        Kind::NotFound => "not_found",
        Kind::Conflict => "conflict",
        Kind::TooLarge => "too_large",
        Kind::RateLimited(_) => "rate_limited",
        Kind::Unavailable => "unavailable",
        Kind::Internal => "internal",
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    kind: &'static str,
    message: &'a str,
    fields: &'a [FieldError],
}

/// `{"error":{"kind","message","fields"}}`.
pub(crate) fn json_of(error: &Error) -> Vec<u8> {
    let told = Told { kind: kind_name(error.kind), message: error.public_message(), fields: error.field_errors() };
    serde_json::to_vec(&Envelope { error: told }).unwrap_or_else(|_| b"{}".to_vec())
}

/// Whole seconds, rounded up: a client that waits this long is let in.
pub(crate) fn add_retry_after(headers: &mut HeaderMap, wait: Duration) {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
}

fn ascii(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            0x21..=0x7e => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
