//! `/api/v1/issues`: what programs may read and change.

use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use db::{Reader, Tx};
use http::StatusCode;
use ingest::EventId;
use kernel::ids::{MemberId, ProjectId, ReleaseId};
use kernel::{Error, Result, Role, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Access, By, Json, Member, Path, Query, Reply, State};

use super::list::{Params, understand};
use super::{acts, event, issue};
use crate::acts as engine;
use crate::model::{Ignored, Issue, Resolved, State as IssueState, Stored};
use crate::search::Search;
use crate::store::events;
use crate::store::views::{self, EventFilter, Wanted};

const READ: Access = Access::Api { scope: "errors:read", role: Role::Viewer };
const ACT: Access = Access::Api { scope: "errors:write", role: Role::Member };

const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

pub fn mount(routes: &mut Routes) {
    routes.get("/api/v1/issues", READ, list);
    routes.get("/api/v1/issues/{id}", READ, show);
    routes.patch("/api/v1/issues/{id}", ACT, change);
    routes.delete("/api/v1/issues/{id}", ACT, delete);
    routes.get("/api/v1/issues/{id}/events", READ, list_events);
    routes.get("/api/v1/issues/{id}/events/{event}", READ, show_event);
    routes.get("/api/v1/events/{event}", READ, find_event);
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    state: String,
    sort: String,
    project: String,
    q: String,
    after: String,
    limit: Option<u32>,
}

/// What a person may mistype is answered with a sentence here, not passed over as in the address of a page.
async fn list(State(cx): State<Cx>, Query(asked): Query<Asked>) -> Reply {
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let state = if asked.state.is_empty() { "all".to_owned() } else { asked.state };
    let params = Params { state, sort: asked.sort, range: String::new(), project: asked.project, q: asked.q, after: asked.after };
    let shown = cx
        .read(move |r| {
            let asked = params.asked();
            let (wanted, problems) = understand(r, &asked, &Search::parse(&asked.text), None)?;
            if let Some(problem) = problems.into_iter().next() {
                return Err(Error::field("q", problem));
            }
            let wanted = Wanted { after: views::parse_key(asked.sort, &params.after), limit: limit + 1, ..wanted };
            let mut found = views::list_page(r, &wanted)?;
            let is_more = found.len() > limit as usize;
            found.truncate(limit as usize);
            let key = found.last().filter(|_| is_more).map(|issue| views::key_of(asked.sort, issue));
            let next = key.map(|key| key.iter().map(i64::to_string).collect::<Vec<_>>().join("."));
            let issues = found.iter().map(|issue| issue_json(r, issue)).collect::<Result<Vec<Value>>>()?;
            Ok(json!({"issues": issues, "next": next}))
        })
        .await?;
    Ok(Json(shown).into_response())
}

fn issue_json(r: &Reader<'_>, issue: &Issue) -> Result<Value> {
    let version =
        |id: Option<ReleaseId>| issue::version_of(r, id).map(|version| if version.is_empty() { Value::Null } else { version.into() });
    let moment = |at: Option<Time>| at.map(Time::rfc3339_millis);
    let how = match issue.state {
        IssueState::Resolved(Resolved::AtOnce) => Some("at_once"),
        IssueState::Resolved(Resolved::NextRelease(_)) => Some("next_release"),
        IssueState::Resolved(Resolved::InRelease(_)) => Some("in_release"),
        _ => None,
    };
    let ignored = match issue.state {
        IssueState::Ignored(ignored) => ignored,
        _ => Ignored::default(),
    };
    Ok(json!({
        "id": issue.id, "project_id": issue.project, "title": issue.title(), "type": issue.kind, "value": issue.value, "culprit": issue.culprit,
        "level": issue.level.as_str(), "platform": issue.platform, "state": issue.state.as_str(), "resolved": how,
        "resolved_release": version(issue.state.release())?, "ignored_until": moment(ignored.until), "ignored_events": ignored.events,
        "ignored_users": ignored.users, "is_regressed": issue.regressed_at.is_some(), "is_spiking": issue.spiking_since.is_some(),
        "has_unhandled": issue.has_unhandled, "priority": issue.priority.as_str(), "assignee_id": issue.assignee, "events": issue.events,
        "users": issue.users, "first_release": version(issue.first_release)?, "last_release": version(issue.last_release)?,
        "state_changed_at": issue.state_at.rfc3339_millis(), "first_seen_at": issue.first_seen_at.rfc3339_millis(),
        "last_seen_at": issue.last_seen_at.rfc3339_millis(),
    }))
}

async fn show(State(cx): State<Cx>, Path(id): Path<i64>) -> Reply {
    let shown = cx.read(move |r| issue_json(r, &issue::get(r, id)?)).await?;
    Ok(Json(shown).into_response())
}

/// What may be changed; what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// `open`, `resolved`, `ignored`.
    state: Option<String>,
    /// For `resolved`: `next` or a version; absent: at once.
    in_release: Option<String>,
    /// For `ignored`; none of them: for ever.
    ignored_until: Option<String>,
    more_events: Option<u64>,
    more_users: Option<u64>,
    /// `null` for nobody.
    #[serde(default, deserialize_with = "given")]
    assignee_id: Option<Option<i64>>,
}

/// Tells `null` from an absent field.
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::<i64>::deserialize(value).map(Some)
}

