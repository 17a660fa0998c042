//! What the segments of a replay add up to, in hermetic.db.

use db::{Reader, Tx};
use ingest::EventId;
use kernel::ids::{ProjectId, ReplayId};
use kernel::{Error, Result, Time};
use rusqlite::params;

use crate::model::told::{MOST, Told};
use crate::model::{Person, Signals};

/// What a replay is known by before it has a number here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub project: ProjectId,
    pub sdk_id: EventId,
}

/// What a batch brought of one replay.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gain {
    /// In the order in which they came.
    pub told: Vec<Told>,
    pub segments: u32,
    pub highest: Option<u32>,
    pub events: u64,
    pub raw_bytes: u64,
    pub bytes: u64,
    /// Of what is played.
    pub span: Option<(Time, Time)>,
    pub came: Option<Time>,
    pub pages: Vec<String>,
}

impl Gain {
    fn started(&self) -> Option<Time> {
        self.told.iter().filter_map(|told| told.started_at).chain(self.span.map(|(from, _)| from)).min()
    }

    fn finished(&self) -> Option<Time> {
        self.told.iter().filter_map(|told| told.at).chain(self.span.map(|(_, to)| to)).max()
    }
}

/// A row as it is merged.
struct Row {
    id: ReplayId,
    told_at: Time,
    urls: Vec<String>,
    errors: Vec<String>,
    traces: Vec<String>,
    person: Person,
}

pub fn is_gone(r: &Reader<'_>, key: Key) -> Result<bool> {
    Ok(r.value::<i64>(
        "select exists (select 1 from replay_gone where project_id = ? and sdk_id = ?)",
        params![key.project.0, key.sdk_id.0],
    )? != 0)
}

/// Adds what came. What belongs to a project that is gone is left out: its items leave the log. So is what belongs to a replay that was
/// deleted while the batch was worked out.
pub fn gain(tx: &mut Tx<'_>, key: Key, gain: &Gain) -> Result<()> {
    if is_gone(tx, key)? {
        return Ok(());
    }
    let came = gain.came.unwrap_or(tx.now);
    let started = gain.started().unwrap_or(came);
    let finished = gain.finished().unwrap_or(started).max(started);
    let Some(mut row) = row_of(tx, key, started, finished, came)? else { return Ok(()) };
    tx.run(
        "update replay_replays set started_at = min(started_at, ?2), finished_at = max(finished_at, ?3), seen_at = max(seen_at, ?4), \
         segments = segments + ?5, highest = max(highest, ?6), events = events + ?7, raw_bytes = raw_bytes + ?8, \
         arrived_bytes = arrived_bytes + ?9, is_stale = 1 where id = ?1",
        params![
            row.id.0,
            started.0,
            finished.0,
            came.0,
            gain.segments,
            gain.highest.map_or(-1, i64::from),
            whole(gain.events),
            whole(gain.raw_bytes),
            whole(gain.bytes)
        ],
    )?;
    union(&mut row.urls, gain.told.iter().flat_map(|told| &told.urls).chain(&gain.pages).cloned());
    union(&mut row.errors, gain.told.iter().flat_map(|told| &told.errors).map(ToString::to_string));
    union(&mut row.traces, gain.told.iter().flat_map(|told| &told.traces).cloned());
    let newest = gain.told.iter().rev().max_by_key(|told| told.at).filter(|told| told.at.unwrap_or_default() >= row.told_at);
    if let Some(told) = newest {
        // Who signs out is still who it was.
        if told.person.is_known() {
            row.person.clone_from(&told.person);
        }
        tell(tx, &row, told)?;
    }
    write_lists(tx, &row)?;
    for error in gain.told.iter().flat_map(|told| &told.errors).filter(|error| row.errors.contains(&error.to_string())) {
        tx.run(
            "insert into replay_errors (project_id, event_id, replay_id) values (?, ?, ?) on conflict do nothing",
            params![key.project.0, error.0, row.id.0],
        )?;
    }
    tx.signal(crate::TOPIC);
    Ok(())
}

/// The row, made where there is none; `None`: its project is gone.
fn row_of(tx: &Tx<'_>, key: Key, started: Time, finished: Time, came: Time) -> Result<Option<Row>> {
    tx.run(
        "insert into replay_replays (project_id, sdk_id, mode, started_at, finished_at, came_at, seen_at, segments, highest, events, raw_bytes, \
         arrived_bytes, told_at, person_id, person_email, person_name, release, environment, browser, os, sdk, urls, error_ids, trace_ids, words, \
         errors, rage, dead, slow, abandoned, u_turns, activity, is_stale, pinned_by, note) \
         select ?1, ?2, 'session', ?3, ?4, ?5, ?5, 0, -1, 0, 0, 0, 0, '', '', '', '', '', '', '', '', '[]', '[]', '[]', '', 0, 0, 0, 0, 0, 0, x'', 1, '', '' \
         where exists (select 1 from identity_projects where id = ?1) on conflict do nothing",
        params![key.project.0, key.sdk_id.0, started.0, finished.0, came.0],
    )?;
    tx.row(
        "select id, told_at, urls, error_ids, trace_ids, person_id, person_email, person_name from replay_replays where project_id = ? and sdk_id = ?",
        params![key.project.0, key.sdk_id.0],
        |row| {
            let list = |at: usize| -> rusqlite::Result<Vec<String>> { Ok(serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default()) };
            Ok(Row {
                id: ReplayId(row.get(0)?),
                told_at: Time(row.get(1)?),
                urls: list(2)?,
                errors: list(3)?,
                traces: list(4)?,
                person: Person { id: row.get(5)?, email: row.get(6)?, name: row.get(7)? },
            })
        },
    )
}

