//! What members do about issues, one by one and several at once.

use capability::Cx;
use db::{Reader, Tx};
use kernel::ids::{IssueId, MemberId, ProjectId, ReleaseId};
use kernel::text::WebUrl;
use kernel::time::DAY;
use kernel::{Error, Result};
use serde::Deserialize;
use web::{Actor as Caller, By, Form, Member, Path, Reply, State, see_other_with};

use super::list::{Params, understand};
use super::{Pairs, issue, member_of};
use crate::acts;
use crate::model::{ActKind, Ignored, Issue, LinkKind, Resolved, State as IssueState};
use crate::pages::counted;
use crate::pages::list::href;
use crate::search::Search;
use crate::store::acts::{self as history, Actor};
use crate::store::views;

/// Who is named in the history.
pub(super) fn who(caller: &Caller) -> Actor {
    let name = match caller {
        Caller::Visitor => String::new(),
        Caller::Member { name, .. } | Caller::Key { name, .. } => name.clone(),
    };
    Actor { member: member_of(caller), name }
}

/// Nobody, or somebody who may sign in.
pub(super) fn checked_member(r: &Reader<'_>, id: Option<MemberId>) -> Result<Option<MemberId>> {
    let Some(id) = id else { return Ok(None) };
    let is_known = super::members(r)?.iter().any(|(member, _)| *member == id);
    if is_known { Ok(Some(id)) } else { Err(Error::field("member", "Please choose a member who can sign in.")) }
}

/// `next`, an id or a version of a release; empty: at once.
pub(super) fn resolved_in(r: &Reader<'_>, project: ProjectId, text: &str) -> Result<Resolved> {
    let text = text.trim();
    match text {
        "" => return Ok(Resolved::AtOnce),
        "next" => return Ok(Resolved::NextRelease(newest_release(r, project)?)),
        _ => {}
    }
    let by_id = text.parse().ok().map(|id| ingest::store::find_release_by_id(r, ReleaseId(id))).transpose()?.flatten();
    let release = match by_id.filter(|release| release.project == project) {
        Some(release) => Some(release),
        None => ingest::store::find_release(r, project, text)?,
    };
    let release = release.ok_or_else(|| Error::field("release", "This project has no such release. Please choose one that it has."))?;
    Ok(Resolved::InRelease(release.id))
}

fn newest_release(r: &Reader<'_>, project: ProjectId) -> Result<Option<ReleaseId>> {
    let known = ingest::store::list_releases(r, project, 500)?;
    Ok(known.iter().max_by(|one, other| one.order(other)).map(|release| release.id))
}

/// How long an issue is ignored, as it was chosen.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct Until {
    until: String,
    amount: String,
}

fn ignored(issue: &Issue, asked: &Until, now: kernel::Time) -> Result<Ignored> {
    let amount = || {
        let amount = asked.amount.trim().parse::<u64>().ok().filter(|amount| (1..=1_000_000_000).contains(amount));
        amount.ok_or_else(|| Error::field("amount", "Please give how many, from 1 to 1000000000."))
    };
    Ok(match asked.until.as_str() {
        "day" => Ignored { until: Some(now + DAY), ..Ignored::default() },
        "week" => Ignored { until: Some(now + DAY * 7), ..Ignored::default() },
        "month" => Ignored { until: Some(now + DAY * 30), ..Ignored::default() },
        "events" => Ignored { events: Some(issue.events.saturating_add(amount()?)), ..Ignored::default() },
        "users" => Ignored { users: Some(issue.users.saturating_add(amount()?)), ..Ignored::default() },
        "ever" => Ignored::default(),
        _ => return Err(Error::field("until", "Please choose how long it is ignored.")),
    })
}

pub(super) fn path(id: i64) -> String {
    format!("/errors/{id}")
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ResolveForm {
    release: String,
}

pub async fn resolve(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<ResolveForm>) -> Reply {
    let caller = by.actor;
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        let how = resolved_in(tx, issue.project, &form.release)?;
        acts::set_state(tx, &[issue.id], IssueState::Resolved(how), &who(&caller))?;
        capability::audit(tx, &caller, "errors.issue.resolve", &format!("issue {id}"), &form.release)
    })
    .await?;
    Ok(see_other_with(&path(id), "Resolved. It opens again by itself when it comes back."))
}

pub async fn reopen(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let caller = by.actor;
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        acts::set_state(tx, &[issue.id], IssueState::Open, &who(&caller))?;
        capability::audit(tx, &caller, "errors.issue.reopen", &format!("issue {id}"), "")
    })
    .await?;
    Ok(see_other_with(&path(id), "Reopened."))
}

