//! OTLP as JSON: protobuf's own mapping, but ids are hexadecimal. 64-bit numbers come as texts or as numbers, enums as either. Read by
//! ranges: a tree of a whole request would take a hundred times its bytes.

use kernel::Result;
use serde_json::{Map, Value};
use std::rc::Rc;

use super::{Attributes, Batch, Budget, Group, Line, Link, Scope, Span, SpanEvent, malformed, resource, too_many};
use super::{MAX_ATTRIBUTES, MAX_DEPTH, MAX_EVENTS, MAX_LINKS, MAX_REQUEST};
use crate::raw::Raw;

pub fn traces(body: &[u8]) -> Result<Batch<Span>> {
    requests(body, ["resourceSpans", "scopeSpans", "spans"], span)
}

pub fn logs(body: &[u8]) -> Result<Batch<Line>> {
    requests(body, ["resourceLogs", "scopeLogs", "logRecords"], line)
}

/// Reads one span or line.
type Read<T> = fn(Raw<'_>, &mut Budget) -> Result<T>;

fn requests<T>(body: &[u8], [groups, scopes, entries]: [&str; 3], entry: Read<T>) -> Result<Batch<T>> {
    let request = Raw::checked(body).map_err(|error| malformed("it is no JSON").because(error))?;
    if !request.is_object() {
        return Err(malformed("it is no object"));
    }
    let (mut batch, mut budget) = (Batch::new(), Budget::new());
    for group in all(request, groups) {
        let resource = match one(group, "resource").and_then(|resource| one(resource, "attributes")) {
            Some(list) => resource(attributes(list, 0, &mut budget)?),
            None => Rc::default(),
        };
        for of_scope in all(group, scopes) {
            let mut made = Group { resource: Rc::clone(&resource), scope: scope(of_scope), entries: Vec::new() };
            for value in all(of_scope, entries) {
                if made.entries.len() >= MAX_REQUEST - batch.count {
                    return Err(too_many());
                }
                made.entries.push(entry(value, &mut budget)?);
            }
            batch.take(made)?;
        }
    }
    Ok(batch)
}

fn one<'b>(object: Raw<'b>, name: &str) -> Option<Raw<'b>> {
    object.members().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
}

fn all<'b>(object: Raw<'b>, name: &str) -> impl Iterator<Item = Raw<'b>> {
    one(object, name).into_iter().flat_map(Raw::elements)
}

fn scope(of_scope: Raw<'_>) -> Scope {
    let part = |name: &str| one(of_scope, "scope").and_then(|scope| one(scope, name)).map(text).unwrap_or_default();
    Scope { name: part("name"), version: part("version") }
}

