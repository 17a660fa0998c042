//! A span that comes alone, in the shape before span v2: browser SDKs 8 to 10 report interactions (INP) this way. It becomes a container
//! of one, so that whoever reads spans reads one shape.

use serde_json::{Map, Value, json};

/// One is small, and containers are not: what is larger than this is not looked into.
const LARGEST: usize = 64 << 10;

/// `None` for what is a container already.
pub(crate) fn contained_if_alone(payload: &[u8]) -> Option<Vec<u8>> {
    let may_be = payload.len() <= LARGEST && memchr::memmem::find(payload, b"\"items\"").is_none();
    if may_be { contained(payload) } else { None }
}

/// `None` where the payload is no such span.
fn contained(payload: &[u8]) -> Option<Vec<u8>> {
    let Ok(Value::Object(mut span)) = serde_json::from_slice(payload) else { return None };
    if span.contains_key("items") || !span.contains_key("trace_id") || !span.contains_key("span_id") {
        return None;
    }
    let mut attributes = Map::new();
    if let Some(Value::Object(data)) = span.remove("data") {
        data.into_iter().for_each(|(name, value)| add(&mut attributes, &name, value));
    }
    for (name, attribute) in [("op", "sentry.op"), ("origin", "sentry.origin"), ("exclusive_time", "sentry.exclusive_time")] {
        if let Some(value) = span.remove(name) {
            add(&mut attributes, attribute, value);
        }
    }
    if let Some(Value::Object(measurements)) = span.remove("measurements") {
        for (name, measured) in measurements {
            if let Some(value) = measured.get("value") {
                add(&mut attributes, &format!("browser.web_vital.{name}.value"), value.clone());
            }
        }
    }
    let mut item = Map::new();
    for name in ["trace_id", "span_id", "parent_span_id", "start_timestamp"] {
        if let Some(value) = span.remove(name) {
            item.insert(name.to_owned(), value);
        }
    }
    let is_good = span.get("status").and_then(Value::as_str).is_none_or(|told| matches!(told, "ok" | "unset" | "cancelled"));
    item.insert("name".to_owned(), span.remove("description").unwrap_or_else(|| json!("")));
    item.insert("end_timestamp".to_owned(), span.remove("timestamp").unwrap_or(Value::Null));
    item.insert("status".to_owned(), json!(if is_good { "ok" } else { "error" }));
    item.insert("is_segment".to_owned(), span.remove("is_segment").unwrap_or(Value::Bool(false)));
    item.insert("attributes".to_owned(), Value::Object(attributes));
    serde_json::to_vec(&json!({ "version": 2, "items": [item] })).ok()
}

fn add(attributes: &mut Map<String, Value>, name: &str, value: Value) {
    let kind = match &value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(_) => "integer",
        Value::Array(_) => "array",
        Value::Null | Value::Object(_) => return,
    };
    attributes.insert(name.to_owned(), json!({ "value": value, "type": kind }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interaction_of_an_older_browser_sdk_becomes_a_container_of_one() {
        let span = json!({
            "trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174", "description": "button.buy", "op": "ui.interaction.click",
            "start_timestamp": 1.5, "timestamp": 1.75, "exclusive_time": 250, "is_segment": true,
            "data": { "release": "web@1.0", "nested": {} }, "measurements": { "inp": { "value": 248.0, "unit": "millisecond" } },
        });
        let made: Value = serde_json::from_slice(&contained(span.to_string().as_bytes()).unwrap()).unwrap();
        let item = &made["items"][0];
        assert_eq!((&item["name"], &item["end_timestamp"], &item["is_segment"]), (&json!("button.buy"), &json!(1.75), &json!(true)));
        assert_eq!(item["attributes"]["sentry.op"], json!({ "value": "ui.interaction.click", "type": "string" }));
        assert_eq!(item["attributes"]["browser.web_vital.inp.value"], json!({ "value": 248.0, "type": "double" }));
        assert_eq!(item["attributes"]["sentry.exclusive_time"]["type"], "integer");
        assert!(item["attributes"].get("nested").is_none());
        for other in ["{}", "[]", "", r#"{"items":[]}"#, r#"{"trace_id":"a","span_id":"b","items":[]}"#] {
            assert_eq!(contained(other.as_bytes()), None, "{other}");
        }
    }
}
