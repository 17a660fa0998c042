//! OTLP over HTTP: traces and logs of programs without a Sentry SDK, taken as if one had sent them.

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::Response;
use web::{Access, Path, Routes, State};

use super::{content_type, preflight, read};
use crate::answer;
use crate::carried::{Carried, Thing};
use crate::door::{Door, Taken};
use crate::otlp::{self, Container};
use crate::refusal::Refusal;

const TRACES: [&str; 4] = [
    "/api/{project}/otlp/v1/traces",
    "/api/{project}/otlp/v1/traces/",
    "/api/{project}/integration/otlp/v1/traces",
    "/api/{project}/integration/otlp/v1/traces/",
];
const LOGS: [&str; 4] = [
    "/api/{project}/otlp/v1/logs",
    "/api/{project}/otlp/v1/logs/",
    "/api/{project}/integration/otlp/v1/logs",
    "/api/{project}/integration/otlp/v1/logs/",
];

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for path in TRACES {
        routes.post(path, Access::Open, take_traces);
        routes.options(path, Access::Open, preflight);
    }
    for path in LOGS {
        routes.post(path, Access::Open, take_logs);
        routes.options(path, Access::Open, preflight);
    }
}

async fn take_traces(State(door): State<Door>, Path(project): Path<String>, request: Request) -> Response<Body> {
    take(&door, &project, request, otlp::traces, "rejectedSpans").await
}

async fn take_logs(State(door): State<Door>, Path(project): Path<String>, request: Request) -> Response<Body> {
    take(&door, &project, request, otlp::logs, "rejectedLogRecords").await
}

/// Reads the body of one signal, by its content type.
type Read = fn(&str, &[u8]) -> kernel::Result<Vec<Container>>;

async fn take(door: &Door, project: &str, request: Request, signal: Read, rejected: &str) -> Response<Body> {
    let kind = request.headers().get(http::header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    match containers_of(door, project, request, signal).await {
        Ok(taken) if is_json => answer::taken("application/json", otlp::answer_json(taken.lost, rejected).into(), &taken.reached),
        Ok(taken) => answer::taken("application/x-protobuf", otlp::answer_protobuf(taken.lost).into(), &taken.reached),
        Err(refusal) => answer::refused(&refusal),
    }
}

async fn containers_of(door: &Door, project: &str, request: Request, signal: Read) -> Result<Taken, Refusal> {
    let (entered, sent) = read(door, Some(project), request).await?;
    let kind = content_type(&entered.parts).to_owned();
    door.keep(entered, sent, move |bytes| {
        let things = signal(&kind, bytes)?.into_iter().map(|container| Thing::new(container.kind, container.payload));
        Ok(Carried { things: things.collect(), ..Carried::default() }.into())
    })
    .await
}
