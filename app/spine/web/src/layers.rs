//! What surrounds every route ([`finish`]): request id and span, counters, panics caught, failures rendered, headers, compression.

use crate::body::{self, BodyFailure};
use crate::metrics::Metrics;
use crate::peer::{self, Peer, RequestId, SocketPeer};
use crate::reply::{Failure, accepts_html, add_retry_after, json_of, status_of};
use crate::{admit, flash, host, security};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use ipnet::IpNet;
use kernel::time::Stopwatch;
use kernel::{Error, Kind};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate, SizeAbove};
use tracing::Instrument;

/// Draws the error page: code, title, sentence, where to go next. `frontend::error_page`, named by the app so that this crate need
/// not wait for the kit to compile.
pub type ErrorPage = fn(u16, &str, &str, &str) -> String;

#[derive(Clone)]
pub struct FinishOptions {
    pub error_page: ErrorPage,
    /// Whether the public address is https: then browsers are told to stay with it.
    pub is_https: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub metrics: Metrics,
}

/// Fits into one packet anyhow. Setting up a compressor costs more than answering a report does, and there are thousands a second.
const SMALL: u64 = 512;

/// Wraps a whole router, its 404 and 405 included. The last step before [`crate::serve`].
pub fn finish(router: Router, options: FinishOptions) -> Router {
    let options = Arc::new(options);
    let worth_it = DefaultPredicate::new().and(NotForContentType::new("font/")).and(SizeAbove::new(SMALL));
    let compression = CompressionLayer::new().compress_when(worth_it);
    router
        .fallback(nothing_here)
        // The size and time of a body are limited where the server hands it out.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&options), render))
        .layer(compression)
        .layer(from_fn_with_state(options, observe))
}

async fn nothing_here() -> Failure {
    Failure(Error::new(Kind::NotFound, "There is nothing at this address. It may have moved or been deleted."))
}

/// Outermost: names the request, finds its client, counts and times it. Never logs a query, a header or a body.
async fn observe(State(options): State<Arc<FinishOptions>>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let counted = options.metrics.begin();
    let id = RequestId::random();
    let socket = request.extensions().get::<SocketPeer>().map(|peer| peer.0.ip());
    if let Some(socket) = socket {
        let peer: Peer = peer::resolve(socket, request.headers(), &options.trusted_proxies);
        request.extensions_mut().insert(peer);
    }
    request.extensions_mut().insert(id.clone());
    let path = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!("request", id = %id.0, method = %request.method(), path);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    let (code, took) = (response.status(), watch.elapsed());
    options.metrics.count_routed(code, took);
    span.in_scope(|| tracing::debug!(code = code.as_u16(), micros = watch.micros(), "answered"));
    drop(counted);
    response
}

/// Around the handler: whatever it does — answers, fails, panics — leaves as a complete answer with our headers.
async fn render(State(options): State<Arc<FinishOptions>>, mut request: Request, next: Next) -> Response {
    let asked =
        Asked { is_api: request.uri().path().starts_with("/api/"), wants_html: accepts_html(request.headers(), request.uri().path()) };
    let note = flash::note_of(request.headers());
    if let Some(note) = &note {
        request.extensions_mut().insert(Arc::clone(note));
    }
    let mut response = if host::is_acceptable(request.version(), request.uri(), request.headers()) {
        AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| from_panic(panic.as_ref()))
    } else {
        StatusCode::BAD_REQUEST.into_response()
    };
    tell_failure(&mut response, &asked, options.error_page);
    if let Some(note) = &note {
        flash::clear_when_shown(note, response.headers_mut());
    }
    let code = response.status();
    security::add_headers(response.headers_mut(), options.is_https);
    security::add_cache_control(code, response.headers_mut());
    response
}

struct Asked {
    is_api: bool,
    wants_html: bool,
}

fn from_panic(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure(Error::internal("a handler panicked").because(text.unwrap_or("without a message"))).into_response()
}

/// Gives a failure its words. Bare codes of the router (405 and the like) get theirs here too.
fn tell_failure(response: &mut Response, asked: &Asked, error_page: ErrorPage) {
    let error = match response.extensions_mut().remove::<Arc<Error>>() {
        Some(error) => error,
        None if is_bare_failure(response) => Arc::new(bare_failure(response.status())),
        None => return,
    };
    let is_ours = response.status() == status_of(error.kind, false);
    let code = if is_ours { code_of(&error, asked.is_api) } else { response.status() };
    log(&error);
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    if let Kind::RateLimited(wait) = error.kind {
        add_retry_after(headers, wait);
    }
    if code == StatusCode::UNAUTHORIZED && asked.is_api {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if code == StatusCode::REQUEST_TIMEOUT {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let (kind, body) = if asked.wants_html {
        let next_href = if code == StatusCode::UNAUTHORIZED { admit::SIGN_IN } else { "/" };
        let page = error_page(code.as_u16(), title_of(code), error.public_message(), next_href);
        ("text/html; charset=utf-8", page.into_bytes())
    } else {
        ("application/json", json_of(&error))
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    *response.body_mut() = Body::from(body);
}

/// Logged here and nowhere else; the span carries the request's id.
fn log(error: &Error) {
    match error.kind {
        Kind::Internal => tracing::error!(error = %error.chain(), "a request failed"),
        Kind::Unavailable => tracing::warn!(error = %error.chain(), "a request could not be served now"),
        _ => {}
    }
}

fn code_of(error: &Error, is_api: bool) -> StatusCode {
    match body::failure_of(error) {
        Some(BodyFailure::TooSlow) => StatusCode::REQUEST_TIMEOUT,
        _ => status_of(error.kind, is_api),
    }
}

fn is_bare_failure(response: &Response) -> bool {
    let code = response.status();
    (code.is_client_error() || code.is_server_error()) && !response.headers().contains_key(CONTENT_TYPE)
}

fn bare_failure(code: StatusCode) -> Error {
    match code {
        StatusCode::METHOD_NOT_ALLOWED => Error::invalid("This address does not take this kind of request."),
        StatusCode::NOT_FOUND => Error::new(Kind::NotFound, "There is nothing at this address."),
        StatusCode::BAD_REQUEST => Error::invalid("This request cannot be understood. Please check the address and try again."),
        code if code.is_server_error() => Error::unavailable("This cannot be answered now. Please try again later."),
        _ => Error::invalid("This request could not be carried out. Please try again."),
    }
}

fn title_of(code: StatusCode) -> &'static str {
    match code {
        StatusCode::UNAUTHORIZED => "Please sign in",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::METHOD_NOT_ALLOWED => "Not possible here",
        StatusCode::REQUEST_TIMEOUT => "Too slow",
        StatusCode::CONFLICT => "Changed meanwhile",
        StatusCode::PAYLOAD_TOO_LARGE => "Too large",
        StatusCode::TOO_MANY_REQUESTS => "Too often",
        StatusCode::SERVICE_UNAVAILABLE => "Not available now",
        code if code.is_server_error() => "Something went wrong",
        _ => "Please check your input",
    }
}
