//! The console's pages about monitors.

use std::collections::HashMap;
use std::time::Duration;

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes};
use db::Reader;
use frontend::console_page;
use kernel::error::FieldError;
use kernel::ids::MonitorId;
use kernel::paging::PageRequest;
use kernel::time::{DAY, HOUR, parse_zone};
use kernel::{Error, Kind as ErrorKind, Result, Role, Time};
use serde::Deserialize;
use web::{Access, Actor, By, Form, Html, Member, Path, Query, Reply, State, Viewer, see_other, see_other_with};

use super::api::{record, test_now, unprocessable};
use super::monitor_form::{self, Typed};
use crate::model::arithmetic::{Tally, days};
use crate::model::check::Verdict;
use crate::model::flat::Given;
use crate::model::judge::mass_failure;
use crate::model::state::MonitorState;
use crate::model::watch::{Draft, Kind, Monitor, Secrets, Watch};
use crate::pages;
use crate::pages::detail::{Chart, Detail, Range};
use crate::runner::Desk;
use crate::store::rollups::Rollup;
use crate::{acts, store};

const SEE: Access = Access::Rank(Role::Viewer);
const DO: Access = Access::Rank(Role::Member);
/// Rows of a page of the list.
const PAGE: usize = 100;

pub fn mount(routes: &mut Routes) {
    routes.get("/uptime", SEE, list);
    routes.get("/uptime/new", DO, new);
    routes.post("/uptime/new", DO, create);
    routes.get("/uptime/monitors/{id}", SEE, show);
    routes.get("/uptime/monitors/{id}/edit", DO, edit);
    routes.post("/uptime/monitors/{id}/edit", DO, change);
    routes.post("/uptime/monitors/{id}/pause", DO, pause);
    routes.post("/uptime/monitors/{id}/resume", DO, resume);
    routes.post("/uptime/monitors/{id}/delete", DO, remove);
    routes.post("/uptime/monitors/{id}/test", DO, test);
    routes.post("/uptime/monitors/{id}/renew", DO, renew);
}

#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    page: usize,
}

async fn list(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Query(query): Query<ListQuery>) -> Reply {
    let rings = rings(&cx);
    let mass = mass_failure_now(&cx);
    let can_edit = by.actor.has_role(Role::Member);
    let listing = cx
        .read(move |r| {
            let shown: HashMap<_, _> = store::states::shown(r)?.into_iter().collect();
            let all = store::monitors::list(r)?;
            let mut tags: Vec<String> = all.iter().flat_map(|monitor| monitor.tags.clone()).collect();
            tags.sort();
            tags.dedup();
            let total = all.len();
            let state_of = |monitor: &Monitor| shown.get(&monitor.id).map_or(MonitorState::Pending, |shown| shown.state);
            let mut counts: HashMap<MonitorState, usize> = HashMap::new();
            for monitor in &all {
                *counts.entry(state_of(monitor)).or_default() += 1;
            }
            let wanted: Vec<Monitor> = all.into_iter().filter(|monitor| matches(monitor, state_of(monitor), &query)).collect();
            let found = wanted.len();
            let mut origins = super::check_ins::origins(r)?;
            let mut rows = Vec::new();
            for monitor in wanted.into_iter().skip(query.page * PAGE).take(PAGE) {
                let state = state_of(&monitor);
                let since = shown.get(&monitor.id).map(|shown| shown.since);
                let why = shown.get(&monitor.id).map_or_else(String::new, |shown| shown.body.why().to_owned());
                let spans = store::states::history(r, monitor.id, r.now - DAY * 30, r.now)?;
                let percent = |span: Duration| Tally::of(&spans, r.now - span, r.now).uptime();
                let (day, month) = (percent(DAY), percent(DAY * 30));
                let spark = rings.get(&monitor.id).cloned().unwrap_or_default();
                let origin = origins.remove(&monitor.id);
                rows.push(pages::list::MonitorRow { monitor, state, since, why, day, month, origin, spark });
            }
            let next = (found > (query.page + 1) * PAGE).then_some(query.page + 1);
            let ListQuery { q, state, tag, page } = query;
            Ok(pages::list::Listing { rows, mass, q, state, tag, page, next, tags, total, found, counts, can_edit, now: r.now })
        })
        .await?;
    Ok(Html(console_page(&framed.live(&[crate::TOPIC]), "Monitors", pages::list::show(&listing))).into_response())
}

