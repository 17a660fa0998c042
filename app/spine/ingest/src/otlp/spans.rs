//! Spans of OpenTelemetry as spans of Sentry's protocol (v2).

use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::rc::Rc;

use super::attributes::{Common, Typed, cut};
use super::{Attributes, Batch, Group, Link, MAX_EVENTS, MAX_LINKS, Span, SpanEvent, hex_id, seconds};

const SERVER: u64 = 2;
const CLIENT: u64 = 3;
const PRODUCER: u64 = 4;
const CONSUMER: u64 = 5;
const FAILED: u64 = 2;
/// The flags know whether the parent lives in another process (bit 8), and it does (bit 9).
const REMOTE_PARENT: u64 = 0x300;

/// Parents are followed this far to find the segment; a circle ends here, too.
const MAX_CLIMB: usize = 64;

/// One after another: all at once would take many times the request.
pub fn shaped(batch: Batch<Span>) -> impl Iterator<Item = Value> {
    let segments = Rc::new(Segments::of(&batch));
    batch.groups.into_iter().flat_map(move |Group { resource, scope, entries }| {
        let (common, segments) = (Common::of(&resource, &scope), Rc::clone(&segments));
        entries.into_iter().enumerate().map(move |(place, span)| shape(span, place, &common, &segments))
    })
}

/// Segments of this request, for the spans below them.
struct Segments {
    parents: HashMap<(Vec<u8>, Vec<u8>), Vec<u8>>,
    names: HashMap<(Vec<u8>, Vec<u8>), String>,
}

impl Segments {
    fn of(batch: &Batch<Span>) -> Segments {
        let mut segments = Segments { parents: HashMap::new(), names: HashMap::new() };
        for span in batch.groups.iter().flat_map(|group| &group.entries) {
            let id = (span.trace_id.clone(), span.span_id.clone());
            if is_segment(span) {
                segments.names.insert(id, name(span).0);
            } else {
                segments.parents.insert(id, span.parent_id.clone());
            }
        }
        segments
    }

    /// Id and name of the segment above, if it came in the same request.
    fn above(&self, span: &Span) -> Option<(String, &str)> {
        let mut id = (span.trace_id.clone(), span.parent_id.clone());
        for _ in 0..MAX_CLIMB {
            if let Some(name) = self.names.get(&id) {
                return Some((hex_id(&id.1, 8)?, name));
            }
            id.1 = self.parents.get(&id)?.clone();
        }
        None
    }
}

/// Where work begins that somebody waits for: no parent, one in another process, or a request or message that came in.
fn is_segment(span: &Span) -> bool {
    hex_id(&span.parent_id, 8).is_none() || span.flags & REMOTE_PARENT == REMOTE_PARENT || matches!(span.kind, SERVER | CONSUMER)
}

fn shape(span: Span, place: usize, common: &Common, segments: &Segments) -> Value {
    let is_segment = is_segment(&span);
    let (name, source) = name(&span);
    let (trace_id, span_id) = ids(&span, place);
    let mut typed = if is_segment { common.whole.clone() } else { common.short.clone() };
    if is_segment {
        typed.put_text("sentry.segment.id", &span_id);
        typed.put_text("sentry.segment.name", &name);
        typed.put_text("sentry.segment.name.source", source);
    } else if let Some((id, name)) = segments.above(&span) {
        typed.put_text("sentry.segment.id", &id);
        typed.put_text("sentry.segment.name", name);
    }
    let parent_id = hex_id(&span.parent_id, 8);
    let end_nanos = span.end_nanos.max(span.start_nanos);
    let mut own = Typed::default();
    own.put_all(span.attributes);
    own.put_text("sentry.op", &operation(span.kind, &own));
    own.put_text("sentry.kind", kind_name(span.kind));
    own.put_text("sentry.origin", "auto.otlp");
    own.put_text("sentry.status.message", &span.status_message);
    rename(&mut own);
    put_events(&mut own, span.events);
    // What the span itself says goes before what its resource says.
    typed.0.extend(own.0);
    let mut shaped = json!({
        "trace_id": trace_id,
        "span_id": span_id,
        "name": name,
        "status": if span.status_code == FAILED { "error" } else { "ok" },
        "is_segment": is_segment,
        "start_timestamp": seconds(span.start_nanos),
        "end_timestamp": seconds(end_nanos),
        "attributes": typed.0,
    });
    if let Some(parent_id) = parent_id {
        shaped["parent_span_id"] = Value::from(parent_id);
    }
    let links: Vec<Value> = span.links.into_iter().take(MAX_LINKS).filter_map(link).collect();
    if !links.is_empty() {
        shaped["links"] = Value::Array(links);
    }
    shaped
}

