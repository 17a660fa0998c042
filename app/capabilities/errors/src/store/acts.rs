//! SQL of an issue's history and of what it is tied to.

use db::{Reader, Tx};
use kernel::ids::{IssueId, MemberId};
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};

use super::{TOPIC, time};
use crate::model::{Act, ActKind, Link, LinkKind};

/// Who acts: a member, or nobody for Hermetic itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    pub member: Option<MemberId>,
    /// Empty for Hermetic.
    pub name: String,
}

const COLUMNS: &str = "id, issue_id, kind, at, made_by, member_id, text, item_id, undo";

fn read_act(row: &Row<'_>) -> rusqlite::Result<Act> {
    let kind: String = row.get(2)?;
    Ok(Act {
        id: row.get(0)?,
        issue: IssueId(row.get(1)?),
        kind: ActKind::parse(&kind).unwrap_or(ActKind::Commented),
        at: Time(row.get(3)?),
        made_by: row.get(4)?,
        member: row.get::<_, Option<i64>>(5)?.map(MemberId),
        text: row.get(6)?,
        item: row.get(7)?,
        undo: row.get(8)?,
    })
}

pub fn add_act(tx: &mut Tx<'_>, issue: IssueId, kind: ActKind, actor: &Actor, text: &str, item: Option<i64>) -> Result<i64> {
    add_undoable(tx, issue, kind, actor, text, item, "")
}

pub fn add_undoable(
    tx: &mut Tx<'_>,
    issue: IssueId,
    kind: ActKind,
    actor: &Actor,
    text: &str,
    item: Option<i64>,
    undo: &str,
) -> Result<i64> {
    let id = tx.insert(
        "insert into errors_acts (issue_id, kind, at, made_by, member_id, text, item_id, undo) values (?, ?, ?, ?, ?, ?, ?, ?)",
        params![issue.0, kind.as_str(), tx.now.0, actor.name, actor.member.map(|member| member.0), text, item, undo],
    )?;
    tx.signal(TOPIC);
    Ok(id)
}

pub fn find_act(r: &Reader<'_>, id: i64) -> Result<Option<Act>> {
    r.row(&format!("select {COLUMNS} from errors_acts where id = ?"), [id], read_act)
}

/// The latest first. Uses errors_acts_by_issue_id.
pub fn acts_of(r: &Reader<'_>, issue: IssueId, limit: u32) -> Result<Vec<Act>> {
    r.rows(&format!("select {COLUMNS} from errors_acts where issue_id = ? order by id desc limit ?"), params![issue.0, limit], read_act)
}

/// An undone merge must not be undone again.
pub fn clear_undo(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("update errors_acts set undo = '' where id = ?", [id])?;
    Ok(())
}

/// Merging: the history of both becomes one.
pub fn move_acts(tx: &mut Tx<'_>, from: IssueId, to: IssueId) -> Result<Vec<i64>> {
    let moved = tx.rows("select id from errors_acts where issue_id = ? order by id", [from.0], |row| row.get(0))?;
    tx.run("update errors_acts set issue_id = ? where issue_id = ?", params![to.0, from.0])?;
    Ok(moved)
}

pub fn move_act(tx: &mut Tx<'_>, id: i64, to: IssueId) -> Result<()> {
    tx.run("update errors_acts set issue_id = ? where id = ?", params![to.0, id])?;
    Ok(())
}

/// Only a comment can be changed, and only by whoever wrote it.
pub fn edit_comment(tx: &mut Tx<'_>, id: i64, member: MemberId, text: &str) -> Result<()> {
    let changed =
        tx.run("update errors_acts set text = ? where id = ? and kind = 'commented' and member_id = ?", params![text, id, member.0])?;
    tx.signal(TOPIC);
    if changed == 0 { Err(Error::not_found("comment")) } else { Ok(()) }
}

pub fn remove_comment(tx: &mut Tx<'_>, id: i64, member: MemberId) -> Result<()> {
    let removed = tx.run("delete from errors_acts where id = ? and kind = 'commented' and member_id = ?", params![id, member.0])?;
    tx.signal(TOPIC);
    if removed == 0 { Err(Error::not_found("comment")) } else { Ok(()) }
}

pub fn links_of(r: &Reader<'_>, issue: IssueId) -> Result<Vec<Link>> {
    r.rows(
        "select id, kind, target, label, made_by, created_at from errors_links where issue_id = ? order by id limit 100",
        [issue.0],
        |row| {
            let kind: String = row.get(1)?;
            Ok(Link {
                id: row.get(0)?,
                kind: LinkKind::parse(&kind).unwrap_or(LinkKind::Url),
                target: row.get(2)?,
                label: row.get(3)?,
                made_by: row.get(4)?,
                created_at: time(row, 5)?.unwrap_or_default(),
            })
        },
    )
}

pub fn add_link(tx: &mut Tx<'_>, issue: IssueId, kind: LinkKind, target: &str, label: &str, made_by: &str) -> Result<()> {
    tx.run(
        "insert into errors_links (issue_id, kind, target, label, made_by, created_at) values (?, ?, ?, ?, ?, ?) \
         on conflict do update set label = excluded.label",
        params![issue.0, kind.as_str(), target, label, made_by, tx.now.0],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn remove_link(tx: &mut Tx<'_>, issue: IssueId, id: i64) -> Result<()> {
    tx.run("delete from errors_links where id = ? and issue_id = ?", params![id, issue.0])?;
    tx.signal(TOPIC);
    Ok(())
}

/// Merging: what the one was tied to, the other is.
pub fn move_links(tx: &mut Tx<'_>, from: IssueId, to: IssueId) -> Result<()> {
    tx.run("update or ignore errors_links set issue_id = ? where issue_id = ?", params![to.0, from.0])?;
    Ok(())
}
