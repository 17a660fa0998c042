//! Where our own script sends to.

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::Response;
use web::{Access, Routes, State};

use super::{answered, preflight, told_of};
use crate::action::{plain, read_script};
use crate::answer::Shape;
use crate::door::{Door, Taken, address_of};
use crate::refusal::Refusal;
use crate::salts;

const PATHS: [&str; 2] = ["/t", "/t/"];

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for path in PATHS {
        routes.post(path, Access::Open, take);
        routes.options(path, Access::Open, preflight);
    }
}

async fn take(State(door): State<Door>, request: Request) -> Response<Body> {
    answered(actions_of(&door, request).await, Shape::Nothing)
}

async fn actions_of(door: &Door, request: Request) -> Result<Taken, Refusal> {
    let (parts, body) = request.into_parts();
    let inner = door.inner();
    let salt = inner.salts.of(inner.clock.now()).await?;
    let (keys, address) = (inner.directory.keys().await?, address_of(&parts));
    told_of(door, None, (parts, body), move |bytes, asked| {
        read_script(&plain(bytes)?, asked, |key| {
            // A wrong key is refused right after; nobody sees this handle.
            let caller = key.and_then(|key| keys.find(None, key).ok());
            caller.map(|caller| salts::visitor(&salt, caller.asker.project, address, &asked.agent)).unwrap_or_default()
        })
    })
    .await
}