pub async fn ignore(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<Until>) -> Reply {
    let caller = by.actor;
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        let state = IssueState::Ignored(ignored(&issue, &form, tx.now)?);
        acts::set_state(tx, &[issue.id], state, &who(&caller))?;
        capability::audit(tx, &caller, "errors.issue.ignore", &format!("issue {id}"), &form.until)
    })
    .await?;
    Ok(see_other_with(&path(id), "Ignored. It is still counted."))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AssignForm {
    member: String,
}

fn parse_member(text: &str) -> Result<Option<MemberId>> {
    match text.trim() {
        "" => Ok(None),
        id => id.parse().map(|id| Some(MemberId(id))).map_err(|_| Error::field("member", "Please choose a member.")),
    }
}

pub async fn assign(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<AssignForm>) -> Reply {
    let caller = by.actor;
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        let member = checked_member(tx, parse_member(&form.member)?)?;
        acts::assign(tx, &[issue.id], member, &who(&caller))?;
        capability::audit(tx, &caller, "errors.issue.assign", &format!("issue {id}"), &form.member)
    })
    .await?;
    Ok(see_other_with(&path(id), "Assigned."))
}

#[derive(Deserialize)]
pub struct MergeForm {
    into: i64,
}

pub async fn merge(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<MergeForm>) -> Reply {
    let (caller, into) = (by.actor, form.into);
    cx.write(move |tx| {
        let from = issue::get(tx, id)?;
        let target = issue::get(tx, into).map_err(|_| Error::field("into", "There is no issue of this number."))?;
        if from.id == target.id {
            return Err(Error::field("into", "That is this issue itself. Please give the number of another one."));
        }
        if from.project != target.project {
            return Err(Error::field("into", "Only issues of one project can be merged."));
        }
        acts::merge(tx, target.id, &[from.id], &who(&caller))?;
        capability::audit(tx, &caller, "errors.issue.merge", &format!("issue {id}"), &format!("into issue {into}"))
    })
    .await?;
    Ok(see_other_with(&path(into), "Merged. The history below can undo it."))
}

pub async fn delete(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let caller = by.actor;
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        acts::delete(tx, &[issue.id], &who(&caller))?;
        capability::audit(tx, &caller, "errors.issue.delete", &format!("issue {id}"), &issue.title())
    })
    .await?;
    Ok(see_other_with("/errors", "Deleted."))
}

#[derive(Deserialize)]
pub struct LinkForm {
    target: String,
    #[serde(default)]
    label: String,
}

/// A monitor of this house, or a web address elsewhere.
fn link_target(text: &str) -> Result<(LinkKind, String)> {
    let text = text.trim();
    if let Some(id) = text.strip_prefix("/uptime/monitors/").and_then(|id| id.parse::<u32>().ok()) {
        return Ok((LinkKind::Monitor, id.to_string()));
    }
    let wrong = |_| Error::field("target", "Please give an address that starts with https://, or /uptime/monitors/ and a number.");
    Ok((LinkKind::Url, WebUrl::parse(text).map_err(wrong)?.as_str().to_owned()))
}

pub async fn link(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<LinkForm>) -> Reply {
    let caller = by.actor;
    let (kind, target) = link_target(&form.target)?;
    let label: String = form.label.chars().filter(|c| !c.is_control()).take(120).collect();
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        let (who, label) = (who(&caller), label.trim());
        history::add_link(tx, issue.id, kind, &target, label, &who.name)?;
        history::add_act(tx, issue.id, ActKind::Linked, &who, if label.is_empty() { &target } else { label }, None).map(|_| ())
    })
    .await?;
    Ok(see_other_with(&path(id), "Linked."))
}

pub async fn unlink(State(cx): State<Cx>, by: By<Member>, Path((id, link)): Path<(i64, i64)>) -> Reply {
    let caller = by.actor;
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        history::remove_link(tx, issue.id, link)?;
        capability::audit(tx, &caller, "errors.link.remove", &format!("issue {id}"), "")
    })
    .await?;
    Ok(see_other_with(&path(id), "The link is removed."))
}

/// An entry of this issue's history.
pub(super) fn act_of(r: &Reader<'_>, issue: i64, act: i64) -> Result<crate::model::Act> {
    history::find_act(r, act)?.filter(|act| act.issue == IssueId(issue)).ok_or_else(|| Error::not_found("entry of the history"))
}

pub async fn undo(State(cx): State<Cx>, by: By<Member>, Path((id, act)): Path<(i64, i64)>) -> Reply {
    let caller = by.actor;
    cx.write(move |tx| {
        let act = act_of(tx, id, act)?;
        acts::undo_merge(tx, act.id, &who(&caller))?;
        capability::audit(tx, &caller, "errors.issue.unmerge", &format!("issue {id}"), "")
    })
    .await?;
    Ok(see_other_with(&path(id), "Undone: what was merged is an issue of its own again."))
}

