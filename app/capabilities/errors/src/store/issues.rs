//! SQL of issues.

use db::{Reader, Tx};
use kernel::ids::{IssueId, MemberId, ProjectId, ReleaseId};
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};

use super::{TOPIC, count, signed, time};
use crate::model::{Ignored, Issue, Level, Priority, Resolved, State};

/// In the order that [`read_issue`] reads them; [`columns`] puts an alias before each.
pub(crate) const COLUMNS: [&str; 27] = [
    "id",
    "project_id",
    "type",
    "value",
    "culprit",
    "level",
    "platform",
    "state",
    "state_at",
    "resolved_how",
    "resolved_release_id",
    "ignored_until",
    "ignored_events",
    "ignored_users",
    "regressed_at",
    "spiking_since",
    "first_seen_at",
    "last_seen_at",
    "events",
    "users",
    "first_release_id",
    "last_release_id",
    "first_item_id",
    "last_item_id",
    "has_unhandled",
    "priority",
    "assignee_id",
];

/// `i.id, i.project_id, …`
pub(crate) fn columns(alias: &str) -> String {
    COLUMNS.iter().map(|column| format!("{alias}.{column}")).collect::<Vec<_>>().join(", ")
}

pub(crate) fn read_issue(row: &Row<'_>) -> rusqlite::Result<Issue> {
    let level: String = row.get(5)?;
    let release = |column: usize| -> rusqlite::Result<Option<ReleaseId>> { Ok(row.get::<_, Option<i64>>(column)?.map(ReleaseId)) };
    Ok(Issue {
        id: IssueId(row.get(0)?),
        project: ProjectId(row.get(1)?),
        kind: row.get(2)?,
        value: row.get(3)?,
        culprit: row.get(4)?,
        level: Level::parse(&level),
        platform: row.get(6)?,
        state: read_state(row)?,
        state_at: Time(row.get(8)?),
        regressed_at: time(row, 14)?,
        spiking_since: time(row, 15)?,
        first_seen_at: Time(row.get(16)?),
        last_seen_at: Time(row.get(17)?),
        events: count(row, 18)?,
        users: count(row, 19)?,
        first_release: release(20)?,
        last_release: release(21)?,
        first_item: row.get(22)?,
        last_item: row.get(23)?,
        has_unhandled: row.get(24)?,
        priority: Priority::from_code(row.get(25)?),
        assignee: row.get::<_, Option<i64>>(26)?.map(MemberId),
    })
}

fn read_state(row: &Row<'_>) -> rusqlite::Result<State> {
    let (state, how): (String, String) = (row.get(7)?, row.get(9)?);
    let release = row.get::<_, Option<i64>>(10)?.map(ReleaseId);
    let total = |column: usize| -> rusqlite::Result<Option<u64>> { Ok(row.get::<_, Option<i64>>(column)?.map(i64::unsigned_abs)) };
    Ok(match (state.as_str(), how.as_str(), release) {
        ("resolved", "next_release", release) => State::Resolved(Resolved::NextRelease(release)),
        ("resolved", "in_release", Some(release)) => State::Resolved(Resolved::InRelease(release)),
        ("resolved", ..) => State::Resolved(Resolved::AtOnce),
        ("ignored", ..) => State::Ignored(Ignored { until: time(row, 11)?, events: total(12)?, users: total(13)? }),
        _ => State::Open,
    })
}

pub fn find_issue(r: &Reader<'_>, id: IssueId) -> Result<Option<Issue>> {
    r.row(&format!("select {} from errors_issues i where id = ?", columns("i")), [id.0], read_issue)
}

pub fn get_issue(r: &Reader<'_>, id: IssueId) -> Result<Issue> {
    find_issue(r, id)?.ok_or_else(|| Error::not_found("issue"))
}

/// What an event opens.
#[derive(Debug, Clone)]
pub struct IssueInsert<'a> {
    pub project: ProjectId,
    pub kind: &'a str,
    pub value: &'a str,
    pub culprit: &'a str,
    pub level: Level,
    pub platform: &'a str,
    pub search: &'a str,
    pub first_seen_at: Time,
    pub item: i64,
    pub release: Option<ReleaseId>,
}

