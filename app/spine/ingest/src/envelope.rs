//! The framing of an envelope: a line of JSON, then items of a line of JSON and a payload each.
//!
//! Lenient where SDKs differ: without `length` a payload ends at the next line break; empty lines between items mean nothing; a length
//! that lies is mended by the line breaks. One broken item never loses the others.

use kernel::{Error, Result, Time};
use memchr::memchr;
use serde_json::{Map, Value};

use crate::{TraceHead, limits};

#[derive(Debug, Default)]
pub struct Envelope<'a> {
    pub header: Header,
    pub items: Vec<RawItem<'a>>,
    /// Items whose header says nothing, with the bytes that were passed over.
    pub malformed: Passed,
    /// Items beyond the number that is taken, with their bytes.
    pub beyond: Passed,
}

/// Items that are only counted: there can be as many as lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    pub items: u64,
    pub bytes: usize,
}

impl Passed {
    fn add(&mut self, bytes: usize) {
        self.items += 1;
        self.bytes += bytes;
    }
}

/// What the first line says; everything in it may be missing.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Header {
    pub event_id: Option<String>,
    /// Tunnels put the key here.
    pub dsn: Option<String>,
    pub sent_at: Option<Time>,
    /// `sentry.python/2.75.0`.
    pub sdk: Option<String>,
    pub trace: Option<TraceHead>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RawItem<'a> {
    pub header: ItemHeader,
    pub payload: &'a [u8],
    /// `false`: the length lied, and the payload is what the line breaks make of it.
    pub is_whole: bool,
}

#[derive(Debug, Default, Clone, PartialEq)]
pub struct ItemHeader {
    /// `type` on the wire.
    pub kind: String,
    pub filename: Option<String>,
    pub content_type: Option<String>,
    pub attachment_type: Option<String>,
    pub platform: Option<String>,
}

/// An error when there is no header at all: then nothing is an item either.
pub fn parse(bytes: &[u8]) -> Result<Envelope<'_>> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("The envelope is empty."));
    }
    let (line, mut at) = line_at(bytes, 0);
    let Some(header) = object(line) else { return Err(Error::invalid("The envelope does not begin with a line of JSON.")) };
    let mut envelope = Envelope { header: read_header(header), ..Envelope::default() };
    while at < bytes.len() {
        let (line, after) = line_at(bytes, at);
        if line.iter().all(u8::is_ascii_whitespace) {
            at = after;
            continue;
        }
        let header = object(line).unwrap_or_default();
        let length = length_of(&header);
        let (payload, next, is_whole) = payload_at(bytes, after, length);
        match text(&header, "type", 64) {
            None => envelope.malformed.add(next - at),
            Some(_) if envelope.items.len() >= limits::ITEMS => envelope.beyond.add(payload.len()),
            Some(kind) => envelope.items.push(RawItem { header: read_item_header(kind, &header), payload, is_whole }),
        }
        at = next;
    }
    Ok(envelope)
}

/// The line that begins at `at`, and where the next one begins.
fn line_at(bytes: &[u8], at: usize) -> (&[u8], usize) {
    let rest = &bytes[at..];
    match memchr(b'\n', rest) {
        Some(end) => (&rest[..end], at + end + 1),
        None => (rest, bytes.len()),
    }
}

/// The payload that begins at `at`, where the next item begins, and whether its length was right.
fn payload_at(bytes: &[u8], at: usize, length: Option<usize>) -> (&[u8], usize, bool) {
    let at = at.min(bytes.len());
    let Some(length) = length else {
        let (line, next) = line_at(bytes, at);
        return (line, next, true);
    };
    let Some(end) = at.checked_add(length).filter(|end| *end <= bytes.len()) else {
        let (line, next) = line_at(bytes, at);
        return (line, next, false);
    };
    match bytes.get(end) {
        None | Some(b'\n') => (&bytes[at..end], (end + 1).min(bytes.len()), true),
        Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => (&bytes[at..end], end + 2, true),
        // More follows where the item should end: it ends with its line.
        Some(_) => {
            let (_, next) = line_at(bytes, end);
            let payload = &bytes[at..next];
            (payload.strip_suffix(b"\n").unwrap_or(payload), next, false)
        }
    }
}

fn object(line: &[u8]) -> Option<Map<String, Value>> {
    if line.len() > limits::HEADER_LINE {
        return None;
    }
    serde_json::from_slice(line).ok()
}

fn length_of(header: &Map<String, Value>) -> Option<usize> {
    header.get("length").and_then(Value::as_u64).map(|length| usize::try_from(length).unwrap_or(usize::MAX))
}

/// A text of at most `max` bytes; the rest is cut off.
fn text(header: &Map<String, Value>, name: &str, max: usize) -> Option<String> {
    let text = header.get(name)?.as_str()?.trim();
    let end = text.floor_char_boundary(max);
    (end > 0).then(|| text[..end].to_owned())
}

fn read_header(header: Map<String, Value>) -> Header {
    let part = |name: &str| header.get(name).and_then(Value::as_object);
    let sdk = part("sdk").and_then(|sdk| {
        let name = text(sdk, "name", 100)?;
        Some(match text(sdk, "version", 60) {
            Some(version) => format!("{name}/{version}"),
            None => name,
        })
    });
    Header {
        event_id: text(&header, "event_id", 64),
        dsn: text(&header, "dsn", 500),
        sent_at: header.get("sent_at").and_then(read_time),
        sdk,
        trace: part("trace").map(read_trace),
    }
}

fn read_time(value: &Value) -> Option<Time> {
    match value {
        Value::String(text) => Time::parse_rfc3339(text),
        #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest moment there is")]
        Value::Number(number) => number.as_f64().filter(|seconds| seconds.is_finite()).map(|seconds| Time((seconds * 1_000.0) as i64)),
        _ => None,
    }
}

fn read_trace(trace: &Map<String, Value>) -> TraceHead {
    let rate = trace.get("sample_rate").and_then(|rate| match rate {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    });
    TraceHead {
        trace_id: text(trace, "trace_id", 64),
        sample_rate: rate.filter(|rate: &f64| (0.0..=1.0).contains(rate)),
        release: text(trace, "release", 200),
        environment: text(trace, "environment", 64),
        transaction: text(trace, "transaction", 200),
    }
}

fn read_item_header(kind: String, header: &Map<String, Value>) -> ItemHeader {
    ItemHeader {
        kind,
        filename: text(header, "filename", 200),
        content_type: text(header, "content_type", 100),
        attachment_type: text(header, "attachment_type", 64),
        platform: text(header, "platform", 40),
    }
}
