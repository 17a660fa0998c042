//! Programs' doors: `/api/v1/components`, `/api/v1/reports`, `/api/v1/maintenances`. What a form can do, a program can.

use crate::acts::{self, NewReport, NewUpdate};
use crate::load;
use crate::model::maintenance::MaintenanceUpdateView;
use crate::model::{ComponentState, Effect, FeedRule, Impact, MaintenancePhase, Phase, UpdateView};
use crate::store::components::{self, ComponentRow, ComponentWrite};
use crate::store::maintenances::{self, MaintenanceRow, MaintenanceWrite};
use crate::store::reports::{self, ReportRow};
use axum::response::IntoResponse as _;
use capability::{Cx, Registry, Routes};
use db::Reader;
use http::StatusCode;
use kernel::error::FieldErrors;
use kernel::ids::{ComponentId, MaintenanceId, ReportId};
use kernel::paging::PageRequest;
use kernel::{Error, Result, Role, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Access, Actor, Json, Path, Query, Reply, Response, State};

const READ: Access = Access::Api { scope: "status:read", role: Role::Viewer };
const WRITE: Access = Access::Api { scope: "status:write", role: Role::Member };

pub fn mount(routes: &mut Routes) {
    routes.get("/api/v1/components", READ, list_components);
    routes.post("/api/v1/components", WRITE, create_component);
    routes.get("/api/v1/components/{id}", READ, get_component);
    routes.patch("/api/v1/components/{id}", WRITE, change_component);
    routes.delete("/api/v1/components/{id}", WRITE, delete_component);
    routes.get("/api/v1/reports", READ, list_reports);
    routes.post("/api/v1/reports", WRITE, create_report);
    routes.get("/api/v1/reports/{id}", READ, get_report);
    routes.patch("/api/v1/reports/{id}", WRITE, change_report);
    routes.delete("/api/v1/reports/{id}", WRITE, delete_report);
    routes.post("/api/v1/reports/{id}/updates", WRITE, add_update);
    routes.get("/api/v1/maintenances", READ, list_maintenances);
    routes.post("/api/v1/maintenances", WRITE, create_maintenance);
    routes.get("/api/v1/maintenances/{id}", READ, get_maintenance);
    routes.patch("/api/v1/maintenances/{id}", WRITE, change_maintenance);
    routes.post("/api/v1/maintenances/{id}/updates", WRITE, step_maintenance);
}

fn created(body: Value) -> Response {
    (StatusCode::CREATED, Json(body)).into_response()
}

fn moment(field: &str, text: &str) -> Result<Time> {
    Time::parse_rfc3339(text).ok_or_else(|| Error::field(field, "Please give a time like 2026-11-25T14:30:00Z."))
}

// ---- Components ----

fn component_json(row: &ComponentRow, state: Option<ComponentState>) -> Value {
    json!({
        "id": row.id, "public_id": row.public_id, "name": row.name, "description": row.description, "group_id": row.group_id,
        "rule": row.rule.as_str(), "feeds": row.feeds, "state": state.map(ComponentState::as_str),
        "created_at": row.created_at.rfc3339_millis(), "updated_at": row.updated_at.rfc3339_millis(),
    })
}

async fn list_components(State(cx): State<Cx>) -> Reply<Json<Value>> {
    let registry = cx.registry;
    let rows = cx
        .read(move |r| {
            let snapshot = load::present(r, registry)?;
            let state = |id| snapshot.component(id).and_then(|component| component.state);
            Ok(components::list_components(r)?.iter().map(|row| component_json(row, state(row.id))).collect::<Vec<_>>())
        })
        .await?;
    Ok(Json(json!({ "components": rows })))
}

async fn one_component(cx: &Cx, id: ComponentId) -> Result<Value> {
    let registry = cx.registry;
    cx.read(move |r| {
        let row = components::get_component(r, id)?;
        let state = load::present(r, registry)?.component(id).and_then(|component| component.state);
        Ok(component_json(&row, state))
    })
    .await
}