/// The first of each, up to the cap.
fn union(known: &mut Vec<String>, more: impl Iterator<Item = String>) {
    for one in more {
        if known.len() < MOST && !one.is_empty() && !known.contains(&one) {
            known.push(one);
        }
    }
}

/// Who and with what, as the newest report has it; what it does not say stays as it was.
fn tell(tx: &Tx<'_>, row: &Row, told: &Told) -> Result<()> {
    tx.run(
        "update replay_replays set told_at = ?2, mode = ?3, person_id = ?4, person_email = ?5, person_name = ?6, \
         release = coalesce(nullif(?7, ''), release), environment = coalesce(nullif(?8, ''), environment), \
         browser = coalesce(nullif(?9, ''), browser), os = coalesce(nullif(?10, ''), os), sdk = coalesce(nullif(?11, ''), sdk) where id = ?1",
        params![
            row.id.0,
            told.at.unwrap_or_default().0,
            told.mode.as_str(),
            row.person.id,
            row.person.email,
            row.person.name,
            told.release,
            told.environment,
            told.browser,
            told.os,
            told.sdk
        ],
    )?;
    Ok(())
}

fn write_lists(tx: &Tx<'_>, row: &Row) -> Result<()> {
    let json = |list: &[String]| serde_json::to_string(list).map_err(|error| Error::internal("writing a list").because(error));
    let words =
        [&[row.person.id.clone(), row.person.email.clone(), row.person.name.clone()][..], &row.urls].concat().join("\n").to_lowercase();
    tx.run(
        "update replay_replays set urls = ?, error_ids = ?, trace_ids = ?, errors = ?, words = ? where id = ?",
        params![json(&row.urls)?, json(&row.errors)?, json(&row.traces)?, whole(row.errors.len() as u64), words, row.id.0],
    )?;
    Ok(())
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A replay whose signals must be computed anew.
#[derive(Debug, Clone, Copy)]
pub struct Stale {
    pub id: ReplayId,
    pub key: Key,
    pub started_at: Time,
    pub finished_at: Time,
    /// How many segments and reports were counted by then.
    pub segments: i64,
    pub seen_at: Time,
}

pub fn stale(r: &Reader<'_>, limit: u32) -> Result<Vec<Stale>> {
    r.rows(
        "select id, project_id, sdk_id, started_at, finished_at, segments, seen_at from replay_replays where is_stale = 1 order by id limit ?",
        [limit],
        |row| {
            Ok(Stale {
                id: ReplayId(row.get(0)?),
                key: Key { project: ProjectId(row.get(1)?), sdk_id: EventId(row.get(2)?) },
                started_at: Time(row.get(3)?),
                finished_at: Time(row.get(4)?),
                segments: row.get(5)?,
                seen_at: Time(row.get(6)?),
            })
        },
    )
}

/// What the moments said. Where more came meanwhile, it stays to be computed again.
pub fn weigh(tx: &mut Tx<'_>, stale: &Stale, found: Signals, activity: &[u8]) -> Result<()> {
    let Signals { rage, dead, slow, abandoned, u_turns } = found;
    tx.run(
        "update replay_replays set rage = ?2, dead = ?3, slow = ?4, abandoned = ?5, u_turns = ?6, activity = ?7, \
         is_stale = (segments <> ?8 or seen_at <> ?9) where id = ?1",
        params![stale.id.0, rage, dead, slow, abandoned, u_turns, activity, stale.segments, stale.seen_at.0],
    )?;
    tx.signal(crate::TOPIC);
    Ok(())
}

/// Its moments cannot be read: the signals stay what they were until more comes.
pub fn pass_over(tx: &mut Tx<'_>, stale: &Stale) -> Result<()> {
    tx.run(
        "update replay_replays set is_stale = (segments <> ?2 or seen_at <> ?3) where id = ?1",
        params![stale.id.0, stale.segments, stale.seen_at.0],
    )?;
    Ok(())
}

/// Replays that nobody pinned and that were last seen before; the oldest first.
pub fn past(r: &Reader<'_>, before: Time, limit: u32) -> Result<Vec<ReplayId>> {
    r.rows(
        "select id from replay_replays where pinned_at is null and seen_at < ? order by started_at limit ?",
        params![before.0, limit],
        |row| Ok(ReplayId(row.get(0)?)),
    )
}

/// Those that nobody pinned and that were last seen before, the longest ago first, and what they are known by. By our clock: by a browser's
/// that is slow, a replay that is still going on would be the oldest.
pub fn oldest(r: &Reader<'_>, before: Time, limit: u32) -> Result<Vec<(ReplayId, Key)>> {
    r.rows(
        "select id, project_id, sdk_id from replay_replays where pinned_at is null and seen_at < ? order by seen_at, id limit ?",
        params![before.0, limit],
        |row| Ok((ReplayId(row.get(0)?), Key { project: ProjectId(row.get(1)?), sdk_id: EventId(row.get(2)?) })),
    )
}

/// What pinned replays are known by.
pub fn pinned(r: &Reader<'_>) -> Result<Vec<Key>> {
    r.rows("select project_id, sdk_id from replay_replays where pinned_at is not null", [], |row| {
        Ok(Key { project: ProjectId(row.get(0)?), sdk_id: EventId(row.get(1)?) })
    })
}

/// [`super::forget`] of a replay that leaves by itself. `None`: somebody pinned or deleted it since it was listed, or more of it came.
pub fn let_go(tx: &mut Tx<'_>, id: ReplayId, before: Time) -> Result<Option<Key>> {
    let is_leaving: bool = tx.value(
        "select exists (select 1 from replay_replays where id = ? and pinned_at is null and seen_at < ?)",
        params![id.0, before.0],
    )?;
    if !is_leaving {
        return Ok(None);
    }
    super::forget(tx, id).map(|(project, sdk_id)| Some(Key { project, sdk_id }))
}

pub fn is_known(r: &Reader<'_>, key: Key) -> Result<bool> {
    Ok(r.value::<i64>(
        "select exists (select 1 from replay_replays where project_id = ? and sdk_id = ?)",
        params![key.project.0, key.sdk_id.0],
    )? != 0)
}

/// A tab is not open for so long: what was deleted before can be forgotten.
pub fn forget_gone(tx: &mut Tx<'_>, before: Time) -> Result<usize> {
    tx.run("delete from replay_gone where gone_at < ?", [before.0])
}

/// What the last day brought, by projects that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Day {
    pub replays: u64,
    pub with_errors: u64,
    pub rage: u64,
    pub dead: u64,
}

