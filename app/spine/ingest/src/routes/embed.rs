//! The form with which a program's users say what they were doing when it broke (`showReportDialog` of the browser SDKs).

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;
use web::{Access, Routes, State};

use super::{answered, preflight, query};
use crate::answer::{self, Shape};
use crate::auth;
use crate::carried::{Carried, Thing};
use crate::door::{Door, Taken};
use crate::refusal::Refusal;
use crate::{EventId, Kind};

const PATHS: [&str; 2] = ["/api/embed/error-page", "/api/embed/error-page/"];
/// Reads everything from its own address, so nothing that a stranger names is ever written into a script.
const SCRIPT: &str = include_str!("embed.js");

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for path in PATHS {
        routes.get(path, Access::Open, script);
        routes.post(path, Access::Open, take);
        routes.options(path, Access::Open, preflight);
    }
}

async fn script() -> Response<Body> {
    let mut response = answer::written(StatusCode::OK, "text/javascript; charset=utf-8", Body::from(SCRIPT));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

async fn take(State(door): State<Door>, request: Request) -> Response<Body> {
    answered(report_of(&door, request).await, Shape::Id)
}

async fn report_of(door: &Door, request: Request) -> Result<Taken, Refusal> {
    let (parts, body) = request.into_parts();
    let dsn = query(&parts, "dsn", 500).and_then(|dsn| auth::from_dsn(&dsn));
    let Some((shown, project)) = dsn else { return Err(door.without_key(None, &parts).await) };
    let event = query(&parts, "eventId", 64).and_then(|id| EventId::parse(&id));
    let entered = door.enter(Some(project), Some(shown), parts).await?;
    let nameless = || door.counted(Refusal::Malformed("The address names no event (eventId).".to_owned()), entered.counts_for(), 0);
    let event_id = event.ok_or_else(nameless)?;
    let (entered, sent) = door.read(entered, body).await?;
    door.keep(entered, sent, move |bytes| {
        let field = |wanted: &str| {
            let value = url::form_urlencoded::parse(bytes).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
            value.unwrap_or_default()
        };
        let comments = field("comments");
        if comments.trim().is_empty() {
            return Err(kernel::Error::invalid("Please say what happened."));
        }
        let report = json!({ "event_id": event_id.to_string(), "name": field("name"), "email": field("email"), "comments": comments });
        let things = vec![Thing::new(Kind::UserReport, report.to_string().into_bytes())];
        Ok(Carried { event_id: Some(event_id), things, ..Carried::default() }.into())
    })
    .await
}
