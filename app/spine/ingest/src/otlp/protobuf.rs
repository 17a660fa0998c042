//! OTLP as protobuf. The numbers are those of opentelemetry-proto; what is not known is skipped, as protobuf demands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Result;
use serde_json::{Map, Value};
use std::rc::Rc;

use super::{Attributes, Batch, Budget, Group, Line, Link, Scope, Span, SpanEvent, malformed, resource, too_many};
use super::{MAX_ATTRIBUTES, MAX_DEPTH, MAX_EVENTS, MAX_LINKS, MAX_REQUEST};

/// Reads one span or line.
type Read<T> = fn(&[u8], &mut Budget) -> Result<T>;

pub fn traces(body: &[u8]) -> Result<Batch<Span>> {
    requests(body, span)
}

pub fn logs(body: &[u8]) -> Result<Batch<Line>> {
    requests(body, line)
}

/// Both requests have one shape: resources (1) with scopes (2) with entries (2).
fn requests<T>(body: &[u8], entry: Read<T>) -> Result<Batch<T>> {
    let (mut batch, mut budget) = (Batch::new(), Budget::new());
    for field in Fields(body) {
        if let (1, Wire::Bytes(group)) = field? {
            let mut attributes = Vec::new();
            for field in Fields(group) {
                if let (1, Wire::Bytes(bytes)) = field? {
                    attributes = key_values(bytes, 1, &mut budget)?;
                }
            }
            let attributes = resource(attributes);
            for field in Fields(group) {
                if let (2, Wire::Bytes(of_scope)) = field? {
                    batch.take(scoped(of_scope, &attributes, (MAX_REQUEST - batch.count, entry), &mut budget)?)?;
                }
            }
        }
    }
    Ok(batch)
}

fn scoped<T>(bytes: &[u8], resource: &Rc<Attributes>, (room, entry): (usize, Read<T>), budget: &mut Budget) -> Result<Group<T>> {
    let mut group = Group { resource: Rc::clone(resource), scope: Scope::default(), entries: Vec::new() };
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(scope)) => group.scope = scope_of(scope)?,
            (2, Wire::Bytes(bytes)) if group.entries.len() < room => group.entries.push(entry(bytes, budget)?),
            (2, Wire::Bytes(_)) => return Err(too_many()),
            _ => {}
        }
    }
    Ok(group)
}

fn scope_of(bytes: &[u8]) -> Result<Scope> {
    let mut scope = Scope::default();
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(name)) => scope.name = text(name),
            (2, Wire::Bytes(version)) => scope.version = text(version),
            _ => {}
        }
    }
    Ok(scope)
}

fn span(bytes: &[u8], budget: &mut Budget) -> Result<Span> {
    let mut span = Span::default();
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(id)) => span.trace_id = id.to_vec(),
            (2, Wire::Bytes(id)) => span.span_id = id.to_vec(),
            (4, Wire::Bytes(id)) => span.parent_id = id.to_vec(),
            (5, Wire::Bytes(name)) => span.name = text(name),
            (6, Wire::Number(kind)) => span.kind = kind,
            (7, Wire::Number(nanos)) => span.start_nanos = nanos,
            (8, Wire::Number(nanos)) => span.end_nanos = nanos,
            (9, Wire::Bytes(pair)) if span.attributes.len() < MAX_ATTRIBUTES => span.attributes.extend(key_value(pair, 0, budget)?),
            (11, Wire::Bytes(event)) if span.events.len() < MAX_EVENTS => span.events.push(span_event(event, budget)?),
            (13, Wire::Bytes(other)) if span.links.len() < MAX_LINKS => span.links.push(link(other, budget)?),
            (15, Wire::Bytes(status)) => {
                for field in Fields(status) {
                    match field? {
                        (2, Wire::Bytes(message)) => span.status_message = text(message),
                        (3, Wire::Number(code)) => span.status_code = code,
                        _ => {}
                    }
                }
            }
            (16, Wire::Number(flags)) => span.flags = flags,
            _ => {}
        }
    }
    Ok(span)
}

fn span_event(bytes: &[u8], budget: &mut Budget) -> Result<SpanEvent> {
    budget.take()?;
    let mut event = SpanEvent { attributes: key_values(bytes, 3, budget)?, ..SpanEvent::default() };
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Number(nanos)) => event.nanos = nanos,
            (2, Wire::Bytes(name)) => event.name = text(name),
            _ => {}
        }
    }
    Ok(event)
}

