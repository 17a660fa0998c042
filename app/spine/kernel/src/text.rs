//! Text that was checked once, at the door, and needs no check inside.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::{Error, Result};

/// A name or title: 1–`max` characters on one line, no control characters, trimmed.
pub fn checked_line(text: &str, what: &str, max: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(format!("Please give {what}.")));
    }
    if text.chars().count() > max {
        return Err(Error::invalid(format!("Please shorten {what} to {max} characters.")));
    }
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err(Error::invalid(format!("Please remove line breaks, control and invisible characters from {what}.")));
    }
    Ok(text.to_owned())
}

/// Characters that show nothing or turn the text around them: a name of these looks empty, or like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// A mail address as the wire takes it: one `@`, no blanks, no control characters, at most 254 characters (RFC 5321).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = || Error::invalid("Please give a mail address like name@example.com.");
        let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[]\\,;:\"@".contains(c);
        let fits = !local.is_empty() && local.len() <= 64 && text.len() <= 254 && !local.contains("..");
        let has_host = !domain.is_empty() && !domain.starts_with(['.', '-']) && !domain.ends_with('.') && !domain.contains("..");
        if !fits || !has_host || !local.chars().all(is_plain) || !domain.chars().all(is_plain) {
            return Err(wrong());
        }
        Ok(Self(format!("{local}@{}", domain.to_lowercase())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}

/// An absolute `http` or `https` address with a host. What may be a link or be called; never `javascript:`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebUrl(url::Url);

impl WebUrl {
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("Please give a web address that starts with https:// or http://.");
        let url = url::Url::parse(text.trim()).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        Ok(Self(url))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn url(&self) -> &url::Url {
        &self.0
    }

    /// Scheme, host and port: what a log or page may show of an address whose path or query holds a token.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl TryFrom<String> for WebUrl {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<WebUrl> for String {
    fn from(url: WebUrl) -> String {
        url.0.into()
    }
}

/// Cuts at a character boundary and says so with `…`; for logs and wire limits counted in characters.
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}
