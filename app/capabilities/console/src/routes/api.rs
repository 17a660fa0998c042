//! The console's part of the JSON API: apply a file, read deliveries and the audit log, the API's own description.

use axum::response::{IntoResponse, Response};
use capability::{Change, Cx, Routes};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use kernel::paging::PageRequest;
use kernel::{Error, Result, Role, Time};
use serde::{Deserialize, Serialize};
use web::{Access, By, Json, Query, Raw, Reply, State};
use work::DeliveryState;

use crate::apply;

const READ: &str = "console:read";

pub(super) fn mount(routes: &mut Routes) {
    routes.post("/api/v1/apply", Access::Api { scope: "console:apply", role: Role::Admin }, run_apply);
    routes.get("/api/v1/deliveries", Access::Api { scope: READ, role: Role::Viewer }, list_deliveries);
    routes.get("/api/v1/audit", Access::Api { scope: READ, role: Role::Admin }, list_audits);
    routes.get("/api/v1/openapi.json", Access::Open, openapi);
}

#[derive(Deserialize)]
struct ApplyQuery {
    #[serde(default = "no")]
    plan: String,
}

fn no() -> String {
    "no".to_owned()
}

impl ApplyQuery {
    /// A word that is not understood is refused: taking it for “no” would change what somebody only wanted to look at.
    fn is_plan(&self) -> Result<bool> {
        match self.plan.as_str() {
            "1" | "true" | "yes" => Ok(true),
            "0" | "false" | "no" => Ok(false),
            _ => Err(Error::field("plan", "Please give true to only plan, or leave plan out to apply.")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyBody {
    toml: String,
}

#[derive(Serialize)]
struct Applied {
    applied: bool,
    changes: Vec<Change>,
}

async fn run_apply(
    State(cx): State<Cx>,
    by: By<web::Admin>,
    Query(query): Query<ApplyQuery>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Reply<Json<Applied>> {
    let (is_plan, text) = (query.is_plan()?, text_of(&headers, &body)?);
    let (registry, sealer) = (cx.registry, cx.sealer.clone());
    let by = apply::Bringer { name: by.actor.label(), role: by.actor.role().unwrap_or(Role::Viewer) };
    let changes = if is_plan {
        cx.read(move |r| apply::plan(registry, r, &sealer, by.role, &text)).await?
    } else {
        cx.write(move |tx| apply::run(registry, tx, &sealer, &by, &text)).await?
    };
    Ok(Json(Applied { applied: !is_plan, changes }))
}

/// TOML as it is, or wrapped in JSON as `{"toml": "…"}`.
fn text_of(headers: &HeaderMap, body: &[u8]) -> Result<String> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let wrong =
            |error: serde_json::Error| Error::invalid(format!("Please send {{\"toml\": \"…\"}}, or the TOML itself as text: {error}."));
        return serde_json::from_slice::<ApplyBody>(body).map(|body| body.toml).map_err(wrong);
    }
    String::from_utf8(body.to_vec()).map_err(|_| Error::invalid("The file is not UTF-8 text."))
}

#[derive(Deserialize)]
struct DeliveriesQuery {
    #[serde(default)]
    state: String,
    before: Option<i64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Deliveries {
    deliveries: Vec<DeliveryJson>,
    /// Give it as `before` to get the next page.
    next: Option<i64>,
}

#[derive(Serialize)]
struct DeliveryJson {
    id: i64,
    destination: String,
    key: String,
    subject: String,
    state: &'static str,
    attempts: u32,
    next_at: String,
    last_error: Option<String>,
    last_code: Option<u16>,
    created_at: String,
    finished_at: Option<String>,
}

async fn list_deliveries(State(cx): State<Cx>, Query(query): Query<DeliveriesQuery>) -> Reply<Json<Deliveries>> {
    let state = wanted_state(&query.state)?;
    let request = PageRequest { before: query.before, limit: query.limit };
    let page = cx.read(move |r| work::store::list_deliveries(r, state, &request)).await?;
    let deliveries = page.rows.into_iter().map(|row| DeliveryJson {
        id: row.id.0,
        destination: row.destination,
        key: row.key,
        subject: row.subject,
        state: row.state.as_str(),
        attempts: row.attempts,
        next_at: row.next_at.rfc3339_millis(),
        last_error: row.last_error,
        last_code: row.last_code,
        created_at: row.created_at.rfc3339_millis(),
        finished_at: row.finished_at.map(Time::rfc3339_millis),
    });
    Ok(Json(Deliveries { deliveries: deliveries.collect(), next: page.next }))
}

fn wanted_state(text: &str) -> Result<Option<DeliveryState>> {
    if text.is_empty() {
        return Ok(None);
    }
    let known: Vec<&str> = DeliveryState::ALL.into_iter().map(DeliveryState::as_str).collect();
    let unknown = || Error::field("state", format!("A state is one of {}.", known.join(", ")));
    DeliveryState::parse(text).map(Some).ok_or_else(unknown)
}

#[derive(Serialize)]
struct Audits {
    audits: Vec<AuditJson>,
    next: Option<i64>,
}

#[derive(Serialize)]
struct AuditJson {
    id: i64,
    actor: String,
    act: String,
    subject: String,
    detail: String,
    created_at: String,
}

async fn list_audits(State(cx): State<Cx>, Query(request): Query<PageRequest>) -> Reply<Json<Audits>> {
    let page = cx.read(move |r| identity::store::list_audits(r, &request)).await?;
    let audits = page.rows.into_iter().map(|row| AuditJson {
        id: row.id,
        actor: row.actor,
        act: row.act,
        subject: row.subject,
        detail: row.detail,
        created_at: row.created_at.rfc3339_millis(),
    });
    Ok(Json(Audits { audits: audits.collect(), next: page.next }))
}

async fn openapi() -> Reply<Response> {
    let text = assets::content("openapi.json").ok_or_else(|| Error::not_found("description of the API"))?;
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")], text).into_response())
}