async fn get_component(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply<Json<Value>> {
    Ok(Json(one_component(&cx, ComponentId(id)).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentBody {
    name: Option<String>,
    description: Option<String>,
    /// Outer `None`: as it is. Inner `None` (`null`): in no group.
    #[serde(default, deserialize_with = "given")]
    group_id: Option<Option<i64>>,
    rule: Option<FeedRule>,
    feeds: Option<Vec<String>>,
    state: Option<ComponentState>,
}

fn given<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// What a program names must be there: a typing error would otherwise follow nothing for ever.
fn check_names(r: &Reader<'_>, registry: Registry, body: &ComponentBody) -> Result<()> {
    let mut errors = FieldErrors::default();
    if let Some(Some(id)) = body.group_id
        && components::list_groups(r)?.iter().all(|group| group.id != id)
    {
        errors.push("group_id", format!("There is no group {id}; please give the id of a group, or null for none."));
    }
    if let Some(feeds) = &body.feeds {
        let sources = registry.feed_sources(r)?;
        for (index, feed) in feeds.iter().enumerate().filter(|(_, feed)| sources.iter().all(|source| source.key != **feed)) {
            let feed = kernel::text::shorten(feed, 80);
            errors.push(
                &format!("feeds[{index}]"),
                format!("There is no feed “{feed}”; please give the key of a monitor, such as uptime:12."),
            );
        }
    }
    errors.finish()
}

async fn create_component(State(cx): State<Cx>, actor: Actor, Json(body): Json<ComponentBody>) -> Reply {
    let registry = cx.registry;
    let id = cx
        .write(move |tx| {
            check_names(tx, registry, &body)?;
            let write = ComponentWrite {
                name: body.name.unwrap_or_default(),
                description: body.description.unwrap_or_default(),
                group_id: body.group_id.flatten(),
                rule: body.rule.unwrap_or(if body.feeds.is_some() { FeedRule::WorstOf } else { FeedRule::Manual }),
                feeds: body.feeds.unwrap_or_default(),
            };
            let id = acts::create_component(tx, &actor.label(), write)?;
            if let Some(state) = body.state {
                acts::set_component_state(tx, &actor.label(), id, state)?;
            }
            Ok(id)
        })
        .await?;
    Ok(created(one_component(&cx, id).await?))
}

async fn change_component(State(cx): State<Cx>, actor: Actor, Path(id): Path<i64>, Json(body): Json<ComponentBody>) -> Reply<Json<Value>> {
    let (id, registry) = (ComponentId(id), cx.registry);
    cx.write(move |tx| {
        let row = components::get_component(tx, id)?;
        check_names(tx, registry, &body)?;
        let write = ComponentWrite {
            name: body.name.unwrap_or(row.name),
            description: body.description.unwrap_or(row.description),
            group_id: body.group_id.unwrap_or(row.group_id),
            rule: body.rule.unwrap_or(row.rule),
            feeds: body.feeds.unwrap_or(row.feeds),
        };
        acts::edit_component(tx, &actor.label(), id, write)?;
        match body.state {
            Some(state) => acts::set_component_state(tx, &actor.label(), id, state),
            None => Ok(()),
        }
    })
    .await?;
    Ok(Json(one_component(&cx, id).await?))
}

async fn delete_component(State(cx): State<Cx>, actor: Actor, Path(id): Path<i64>) -> Reply<StatusCode> {
    cx.write(move |tx| acts::delete_component(tx, &actor.label(), ComponentId(id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

// ---- Reports ----

fn report_json(row: &ReportRow) -> Value {
    let view = &row.view;
    let update = |update: &UpdateView| {
        let effects: Vec<Value> =
            update.effects.iter().map(|effect| json!({ "component": effect.component, "state": effect.state.as_str() })).collect();
        json!({ "id": update.id, "phase": update.phase.as_str(), "body": update.body, "created_at": update.at.rfc3339_millis(), "effects": effects })
    };
    json!({
        "id": row.id, "public_id": view.public_id, "title": view.title, "impact": view.impact.as_str(), "phase": view.phase.as_str(),
        "visibility": row.visibility.as_str(), "counts_as_downtime": view.counts_as_downtime, "started_at": view.started_at.rfc3339_millis(),
        "resolved_at": view.resolved_at.map(Time::rfc3339_millis), "updated_at": view.updated_at.rfc3339_millis(),
        "updates": view.updates.iter().map(update).collect::<Vec<_>>(),
    })
}

async fn list_reports(State(cx): State<Cx>, Query(request): Query<PageRequest>) -> Reply<Json<Value>> {
    let page = cx.read(move |r| reports::list_all(r, &request)).await?;
    Ok(Json(json!({ "reports": page.rows.iter().map(report_json).collect::<Vec<_>>(), "next": page.next })))
}

async fn one_report(cx: &Cx, id: ReportId) -> Result<Value> {
    cx.read(move |r| Ok(report_json(&reports::get_report(r, id)?))).await
}

async fn get_report(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply<Json<Value>> {
    Ok(Json(one_report(&cx, ReportId(id)).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EffectBody {
    component: ComponentId,
    state: ComponentState,
}

fn effects(bodies: Vec<EffectBody>) -> Vec<Effect> {
    bodies.into_iter().map(|body| Effect { component: body.component, state: body.state }).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    title: String,
    impact: Impact,
    #[serde(default = "investigating")]
    phase: Phase,
    body: String,
    #[serde(default)]
    effects: Vec<EffectBody>,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    quiet: bool,
    #[serde(default)]
    counts_as_downtime: bool,
    started_at: Option<String>,
}

const fn investigating() -> Phase {
    Phase::Investigating
}

async fn create_report(State(cx): State<Cx>, actor: Actor, Json(body): Json<ReportBody>) -> Reply {
    let started_at = body.started_at.as_deref().map(|text| moment("started_at", text)).transpose()?;
    let new = NewReport {
        title: body.title,
        impact: body.impact,
        phase: body.phase,
        body: body.body,
        effects: effects(body.effects),
        is_draft: body.draft,
        is_quiet: body.quiet,
        counts_as_downtime: body.counts_as_downtime,
        started_at,
    };
    let id = cx.write(move |tx| acts::create_report(tx, &actor.label(), new)).await?;
    Ok(created(one_report(&cx, id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportChange {
    title: Option<String>,
    impact: Option<Impact>,
    counts_as_downtime: Option<bool>,
    /// `true` publishes a draft.
    published: Option<bool>,
}

async fn change_report(State(cx): State<Cx>, actor: Actor, Path(id): Path<i64>, Json(body): Json<ReportChange>) -> Reply<Json<Value>> {
    let id = ReportId(id);
    cx.write(move |tx| {
        let view = reports::get_report(tx, id)?.view;
        let (title, impact) = (body.title.unwrap_or(view.title), body.impact.unwrap_or(view.impact));
        acts::edit_report(tx, &actor.label(), id, &title, impact, body.counts_as_downtime.unwrap_or(view.counts_as_downtime))?;
        match body.published {
            Some(true) => acts::publish_report(tx, &actor.label(), id),
            Some(false) => Err(Error::field("published", "A published report stays public; resolve or delete it.")),
            None => Ok(()),
        }
    })
    .await?;
    Ok(Json(one_report(&cx, id).await?))
}

async fn delete_report(State(cx): State<Cx>, actor: Actor, Path(id): Path<i64>) -> Reply<StatusCode> {
    cx.write(move |tx| acts::delete_report(tx, &actor.label(), ReportId(id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    phase: Phase,
    impact: Option<Impact>,
    body: String,
    #[serde(default)]
    effects: Vec<EffectBody>,
    #[serde(default)]
    quiet: bool,
}

async fn add_update(State(cx): State<Cx>, actor: Actor, Path(id): Path<i64>, Json(body): Json<UpdateBody>) -> Reply {
    let id = ReportId(id);
    let new = NewUpdate { phase: body.phase, impact: body.impact, body: body.body, effects: effects(body.effects), is_quiet: body.quiet };
    cx.write(move |tx| acts::add_update(tx, &actor.label(), id, new)).await?;
    Ok(created(one_report(&cx, id).await?))
}

// ---- Maintenances ----

fn maintenance_json(row: &MaintenanceRow) -> Value {
    let view = &row.view;
    let update = |update: &MaintenanceUpdateView| json!({ "id": update.id, "phase": update.phase.as_str(), "body": update.body, "created_at": update.at.rfc3339_millis() });
    json!({
        "id": row.id, "public_id": view.public_id, "title": view.title, "phase": view.phase.as_str(),
        "starts_at": view.starts_at.rfc3339_millis(), "ends_at": view.ends_at.rfc3339_millis(), "components": view.components,
        "updated_at": view.updated_at.rfc3339_millis(), "updates": view.updates.iter().map(update).collect::<Vec<_>>(),
    })
}

async fn list_maintenances(State(cx): State<Cx>, Query(request): Query<PageRequest>) -> Reply<Json<Value>> {
    let page = cx.read(move |r| maintenances::list_all(r, &request)).await?;
    Ok(Json(json!({ "maintenances": page.rows.iter().map(maintenance_json).collect::<Vec<_>>(), "next": page.next })))
}

async fn one_maintenance(cx: &Cx, id: MaintenanceId) -> Result<Value> {
    cx.read(move |r| Ok(maintenance_json(&maintenances::get_maintenance(r, id)?))).await
}

async fn get_maintenance(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply<Json<Value>> {
    Ok(Json(one_maintenance(&cx, MaintenanceId(id)).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaintenanceBody {
    title: Option<String>,
    #[serde(default)]
    body: String,
    starts_at: Option<String>,
    ends_at: Option<String>,
    components: Option<Vec<ComponentId>>,
}

async fn create_maintenance(State(cx): State<Cx>, actor: Actor, Json(body): Json<MaintenanceBody>) -> Reply {
    let write = MaintenanceWrite {
        title: body.title.unwrap_or_default(),
        starts_at: moment("starts_at", body.starts_at.as_deref().unwrap_or_default())?,
        ends_at: moment("ends_at", body.ends_at.as_deref().unwrap_or_default())?,
        components: body.components.unwrap_or_default(),
    };
    let id = cx.write(move |tx| acts::announce(tx, &actor.label(), write, &body.body)).await?;
    Ok(created(one_maintenance(&cx, id).await?))
}

async fn change_maintenance(
    State(cx): State<Cx>,
    actor: Actor,
    Path(id): Path<i64>,
    Json(body): Json<MaintenanceBody>,
) -> Reply<Json<Value>> {
    let id = MaintenanceId(id);
    let starts_at = body.starts_at.as_deref().map(|text| moment("starts_at", text)).transpose()?;
    let ends_at = body.ends_at.as_deref().map(|text| moment("ends_at", text)).transpose()?;
    cx.write(move |tx| {
        let view = maintenances::get_maintenance(tx, id)?.view;
        let write = MaintenanceWrite {
            title: body.title.unwrap_or(view.title),
            starts_at: starts_at.unwrap_or(view.starts_at),
            ends_at: ends_at.unwrap_or(view.ends_at),
            components: body.components.unwrap_or(view.components),
        };
        acts::edit_maintenance(tx, &actor.label(), id, write, &body.body)
    })
    .await?;
    Ok(Json(one_maintenance(&cx, id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepBody {
    phase: MaintenancePhase,
    #[serde(default)]
    body: String,
}

async fn step_maintenance(State(cx): State<Cx>, actor: Actor, Path(id): Path<i64>, Json(body): Json<StepBody>) -> Reply {
    let id = MaintenanceId(id);
    cx.write(move |tx| acts::step_maintenance(tx, &actor.label(), id, body.phase, &body.body)).await?;
    Ok(created(one_maintenance(&cx, id).await?))
}
