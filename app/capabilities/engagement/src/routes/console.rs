//! Pages of engagement.

mod live;
mod people;
mod surveys;

use axum::response::IntoResponse as _;
use capability::Routes;
use db::Reader;
use frontend::{Frame, View};
use kernel::{Result, Role};
use web::{Access, Html, Reply};

use crate::pages::Projects;

const SEE: Access = Access::Rank(Role::Viewer);
const WORK: Access = Access::Rank(Role::Member);
const SET: Access = Access::Rank(Role::Admin);

pub fn mount(routes: &mut Routes) {
    routes.get("/engagement/live", SEE, live::show);
    routes.get("/engagement/people", SEE, people::list);
    routes.get("/engagement/people/{id}", SEE, people::one);
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

/// Every project, by which actions are told apart.
fn projects(r: &Reader<'_>) -> Result<Projects> {
    Ok(Projects(identity::store::list_projects(r)?.into_iter().map(|project| (project.id, project.name)).collect()))
}
