//! The door of each route: the caller is named, the access decided and the origin checked before the handler runs.

use crate::body::BodyRoom;
use crate::flash;
use crate::gate::{Access, Actor, Admission, Granted, Kept, decide};
use crate::origin::{Origin, needs_same_origin, origin_of};
use crate::peer::Peer;
use crate::reply::{Failure, accepts_html, same_site_path, see_other};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, Uri};
use kernel::{Error, Kind, Result};
use std::sync::Arc;

/// Where visitors are sent who ask for a member's page.
pub const SIGN_IN: &str = "/sign-in";
/// On answers to changes that may wait for a second place: `reached` or `pending`.
const DURABLE: HeaderName = HeaderName::from_static("hermetic-durable");
const NOTICE: HeaderName = HeaderName::from_static("hermetic-notice");
const PENDING: &str = "It is stored on this machine, but not yet at the destination; do not repeat it.";

pub(crate) struct Door {
    pub admission: Admission,
    pub public_origin: String,
    pub access: Access,
    pub owner: &'static str,
    /// Where the route takes larger bodies than the others.
    pub max_body: Option<u64>,
}

pub(crate) async fn admit(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    // Taken apart because a body may not be shared between threads, and the gate waits.
    let (mut parts, body) = request.into_parts();
    match judge(&door, &parts).await {
        Ok(granted) => {
            parts.extensions.insert(granted);
            if let (Some(max), Some(room)) = (door.max_body, parts.extensions.get::<BodyRoom>()) {
                room.raise(max);
            }
            let (is_held, is_api) = (!parts.method.is_safe() && can_be_held(door.access), parts.uri.path().starts_with("/api/"));
            let answer = next.run(Request::from_parts(parts, body)).await;
            if is_held { hold(&door, answer, is_api).await } else { answer }
        }
        Err(error) if sends_to_sign_in(&door, &parts, &error) => see_other(&sign_in_for(&parts.uri)),
        Err(error) => Failure(error).into_response(),
    }
}

/// Whoever signs in, beats or unsubscribes waits for no copy: a store that is away must not keep the founder out.
fn can_be_held(access: Access) -> bool {
    matches!(access, Access::Rank(_) | Access::Api { .. })
}

/// What failed has nothing to wait for. What has not arrived in time is answered all the same, with its cookies and its body,
/// which may be the only sight of a new key: the header says how far it is, and programs get 202 besides.
async fn hold(door: &Door, mut answer: Response, is_api: bool) -> Response {
    let Some(durable) = &door.admission.durable else { return answer };
    if answer.status().is_client_error() || answer.status().is_server_error() {
        return answer;
    }
    let word = match durable.reached(door.owner).await {
        Kept::NotAsked => return answer,
        Kept::Reached => "reached",
        Kept::Pending => {
            if is_api {
                *answer.status_mut() = StatusCode::ACCEPTED;
                answer.headers_mut().insert(NOTICE, HeaderValue::from_static(PENDING));
            } else {
                flash::add(answer.headers_mut(), PENDING);
            }
            "pending"
        }
    };
    answer.headers_mut().insert(DURABLE, HeaderValue::from_static(word));
    answer
}

async fn judge(door: &Door, parts: &Parts) -> Result<Granted> {
    let actor = identify(door, parts).await?;
    let has_scope = match (door.access, &actor) {
        (Access::Api { scope, .. }, Actor::Key { id, .. }) => door.admission.gate.has_scope(*id, scope).await?,
        _ => false,
    };
    let rank = decide(door.access, &actor, has_scope)?;
    if needs_same_origin(&parts.method, door.access, &actor) && origin_of(&parts.headers, &door.public_origin) != Origin::Same {
        return Err(Error::forbidden(
            "This request did not come from one of our own pages, so it was not carried out. Please open the page here and try again.",
        ));
    }
    Ok(Granted { actor, rank })
}

/// On pages for everybody a stale cookie or an unreachable store makes a visitor, not an error: the public page must not fall with sign-in.
async fn identify(door: &Door, parts: &Parts) -> Result<Actor> {
    if door.access == Access::Open {
        return Ok(Actor::Visitor);
    }
    let peer = Peer::of(parts);
    match door.admission.gate.identify(&parts.headers, peer.0).await {
        Err(error) if door.access == Access::Anyone => {
            if matches!(error.kind, Kind::Internal | Kind::Unavailable) {
                tracing::warn!(error = %error.chain(), "the caller of a public page could not be looked up");
            }
            Ok(Actor::Visitor)
        }
        outcome => outcome,
    }
}

fn sends_to_sign_in(door: &Door, parts: &Parts, error: &Error) -> bool {
    matches!(door.access, Access::Rank(_))
        && error.kind == Kind::Unauthorized
        && parts.method.is_safe()
        && accepts_html(&parts.headers, parts.uri.path())
}

fn sign_in_for(uri: &Uri) -> String {
    let wanted = uri.path_and_query().and_then(|path| same_site_path(path.as_str())).unwrap_or("/");
    match serde_html_form::to_string([("next", wanted)]) {
        Ok(query) => format!("{SIGN_IN}?{query}"),
        Err(_) => SIGN_IN.to_owned(),
    }
}
