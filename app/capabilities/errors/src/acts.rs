//! What people do about issues. Each act is one transaction with its history and its fact; several issues go together or not at all.

use db::Tx;
use kernel::ids::{IssueId, MemberId, ReleaseId};
use kernel::{Error, Fact, Result};
use serde::{Deserialize, Serialize};
use work::NewJob;

use crate::jobs::FORGET;
use crate::model::{ActKind, Ignored, Issue, Priority, PriorityFacts, Resolved, State};
use crate::store::acts::{self, Actor};
use crate::store::{hashes, issues};

/// Opens, resolves or ignores.
pub fn set_state(tx: &mut Tx<'_>, ids: &[IssueId], state: State, actor: &Actor) -> Result<()> {
    for id in ids {
        let issue = issues::get_issue(tx, *id)?;
        issues::set_state(tx, *id, state)?;
        let kind = match state {
            State::Open => ActKind::Reopened,
            State::Resolved(_) => ActKind::Resolved,
            State::Ignored(_) => ActKind::Ignored,
        };
        let text = sentence(tx, &state)?;
        acts::add_act(tx, *id, kind, actor, &text, None)?;
        if !state.is_open() {
            tell_closed(tx, &issue, state.as_str())?;
        }
    }
    Ok(())
}

/// What was meant, for the history.
fn sentence(tx: &Tx<'_>, state: &State) -> Result<String> {
    let version = |id: ReleaseId| -> Result<String> {
        Ok(ingest::store::find_release_by_id(tx, id)?.map_or_else(|| "a release that is gone".to_owned(), |release| release.version))
    };
    Ok(match state {
        State::Open => String::new(),
        State::Resolved(Resolved::AtOnce) => String::new(),
        State::Resolved(Resolved::NextRelease(None)) => "In the next release.".to_owned(),
        State::Resolved(Resolved::NextRelease(Some(id))) => format!("In the release after {}.", version(*id)?),
        State::Resolved(Resolved::InRelease(id)) => format!("In {}.", version(*id)?),
        State::Ignored(Ignored { until: None, events: None, users: None }) => "For ever.".to_owned(),
        State::Ignored(ignored) => {
            let parts: Vec<String> = [
                ignored.until.map(|until| until.to_string()),
                ignored.events.map(|events| format!("{events} events in all")),
                ignored.users.map(|users| format!("{users} users in all")),
            ]
            .into_iter()
            .flatten()
            .collect();
            format!("Until {}.", parts.join(" or "))
        }
    })
}

fn tell_closed(tx: &mut Tx<'_>, issue: &Issue, state: &str) -> Result<()> {
    let title = kernel::text::shorten(&issue.title(), 200);
    work::record(tx, &Fact::IssueClosed { issue: issue.id, project: issue.project, title, state: state.to_owned(), at: tx.now })
}

pub fn assign(tx: &mut Tx<'_>, ids: &[IssueId], member: Option<MemberId>, actor: &Actor) -> Result<()> {
    let name = match member {
        Some(member) => identity::store::get_member(tx, member)?.name,
        None => String::new(),
    };
    for id in ids {
        let issue = issues::get_issue(tx, *id)?;
        if issue.assignee == member {
            continue;
        }
        issues::set_assignee(tx, *id, member)?;
        let kind = if member.is_some() { ActKind::Assigned } else { ActKind::Unassigned };
        acts::add_act(tx, *id, kind, actor, &name, None)?;
    }
    Ok(())
}

pub fn comment(tx: &mut Tx<'_>, id: IssueId, text: &str, actor: &Actor) -> Result<i64> {
    issues::get_issue(tx, id)?;
    acts::add_act(tx, id, ActKind::Commented, actor, text, None)
}

/// What undoing a merge needs.
#[derive(Debug, Serialize, Deserialize)]
struct Undo {
    /// The row as it was.
    issue: serde_json::Value,
    from: i64,
    hashes: Vec<i64>,
    acts: Vec<i64>,
    /// Issues whose addresses led to it.
    #[serde(default)]
    merged: Vec<i64>,
}

