//! OpenTelemetry's traces and logs, as OTLP/HTTP sends them, in the containers that Sentry's SDKs send: one digest serves both.
//!
//! - `protobuf`, `json`: the two encodings, read into the same [`Batch`] (opentelemetry-proto 1.x by its field numbers)
//! - `spans`, `lines`: what becomes of a span and of a log record
//! - `attributes`: typed attributes; release and environment from the resource

mod attributes;
mod json;
mod lines;
mod protobuf;
mod spans;

#[cfg(test)]
mod tests;

use kernel::{Error, Result};
use serde_json::{Value, json};
use std::rc::Rc;

use crate::Kind;

/// Spans or lines as one payload of a kind that SDKs send, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub kind: Kind,
    pub payload: Vec<u8>,
    /// Of spans or lines.
    pub quantity: u64,
}

/// Entries of one container.
const MAX_ENTRIES: usize = 1_000;
/// A container ends early beyond this: a digest reads it whole.
const FULL_BYTES: usize = 1 << 20;
/// Of one request: collectors send 8,192 by default. A few bytes can announce a span, so that their number needs a bound of its own.
const MAX_REQUEST: usize = 20_000;
/// Attributes, elements of lists, events and links of one request: some bytes each on the wire, a hundred in memory.
const MAX_VALUES: usize = 500_000;
/// Of one entry; exporters themselves stop at 128.
const MAX_ATTRIBUTES: usize = 256;
const MAX_LINKS: usize = 32;
const MAX_EVENTS: usize = 32;
/// Values inside of values: OTLP itself sets no bound.
const MAX_DEPTH: usize = 16;
/// Each entry repeats what its resource says: what a request may grow to.
const MAX_OUTPUT: usize = 64 << 20;

pub fn traces(content_type: &str, body: &[u8]) -> Result<Vec<Container>> {
    let batch = match Encoding::of(content_type)? {
        Encoding::Protobuf => protobuf::traces(body)?,
        Encoding::Json => json::traces(body)?,
    };
    pack(Kind::Spans, spans::shaped(batch))
}

pub fn logs(content_type: &str, body: &[u8]) -> Result<Vec<Container>> {
    let batch = match Encoding::of(content_type)? {
        Encoding::Protobuf => protobuf::logs(body)?,
        Encoding::Json => json::logs(body)?,
    };
    pack(Kind::Logs, lines::shaped(batch))
}

enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    fn of(content_type: &str) -> Result<Encoding> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-protobuf") || essence.eq_ignore_ascii_case("application/protobuf") {
            Ok(Encoding::Protobuf)
        } else if essence.eq_ignore_ascii_case("application/json") {
            Ok(Encoding::Json)
        } else {
            Err(Error::invalid("OTLP is read as application/x-protobuf or application/json; set the exporter's protocol to http/protobuf."))
        }
    }
}

/// What one request says, whichever way it was encoded.
struct Batch<T> {
    groups: Vec<Group<T>>,
    count: usize,
}

/// Entries of one scope of one resource.
struct Group<T> {
    resource: Rc<Attributes>,
    scope: Scope,
    entries: Vec<T>,
}

type Attributes = Vec<(String, Value)>;

#[derive(Default, Clone)]
struct Scope {
    name: String,
    version: String,
}

#[derive(Default)]
struct Span {
    trace_id: Vec<u8>,
    span_id: Vec<u8>,
    parent_id: Vec<u8>,
    name: String,
    kind: u64,
    start_nanos: u64,
    end_nanos: u64,
    attributes: Attributes,
    events: Vec<SpanEvent>,
    links: Vec<Link>,
    status_code: u64,
    status_message: String,
    flags: u64,
}

#[derive(Default)]
struct SpanEvent {
    nanos: u64,
    name: String,
    attributes: Attributes,
}

#[derive(Default)]
struct Link {
    trace_id: Vec<u8>,
    span_id: Vec<u8>,
    attributes: Attributes,
}

