//! Where the SDKs of Segment and RudderStack send to, and where those in browsers ask for their settings. Answers are in Segment's words.

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::header::{HOST, ORIGIN, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use web::{Access, Path, Routes, State};

use super::{preflight, query, told_of};
use crate::action::{plain, read_segment};
use crate::answer;
use crate::auth::{self, Shown};
use crate::door::{Door, Taken};
use crate::refusal::Refusal;

/// Addresses, each with the type that it stands for; empty: each message says it. RudderStack's Node SDK adds `v1/batch` to an address that
/// ends in it already.
const PATHS: [(&str, &str, &str); 16] = [
    ("/v1/track", "/v1/track/", "track"),
    ("/v1/identify", "/v1/identify/", "identify"),
    ("/v1/page", "/v1/page/", "page"),
    ("/v1/screen", "/v1/screen/", "screen"),
    ("/v1/group", "/v1/group/", "group"),
    ("/v1/alias", "/v1/alias/", "alias"),
    ("/v1/t", "/v1/t/", "track"),
    ("/v1/i", "/v1/i/", "identify"),
    ("/v1/p", "/v1/p/", "page"),
    ("/v1/s", "/v1/s/", "screen"),
    ("/v1/g", "/v1/g/", "group"),
    ("/v1/a", "/v1/a/", "alias"),
    ("/v1/m", "/v1/m/", ""),
    ("/v1/batch", "/v1/batch/", ""),
    ("/v1/import", "/v1/import/", ""),
    ("/v1/batch/v1/batch", "/v1/batch/v1/batch/", ""),
];
const SETTINGS: [&str; 2] = ["/v1/projects/{key}/settings", "/v1/projects/{key}/settings/"];
const SOURCES: [&str; 2] = ["/sourceConfig", "/sourceConfig/"];

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for (path, with_slash, kind) in PATHS {
        for path in [path, with_slash] {
            let take = move |State(door): State<Door>, request: Request| async move { answered(messages_of(&door, kind, request).await) };
            routes.post(path, Access::Open, take);
            routes.options(path, Access::Open, preflight);
        }
    }
    for path in SETTINGS {
        routes.get(path, Access::Open, settings);
        routes.options(path, Access::Open, preflight);
    }
    for path in SOURCES {
        routes.get(path, Access::Open, source);
        routes.options(path, Access::Open, preflight);
    }
}

async fn messages_of(door: &Door, kind: &'static str, request: Request) -> Result<Taken, Refusal> {
    let (parts, body) = request.into_parts();
    let shown = shown(&parts);
    told_of(door, shown, (parts, body), move |bytes, asked| read_segment(&plain(bytes)?, Some(kind).filter(|kind| !kind.is_empty()), asked))
        .await
}

/// `Authorization: Basic` with the key as its name, or the query; else the body says it.
fn shown(parts: &Parts) -> Option<Shown> {
    auth::from_basic(&parts.headers).or_else(|| Some(Shown { key: auth::checked_key(&query(parts, "writeKey", 100)?)?, client: None }))
}

fn answered(outcome: Result<Taken, Refusal>) -> Response<Body> {
    let refusal = match outcome {
        Ok(_) => return answer::written(StatusCode::OK, "application/json", Body::from(r#"{"success":true}"#)),
        Err(refusal) => refusal,
    };
    let mut response = answer::refused(&refusal);
    // A batch that is too large is a wrong one in Segment's words, and a wrong key no forbidden one.
    *response.status_mut() = match refusal.code() {
        403 => StatusCode::UNAUTHORIZED,
        413 => StatusCode::BAD_REQUEST,
        code => StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    if refusal.code() == 429 && !response.headers().contains_key(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    }
    *response.body_mut() = Body::from(json!({ "success": false, "message": refusal.detail() }).to_string());
    response
}

/// What Segment's SDK for browsers reads first: that there is one receiver, this one.
async fn settings(Path(key): Path<String>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Behind a proxy it says so; without one a page that is read in the clear may send in the clear.
    let is_clear =
        text("x-forwarded-proto") == "http" || (text("x-forwarded-proto").is_empty() && text(ORIGIN.as_str()).starts_with("http:"));
    let enabled = json!({ "__default": { "enabled": true } });
    let told = json!({
        "integrations": { "Segment.io": {
            "apiKey": key,
            "apiHost": format!("{}/v1", text(HOST.as_str())),
            "protocol": if is_clear { "http" } else { "https" },
            "unbundledIntegrations": [],
            "addBundledMetadata": true,
            "maybeBundledConfigIds": {},
            "versionSettings": { "version": "4.4.7", "componentTypes": ["browser"] },
        } },
        "plan": { "track": { "__default": { "enabled": true, "integrations": {} } }, "identify": enabled, "group": enabled },
        "edgeFunction": {},
        "analyticsNextEnabled": true,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": { "sampleRate": 0 },
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    });
    answer::written(StatusCode::OK, "application/json", Body::from(told.to_string()))
}

/// The same for RudderStack's.
async fn source(request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let key = query(&parts, "writeKey", 64).unwrap_or_default();
    let off = json!({ "enabled": false });
    let told = json!({ "source": {
        "id": key,
        "name": "Hermetic",
        "writeKey": key,
        "enabled": true,
        "workspaceId": "hermetic",
        "config": { "statsCollection": { "errors": off, "metrics": off } },
        "connections": [],
        "destinations": [],
        "dataplanes": {},
    } });
    answer::written(StatusCode::OK, "application/json", Body::from(told.to_string()))
}
