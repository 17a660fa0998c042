//! OTLP as JSON: protobuf's own mapping, but ids are hexadecimal. 64-bit numbers come as texts or as numbers, enums as either.

use kernel::Result;
use serde_json::{Map, Value};
use std::rc::Rc;

use super::{Attributes, Batch, Group, Line, Link, MAX_REQUEST, Scope, Span, SpanEvent, malformed, resource, too_many};

pub fn traces(body: &[u8]) -> Result<Batch<Span>> {
    requests(body, "resourceSpans", "scopeSpans", "spans", span)
}

pub fn logs(body: &[u8]) -> Result<Batch<Line>> {
    requests(body, "resourceLogs", "scopeLogs", "logRecords", line)
}

fn requests<T>(body: &[u8], resources: &str, scopes: &str, entries: &str, entry: fn(&Value) -> T) -> Result<Batch<T>> {
    // serde_json's own bound on depth (128) holds here.
    let request: Value = serde_json::from_slice(body).map_err(|error| malformed("it is no JSON").because(error))?;
    if !request.is_object() {
        return Err(malformed("it is no object"));
    }
    let mut batch = Batch::new();
    for group in list(&request[resources]) {
        let resource = resource(attributes(&group["resource"]["attributes"]));
        for of_scope in list(&group[scopes]) {
            let entries = list(&of_scope[entries]);
            if entries.len() > MAX_REQUEST - batch.count {
                return Err(too_many());
            }
            let scope = Scope { name: text(&of_scope["scope"]["name"]), version: text(&of_scope["scope"]["version"]) };
            batch.take(Group { resource: Rc::clone(&resource), scope, entries: entries.iter().map(entry).collect() })?;
        }
    }
    Ok(batch)
}

fn span(value: &Value) -> Span {
    Span {
        trace_id: id(&value["traceId"]),
        span_id: id(&value["spanId"]),
        parent_id: id(&value["parentSpanId"]),
        name: text(&value["name"]),
        kind: named(&value["kind"], "SPAN_KIND_", &["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]),
        start_nanos: number(&value["startTimeUnixNano"]),
        end_nanos: number(&value["endTimeUnixNano"]),
        attributes: attributes(&value["attributes"]),
        events: list(&value["events"]).iter().map(span_event).collect(),
        links: list(&value["links"]).iter().map(link).collect(),
        status_code: named(&value["status"]["code"], "STATUS_CODE_", &["UNSET", "OK", "ERROR"]),
        status_message: text(&value["status"]["message"]),
        flags: number(&value["flags"]),
    }
}

fn span_event(value: &Value) -> SpanEvent {
    SpanEvent { nanos: number(&value["timeUnixNano"]), name: text(&value["name"]), attributes: attributes(&value["attributes"]) }
}

fn link(value: &Value) -> Link {
    Link { trace_id: id(&value["traceId"]), span_id: id(&value["spanId"]), attributes: attributes(&value["attributes"]) }
}

fn line(value: &Value) -> Line {
    Line {
        nanos: number(&value["timeUnixNano"]),
        observed_nanos: number(&value["observedTimeUnixNano"]),
        severity: severity(&value["severityNumber"]),
        severity_text: text(&value["severityText"]),
        body: any_value(&value["body"]),
        attributes: attributes(&value["attributes"]),
        trace_id: id(&value["traceId"]),
        span_id: id(&value["spanId"]),
        event_name: text(&value["eventName"]),
    }
}

/// `17`, `"17"`, `"SEVERITY_NUMBER_ERROR"`, `"SEVERITY_NUMBER_ERROR2"`.
fn severity(value: &Value) -> u64 {
    let names = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let Some(name) = value.as_str().and_then(|text| text.strip_prefix("SEVERITY_NUMBER_")) else { return number(value) };
    let (word, step) = match name.as_bytes().last() {
        Some(digit @ b'2'..=b'4') => (&name[..name.len() - 1], u64::from(digit - b'1')),
        _ => (name, 0),
    };
    names.iter().position(|one| *one == word).map_or(0, |place| place as u64 * 4 + 1 + step)
}

fn named(value: &Value, prefix: &str, names: &[&str]) -> u64 {
    let name = value.as_str().and_then(|text| text.strip_prefix(prefix));
    name.and_then(|name| names.iter().position(|one| *one == name)).map_or_else(|| number(value), |place| place as u64)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

fn id(value: &Value) -> Vec<u8> {
    let Some(text) = value.as_str().filter(|text| text.len() % 2 == 0 && text.len() <= 64 && text.is_ascii()) else { return Vec::new() };
    let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok());
    bytes.collect::<Option<Vec<u8>>>().unwrap_or_default()
}

fn attributes(value: &Value) -> Attributes {
    let pair = |pair: &Value| Some((pair["key"].as_str().filter(|key| !key.is_empty())?.to_owned(), any_value(&pair["value"])));
    list(value).iter().filter_map(pair).collect()
}

/// Its depth is that of the JSON it stands in.
fn any_value(value: &Value) -> Value {
    let Some((form, inner)) = value.as_object().and_then(|object| object.iter().next()) else { return Value::Null };
    match form.as_str() {
        "stringValue" | "boolValue" | "bytesValue" => inner.clone(),
        "intValue" => inner.as_i64().or_else(|| inner.as_str()?.parse().ok()).map_or(Value::Null, Value::from),
        // `"NaN"` and `"Infinity"` are texts here.
        "doubleValue" => inner.as_f64().or_else(|| inner.as_str()?.parse().ok()).map_or(Value::Null, Value::from),
        "arrayValue" => list(&inner["values"]).iter().map(any_value).collect(),
        "kvlistValue" => Value::Object(attributes(&inner["values"]).into_iter().collect::<Map<String, Value>>()),
        _ => Value::Null,
    }
}