async fn change(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Json(change): Json<Change>) -> Reply {
    let who = acts::who(&by.actor);
    let audited = by.actor;
    let shown = cx
        .write(move |tx| {
            let found = issue::get(tx, id)?;
            if let Some(state) = wanted_state(tx, &found, &change)? {
                engine::set_state(tx, &[found.id], state, &who)?;
                capability::audit(tx, &audited, "errors.issue.state", &format!("issue {id}"), state.as_str())?;
            }
            if let Some(assignee) = change.assignee_id {
                let member = acts::checked_member(tx, assignee.map(MemberId))?;
                engine::assign(tx, &[found.id], member, &who)?;
                capability::audit(tx, &audited, "errors.issue.assign", &format!("issue {id}"), "")?;
            }
            issue_json(tx, &issue::get(tx, id)?)
        })
        .await?;
    Ok(Json(shown).into_response())
}

fn wanted_state(tx: &Tx<'_>, issue: &Issue, change: &Change) -> Result<Option<IssueState>> {
    let needs = |state: &str, field: &str| Err(Error::field(field, format!("“{field}” goes only with the state “{state}”.")));
    let has_until = change.ignored_until.is_some() || change.more_events.is_some() || change.more_users.is_some();
    match change.state.as_deref() {
        Some("resolved") => {}
        _ if change.in_release.is_some() => return needs("resolved", "in_release"),
        Some("ignored") => {}
        _ if has_until => return needs("ignored", "ignored_until"),
        _ => {}
    }
    let Some(state) = change.state.as_deref() else { return Ok(None) };
    Ok(Some(match state {
        "open" => IssueState::Open,
        "resolved" => IssueState::Resolved(acts::resolved_in(tx, issue.project, change.in_release.as_deref().unwrap_or_default())?),
        "ignored" => {
            let wrong = || Error::field("ignored_until", "Please give a time such as 2026-11-23T14:39:00Z.");
            let until = change.ignored_until.as_deref().map(|text| Time::parse_rfc3339(text).ok_or_else(wrong)).transpose()?;
            let more = |now: u64, more: Option<u64>| more.map(|more| now.saturating_add(more.max(1)));
            IssueState::Ignored(Ignored {
                until,
                events: more(issue.events, change.more_events),
                users: more(issue.users, change.more_users),
            })
        }
        _ => return Err(Error::field("state", "Please give one of open, resolved, ignored.")),
    }))
}

async fn delete(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let (who, audited) = (acts::who(&by.actor), by.actor);
    cx.write(move |tx| {
        let found = issue::get(tx, id)?;
        engine::delete(tx, &[found.id], &who)?;
        capability::audit(tx, &audited, "errors.issue.delete", &format!("issue {id}"), &found.title())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AskedEvents {
    before: Option<i64>,
    limit: Option<u32>,
    environment: String,
}

async fn list_events(State(cx): State<Cx>, Path(id): Path<i64>, Query(asked): Query<AskedEvents>) -> Reply {
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let hashes = cx.read(move |r| event::hashes_of(r, issue::get(r, id)?.id)).await?;
    let (stored, next) = cx
        .telemetry
        .read(move |r| {
            let filter = EventFilter { environment: asked.environment, ..EventFilter::default() };
            let mut items = views::filtered_events(r, &hashes, &filter, asked.before.unwrap_or(i64::MAX), limit + 1)?;
            let is_more = items.len() > limit as usize;
            items.truncate(limit as usize);
            let next = items.last().copied().filter(|_| is_more);
            let mut stored = Vec::with_capacity(items.len());
            for item in items {
                stored.extend(events::find_event(r, item)?);
            }
            Ok((stored, next))
        })
        .await?;
    let rows = cx.read(move |r| stored.iter().map(|stored| event_json(r, id, stored)).collect::<Result<Vec<Value>>>()).await?;
    Ok(Json(json!({"events": rows, "next": next})).into_response())
}

fn event_json(r: &Reader<'_>, issue: i64, stored: &Stored) -> Result<Value> {
    let release = issue::version_of(r, stored.release)?;
    Ok(json!({
        "id": stored.item, "issue_id": issue, "project_id": stored.project, "event_id": stored.event_id.map(|id| id.to_string()),
        "level": stored.level.as_str(), "environment": stored.environment, "release": if release.is_empty() { Value::Null } else { release.into() },
        "happened_at": stored.at.rfc3339_millis(), "received_at": stored.received_at.rfc3339_millis(),
    }))
}

async fn show_event(State(cx): State<Cx>, Path((id, item)): Path<(i64, i64)>) -> Reply {
    answer(&cx, id, item).await
}

/// By the id that the SDK gave it, in whatever project.
async fn find_event(State(cx): State<Cx>, Path(event_id): Path<String>) -> Reply {
    let event_id = EventId::parse(&event_id).ok_or_else(|| Error::not_found("event"))?;
    let (id, item) = event::find_by_event_id(&cx, None::<ProjectId>, event_id).await?.ok_or_else(|| Error::not_found("event"))?;
    answer(&cx, id.0, item).await
}

/// With what was sent, after scrubbing; `null` where that is no JSON or has aged out.
async fn answer(cx: &Cx, id: i64, item: i64) -> Reply {
    let (_, loaded, _) = event::of_issue(cx, id, item).await?;
    let (stored, item) = (loaded.stored, loaded.item);
    let payload = super::blocking(move || {
        let payload = item.map(|item| item.payload()).transpose()?;
        Ok(payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or(Value::Null))
    })
    .await?;
    let mut shown = cx.read(move |r| event_json(r, id, &stored)).await?;
    shown["payload"] = payload;
    Ok(Json(shown).into_response())
}
