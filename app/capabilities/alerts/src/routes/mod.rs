//! Doors of alerts: pages for people, `/api/v1` for programs, one link that needs no sign-in.

mod ack;
mod alerts;
mod api;
mod channels;
mod policies;
mod rules;
mod silences;

use axum::response::IntoResponse as _;
use capability::Routes;
use frontend::Frame;
use http::StatusCode;
use kernel::error::FieldError;
use kernel::{Error, Kind, Role};
use web::{Access, Actor, Html, Reply, Response};

const READ: Access = Access::Rank(Role::Viewer);
const WORK: Access = Access::Rank(Role::Member);
const SET: Access = Access::Rank(Role::Admin);

pub fn register(routes: &mut Routes) {
    routes.get("/alerts", READ, alerts::list);
    routes.get("/alerts/{id}", READ, alerts::show);
    routes.post("/alerts/{id}/acknowledge", WORK, alerts::acknowledge);
    routes.post("/alerts/{id}/resolve", WORK, alerts::resolve);
    routes.post("/alerts/{id}/silence", WORK, alerts::silence);
    routes.get("/alerts/ack/{token}", Access::Anyone, ack::show);
    // The token is the authority, and phones post it without an origin.
    routes.post("/alerts/ack/{token}", Access::Open, ack::acknowledge);

    routes.get("/alerts/rules", READ, rules::list);
    routes.post("/alerts/rules", SET, rules::create);
    routes.get("/alerts/rules/new", SET, rules::new);
    routes.get("/alerts/rules/{id}", READ, rules::edit);
    routes.post("/alerts/rules/{id}", SET, rules::update);
    routes.post("/alerts/rules/{id}/switch", SET, rules::switch);
    routes.post("/alerts/rules/{id}/remove", SET, rules::remove);

    routes.get("/alerts/channels", READ, channels::list);
    routes.post("/alerts/channels", SET, channels::create);
    routes.get("/alerts/channels/new", SET, channels::new);
    routes.get("/alerts/channels/{id}", READ, channels::show);
    routes.post("/alerts/channels/{id}", SET, channels::update);
    routes.post("/alerts/channels/{id}/test", SET, channels::test);
    routes.post("/alerts/channels/{id}/switch", SET, channels::switch);
    routes.post("/alerts/channels/{id}/remove", SET, channels::remove);
    routes.post("/alerts/channels/{id}/quiet", SET, channels::add_quiet);
    routes.post("/alerts/quiet/{id}/remove", SET, channels::remove_quiet);

    routes.get("/alerts/silences", READ, silences::list);
    routes.post("/alerts/silences", WORK, silences::create);
    routes.post("/alerts/silences/{id}/lift", WORK, silences::lift);

    routes.get("/alerts/policies", READ, policies::list);
    routes.post("/alerts/policies", SET, policies::create);
    routes.get("/alerts/policies/new", SET, policies::new);
    routes.get("/alerts/policies/{id}", READ, policies::edit);
    routes.post("/alerts/policies/{id}", SET, policies::update);
    routes.post("/alerts/policies/{id}/remove", SET, policies::remove);

    api::register(routes);
}

/// The fields of a posted form, in order; repeated names are lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == "on"
    }
}

/// How a person or program is named in timelines.
pub(crate) fn name_of(actor: &Actor) -> String {
    match actor {
        Actor::Visitor => "somebody with the link".to_owned(),
        Actor::Member { name, .. } | Actor::Key { name, .. } => name.clone(),
    }
}

/// The form again, with what was wrong beside its fields.
pub(crate) fn again(frame: &Frame, title: &str, page: frontend::View) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(frontend::console_page(frame, title, page))).into_response()
}

pub(crate) fn page(frame: &Frame, title: &str, view: frontend::View) -> Reply {
    Ok(Html(frontend::console_page(frame, title, view)).into_response())
}

/// What a form shows of an error; anything but bad input goes on as a failure.
pub(crate) fn wrong_fields(error: Error) -> Result<Vec<FieldError>, Error> {
    if !matches!(error.kind, Kind::Invalid | Kind::Conflict) {
        return Err(error);
    }
    if error.field_errors().is_empty() {
        return Ok(vec![FieldError { field: String::new(), message: error.message().to_owned() }]);
    }
    Ok(error.field_errors().to_vec())
}