#[derive(Default)]
struct Line {
    nanos: u64,
    observed_nanos: u64,
    severity: u64,
    severity_text: String,
    body: Value,
    attributes: Attributes,
    trace_id: Vec<u8>,
    span_id: Vec<u8>,
    event_name: String,
}

impl<T> Batch<T> {
    fn new() -> Batch<T> {
        Batch { groups: Vec::new(), count: 0 }
    }

    fn take(&mut self, group: Group<T>) -> Result<()> {
        self.count += group.entries.len();
        if self.count > MAX_REQUEST {
            return Err(too_many());
        }
        if !group.entries.is_empty() {
            self.groups.push(group);
        }
        Ok(())
    }
}

const NOT_ALL: &str = "Some of these were not taken: this project has reported as much as it may, or they were too many or too large.";

/// What an exporter hears: nothing where everything was taken, else how much was not (`partial_success`).
pub(crate) fn answer_json(lost: u64, rejected: &str) -> String {
    match lost {
        0 => "{}".to_owned(),
        _ => json!({ "partialSuccess": { rejected: lost.to_string(), "errorMessage": NOT_ALL } }).to_string(),
    }
}

pub(crate) fn answer_protobuf(lost: u64) -> Vec<u8> {
    if lost == 0 {
        return Vec::new();
    }
    let partial = [&[0x08][..], &varint(lost), &[0x12], &varint(NOT_ALL.len() as u64), NOT_ALL.as_bytes()].concat();
    [&[0x0a][..], &varint(partial.len() as u64), &partial].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// What may still be made of one request.
struct Budget {
    values: usize,
}

impl Budget {
    fn new() -> Budget {
        Budget { values: MAX_VALUES }
    }

    /// One value more.
    fn take(&mut self) -> Result<()> {
        self.values = self.values.checked_sub(1).ok_or_else(too_many)?;
        Ok(())
    }
}

/// A resource is repeated in all of its entries: what is read of it is bounded before that.
fn resource(mut attributes: Attributes) -> Rc<Attributes> {
    attributes.retain(|(name, value)| name.len() <= 200 && value.as_str().map_or_else(|| value.to_string().len(), str::len) <= 4_096);
    Rc::new(attributes)
}

fn too_many() -> Error {
    let most = format!("An OTLP request holds at most {MAX_REQUEST} entries and {MAX_VALUES} attributes here; export smaller batches.");
    Error::new(kernel::Kind::TooLarge, most)
}

fn malformed(what: &str) -> Error {
    Error::invalid(format!("This is no OTLP request: {what}."))
}

fn pack(kind: Kind, entries: impl Iterator<Item = Value>) -> Result<Vec<Container>> {
    let mut containers = Vec::new();
    let (mut items, mut count, mut total) = (String::new(), 0, 0);
    let mut close = |items: &mut String, count: &mut usize| {
        if *count > 0 {
            let payload = format!("{{\"version\":2,\"items\":[{items}]}}").into_bytes();
            containers.push(Container { kind, payload, quantity: *count as u64 });
            items.clear();
            *count = 0;
        }
    };
    for entry in entries {
        let entry = entry.to_string();
        total += entry.len();
        if total > MAX_OUTPUT {
            return Err(too_many());
        }
        if count == MAX_ENTRIES || items.len() + entry.len() > FULL_BYTES {
            close(&mut items, &mut count);
        }
        if count > 0 {
            items.push(',');
        }
        items.push_str(&entry);
        count += 1;
    }
    close(&mut items, &mut count);
    Ok(containers)
}

/// `None`: not of this length, or all zeros.
fn hex_id(id: &[u8], len: usize) -> Option<String> {
    (id.len() == len && id.iter().any(|byte| *byte != 0)).then(|| id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Seconds as SDKs write them: a double holds microseconds of our century.
fn seconds(nanos: u64) -> Value {
    json!((nanos / 1_000) as f64 / 1e6)
}
