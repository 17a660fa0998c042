//! The console's pages of lines.

use axum::response::IntoResponse;
use capability::{Cx, Framed, House, Routes, Subject};
use frontend::console_page;
use kernel::{Error, Result, Role, Time};
use web::{Access, By, Html, Path, Query, Reply, State, Viewer};

use super::{Asked, blocking, parse, projects};
use crate::find::{self, Ask};
use crate::model::query::around;
use crate::model::{Query as Question, place};
use crate::pages;
use crate::store::{self, Range};

const SEE: Access = Access::Rank(Role::Viewer);
/// Lines on a page.
const PAGE: usize = 100;
/// Lines of the same project to each side of a line.
const NEAR: usize = 10;

pub fn mount(routes: &mut Routes) {
    routes.get("/logs", SEE, list);
    routes.get("/logs/lines/{id}", SEE, one);
}

async fn list(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let now = cx.now();
    let listing = blocking(&cx, move |house| listing(house, &asked, now)).await?;
    let topics: &[&'static str] = if listing.is_further { &[] } else { &[crate::TOPIC] };
    Ok(Html(console_page(&framed.live(topics), "Logs", pages::list::show(&listing))).into_response())
}

fn listing(house: &House, asked: &Asked, now: Time) -> Result<pages::list::Listing> {
    let projects = house.hermetic.read_blocking(projects)?;
    let query = parse(&asked.q, &projects);
    let (window, span) = asked.span(now)?;
    let ask = Ask { query: query.clone(), from: span.from, to: span.to, before: asked.before, limit: PAGE };
    let (found, oldest) = house.telemetry.read_blocking(|r| Ok((find::find(r, &ask)?, store::oldest(r)?)))?;
    let counts = find::count(house, &query, &span)?;
    let related = others(house, query.trace())?;
    Ok(pages::list::Listing {
        window,
        span,
        is_further: asked.before.is_some(),
        is_tail: !asked.tail.is_empty() && asked.before.is_none(),
        found,
        counts,
        projects,
        related,
        oldest,
        has_traces: house.registry.has("traces"),
        now,
        query,
    })
}

/// What the other capabilities have of a trace.
fn others(house: &House, trace: Option<&str>) -> Result<Vec<capability::Hit>> {
    let Some(id) = trace else { return Ok(Vec::new()) };
    Ok(house.registry.related(house, &Subject::Trace(id))?.into_iter().filter(|hit| hit.kind != "Logs").collect())
}

async fn one(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Path(id): Path<i64>) -> Reply {
    let page = blocking(&cx, move |house| line(house, id)).await?;
    Ok(Html(console_page(&framed.live(&[]), "Log line", pages::one::show(&page))).into_response())
}

fn line(house: &House, id: i64) -> Result<pages::one::One> {
    let projects = house.hermetic.read_blocking(projects)?;
    let (row, neighbours) = house.telemetry.read_blocking(|r| {
        let ask = |from, to, query: Question, limit| Ask { query, from, to, before: None, limit };
        let at = place::moment_of(id);
        let exact = Ask { before: Some(id.saturating_add(1)), ..ask(at, Time(at.0.saturating_add(2)), Question::default(), 1) };
        let row = find::find(r, &exact)?.rows.into_iter().find(|row| row.id == id);
        let row = row.ok_or_else(|| Error::not_found("log line"))?;
        let (from, to) = around(at);
        let own = parse(&format!("project:{}", row.project), &projects);
        let older = Ask { before: Some(id.saturating_add(1)), ..ask(from, to, own.clone(), NEAR + 1) };
        let mut rows = newer(r, &own, id, to)?;
        rows.extend(find::find(r, &older)?.rows);
        Ok((row, rows))
    })?;
    let related = others(house, Some(&row.line.trace_id).filter(|id| !id.is_empty()).map(String::as_str))?;
    Ok(pages::one::One { row, neighbours, projects, related, has_traces: house.registry.has("traces") })
}

/// The next lines of the project after this one, the newest first.
fn newer(r: &db::Reader<'_>, own: &Question, id: i64, to: Time) -> Result<Vec<find::FoundLine>> {
    let range = Range { from: id.saturating_add(1), to: place::first_of(to) };
    let next = store::next_places(r, own.leads().expression.as_deref(), range, NEAR)?;
    let Some(last) = next.last() else { return Ok(Vec::new()) };
    let ask = Ask { query: own.clone(), from: place::moment_of(id), to, before: Some(last.id.saturating_add(1)), limit: NEAR };
    Ok(find::find(r, &ask)?.rows.into_iter().filter(|row| row.id > id).collect())
}
