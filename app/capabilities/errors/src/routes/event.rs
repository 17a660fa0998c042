//! One event, and the ways to it: by its place, by steps, by the id of its SDK.

use capability::{Cx, Framed, Hit, Subject};
use db::Reader;
use frontend::Href;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use ingest::{EventId, Item, pack};
use kernel::ids::{IssueId, ProjectId};
use kernel::{Error, Result, Time};
use serde::Deserialize;
use web::{Path, Query, Reply, State, see_other};

use super::{files, issue};
use crate::model::{Issue, Stored};
use crate::normal::{self, Event, SourceFrames};
use crate::pages::event::content::Content;
use crate::pages::event::markdown::{self, About};
use crate::pages::event::{Above, Shown, Steps};
use crate::pages::{self, issue as issue_pages, state_words};
use crate::store::{events, frames, hashes, issues};

/// Among so many of the latest the most telling is chosen.
const CANDIDATES: u32 = 20;

/// An event with what was sent.
pub(super) struct Loaded {
    pub stored: Stored,
    /// `None`: its payload is gone.
    pub item: Option<Item>,
    sources: SourceFrames,
}

impl Loaded {
    /// With its frames led back to the source.
    pub fn event(&self) -> Result<Option<Event>> {
        let Some(item) = &self.item else { return Ok(None) };
        let mut event = normal::read(item, &item.payload()?);
        event.resolve(&self.sources);
        Ok(Some(event))
    }
}

/// From telemetry.db; `None` when it is not kept.
pub(super) fn load(r: &Reader<'_>, item: i64) -> Result<Option<Loaded>> {
    let Some(stored) = events::find_event(r, item)? else { return Ok(None) };
    let packed = frames::find_frames(r, item)?;
    // Frames that an older version wrote and this one cannot read are shown as they were built.
    let sources = packed.and_then(|packed| serde_json::from_slice(&pack::unpack(&packed).ok()?).ok()).unwrap_or_default();
    Ok(Some(Loaded { stored, item: ingest::store::find_item(r, item)?, sources }))
}

/// The hashes of an issue that events were counted under.
pub(super) fn hashes_of(r: &Reader<'_>, id: IssueId) -> Result<Vec<i64>> {
    hashes::counted_hashes(r, id)
}

/// The event `item` of the issue `id`, which it really belongs to.
pub(super) async fn of_issue(cx: &Cx, id: i64, item: i64) -> Result<(Issue, Loaded, Vec<i64>)> {
    let (issue, hashes) = cx.read(move |r| Ok((issue::get(r, id)?, hashes_of(r, IssueId(id))?))).await?;
    let loaded = cx.telemetry.read(move |r| load(r, item)).await?.ok_or_else(|| Error::not_found("event"))?;
    if !hashes.contains(&loaded.stored.hash) {
        return Err(Error::not_found("event"));
    }
    Ok((issue, loaded, hashes))
}

pub async fn show(State(cx): State<Cx>, Framed(frame): Framed, Path((id, event)): Path<(i64, String)>) -> Reply {
    let Ok(item) = event.parse::<i64>() else { return step(&cx, id, &event).await };
    let (issue, loaded, hashes) = of_issue(&cx, id, item).await?;
    let shown = shown(&cx, &issue, loaded, hashes).await?;
    super::page(&frame, &shown.above.title, pages::event::show(&shown))
}

/// `latest`, `oldest`, `recommended`.
async fn step(cx: &Cx, id: i64, word: &str) -> Reply {
    let hashes = cx.read(move |r| issue::get(r, id).and_then(|issue| hashes_of(r, issue.id))).await?;
    let item = match word {
        "latest" => cx.telemetry.read(move |r| latest(r, &hashes)).await?,
        "oldest" => cx.telemetry.read(move |r| oldest(r, &hashes)).await?,
        "recommended" => cx.telemetry.read(move |r| recommended(r, &hashes)).await?,
        _ => None,
    };
    let item = item.ok_or_else(|| Error::not_found("event"))?;
    Ok(see_other(&format!("/errors/{id}/events/{item}")))
}

fn latest(r: &Reader<'_>, hashes: &[i64]) -> Result<Option<i64>> {
    Ok(events::events_before(r, hashes, i64::MAX, 1)?.first().map(|event| event.item))
}

