//! What the form in a founder's page asks and answers: `GET /api/engagement/surveys/{id}` and `POST …/answers`, from any origin; `/survey.js`.

use axum::body::Body;
use axum::response::Response;
use capability::{Cx, Routes};
use http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use kernel::{Error, Kind, Result};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use web::limit::Allowance;
use web::{Access, Path, Peer, Raw, State};

use crate::store::{self, Answer};

/// From one address: a visitor answers once or twice.
const ANSWERS: Allowance = Allowance { burst: 10, per: Duration::from_secs(600) };
/// A comment, and what else there is in an answer.
const MOST: usize = 16 << 10;
const COMMENT: usize = 2_000;

pub fn mount(routes: &mut Routes) {
    routes.get("/api/engagement/surveys/{id}", Access::Open, ask);
    routes.post("/api/engagement/surveys/{id}/answers", Access::Open, take);
    routes.options("/api/engagement/surveys/{id}/answers", Access::Open, preflight);
}

async fn preflight() -> Response<Body> {
    let mut answer = answered(StatusCode::NO_CONTENT, &json!({}));
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    answer
}

fn answered(code: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let body = if code == StatusCode::NO_CONTENT { Body::empty() } else { Body::from(body.to_string()) };
    let mut answer = Response::new(body);
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// The page must be able to read why, whatever the origin.
fn refused(error: &Error) -> Response<Body> {
    let code = match error.kind {
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => {
            tracing::error!(error = error.chain(), "an answer to a survey could not be taken");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    answered(code, &json!({ "error": error.public_message() }))
}

async fn ask(State(cx): State<Cx>, Path(id): Path<i64>) -> Response<Body> {
    match cx.read(move |r| store::find_survey(r, id)).await {
        Ok(Some(survey)) if survey.is_open => answered(
            StatusCode::OK,
            &json!({
                "kind": survey.kind.as_str(),
                "question": survey.question,
                "follow_up": survey.follow_up,
                "thanks": survey.thanks,
            }),
        ),
        Ok(_) => refused(&Error::not_found("open survey")),
        Err(error) => refused(&error),
    }
}

/// As `survey.js` sends it.
#[derive(Debug, Deserialize)]
struct Sent {
    k: String,
    score: u8,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    u: String,
    #[serde(default)]
    v: String,
}

async fn take(State(cx): State<Cx>, peer: Peer, Path(id): Path<i64>, Raw(body): Raw) -> Response<Body> {
    match keep(&cx, &peer, id, &body).await {
        Ok(()) => answered(StatusCode::OK, &json!({ "ok": true })),
        Err(error) => refused(&error),
    }
}

async fn keep(cx: &Cx, peer: &Peer, id: i64, body: &[u8]) -> Result<()> {
    cx.limiter.check("engagement.answers", &peer.limit_key(), ANSWERS)?;
    let sent: Sent = match body.len() {
        0..=MOST => serde_json::from_slice(body).map_err(|error| Error::invalid("This is no answer to a survey.").because(error))?,
        _ => return Err(Error::invalid("Please write less.")),
    };
    cx.write(move |tx| {
        let survey = store::find_survey(tx, id)?.filter(|survey| survey.is_open).ok_or_else(|| Error::not_found("open survey"))?;
        let keys = identity::store::list_dsn_keys(tx)?;
        if !keys.iter().any(|key| key.is_active && key.public_key == sent.k) {
            return Err(Error::invalid("This key is not known here, or it is switched off."));
        }
        if !survey.kind.scores().contains(&sent.score) {
            return Err(Error::invalid("This score is not on the scale."));
        }
        let key = [(&sent.u, true), (&sent.v, false)].into_iter().find(|(key, _)| identity::contacts::is_handle(key));
        let handle = key.map(|(key, is_given)| identity::store::ensure_handle(tx, key, is_given)).transpose()?;
        let comment: String = sent.comment.trim().chars().take(COMMENT).collect();
        store::answer(tx, id, &Answer { handle: handle.map(|handle| handle.id), score: sent.score, comment, answered_at: tx.now })
    })
    .await
}
