//! From the payloads of the wire to [`Span`]s: `transaction` items, span v2 containers, and the lone spans of older browser SDKs.
//! What cannot be read is left out; nothing is refused for one field.

mod fields;

use ingest::{Item, Kind};
use kernel::{Error, Result};
use serde_json::Value;

use super::span::{Raw, Span, SpanId, TraceId, checked_rate};
use super::vital::Vital;
use fields::{Fields, at, micros_of, number, text};

/// More than this in one item are not looked at; the door takes fewer.
const MAX_SPANS: usize = 20_000;
/// Whatever claims to last longer has a wrong clock.
const LONGEST: i64 = 7 * 86_400_000_000;

pub use fields::attributes;

/// The door has repaired what a strict reader refuses.
pub fn payload(item: &Item) -> Result<Value> {
    serde_json::from_slice(&item.payload()?).map_err(|error| Error::invalid("What was reported is not JSON.").because(error))
}

/// In the order of the payload; a transaction comes before its children.
pub fn spans<'a>(item: &'a Item, payload: &'a Value) -> Vec<Span<'a>> {
    let mut spans = match item.kind {
        Kind::Transaction => transaction(payload),
        _ => container(payload),
    };
    spans.truncate(MAX_SPANS);
    let shift = drift(item);
    for span in &mut spans {
        with_head(span, item);
        span.start = span.start.map(|start| start.saturating_add(shift));
    }
    spans
}

/// How far the sender's clock is off, in microseconds, where that is more than delivery explains (55 minutes).
fn drift(item: &Item) -> i64 {
    let off = item.head.sent_at.map_or(0, |sent| item.received_at.0.saturating_sub(sent.0));
    if off.unsigned_abs() > 55 * 60_000 { off.saturating_mul(1_000) } else { 0 }
}

/// What only the envelope says.
fn with_head<'a>(span: &mut Span<'a>, item: &'a Item) {
    let Some(head) = &item.head.trace else { return };
    if span.release.is_empty() {
        span.release = head.release.as_deref().unwrap_or_default();
    }
    if span.environment.is_empty() {
        span.environment = head.environment.as_deref().unwrap_or_default();
    }
    if span.sample_rate.is_none() {
        span.sample_rate = head.sample_rate.and_then(checked_rate);
    }
}

fn container(payload: &Value) -> Vec<Span<'_>> {
    match payload.get("items").and_then(Value::as_array) {
        Some(items) => items.iter().take(MAX_SPANS).filter(|value| value.is_object()).map(span_v2).collect(),
        // Browser SDKs before 11 send what they measure after the page load as one bare span.
        None if payload.get("span_id").is_some() => vec![bare_span(payload)],
        None => Vec::new(),
    }
}

fn span_v2(value: &Value) -> Span<'_> {
    let fields = Fields::typed(value.get("attributes"));
    let parent = SpanId::parse(text(value, "parent_span_id"));
    let is_root = value.get("is_segment").and_then(Value::as_bool).unwrap_or(parent.is_none());
    let code = fields.code();
    let outcome = text(value, "status");
    let (start, micros) = lasting(value.get("start_timestamp"), value.get("end_timestamp"));
    let id = SpanId::parse(text(value, "span_id"));
    let op = fields.op();
    Span {
        trace: TraceId::parse(text(value, "trace_id")),
        id,
        parent: parent.filter(|parent| Some(*parent) != id),
        is_root: is_root && !is_measurement(op),
        root: SpanId::parse(fields.text(&["sentry.segment.id", "sentry.segment_id"])),
        root_name: fields.text(&["sentry.segment.name", "sentry.transaction", "transaction"]),
        name: text(value, "name"),
        op,
        source: fields.text(&["sentry.segment.name.source", "sentry.span.source", "sentry.source"]),
        method: fields.method(),
        path: fields.path(),
        code,
        outcome,
        is_failed: is_failed(op, outcome, code),
        start,
        micros,
        query: fields.query(op, text(value, "name")),
        system: fields.system(),
        release: fields.text(&["sentry.release", "release", "service.version"]),
        environment: fields.text(&["sentry.environment", "environment", "deployment.environment.name", "deployment.environment"]),
        user: fields.user(),
        sdk: fields.text(&["sentry.sdk.name", "telemetry.sdk.name"]),
        sample_rate: fields.number(&["sentry.sample_rate", "sentry.client_sample_rate"]).and_then(checked_rate),
        vitals: fields.vitals(),
        raw: value.get("attributes").map_or(Raw::None, Raw::Typed),
    }
}

fn transaction(payload: &Value) -> Vec<Span<'_>> {
    let root = transaction_root(payload);
    let children = payload.get("spans").and_then(Value::as_array);
    let children = children.into_iter().flatten().take(MAX_SPANS).filter(|value| value.is_object());
    let mut spans = vec![root.clone()];
    spans.extend(children.map(|value| {
        let child = old_span(value);
        Span {
            trace: child.trace.or(root.trace),
            root: root.id,
            root_name: root.name,
            is_root: false,
            release: root.release,
            environment: root.environment,
            sdk: root.sdk,
            sample_rate: root.sample_rate,
            ..child
        }
    }));
    spans
}

