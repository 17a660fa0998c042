//! What the player asks for, and the download. Pages are for people and these doors are for pages: a member who may look at replays may
//! fetch them.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Redirect};
use capability::{Cx, Routes, audit};
use futures_util::{Stream, StreamExt as _, stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response};
use ingest::EventId;
use kernel::ids::ReplayId;
use kernel::{Error, Result, Role};
use web::{Access, By, Json, Path, Reply, State, Viewer};

use super::blocking;
use crate::model::parts::Name;
use crate::model::{Replay, Timeline};
use crate::{read, store};

const SEE: Access = Access::Rank(Role::Viewer);

pub fn mount(routes: &mut Routes) {
    routes.get("/replay/{id}/timeline.json", SEE, timeline);
    routes.get("/replay/{id}/parts/{name}", SEE, part);
    routes.get("/replay/{id}/download", SEE, download);
    routes.get("/replay/by/{sdk_id}", SEE, by_sdk_id);
}

async fn find(cx: &Cx, id: i64) -> Result<Replay> {
    cx.read(move |r| store::get(r, ReplayId(id))).await
}

async fn timeline(State(cx): State<Cx>, _by: By<Viewer>, Path(id): Path<i64>) -> Reply {
    let replay = find(&cx, id).await?;
    let timeline: Timeline = blocking(&cx, move |house| read::timeline(house, &replay)).await?;
    Ok(Json(timeline).into_response())
}

async fn part(State(cx): State<Cx>, _by: By<Viewer>, Path((id, name)): Path<(i64, String)>) -> Reply {
    let replay = find(&cx, id).await?;
    let events = blocking(&cx, move |house| read::part(house, &replay, &name)).await?;
    Ok(([(CONTENT_TYPE, "application/json")], events).into_response())
}

/// Where it is that the SDK calls so; the newest, should more than one project have it.
async fn by_sdk_id(State(cx): State<Cx>, _by: By<Viewer>, Path(text): Path<String>) -> Reply {
    let id = EventId::parse(&text).ok_or_else(|| Error::not_found("replay"))?;
    let found = cx.read(move |r| store::by_sdk_id(r, id)).await?;
    let replay = found.iter().max_by_key(|replay| replay.started_at).ok_or_else(|| Error::not_found("replay"))?;
    Ok(Redirect::to(&format!("/replay/{}", replay.id)).into_response())
}

/// Everything that was recorded, as one JSON list. Scrubbed, but still a stranger's page: a file, and nothing that a browser shows.
/// Whoever takes one away is written down before the first byte leaves.
async fn download(State(cx): State<Cx>, by: By<Viewer>, Path(id): Path<i64>) -> Reply {
    let replay = find(&cx, id).await?;
    let (subject, sdk_id) = (format!("replay:{id}"), replay.sdk_id.to_string());
    cx.write(move |tx| audit(tx, &by.actor, "replay.download", &subject, &sdk_id)).await?;
    let name = format!("attachment; filename=\"replay-{}.json\"", replay.sdk_id);
    let own = replay.clone();
    let timeline = blocking(&cx, move |house| read::timeline(house, &own)).await?;
    let parts: Vec<Name> = timeline.parts.iter().map(|part| part.name).collect();
    // What packs a body may ask once more after its end, which an unfolded stream does not bear.
    let mut answer = Response::new(Body::from_stream(pieces(cx, replay, parts).fuse()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}

/// Part by part: a long replay is never in memory as a whole.
fn pieces(cx: Cx, replay: Replay, parts: Vec<Name>) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let places = (0..=parts.len()).map(move |at| (at, parts.get(at).copied()));
    stream::unfold((places, cx, replay, true), |(mut places, cx, replay, mut is_first)| async move {
        let (at, name) = places.next()?;
        let own = replay.clone();
        let lists = match name {
            Some(name) => blocking(&cx, move |house| read::recorded_part(house, &own, name)).await.inspect_err(|error| {
                tracing::warn!(replay = replay.id.0, part = %name, error = error.chain(), "a download ends early");
            }),
            None => Ok(Vec::new()),
        };
        let is_end = name.is_none();
        let piece = lists.map(|lists| {
            let mut text = if at == 0 { "[".to_owned() } else { String::new() };
            for list in lists {
                let inside = inside(&list);
                if !inside.is_empty() {
                    text.push_str(if std::mem::take(&mut is_first) { "" } else { "," });
                    text.push_str(inside);
                }
            }
            text.push_str(if is_end { "]" } else { "" });
            Bytes::from(text)
        });
        Some((piece, (places, cx, replay, is_first)))
    })
}

/// A list's own text without its brackets.
fn inside(list: &str) -> &str {
    let list = list.trim();
    list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or_default().trim()
}
