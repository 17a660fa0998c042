//! Monitors for programs: `/api/v1/monitors`, with the scopes `uptime:read` and `uptime:write`.

use std::collections::HashMap;

use axum::response::{IntoResponse, Response};
use capability::{Cx, Routes, audit};
use db::Reader;
use http::StatusCode;
use kernel::ids::MonitorId;
use kernel::paging::PageRequest;
use kernel::time::{DAY, HOUR, parse_zone};
use kernel::{Error, Result, Role, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web::{Access, Actor, Allowance, By, Json, Member, Path, Query, Reply, State, Viewer};

use crate::model::arithmetic::{Tally, days};
use crate::model::flat;
use crate::model::state::MonitorState;
use crate::model::watch::{Kind, Monitor, Secrets};
use crate::runner::Desk;
use crate::{acts, store};

const READ: Access = Access::Api { scope: "uptime:read", role: Role::Viewer };
const WRITE: Access = Access::Api { scope: "uptime:write", role: Role::Member };

pub fn mount(routes: &mut Routes) {
    routes.get("/api/v1/monitors", READ, list);
    routes.post("/api/v1/monitors", WRITE, create);
    routes.get("/api/v1/monitors/{id}", READ, show);
    routes.patch("/api/v1/monitors/{id}", WRITE, change);
    routes.delete("/api/v1/monitors/{id}", WRITE, remove);
    routes.post("/api/v1/monitors/{id}/pause", WRITE, pause);
    routes.post("/api/v1/monitors/{id}/resume", WRITE, resume);
    routes.post("/api/v1/monitors/{id}/test", WRITE, test);
    routes.get("/api/v1/monitors/{id}/checks", READ, checks);
    routes.get("/api/v1/monitors/{id}/uptime", READ, uptime);
    routes.get("/api/v1/monitors/{id}/outages", READ, outages);
}

/// The flat monitor with its state of now.
fn described(r: &Reader<'_>, cx: &Cx, actor: &Actor, monitor: &Monitor) -> Result<Value> {
    let mut fields = flat::answer(monitor);
    let shown = store::states::find_shown(r, monitor.id)?;
    fields.extend(state_fields(shown.as_ref()));
    if monitor.watch.kind() == Kind::Heartbeat && may_change(r, actor)? {
        fields.extend(beat_field(cx, &store::monitors::secrets(r, &cx.sealer, monitor.id)?));
    }
    Ok(Value::Object(fields))
}

/// Whom the addresses that jobs report to are told: they are credentials, so only who may change monitors hears them.
fn may_change(r: &Reader<'_>, actor: &Actor) -> Result<bool> {
    let has_scope = match actor {
        Actor::Key { id, .. } => {
            identity::store::find_key(r, *id)?.is_some_and(|key| key.scopes.iter().any(|scope| scope == "uptime:write"))
        }
        Actor::Member { .. } => true,
        Actor::Visitor => false,
    };
    Ok(has_scope && actor.has_role(Role::Member))
}

fn beat_field(cx: &Cx, secrets: &Secrets) -> Option<(String, Value)> {
    let token = Some(&secrets.beat_token).filter(|token| !token.is_empty())?;
    Some(("beat_url".to_owned(), json!(cx.link(&format!("/uptime/beat/{token}")))))
}

fn state_fields(shown: Option<&store::states::Shown>) -> Map<String, Value> {
    let mut fields = Map::new();
    let state = shown.map_or(MonitorState::Pending, |shown| shown.state);
    fields.insert("state".to_owned(), json!(state.as_str()));
    fields.insert("since_at".to_owned(), json!(shown.map(|shown| shown.since.rfc3339_millis())));
    fields.insert("why".to_owned(), json!(shown.map_or("", |shown| shown.body.why())));
    fields
}

async fn list(State(cx): State<Cx>, by: By<Viewer>) -> Reply {
    let context = cx.clone();
    let monitors = cx
        .read(move |r| {
            let shown: HashMap<_, _> = store::states::shown(r)?.into_iter().collect();
            let secrets: HashMap<_, _> = match may_change(r, &by.actor)? {
                true => store::monitors::all_secrets(r, &context.sealer)?.into_iter().collect(),
                false => HashMap::new(),
            };
            let describe = |monitor: Monitor| {
                let mut fields = flat::answer(&monitor);
                fields.extend(state_fields(shown.get(&monitor.id)));
                if monitor.watch.kind() == Kind::Heartbeat {
                    fields.extend(secrets.get(&monitor.id).and_then(|secrets| beat_field(&context, secrets)));
                }
                Value::Object(fields)
            };
            Ok(store::monitors::list(r)?.into_iter().map(describe).collect::<Vec<_>>())
        })
        .await?;
    Ok(Json(json!({ "monitors": monitors })).into_response())
}

async fn show(State(cx): State<Cx>, by: By<Viewer>, Path(id): Path<MonitorId>) -> Reply {
    let context = cx.clone();
    let monitor = cx.read(move |r| described(r, &context, &by.actor, &store::monitors::get(r, id)?)).await?;
    Ok(Json(monitor).into_response())
}

async fn create(State(cx): State<Cx>, by: By<Member>, Json(body): Json<Value>) -> Reply {
    let context = cx.clone();
    let monitor = cx
        .write(move |tx| {
            let given = flat::read(with_defaults(tx, body)?, &|key| id_of(tx, key))?;
            let kind = given.draft.watch.kind();
            let monitor = acts::create(tx, &context.sealer, given).map_err(|error| flat::as_given(error, kind))?;
            record(tx, &by.actor, "uptime.monitor.create", &monitor)?;
            described(tx, &context, &by.actor, &monitor)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(monitor)).into_response())
}

/// Rules that are not given are those of the settings.
fn with_defaults(r: &Reader<'_>, body: Value) -> Result<Value> {
    let Value::Object(given) = body else {
        return Err(Error::invalid("Please give a monitor as an object with fields such as name, kind and url."));
    };
    let rules = crate::settings::default_rules(r)?;
    let mut fields = Map::new();
    fields.insert("interval_s".to_owned(), json!(rules.interval_s));
    let interval = given.get("interval_s").and_then(Value::as_u64).unwrap_or(u64::from(rules.interval_s));
    fields.insert("timeout_ms".to_owned(), json!(u64::from(rules.timeout_ms).min(interval.saturating_mul(1_000))));
    fields.extend(given);
    Ok(Value::Object(fields))
}

async fn change(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>, Json(body): Json<Value>) -> Reply {
    let context = cx.clone();
    let monitor = cx
        .write(move |tx| {
            let stored = store::monitors::get(tx, id)?;
            let given = flat::read(flat::merged(&stored.draft, body)?, &|key| id_of(tx, key))?;
            let kind = given.draft.watch.kind();
            let monitor = acts::update(tx, &context.sealer, id, given).map_err(|error| flat::as_given(error, kind))?;
            record(tx, &by.actor, "uptime.monitor.update", &monitor)?;
            described(tx, &context, &by.actor, &monitor)
        })
        .await?;
    Ok(Json(monitor).into_response())
}

async fn remove(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    cx.write(move |tx| {
        let monitor = acts::delete(tx, id)?;
        record(tx, &by.actor, "uptime.monitor.delete", &monitor)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn pause(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    set_paused(&cx, by.actor, id, true).await
}

async fn resume(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    set_paused(&cx, by.actor, id, false).await
}

/// The state in the answer is the one of now: the runner takes the change up within a moment.
async fn set_paused(cx: &Cx, actor: Actor, id: MonitorId, is_paused: bool) -> Reply {
    let context = cx.clone();
    let monitor = cx
        .write(move |tx| {
            let monitor = acts::set_paused(tx, id, is_paused)?;
            record(tx, &actor, if is_paused { "uptime.monitor.pause" } else { "uptime.monitor.resume" }, &monitor)?;
            described(tx, &context, &actor, &monitor)
        })
        .await?;
    Ok(Json(monitor).into_response())
}

async fn test(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    let check = test_now(&cx, &by.actor, id).await?;
    Ok(Json(check).into_response())
}

/// One look that is only shown, not judged. Limited, because it makes this machine call out at somebody's will.
pub async fn test_now(cx: &Cx, actor: &Actor, id: MonitorId) -> Result<crate::model::check::Check> {
    cx.limiter.check("uptime.test", &actor.label(), Allowance { burst: 20, per: std::time::Duration::from_secs(60) })?;
    let sealer = cx.sealer.clone();
    let target = cx
        .read(move |r| {
            let monitor = store::monitors::get(r, id)?;
            let secrets = store::monitors::secrets(r, &sealer, id)?;
            Ok(crate::prober::Target { watch: monitor.draft.watch, rules: monitor.draft.rules, secrets })
        })
        .await?;
    if !target.watch.kind().is_probed() {
        return Err(Error::invalid("This kind of monitor does not look by itself: it waits for beats, or sums up other monitors."));
    }
    Ok(Desk::of(cx)?.prober().probe(&target, cx.now()).await)
}

#[derive(Debug, Deserialize)]
struct Range {
    from: Option<String>,
    to: Option<String>,
}

impl Range {
    /// From and to; the last hour when nothing was given.
    fn within(&self, now: Time, longest: std::time::Duration) -> Result<(Time, Time)> {
        let read = |field: &str, text: &Option<String>, default: Time| match text {
            None => Ok(default),
            Some(text) => Time::parse_rfc3339(text).ok_or_else(|| Error::field(field, "Please give a time such as 2026-11-23T14:00:00Z.")),
        };
        let to = read("to", &self.to, now)?;
        let from = read("from", &self.from, to - HOUR)?;
        if to <= from || to.since(from) > longest {
            return Err(Error::field("from", "Please ask for a time that ends after it begins and is at most 24 hours long."));
        }
        Ok((from, to))
    }
}

async fn checks(State(cx): State<Cx>, _by: By<Viewer>, Path(id): Path<MonitorId>, Query(range): Query<Range>) -> Reply {
    cx.read(move |r| store::monitors::get(r, id)).await?;
    let (from, to) = range.within(cx.now(), DAY)?;
    let samples = cx.telemetry.read(move |r| store::checks::between(r, id, from, to)).await?;
    let checks: Vec<Value> = samples
        .iter()
        .map(|sample| {
            json!({
                "started_at": sample.at.rfc3339_millis(),
                "vantage": sample.vantage,
                "verdict": sample.verdict,
                "reason": sample.reason,
                "code": (sample.code > 0).then_some(sample.code),
                "phases_us": sample.phases,
            })
        })
        .collect();
    Ok(Json(json!({ "from_at": from.rfc3339_millis(), "to_at": to.rfc3339_millis(), "checks": checks })).into_response())
}

#[derive(Debug, Deserialize)]
struct UptimeQuery {
    days: Option<usize>,
    zone: Option<String>,
}

async fn uptime(State(cx): State<Cx>, _by: By<Viewer>, Path(id): Path<MonitorId>, Query(query): Query<UptimeQuery>) -> Reply {
    let zone = parse_zone(query.zone.as_deref().unwrap_or("UTC")).map_err(|error| Error::field("zone", error.message()))?;
    let count = query.days.unwrap_or(30);
    if !(1..=366).contains(&count) {
        return Err(Error::field("days", "Please ask for 1 to 366 days.").into());
    }
    let answer = cx
        .read(move |r| {
            store::monitors::get(r, id)?;
            let buckets = days(&zone, r.now, count);
            let from = buckets.first().map_or(r.now, |bucket| bucket.from);
            let spans = store::states::history(r, id, from, r.now)?;
            let row = |tally: &Tally| json!({ "uptime_percent": tally.uptime().map(|percent| percent.as_f64()), "milliseconds": tally });
            let rows: Vec<Value> = buckets
                .iter()
                .map(|bucket| {
                    let mut row = row(&Tally::of(&spans, bucket.from, bucket.to));
                    row["date"] = json!(bucket.date.to_string());
                    row
                })
                .collect();
            Ok(json!({ "total": row(&Tally::of(&spans, from, r.now)), "days": rows }))
        })
        .await?;
    Ok(Json(answer).into_response())
}

async fn outages(State(cx): State<Cx>, _by: By<Viewer>, Path(id): Path<MonitorId>, Query(page): Query<PageRequest>) -> Reply {
    let found = cx
        .read(move |r| {
            store::monitors::get(r, id)?;
            store::states::outages(r, id, &page)
        })
        .await?;
    let rows: Vec<Value> = found
        .rows
        .iter()
        .map(|outage| {
            json!({
                "id": outage.id,
                "started_at": outage.started_at.rfc3339_millis(),
                "confirmed_at": outage.confirmed_at.rfc3339_millis(),
                "ended_at": outage.ended_at.map(Time::rfc3339_millis),
                "reason": outage.reason,
                "detail": outage.detail,
                "parent": outage.parent,
            })
        })
        .collect();
    Ok(Json(json!({ "outages": rows, "next": found.next })).into_response())
}

fn id_of(r: &Reader<'_>, key: &str) -> Option<MonitorId> {
    store::monitors::find_by_key(r, key).ok().flatten().map(|monitor| monitor.id)
}

pub fn record(tx: &mut db::Tx<'_>, actor: &Actor, act: &str, monitor: &Monitor) -> Result<()> {
    audit(tx, actor, act, &format!("monitor:{} {}", monitor.id, monitor.name), &monitor.watch.target())
}

/// `Response` of a page that cannot take a form.
pub fn unprocessable(page: String) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, web::Html(page)).into_response()
}