fn transaction_root(payload: &Value) -> Span<'_> {
    let context = at(payload, &["contexts", "trace"]);
    let data = context.get("data");
    let fields = Fields::plain(data);
    let code = fields.code().or_else(|| number(at(payload, &["contexts", "response", "status_code"])).and_then(whole_code));
    let outcome = text(context, "status");
    let (start, micros) = lasting(payload.get("start_timestamp"), payload.get("timestamp"));
    let id = SpanId::parse(text(context, "span_id"));
    let request = payload.get("request").unwrap_or(&Value::Null);
    let user = payload.get("user").unwrap_or(&Value::Null);
    let op = first(&[text(context, "op"), fields.op()]);
    Span {
        trace: TraceId::parse(text(context, "trace_id")),
        id,
        parent: SpanId::parse(text(context, "parent_span_id")).filter(|parent| Some(*parent) != id),
        is_root: true,
        root: id,
        root_name: text(payload, "transaction"),
        name: text(payload, "transaction"),
        op,
        source: first(&[text(at(payload, &["transaction_info"]), "source"), fields.text(&["sentry.segment.name.source", "sentry.source"])]),
        method: first(&[text(request, "method"), fields.method()]),
        path: first(&[fields.path(), fields::path_of(text(request, "url"))]),
        code,
        outcome,
        is_failed: is_failed(op, outcome, code),
        start,
        micros,
        query: "",
        system: fields.system(),
        release: text(payload, "release"),
        environment: text(payload, "environment"),
        user: first(&[text(user, "id"), text(user, "email"), text(user, "username")]),
        sdk: text(at(payload, &["sdk"]), "name"),
        sample_rate: fields.number(&["sentry.sample_rate"]).and_then(checked_rate),
        vitals: measured(payload.get("measurements")),
        raw: data.map_or(Raw::None, Raw::Plain),
    }
}

/// A span as transactions carry it.
fn old_span(value: &Value) -> Span<'_> {
    let data = value.get("data");
    let fields = Fields::plain(data);
    let (start, micros) = lasting(value.get("start_timestamp"), value.get("timestamp"));
    let id = SpanId::parse(text(value, "span_id"));
    let (op, outcome) = (first(&[text(value, "op"), fields.op()]), text(value, "status"));
    let code = fields.code();
    Span {
        trace: TraceId::parse(text(value, "trace_id")),
        id,
        parent: SpanId::parse(text(value, "parent_span_id")).filter(|parent| Some(*parent) != id),
        is_root: false,
        root: SpanId::parse(text(value, "segment_id")),
        root_name: fields.text(&["sentry.segment.name", "sentry.transaction", "transaction"]),
        name: first(&[text(value, "description"), op]),
        op,
        source: "",
        method: fields.method(),
        path: fields.path(),
        code,
        outcome,
        is_failed: is_failed(op, outcome, code),
        start,
        micros,
        query: fields.query(op, text(value, "description")),
        system: fields.system(),
        release: fields.text(&["release", "sentry.release"]),
        environment: fields.text(&["environment", "sentry.environment"]),
        user: "",
        sdk: "",
        sample_rate: fields.number(&["sentry.sample_rate"]).and_then(checked_rate),
        vitals: measured(value.get("measurements")),
        raw: data.map_or(Raw::None, Raw::Plain),
    }
}

fn bare_span(value: &Value) -> Span<'_> {
    let span = old_span(value);
    let is_root = value.get("is_segment").and_then(Value::as_bool).unwrap_or(false);
    Span { is_root: is_root && !is_measurement(span.op), ..span }
}

/// What browser SDKs send of a page after it was loaded. Those before 11 call each of them a segment of its own.
fn is_measurement(op: &str) -> bool {
    op.starts_with("ui.webvital.") || op.starts_with("ui.interaction.")
}

/// `measurements` of transactions: `{"lcp": {"value": 160, "unit": "millisecond"}}`.
fn measured(measurements: Option<&Value>) -> Vec<(Vital, f64)> {
    let Some(measurements) = measurements else { return Vec::new() };
    let read = |vital: Vital| {
        let value = number(at(measurements, &[vital.word(), "value"]))?;
        let unit = text(at(measurements, &[vital.word()]), "unit");
        let scale = match unit {
            "second" => 1_000.0,
            "microsecond" => 0.001,
            "nanosecond" => 0.000_001,
            _ => 1.0,
        };
        Some((vital, value * scale))
    };
    Vital::ALL.into_iter().filter_map(read).collect()
}

/// Start, and length in microseconds. An end before its start, or ages after it, has a wrong clock: it lasts nothing.
fn lasting(start: Option<&Value>, end: Option<&Value>) -> (Option<i64>, u64) {
    match (start.and_then(micros_of), end.and_then(micros_of)) {
        (Some(start), Some(end)) => {
            let lasted = end.saturating_sub(start);
            (Some(start), if lasted <= LONGEST { u64::try_from(lasted).unwrap_or(0) } else { 0 })
        }
        (Some(only), None) | (None, Some(only)) => (Some(only), 0),
        (None, None) => (None, 0),
    }
}

/// An answer from 500 on, or an outcome that is none of the good ones; nothing said is nothing wrong. What a server refuses (4xx) is no
/// failure of the server, and a scanner that asks for what is not there no reason to be woken. One rule however it was reported: streamed spans
/// say `ok` or `error`, transactions say `not_found`.
fn is_failed(op: &str, outcome: &str, code: Option<u16>) -> bool {
    const REFUSED: [&str; 8] = [
        "invalid_argument",
        "unauthenticated",
        "permission_denied",
        "not_found",
        "already_exists",
        "failed_precondition",
        "out_of_range",
        "resource_exhausted",
    ];
    let is_server = op == "http.server" || op.starts_with("http.server.");
    match code {
        Some(500..) => true,
        Some(400..) if is_server => false,
        _ if is_server && REFUSED.contains(&outcome) => false,
        _ => !matches!(outcome, "" | "ok" | "cancelled" | "unknown" | "unset"),
    }
}

fn whole_code(value: f64) -> Option<u16> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    (100.0..600.0).contains(&value).then_some(value as u16)
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().copied().find(|text| !text.is_empty()).unwrap_or_default()
}
