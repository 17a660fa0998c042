//! Where PostHog's SDKs send to, and what those in browsers ask for first: that no flag is set and nothing is recorded.

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use web::{Access, Path, Routes, State};

use super::{preflight, query, told_of};
use crate::action::{plain, read_posthog};
use crate::answer;
use crate::auth::{self, Shown};
use crate::door::{Door, Taken};
use crate::refusal::Refusal;

const EVENTS: [&str; 12] =
    ["/e", "/e/", "/i/v0/e", "/i/v0/e/", "/batch", "/batch/", "/capture", "/capture/", "/track", "/track/", "/s", "/s/"];
const FLAGS: [&str; 4] = ["/flags", "/flags/", "/decide", "/decide/"];
/// Of a question for flags, which is read so that the connection serves for the next request.
const QUESTION: usize = 1 << 20;

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for path in EVENTS {
        routes.post(path, Access::Open, take);
        routes.options(path, Access::Open, preflight);
    }
    for path in FLAGS {
        routes.post(path, Access::Open, flags);
        routes.options(path, Access::Open, preflight);
    }
    routes.get("/array/{token}/config", Access::Open, config);
    routes.get("/array/{token}/config.js", Access::Open, config_script);
}

async fn take(State(door): State<Door>, request: Request) -> Response<Body> {
    answered(events_of(&door, request).await)
}

async fn events_of(door: &Door, request: Request) -> Result<Taken, Refusal> {
    let (parts, body) = request.into_parts();
    let shown = shown(&parts);
    told_of(door, shown, (parts, body), |bytes, asked| read_posthog(&plain(bytes)?, asked)).await
}

fn shown(parts: &Parts) -> Option<Shown> {
    let key = query(parts, "token", 100).or_else(|| query(parts, "api_key", 100))?;
    Some(Shown { key: auth::checked_key(&key)?, client: None })
}

fn answered(outcome: Result<Taken, Refusal>) -> Response<Body> {
    let refusal = match outcome {
        Ok(_) => return written(&json!({ "status": "Ok" })),
        Err(refusal) => refusal,
    };
    let mut response = answer::refused(&refusal);
    let (code, kind) = match refusal.code() {
        403 => (StatusCode::UNAUTHORIZED, "authentication_error"),
        code => (StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "validation_error"),
    };
    *response.status_mut() = code;
    *response.body_mut() = Body::from(json!({ "type": kind, "code": "invalid", "detail": refusal.detail() }).to_string());
    response
}

fn written(value: &Value) -> Response<Body> {
    answer::written(StatusCode::OK, "application/json", Body::from(value.to_string()))
}

async fn flags(request: Request) -> Response<Body> {
    // What cannot be read is a question all the same, and the answer does not hang on it.
    drop(axum::body::to_bytes(request.into_body(), QUESTION).await);
    written(&json!({
        "featureFlags": {},
        "featureFlagPayloads": {},
        "flags": {},
        "errorsWhileComputingFlags": false,
        "quotaLimited": [],
        "supportedCompression": ["gzip", "gzip-js"],
        "sessionRecording": false,
        "config": { "enable_collect_everything": true },
        "siteApps": [],
    }))
}

async fn config(Path(token): Path<String>) -> Response<Body> {
    written(&settings(&token))
}

async fn config_script(Path(token): Path<String>) -> Response<Body> {
    // It becomes part of a script: only what can be a key does.
    let is_key = (1..=64).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if !is_key {
        return answer::written(StatusCode::NOT_FOUND, "text/javascript; charset=utf-8", Body::empty());
    }
    let text = format!(
        "(function(){{var all=window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{{}};all[\"{token}\"]={{config:{},siteApps:[]}}}})();",
        settings(&token)
    );
    answer::written(StatusCode::OK, "text/javascript; charset=utf-8", Body::from(text))
}

fn settings(token: &str) -> Value {
    json!({
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": false,
        "captureDeadClicks": false,
        "capturePerformance": false,
        "autocapture_opt_out": false,
        "autocaptureExceptions": false,
        "analytics": { "endpoint": "/i/v0/e/" },
        "elementsChainAsString": true,
        "sessionRecording": false,
        "heatmaps": false,
        "surveys": false,
        "defaultIdentifiedOnly": true,
        "toolbarParams": {},
        "isAuthenticated": false,
        "siteApps": [],
    })
}