fn oldest(r: &Reader<'_>, hashes: &[i64]) -> Result<Option<i64>> {
    Ok(events::events_after(r, hashes, 0, 1)?.first().map(|event| event.item))
}

/// The one of the latest that knows most about itself; of equals the latest.
pub(super) fn recommended(r: &Reader<'_>, hashes: &[i64]) -> Result<Option<i64>> {
    let mut best: Option<(u32, i64)> = None;
    for stored in events::events_before(r, hashes, i64::MAX, CANDIDATES)? {
        let Some(loaded) = load(r, stored.item)? else { continue };
        let Some(event) = loaded.event()? else { continue };
        let worth = worth(&event, !loaded.sources.0.is_empty());
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, stored.item));
        }
    }
    Ok(best.map(|(_, item)| item))
}

fn worth(event: &Event, has_sources: bool) -> u32 {
    let has_code = event.frames().any(|(_, _, frame)| frame.context_line.is_some());
    let has_vars = event.frames().any(|(_, _, frame)| !frame.vars.is_empty());
    [
        (has_code || has_sources, 4),
        (!event.replay_id.is_empty(), 3),
        (event.trace_id.is_some(), 2),
        (has_vars, 2),
        (!event.breadcrumbs.is_empty(), 2),
        (event.user.identity().is_some(), 1),
        (!event.request.url.is_empty(), 1),
        (!event.release.is_empty(), 1),
    ]
    .into_iter()
    .filter(|(has, _)| *has)
    .map(|(_, worth)| worth)
    .sum()
}

/// For the page of the issue itself.
pub(super) async fn latest_of(cx: &Cx, of: &issue_pages::Shown) -> Result<Option<Shown>> {
    let id = of.issue.id;
    let hashes = cx.read(move |r| hashes_of(r, id)).await?;
    let own = hashes.clone();
    let found = cx.telemetry.read(move |r| latest(r, &own)?.map(|item| load(r, item)).transpose()).await?.flatten();
    match found {
        Some(loaded) => shown(cx, &of.issue, loaded, hashes).await.map(Some),
        None => Ok(None),
    }
}

async fn shown(cx: &Cx, issue: &Issue, loaded: Loaded, hashes: Vec<i64>) -> Result<Shown> {
    let (id, project) = (issue.id, issue.project);
    let Stored { item, event_id, at, received_at, .. } = loaded.stored;
    let (steps, attachments) =
        cx.telemetry.read(move |r| Ok((steps(r, id, &hashes, item)?, files::of_event(r, project, event_id, received_at)?))).await?;
    let (project_name, said) =
        cx.read(move |r| Ok((issue::project_name(r, project)?, super::feedback::of_event(r, id, event_id)?))).await?;
    let own = cx.clone();
    let (content, related) = super::blocking(move || {
        let event = loaded.event()?;
        let related = event.as_ref().map(|event| related(&own, project, &loaded.stored, event)).transpose()?;
        Ok((event.as_ref().map(Content::of), related.unwrap_or_default()))
    })
    .await?;
    Ok(Shown {
        above: Above {
            id: id.0,
            title: kernel::text::shorten(&issue.title(), 200),
            project: project_name,
            state: state_words(&issue.state, issue.regressed_at, issue.level),
        },
        item,
        event_id,
        at,
        received_at,
        content,
        attachments,
        feedback: said,
        related,
        steps,
        now: cx.now(),
    })
}

fn steps(r: &Reader<'_>, id: IssueId, hashes: &[i64], item: i64) -> Result<Steps> {
    let href = |item: Option<i64>| item.map_or(Href::default(), |item| Href::path(format!("/errors/{id}/events/{item}")));
    let older = events::events_before(r, hashes, item, 1)?.first().map(|event| event.item);
    let newer = events::events_after(r, hashes, item, 1)?.first().map(|event| event.item);
    Ok(Steps {
        oldest: href(older.and(oldest(r, hashes)?)),
        latest: href(newer.and(latest(r, hashes)?)),
        older: href(older),
        newer: href(newer),
        recommended: Href::path(format!("/errors/{id}/events/recommended")),
    })
}

