//! `/api/v1/alerts`, `/api/v1/alert-rules`, `/api/v1/channels`, and in files of their own policies, quiet hours and silences. Secrets go in and never
//! come out.

mod policies;
mod quiet;
mod silences;

use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use http::StatusCode;
use kernel::ids::{AlertId, AlertRuleId, ChannelId};
use kernel::paging::PageRequest;
use kernel::{Error, Role, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Access, Admin, By, Json, Member, Path, Query, Reply, State};

use super::name_of;
use crate::alert::{Alert, AlertState};
use crate::channel::Channel;
use crate::deliver;
use crate::engine::Desk;
use crate::engine::life::{self, Resolution};
use crate::manage::{ChannelDoc, RuleDoc, checked_channel, merged_rule, remove_channel, remove_rule, rule_doc, save_channel, save_rule};
use crate::notice::NoticeKind;
use crate::rule::AlertRule;
use crate::store::{alerts, channels, rules};

const READ: Access = Access::Api { scope: "alerts:read", role: Role::Viewer };
const ACT: Access = Access::Api { scope: "alerts:write", role: Role::Member };
const SET: Access = Access::Api { scope: "alerts:write", role: Role::Admin };

pub fn register(routes: &mut Routes) {
    routes.get("/api/v1/alerts", READ, list_alerts);
    routes.get("/api/v1/alerts/{id}", READ, show_alert);
    routes.post("/api/v1/alerts/{id}/acknowledge", ACT, acknowledge);
    routes.post("/api/v1/alerts/{id}/resolve", ACT, resolve);
    routes.get("/api/v1/alert-rules", READ, list_rules);
    routes.post("/api/v1/alert-rules", SET, create_rule);
    routes.get("/api/v1/alert-rules/{id}", READ, show_rule);
    routes.patch("/api/v1/alert-rules/{id}", SET, update_rule);
    routes.delete("/api/v1/alert-rules/{id}", SET, delete_rule);
    routes.get("/api/v1/channels", READ, list_channels);
    routes.post("/api/v1/channels", SET, create_channel);
    routes.get("/api/v1/channels/{id}", READ, show_channel);
    routes.patch("/api/v1/channels/{id}", SET, update_channel);
    routes.delete("/api/v1/channels/{id}", SET, delete_channel);
    routes.post("/api/v1/channels/{id}/test", SET, test_channel);
    policies::register(routes);
    quiet::register(routes);
    silences::register(routes);
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    state: Option<String>,
    q: String,
    before: Option<i64>,
    limit: Option<u32>,
}

async fn list_alerts(State(cx): State<Cx>, Query(asked): Query<Asked>) -> Reply {
    let state = asked.state.as_deref().map(AlertState::parse).transpose().map_err(|error| Error::field("state", error.message()))?;
    let request = PageRequest { before: asked.before, limit: asked.limit };
    let wanted = alerts::Wanted { state, text: asked.q.trim().to_owned(), has_members: true };
    let page = cx.read(move |r| alerts::list_page(r, &wanted, &request)).await?;
    let rows: Vec<Value> = page.rows.iter().map(alert_json).collect();
    Ok(Json(json!({"alerts": rows, "next": page.next})).into_response())
}

fn alert_json(alert: &Alert) -> Value {
    let facts: serde_json::Map<String, Value> = alert.facts.iter().map(|(label, value)| (label.clone(), json!(value))).collect();
    json!({
        "id": alert.id, "rule_id": alert.rule, "rule": alert.rule_name, "source": alert.topic, "subject": alert.subject, "subject_key": alert.subject_key,
        "target": alert.target, "title": alert.title, "detail": alert.detail, "facts": facts, "severity": alert.severity, "state": alert.state, "is_group": alert.is_group,
        "group_id": alert.group, "is_flapping": alert.is_flapping, "started_at": alert.started_at.rfc3339_millis(), "opened_at": alert.opened_at.rfc3339_millis(),
        "announced_at": alert.announced_at.map(Time::rfc3339_millis), "acknowledged_at": alert.acknowledged_at.map(Time::rfc3339_millis), "acknowledged_by": alert.acknowledged_by,
        "resolved_at": alert.resolved_at.map(Time::rfc3339_millis), "resolved_by": alert.resolved_by,
    })
}

