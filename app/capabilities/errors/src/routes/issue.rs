//! One issue: overview, tags and releases, why grouped.

use capability::{Cx, Framed, Hit, Subject};
use db::Reader;
use frontend::Frame;
use kernel::ids::{IssueId, MemberId, ProjectId, ReleaseId};
use kernel::time::{DAY, HOUR};
use kernel::{Error, Result, Role, Time};
use std::collections::HashMap;
use web::{Actor, Path, Reply, State, see_other};

use super::event;
use crate::model::{Feedback, Issue, TagValue};
use crate::pages::event::Said;
use crate::pages::grouping::HashLine;
use crate::pages::issue::{Shown, TagGroup};
use crate::pages::tags::ReleaseLine;
use crate::pages::{self};
use crate::store::{acts, counts, feedback, hashes, issues};

/// Entries of the history on one page.
const ACTS: u32 = 200;
/// Releases one may resolve in.
const RELEASES: u32 = 30;
/// Tags beside the latest event, and values of each.
const FEW_TAGS: usize = 6;
const FEW_VALUES: usize = 4;
const MANY_VALUES: usize = 20;
/// What tells most is shown first; the others follow by name.
const FIRST_TAGS: [&str; 8] = ["environment", "release", "browser.name", "os.name", "url", "transaction", "server_name", "runtime.name"];

pub async fn show(State(cx): State<Cx>, framed: Framed, actor: Actor, Path(id): Path<i64>) -> Reply {
    if let Some(into) = cx.read(move |r| merged_into(r, IssueId(id))).await? {
        return Ok(see_other(&format!("/errors/{into}")));
    }
    let frame = framed.live(&["errors"]);
    let mut shown = load(&cx, &frame, &actor, IssueId(id)).await?;
    shown.tags.truncate(FEW_TAGS);
    shown.event = event::latest_of(&cx, &shown).await?;
    shown.related = related(&cx, shown.issue.id).await?;
    if let Some(event) = &mut shown.event {
        // What is related to the issue stands above its latest event already.
        event.related.retain(|hit| !shown.related.iter().any(|known| known.href == hit.href));
        // So does what was said about any event of it.
        event.feedback.clear();
    }
    super::page(&frame, &shown.issue.title(), pages::issue::show(&shown))
}

pub async fn tags(State(cx): State<Cx>, framed: Framed, actor: Actor, Path(id): Path<i64>) -> Reply {
    let frame = framed.live(&["errors"]);
    let shown = load(&cx, &frame, &actor, IssueId(id)).await?;
    let (groups, releases) = cx
        .read(move |r| {
            let groups = group_tags(counts::tags_of(r, IssueId(id))?, MANY_VALUES);
            let mut lines = Vec::new();
            for seen in counts::releases_of(r, IssueId(id))? {
                let version = version_of(r, Some(seen.release))?;
                lines.push(ReleaseLine {
                    version,
                    events: seen.events,
                    first_seen_at: seen.first_seen_at,
                    last_seen_at: seen.last_seen_at,
                });
            }
            Ok((groups, lines))
        })
        .await?;
    super::page(&frame, &shown.issue.title(), pages::tags::page(&shown, &groups, &releases))
}

pub async fn grouping(State(cx): State<Cx>, framed: Framed, actor: Actor, Path(id): Path<i64>) -> Reply {
    let frame = framed.live(&["errors"]);
    let shown = load(&cx, &frame, &actor, IssueId(id)).await?;
    let lines = cx.read(move |r| hashes::hashes_of(r, IssueId(id))).await?;
    let lines: Vec<HashLine> = lines
        .into_iter()
        .map(|hash| HashLine {
            id: hash.id,
            hash: format!("{:016x}", hash.hash),
            components: serde_json::from_str(&hash.components).unwrap_or_default(),
            kind: hash.kind,
            version: hash.version,
            title: hash.title,
            events: hash.events,
            last_seen_at: hash.last_seen_at,
        })
        .collect();
    super::page(&frame, &shown.issue.title(), pages::grouping::page(&shown, &lines))
}