fn matches(monitor: &Monitor, state: MonitorState, query: &ListQuery) -> bool {
    let needle = query.q.trim().to_lowercase();
    let hits = needle.is_empty()
        || monitor.name.to_lowercase().contains(&needle)
        || monitor.watch.target().to_lowercase().contains(&needle)
        || monitor.tags.iter().any(|tag| tag.contains(&needle));
    hits && (query.state.is_empty() || state.as_str() == query.state) && (query.tag.is_empty() || monitor.tags.contains(&query.tag))
}

/// How many of how many began to fail within the last minute, and the name of the first.
fn mass_failure_now(cx: &Cx) -> Option<(usize, usize, String)> {
    let desk = Desk::of(cx).ok()?;
    let book = desk.book();
    let found = mass_failure(book.monitors.iter().map(|(id, watched)| (*id, &watched.state)), cx.now())?;
    let first = book.monitors.get(&found.first).map(|watched| watched.monitor.name.clone())?;
    Some((found.failing, found.total, first))
}

/// The newest response times of every monitor, from memory.
fn rings(cx: &Cx) -> HashMap<MonitorId, Vec<f64>> {
    let Ok(desk) = Desk::of(cx) else { return HashMap::new() };
    let book = desk.book();
    let spark = |watched: &crate::runner::Watched| {
        let answered = watched.ring.iter().filter(|dot| dot.verdict != Verdict::Fail);
        let all: Vec<f64> = answered.map(|dot| f64::from(dot.total) / 1_000.0).collect();
        all[all.len().saturating_sub(40)..].to_vec()
    };
    book.monitors.iter().map(|(id, watched)| (*id, spark(watched))).collect()
}

#[derive(Debug, Default, Deserialize)]
struct NewQuery {
    #[serde(default)]
    kind: String,
}

async fn new(State(cx): State<Cx>, _by: By<Member>, framed: Framed, Query(query): Query<NewQuery>) -> Reply {
    let Some(kind) = Kind::parse(&query.kind) else {
        return Ok(Html(console_page(&framed.live(&[]), "New monitor", pages::form::choose_kind())).into_response());
    };
    let rules = cx.read(crate::settings::default_rules).await?;
    let draft = Draft {
        key: String::new(),
        name: String::new(),
        watch: Watch::blank(kind),
        rules,
        tags: Vec::new(),
        note: String::new(),
        depends_on: Vec::new(),
        paused: false,
    };
    let form = FormPage { kind, typed: monitor_form::typed(&draft), errors: Vec::new(), stored: None };
    Ok(Html(form_page(&cx, framed, form).await?).into_response())
}

struct FormPage {
    kind: Kind,
    typed: Typed,
    errors: Vec<FieldError>,
    /// The monitor that is edited, and which secrets it has.
    stored: Option<(Monitor, Secrets)>,
}

async fn form_page(cx: &Cx, framed: Framed, form: FormPage) -> Result<String> {
    let own = form.stored.as_ref().map(|(monitor, _)| monitor.id);
    let others = cx
        .read(move |r| {
            Ok(store::monitors::list(r)?
                .into_iter()
                .filter(|monitor| Some(monitor.id) != own)
                .map(|monitor| (monitor.id, monitor.name.clone()))
                .collect())
        })
        .await?;
    let title = if form.stored.is_some() { "Edit monitor" } else { "New monitor" };
    let view = pages::form::FormView { kind: form.kind, typed: &form.typed, errors: &form.errors, stored: form.stored.as_ref(), others };
    Ok(console_page(&framed.live(&[]), title, pages::form::show(&view)))
}

/// Field errors lead back to the form; any other error is one.
fn form_errors(error: Error) -> Result<Vec<FieldError>> {
    match error.kind {
        ErrorKind::Invalid if !error.field_errors().is_empty() => Ok(error.field_errors().to_vec()),
        ErrorKind::Invalid | ErrorKind::Conflict => Ok(vec![FieldError { field: "name".to_owned(), message: error.message().to_owned() }]),
        _ => Err(error),
    }
}

async fn create(State(cx): State<Cx>, by: By<Member>, framed: Framed, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    let typed = Typed::from_pairs(pairs);
    let kind = Kind::parse(typed.text("kind")).ok_or_else(|| Error::field("kind", "Please choose what to watch first."))?;
    let made = match monitor_form::given(kind, &typed, &Secrets::default()) {
        Ok(given) => insert(&cx, by.actor, given).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(monitor) => {
            let flash = if kind == Kind::Heartbeat {
                "The monitor waits for its first beat."
            } else {
                "The monitor is made; its first check is under way."
            };
            Ok(see_other_with(&format!("/uptime/monitors/{}", monitor.id), flash))
        }
        Err(error) => {
            let form = FormPage { kind, typed, errors: form_errors(error)?, stored: None };
            Ok(unprocessable(form_page(&cx, framed, form).await?))
        }
    }
}

