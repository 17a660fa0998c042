//! Why no answer came, as a kind for programs and a sentence for the operator.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use url::Url;

use crate::resolver::LookupFailure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFailureKind {
    Timeout,
    /// Refused, unreachable, or broken off before the answer was whole.
    Connect,
    Dns,
    Tls,
    /// The guard said no.
    Blocked,
    /// The request itself cannot be sent (a line break in a header).
    Invalid,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFailure {
    pub kind: HttpFailureKind,
    /// Names the origin at most, never the path.
    pub message: String,
}

impl HttpFailure {
    /// Trying the same again can never help.
    pub fn is_permanent(&self) -> bool {
        matches!(self.kind, HttpFailureKind::Blocked | HttpFailureKind::Invalid)
    }

    /// Reads reqwest's chain of causes; reqwest's own text would show the whole address.
    pub(super) fn from_reqwest(error: reqwest::Error) -> Self {
        let mut deepest = String::new();
        let mut found = None;
        let mut next: Option<&(dyn StdError + 'static)> = error.source();
        while let Some(cause) = next {
            found = found.or_else(|| kind_of(cause));
            deepest = cause.to_string();
            next = cause.source();
        }
        let (kind, message) = match found {
            Some((kind, message)) => (kind, message),
            None if error.is_timeout() => (HttpFailureKind::Timeout, "it did not answer in time".to_owned()),
            None if error.is_connect() => (HttpFailureKind::Connect, deepest),
            None if error.is_decode() => (HttpFailureKind::Other, format!("its answer cannot be unpacked: {deepest}")),
            None if deepest.is_empty() => (HttpFailureKind::Other, error.without_url().to_string()),
            None => (HttpFailureKind::Other, deepest),
        };
        Self { kind, message }
    }

    /// Completes the sentence with where it happened.
    pub(super) fn at(self, url: &Url) -> Self {
        let origin = url.origin().ascii_serialization();
        let what = match self.kind {
            HttpFailureKind::Timeout => "could not be reached",
            HttpFailureKind::Connect => "could not be reached",
            HttpFailureKind::Dns => "could not be found",
            HttpFailureKind::Tls => "has no trustworthy TLS",
            HttpFailureKind::Blocked => "may not be called",
            HttpFailureKind::Invalid | HttpFailureKind::Other => "could not be asked",
        };
        Self { kind: self.kind, message: format!("{origin} {what}: {}.", self.message) }
    }
}

/// What one cause of the chain tells. A `std::io::Error` hides its inner error from `source()`, so it is opened by hand.
fn kind_of(cause: &(dyn StdError + 'static)) -> Option<(HttpFailureKind, String)> {
    if let Some(lookup) = cause.downcast_ref::<LookupFailure>() {
        let kind = if matches!(lookup, LookupFailure::Blocked(_)) { HttpFailureKind::Blocked } else { HttpFailureKind::Dns };
        return Some((kind, lookup.to_string()));
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some((HttpFailureKind::Tls, tls.to_string()));
    }
    if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
        return kind_of_hyper(hyper);
    }
    let io = cause.downcast_ref::<io::Error>()?;
    if let Some(inner) = io.get_ref() {
        let inner: &(dyn StdError + 'static) = inner;
        if let Some(known) = kind_of(inner) {
            return Some(known);
        }
    }
    match io.kind() {
        io::ErrorKind::TimedOut => Some((HttpFailureKind::Timeout, "it did not answer in time".to_owned())),
        io::ErrorKind::ConnectionRefused => Some((HttpFailureKind::Connect, "the connection was refused".to_owned())),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Some((HttpFailureKind::Connect, "the connection was broken off".to_owned()))
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Some((HttpFailureKind::Connect, "there is no way to this address".to_owned()))
        }
        io::ErrorKind::UnexpectedEof => Some((HttpFailureKind::Connect, "the connection was closed too early".to_owned())),
        _ => None,
    }
}

fn kind_of_hyper(error: &hyper::Error) -> Option<(HttpFailureKind, String)> {
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return Some((HttpFailureKind::Connect, "the connection was closed before the answer was whole".to_owned()));
    }
    error.is_parse().then(|| (HttpFailureKind::Other, "what it answered is not HTTP".to_owned()))
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for HttpFailure {}
