//! SQL of alerts and of their timelines.

use db::{Reader, Tx};
use kernel::ids::{AlertId, AlertRuleId};
use kernel::paging::{Page, PageRequest};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::{like, time, unreadable};
use crate::alert::{Alert, AlertState, NewAlert};
use crate::policy::Rung;
use crate::rule::{AlertRule, Topic};

const COLUMNS: &str = "id, rule_id, rule_name, runbook, topic, subject_key, subject, target, title, detail, severity, state, is_group, group_id, \
     is_flapping, started_at, opened_at, flush_at, announced_at, acknowledged_at, acknowledged_by, resolved_at, resolved_by, notices, reminders, \
     remind_at, step, round, step_at, expires_at, facts";

fn read(row: &Row<'_>) -> rusqlite::Result<Alert> {
    Ok(Alert {
        id: AlertId(row.get(0)?),
        rule: AlertRuleId(row.get(1)?),
        rule_name: row.get(2)?,
        runbook: row.get(3)?,
        topic: Topic::parse(&row.get::<_, String>(4)?).map_err(|error| unreadable(4, error))?,
        subject_key: row.get(5)?,
        subject: row.get(6)?,
        target: row.get(7)?,
        title: row.get(8)?,
        detail: row.get(9)?,
        severity: row.get::<_, String>(10)?.parse().map_err(|error| unreadable(10, error))?,
        state: AlertState::parse(&row.get::<_, String>(11)?).map_err(|error| unreadable(11, error))?,
        is_group: row.get(12)?,
        group: row.get::<_, Option<i64>>(13)?.map(AlertId),
        is_flapping: row.get(14)?,
        started_at: Time(row.get(15)?),
        opened_at: Time(row.get(16)?),
        flush_at: time(row, 17)?,
        announced_at: time(row, 18)?,
        acknowledged_at: time(row, 19)?,
        acknowledged_by: row.get(20)?,
        resolved_at: time(row, 21)?,
        resolved_by: row.get(22)?,
        notices: row.get(23)?,
        reminders: row.get(24)?,
        remind_at: time(row, 25)?,
        rung: Rung { step: row.get(26)?, round: row.get(27)? },
        step_at: time(row, 28)?,
        expires_at: time(row, 29)?,
        facts: serde_json::from_str(&row.get::<_, String>(30)?).unwrap_or_default(),
    })
}

/// One alert at a time is open for a rule and a subject.
pub fn dedup_key(rule: AlertRuleId, subject_key: &str) -> String {
    format!("{rule}:{subject_key}")
}

pub fn insert(tx: &mut Tx<'_>, rule: &AlertRule, new: &NewAlert, is_group: bool) -> Result<AlertId> {
    let facts =
        serde_json::to_string(&new.facts).map_err(|error| kernel::Error::internal("writing the facts of an alert").because(error))?;
    let id = tx.insert(
        "insert into alerts_alerts (rule_id, rule_name, runbook, topic, dedup_key, occurrence, subject_key, subject, target, title, detail, severity, \
         state, is_group, is_flapping, started_at, opened_at, acknowledged_by, resolved_by, notices, reminders, step, round, expires_at, facts) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'open', ?13, ?14, ?15, ?16, '', '', 0, 0, 0, 0, ?17, ?18)",
        params![
            rule.id.0,
            rule.name,
            rule.runbook,
            new.topic.as_str(),
            dedup_key(rule.id, &new.subject_key),
            new.occurrence,
            new.subject_key,
            new.subject,
            new.target,
            new.title,
            new.detail,
            rule.severity.as_str(),
            is_group,
            new.is_flapping,
            new.started_at.0,
            tx.now.0,
            new.expires_at.map(|time| time.0),
            facts,
        ],
    )?;
    tx.signal("alerts");
    Ok(AlertId(id))
}

