//! What users said.

use capability::{Cx, Framed};
use db::Reader;
use frontend::Href;
use ingest::EventId;
use kernel::ids::{IssueId, ProjectId};
use kernel::paging::PageRequest;
use kernel::{Error, Result, Role};
use serde::Deserialize;
use web::{By, Member, Path, Query, Reply, State, see_other_with};

use super::issue;
use crate::model::Feedback;
use crate::pages;
use crate::pages::event::Said;
use crate::pages::feedback::{Line, Listed};
use crate::store::{feedback, issues};

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    project: Option<String>,
    before: Option<i64>,
}

pub async fn list(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let frame = framed.live(&["errors"]);
    let can_act = frame.member.role >= Role::Member;
    let project = asked.project.as_deref().and_then(|id| id.parse().ok()).map(ProjectId);
    let listed = cx
        .read(move |r| {
            let page = feedback::list_feedback(r, project, &PageRequest { before: asked.before, limit: Some(30) })?;
            let lines = page.rows.into_iter().map(|said| line(r, said)).collect::<Result<_>>()?;
            Ok(Listed { lines, projects: super::projects(r)?, project, next: page.next, is_older: asked.before.is_some(), can_act })
        })
        .await?;
    super::page(&frame, "Feedback", pages::feedback::list(&listed))
}

fn line(r: &Reader<'_>, said: Feedback) -> Result<Line> {
    let about = said.issue.map(|id| issues::find_issue(r, id)).transpose()?.flatten();
    let href = about.as_ref().map_or(Href::default(), |issue| Href::path(format!("/errors/{}", issue.id)));
    let title = about.map(|issue| kernel::text::shorten(&issue.title(), 120)).unwrap_or_default();
    Ok(Line { id: said.id, project: issue::project_name(r, said.project)?, said: said_of(said, href, title) })
}

fn said_of(said: Feedback, href: Href, title: String) -> Said {
    Said { name: said.name, email: said.email, message: said.message, url: said.url, at: said.at, href, title }
}

/// What was said about one event of an issue.
pub(super) fn of_event(r: &Reader<'_>, issue: IssueId, event_id: Option<EventId>) -> Result<Vec<Said>> {
    let Some(event_id) = event_id else { return Ok(Vec::new()) };
    let said = feedback::feedback_of(r, issue, 200)?.into_iter().filter(|said| said.event_id == Some(event_id));
    Ok(said.map(|said| said_of(said, Href::default(), String::new())).collect())
}

pub async fn remove(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        feedback::find_feedback(tx, id)?.ok_or_else(|| Error::not_found("feedback"))?;
        feedback::remove_feedback(tx, id)?;
        capability::audit(tx, &actor, "errors.feedback.remove", &format!("feedback {id}"), "")
    })
    .await?;
    Ok(see_other_with("/errors/feedback", "Deleted."))
}
