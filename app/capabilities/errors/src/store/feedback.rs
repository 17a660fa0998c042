//! SQL of what people said.

use db::{Reader, Tx};
use ingest::EventId;
use kernel::ids::{IssueId, ProjectId};
use kernel::paging::{Page, PageRequest};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::TOPIC;
use crate::model::Feedback;

const SELECT: &str = "select f.id, f.project_id, f.item_id, f.event_id, h.issue_id, f.name, f.email, f.message, f.url, f.at \
                      from errors_feedback f left join errors_hashes h on h.id = f.hash_id";

fn read_feedback(row: &Row<'_>) -> rusqlite::Result<Feedback> {
    Ok(Feedback {
        id: row.get(0)?,
        project: ProjectId(row.get(1)?),
        item: row.get(2)?,
        event_id: row.get::<_, Option<[u8; 16]>>(3)?.map(EventId),
        issue: row.get::<_, Option<i64>>(4)?.map(IssueId),
        name: row.get(5)?,
        email: row.get(6)?,
        message: row.get(7)?,
        url: row.get(8)?,
        at: Time(row.get(9)?),
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackInsert {
    pub project: ProjectId,
    pub item: i64,
    pub event_id: Option<EventId>,
    /// Of its event, where that is digested already.
    pub hash: Option<i64>,
    pub name: String,
    pub email: String,
    pub message: String,
    pub url: String,
    pub at: Time,
}

pub fn insert_feedback(tx: &mut Tx<'_>, feedback: &FeedbackInsert) -> Result<()> {
    tx.run(
        "insert or ignore into errors_feedback (project_id, item_id, event_id, hash_id, name, email, message, url, at) \
         values (?, ?, ?, (select id from errors_hashes where hash = ?), ?, ?, ?, ?, ?)",
        params![
            feedback.project.0,
            feedback.item,
            feedback.event_id.map(|id| id.0),
            feedback.hash,
            feedback.name,
            feedback.email,
            feedback.message,
            feedback.url,
            feedback.at.0
        ],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

/// What was said in one project, by as many people as nobody reads; somebody with the public key and a loop must not fill the state with it.
const MOST: i64 = 10_000;

/// The oldest beyond [`MOST`] go.
pub fn keep_latest(tx: &mut Tx<'_>, project: ProjectId) -> Result<()> {
    // Uses errors_feedback_by_project_id.
    tx.run(
        "delete from errors_feedback where project_id = ?1 and id <= \
         (select id from errors_feedback where project_id = ?1 order by id desc limit 1 offset ?2)",
        params![project.0, MOST],
    )?;
    Ok(())
}

/// Whether any feedback waits for its event: mostly not, and then no event needs to be asked for.
pub fn has_waiting(r: &Reader<'_>) -> Result<bool> {
    // Uses errors_feedback_by_waiting_event_id, which is empty then.
    Ok(r.value::<i64>("select exists (select 1 from errors_feedback where hash_id is null and event_id is not null)", [])? != 0)
}

/// An event has come: feedback that waited for it belongs to its hash.
pub fn join_waiting(tx: &mut Tx<'_>, project: ProjectId, event_id: EventId, hash_id: i64) -> Result<usize> {
    tx.run(
        "update errors_feedback set hash_id = ?3 where event_id = ?2 and hash_id is null and event_id is not null and project_id = ?1",
        params![project.0, event_id.0, hash_id],
    )
}

/// Of one issue, the latest first.
pub fn feedback_of(r: &Reader<'_>, issue: IssueId, limit: u32) -> Result<Vec<Feedback>> {
    r.rows(
        &format!("{SELECT} where f.hash_id in (select id from errors_hashes where issue_id = ?) order by f.id desc limit ?"),
        params![issue.0, limit],
        read_feedback,
    )
}

pub fn find_feedback(r: &Reader<'_>, id: i64) -> Result<Option<Feedback>> {
    r.row(&format!("{SELECT} where f.id = ?"), [id], read_feedback)
}

/// Of one project or all, the latest first.
pub fn list_feedback(r: &Reader<'_>, project: Option<ProjectId>, page: &PageRequest) -> Result<Page<Feedback>> {
    let limit = page.limit() + 1;
    let rows = match project {
        Some(project) => r.rows(
            &format!("{SELECT} where f.project_id = ? and f.id < ? order by f.id desc limit ?"),
            params![project.0, page.before(), limit],
            read_feedback,
        )?,
        None => r.rows(&format!("{SELECT} where f.id < ? order by f.id desc limit ?"), params![page.before(), limit], read_feedback)?,
    };
    Ok(Page::from_rows(rows, page, |feedback| feedback.id))
}

pub fn remove_feedback(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("delete from errors_feedback where id = ?", [id])?;
    tx.signal(TOPIC);
    Ok(())
}
