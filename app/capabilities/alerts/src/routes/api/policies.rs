//! `/api/v1/policies`: who is told next while nobody acknowledges.

use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use http::StatusCode;
use kernel::{Error, Result};
use serde_json::{Value, json};
use web::{Admin, By, Json, Path, Reply, State};

use super::{READ, SET};
use crate::ids::PolicyId;
use crate::manage::policies::{PolicyDoc, merged_policy, policy_doc, save_policy};
use crate::policy::NotifyPolicy;
use crate::store::policies;

pub(super) fn register(routes: &mut Routes) {
    routes.get("/api/v1/policies", READ, list);
    routes.post("/api/v1/policies", SET, create);
    routes.get("/api/v1/policies/{id}", READ, show);
    routes.patch("/api/v1/policies/{id}", SET, update);
    routes.delete("/api/v1/policies/{id}", SET, remove);
}

fn shown(policy: &NotifyPolicy) -> Value {
    let doc = policy_doc(policy);
    json!({"id": policy.id, "name": doc.name, "repeat": doc.repeat, "steps": doc.steps})
}

fn get(r: &db::Reader<'_>, id: i64) -> Result<NotifyPolicy> {
    policies::find(r, PolicyId(id))?.ok_or_else(|| Error::not_found("policy"))
}

async fn list(State(cx): State<Cx>) -> Reply {
    let rows: Vec<Value> = cx.read(policies::list).await?.iter().map(shown).collect();
    Ok(Json(json!({"policies": rows})).into_response())
}

async fn show(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply {
    Ok(Json(shown(&cx.read(move |r| get(r, id)).await?)).into_response())
}

async fn create(State(cx): State<Cx>, by: By<Admin>, Json(doc): Json<PolicyDoc>) -> Reply {
    Ok((StatusCode::CREATED, Json(save(&cx, by, None, doc).await?)).into_response())
}

async fn update(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>, Json(doc): Json<PolicyDoc>) -> Reply {
    Ok(Json(save(&cx, by, Some(id), doc).await?).into_response())
}

async fn save(cx: &Cx, by: By<Admin>, id: Option<i64>, doc: PolicyDoc) -> Result<Value> {
    let actor = by.actor;
    cx.write(move |tx| {
        let before = id.map(|id| get(tx, id)).transpose()?;
        let mut policy = merged_policy(tx, before.as_ref(), &doc)?;
        policy.id = save_policy(tx, &policy)?;
        let act = if before.is_some() { "alerts.policy.update" } else { "alerts.policy.create" };
        capability::audit(tx, &actor, act, &format!("policy {}", policy.name), "by the API")?;
        Ok(shown(&policy))
    })
    .await
}

async fn remove(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        let policy = get(tx, id)?;
        policies::remove(tx, policy.id)?;
        capability::audit(tx, &actor, "alerts.policy.remove", &format!("policy {}", policy.name), "by the API")
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
