//! The addresses that SDKs, browsers, crash reporters, cron jobs and OpenTelemetry exporters know. Thin: what a request is, and how it is
//! answered.

mod crons;
mod embed;
mod files;
mod otlp;
mod posthog;
mod script;
mod security;
mod segment;

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::request::Parts;
use http::{HeaderValue, Response};
use http_body_util::BodyExt as _;
use kernel::ids::ProjectId;
use memchr::memmem;
use std::borrow::Cow;
use web::{Access, Path, Routes, State};

use crate::action::{self, Asked, Told, sift};
use crate::answer::{self, Shape};
use crate::auth::{self, Shown};
use crate::carried::{Carried, Thing, of_envelope};
use crate::door::{Door, Entered, Found, Sent, Taken};
use crate::envelope;
use crate::outline::outline;
use crate::refusal::Refusal;
use crate::tally::NO_PROJECT;
use crate::{Head, Kind, TraceHead, limits};

const ENVELOPES: [&str; 2] = ["/api/{project}/envelope", "/api/{project}/envelope/"];
const STORES: [&str; 2] = ["/api/{project}/store", "/api/{project}/store/"];
const OLD_STORES: [&str; 2] = ["/api/store", "/api/store/"];

/// Everybody may knock: the key is looked at inside, and every answer can be read by the page that caused it.
pub fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    routes.owned_by("ingest").bodies_up_to(limits::ENVELOPE as u64);
    for path in ENVELOPES {
        routes.post(path, Access::Open, take_envelope);
        routes.options(path, Access::Open, preflight);
    }
    for path in STORES {
        routes.post(path, Access::Open, take_event);
        routes.options(path, Access::Open, preflight);
    }
    for path in OLD_STORES {
        routes.post(path, Access::Open, take_event_without_project);
        routes.options(path, Access::Open, preflight);
    }
    security::mount(routes);
    files::mount(routes);
    crons::mount(routes);
    otlp::mount(routes);
    embed::mount(routes);
    segment::mount(routes);
    posthog::mount(routes);
    script::mount(routes);
}

async fn preflight() -> Response<Body> {
    answer::preflight()
}

async fn take_envelope(State(door): State<Door>, Path(project): Path<String>, request: Request) -> Response<Body> {
    let shape = shape_for(&request);
    answered(envelope_of(&door, &project, request).await, shape)
}

async fn envelope_of(door: &Door, project: &str, request: Request) -> Result<Taken, Refusal> {
    let (parts, body) = request.into_parts();
    let shown = auth::shown(&parts);
    let entered = match door.enter(Some(project_of(project)), shown, parts).await {
        Ok(entered) => entered,
        Err(refusal) => return shed(refusal, body).await,
    };
    let (entered, sent) = door.read(entered, body).await?;
    door.keep(entered, sent, |bytes| {
        let mut envelope = envelope::parse(bytes)?;
        let dsn = envelope.header.dsn.take();
        Ok(Found { dsn, ..of_envelope(envelope).into() })
    })
    .await
}

/// After any refusal an SDK records no more in that session, and what is lost of a replay is one segment: it hears nothing of it.
async fn shed(refusal: Refusal, body: Body) -> Result<Taken, Refusal> {
    if refusal.code() == 429 && is_replay(body).await { Ok(Taken { id: None, reached: Vec::new(), lost: 1 }) } else { Err(refusal) }
}

/// The first lines of an envelope say what it is; the whole of it is read, so that the connection serves for the next.
async fn is_replay(mut body: Body) -> bool {
    const MOST: usize = 1 << 20;
    const HEAD: usize = 4 << 10;
    let (mut head, mut size) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map(|frame| frame.into_data().unwrap_or_default()) else { return false };
        size += data.len();
        head.extend_from_slice(&data[..data.len().min(HEAD.saturating_sub(head.len()))]);
        if size > MOST {
            return false;
        }
    }
    [&b"\"replay_event\""[..], b"\"replay_recording\""].iter().any(|kind| memmem::find(&head, kind).is_some())
}

async fn take_event(State(door): State<Door>, Path(project): Path<String>, request: Request) -> Response<Body> {
    let shape = shape_for(&request);
    answered(event_of(&door, Some(&project), request).await, shape)
}

async fn take_event_without_project(State(door): State<Door>, request: Request) -> Response<Body> {
    answered(event_of(&door, None, request).await, Shape::Id)
}

