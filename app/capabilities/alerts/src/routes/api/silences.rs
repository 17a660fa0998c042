//! `/api/v1/silences`: what makes no noise now; deleting one lifts it.

use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use http::StatusCode;
use kernel::Time;
use serde_json::{Value, json};
use web::{By, Json, Member, Path, Reply, State};

use super::{ACT, READ};
use crate::ids::SilenceId;
use crate::manage::silences::{SilenceDoc, begin_silence, checked_silence, lift_silence};
use crate::routes::name_of;
use crate::rule::AlertRule;
use crate::silence::Silence;
use crate::store::{rules, silences};

pub(super) fn register(routes: &mut Routes) {
    routes.get("/api/v1/silences", READ, list);
    routes.post("/api/v1/silences", ACT, create);
    routes.delete("/api/v1/silences/{id}", ACT, lift);
}

fn shown(silence: &Silence, rules: &[AlertRule]) -> Value {
    let scope = match (silence.is_total(), silence.alert, silence.rule) {
        (true, ..) => "everything",
        (_, Some(_), _) => "alert",
        (_, _, Some(_)) => "rule",
        _ => "matching",
    };
    let rule = silence.rule.and_then(|id| rules.iter().find(|rule| rule.id == id)).map_or("", |rule| rule.key.as_str());
    json!({
        "id": silence.id, "scope": scope, "rule": rule, "matching": silence.matching, "alert_id": silence.alert, "reason": silence.reason,
        "starts_at": silence.starts_at.rfc3339_millis(), "ends_at": silence.ends_at.map(Time::rfc3339_millis), "made_by": silence.made_by,
    })
}

async fn list(State(cx): State<Cx>) -> Reply {
    let (current, rules) = cx.read(|r| Ok((silences::list_current(r)?, rules::list(r)?))).await?;
    let rows: Vec<Value> = current.iter().map(|silence| shown(silence, &rules)).collect();
    Ok(Json(json!({"silences": rows})).into_response())
}

async fn create(State(cx): State<Cx>, by: By<Member>, Json(doc): Json<SilenceDoc>) -> Reply {
    let actor = by.actor;
    let made = cx
        .write(move |tx| {
            let mut silence = checked_silence(tx, &doc, &name_of(&actor))?;
            silence.id = begin_silence(tx, &silence)?;
            let rules = rules::list(tx)?;
            capability::audit(tx, &actor, "alerts.silence.create", &format!("silence {}", silence.id), &silence.scope(&rules))?;
            Ok(shown(&silence, &rules))
        })
        .await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn lift(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        lift_silence(tx, SilenceId(id))?;
        capability::audit(tx, &actor, "alerts.silence.lift", &format!("silence {id}"), "by the API")
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