pub fn since(r: &Reader<'_>, since: Time) -> Result<Day> {
    let count = |row: &rusqlite::Row<'_>, at: usize| -> rusqlite::Result<u64> { Ok(row.get::<_, i64>(at)?.unsigned_abs()) };
    let day = r.row(
        "select count(*), coalesce(sum(errors > 0), 0), coalesce(sum(rage), 0), coalesce(sum(dead), 0) from replay_replays \
         where started_at >= ? and segments > 0",
        [since.0],
        |row| Ok(Day { replays: count(row, 0)?, with_errors: count(row, 1)?, rage: count(row, 2)?, dead: count(row, 3)? }),
    )?;
    Ok(day.unwrap_or_default())
}

/// How many replays started in each of the last `hours` hours, oldest first.
pub fn by_hour(r: &Reader<'_>, hours: u32) -> Result<Vec<f64>> {
    let first = r.now.hour_start() - kernel::time::HOUR * hours.saturating_sub(1);
    let found = r.rows(
        "select (started_at - ?1) / 3600000, count(*) from replay_replays where started_at >= ?1 and segments > 0 group by 1",
        [first.0],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    let mut all = vec![0.0; hours as usize];
    for (hour, count) in found {
        if let Some(place) = usize::try_from(hour).ok().and_then(|hour| all.get_mut(hour)) {
            *place = count as f64;
        }
    }
    Ok(all)
}

/// All there are, and those that are pinned.
pub fn totals(r: &Reader<'_>) -> Result<(u64, u64)> {
    let found =
        r.row("select count(*), count(pinned_at) from replay_replays", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    Ok(found.map_or((0, 0), |(all, pinned)| (all.unsigned_abs(), pinned.unsigned_abs())))
}

/// Segments that came, and that their SDKs numbered and that did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    pub came: u64,
    pub missing: u64,
}

pub fn lost_since(r: &Reader<'_>, since: Time) -> Result<Lost> {
    let found = r.row(
        "select coalesce(sum(segments), 0), coalesce(sum(max(highest + 1 - segments, 0)), 0) from replay_replays where started_at >= ?",
        [since.0],
        |row| Ok(Lost { came: row.get::<_, i64>(0)?.unsigned_abs(), missing: row.get::<_, i64>(1)?.unsigned_abs() }),
    )?;
    Ok(found.unwrap_or_default())
}