/// Writes back whatever may change in the life of an alert.
pub fn update(tx: &mut Tx<'_>, alert: &Alert) -> Result<()> {
    let millis = |time: Option<Time>| time.map(|time| time.0);
    tx.run(
        "update alerts_alerts set title = ?2, detail = ?3, severity = ?4, state = ?5, group_id = ?6, is_flapping = ?7, flush_at = ?8, announced_at = ?9, \
         acknowledged_at = ?10, acknowledged_by = ?11, resolved_at = ?12, resolved_by = ?13, notices = ?14, reminders = ?15, remind_at = ?16, \
         step = ?17, round = ?18, step_at = ?19, expires_at = ?20, subject = ?21 where id = ?1",
        params![
            alert.id.0,
            alert.title,
            alert.detail,
            alert.severity.as_str(),
            alert.state.as_str(),
            alert.group.map(|group| group.0),
            alert.is_flapping,
            millis(alert.flush_at),
            millis(alert.announced_at),
            millis(alert.acknowledged_at),
            alert.acknowledged_by,
            millis(alert.resolved_at),
            alert.resolved_by,
            alert.notices,
            alert.reminders,
            millis(alert.remind_at),
            alert.rung.step,
            alert.rung.round,
            millis(alert.step_at),
            millis(alert.expires_at),
            alert.subject,
        ],
    )?;
    tx.signal("alerts");
    Ok(())
}

pub fn find(r: &Reader<'_>, id: AlertId) -> Result<Option<Alert>> {
    r.row(&format!("select {COLUMNS} from alerts_alerts where id = ?"), [id.0], read)
}

/// Whether this happening has its alert already. Uses alerts_alerts_by_rule_id_occurrence.
pub fn knows_occurrence(r: &Reader<'_>, rule: AlertRuleId, occurrence: &str) -> Result<bool> {
    r.value("select exists (select 1 from alerts_alerts where rule_id = ? and occurrence = ?)", params![rule.0, occurrence])
}

/// Uses alerts_alerts_by_open_dedup_key.
pub fn find_open(r: &Reader<'_>, rule: AlertRuleId, subject_key: &str) -> Result<Option<Alert>> {
    r.row(&format!("select {COLUMNS} from alerts_alerts where dedup_key = ? and state <> 'resolved'"), [dedup_key(rule, subject_key)], read)
}

/// When an opening about this subject was last told. Uses alerts_alerts_by_dedup_key_announced_at.
pub fn last_announced(r: &Reader<'_>, rule: AlertRuleId, subject_key: &str) -> Result<Option<Time>> {
    let last: Option<i64> = r.value("select max(announced_at) from alerts_alerts where dedup_key = ?", [dedup_key(rule, subject_key)])?;
    Ok(last.map(Time))
}

/// When this rule last told of anything. Uses alerts_alerts_by_rule_id_announced_at.
pub fn last_announced_by(r: &Reader<'_>, rule: AlertRuleId) -> Result<Option<Time>> {
    let last: Option<i64> = r.value("select max(announced_at) from alerts_alerts where rule_id = ?", [rule.0])?;
    Ok(last.map(Time))
}

/// Whatever is open about a subject, whichever rule opened it. Uses alerts_alerts_by_subject_key.
pub fn list_open_about(r: &Reader<'_>, topic: Option<Topic>, subject_key: &str) -> Result<Vec<Alert>> {
    r.rows(
        &format!("select {COLUMNS} from alerts_alerts where subject_key = ?1 and state <> 'resolved' and (?2 is null or topic = ?2) order by id limit 500"),
        params![subject_key, topic.map(Topic::as_str)],
        read,
    )
}

pub fn list_open_of_rule(r: &Reader<'_>, rule: AlertRuleId) -> Result<Vec<Alert>> {
    r.rows(
        &format!("select {COLUMNS} from alerts_alerts where state in ('open', 'acknowledged') and rule_id = ? order by id limit 1000"),
        [rule.0],
        read,
    )
}

/// Open, told to nobody yet, and in no group.
const UNTOLD: &str = "state = 'open' and announced_at is null and group_id is null and is_group = 0";

