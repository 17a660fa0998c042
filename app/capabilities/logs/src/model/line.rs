//! Log lines as SDKs send them: a container of items with typed attributes. Read leniently: what is missing or odd costs only itself.

use ingest::Item;
use kernel::{Error, Result, Time};
use serde_json::{Map, Value};
use std::time::Duration;

use super::Level;
use super::pick::pick;

/// More lines of one container are not read: the wire's own limit is 1,000 by count and 1 MiB by size.
const MOST_LINES: usize = 10_000;
const MOST_ATTRIBUTES: usize = 200;
/// Bytes of a body that are kept for showing; the rest stays in the item.
const MOST_BODY: usize = 64 << 10;
/// A clock that is further off than this is put right by when the SDK says it sent.
const DRIFT: Duration = Duration::from_secs(55 * 60);
/// No line is later than when it came, but for clocks that differ a little.
const FUTURE: Duration = Duration::from_secs(60);
/// Older lines stand where they came in: nobody looks for them further back.
const PAST: Duration = Duration::from_secs(30 * 86_400);

#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Microseconds, by the program's clock put right.
    pub at_us: i64,
    pub level: Level,
    pub body: String,
    /// 32 hexadecimal digits, or empty.
    pub trace_id: String,
    pub span_id: String,
    /// Order among lines of one moment.
    pub sequence: i64,
    pub release: String,
    pub environment: String,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    pub key: String,
    /// As text; what is no text is written as JSON.
    pub value: String,
    /// The value where it is a number.
    pub number: Option<f64>,
    pub unit: String,
}

impl Line {
    pub fn at(&self) -> Time {
        Time(self.at_us.div_euclid(1_000))
    }

    pub fn attribute(&self, key: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.key == key)
    }

    pub fn text(&self, key: &str) -> &str {
        self.attribute(key).map_or("", |attribute| &attribute.value)
    }

    pub fn logger(&self) -> &str {
        let name = self.text("logger.name");
        if name.is_empty() { self.text("logger") } else { name }
    }

    pub fn template(&self) -> &str {
        self.text("sentry.message.template")
    }

    /// What was put into the template, in its order.
    pub fn parameters(&self) -> Vec<&Attribute> {
        let mut all: Vec<&Attribute> =
            self.attributes.iter().filter(|attribute| attribute.key.starts_with("sentry.message.parameter.")).collect();
        let place = |attribute: &Attribute| attribute.key.rsplit('.').next().and_then(|number| number.parse::<u32>().ok());
        all.sort_by_key(|attribute| place(attribute).unwrap_or(u32::MAX));
        all
    }
}

impl Line {
    /// The body in pieces; `true` marks what was put into the template.
    pub fn pieces(&self) -> Vec<(String, bool)> {
        let (mut pieces, mut rest) = (Vec::new(), self.body.as_str());
        for parameter in self.parameters() {
            let Some(at) = Some(&parameter.value).filter(|value| !value.is_empty()).and_then(|value| rest.find(value.as_str())) else {
                continue;
            };
            let end = at + parameter.value.len();
            pieces.push((rest[..at].to_owned(), false));
            pieces.push((rest[at..end].to_owned(), true));
            rest = &rest[end..];
        }
        pieces.push((rest.to_owned(), false));
        pieces.retain(|(text, _)| !text.is_empty());
        pieces
    }
}

/// The lines of an item, in its own order: the position is their name within it.
pub fn lines_of(item: &Item) -> Result<Vec<Line>> {
    let container: Value =
        serde_json::from_slice(&item.payload()?).map_err(|error| Error::invalid("A container of log lines is not JSON.").because(error))?;
    let around = Around::of(item);
    let lines = match container {
        Value::Object(mut container) => match container.remove("items") {
            Some(Value::Array(lines)) => lines,
            // One line that stands alone, as the first SDKs with logs sent it.
            _ if container.contains_key("body") => vec![Value::Object(container)],
            _ => Vec::new(),
        },
        Value::Array(lines) => lines,
        _ => Vec::new(),
    };
    Ok(lines.into_iter().take(MOST_LINES).filter_map(|line| read(line, &around)).collect())
}

/// One line of an item, by its position among [`lines_of`].
pub fn line_at(item: &Item, position: usize) -> Result<Option<Line>> {
    let line = pick(&item.payload()?, position).filter(|_| position < MOST_LINES);
    match line.and_then(|line| read(line, &Around::of(item))) {
        Some(line) => Ok(Some(line)),
        // A container of another shape.
        None => Ok(lines_of(item)?.into_iter().nth(position)),
    }
}

/// What a line takes over from the item it came in.
struct Around<'a> {
    received_at: Time,
    drift_us: i64,
    release: &'a str,
    environment: &'a str,
    trace_id: &'a str,
}