/// Open, without an event counted yet.
pub fn insert_issue(tx: &mut Tx<'_>, issue: &IssueInsert<'_>) -> Result<IssueId> {
    let id = tx.insert(
        "insert into errors_issues (project_id, type, value, culprit, level, platform, state, state_at, resolved_how, resolved_release_id, \
         ignored_until, ignored_events, ignored_users, regressed_at, spiking_since, first_seen_at, last_seen_at, events, users, \
         first_release_id, last_release_id, first_item_id, last_item_id, has_unhandled, priority, assignee_id, search) \
         values (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?11, '', null, null, null, null, null, null, ?7, ?7, 0, 0, ?8, ?8, ?9, ?9, 0, 1, null, ?10)",
        params![
            issue.project.0,
            issue.kind,
            issue.value,
            issue.culprit,
            issue.level.as_str(),
            issue.platform,
            issue.first_seen_at.0,
            issue.release.map(|release| release.0),
            issue.item,
            issue.search,
            tx.now.0
        ],
    )?;
    tx.signal(TOPIC);
    Ok(IssueId(id))
}

/// What the events of a batch change about their issue.
#[derive(Debug, Clone)]
pub struct IssueSeen<'a> {
    pub events: u64,
    pub new_users: u64,
    pub first_seen_at: Time,
    pub last_seen_at: Time,
    pub last_item: i64,
    pub last_release: Option<ReleaseId>,
    pub has_unhandled: bool,
    pub priority: Priority,
    /// Of the latest event. `None`: the title stays (an older event that came late).
    pub latest: Option<Latest<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub struct Latest<'a> {
    pub kind: &'a str,
    pub value: &'a str,
    pub culprit: &'a str,
    pub level: Level,
    pub platform: &'a str,
    pub search: &'a str,
}

pub fn count_seen(tx: &mut Tx<'_>, id: IssueId, seen: &IssueSeen<'_>) -> Result<()> {
    tx.run(
        "update errors_issues set events = events + ?2, users = users + ?3, first_seen_at = min(first_seen_at, ?4), \
         last_seen_at = max(last_seen_at, ?5), last_item_id = max(last_item_id, ?6), last_release_id = coalesce(?7, last_release_id), \
         has_unhandled = max(has_unhandled, ?8), priority = ?9 where id = ?1",
        params![
            id.0,
            signed(seen.events),
            signed(seen.new_users),
            seen.first_seen_at.0,
            seen.last_seen_at.0,
            seen.last_item,
            seen.last_release.map(|release| release.0),
            seen.has_unhandled,
            seen.priority.code()
        ],
    )?;
    if let Some(latest) = seen.latest {
        describe(tx, id, latest)?;
    }
    tx.signal(TOPIC);
    Ok(())
}

/// Writes only what differs: most events of an issue say the same.
pub fn describe(tx: &mut Tx<'_>, id: IssueId, latest: Latest<'_>) -> Result<()> {
    tx.run(
        "update errors_issues set type = ?2, value = ?3, culprit = ?4, level = ?5, platform = ?6, search = ?7 where id = ?1 \
         and (type, value, culprit, level, platform, search) is not (?2, ?3, ?4, ?5, ?6, ?7)",
        params![id.0, latest.kind, latest.value, latest.culprit, latest.level.as_str(), latest.platform, latest.search],
    )?;
    Ok(())
}

