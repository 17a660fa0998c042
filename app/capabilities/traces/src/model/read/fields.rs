//! [`Fields`]: attributes by name, typed (span v2) or plain (`data`). A value that contradicts its declared type is not there.

use serde_json::{Map, Value};
use std::borrow::Cow;

use super::super::span::Raw;
use super::super::vital::Vital;

/// The longest value that is shown, in characters.
const MAX_SHOWN: usize = 1_000;

#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    is_typed: bool,
}

impl<'a> Fields<'a> {
    pub fn typed(map: Option<&'a Value>) -> Self {
        Self { map: map.and_then(Value::as_object), is_typed: true }
    }

    pub fn plain(map: Option<&'a Value>) -> Self {
        Self { map: map.and_then(Value::as_object), is_typed: false }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        let value = self.map?.get(name)?;
        if self.is_typed { typed_value(value) } else { Some(value) }
    }

    /// The first of these that is a text.
    pub fn text(&self, names: &[&str]) -> &'a str {
        names.iter().find_map(|name| self.get(name)?.as_str().filter(|text| !text.is_empty())).unwrap_or_default()
    }

    pub fn number(&self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| number(self.get(name)?))
    }

    pub fn code(&self) -> Option<u16> {
        self.number(&["http.response.status_code", "http.status_code"]).and_then(super::whole_code)
    }

    pub fn method(&self) -> &'a str {
        self.text(&["http.request.method", "http.method", "method"])
    }

    pub fn path(&self) -> &'a str {
        match self.text(&["url.path", "http.target"]) {
            "" => path_of(self.text(&["url.full", "http.url", "url"])),
            path => path.split(['?', '#']).next().unwrap_or_default(),
        }
    }

    pub fn system(&self) -> &'a str {
        self.text(&["db.system.name", "db.system"])
    }

    pub fn user(&self) -> &'a str {
        self.text(&["user.id", "enduser.id", "user.email", "user.name"])
    }

    /// What is said, or what the kind and the attributes of OpenTelemetry come to.
    pub fn op(&self) -> &'a str {
        let said = self.text(&["sentry.op"]);
        if !said.is_empty() {
            return said;
        }
        let kind = self.text(&["sentry.kind", "otel.kind", "span.kind"]);
        match kind.to_ascii_lowercase().as_str() {
            _ if !self.system().is_empty() => "db",
            "server" if !self.method().is_empty() => "http.server",
            "client" if !self.method().is_empty() => "http.client",
            "server" => "rpc.server",
            "consumer" => "queue.process",
            "producer" => "queue.publish",
            _ => "",
        }
    }

    /// The statement, where the operation is one of a database.
    pub fn query(&self, op: &str, name: &'a str) -> &'a str {
        let said = self.text(&["db.query.text", "db.statement"]);
        let is_statement = matches!(op, "db" | "db.query" | "db.sql.query" | "db.sql.execute" | "db.sql.exec" | "db.redis")
            || op.starts_with("db.sql")
            || op.starts_with("db.mongodb");
        match said {
            "" if is_statement => name,
            _ => said,
        }
    }

    pub fn vitals(&self) -> Vec<(Vital, f64)> {
        if self.map.is_none_or(|map| !map.keys().any(|key| key.starts_with("browser.web_vital."))) {
            return Vec::new();
        }
        let read = |vital: Vital| {
            let name = match vital {
                Vital::Lcp => "browser.web_vital.lcp.value",
                Vital::Inp => "browser.web_vital.inp.value",
                Vital::Cls => "browser.web_vital.cls.value",
                Vital::Fcp => "browser.web_vital.fcp.value",
                Vital::Ttfb => "browser.web_vital.ttfb.value",
            };
            Some((vital, self.number(&[name])?))
        };
        Vital::ALL.into_iter().filter_map(read).collect()
    }
}

/// The value of `{"value", "type"}`, unless the two contradict each other.
fn typed_value(attribute: &Value) -> Option<&Value> {
    let value = attribute.get("value")?;
    let agrees = match attribute.get("type").and_then(Value::as_str) {
        None => true,
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("double") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        // `string[]` and its like come from SDKs before 11.
        Some(kind) if kind == "array" || kind.ends_with("[]") => value.is_array(),
        Some(_) => false,
    };
    agrees.then_some(value)
}

/// All attributes in words, by name, at most `max` of them.
pub fn attributes<'a>(raw: Raw<'a>, max: usize) -> Vec<(&'a str, Cow<'a, str>)> {
    let (map, is_typed) = match raw {
        Raw::Typed(map) => (map, true),
        Raw::Plain(map) => (map, false),
        Raw::None => return Vec::new(),
    };
    let Some(map) = map.as_object() else { return Vec::new() };
    let values = map.iter().filter_map(|(name, value)| Some((name.as_str(), if is_typed { typed_value(value)? } else { value })));
    values.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, words(value))).take(max).collect()
}

fn words(value: &Value) -> Cow<'_, str> {
    let text = match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    match text.char_indices().nth(MAX_SHOWN) {
        Some((cut, _)) => Cow::Owned(format!("{}…", &text[..cut])),
        None => text,
    }
}

pub(super) fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// Empty where there is none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number, or a text that is one: SDKs differ.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

/// Microseconds since 1970 from seconds or RFC 3339, without zone as UTC. Before 2000 and after 2100 nothing was measured.
pub(super) fn micros_of(value: &Value) -> Option<i64> {
    let micros = match value.as_str() {
        Some(text) if text.contains(['-', ':', 'T']) => micros_of_text(text.trim())?,
        _ => {
            let seconds = number(value)?;
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked below, and the conversion saturates")]
            let micros = (seconds * 1_000_000.0).round() as i64;
            micros
        }
    };
    (946_684_800_000_000..4_102_444_800_000_000).contains(&micros).then_some(micros)
}

fn micros_of_text(text: &str) -> Option<i64> {
    let stamp = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
    stamp.or_else(|| {
        let naive: jiff::civil::DateTime = text.parse().ok()?;
        naive.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_microsecond())
    })
}

/// `https://example.com/a/b?c` → `/a/b`; empty where there is none.
pub(super) fn path_of(address: &str) -> &str {
    let rest = match address.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None if address.starts_with('/') => address,
        None => "",
    };
    rest.split(['?', '#']).next().unwrap_or_default()
}