fn span(raw: Raw<'_>, budget: &mut Budget) -> Result<Span> {
    let mut span = Span::default();
    for (name, value) in raw.members() {
        match name {
            b"traceId" => span.trace_id = id(value),
            b"spanId" => span.span_id = id(value),
            b"parentSpanId" => span.parent_id = id(value),
            b"name" => span.name = text(value),
            b"kind" => span.kind = named(value, "SPAN_KIND_", &["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]),
            b"startTimeUnixNano" => span.start_nanos = number(value),
            b"endTimeUnixNano" => span.end_nanos = number(value),
            b"attributes" => span.attributes = attributes(value, 0, budget)?,
            b"events" => span.events = value.elements().take(MAX_EVENTS).map(|event| span_event(event, budget)).collect::<Result<_>>()?,
            b"links" => span.links = value.elements().take(MAX_LINKS).map(|other| link(other, budget)).collect::<Result<_>>()?,
            b"status" => {
                span.status_code = one(value, "code").map_or(0, |code| named(code, "STATUS_CODE_", &["UNSET", "OK", "ERROR"]));
                span.status_message = one(value, "message").map(text).unwrap_or_default();
            }
            b"flags" => span.flags = number(value),
            _ => {}
        }
    }
    Ok(span)
}

fn span_event(raw: Raw<'_>, budget: &mut Budget) -> Result<SpanEvent> {
    budget.take()?;
    let mut event = SpanEvent::default();
    for (name, value) in raw.members() {
        match name {
            b"timeUnixNano" => event.nanos = number(value),
            b"name" => event.name = text(value),
            b"attributes" => event.attributes = attributes(value, 0, budget)?,
            _ => {}
        }
    }
    Ok(event)
}

fn link(raw: Raw<'_>, budget: &mut Budget) -> Result<Link> {
    budget.take()?;
    let mut link = Link::default();
    for (name, value) in raw.members() {
        match name {
            b"traceId" => link.trace_id = id(value),
            b"spanId" => link.span_id = id(value),
            b"attributes" => link.attributes = attributes(value, 0, budget)?,
            _ => {}
        }
    }
    Ok(link)
}

fn line(raw: Raw<'_>, budget: &mut Budget) -> Result<Line> {
    let mut line = Line::default();
    for (name, value) in raw.members() {
        match name {
            b"timeUnixNano" => line.nanos = number(value),
            b"observedTimeUnixNano" => line.observed_nanos = number(value),
            b"severityNumber" => line.severity = severity(value),
            b"severityText" => line.severity_text = text(value),
            b"body" => line.body = any_value(value, 0, budget)?,
            b"attributes" => line.attributes = attributes(value, 0, budget)?,
            b"traceId" => line.trace_id = id(value),
            b"spanId" => line.span_id = id(value),
            b"eventName" => line.event_name = text(value),
            _ => {}
        }
    }
    Ok(line)
}

/// `17`, `"17"`, `"SEVERITY_NUMBER_ERROR"`, `"SEVERITY_NUMBER_ERROR2"`.
fn severity(raw: Raw<'_>) -> u64 {
    let names = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let told = text(raw);
    let Some(name) = told.strip_prefix("SEVERITY_NUMBER_") else { return number(raw) };
    let (word, step) = match name.as_bytes().last() {
        Some(digit @ b'2'..=b'4') => (&name[..name.len() - 1], u64::from(digit - b'1')),
        _ => (name, 0),
    };
    names.iter().position(|one| *one == word).map_or(0, |place| place as u64 * 4 + 1 + step)
}

fn named(raw: Raw<'_>, prefix: &str, names: &[&str]) -> u64 {
    let told = text(raw);
    let name = told.strip_prefix(prefix);
    name.and_then(|name| names.iter().position(|one| *one == name)).map_or_else(|| number(raw), |place| place as u64)
}

fn text(raw: Raw<'_>) -> String {
    match raw.scalar() {
        Value::String(text) => text,
        _ => String::new(),
    }
}

fn number(raw: Raw<'_>) -> u64 {
    let value = raw.scalar();
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

fn id(raw: Raw<'_>) -> Vec<u8> {
    let text = text(raw);
    if !text.len().is_multiple_of(2) || text.len() > 64 || !text.is_ascii() {
        return Vec::new();
    }
    let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok());
    bytes.collect::<Option<Vec<u8>>>().unwrap_or_default()
}

fn attributes(list: Raw<'_>, depth: usize, budget: &mut Budget) -> Result<Attributes> {
    let mut pairs = Attributes::new();
    for pair in list.elements() {
        if pairs.len() >= MAX_ATTRIBUTES {
            break;
        }
        let key = one(pair, "key").map(text).unwrap_or_default();
        if !key.is_empty() {
            budget.take()?;
            let value = one(pair, "value").map_or(Ok(Value::Null), |value| any_value(value, depth, budget))?;
            pairs.push((key, value));
        }
    }
    Ok(pairs)
}

fn any_value(raw: Raw<'_>, depth: usize, budget: &mut Budget) -> Result<Value> {
    let Some((form, inner)) = raw.members().next().filter(|_| depth <= MAX_DEPTH) else { return Ok(Value::Null) };
    let values = || one(inner, "values").unwrap_or(Raw(b"[]"));
    let told = inner.scalar();
    Ok(match form {
        b"stringValue" | b"boolValue" | b"bytesValue" => told,
        b"intValue" => told.as_i64().or_else(|| told.as_str()?.parse().ok()).map_or(Value::Null, Value::from),
        // `"NaN"` and `"Infinity"` are texts here.
        b"doubleValue" => told.as_f64().or_else(|| told.as_str()?.parse().ok()).map_or(Value::Null, Value::from),
        b"arrayValue" => {
            let mut list = Vec::new();
            for value in values().elements() {
                budget.take()?;
                list.push(any_value(value, depth + 1, budget)?);
            }
            Value::Array(list)
        }
        b"kvlistValue" => Value::Object(attributes(values(), depth + 1, budget)?.into_iter().collect::<Map<String, Value>>()),
        _ => Value::Null,
    })
}
