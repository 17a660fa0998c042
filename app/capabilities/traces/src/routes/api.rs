//! `/api/v1/traces`: endpoints with their quantiles, one trace with its spans.

use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use kernel::{Error, Role};
use serde_json::{Value, json};
use web::{Access, Json, Path, Query, Reply, State};

use crate::look::overview::{self, Ranked};
use crate::look::scope::{Asked, Scope};
use crate::look::trace::{SpanLine, Trace};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::sketch::float;
use crate::model::window::Period;

const READ: Access = Access::Api { scope: "traces:read", role: Role::Viewer };

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/api/v1/traces/endpoints", READ, endpoints);
    routes.get("/api/v1/traces/{trace_id}", READ, one_trace);
}

async fn endpoints(State(cx): State<Cx>, Query(asked): Query<Asked>) -> Reply {
    if !asked.window.is_empty() && Period::parse(&asked.window).is_none() {
        return Err(Error::field("window", "A window is one of 1h, 24h, 7d, 30d.").into());
    }
    if !asked.release.is_empty() && asked.project.is_empty() {
        return Err(Error::field("project", "A release is one of a project: please name the project, too.").into());
    }
    let shown = cx.read(move |r| overview::read(r, Family::Endpoint, Scope::of(r, asked)?)).await?;
    let scope = &shown.scope;
    let rows: Vec<Value> = shown.rows.iter().map(|row| endpoint_json(row, scope)).collect();
    let answer = json!({
        "from": scope.window.from.rfc3339_millis(), "to": scope.window.to.rfc3339_millis(),
        "endpoints": rows, "count": shown.count, "all": cell_json(&shown.whole, scope),
    });
    Ok(Json(answer).into_response())
}

fn endpoint_json(row: &Ranked, scope: &Scope) -> Value {
    let mut shown = cell_json(&row.cell, scope);
    shown["id"] = json!(row.id.0.to_string());
    shown["project_id"] = json!(row.name.project);
    shown["name"] = json!(row.name.name);
    shown["op"] = json!(row.name.op);
    shown["trend_percent"] = json!(row.trend());
    shown["slowest_trace_id"] = json!(row.cell.slowest.trace.map(|trace| trace.to_string()));
    shown
}

fn cell_json(cell: &Cell, scope: &Scope) -> Value {
    let millis = |q: f64| cell.sketch.quantile(q).map(|micros| micros / 1_000.0);
    json!({
        "count": cell.n, "extrapolated_count": cell.weight, "failed": cell.failed, "per_minute": cell.weight / scope.minutes(),
        "p50_ms": millis(0.5), "p75_ms": millis(0.75), "p95_ms": millis(0.95), "p99_ms": millis(0.99),
        "total_ms": float(cell.sum) / 1_000.0, "apdex": if cell.n > 0 { Some(cell.apdex()) } else { None },
        "failure_rate_percent": if cell.n > 0 { Some(cell.failed_percent()) } else { None },
    })
}

async fn one_trace(State(cx): State<Cx>, Path(id): Path<String>, Query(part): Query<super::Part>) -> Reply {
    let trace = super::find_trace(&cx, id, part).await?;
    Ok(Json(trace_json(&trace)).into_response())
}

fn trace_json(trace: &Trace) -> Value {
    let spans: Vec<Value> = trace.lines.iter().map(span_json).collect();
    json!({
        "trace_id": trace.id.to_string(), "started_at": trace.started_at.rfc3339_millis(), "duration_ms": trace.total,
        "span_count": trace.count, "failed_count": trace.failed, "orphan_count": trace.orphans, "spans": spans,
        "next_from": trace.next(),
    })
}

fn span_json(span: &SpanLine) -> Value {
    let attributes: serde_json::Map<String, Value> = span.attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "span_id": span.span, "parent_span_id": if span.parent.is_empty() { None } else { Some(&span.parent) }, "is_root": span.is_root,
        "project": span.project, "op": span.op, "name": span.title, "outcome": span.outcome, "is_failed": span.is_failed, "depth": span.depth,
        "offset_ms": span.offset, "duration_ms": span.length, "own_ms": span.own, "attributes": attributes,
    })
}