/// What every page of an issue needs; the event and what is related are left out.
pub(super) async fn load(cx: &Cx, frame: &Frame, actor: &Actor, id: IssueId) -> Result<Shown> {
    let can_act = frame.member.role >= Role::Member;
    let me = super::member_of(actor);
    cx.read(move |r| {
        let issue = issues::get_issue(r, id)?;
        let members = super::members(r)?;
        let said = feedback::feedback_of(r, id, 50)?;
        Ok(Shown {
            project: project_name(r, issue.project)?,
            first_release: version_of(r, issue.first_release)?,
            last_release: version_of(r, issue.last_release)?,
            assignee: name_of(&members, issue.assignee),
            resolved_release: version_of(r, issue.state.release())?,
            hours: filled(counts::hours_of(r, id, r.now - HOUR * 23)?, r.now.hour_start(), 24, HOUR),
            days: filled(counts::days_of(r, id, r.now - DAY * 29)?, r.now.day_start(), 30, DAY),
            tags: group_tags(counts::tags_of(r, id)?, FEW_VALUES),
            acts: acts::acts_of(r, id, ACTS)?,
            links: acts::links_of(r, id)?,
            feedback: said.into_iter().map(|said| said_of(said, &issue)).collect(),
            related: Vec::new(),
            event: None,
            releases: ingest::store::list_releases(r, issue.project, RELEASES)?
                .into_iter()
                .map(|release| (release.id, release.version))
                .collect(),
            members,
            me,
            can_act,
            now: r.now,
            issue,
        })
    })
    .await
}

fn name_of(members: &[(MemberId, String)], id: Option<MemberId>) -> String {
    id.and_then(|id| members.iter().find(|(member, _)| *member == id)).map(|(_, name)| name.clone()).unwrap_or_default()
}

pub(super) fn project_name(r: &Reader<'_>, id: ProjectId) -> Result<String> {
    Ok(identity::store::find_project(r, id)?.map(|project| project.name).unwrap_or_default())
}

pub(super) fn version_of(r: &Reader<'_>, id: Option<ReleaseId>) -> Result<String> {
    let release = id.map(|id| ingest::store::find_release_by_id(r, id)).transpose()?.flatten();
    Ok(release.map(|release| release.version).unwrap_or_default())
}

fn said_of(said: Feedback, issue: &Issue) -> Said {
    let href = match said.event_id {
        Some(event) => format!("/errors/event/{event}?project={}", issue.project).into(),
        None => frontend::Href::default(),
    };
    Said { name: said.name, email: said.email, message: said.message, url: said.url, at: said.at, href, title: issue.title() }
}

/// Steps without events are zero, not absent: the line goes down to them.
pub(super) fn filled(known: Vec<(Time, u64)>, end: Time, steps: u32, step: std::time::Duration) -> Vec<(Time, u64)> {
    let known: HashMap<Time, u64> = known.into_iter().collect();
    (0..steps).rev().map(|back| end - step * back).map(|at| (at, known.get(&at).copied().unwrap_or(0))).collect()
}

/// `values` come by key, the most frequent of each first.
fn group_tags(values: Vec<TagValue>, most: usize) -> Vec<TagGroup> {
    let mut groups: Vec<TagGroup> = Vec::new();
    for value in values {
        if groups.last().is_none_or(|group| group.key != value.key) {
            groups.push(TagGroup { key: value.key.clone(), ..TagGroup::default() });
        }
        let Some(group) = groups.last_mut() else { continue };
        group.events += value.events;
        if group.values.len() < most {
            group.values.push((value.value, value.events));
        } else {
            group.hidden += 1;
        }
    }
    groups.sort_by_key(|group| FIRST_TAGS.iter().position(|first| *first == group.key).unwrap_or(FIRST_TAGS.len()));
    groups
}

async fn related(cx: &Cx, id: IssueId) -> Result<Vec<Hit>> {
    let own = cx.clone();
    super::blocking(move || own.registry.related(&own, &Subject::Issue(id))).await
}

/// Where an issue that was merged into another went on; links to it stand in chats and trackers.
fn merged_into(r: &Reader<'_>, id: IssueId) -> Result<Option<IssueId>> {
    match issues::find_issue(r, id)? {
        Some(_) => Ok(None),
        None => issues::merged_into(r, id),
    }
}

/// An issue, or the sentence that there is none.
pub(super) fn get(r: &Reader<'_>, id: i64) -> Result<Issue> {
    issues::find_issue(r, IssueId(id))?.ok_or_else(|| Error::not_found("issue"))
}
