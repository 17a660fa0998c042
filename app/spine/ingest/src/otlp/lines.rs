//! Log records of OpenTelemetry as log lines of Sentry's protocol.

use serde_json::{Value, json};

use super::attributes::{Common, Typed, cut};
use super::{Batch, Group, Line, hex_id, seconds};

const MAX_BODY: usize = 64 << 10;

pub fn shaped(batch: Batch<Line>) -> impl Iterator<Item = Value> {
    batch.groups.into_iter().flat_map(|Group { resource, scope, entries }| {
        let common = Common::of(&resource, &scope);
        entries.into_iter().map(move |line| shape(line, &common))
    })
}

fn shape(line: Line, common: &Common) -> Value {
    let mut own = Typed::default();
    own.put_all(line.attributes);
    own.put_text("event.name", &line.event_name);
    own.put_text("sentry.origin", "auto.otlp");
    let mut typed = common.whole.clone();
    typed.0.extend(own.0);
    let body = match line.body {
        Value::String(text) => text,
        Value::Null => line.event_name,
        other => other.to_string(),
    };
    // When it was seen is what is left where a program's log knows no time.
    let nanos = if line.nanos > 0 { line.nanos } else { line.observed_nanos };
    let mut shaped = json!({
        "timestamp": seconds(nanos),
        "level": level(line.severity, &line.severity_text),
        "body": cut(&body, MAX_BODY),
        "attributes": typed.0,
    });
    if line.severity > 0 {
        shaped["severity_number"] = Value::from(line.severity);
    }
    for (name, id) in [("trace_id", hex_id(&line.trace_id, 16)), ("span_id", hex_id(&line.span_id, 8))] {
        if let Some(id) = id {
            shaped[name] = Value::from(id);
        }
    }
    shaped
}

/// Four numbers for each level; without a number the text decides.
fn level(severity: u64, text: &str) -> &'static str {
    match severity {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => match text.to_ascii_lowercase().as_str() {
            "trace" => "trace",
            "debug" => "debug",
            "warn" | "warning" => "warn",
            "error" | "err" => "error",
            "fatal" | "critical" | "crit" | "alert" | "emergency" | "panic" => "fatal",
            _ => "info",
        },
    }
}