fn link(bytes: &[u8], budget: &mut Budget) -> Result<Link> {
    budget.take()?;
    let mut link = Link { attributes: key_values(bytes, 4, budget)?, ..Link::default() };
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(id)) => link.trace_id = id.to_vec(),
            (2, Wire::Bytes(id)) => link.span_id = id.to_vec(),
            _ => {}
        }
    }
    Ok(link)
}

fn line(bytes: &[u8], budget: &mut Budget) -> Result<Line> {
    let mut line = Line { attributes: key_values(bytes, 6, budget)?, ..Line::default() };
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Number(nanos)) => line.nanos = nanos,
            (2, Wire::Number(severity)) => line.severity = severity,
            (3, Wire::Bytes(severity)) => line.severity_text = text(severity),
            (5, Wire::Bytes(body)) => line.body = any_value(body, 0, budget)?,
            (9, Wire::Bytes(id)) => line.trace_id = id.to_vec(),
            (10, Wire::Bytes(id)) => line.span_id = id.to_vec(),
            (11, Wire::Number(nanos)) => line.observed_nanos = nanos,
            (12, Wire::Bytes(name)) => line.event_name = text(name),
            _ => {}
        }
    }
    Ok(line)
}

/// The attributes in the repeated field `number`.
fn key_values(bytes: &[u8], number: u64, budget: &mut Budget) -> Result<Attributes> {
    let mut pairs = Vec::new();
    for field in Fields(bytes) {
        match field? {
            (field, Wire::Bytes(pair)) if field == number && pairs.len() < MAX_ATTRIBUTES => pairs.extend(key_value(pair, 0, budget)?),
            _ => {}
        }
    }
    Ok(pairs)
}

fn key_value(bytes: &[u8], depth: usize, budget: &mut Budget) -> Result<Option<(String, Value)>> {
    budget.take()?;
    let (mut key, mut value) = (String::new(), Value::Null);
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(name)) => key = text(name),
            (2, Wire::Bytes(any)) => value = any_value(any, depth, budget)?,
            _ => {}
        }
    }
    Ok((!key.is_empty()).then_some((key, value)))
}

fn any_value(bytes: &[u8], depth: usize, budget: &mut Budget) -> Result<Value> {
    let mut value = Value::Null;
    if depth > MAX_DEPTH {
        return Ok(value);
    }
    for field in Fields(bytes) {
        value = match field? {
            (1, Wire::Bytes(bytes)) => Value::from(text(bytes)),
            (2, Wire::Number(number)) => Value::from(number != 0),
            // Negative numbers come in two's complement.
            (3, Wire::Number(number)) => Value::from(number.cast_signed()),
            (4, Wire::Number(bits)) => Value::from(f64::from_bits(bits)),
            (5, Wire::Bytes(list)) => Value::Array(list_of(list, depth, budget)?),
            (6, Wire::Bytes(list)) => Value::Object(map_of(list, depth, budget)?),
            (7, Wire::Bytes(bytes)) => Value::from(STANDARD.encode(bytes)),
            _ => continue,
        };
    }
    Ok(value)
}

fn list_of(bytes: &[u8], depth: usize, budget: &mut Budget) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    for field in Fields(bytes) {
        if let (1, Wire::Bytes(value)) = field? {
            budget.take()?;
            values.push(any_value(value, depth + 1, budget)?);
        }
    }
    Ok(values)
}

fn map_of(bytes: &[u8], depth: usize, budget: &mut Budget) -> Result<Map<String, Value>> {
    let mut map = Map::new();
    for field in Fields(bytes) {
        if let (1, Wire::Bytes(pair)) = field? {
            map.extend(key_value(pair, depth + 1, budget)?);
        }
    }
    Ok(map)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A field's value as it lies on the wire.
enum Wire<'b> {
    /// A varint or a fixed number.
    Number(u64),
    Bytes(&'b [u8]),
}

/// The fields of one message.
struct Fields<'b>(&'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u64, Wire<'b>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or_else(|| malformed("a field of it is cut off, or no protobuf"));
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'b> Fields<'b> {
    fn field(&mut self) -> Option<(u64, Wire<'b>)> {
        let key = self.varint()?;
        let wire = match key & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(len)?)
            }
            5 => Wire::Number(u64::from(u32::from_le_bytes(self.take(4)?.try_into().ok()?))),
            // Groups went out of use before OTLP was written.
            _ => return None,
        };
        Some((key >> 3, wire))
    }

    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in 0..10 {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}
