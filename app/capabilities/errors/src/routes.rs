//! Doors of errors: pages for people, `/api/v1` for programs.

mod acts;
mod api;
mod comments;
mod event;
mod events;
mod feedback;
mod files;
mod issue;
mod list;
mod rules;

use axum::response::IntoResponse as _;
use capability::Routes;
use db::Reader;
use frontend::{Frame, View};
use http::StatusCode;
use kernel::error::FieldError;
use kernel::ids::{MemberId, ProjectId};
use kernel::{Error, Kind, Result, Role};
use web::{Access, Actor, Html, Reply, Response};

const READ: Access = Access::Rank(Role::Viewer);
const WORK: Access = Access::Rank(Role::Member);
const SET: Access = Access::Rank(Role::Admin);

pub fn mount(routes: &mut Routes) {
    routes.get("/errors", READ, list::list);
    routes.post("/errors/acts", WORK, acts::several);
    routes.get("/errors/event/{event}", READ, event::lookup);
    routes.get("/errors/feedback", READ, feedback::list);
    routes.post("/errors/feedback/{id}/remove", WORK, feedback::remove);

    routes.get("/errors/rules", READ, rules::list);
    routes.post("/errors/rules", SET, rules::create);
    routes.get("/errors/rules/new", SET, rules::new);
    routes.get("/errors/rules/{id}", SET, rules::edit);
    routes.post("/errors/rules/{id}", SET, rules::update);
    routes.post("/errors/rules/{id}/raise", SET, rules::raise);
    routes.post("/errors/rules/{id}/remove", SET, rules::remove);

    routes.get("/errors/{id}", READ, issue::show);
    routes.get("/errors/{id}/tags", READ, issue::tags);
    routes.get("/errors/{id}/grouping", READ, issue::grouping);
    routes.get("/errors/{id}/events", READ, events::list);
    routes.get("/errors/{id}/events/{event}", READ, event::show);
    routes.get("/errors/{id}/events/{event}/json", READ, event::json);
    routes.get("/errors/{id}/events/{event}/markdown", READ, event::markdown);
    routes.get("/errors/{id}/events/{event}/attachments/{file}", READ, files::download);

    routes.post("/errors/{id}/resolve", WORK, acts::resolve);
    routes.post("/errors/{id}/reopen", WORK, acts::reopen);
    routes.post("/errors/{id}/ignore", WORK, acts::ignore);
    routes.post("/errors/{id}/assign", WORK, acts::assign);
    routes.post("/errors/{id}/merge", WORK, acts::merge);
    routes.post("/errors/{id}/delete", WORK, acts::delete);
    routes.post("/errors/{id}/comments", WORK, comments::comment);
    routes.post("/errors/{id}/comments/{comment}", WORK, comments::edit_comment);
    routes.post("/errors/{id}/comments/{comment}/remove", WORK, comments::remove_comment);
    routes.post("/errors/{id}/links", WORK, acts::link);
    routes.post("/errors/{id}/links/{link}/remove", WORK, acts::unlink);
    routes.post("/errors/{id}/acts/{act}/undo", WORK, acts::undo);
    routes.post("/errors/{id}/hashes/{hash}/split", WORK, acts::split);

    api::mount(routes);
}

/// The fields of a posted form, in order; repeated names are lists.
#[derive(Debug, Clone, Default)]
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    fn is_on(&self, name: &str) -> bool {
        self.get(name) == "on"
    }
}

fn page(frame: &Frame, title: &str, view: View) -> Reply {
    let title = kernel::text::shorten(title, 120);
    Ok(Html(frontend::console_page(frame, &title, view)).into_response())
}

/// The form again, with what was wrong beside its fields.
fn again(frame: &Frame, title: &str, view: View) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(frontend::console_page(frame, title, view))).into_response()
}

/// What a form shows of an error; anything but bad input goes on as a failure.
fn wrong_fields(error: Error) -> Result<Vec<FieldError>> {
    if !matches!(error.kind, Kind::Invalid | Kind::Conflict) {
        return Err(error);
    }
    if error.field_errors().is_empty() {
        return Ok(vec![FieldError { field: String::new(), message: error.message().to_owned() }]);
    }
    Ok(error.field_errors().to_vec())
}

fn member_of(actor: &Actor) -> Option<MemberId> {
    match actor {
        Actor::Member { id, .. } => Some(*id),
        Actor::Visitor | Actor::Key { .. } => None,
    }
}

/// Those to whom something can be assigned.
fn members(r: &Reader<'_>) -> Result<Vec<(MemberId, String)>> {
    let all = identity::store::list_members(r)?;
    Ok(all.into_iter().filter(|member| member.disabled_at.is_none()).map(|member| (member.id, member.name)).collect())
}

fn projects(r: &Reader<'_>) -> Result<Vec<(ProjectId, String)>> {
    Ok(identity::store::list_projects(r)?.into_iter().map(|project| (project.id, project.name)).collect())
}

/// For what reads much or unpacks much: not on the threads that answer.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(Error::internal("a page's work panicked").because(panic)))
}