pub async fn split(State(cx): State<Cx>, by: By<Member>, Path((id, hash)): Path<(i64, i64)>) -> Reply {
    let caller = by.actor;
    let made = cx
        .write(move |tx| {
            let issue = issue::get(tx, id)?;
            let made = acts::split(tx, issue.id, hash, &who(&caller))?;
            capability::audit(tx, &caller, "errors.issue.split", &format!("issue {id}"), &format!("issue {made}"))?;
            Ok(made)
        })
        .await?;
    Ok(see_other_with(&format!("/errors/{made}"), "Split off. Events of this kind come here from now on."))
}

/// The ticked ones, or all that the list's search finds.
pub async fn several(State(cx): State<Cx>, by: By<Member>, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    let pairs = Pairs(pairs);
    let part = |name: &str| pairs.get(name).to_owned();
    let params = Params {
        state: part("state"),
        sort: part("sort"),
        range: part("range"),
        project: part("project"),
        q: part("q"),
        after: String::new(),
    };
    let back = href(&params.asked());
    let caller = by.actor;
    let done = cx.write(move |tx| act_on_several(tx, &pairs, &params, &caller)).await?;
    Ok(see_other_with(back.as_str(), &done))
}

fn act_on_several(tx: &mut Tx<'_>, pairs: &Pairs, params: &Params, caller: &Caller) -> Result<String> {
    let ids = chosen(tx, pairs, params, member_of(caller))?;
    if ids.is_empty() {
        return Err(Error::invalid("Nothing was ticked. Please tick issues, or choose all that were found."));
    }
    let (who, act) = (who(caller), pairs.get("act"));
    let (count, word) = (ids.len(), counted(ids.len() as u64, "issue", "issues"));
    let done = match act {
        "resolve" => acts::set_state(tx, &ids, IssueState::Resolved(Resolved::AtOnce), &who).map(|()| format!("{word} resolved."))?,
        "reopen" => acts::set_state(tx, &ids, IssueState::Open, &who).map(|()| format!("{word} reopened."))?,
        "ignore" => {
            let until = Until { until: pairs.get("until").to_owned(), amount: pairs.get("amount").to_owned() };
            for id in &ids {
                let state = IssueState::Ignored(ignored(&issue::get(tx, id.0)?, &until, tx.now)?);
                acts::set_state(tx, &[*id], state, &who)?;
            }
            format!("{word} ignored.")
        }
        "assign" => {
            let member = checked_member(tx, parse_member(pairs.get("member"))?)?;
            acts::assign(tx, &ids, member, &who).map(|()| format!("{word} assigned."))?
        }
        "merge" => merge_several(tx, &ids, &who)?,
        "delete" => acts::delete(tx, &ids, &who).map(|()| format!("{word} deleted."))?,
        _ => return Err(Error::field("act", "Please use one of the buttons above the list.")),
    };
    capability::audit(tx, caller, &format!("errors.issues.{act}"), &format!("{count} issues"), &listed(&ids))?;
    Ok(done)
}

/// For the audit log: the first of them by number.
fn listed(ids: &[IssueId]) -> String {
    let shown: Vec<String> = ids.iter().take(50).map(IssueId::to_string).collect();
    let more = if ids.len() > 50 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Into the oldest of them, within one project.
fn merge_several(tx: &mut Tx<'_>, ids: &[IssueId], who: &Actor) -> Result<String> {
    let [into, rest @ ..] = ids else { return Ok(String::new()) };
    if rest.is_empty() {
        return Err(Error::invalid("Merging needs at least two issues."));
    }
    if rest.len() > 100 {
        return Err(Error::invalid("At most 101 issues can be merged at once; a grouping rule keeps such events together for good."));
    }
    let project = issue::get(tx, into.0)?.project;
    for id in rest {
        if issue::get(tx, id.0)?.project != project {
            return Err(Error::invalid("Only issues of one project can be merged."));
        }
    }
    acts::merge(tx, *into, rest, who)?;
    Ok(format!("{} merged into the oldest.", counted(ids.len() as u64, "issue", "issues")))
}

/// In the order of their numbers, each once; those that are gone are passed over.
fn chosen(r: &Reader<'_>, pairs: &Pairs, params: &Params, me: Option<MemberId>) -> Result<Vec<IssueId>> {
    if pairs.get("which") == "found" {
        let asked = params.asked();
        let (wanted, problems) = understand(r, &asked, &Search::parse(&asked.text), me)?;
        // A condition that was not understood would mean more issues than were seen.
        if let Some(problem) = problems.into_iter().next() {
            return Err(Error::invalid(problem));
        }
        return views::ids_found(r, &wanted);
    }
    let mut ids: Vec<IssueId> = pairs.all("issue").iter().filter_map(|id| id.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = Vec::with_capacity(ids.len());
    for id in ids.into_iter().take(views::MANY as usize) {
        known.extend(crate::store::issues::find_issue(r, id)?.map(|issue| issue.id));
    }
    Ok(known)
}
