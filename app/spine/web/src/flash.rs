//! A notice that survives one redirect ([`Flash`]): set by [`crate::see_other_with`], read by the next page, gone after it.

use axum::extract::FromRequestParts;
use cookie::{Cookie, SameSite};
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const NAME: &str = "flash";
const MAX_CHARS: usize = 300;

/// The notice left by the action before, if any. Reading it uses it up.
#[derive(Debug, Clone, Default)]
pub struct Flash(pub Option<String>);

impl Flash {
    pub fn take(parts: &Parts) -> Flash {
        Flash(parts.extensions.get::<Arc<Note>>().map(|note| {
            note.is_read.store(true, Ordering::Relaxed);
            note.text.clone()
        }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Flash {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Flash::take(parts))
    }
}

/// The notice as it came in; remembers whether a page showed it.
#[derive(Debug)]
pub(crate) struct Note {
    text: String,
    is_read: AtomicBool,
}

pub(crate) fn note_of(headers: &HeaderMap) -> Option<Arc<Note>> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let cookie = lines.flat_map(Cookie::split_parse_encoded).flatten().find(|cookie| cookie.name() == NAME)?;
    let text = kernel::text::shorten(cookie.value(), MAX_CHARS);
    (!text.is_empty()).then(|| Arc::new(Note { text, is_read: AtomicBool::new(false) }))
}

pub(crate) fn set(headers: &mut HeaderMap, text: &str) {
    append(headers, cookie(kernel::text::shorten(text, MAX_CHARS), 60));
}

/// One more sentence for the next page, behind what the answer tells already.
pub(crate) fn add(headers: &mut HeaderMap, sentence: &str) {
    let lines: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    let (own, others): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.as_bytes().starts_with(b"flash="));
    headers.remove(SET_COOKIE);
    for line in others {
        headers.append(SET_COOKIE, line);
    }
    let told = own.iter().filter_map(|line| Cookie::parse_encoded(line.to_str().ok()?).ok()).map(|told| told.value().to_owned()).next();
    match told {
        Some(told) if !told.is_empty() => set(headers, &format!("{} {sentence}", kernel::text::shorten(&told, MAX_CHARS / 2))),
        _ => set(headers, sentence),
    }
}

/// Clears the notice once an HTML page has shown it, unless that page left a new one.
pub(crate) fn clear_when_shown(note: &Note, headers: &mut HeaderMap) {
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let sets_new = headers.get_all(SET_COOKIE).iter().any(|line| line.as_bytes().starts_with(b"flash="));
    if is_page && !sets_new && note.is_read.load(Ordering::Relaxed) {
        append(headers, cookie(String::new(), 0));
    }
}

fn cookie(text: String, seconds: i64) -> Cookie<'static> {
    Cookie::build((NAME, text)).path("/").http_only(true).same_site(SameSite::Lax).max_age(cookie::time::Duration::seconds(seconds)).build()
}

fn append(headers: &mut HeaderMap, cookie: Cookie<'static>) {
    if let Ok(line) = HeaderValue::from_str(&cookie.encoded().to_string()) {
        headers.append(SET_COOKIE, line);
    }
}