/// Ends a regression's mark and a spike's: somebody (or a rule) has judged the issue.
pub fn set_state(tx: &mut Tx<'_>, id: IssueId, state: State) -> Result<()> {
    let (how, release) = match state {
        State::Resolved(Resolved::AtOnce) => ("at_once", None),
        State::Resolved(Resolved::NextRelease(release)) => ("next_release", release),
        State::Resolved(Resolved::InRelease(release)) => ("in_release", Some(release)),
        _ => ("", None),
    };
    let ignored = match state {
        State::Ignored(ignored) => ignored,
        _ => Ignored::default(),
    };
    tx.run(
        "update errors_issues set state = ?2, state_at = ?3, resolved_how = ?4, resolved_release_id = ?5, ignored_until = ?6, \
         ignored_events = ?7, ignored_users = ?8, regressed_at = null, spiking_since = null where id = ?1",
        params![
            id.0,
            state.as_str(),
            tx.now.0,
            how,
            release.map(|release| release.0),
            ignored.until.map(|until| until.0),
            ignored.events.map(signed),
            ignored.users.map(signed)
        ],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn set_regressed(tx: &mut Tx<'_>, id: IssueId, at: Time) -> Result<()> {
    tx.run("update errors_issues set regressed_at = ? where id = ?", params![at.0, id.0])?;
    Ok(())
}

pub fn set_spiking(tx: &mut Tx<'_>, id: IssueId, since: Option<Time>, priority: Priority) -> Result<()> {
    tx.run(
        "update errors_issues set spiking_since = ?, priority = ? where id = ?",
        params![since.map(|since| since.0), priority.code(), id.0],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

pub fn set_assignee(tx: &mut Tx<'_>, id: IssueId, member: Option<MemberId>) -> Result<()> {
    tx.run("update errors_issues set assignee_id = ? where id = ?", params![member.map(|member| member.0), id.0])?;
    tx.signal(TOPIC);
    Ok(())
}

/// With its hashes, counts and history.
pub fn remove_issue(tx: &mut Tx<'_>, id: IssueId) -> Result<()> {
    tx.run("delete from errors_issues where id = ?", [id.0])?;
    tx.signal(TOPIC);
    Ok(())
}

/// Works the totals out again from the hashes: after merging and splitting. What it is ignored for stays as far away as it was.
pub fn recount(tx: &mut Tx<'_>, id: IssueId) -> Result<()> {
    tx.run(
        "with own(events, users) as (select \
           (select coalesce(sum(events), 0) from errors_hashes where issue_id = ?1), \
           (select count(distinct user_hash) from errors_users where hash_id in (select id from errors_hashes where issue_id = ?1))) \
         update errors_issues set events = own.events, users = own.users, \
         ignored_events = ignored_events + own.events - errors_issues.events, \
         ignored_users = ignored_users + own.users - errors_issues.users, \
         first_seen_at = coalesce((select min(first_seen_at) from errors_hashes where issue_id = ?1), first_seen_at), \
         last_seen_at = coalesce((select max(last_seen_at) from errors_hashes where issue_id = ?1), last_seen_at), \
         first_item_id = coalesce((select min(first_item_id) from errors_hashes where issue_id = ?1), first_item_id), \
         last_item_id = coalesce((select max(last_item_id) from errors_hashes where issue_id = ?1), last_item_id), \
         first_release_id = (select release_id from errors_releases where hash_id in (select id from errors_hashes where issue_id = ?1) \
           order by first_seen_at limit 1), \
         last_release_id = (select release_id from errors_releases where hash_id in (select id from errors_hashes where issue_id = ?1) \
           order by last_seen_at desc limit 1) \
         from own where id = ?1",
        [id.0],
    )?;
    tx.signal(TOPIC);
    Ok(())
}

/// What follows from gravity and numbers, after these have changed by something else than events.
pub fn set_weight(tx: &mut Tx<'_>, id: IssueId, has_unhandled: bool, priority: Priority) -> Result<()> {
    tx.run("update errors_issues set has_unhandled = ?, priority = ? where id = ?", params![has_unhandled, priority.code(), id.0])?;
    Ok(())
}

/// The row as JSON, for undoing.
pub fn snapshot(r: &Reader<'_>, id: IssueId) -> Result<serde_json::Value> {
    let fields: Vec<String> = stored_columns().iter().map(|column| format!("'{column}', {column}")).collect();
    let json: String = r.value(&format!("select json_object({}) from errors_issues where id = ?", fields.join(", ")), [id.0])?;
    serde_json::from_str(&json).map_err(|error| Error::internal("reading an issue as JSON").because(error))
}

/// The row as it was, under its old id. A member or a column that is gone since is left out.
pub fn restore(tx: &mut Tx<'_>, row: &serde_json::Value) -> Result<()> {
    let columns = stored_columns();
    let values: Vec<String> = columns
        .iter()
        .map(|column| match *column {
            "assignee_id" => "(select id from identity_members where id = ?1 ->> '$.assignee_id')".to_owned(),
            column => format!("?1 ->> '$.{column}'"),
        })
        .collect();
    tx.run(&format!("insert into errors_issues ({}) values ({})", columns.join(", "), values.join(", ")), [row.to_string()])?;
    tx.signal(TOPIC);
    Ok(())
}

fn stored_columns() -> Vec<&'static str> {
    COLUMNS.iter().copied().chain(["search"]).collect()
}

/// An issue for one of another's hashes: in the same state, named after the hash. Counts follow by [`recount`].
pub fn copy_for_hash(tx: &mut Tx<'_>, from: IssueId, hash: i64) -> Result<IssueId> {
    let id = tx.insert(
        "insert into errors_issues (project_id, type, value, culprit, level, platform, state, state_at, resolved_how, resolved_release_id, \
         ignored_until, ignored_events, ignored_users, regressed_at, spiking_since, first_seen_at, last_seen_at, events, users, \
         first_release_id, last_release_id, first_item_id, last_item_id, has_unhandled, priority, assignee_id, search) \
         select i.project_id, h.type, h.value, i.culprit, i.level, i.platform, i.state, i.state_at, i.resolved_how, i.resolved_release_id, \
         i.ignored_until, i.ignored_events, i.ignored_users, i.regressed_at, null, i.first_seen_at, i.last_seen_at, i.events, i.users, \
         null, null, i.first_item_id, i.last_item_id, i.has_unhandled, i.priority, i.assignee_id, lower(h.type || char(10) || h.value) \
         from errors_issues i join errors_hashes h on h.id = ?2 where i.id = ?1",
        params![from.0, hash],
    )?;
    tx.signal(TOPIC);
    Ok(IssueId(id))
}

/// Where the address of a merged issue leads from now on; those that led to `from` go on to `into`.
pub fn note_merge(tx: &mut Tx<'_>, from: IssueId, into: IssueId) -> Result<()> {
    tx.run("update errors_merges set issue_id = ? where issue_id = ?", params![into.0, from.0])?;
    tx.run("insert or replace into errors_merges (from_id, issue_id) values (?, ?)", params![from.0, into.0])?;
    Ok(())
}

/// The issue is there again: its address is its own, and those that had led to it before lead to it once more.
pub fn forget_merge(tx: &mut Tx<'_>, from: IssueId, before: &[i64]) -> Result<()> {
    tx.run("delete from errors_merges where from_id = ?", [from.0])?;
    for older in before {
        tx.run("update errors_merges set issue_id = ? where from_id = ?", params![from.0, older])?;
    }
    Ok(())
}

/// Issues that were merged into this one, now or through another.
pub fn merged_from(r: &Reader<'_>, into: IssueId) -> Result<Vec<i64>> {
    r.rows("select from_id from errors_merges where issue_id = ? order by from_id", [into.0], |row| row.get(0))
}

/// The issue into which another was merged.
pub fn merged_into(r: &Reader<'_>, from: IssueId) -> Result<Option<IssueId>> {
    r.row("select issue_id from errors_merges where from_id = ?", [from.0], |row| row.get(0).map(IssueId))
}

/// Open issues that nothing was seen of since `before`, and that nobody has opened since, the longest first. Uses errors_issues_by_state_last_seen_at.
pub fn quiet_since(r: &Reader<'_>, before: Time, limit: u32) -> Result<Vec<IssueId>> {
    r.rows(
        "select id from errors_issues where state = 'open' and last_seen_at < ?1 and state_at < ?1 order by last_seen_at limit ?2",
        params![before.0, limit],
        |row| row.get(0).map(IssueId),
    )
}

pub fn list_spiking(r: &Reader<'_>) -> Result<Vec<IssueId>> {
    r.rows("select id from errors_issues where spiking_since is not null limit 1000", [], |row| row.get(0).map(IssueId))
}

/// Whether anything was ever reported.
pub fn has_any(r: &Reader<'_>) -> Result<bool> {
    Ok(r.value::<i64>("select exists (select 1 from errors_issues)", [])? != 0)
}

/// Unresolved ones. Uses errors_issues_by_state_last_seen_at.
pub fn count_open(r: &Reader<'_>) -> Result<u64> {
    Ok(r.value::<i64>("select count(*) from errors_issues where state = 'open'", [])?.unsigned_abs())
}

/// First seen since then. Uses errors_issues_by_first_seen_at.
pub fn count_new(r: &Reader<'_>, since: Time) -> Result<u64> {
    Ok(r.value::<i64>("select count(*) from errors_issues where first_seen_at >= ?", [since.0])?.unsigned_abs())
}

/// First seen in this release, the latest first.
pub fn new_in_release(r: &Reader<'_>, project: ProjectId, release: ReleaseId, limit: u32) -> Result<Vec<Issue>> {
    // Issues first seen in a release have a hash that was: errors_releases_by_release_id leads there.
    let sql = format!(
        "select {} from errors_issues i where i.project_id = ?1 and i.first_release_id = ?2 and i.id in \
         (select h.issue_id from errors_releases l join errors_hashes h on h.id = l.hash_id where l.release_id = ?2) \
         order by i.id desc limit ?3",
        columns("i")
    );
    r.rows(&sql, params![project.0, release.0, limit], read_issue)
}
