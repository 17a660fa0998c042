//! SQL behind the pages: the list of issues with its conditions, and the events of one issue.
//!
//! Every list goes on by key. Conditions are fixed text with parameters; what a person typed is never part of a statement.

use db::Reader;
use kernel::ids::{IssueId, MemberId, ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};
use std::collections::HashMap;

use super::count;
use super::issues::{columns, read_issue};
use crate::model::{Issue, Level};
use crate::search::asked::{Range, Sort, StateTab};
use crate::search::{Is, Pattern, escape_like};

/// More issues than this are not counted for a tab, nor changed at once.
pub const MANY: u32 = 5_000;

/// A condition whose names have been looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub is_not: bool,
    pub test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Is(Is),
    Level(&'static str),
    Priority(i64),
    /// One of these; an empty list is nobody that was found.
    AssignedTo(Vec<MemberId>),
    Unassigned,
    Projects(Vec<ProjectId>),
    Release(Pattern),
    /// With the digests under which such a user is counted.
    User(Pattern, Vec<i64>),
    Tag(String, Pattern),
    Has(String),
    Text(String),
}

#[derive(Debug, Clone)]
pub struct Wanted {
    pub tab: StateTab,
    pub sort: Sort,
    pub project: Option<ProjectId>,
    pub conditions: Vec<Condition>,
    /// The sort's key of the last issue of the page before.
    pub after: Vec<i64>,
    pub limit: u32,
}

/// Columns that a sort goes by, the greatest first.
fn key_columns(sort: Sort) -> &'static [&'static str] {
    match sort {
        Sort::LastSeen => &["last_seen_at", "id"],
        Sort::FirstSeen => &["first_seen_at", "id"],
        Sort::Events => &["events", "id"],
        Sort::Users => &["users", "id"],
        Sort::Priority => &["priority", "last_seen_at", "id"],
    }
}

pub fn key_of(sort: Sort, issue: &Issue) -> Vec<i64> {
    let (id, last_seen) = (issue.id.0, issue.last_seen_at.0);
    match sort {
        Sort::LastSeen => vec![last_seen, id],
        Sort::FirstSeen => vec![issue.first_seen_at.0, id],
        Sort::Events => vec![super::signed(issue.events), id],
        Sort::Users => vec![super::signed(issue.users), id],
        Sort::Priority => vec![issue.priority.code(), last_seen, id],
    }
}

/// `12.7`, as it stands in an address. What is no key of this sort is the top of the list.
pub fn parse_key(sort: Sort, text: &str) -> Vec<i64> {
    let parts: Option<Vec<i64>> = text.split('.').map(|part| part.parse().ok()).collect();
    parts.filter(|parts| parts.len() == key_columns(sort).len()).unwrap_or_default()
}

/// Conditions joined by `and`, and their parameters in order.
#[derive(Default)]
struct Where {
    sql: Vec<String>,
    params: Vec<Value>,
}

impl Where {
    fn add(&mut self, sql: &str, params: impl IntoIterator<Item = Value>) {
        self.sql.push(sql.to_owned());
        self.params.extend(params);
    }

    fn text(&self) -> String {
        if self.sql.is_empty() { "1".to_owned() } else { self.sql.join(" and ") }
    }
}

const IN_TAGS: &str =
    "i.id in (select h.issue_id from errors_hashes h join errors_tags t on t.hash_id = h.id where h.issue_id = i.id and t.key = ?";

fn wanted_where(r: &Reader<'_>, wanted: &Wanted) -> Where {
    let mut all = Where::default();
    add_tab(&mut all, wanted.tab, r.now);
    if let Some(project) = wanted.project {
        all.add("i.project_id = ?", [project.0.into()]);
    }
    for condition in &wanted.conditions {
        let mut one = Where::default();
        add_test(&mut one, &condition.test, r.now);
        let sql = if condition.is_not { format!("not ({})", one.text()) } else { one.text() };
        all.add(&sql, one.params);
    }
    all
}

fn day_before(now: Time) -> Value {
    (now - kernel::time::DAY).0.into()
}

fn add_tab(all: &mut Where, tab: StateTab, now: Time) {
    match tab {
        StateTab::All => {}
        StateTab::Open | StateTab::Ignored | StateTab::Resolved => all.add("i.state = ?", [tab.as_str().to_owned().into()]),
        StateTab::Fresh => all.add("i.state = 'open' and (i.regressed_at is not null or i.first_seen_at >= ?)", [day_before(now)]),
    }
}