async fn show_alert(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply {
    let (alert, entries) = cx
        .read(move |r| {
            let alert = alerts::find(r, AlertId(id))?.ok_or_else(|| Error::not_found("alert"))?;
            Ok((alert, alerts::list_entries(r, AlertId(id))?))
        })
        .await?;
    let mut shown = alert_json(&alert);
    let entry = |entry: &alerts::Entry| json!({"created_at": entry.at.rfc3339_millis(), "text": entry.text});
    shown["timeline"] = entries.iter().map(entry).collect();
    Ok(Json(shown).into_response())
}

async fn acknowledge(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let (desk, actor) = (Desk::of(&cx), by.actor);
    let alert = cx
        .write(move |tx| {
            capability::audit(tx, &actor, "alerts.alert.acknowledge", &format!("alert {id}"), "by the API")?;
            life::acknowledge(tx, &desk, AlertId(id), &name_of(&actor))
        })
        .await?;
    Ok(Json(alert_json(&alert)).into_response())
}

async fn resolve(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let (desk, actor) = (Desk::of(&cx), by.actor);
    let alert = cx
        .write(move |tx| {
            let (alert, name) = (life::get(tx, AlertId(id))?, name_of(&actor));
            life::resolve(tx, &desk, alert, &Resolution { by: &name, at: tx.now, kind: NoticeKind::Resolved })?;
            capability::audit(tx, &actor, "alerts.alert.resolve", &format!("alert {id}"), "by the API")?;
            life::get(tx, AlertId(id))
        })
        .await?;
    Ok(Json(alert_json(&alert)).into_response())
}

fn rule_json(r: &db::Reader<'_>, rule: &AlertRule) -> kernel::Result<Value> {
    let mut shown = serde_json::to_value(rule_doc(r, rule)?).map_err(|error| Error::internal("writing a rule as JSON").because(error))?;
    shown["id"] = json!(rule.id);
    shown["is_shipped"] = json!(rule.is_shipped);
    Ok(shown)
}

async fn list_rules(State(cx): State<Cx>) -> Reply {
    let metrics = cx.registry.metrics();
    let rows = cx
        .read(move |r| {
            let mut rows = Vec::new();
            for rule in rules::list(r)? {
                let mut shown = rule_json(r, &rule)?;
                shown["waits_for"] = json!(rule.waits_for(|name| metrics.iter().any(|metric| metric.name == name)));
                rows.push(shown);
            }
            Ok(rows)
        })
        .await?;
    Ok(Json(json!({"alert_rules": rows})).into_response())
}

async fn show_rule(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply {
    let shown = cx.read(move |r| rule_json(r, &rules::find(r, AlertRuleId(id))?.ok_or_else(|| Error::not_found("rule"))?)).await?;
    Ok(Json(shown).into_response())
}

async fn create_rule(State(cx): State<Cx>, by: By<Admin>, Json(doc): Json<RuleDoc>) -> Reply {
    let shown = save_rule_doc(&cx, by, None, doc).await?;
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

async fn update_rule(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>, Json(doc): Json<RuleDoc>) -> Reply {
    Ok(Json(save_rule_doc(&cx, by, Some(AlertRuleId(id)), doc).await?).into_response())
}

async fn save_rule_doc(cx: &Cx, by: By<Admin>, id: Option<AlertRuleId>, doc: RuleDoc) -> kernel::Result<Value> {
    let actor = by.actor;
    cx.write(move |tx| {
        let before = id.map_or(Ok(None), |id| rules::find(tx, id)?.map(Some).ok_or_else(|| Error::not_found("rule")))?;
        let rule = merged_rule(tx, before.as_ref(), &doc)?;
        let id = save_rule(tx, &rule)?;
        let act = if before.is_some() { "alerts.rule.update" } else { "alerts.rule.create" };
        capability::audit(tx, &actor, act, &format!("rule {}", rule.key), "by the API")?;
        rule_json(tx, &AlertRule { id, ..rule })
    })
    .await
}

async fn delete_rule(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let (desk, actor) = (Desk::of(&cx), by.actor);
    cx.write(move |tx| {
        let rule = remove_rule(tx, &desk, AlertRuleId(id))?;
        capability::audit(tx, &actor, "alerts.rule.remove", &format!("rule {}", rule.key), "by the API")
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn channel_json(channel: &Channel) -> Value {
    json!({
        "id": channel.id, "kind": channel.kind, "name": channel.name, "hint": channel.hint, "takes": channel.takes, "enabled": channel.is_enabled,
        "disabled_reason": channel.disabled_reason, "last_sent_at": channel.last_sent_at.map(Time::rfc3339_millis), "last_failed_at": channel.last_failed_at.map(Time::rfc3339_millis),
        "has_lost_secrets": channel.has_lost_secrets, "last_error": channel.last_error, "last_code": channel.last_code, "created_at": channel.created_at.rfc3339_millis(),
    })
}

async fn list_channels(State(cx): State<Cx>) -> Reply {
    let all = cx.read(channels::list).await?;
    let rows: Vec<Value> = all.iter().map(channel_json).collect();
    Ok(Json(json!({"channels": rows})).into_response())
}

async fn show_channel(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply {
    let channel = cx.read(move |r| channels::find(r, ChannelId(id))).await?.ok_or_else(|| Error::not_found("channel"))?;
    Ok(Json(channel_json(&channel)).into_response())
}

async fn create_channel(State(cx): State<Cx>, by: By<Admin>, Json(doc): Json<ChannelDoc>) -> Reply {
    let was_given = doc.values.contains_key("secret");
    let (channel, values) = save_channel_doc(&cx, by, None, doc).await?;
    let mut shown = channel_json(&channel);
    // The only secret that is ever told: one that was made here, once.
    if let Some(secret) = values.get("secret").filter(|_| channel.kind == crate::channel::ChannelKind::Webhook && !was_given) {
        shown["secret"] = json!(secret);
    }
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

async fn update_channel(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>, Json(doc): Json<ChannelDoc>) -> Reply {
    let (channel, _) = save_channel_doc(&cx, by, Some(ChannelId(id)), doc).await?;
    Ok(Json(channel_json(&channel)).into_response())
}

async fn save_channel_doc(
    cx: &Cx,
    by: By<Admin>,
    id: Option<ChannelId>,
    doc: ChannelDoc,
) -> kernel::Result<(Channel, crate::channel::Values)> {
    let (sealer, actor) = (cx.sealer.clone(), by.actor);
    cx.write(move |tx| {
        let before = id.map_or(Ok(None), |id| channels::find(tx, id)?.map(Some).ok_or_else(|| Error::not_found("channel")))?;
        let checked = checked_channel(tx, &sealer, before.as_ref(), &doc, false)?;
        let id = save_channel(tx, before.as_ref(), &checked)?;
        let act = if before.is_some() { "alerts.channel.update" } else { "alerts.channel.create" };
        capability::audit(tx, &actor, act, &format!("channel {}", checked.stored.name), "by the API")?;
        let channel = channels::find(tx, id)?.ok_or_else(|| Error::not_found("channel"))?;
        Ok((channel, checked.values))
    })
    .await
}

async fn delete_channel(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        let channel = channels::find(tx, ChannelId(id))?.ok_or_else(|| Error::not_found("channel"))?;
        remove_channel(tx, channel.id)?;
        capability::audit(tx, &actor, "alerts.channel.remove", &format!("channel {}", channel.name), "by the API")
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn test_channel(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    cx.limiter.check("alerts.test", &id.to_string(), web::Allowance { burst: 5, per: std::time::Duration::from_secs(60) })?;
    let tested = deliver::test(&cx, ChannelId(id), &name_of(&by.actor)).await?;
    Ok(Json(json!({"is_sent": tested.is_sent, "message": tested.sentence})).into_response())
}
