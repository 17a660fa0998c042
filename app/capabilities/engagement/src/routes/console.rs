//! Pages of engagement.

mod actions;
mod features;
mod funnels;
mod live;
mod overview;
mod people;
mod retention;
mod rhythm;
mod surveys;

use axum::response::IntoResponse as _;
use capability::Routes;
use db::Reader;
use frontend::{Frame, View};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use kernel::{Result, Role};
use web::{Access, Html, Reply, Response};

use crate::pages::Projects;

const SEE: Access = Access::Rank(Role::Viewer);
const WORK: Access = Access::Rank(Role::Member);
const SET: Access = Access::Rank(Role::Admin);

pub fn mount(routes: &mut Routes) {
    routes.get("/engagement", SEE, overview::show);
    routes.get("/engagement/active.csv", SEE, overview::file);
    routes.get("/engagement/features", SEE, features::show);
    routes.get("/engagement/features.csv", SEE, features::file);
    routes.post("/engagement/features", WORK, features::make);
    routes.post("/engagement/features/{id}/remove", WORK, features::remove);
    routes.get("/engagement/actions/{id}", SEE, actions::show);
    routes.get("/engagement/actions/{id}/values.csv", SEE, actions::file);
    routes.get("/engagement/retention", SEE, retention::show);
    routes.get("/engagement/retention.csv", SEE, retention::file);
    routes.get("/engagement/funnels", SEE, funnels::show);
    routes.get("/engagement/funnels.csv", SEE, funnels::file);
    routes.post("/engagement/funnels", WORK, funnels::keep);
    routes.post("/engagement/funnels/{id}/remove", WORK, funnels::remove);
    routes.get("/engagement/rhythm", SEE, rhythm::show);
    routes.get("/engagement/live", SEE, live::show);
    routes.get("/engagement/people", SEE, people::list);
    routes.get("/engagement/people/{id}", SEE, people::one);
    routes.get("/engagement/people/{id}/export", SET, people::export);
    routes.post("/engagement/people/{id}/erase", SET, people::erase);
    routes.get("/engagement/surveys", SEE, surveys::list);
    routes.post("/engagement/surveys", WORK, surveys::make);
    routes.get("/engagement/surveys/{id}", SEE, surveys::one);
    routes.post("/engagement/surveys/{id}/open", WORK, surveys::open);
}

fn page(frame: &Frame, title: &str, view: View) -> Reply {
    let title = kernel::text::shorten(title, 120);
    Ok(Html(frontend::console_page(frame, &title, view)).into_response())
}

/// A file of lines that have been written as CSV (RFC 4180).
fn csv(name: &str, lines: String) -> Response {
    let mut answer = lines.into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let named = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\""));
    headers.insert(CONTENT_DISPOSITION, named.unwrap_or(HeaderValue::from_static("attachment")));
    answer
}

/// Every project, by which actions are told apart.
fn projects(r: &Reader<'_>) -> Result<Projects> {
    Ok(Projects(identity::store::list_projects(r)?.into_iter().map(|project| (project.id, project.name)).collect()))
}
