//! [`reports`]: how full the pools of connections to databases are, out of the gauges that programs send by OpenTelemetry's names.

use serde_json::Value;

use super::text::one_line;

/// What one gauge says of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub pool: String,
    pub used: Option<f64>,
    /// How many it may hold.
    pub most: Option<f64>,
}

/// Of a container of measurements, in its order. The second of two names is the one before semantic conventions 1.26.
pub fn reports(payload: &Value) -> Vec<Report> {
    payload.get("items").and_then(Value::as_array).into_iter().flatten().filter_map(report).collect()
}

fn report(value: &Value) -> Option<Report> {
    let number = value.get("value").and_then(Value::as_f64).filter(|number| number.is_finite() && *number >= 0.0)?;
    let attribute = |names: &[&str]| names.iter().find_map(|name| value["attributes"][name]["value"].as_str()).unwrap_or_default();
    // Those that wait for work take no place away.
    let is_used = || matches!(attribute(&["db.client.connection.state", "state"]), "" | "used");
    let (used, most) = match value.get("name").and_then(Value::as_str)? {
        "db.client.connection.count" | "db.client.connections.usage" if is_used() => (Some(number), None),
        "db.client.connection.max" | "db.client.connections.max" => (None, Some(number)),
        _ => return None,
    };
    Some(Report { pool: name_of(attribute), used, most })
}

/// Each process has a pool of its own; the machine is what SDKs tell of it.
fn name_of<'v>(attribute: impl Fn(&[&str]) -> &'v str) -> String {
    let name = attribute(&["db.client.connection.pool.name", "pool.name"]);
    let place = attribute(&["service.instance.id", "server.address"]);
    one_line(&format!("{name}@{place}"), 200)
}