async fn insert(cx: &Cx, actor: Actor, given: Given) -> Result<Monitor> {
    let sealer = cx.sealer.clone();
    cx.write(move |tx| {
        let monitor = acts::create(tx, &sealer, given)?;
        record(tx, &actor, "uptime.monitor.create", &monitor)?;
        Ok(monitor)
    })
    .await
}

async fn stored(cx: &Cx, id: MonitorId) -> Result<(Monitor, Secrets)> {
    let sealer = cx.sealer.clone();
    cx.read(move |r| Ok((store::monitors::get(r, id)?, store::monitors::secrets(r, &sealer, id)?))).await
}

async fn edit(State(cx): State<Cx>, _by: By<Member>, framed: Framed, Path(id): Path<MonitorId>) -> Reply {
    let (monitor, secrets) = stored(&cx, id).await?;
    let form = FormPage {
        kind: monitor.watch.kind(),
        typed: monitor_form::typed(&monitor.draft),
        errors: Vec::new(),
        stored: Some((monitor, secrets)),
    };
    Ok(Html(form_page(&cx, framed, form).await?).into_response())
}

async fn change(
    State(cx): State<Cx>,
    by: By<Member>,
    framed: Framed,
    Path(id): Path<MonitorId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    let typed = Typed::from_pairs(pairs);
    let (monitor, secrets) = stored(&cx, id).await?;
    let kind = monitor.watch.kind();
    let (sealer, actor, paused) = (cx.sealer.clone(), by.actor, monitor.paused);
    let done = match monitor_form::given(kind, &typed, &secrets) {
        Ok(mut given) => {
            given.draft.paused = paused;
            cx.write(move |tx| {
                let monitor = acts::update(tx, &sealer, id, given)?;
                record(tx, &actor, "uptime.monitor.update", &monitor)
            })
            .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(see_other_with(&format!("/uptime/monitors/{id}"), "The monitor is changed.")),
        Err(error) => {
            let form = FormPage { kind, typed, errors: form_errors(error)?, stored: Some((monitor, secrets)) };
            Ok(unprocessable(form_page(&cx, framed, form).await?))
        }
    }
}

async fn pause(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    set_paused(&cx, by.actor, id, true).await
}

async fn resume(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    set_paused(&cx, by.actor, id, false).await
}

async fn set_paused(cx: &Cx, actor: Actor, id: MonitorId, is_paused: bool) -> Reply {
    cx.write(move |tx| {
        let monitor = acts::set_paused(tx, id, is_paused)?;
        record(tx, &actor, if is_paused { "uptime.monitor.pause" } else { "uptime.monitor.resume" }, &monitor)
    })
    .await?;
    Ok(see_other_with(&format!("/uptime/monitors/{id}"), if is_paused { "The monitor is paused." } else { "The monitor looks again." }))
}

async fn remove(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    cx.write(move |tx| {
        let monitor = acts::delete(tx, id)?;
        record(tx, &by.actor, "uptime.monitor.delete", &monitor)
    })
    .await?;
    Ok(see_other_with("/uptime", "The monitor is deleted."))
}

async fn renew(State(cx): State<Cx>, by: By<Member>, Path(id): Path<MonitorId>) -> Reply {
    let sealer = cx.sealer.clone();
    cx.write(move |tx| {
        let monitor = acts::renew_beat_token(tx, &sealer, id)?;
        record(tx, &by.actor, "uptime.monitor.renew", &monitor)
    })
    .await?;
    Ok(see_other_with(&format!("/uptime/monitors/{id}"), "The heartbeat has a new address. Please change it in your job."))
}

async fn test(State(cx): State<Cx>, by: By<Member>, framed: Framed, Path(id): Path<MonitorId>) -> Reply {
    let monitor = cx.read(move |r| store::monitors::get(r, id)).await?;
    if !monitor.watch.kind().is_probed() {
        return Ok(see_other(&format!("/uptime/monitors/{id}")));
    }
    let check = test_now(&cx, &by.actor, id).await?;
    Ok(Html(console_page(&framed.live(&[]), "Test", pages::test::show(&monitor, &check))).into_response())
}

#[derive(Debug, Default, Deserialize)]
struct ShowQuery {
    #[serde(default)]
    range: String,
}

async fn show(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Path(id): Path<MonitorId>, Query(query): Query<ShowQuery>) -> Reply {
    let range = Range::parse(&query.range);
    let can_edit = by.actor.has_role(Role::Member);
    let (last, ring) = {
        let desk = Desk::of(&cx)?;
        let book = desk.book();
        let watched = book.monitors.get(&id);
        (
            watched.and_then(|watched| watched.last.clone()),
            watched.map(|watched| watched.ring.iter().copied().collect()).unwrap_or_default(),
        )
    };
    let (sealer, link) = (cx.sealer.clone(), cx.link("/uptime/beat/"));
    let mut detail = cx
        .read(move |r| {
            let monitor = store::monitors::get(r, id)?;
            let zone = capability::settings::text(r, &capability::settings::ZONE)?;
            let zone = parse_zone(&zone).unwrap_or(jiff::tz::TimeZone::UTC);
            let spans = store::states::history(r, id, r.now - DAY * 91, r.now)?;
            let totals = [("24 hours", DAY), ("7 days", DAY * 7), ("30 days", DAY * 30), ("90 days", DAY * 90)]
                .map(|(label, span)| (label, Tally::of(&spans, r.now - span, r.now)));
            let bars =
                days(&zone, r.now, 90).into_iter().map(|bucket| (bucket, Tally::of(&spans, bucket.from, bucket.to.min(r.now)))).collect();
            let origin = super::check_ins::origins(r)?.remove(&id).filter(|_| monitor.watch.kind() == Kind::Heartbeat);
            // A run has two beats, sometimes more.
            let wanted = if origin.is_some() { 60 } else { 20 };
            let beats = if monitor.watch.kind() == Kind::Heartbeat { store::beats::latest(r, id, wanted)? } else { Vec::new() };
            let beat_url = if monitor.watch.kind() == Kind::Heartbeat && can_edit {
                let token = store::monitors::secrets(r, &sealer, id)?.beat_token;
                if token.is_empty() { token } else { format!("{link}{token}") }
            } else {
                String::new()
            };
            let related = related(r, &monitor)?;
            Ok(Detail {
                shown: store::states::find_shown(r, id)?,
                beat: store::states::beat_state(r, id)?,
                chart: chart(r, id, range, &spans)?,
                outages: store::states::outages(r, id, &PageRequest { before: None, limit: Some(20) })?.rows,
                window: crate::model::window::maintenance_since(&store::windows::list(r)?, id, r.now),
                now: r.now,
                monitor,
                totals,
                bars,
                beats,
                origin,
                beat_url,
                related,
                can_edit,
                last,
                ring,
                checks: Vec::new(),
            })
        })
        .await?;
    let now = detail.now;
    let wants_day = range == Range::Day;
    let (checks, day) = cx
        .telemetry
        .read(move |r| {
            let day = if wants_day { store::checks::between(r, id, now - DAY, now + HOUR)? } else { Vec::new() };
            Ok((store::checks::latest(r, id, now + HOUR, 20)?, day))
        })
        .await?;
    detail.checks = checks;
    if wants_day {
        // The last day is drawn from the checks themselves: hours are too coarse for it, and a new monitor has none yet.
        detail.chart.points = Rollup::steps(&day, range.step());
        detail.chart.total = Rollup::of(&day);
    }
    let name = detail.monitor.name.clone();
    Ok(Html(console_page(&framed.live(&[crate::TOPIC]), &name, pages::detail::show(&detail))).into_response())
}

/// Parents and members, with their names and states.
fn related(r: &Reader<'_>, monitor: &Monitor) -> Result<Vec<(Monitor, MonitorState)>> {
    let members = match &monitor.watch {
        Watch::Group(group) => group.members.clone(),
        _ => monitor.depends_on.clone(),
    };
    let one = |id| -> Result<Option<(Monitor, MonitorState)>> {
        let Some(monitor) = store::monitors::find(r, id)? else { return Ok(None) };
        let state = store::states::find_shown(r, id)?.map_or(MonitorState::Pending, |shown| shown.state);
        Ok(Some((monitor, state)))
    };
    members.into_iter().filter_map(|id| one(id).transpose()).collect()
}

fn chart(r: &Reader<'_>, id: MonitorId, range: Range, spans: &[crate::model::arithmetic::Span]) -> Result<Chart> {
    let to = r.now;
    let from = to - range.span();
    let points: Vec<(Time, Rollup)> = match range.step() {
        step if step == DAY => store::rollups::days(r, id, from, to)?,
        _ => store::rollups::hours(r, id, from, to)?,
    };
    let mut total = Rollup::default();
    points.iter().for_each(|(_, rollup)| total.merge(rollup));
    let bands = spans
        .iter()
        .filter(|span| span.to > from && matches!(span.state, MonitorState::Down | MonitorState::Maintenance))
        .copied()
        .collect();
    Ok(Chart { range, from, to, points, total, bands })
}
