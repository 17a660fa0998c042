//! Pages of replays and what their forms do; the player's own document; shared links.

mod acts;
mod doctor;
mod list;
mod one;
mod player;
mod shared;

use axum::response::IntoResponse as _;
use capability::{House, Routes};
use db::Reader;
use frontend::{Frame, View};
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderName, HeaderValue};
use kernel::{Result, Role};
use web::{Access, Html, Reply, Response};

use super::blocking;
use crate::model::signals::{self, Signal};
use crate::model::{Moment, Replay, What};
use crate::pages::Projects;
use crate::read;

const SEE: Access = Access::Rank(Role::Viewer);
const WORK: Access = Access::Rank(Role::Member);
const SET: Access = Access::Rank(Role::Admin);

/// The policy of every document that plays a recording. Anybody who knows a public DSN can send one, so nothing of it may run, load or
/// post: not where the neutralising failed, not where the library did. `'unsafe-inline'` is for styles alone: recorded pages are made of them.
pub(crate) const PLAYER_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob: 'self'; \
     font-src data: 'self'; connect-src 'self'; frame-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

pub fn mount(routes: &mut Routes) {
    routes.get("/replay", SEE, list::show);
    routes.get("/replay/doctor", SEE, doctor::show);
    routes.get("/replay/{id}", SEE, one::show);
    routes.get("/replay/{id}/player", SEE, player::show);
    routes.post("/replay/{id}/pin", WORK, acts::pin);
    routes.post("/replay/{id}/unpin", WORK, acts::unpin);
    routes.post("/replay/{id}/share", WORK, acts::share);
    routes.post("/replay/{id}/shares/{share}/revoke", WORK, acts::revoke);
    routes.post("/replay/{id}/delete", SET, acts::delete);
    routes.post("/replay/{id}/delete-person", SET, acts::delete_person);
    routes.get("/replay/shared/{token}", Access::Anyone, shared::show);
    routes.get("/replay/shared/{token}/timeline.json", Access::Anyone, shared::timeline);
    routes.get("/replay/shared/{token}/parts/{name}", Access::Anyone, shared::part);
}

fn page(frame: &Frame, title: &str, view: View) -> Reply {
    let title = kernel::text::shorten(title, 120);
    Ok(Html(frontend::console_page(frame, &title, view)).into_response())
}

/// A document that plays: its policy, and no page of another origin around it.
fn document(html: String) -> Response {
    let mut answer = Html(html).into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PLAYER_CSP));
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("SAMEORIGIN"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    answer
}

fn json(body: Vec<u8>) -> Response {
    let mut answer = body.into_response();
    answer.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Every project, by which replays are named and found.
fn projects(r: &Reader<'_>) -> Result<Projects> {
    Ok(Projects(identity::store::list_projects(r)?.into_iter().map(|project| (project.id, project.slug, project.name)).collect()))
}

/// What happened in a replay, as its pages tell it.
struct Told {
    /// With its errors, each when it happened; in the order of time.
    moments: Vec<Moment>,
    signals: Vec<Signal>,
    /// Errors the SDK told whose events are not in the log (any more): when they happened is not known.
    lost_errors: usize,
}

impl Told {
    fn of(house: &House, replay: &Replay) -> Result<Told> {
        let mut moments = read::moments(house, replay)?;
        let signals = signals::signals(&moments, replay.finished_at);
        // The SDK tells an error by its id alone, if at all; the event itself says what it was.
        moments.retain(|moment| !matches!(moment.what, What::Error { .. }));
        let errors = read::errors(house, replay)?;
        let lost_errors = replay.errors.len().saturating_sub(errors.len());
        moments.extend(errors);
        moments.sort_by_key(|moment| moment.at);
        Ok(Told { moments, signals, lost_errors })
    }
}