fn add_test(one: &mut Where, test: &Test, now: Time) {
    let text = |text: &str| Value::from(text.to_owned());
    match test {
        Test::Is(is) => add_is(one, *is, now),
        Test::Level(level) => one.add("i.level = ?", [text(level)]),
        Test::Priority(priority) => one.add("i.priority = ?", [(*priority).into()]),
        Test::AssignedTo(members) => {
            let members: Vec<i64> = members.iter().map(|member| member.0).collect();
            one.add("i.assignee_id is not null and i.assignee_id in (select value from json_each(?))", [ids(&members)]);
        }
        Test::Unassigned => one.add("i.assignee_id is null", []),
        Test::Projects(projects) => {
            let projects: Vec<i64> = projects.iter().map(|project| project.0).collect();
            one.add("i.project_id in (select value from json_each(?))", [ids(&projects)]);
        }
        Test::Release(pattern) => one.add(
            "i.id in (select h.issue_id from errors_hashes h join errors_releases l on l.hash_id = h.id \
             join ingest_releases v on v.id = l.release_id where h.issue_id = i.id and v.version like ? escape '\\')",
            [pattern.like().into()],
        ),
        Test::User(pattern, hashes) => add_user(one, pattern, hashes),
        Test::Tag(key, pattern) if pattern.is_exact() => one.add(&format!("{IN_TAGS} and t.value = ?)"), [text(key), text(&pattern.0)]),
        Test::Tag(key, pattern) => one.add(&format!("{IN_TAGS} and t.value like ? escape '\\')"), [text(key), pattern.like().into()]),
        Test::Has(key) => one.add(&format!("{IN_TAGS})"), [text(key)]),
        // The column is in lower case.
        Test::Text(words) => one.add("instr(i.search, ?) > 0", [words.to_lowercase().into()]),
    }
}

fn add_is(one: &mut Where, is: Is, now: Time) {
    match is {
        Is::Open | Is::Ignored | Is::Resolved => one.add("i.state = ?", [is.as_str().to_owned().into()]),
        Is::New => one.add("i.state = 'open' and i.first_seen_at >= ?", [day_before(now)]),
        Is::Regressed => one.add("i.state = 'open' and i.regressed_at is not null", []),
        Is::Assigned => one.add("i.assignee_id is not null", []),
        Is::Unassigned => one.add("i.assignee_id is null", []),
        Is::Unhandled => one.add("i.has_unhandled = 1", []),
    }
}

/// Everybody is counted by a digest, which finds a whole name exactly; parts of names are found among the tags that are kept.
fn add_user(one: &mut Where, pattern: &Pattern, hashes: &[i64]) {
    let tagged = "i.id in (select h.issue_id from errors_hashes h join errors_tags t on t.hash_id = h.id \
                  where h.issue_id = i.id and t.key = 'user' and t.value like ? escape '\\')";
    let like = if pattern.is_exact() { format!("%{}%", escape_like(&pattern.0)) } else { pattern.like() };
    if !pattern.is_exact() {
        return one.add(tagged, [like.into()]);
    }
    let counted = "i.id in (select h.issue_id from errors_hashes h join errors_users u on u.hash_id = h.id \
                   where h.issue_id = i.id and u.user_hash in (select value from json_each(?)))";
    one.add(&format!("({counted} or {tagged})"), [ids(hashes), like.into()]);
}

/// For `in (select value from json_each(?))`.
fn ids(ids: &[i64]) -> Value {
    serde_json::Value::from(ids).to_string().into()
}

/// The statement and its parameters: for tests that hold it to its index, too.
pub fn page_sql(r: &Reader<'_>, wanted: &Wanted) -> (String, Vec<Value>) {
    let mut all = wanted_where(r, wanted);
    let keys: Vec<String> = key_columns(wanted.sort).iter().map(|column| format!("i.{column}")).collect();
    if !wanted.after.is_empty() {
        let marks = vec!["?"; keys.len()].join(", ");
        all.add(&format!("({}) < ({marks})", keys.join(", ")), wanted.after.iter().map(|part| (*part).into()));
    }
    let order: Vec<String> = keys.iter().map(|key| format!("{key} desc")).collect();
    let sql = format!("select {} from errors_issues i where {} order by {} limit ?", columns("i"), all.text(), order.join(", "));
    all.params.push(i64::from(wanted.limit).into());
    (sql, all.params)
}

/// One more than a page is asked for tells whether there is a next one.
pub fn list_page(r: &Reader<'_>, wanted: &Wanted) -> Result<Vec<Issue>> {
    let (sql, params) = page_sql(r, wanted);
    r.rows(&sql, params_from_iter(params), read_issue)
}

