//! The handlers of the console, by page; what several of them need stands here.
//!
//! - [`entry`]: set-up, sign-in, invitations, new passwords; [`well_known`]: robots, icon, health; [`api`]: JSON
//! - [`home`], [`search`], [`projects`], [`settings`], [`members`], [`keys`], [`audit`], [`profile`], [`second_factor`], [`deliveries`], [`jobs`]

mod api;
mod audit;
mod deliveries;
mod entry;
mod health;
mod home;
mod jobs;
mod keys;
mod members;
mod password;
mod profile;
mod projects;
mod search;
mod second_factor;
mod settings;
mod well_known;

pub(crate) use projects::search as search_projects;

use axum::response::IntoResponse;
use capability::{Cx, Routes};
use frontend::PlainFrame;
use http::StatusCode;
use kernel::error::FieldError;
use kernel::ids::{LoginId, MemberId};
use kernel::{Error, Kind, Result, Role};
use serde::Deserialize;
use web::{Actor, By, Html, Reply, Response, same_site_path};

pub(crate) const HOME: &str = "/console";

pub(crate) fn mount(routes: &mut Routes) {
    entry::mount(routes);
    password::mount(routes);
    home::mount(routes);
    search::mount(routes);
    settings::mount(routes);
    members::mount(routes);
    keys::mount(routes);
    audit::mount(routes);
    projects::mount(routes);
    profile::mount(routes);
    second_factor::mount(routes);
    deliveries::mount(routes);
    jobs::mount(routes);
    health::mount(routes);
    well_known::mount(routes);
    api::mount(routes);
}

/// The signed-in member behind a request.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    pub id: MemberId,
    pub login: LoginId,
    pub role: Role,
    pub actor: Actor,
}

/// Fails for API keys, which no route of the console's pages admits.
pub(crate) fn me<R>(by: &By<R>) -> Result<Me> {
    match &by.actor {
        Actor::Member { id, role, login, .. } => Ok(Me { id: *id, login: *login, role: *role, actor: by.actor.clone() }),
        Actor::Key { .. } | Actor::Visitor => Err(Error::forbidden("This page is for people who are signed in.")),
    }
}

/// `?token=…&next=…`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    pub token: String,
    #[serde(default)]
    pub next: String,
}

/// Where to go on after signing in: only ever a path of this site.
pub(crate) fn next_of(next: &str) -> &str {
    same_site_path(next).filter(|path| *path != "/").unwrap_or(HOME)
}

/// What a quiet page stands in.
pub(crate) async fn quiet(cx: &Cx) -> Result<PlainFrame> {
    Ok(capability::plain_frame(&crate::mail::product(cx).await?))
}

/// A page that answers a form which could not be taken.
pub(crate) fn unprocessable(page: String) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response()
}

/// A page that stands instead of what was asked for.
pub(crate) fn page_with(code: StatusCode, page: String) -> Response {
    (code, Html(page)).into_response()
}

/// What a form has to show; other failures go their own way.
pub(crate) fn form_errors(error: Error) -> Result<Vec<FieldError>> {
    match error.kind {
        Kind::Invalid | Kind::Conflict if error.field_errors().is_empty() => {
            Ok(vec![FieldError { field: String::new(), message: error.message().to_owned() }])
        }
        Kind::Invalid | Kind::Conflict => Ok(error.field_errors().to_vec()),
        _ => Err(error),
    }
}

/// The same error under the field it belongs to.
pub(crate) fn at_field(field: &'static str) -> impl Fn(Error) -> Error {
    move |error| match error.kind {
        Kind::Invalid if error.field_errors().is_empty() => Error::field(field, error.message()),
        _ => error,
    }
}

/// A page of the console.
pub(crate) fn page(frame: &frontend::Frame, title: &str, view: frontend::View) -> Reply {
    Ok(Html(frontend::console_page(frame, title, view)).into_response())
}