/// Everything that led to `from` leads to `into`, with counts and history. Each merge can be undone by itself.
pub fn merge(tx: &mut Tx<'_>, into: IssueId, from: &[IssueId], actor: &Actor) -> Result<()> {
    let target = issues::get_issue(tx, into)?;
    let mut has_unhandled = target.has_unhandled;
    for id in from.iter().filter(|id| **id != into) {
        let issue = issues::get_issue(tx, *id)?;
        if issue.project != target.project {
            return Err(Error::invalid("Only issues of one project can be merged."));
        }
        let row = issues::snapshot(tx, *id)?;
        has_unhandled |= issue.has_unhandled;
        let undo = Undo {
            issue: row,
            from: id.0,
            hashes: hashes::move_hashes(tx, *id, into)?,
            acts: acts::move_acts(tx, *id, into)?,
            merged: issues::merged_from(tx, *id)?,
        };
        acts::move_links(tx, *id, into)?;
        issues::note_merge(tx, *id, into)?;
        let undo = serde_json::to_string(&undo).map_err(|error| Error::internal("noting a merge").because(error))?;
        let text = kernel::text::shorten(&issue.title(), 200);
        acts::add_undoable(tx, into, ActKind::Merged, actor, &text, None, &undo)?;
        tell_closed(tx, &issue, "merged")?;
        issues::remove_issue(tx, *id)?;
    }
    recount(tx, into, has_unhandled)
}

fn recount(tx: &mut Tx<'_>, id: IssueId, has_unhandled: bool) -> Result<()> {
    issues::recount(tx, id)?;
    let Issue { level, users, spiking_since, .. } = issues::get_issue(tx, id)?;
    let facts = PriorityFacts { level, has_unhandled, users, is_spiking: spiking_since.is_some() };
    issues::set_weight(tx, id, has_unhandled, Priority::of(facts))
}

/// The merged issue is there again, under its old id, with what was counted under its hashes before and since.
pub fn undo_merge(tx: &mut Tx<'_>, act: i64, actor: &Actor) -> Result<IssueId> {
    let act = acts::find_act(tx, act)?.filter(|act| act.kind == ActKind::Merged).ok_or_else(|| Error::not_found("merge"))?;
    let undo: Undo =
        serde_json::from_str(&act.undo).map_err(|_| Error::conflict("This merge was undone before, or is too old to be undone."))?;
    let from = IssueId(undo.from);
    issues::restore(tx, &undo.issue)?;
    for hash in undo.hashes {
        // One that was split off meanwhile stays where it was put.
        if hashes::find_hash_by_id(tx, hash)?.is_some_and(|hash| hash.issue == act.issue) {
            hashes::move_hash(tx, hash, from)?;
        }
    }
    for moved in undo.acts {
        if acts::find_act(tx, moved)?.is_some_and(|moved| moved.issue == act.issue) {
            acts::move_act(tx, moved, from)?;
        }
    }
    issues::forget_merge(tx, from, &undo.merged)?;
    acts::clear_undo(tx, act.id)?;
    for id in [act.issue, from] {
        // Whether the survivor had it before is not known any more: rather too grave than not grave enough.
        let has_unhandled = issues::get_issue(tx, id)?.has_unhandled;
        recount(tx, id, has_unhandled)?;
        acts::add_act(tx, id, ActKind::Split, actor, "A merge was undone.", None)?;
    }
    Ok(from)
}

/// One hash of an issue becomes an issue of its own, with its events and counts. The last one cannot be taken away.
pub fn split(tx: &mut Tx<'_>, id: IssueId, hash: i64, actor: &Actor) -> Result<IssueId> {
    let issue = issues::get_issue(tx, id)?;
    let own = hashes::hashes_of(tx, id)?;
    let chosen = own.iter().find(|known| known.id == hash).ok_or_else(|| Error::not_found("way of grouping"))?;
    if !own.iter().any(|other| other.id != hash && other.events > 0) {
        return Err(Error::conflict("All events of this issue are grouped this way: there is nothing to split off."));
    }
    let made = issues::copy_for_hash(tx, id, hash)?;
    hashes::move_hash(tx, hash, made)?;
    recount(tx, id, issue.has_unhandled)?;
    recount(tx, made, issue.has_unhandled)?;
    let title = kernel::text::shorten(&chosen.title, 200);
    acts::add_act(tx, id, ActKind::Split, actor, &format!("“{title}” is an issue of its own now."), None)?;
    acts::add_act(tx, made, ActKind::Split, actor, &format!("It was part of “{}”.", kernel::text::shorten(&issue.title(), 200)), None)?;
    Ok(made)
}

/// With counts and history; the events go in a job, a few at a time.
pub fn delete(tx: &mut Tx<'_>, ids: &[IssueId], _actor: &Actor) -> Result<()> {
    for id in ids {
        let issue = issues::get_issue(tx, *id)?;
        let hashes = hashes::counted_hashes(tx, *id)?;
        let payload = serde_json::json!({ "hashes": hashes, "upto": issue.last_item });
        work::enqueue(tx, NewJob::now(FORGET, payload))?;
        tell_closed(tx, &issue, "deleted")?;
        issues::remove_issue(tx, *id)?;
    }
    Ok(())
}
