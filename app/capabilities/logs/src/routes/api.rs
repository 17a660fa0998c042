//! Lines for programs: `/api/v1/logs`, with the scope `logs:read`.

use axum::response::IntoResponse;
use capability::{Cx, House, Routes};
use kernel::{Error, Result, Role, Time};
use serde_json::{Map, Value, json};
use web::{Access, By, Json, Query, Reply, State, Viewer};

use super::{Asked, blocking, parse, projects};
use crate::find::{self, Ask, FoundLine};
use crate::pages::Projects;

const READ: Access = Access::Api { scope: "logs:read", role: Role::Viewer };
const DEFAULT: usize = 100;
const MOST: usize = 1_000;

pub fn mount(routes: &mut Routes) {
    routes.get("/api/v1/logs", READ, search);
}

async fn search(State(cx): State<Cx>, _by: By<Viewer>, Query(asked): Query<Asked>) -> Reply {
    let now = cx.now();
    let answer = blocking(&cx, move |house| answer(house, &asked, now)).await?;
    Ok(Json(answer).into_response())
}

fn answer(house: &House, asked: &Asked, now: Time) -> Result<Value> {
    let projects = house.hermetic.read_blocking(projects)?;
    let query = parse(&asked.q, &projects);
    if let Some(problem) = query.problems.first() {
        return Err(Error::field("q", problem.clone()));
    }
    let limit = asked.limit.unwrap_or(DEFAULT).clamp(1, MOST);
    let (_, span) = asked.span(now)?;
    let ask = Ask { query, from: span.from, to: span.to, before: asked.before, limit };
    let found = house.telemetry.read_blocking(|r| find::find(r, &ask))?;
    let lines: Vec<Value> = found.rows.iter().map(|row| described(row, &projects)).collect();
    Ok(json!({
        "from_at": span.from.rfc3339_millis(),
        "to_at": span.to.rfc3339_millis(),
        "lines": lines,
        "next": found.next,
        "gave_up_at": found.gave_up_at.map(Time::rfc3339_millis),
    }))
}

pub fn described(row: &FoundLine, projects: &Projects) -> Value {
    let line = &row.line;
    let attributes: Map<String, Value> = line
        .attributes
        .iter()
        .map(|attribute| {
            let number = attribute.number.and_then(serde_json::Number::from_f64).map(Value::Number);
            // Whole numbers beyond 2^53 only keep their digits as text.
            let is_exact = number.as_ref().is_some_and(|number| attribute.number.is_some_and(|n| n.abs() < 9e15) && number.is_number());
            (attribute.key.clone(), number.filter(|_| is_exact).unwrap_or_else(|| json!(attribute.value)))
        })
        .collect();
    let or_null = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    json!({
        "id": row.id,
        "at": format!("{}.{:06}Z", line.at().timestamp().strftime("%Y-%m-%dT%H:%M:%S"), line.at_us.rem_euclid(1_000_000)),
        "level": line.level.as_str(),
        "project": projects.slug(row.project),
        "body": line.body,
        "trace_id": or_null(&line.trace_id),
        "span_id": or_null(&line.span_id),
        "release": or_null(&line.release),
        "environment": or_null(&line.environment),
        "attributes": attributes,
    })
}
