//! The list and the search, in hermetic.db.

use db::Reader;
use kernel::ids::{ProjectId, ReplayId};
use kernel::{Error, Result, Time};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::model::search::{Compare, Count, Field, Term, When};
use crate::model::{Mode, Person, Pinned, Replay, Search, Signals};
use ingest::EventId;

/// Below which replay the list goes on: the last of the page above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    pub started_at: Time,
    pub id: ReplayId,
}

impl Before {
    /// `1772452800000-12`, as it stands in addresses.
    pub fn parse(text: &str) -> Option<Before> {
        let (at, id) = text.split_once('-')?;
        Some(Before { started_at: Time(at.parse().ok()?), id: ReplayId(id.parse().ok()?) })
    }
}

impl std::fmt::Display for Before {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.started_at.0, self.id)
    }
}

/// A page of the list; `next` leads to the one below.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub replays: Vec<Replay>,
    pub next: Option<Before>,
}

const COLUMNS: &str = "id, project_id, sdk_id, mode, started_at, finished_at, seen_at, segments, highest, events, raw_bytes, arrived_bytes, \
     person_id, person_email, person_name, release, environment, browser, os, sdk, urls, error_ids, trace_ids, \
     rage, dead, slow, abandoned, u_turns, activity, pinned_at, pinned_by, note";

fn read_replay(row: &Row<'_>) -> rusqlite::Result<Replay> {
    let list = |at: usize| -> rusqlite::Result<Vec<String>> { Ok(serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default()) };
    let count = |at: usize| -> rusqlite::Result<u64> { Ok(row.get::<_, i64>(at)?.max(0).unsigned_abs()) };
    let small = |at: usize| -> rusqlite::Result<u32> { Ok(u32::try_from(row.get::<_, i64>(at)?.max(0)).unwrap_or(u32::MAX)) };
    let pinned_at: Option<i64> = row.get(29)?;
    Ok(Replay {
        id: ReplayId(row.get(0)?),
        project: ProjectId(row.get(1)?),
        sdk_id: EventId(row.get(2)?),
        mode: Mode::parse(&row.get::<_, String>(3)?),
        started_at: Time(row.get(4)?),
        finished_at: Time(row.get(5)?),
        seen_at: Time(row.get(6)?),
        segments: small(7)?,
        highest: u32::try_from(row.get::<_, i64>(8)?).ok(),
        events: count(9)?,
        raw_bytes: count(10)?,
        arrived_bytes: count(11)?,
        person: Person { id: row.get(12)?, email: row.get(13)?, name: row.get(14)? },
        release: row.get(15)?,
        environment: row.get(16)?,
        browser: row.get(17)?,
        os: row.get(18)?,
        sdk: row.get(19)?,
        urls: list(20)?,
        errors: list(21)?.iter().filter_map(|id| EventId::parse(id)).collect(),
        traces: list(22)?,
        signals: Signals { rage: small(23)?, dead: small(24)?, slow: small(25)?, abandoned: small(26)?, u_turns: small(27)? },
        activity: row.get(28)?,
        pinned: match pinned_at {
            Some(at) => Some(Pinned { at: Time(at), by: row.get(30)?, note: row.get(31)? }),
            None => None,
        },
    })
}

/// The newest start first. Only replays of which a recording came: a report alone cannot be watched.
pub fn list(r: &Reader<'_>, search: &Search, before: Option<Before>, limit: usize) -> Result<Found> {
    let (sql, values) = question(search, before, limit, r.now);
    let mut replays = r.rows(&sql, params_from_iter(values), read_replay)?;
    let is_more = replays.len() > limit;
    replays.truncate(limit);
    let next = replays.last().filter(|_| is_more).map(|last| Before { started_at: last.started_at, id: last.id });
    Ok(Found { replays, next })
}

/// How SQLite finds the first page.
#[cfg(test)]
pub fn explain_list(r: &Reader<'_>, search: &Search) -> Result<String> {
    let (sql, values) = question(search, None, 50, r.now);
    r.explain(&sql, params_from_iter(values))
}

fn question(search: &Search, before: Option<Before>, limit: usize, now: Time) -> (String, Vec<Value>) {
    let mut sql = format!("select {COLUMNS} from replay_replays where segments > 0");
    let mut values: Vec<Value> = Vec::new();
    if let Some(before) = before {
        sql.push_str(" and (started_at, id) < (?, ?)");
        values.extend([Value::Integer(before.started_at.0), Value::Integer(before.id.0)]);
    }
    for term in &search.terms {
        narrow(term, now, &mut sql, &mut values);
    }
    sql.push_str(" order by started_at desc, id desc limit ?");
    values.push(Value::Integer(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)));
    (sql, values)
}

