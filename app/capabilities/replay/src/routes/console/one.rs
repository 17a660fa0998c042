//! The page of one replay.

use capability::{Cx, Framed, Hit, House, Subject};
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use kernel::ids::ReplayId;
use kernel::{Result, Role, Time};
use serde::Deserialize;
use web::{By, Path, Query, Reply, State, Viewer};

use super::{Told, blocking, page, projects};
use crate::model::{Replay, View};
use crate::pages::one::{One, Watched, show as draw};
use crate::pages::panels::{ErrorPage, panels};
use crate::store;

/// What the others have is asked for so many errors and traces of a replay.
const MOST_ERRORS: usize = 10;
const MOST_TRACES: usize = 5;
const MOST_HITS: usize = 20;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct At {
    /// Milliseconds from the start. What is none begins at the start.
    at: String,
    pub(super) alone: String,
}

impl At {
    pub(super) fn ms(&self, replay: &Replay) -> i64 {
        let length = replay.finished_at.0.saturating_sub(replay.started_at.0).max(0);
        self.at.parse::<i64>().unwrap_or(0).clamp(0, length)
    }
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Path(id): Path<i64>, Query(at): Query<At>) -> Reply {
    let role = framed.0.member.role;
    let address = cx.link(&format!("/replay/{id}"));
    let now = cx.now();
    let one = blocking(&cx, move |house| load(house, ReplayId(id), &at, role, address, now)).await?;
    let title = format!("Replay of {}", one.replay.person.label());
    let mut answer = page(&framed.live(&[]), &title, draw(&one))?;
    // The player is a document of its own in a frame; nothing else may stand in one.
    let policy = HeaderValue::from_str(&format!("{}; frame-src 'self'", web::security::DEFAULT_CSP));
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static(web::security::DEFAULT_CSP)));
    Ok(answer)
}

fn load(house: &House, id: ReplayId, at: &At, role: Role, address: String, now: Time) -> Result<One> {
    let (replay, projects, shares, looks, members) = house.hermetic.read_blocking(|r| {
        let replay = store::get(r, id)?;
        Ok((replay, projects(r)?, store::shares(r, id)?, store::views(r, id)?, identity::store::list_members(r)?))
    })?;
    let told = Told::of(house, &replay)?;
    let (related, pages) = others(house, &replay)?;
    let name = |id: i64| members.iter().find(|member| member.id.0 == id).map(|member| member.name.clone());
    let watched = looks.into_iter().map(|look| Watched { who: who(&look, &name), look }).collect();
    Ok(One {
        panels: panels(&told.moments, &told.signals, replay.started_at, &pages, at.ms(&replay)),
        lost_errors: told.lost_errors,
        at_ms: at.ms(&replay),
        replay,
        projects,
        related,
        watched,
        shares,
        address,
        can_act: role >= Role::Member,
        can_delete: role >= Role::Admin,
        now,
    })
}

/// `member 3` and `share 5`, as the table has them, in words.
fn who(look: &View, name: &dyn Fn(i64) -> Option<String>) -> String {
    match look.viewer.split_once(' ') {
        Some(("member", id)) => id.parse().ok().and_then(name).unwrap_or_else(|| format!("Member {id}, who has left")),
        Some(("share", id)) => format!("Somebody with link {id}"),
        _ => look.viewer.clone(),
    }
}

/// What the others have of it: its errors with their pages, its traces, its lines.
fn others(house: &House, replay: &Replay) -> Result<(Vec<Hit>, Vec<ErrorPage>)> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut pages = Vec::new();
    let mut add = |found: Vec<Hit>| {
        for hit in found {
            if hit.kind != "Replay" && hits.len() < MOST_HITS && !hits.iter().any(|known| known.href == hit.href) {
                hits.push(hit);
            }
        }
    };
    for event in replay.errors.iter().take(MOST_ERRORS) {
        let found = house.registry.related(house, &Subject::Event(replay.project, *event))?;
        let page = found.iter().find(|hit| hit.href.starts_with("/errors/"));
        pages.extend(page.map(|hit| ErrorPage { event: event.to_string(), href: hit.href.clone() }));
        add(found);
    }
    for trace in replay.traces.iter().take(MOST_TRACES) {
        add(house.registry.related(house, &Subject::Trace(trace))?);
    }
    add(house.registry.related(house, &Subject::Replay(&replay.sdk_id.to_string()))?);
    Ok((hits, pages))
}