/// What the others have about the event, its trace, its replay.
fn related(cx: &Cx, project: ProjectId, stored: &Stored, event: &Event) -> Result<Vec<Hit>> {
    let trace: Option<String> = event.trace_id.map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect());
    let mut subjects = Vec::new();
    subjects.extend(trace.as_deref().map(Subject::Trace));
    subjects.extend(stored.event_id.map(|id| Subject::Event(project, id)));
    subjects.extend((!event.replay_id.is_empty()).then_some(Subject::Replay(&event.replay_id)));
    let own = format!("/events/{}", stored.item);
    let mut hits: Vec<Hit> = Vec::new();
    for subject in subjects {
        for hit in cx.registry.related(cx, &subject)? {
            if !hit.href.ends_with(&own) && !hits.iter().any(|known| known.href == hit.href) {
                hits.push(hit);
            }
        }
    }
    Ok(hits)
}

/// What was sent, after scrubbing, laid out for reading.
pub async fn json(State(cx): State<Cx>, Path((id, item)): Path<(i64, i64)>) -> Reply {
    let (_, loaded, _) = of_issue(&cx, id, item).await?;
    let item = loaded.item.ok_or_else(|| Error::not_found("event"))?;
    let pretty = super::blocking(move || match serde_json::from_slice::<serde_json::Value>(&item.payload()?) {
        Ok(value) => serde_json::to_string_pretty(&value).map_err(|error| Error::internal("writing an event as JSON").because(error)),
        Err(_) => Err(Error::invalid("What was sent is no JSON, as a crash dump is; its file stands on the event's page.")),
    })
    .await?;
    Ok(text_answer("application/json; charset=utf-8", pretty))
}

pub async fn markdown(State(cx): State<Cx>, Path((id, item)): Path<(i64, i64)>) -> Reply {
    let (issue, loaded, _) = of_issue(&cx, id, item).await?;
    let event = super::blocking(move || loaded.event()).await?.ok_or_else(|| Error::not_found("event"))?;
    let project = issue.project;
    let name = cx.read(move |r| issue::project_name(r, project)).await?;
    let date = |at: Time| at.rfc3339();
    let about = About {
        title: &issue.title(),
        link: &cx.link(&format!("/errors/{id}/events/{item}")),
        project: &name,
        events: issue.events,
        users: issue.users,
        first_seen: &date(issue.first_seen_at),
        last_seen: &date(issue.last_seen_at),
    };
    Ok(text_answer("text/plain; charset=utf-8", markdown::markdown(&about, &Content::of(&event))))
}

fn text_answer(kind: &'static str, text: String) -> web::Response {
    let mut response = web::Response::new(text.into());
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    response
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    project: Option<i64>,
}

/// What logs and support mails name: the id that the SDK gave the event.
pub async fn lookup(State(cx): State<Cx>, Path(event): Path<String>, Query(asked): Query<Asked>) -> Reply {
    let event_id = EventId::parse(&event).ok_or_else(|| Error::not_found("event"))?;
    let (issue, item) = find_by_event_id(&cx, asked.project.map(ProjectId), event_id).await?.ok_or_else(|| Error::not_found("event"))?;
    Ok(see_other(&format!("/errors/{issue}/events/{item}")))
}

/// In the given project, or in the first that has it.
pub(super) async fn find_by_event_id(cx: &Cx, project: Option<ProjectId>, event_id: EventId) -> Result<Option<(IssueId, i64)>> {
    let projects: Vec<ProjectId> = match project {
        Some(project) => vec![project],
        None => cx.read(identity::store::list_projects).await?.into_iter().map(|project| project.id).collect(),
    };
    let found = cx
        .telemetry
        .read(move |r| {
            for project in projects {
                if let Some(stored) = events::find_by_event_id(r, project, event_id)? {
                    return Ok(Some(stored));
                }
            }
            Ok(None)
        })
        .await?;
    let Some(stored) = found else { return Ok(None) };
    let issue = cx.read(move |r| hashes::issue_of(r, stored.hash)).await?;
    // A hash without an issue: it was deleted, and its events wait to be evicted.
    let issue = match issue {
        Some(id) => cx.read(move |r| issues::find_issue(r, id)).await?,
        None => None,
    };
    Ok(issue.map(|issue| (issue.id, stored.item)))
}