fn narrow(term: &Term, now: Time, sql: &mut String, values: &mut Vec<Value>) {
    match term {
        Term::Free(word) => contains(sql, values, "words", word),
        Term::Project(id) => {
            sql.push_str(" and project_id = ?");
            values.push(Value::Integer(id.0));
        }
        // A browser's clock may be fast; nothing began after it came.
        Term::Since(when) => {
            sql.push_str(" and started_at >= ? and came_at >= ?");
            values.extend([at(*when, now), at(*when, now)]);
        }
        Term::Until(when) => {
            sql.push_str(" and min(started_at, came_at) < ?");
            values.push(at(*when, now));
        }
        Term::Pinned => sql.push_str(" and pinned_at is not null"),
        Term::Buffered => sql.push_str(" and mode = 'buffer'"),
        Term::Number(count, compare) => {
            let (operator, number) = match compare {
                Compare::Above(number) => (">", number),
                Compare::AtLeast(number) => (">=", number),
                Compare::Below(number) => ("<", number),
                Compare::AtMost(number) => ("<=", number),
                Compare::Equal(number) => ("=", number),
            };
            sql.push_str(&format!(" and {} {operator} ?", number_column(*count)));
            values.push(Value::Integer(*number));
        }
        Term::Has(field) => sql.push_str(match field {
            Field::User => " and (person_id <> '' or person_email <> '' or person_name <> '')",
            Field::Url => " and urls <> '[]'",
            Field::Release => " and release <> ''",
            Field::Environment => " and environment <> ''",
            Field::Browser => " and browser <> ''",
            Field::Os => " and os <> ''",
            Field::Error => " and errors > 0",
            Field::Trace => " and trace_ids <> '[]'",
            Field::Replay => "",
        }),
        Term::Text(field, text) => has_text(*field, text, sql, values),
    }
}

fn at(when: When, now: Time) -> Value {
    Value::Integer(match when {
        When::At(at) => at.0,
        When::Ago(span) => (now - span).0,
    })
}

fn has_text(field: Field, text: &str, sql: &mut String, values: &mut Vec<Value>) {
    match field {
        Field::User => {
            sql.push_str(" and (person_id = ? collate nocase or instr(lower(person_email), ?) > 0 or instr(lower(person_name), ?) > 0)");
            values.extend([text; 3].map(|text| Value::Text(text.to_owned())));
        }
        Field::Url => contains(sql, values, "lower(urls)", text),
        Field::Release => contains(sql, values, "lower(release)", text),
        Field::Environment => equals(sql, values, "environment", text),
        Field::Browser => contains(sql, values, "lower(browser)", text),
        Field::Os => contains(sql, values, "lower(os)", text),
        Field::Trace => contains(sql, values, "trace_ids", &text.replace('-', "")),
        Field::Error | Field::Replay => {
            let Some(id) = EventId::parse(text) else { return sql.push_str(" and 0") };
            sql.push_str(match field {
                Field::Error => " and id in (select replay_id from replay_errors where replay_errors.project_id = replay_replays.project_id and event_id = ?)",
                _ => " and sdk_id = ?",
            });
            values.push(Value::Blob(id.0.to_vec()));
        }
    }
}

fn contains(sql: &mut String, values: &mut Vec<Value>, column: &str, text: &str) {
    sql.push_str(&format!(" and instr({column}, ?) > 0"));
    values.push(Value::Text(text.to_owned()));
}

fn equals(sql: &mut String, values: &mut Vec<Value>, column: &str, text: &str) {
    sql.push_str(&format!(" and {column} = ? collate nocase"));
    values.push(Value::Text(text.to_owned()));
}

fn number_column(count: Count) -> &'static str {
    match count {
        Count::Duration => "(finished_at - started_at) / 1000",
        Count::Errors => "errors",
        Count::Rage => "rage",
        Count::Dead => "dead",
        Count::Slow => "slow",
        Count::Abandoned => "abandoned",
        Count::UTurns => "u_turns",
        Count::Segments => "segments",
    }
}

pub fn find(r: &Reader<'_>, id: ReplayId) -> Result<Option<Replay>> {
    r.row(&format!("select {COLUMNS} from replay_replays where id = ?"), [id.0], read_replay)
}

pub fn get(r: &Reader<'_>, id: ReplayId) -> Result<Replay> {
    find(r, id)?.ok_or_else(|| Error::not_found("replay"))
}

/// By what the SDK calls it: one in each project at most. Those of which a recording came.
pub fn by_sdk_id(r: &Reader<'_>, sdk_id: EventId) -> Result<Vec<Replay>> {
    let projects = "select id from identity_projects";
    let sql = format!("select {COLUMNS} from replay_replays where sdk_id = ? and segments > 0 and project_id in ({projects}) limit 10");
    r.rows(&sql, [sdk_id.0], read_replay)
}

/// Replays during which this error happened; at most 10.
pub fn of_error(r: &Reader<'_>, project: ProjectId, event: EventId) -> Result<Vec<Replay>> {
    let sql = format!(
        "select {COLUMNS} from replay_replays where segments > 0 and id in \
         (select replay_id from replay_errors where project_id = ? and event_id = ? limit 10) order by started_at desc"
    );
    r.rows(&sql, rusqlite::params![project.0, event.0], read_replay)
}