/// All that the conditions find, at most [`MANY`].
pub fn ids_found(r: &Reader<'_>, wanted: &Wanted) -> Result<Vec<IssueId>> {
    let all = wanted_where(r, wanted);
    let sql = format!("select i.id from errors_issues i where {} order by i.id limit {MANY}", all.text());
    r.rows(&sql, params_from_iter(all.params), |row| row.get(0).map(IssueId))
}

/// Issues of a tab, at most [`MANY`].
pub fn count_tab(r: &Reader<'_>, tab: StateTab, project: Option<ProjectId>) -> Result<u64> {
    let wanted = Wanted { tab, sort: Sort::LastSeen, project, conditions: Vec::new(), after: Vec::new(), limit: 0 };
    let all = wanted_where(r, &wanted);
    let sql = format!("select count(*) from (select 1 from errors_issues i where {} limit {MANY})", all.text());
    Ok(r.row(&sql, params_from_iter(all.params), |row| count(row, 0))?.unwrap_or_default())
}

pub const HOURS_SQL: &str = "select h.issue_id, c.hour, sum(c.events) from json_each(?1) j cross join errors_hashes h on h.issue_id = j.value \
     cross join errors_hours c on c.hash_id = h.id and c.hour >= ?2 group by 1, 2";
pub const DAYS_SQL: &str = "select h.issue_id, c.day, sum(c.events) from json_each(?1) j cross join errors_hashes h on h.issue_id = j.value \
     cross join errors_days c on c.hash_id = h.id and c.day >= ?2 group by 1, 2";

/// Events of these issues in steps of the range, oldest first, up to now.
pub fn sparks(r: &Reader<'_>, issues: &[Issue], range: Range) -> Result<HashMap<i64, Vec<u64>>> {
    let (steps, step, end, sql) = match range {
        Range::Day => (24, 3_600_000, r.now.hour_start().0, HOURS_SQL),
        Range::Fortnight => (14, 86_400_000, r.now.day_start().0, DAYS_SQL),
    };
    let from = end - (steps - 1) * step;
    let ids: Vec<i64> = issues.iter().map(|issue| issue.id.0).collect();
    let length = usize::try_from(steps).unwrap_or_default();
    let mut sparks: HashMap<i64, Vec<u64>> = ids.iter().map(|id| (*id, vec![0; length])).collect();
    r.each(sql, params![serde_json::Value::from(ids).to_string(), from], |row| {
        let (issue, at, events): (i64, i64, u64) = (row.get(0)?, row.get(1)?, count(row, 2)?);
        let place = usize::try_from((at - from) / step).unwrap_or(length);
        if let Some(value) = sparks.get_mut(&issue).and_then(|spark| spark.get_mut(place)) {
            *value += events;
        }
        Ok(())
    })?;
    Ok(sparks)
}

/// Which events of an issue are wanted; empty ones do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub environment: String,
    pub release: Option<ReleaseId>,
    pub level: Option<Level>,
    /// One of these.
    pub users: Vec<i64>,
}

pub const EVENTS_SQL: &str = "select item_id from errors_events where hash = ?1 and item_id < ?2 and (?3 = '' or environment = ?3) \
     and (?4 is null or release_id = ?4) and (?5 is null or level = ?5) and (?6 = '[]' or user_hash in (select value from json_each(?6))) order by item_id desc limit ?7";

/// Items of the events of these hashes before `before`, newest first, from telemetry.db. Walks errors_events_by_hash, once per hash.
pub fn filtered_events(r: &Reader<'_>, hashes: &[i64], filter: &EventFilter, before: i64, limit: u32) -> Result<Vec<i64>> {
    let level = filter.level.map(Level::as_str);
    let mut all: Vec<i64> = Vec::new();
    for hash in hashes {
        let bound = params![hash, before, filter.environment, filter.release.map(|release| release.0), level, ids(&filter.users), limit];
        all.extend(r.rows(EVENTS_SQL, bound, |row| row.get::<_, i64>(0))?);
    }
    all.sort_unstable_by_key(|item| -item);
    all.truncate(limit as usize);
    Ok(all)
}

/// Issues in whose title or frames this text is, the latest first.
pub fn search_issues(r: &Reader<'_>, text: &str, limit: u32) -> Result<Vec<Issue>> {
    let sql = format!(
        "select {} from errors_issues i where instr(i.search, ?) > 0 order by i.last_seen_at desc, i.id desc limit ?",
        columns("i")
    );
    r.rows(&sql, params![text.to_lowercase(), limit], read_issue)
}
