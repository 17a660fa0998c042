//! Doors of traces: pages for people, `/api/v1/traces` for programs.

mod api;

use axum::response::IntoResponse as _;
use capability::{Cx, Framed, Routes};
use kernel::{Error, Result, Role};
use web::{Access, Html, Path, Query, Reply, State};

use crate::look::scope::{Asked, Scope};
use crate::look::{detail, overview, trace};
use crate::model::family::Family;
use crate::model::rows::NameId;
use crate::{TOPIC, pages, settings};

const READ: Access = Access::Rank(Role::Viewer);

pub fn mount(routes: &mut Routes) {
    routes.get("/traces", READ, endpoints);
    routes.get("/traces/pages", READ, web_pages);
    routes.get("/traces/queries", READ, queries);
    routes.get("/traces/others", READ, others);
    routes.get("/traces/names/{id}", READ, name);
    routes.get("/traces/{trace_id}", READ, one_trace);
    api::mount(routes);
}

async fn endpoints(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    list(cx, framed, asked, Family::Endpoint).await
}

async fn queries(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    list(cx, framed, asked, Family::Query).await
}

async fn others(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    list(cx, framed, asked, Family::Other).await
}

async fn list(cx: Cx, framed: Framed, asked: Asked, family: Family) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let shown = cx.read(move |r| overview::read(r, family, Scope::of(r, asked)?)).await?;
    page(&frame, "Traces", pages::overview::page(&shown))
}

async fn web_pages(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let (shown, vitals) = cx
        .read(move |r| {
            let scope = Scope::of(r, asked)?;
            let vitals = overview::read_vitals(r, &scope)?;
            Ok((overview::read(r, Family::Page, scope)?, vitals))
        })
        .await?;
    page(&frame, "Pages and web vitals", pages::vitals::page(&shown, &vitals))
}

async fn name(State(cx): State<Cx>, Framed(frame): Framed, Path(id): Path<i64>, Query(asked): Query<Asked>) -> Reply {
    let own = cx.clone();
    let shown = blocking(move || {
        let (mut shown, kept) = own.hermetic.read_blocking(|r| Ok((detail::read(r, NameId(id), asked)?, settings::kept(r)?)))?;
        if matches!(shown.name.family, Family::Vital | Family::Caller) {
            return Err(Error::not_found("name"));
        }
        detail::add_examples(&own, &mut shown, &kept)?;
        Ok(shown)
    })
    .await?;
    page(&frame, &shown.name.name, pages::detail::page(&shown))
}

/// Which of a trace's spans.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(default)]
struct Part {
    from: usize,
}

async fn one_trace(State(cx): State<Cx>, Framed(frame): Framed, Path(id): Path<String>, Query(part): Query<Part>) -> Reply {
    let shown = find_trace(&cx, id, part).await?;
    page(&frame, &format!("Trace {}", shown.id), pages::trace::page(&shown))
}

async fn find_trace(cx: &Cx, id: String, part: Part) -> Result<trace::Trace> {
    let own = cx.clone();
    blocking(move || {
        let kept = own.hermetic.read_blocking(settings::kept)?;
        trace::find(&own, &id, part.from, &kept)
    })
    .await
}

/// What reads both files, and asks the others, holds its thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Error::internal("reading a page about traces").because(error)))
}

fn page(frame: &frontend::Frame, title: &str, view: frontend::View) -> Reply {
    Ok(Html(frontend::console_page(frame, title, view)).into_response())
}