/// By hand: the planner does not know that thousands may be open of which nobody is to be told.
const BY_FLUSH: &str = "alerts_alerts indexed by alerts_alerts_by_rule_id_flush_at";

/// Rules with something to be told by now.
pub fn list_due_rules(r: &Reader<'_>) -> Result<Vec<AlertRuleId>> {
    let sql = format!("select distinct rule_id from {BY_FLUSH} where flush_at <= ? and {UNTOLD} order by rule_id");
    r.rows(&sql, [r.now.0], |row| row.get(0).map(AlertRuleId))
}

/// So many are told of in one transaction; a flush looks again for what lies beyond.
pub const MOST_WAITING: usize = 2_000;

/// What a rule has to tell until `soon`, the earliest first. What waits for the end of a silence or was told by others is not among them, however
/// much that is.
pub fn list_waiting(r: &Reader<'_>, rule: AlertRuleId, soon: Time) -> Result<Vec<Alert>> {
    r.rows(&waiting_sql(), params![rule.0, soon.0], read)
}

pub(crate) fn waiting_sql() -> String {
    format!("select {COLUMNS} from {BY_FLUSH} where rule_id = ? and flush_at <= ? and {UNTOLD} order by flush_at, id limit {MOST_WAITING}")
}

/// Told to nobody yet, whether or not it is to be; the next ones after `after`. Uses alerts_alerts_by_state_id.
pub fn list_untold(r: &Reader<'_>, after: AlertId, limit: u32) -> Result<Vec<Alert>> {
    let sql = format!("select {COLUMNS} from alerts_alerts where {UNTOLD} and id > ? order by id limit ?");
    r.rows(&sql, params![after.0, limit], read)
}

/// Unresolved alerts of a rule that began to be open after `since`, groups left out.
pub fn count_opened_since(r: &Reader<'_>, rule: AlertRuleId, since: Time) -> Result<usize> {
    let count: i64 = r.value(
        "select count(*) from alerts_alerts where state in ('open', 'acknowledged') and rule_id = ? and is_group = 0 and opened_at >= ?",
        params![rule.0, since.0],
    )?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// A group that still takes in latecomers. One that was acknowledged does not: its reminders and steps are over, so what joined it would be told to nobody.
pub fn find_young_group(r: &Reader<'_>, rule: AlertRuleId, since: Time) -> Result<Option<Alert>> {
    r.row(
        &format!(
            "select {COLUMNS} from alerts_alerts where state = 'open' and rule_id = ? and is_group = 1 and opened_at >= ? order by id desc limit 1"
        ),
        params![rule.0, since.0],
        read,
    )
}

/// How many of a group are not over yet, and what the first of them is about.
pub fn left_in_group(r: &Reader<'_>, group: AlertId) -> Result<Option<(usize, String)>> {
    let count: i64 = r.value(&format!("select count(*) {LEFT_IN_GROUP}"), [group.0])?;
    let first = r.row(&format!("select subject {LEFT_IN_GROUP} order by started_at, id limit 1"), [group.0], |row| row.get(0))?;
    Ok(first.map(|first| (usize::try_from(count).unwrap_or(0), first)))
}

pub(crate) const LEFT_IN_GROUP: &str =
    "from alerts_alerts indexed by alerts_alerts_by_open_group_id where group_id = ? and group_id is not null and state <> 'resolved'";

/// The first members of a group and how many there are in all, for a page.
pub fn first_members(r: &Reader<'_>, group: AlertId, limit: u32) -> Result<(Vec<Alert>, u64)> {
    let count: i64 = r.value("select count(*) from alerts_alerts where group_id = ?", [group.0])?;
    let first = r.rows(
        &format!("select {COLUMNS} from alerts_alerts where group_id = ? order by state = 'resolved', id limit ?"),
        params![group.0, limit],
        read,
    )?;
    Ok((first, count.unsigned_abs()))
}

/// Uses alerts_alerts_by_group_id.
pub fn list_members(r: &Reader<'_>, group: AlertId) -> Result<Vec<Alert>> {
    r.rows(&format!("select {COLUMNS} from alerts_alerts where group_id = ? order by id limit 2000"), [group.0], read)
}

/// What is overdue: an opening, a reminder, a step, an expiry whose job was lost. Reads what is open only.
pub fn list_overdue(r: &Reader<'_>, before: Time) -> Result<Vec<Alert>> {
    r.rows(
        &format!(
            "select {COLUMNS} from alerts_alerts where state in ('open', 'acknowledged') and ((announced_at is null and group_id is null and flush_at < ?1) \
             or remind_at < ?1 or step_at < ?1 or expires_at < ?1) order by id limit 500"
        ),
        [before.0],
        read,
    )
}

/// What a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// `None` = all.
    pub state: Option<AlertState>,
    /// In title, subject or target; empty = all.
    pub text: String,
    /// Also those that a group stands for.
    pub has_members: bool,
}