impl<'a> Around<'a> {
    fn of(item: &'a Item) -> Around<'a> {
        let head = item.head.trace.as_ref();
        Around {
            received_at: item.received_at,
            drift_us: drift(item.received_at, item.head.sent_at),
            release: head.and_then(|head| head.release.as_deref()).unwrap_or_default(),
            environment: head.and_then(|head| head.environment.as_deref()).unwrap_or_default(),
            trace_id: head.and_then(|head| head.trace_id.as_deref()).unwrap_or_default(),
        }
    }
}

fn drift(received_at: Time, sent_at: Option<Time>) -> i64 {
    let Some(sent_at) = sent_at else { return 0 };
    let apart = received_at.0.saturating_sub(sent_at.0);
    if apart.unsigned_abs() > DRIFT.as_millis().try_into().unwrap_or(u64::MAX) { apart.saturating_mul(1_000) } else { 0 }
}

/// `None` for what is no object: it says nothing.
fn read(line: Value, around: &Around<'_>) -> Option<Line> {
    let Value::Object(mut fields) = line else { return None };
    let attributes = attributes(fields.remove("attributes"));
    let find = |key: &str| attributes.iter().find(|attribute| attribute.key == key);
    let or = |key: &str, otherwise: &str| find(key).map_or_else(|| otherwise.to_owned(), |attribute| attribute.value.clone());
    let number = |key: &str| find(key).and_then(|attribute| attribute.number).map(|number| number as i64);
    let severity = fields.get("severity_number").and_then(Value::as_i64).or_else(|| number("sentry.severity_number"));
    let level = fields.get("level").and_then(Value::as_str).and_then(Level::parse).or_else(|| severity.and_then(Level::from_severity));
    let at_us = fields.get("timestamp").and_then(micros).map(|at| at.saturating_add(around.drift_us));
    let body = match fields.remove("body") {
        Some(Value::Object(typed)) => typed.get("value").map(text_of).unwrap_or_default(),
        Some(value) => text_of(&value),
        None => String::new(),
    };
    Some(Line {
        at_us: plausible(at_us, around.received_at),
        level: level.unwrap_or(Level::Info),
        body: cut(body, MOST_BODY),
        trace_id: hex(&fields, "trace_id", 32).unwrap_or_else(|| checked_hex(around.trace_id, 32).unwrap_or_default()),
        span_id: hex(&fields, "span_id", 16).unwrap_or_default(),
        sequence: number("sentry.timestamp.sequence").unwrap_or(0),
        release: or("sentry.release", around.release),
        environment: or("sentry.environment", around.environment),
        attributes,
    })
}

fn plausible(at_us: Option<i64>, received_at: Time) -> i64 {
    let received = received_at.0.saturating_mul(1_000);
    let span = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match at_us {
        Some(at) if at <= received.saturating_add(span(FUTURE)) && at >= received.saturating_sub(span(PAST)) => at,
        _ => received,
    }
}

/// Seconds as a number or its text, or an RFC 3339 time.
fn micros(value: &Value) -> Option<i64> {
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.parse::<f64>() {
            Ok(seconds) => Some(seconds),
            Err(_) => return micros_of_text(text.trim()),
        },
        _ => None,
    }?;
    (seconds.is_finite() && seconds.abs() < 1e11).then(|| (seconds * 1e6).round() as i64)
}

/// Without a zone it is UTC, as everywhere on this wire.
fn micros_of_text(text: &str) -> Option<i64> {
    let stamp = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
    stamp.or_else(|| {
        let naive: jiff::civil::DateTime = text.parse().ok()?;
        naive.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_microsecond())
    })
}

fn attributes(value: Option<Value>) -> Vec<Attribute> {
    let Some(Value::Object(fields)) = value else { return Vec::new() };
    fields.into_iter().take(MOST_ATTRIBUTES).filter_map(|(key, value)| attribute(key, value)).collect()
}

/// `{"value": …, "type": …}`, or the bare value as the first SDKs sent it.
fn attribute(key: String, value: Value) -> Option<Attribute> {
    let (value, unit) = match value {
        Value::Object(mut typed) if typed.contains_key("value") => {
            let unit = typed.get("unit").and_then(Value::as_str).unwrap_or_default().to_owned();
            (typed.remove("value")?, unit)
        }
        other => (other, String::new()),
    };
    let number = value.as_f64();
    Some(Attribute { key: cut(key, 200), value: cut(text_of(&value), MOST_BODY), number, unit })
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

fn hex(fields: &Map<String, Value>, key: &str, length: usize) -> Option<String> {
    checked_hex(fields.get(key)?.as_str()?, length)
}

pub fn checked_hex(text: &str, length: usize) -> Option<String> {
    let plain: String = text.trim().chars().filter(|c| *c != '-').flat_map(char::to_lowercase).collect();
    let is_id = plain.len() == length && plain.bytes().all(|byte| byte.is_ascii_hexdigit()) && plain.bytes().any(|byte| byte != b'0');
    is_id.then_some(plain)
}