/// The way before there were envelopes: one event, as JSON; the oldest SDKs pack it with zlib and write that in base 64.
async fn event_of(door: &Door, project: Option<&str>, request: Request) -> Result<Taken, Refusal> {
    let (entered, sent) = read(door, project, request).await?;
    door.keep(entered, sent, |bytes| {
        let payload: Cow<'_, [u8]> = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => return Err(kernel::Error::invalid("The event is empty.")),
            Some(b'{') => bytes.into(),
            Some(_) => from_base64(bytes)?.into(),
        };
        let outline = outline(&payload);
        let kind = if outline.kind.as_deref() == Some("transaction") { Kind::Transaction } else { Kind::Event };
        Ok(Carried { things: vec![Thing::new(kind, payload)], ..Carried::default() }.into())
    })
    .await
}

fn from_base64(text: &[u8]) -> kernel::Result<Vec<u8>> {
    use base64::Engine as _;
    let wrong = || kernel::Error::invalid("The event is neither JSON nor JSON that was packed and written in base 64.");
    let packed = base64::engine::general_purpose::STANDARD.decode(text.trim_ascii()).map_err(|_| wrong())?;
    let caps = crate::encoding::Caps { bytes: limits::payload(Kind::Event), ..crate::encoding::Caps::STANDARD };
    crate::encoding::decode(packed, &[crate::encoding::Encoding::Deflate], caps, &mut |_| Ok(()))
}

/// What all doors but the envelope's have in common: the key stands in the request's head.
async fn read(door: &Door, project: Option<&str>, request: Request) -> Result<(Entered, Sent), Refusal> {
    let (parts, body) = request.into_parts();
    match auth::shown(&parts) {
        Some(shown) => read_as(door, project, shown, parts, body).await,
        None => Err(door.without_key(project.map(project_of), &parts).await),
    }
}

async fn read_as(door: &Door, project: Option<&str>, shown: Shown, parts: Parts, body: Body) -> Result<(Entered, Sent), Refusal> {
    let entered = door.enter(project.map(project_of), Some(shown), parts).await?;
    door.read(entered, body).await
}

/// What the doors of analytics have in common: a body is sniffed, its actions are sifted, and the key may stand in it.
async fn told_of<F>(door: &Door, shown: Option<Shown>, (parts, body): (Parts, Body), read: F) -> Result<Taken, Refusal>
where
    F: FnOnce(&[u8], &Asked) -> kernel::Result<Told> + Send + 'static,
{
    let entered = door.enter(None, shown, parts).await?;
    let (entered, mut sent) = door.read(entered, body).await?;
    sent.layers = action::labelled(&sent.bytes, sent.layers);
    let asked = Asked::of(&entered.parts.headers, door.opt_out());
    door.keep(entered, sent, move |bytes| {
        let mut told = read(bytes, &asked)?;
        let key = told.key.take();
        Ok(Found { key, ..sift(told, &asked).into() })
    })
    .await
}

/// What a page sends carries the page's origin.
fn shape_for(request: &Request) -> Shape {
    if request.headers().contains_key(http::header::ORIGIN) { Shape::Nothing } else { Shape::Id }
}

/// What is no number names no project; which of the two it was is nobody's business.
fn project_of(text: &str) -> ProjectId {
    text.parse().unwrap_or(NO_PROJECT)
}

fn answered(outcome: Result<Taken, Refusal>, shape: Shape) -> Response<Body> {
    match outcome {
        Ok(taken) => answer::accepted(taken.id, &taken.reached, shape),
        Err(refusal) => answer::refused(&refusal),
    }
}

/// One parameter of the query, of at most `max` characters; `None` for an empty one.
fn query(parts: &Parts, wanted: &str, max: usize) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    let (_, value) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted)?;
    let value: String = value.trim().chars().filter(|c| !c.is_control()).take(max).collect();
    (!value.is_empty()).then_some(value)
}

/// Browsers' own reports know nothing of releases: the address they are sent to names them.
fn head_of_query(parts: &Parts) -> Head {
    let (release, environment) = (query(parts, "sentry_release", 200), query(parts, "sentry_environment", 64));
    let trace = (release.is_some() || environment.is_some()).then(|| TraceHead { release, environment, ..TraceHead::default() });
    Head { trace, ..Head::default() }
}

fn content_type(parts: &Parts) -> &str {
    let text = parts.headers.get(http::header::CONTENT_TYPE).map(HeaderValue::to_str);
    text.and_then(Result::ok).unwrap_or_default()
}