/// Two statements, because one that fits both reads the whole history to find what is open.
pub(crate) fn page_sql(has_state: bool) -> String {
    let state = if has_state { "state = ?2" } else { "?2 is null" };
    format!(
        "select {COLUMNS} from alerts_alerts where {state} and id < ?1 and (?6 or group_id is null) \
         and (?3 = '' or title like ?4 escape '\\' or subject like ?4 escape '\\' or target like ?4 escape '\\') order by id desc limit ?5"
    )
}

/// Newest first. With a state it uses alerts_alerts_by_state_id.
pub fn list_page(r: &Reader<'_>, wanted: &Wanted, page: &PageRequest) -> Result<Page<Alert>> {
    let rows = r.rows(
        &page_sql(wanted.state.is_some()),
        params![page.before(), wanted.state.map(AlertState::as_str), wanted.text, like(&wanted.text), page.limit() + 1, wanted.has_members],
        read,
    )?;
    Ok(Page::from_rows(rows, page, |alert| alert.id.0))
}

pub fn count_by_state(r: &Reader<'_>, state: AlertState) -> Result<u64> {
    r.value::<i64>("select count(*) from alerts_alerts where state = ? and group_id is null", [state.as_str()]).map(i64::unsigned_abs)
}

/// The most urgent of what is open, for the home page.
pub fn find_worst_open(r: &Reader<'_>) -> Result<Option<Alert>> {
    r.row(
        &format!(
            "select {COLUMNS} from alerts_alerts where state = 'open' and group_id is null \
             order by case severity when 'critical' then 0 when 'warning' then 1 else 2 end, id limit 1"
        ),
        [],
        read,
    )
}

pub fn search(r: &Reader<'_>, text: &str, limit: u32) -> Result<Vec<Alert>> {
    r.rows(
        &format!(
            "select {COLUMNS} from alerts_alerts where group_id is null and (title like ?1 escape '\\' or target like ?1 escape '\\') order by id desc limit ?2"
        ),
        params![like(text), limit],
        read,
    )
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    pub at: Time,
    pub text: String,
}

pub fn add_entry(tx: &mut Tx<'_>, alert: AlertId, text: &str) -> Result<()> {
    tx.run("insert into alerts_entries (alert_id, text, created_at) values (?, ?, ?)", params![alert.0, text, tx.now.0])?;
    Ok(())
}

/// Uses alerts_entries_by_alert_id.
pub fn list_entries(r: &Reader<'_>, alert: AlertId) -> Result<Vec<Entry>> {
    r.rows("select created_at, text from alerts_entries where alert_id = ? order by id desc limit 200", [alert.0], |row| {
        Ok(Entry { at: Time(row.get(0)?), text: row.get(1)? })
    })
}

/// Old resolved alerts go, at most `limit` at a time, with their timelines and notices.
pub fn remove_old(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from alerts_alerts where id in (select id from alerts_alerts where state = 'resolved' and resolved_at < ?1 order by id limit ?2)",
        params![before.0, limit],
    )
}