/// A span without ids gets its own, the same each time it is sent: it belongs to no trace, but it is not lost.
fn ids(span: &Span, place: usize) -> (String, String) {
    let seed = format!("{}/{}/{}/{place}", span.name, span.start_nanos, span.end_nanos);
    let digest = ring::digest::digest(&ring::digest::SHA256, seed.as_bytes());
    let made = |from: usize, len: usize| hex_id(&digest.as_ref()[from..from + len], len).unwrap_or_default();
    (hex_id(&span.trace_id, 16).unwrap_or_else(|| made(0, 16)), hex_id(&span.span_id, 8).unwrap_or_else(|| made(16, 8)))
}

/// The name, and where it comes from. A bare method (`GET`) is what instrumentation writes that knows no route: the path completes it.
fn name(span: &Span) -> (String, &'static str) {
    let find = |names: &[&str]| {
        let value = span.attributes.iter().find(|(name, _)| names.contains(&name.as_str())).and_then(|(_, value)| value.as_str());
        value.filter(|text| !text.is_empty())
    };
    let name = cut(&span.name, 1_024);
    let Some(method) = find(&["http.request.method", "http.method"]) else { return (name.to_owned(), "custom") };
    let is_bare = name.is_empty() || name.eq_ignore_ascii_case(method) || name == format!("HTTP {method}");
    match (find(&["http.route"]), find(&["url.path", "http.target"])) {
        (Some(route), _) if is_bare => (format!("{method} {}", cut(route, 1_024)), "route"),
        (Some(_), _) => (name.to_owned(), "route"),
        (None, Some(path)) if is_bare && span.kind == SERVER => {
            (format!("{method} {}", cut(path.split('?').next().unwrap_or_default(), 1_024)), "url")
        }
        (None, _) => (name.to_owned(), "custom"),
    }
}

/// Sentry's operations from OpenTelemetry's conventions.
fn operation(kind: u64, own: &Typed) -> String {
    let has = |names: &[&str]| names.iter().any(|name| own.has(name));
    if has(&["http.request.method", "http.method"]) {
        return if kind == SERVER { "http.server" } else { "http.client" }.to_owned();
    }
    if has(&["db.system.name", "db.system"]) {
        return "db".to_owned();
    }
    if let Some(operation) = own.text("gen_ai.operation.name") {
        return format!("gen_ai.{}", cut(operation, 40));
    }
    if has(&["messaging.system"]) {
        return match kind {
            PRODUCER => "queue.publish",
            CONSUMER => "queue.process",
            _ => "queue",
        }
        .to_owned();
    }
    if has(&["rpc.system", "rpc.service"]) {
        return if kind == SERVER { "rpc.server" } else { "rpc" }.to_owned();
    }
    if let Some(trigger) = own.text("faas.trigger") {
        return format!("function.{}", cut(trigger, 40));
    }
    "default".to_owned()
}

fn kind_name(kind: u64) -> &'static str {
    match kind {
        1 => "internal",
        SERVER => "server",
        CLIENT => "client",
        PRODUCER => "producer",
        CONSUMER => "consumer",
        _ => "",
    }
}

/// Names before the conventions became stable, and what they are called now: digests look for the new ones.
const RENAMED: &[(&str, &str)] = &[
    ("http.method", "http.request.method"),
    ("http.status_code", "http.response.status_code"),
    ("http.url", "url.full"),
    ("http.target", "url.path"),
    ("db.system", "db.system.name"),
    ("db.statement", "db.query.text"),
    ("db.name", "db.namespace"),
    ("enduser.id", "user.id"),
];

fn rename(own: &mut Typed) {
    for (old, new) in RENAMED {
        if let Some(value) = own.get(old).cloned() {
            own.put(new, value);
        }
    }
}

/// The first exception as attributes, whose names are the conventions' own; the rest as one text.
fn put_events(own: &mut Typed, events: Vec<SpanEvent>) {
    let mut others = Vec::new();
    let mut has_exception = false;
    for event in events.into_iter().take(MAX_EVENTS) {
        if event.name == "exception" && !has_exception {
            has_exception = true;
            own.put_all(event.attributes);
        } else {
            others.push(json!({"name": event.name, "timestamp": seconds(event.nanos), "attributes": plain(event.attributes)}));
        }
    }
    if !others.is_empty() {
        own.put("otel.events", Value::from(Value::Array(others).to_string()));
    }
}

fn plain(attributes: Attributes) -> Map<String, Value> {
    attributes.into_iter().take(64).collect()
}

fn link(link: Link) -> Option<Value> {
    let mut typed = Typed::default();
    typed.put_all(link.attributes);
    Some(json!({"trace_id": hex_id(&link.trace_id, 16)?, "span_id": hex_id(&link.span_id, 8)?, "attributes": typed.0}))
}
