//! [`Href`]: an address that may stand in a link or a form. `javascript:` and `//elsewhere` cannot become one.

use kernel::text::{Email, WebUrl};
use std::fmt;

/// A path of this site (`/uptime/monitors/3`), a place on the page (`#main`), or a checked web or mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Href(String);

impl Href {
    /// A path of this site. Whatever is not safely one becomes `/`: a page with a dull link beats no page and a harmful link.
    pub fn path(path: impl Into<String>) -> Self {
        let path = path.into();
        if is_local_path(&path) { Self(path) } else { Self("/".to_owned()) }
    }

    /// The same check for text that came from outside (`?next=`): the caller decides what to do without it.
    pub fn parse(path: &str) -> Option<Self> {
        is_local_path(path).then(|| Self(path.to_owned()))
    }

    /// A place on this page, by the id of its element.
    pub fn anchor(id: &str) -> Self {
        Self(format!("#{}", encode(id)))
    }

    pub fn mail(address: &Email) -> Self {
        Self(format!("mailto:{}", encode(address.as_str()).replace("%40", "@")))
    }

    /// Adds one query parameter, percent-encoded.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let sign = if self.0.contains('?') { '&' } else { '?' };
        self.0.push(sign);
        self.0.push_str(&encode(name));
        self.0.push('=');
        self.0.push_str(&encode(&value.to_string()));
        self
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// No address was given; the part that holds it shows its text without a link.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_elsewhere(&self) -> bool {
        self.0.starts_with("http")
    }
}

/// One leading slash, no second one (nor a backslash that browsers read as one), nothing that could end an attribute or a header.
fn is_local_path(path: &str) -> bool {
    let mut letters = path.chars();
    let leads = letters.next() == Some('/') && !matches!(letters.next(), Some('/' | '\\'));
    leads && !path.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\')
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Href {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for Href {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<&WebUrl> for Href {
    fn from(url: &WebUrl) -> Self {
        Self(url.as_str().to_owned())
    }
}

impl From<WebUrl> for Href {
    fn from(url: WebUrl) -> Self {
        Self::from(&url)
    }
}
