//! The list of issues.

use capability::{Cx, Framed};
use db::Reader;
use kernel::ids::{MemberId, ProjectId};
use kernel::{Result, Role};
use serde::Deserialize;
use web::{Actor, Query, Reply, State};

use crate::model::{Issue, Priority};
use crate::pages;
use crate::pages::list::{Line, List};
use crate::search::asked::{Asked, Range, Sort, StateTab};
use crate::search::{Assigned, Field, Search};
use crate::store::issues;
use crate::store::views::{self, Condition, Test, Wanted};

const PAGE: u32 = 50;

/// As it stands in the address or in a posted form.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct Params {
    pub state: String,
    pub sort: String,
    pub range: String,
    pub project: String,
    pub q: String,
    pub after: String,
}

impl Params {
    pub fn asked(&self) -> Asked {
        Asked {
            tab: StateTab::parse(&self.state),
            sort: Sort::parse(&self.sort),
            range: Range::parse(&self.range),
            project: self.project.parse().ok().map(ProjectId),
            text: self.q.trim().to_owned(),
        }
    }
}

pub async fn list(State(cx): State<Cx>, framed: Framed, actor: Actor, Query(params): Query<Params>) -> Reply {
    let frame = framed.live(&["errors"]);
    let can_act = frame.member.role >= Role::Member;
    let me = super::member_of(&actor);
    let listed = cx.read(move |r| read(r, &params, me, can_act)).await?;
    super::page(&frame, "Errors", pages::list::list(&listed))
}

fn read(r: &Reader<'_>, params: &Params, me: Option<MemberId>, can_act: bool) -> Result<List> {
    let asked = params.asked();
    let (members, projects) = (super::members(r)?, super::projects(r)?);
    let search = Search::parse(&asked.text);
    let (wanted, problems) = understand(r, &asked, &search, me)?;
    let wanted = Wanted { after: views::parse_key(asked.sort, &params.after), limit: PAGE + 1, ..wanted };
    let mut found = views::list_page(r, &wanted)?;
    let is_more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let key = found.last().filter(|_| is_more).map(|issue| views::key_of(asked.sort, issue));
    let next = key.map(|key| key.iter().map(i64::to_string).collect::<Vec<_>>().join(".")).unwrap_or_default();
    let mut sparks = views::sparks(r, &found, asked.range)?;
    let name = |id: ProjectId| projects.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()).unwrap_or_default();
    let person = |id: Option<MemberId>| {
        id.and_then(|id| members.iter().find(|(known, _)| *known == id)).map(|(_, name)| name.clone()).unwrap_or_default()
    };
    let lines = found
        .into_iter()
        .map(|issue| {
            let spark = sparks.remove(&issue.id.0).unwrap_or_default();
            line(name(issue.project), person(issue.assignee), spark, issue)
        })
        .collect();
    let mut counts = Vec::new();
    for tab in StateTab::ALL {
        counts.push((tab, views::count_tab(r, tab, asked.project)?));
    }
    Ok(List {
        lines,
        counts,
        problems,
        next,
        is_older: !wanted.after.is_empty(),
        has_any: issues::has_any(r)?,
        projects,
        members,
        asked,
        can_act,
        now: r.now,
    })
}

fn line(project: String, assignee: String, spark: Vec<u64>, issue: Issue) -> Line {
    Line {
        id: issue.id.0,
        kind: issue.kind,
        value: issue.value,
        culprit: issue.culprit,
        project,
        level: issue.level,
        state: issue.state,
        regressed_at: issue.regressed_at,
        is_spiking: issue.spiking_since.is_some(),
        has_unhandled: issue.has_unhandled,
        first_seen_at: issue.first_seen_at,
        last_seen_at: issue.last_seen_at,
        events: issue.events,
        users: issue.users,
        priority: issue.priority,
        assignee,
        spark,
    }
}

/// The search with its names looked up, and what of it was not understood.
pub(super) fn understand(r: &Reader<'_>, asked: &Asked, search: &Search, me: Option<MemberId>) -> Result<(Wanted, Vec<String>)> {
    let mut problems = search.problems.clone();
    let mut conditions = Vec::new();
    for term in &search.terms {
        let test = test(r, &term.field, me, &mut problems)?;
        conditions.push(Condition { is_not: term.is_not, test });
    }
    // A state that is searched for wins over the one of the tab.
    let tab = if search.has_state() { StateTab::All } else { asked.tab };
    Ok((Wanted { tab, sort: asked.sort, project: asked.project, conditions, after: Vec::new(), limit: PAGE }, problems))
}

fn test(r: &Reader<'_>, field: &Field, me: Option<MemberId>, problems: &mut Vec<String>) -> Result<Test> {
    Ok(match field {
        Field::Is(is) => Test::Is(*is),
        Field::Level(level) => Test::Level(level),
        Field::Priority(word) => Test::Priority(priority(word).code()),
        Field::Assigned(Assigned::Nobody) => Test::Unassigned,
        Field::Assigned(Assigned::Me) => Test::AssignedTo(me.into_iter().collect()),
        Field::Assigned(Assigned::To(name)) => {
            let found = members_named(r, name)?;
            if found.is_empty() {
                problems.push(format!("No member is called “{name}”."));
            }
            Test::AssignedTo(found)
        }
        Field::Project(name) => {
            let found = projects_named(r, name)?;
            if found.is_empty() {
                problems.push(format!("No project is called “{name}”."));
            }
            Test::Projects(found)
        }
        Field::Release(pattern) => Test::Release(pattern.clone()),
        Field::User(pattern) => Test::User(pattern.clone(), user_hashes(&pattern.0)),
        Field::Tag(key, pattern) => Test::Tag(key.clone(), pattern.clone()),
        Field::Has(key) => Test::Has(key.clone()),
        Field::Text(text) => Test::Text(text.clone()),
    })
}

fn priority(word: &str) -> Priority {
    match word {
        "high" => Priority::High,
        "low" => Priority::Low,
        _ => Priority::Medium,
    }
}

fn members_named(r: &Reader<'_>, name: &str) -> Result<Vec<MemberId>> {
    let wanted = name.to_lowercase();
    let fits =
        |member: &identity::model::Member| member.name.to_lowercase().starts_with(&wanted) || member.email.as_str().starts_with(&wanted);
    Ok(identity::store::list_members(r)?.iter().filter(|member| fits(member)).map(|member| member.id).collect())
}

fn projects_named(r: &Reader<'_>, name: &str) -> Result<Vec<ProjectId>> {
    let found = identity::store::find_project_by_slug(r, name)?;
    let wanted = name.to_lowercase();
    match found {
        Some(project) => Ok(vec![project.id]),
        None => Ok(super::projects(r)?.into_iter().filter(|(_, name)| name.to_lowercase() == wanted).map(|(id, _)| id).collect()),
    }
}

/// Under which a user of this id, mail address, name or network address is counted.
pub(super) fn user_hashes(text: &str) -> Vec<i64> {
    if text.is_empty() {
        return Vec::new();
    }
    ["id", "email", "username", "ip"].into_iter().map(|key| crate::digest::user_hash(key, text)).collect()
}
