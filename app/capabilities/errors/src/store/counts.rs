//! SQL of everything that is counted. Counts hang on hashes; an issue's are those of its hashes.

use db::{Reader, Tx};
use kernel::ids::{IssueId, ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::params;

use super::{count, signed};
use crate::model::{ReleaseCount, TagValue};

/// Values per key and hash: enough for every browser version, too few for a flood of ids to fill the database. What comes beyond is
/// counted under [`TagValue::OTHER`].
pub const MAX_VALUES: i64 = 100;
/// Keys per hash; what comes beyond is on the event only.
pub const MAX_KEYS: i64 = 200;

/// Events that arrived in a minute, and issues that were opened in it.
pub fn add_minute(tx: &mut Tx<'_>, minute: Time, project: ProjectId, events: u64, opened: u64) -> Result<()> {
    tx.run(
        "insert into errors_minutes (minute, project_id, events, opened) values (?, ?, ?, ?) \
         on conflict do update set events = events + excluded.events, opened = opened + excluded.opened",
        params![minute.0, project.0, signed(events), signed(opened)],
    )?;
    Ok(())
}

/// Issues of a project that were opened since.
pub fn opened_since(r: &Reader<'_>, project: ProjectId, from: Time) -> Result<u64> {
    let sql = "select coalesce(sum(opened), 0) from errors_minutes where minute >= ? and project_id = ?";
    Ok(r.value::<i64>(sql, params![from.0, project.0])?.unsigned_abs())
}

pub fn add_hour(tx: &mut Tx<'_>, hash_id: i64, hour: Time, events: u64) -> Result<()> {
    tx.run(
        "insert into errors_hours (hour, hash_id, events) values (?, ?, ?) on conflict do update set events = events + excluded.events",
        params![hour.0, hash_id, signed(events)],
    )?;
    tx.run(
        "insert into errors_days (day, hash_id, events) values (?, ?, ?) on conflict do update set events = events + excluded.events",
        params![hour.day_start().0, hash_id, signed(events)],
    )?;
    Ok(())
}

/// Whether the user is new to the whole issue.
pub fn add_user(tx: &mut Tx<'_>, issue: IssueId, hash_id: i64, user: i64) -> Result<bool> {
    if tx.run("insert or ignore into errors_users (hash_id, user_hash) values (?, ?)", params![hash_id, user])? == 0 {
        return Ok(false);
    }
    let is_known = tx.value::<i64>(
        "select exists (select 1 from errors_hashes h join errors_users u on u.hash_id = h.id \
         where h.issue_id = ?1 and h.id <> ?2 and u.user_hash = ?3)",
        params![issue.0, hash_id, user],
    )?;
    Ok(is_known == 0)
}

/// How many new keys a hash may still get, counted at most once per batch: whoever makes up a key per event must not fill the database.
#[derive(Debug, Default)]
pub struct KeyRoom(Option<i64>);

impl KeyRoom {
    fn take(&mut self, r: &Reader<'_>, hash_id: i64) -> Result<bool> {
        let left = match self.0 {
            Some(left) => left,
            None => MAX_KEYS - count_keys(r, hash_id)?,
        };
        self.0 = Some((left - 1).max(0));
        Ok(left > 0)
    }
}

/// From key to key through the primary key, whatever the number of values.
fn count_keys(r: &Reader<'_>, hash_id: i64) -> Result<i64> {
    r.value(
        "with recursive keys(key) as (select min(key) from errors_tags where hash_id = ?1 union all \
         select (select min(t.key) from errors_tags t where t.hash_id = ?1 and t.key > keys.key) from keys where keys.key is not null) \
         select count(key) from keys",
        [hash_id],
    )
}

pub fn add_tag(tx: &mut Tx<'_>, hash_id: i64, tag: (&str, &str), events: u64, last_seen_at: Time, room: &mut KeyRoom) -> Result<()> {
    let (key, value) = tag;
    let counted = tx.run(
        "update errors_tags set events = events + ?4, last_seen_at = max(last_seen_at, ?5) where hash_id = ?1 and key = ?2 and value = ?3",
        params![hash_id, key, value, signed(events), last_seen_at.0],
    )?;
    if counted > 0 {
        return Ok(());
    }
    let values: i64 = tx.value("select count(*) from errors_tags where hash_id = ? and key = ?", params![hash_id, key])?;
    if values == 0 && !room.take(tx, hash_id)? {
        return Ok(());
    }
    let value = if values < MAX_VALUES { value } else { TagValue::OTHER };
    tx.run(
        "insert into errors_tags (hash_id, key, value, events, last_seen_at) values (?, ?, ?, ?, ?) \
         on conflict do update set events = events + excluded.events, last_seen_at = max(last_seen_at, excluded.last_seen_at)",
        params![hash_id, key, value, signed(events), last_seen_at.0],
    )?;
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseSeen {
    pub events: u64,
    pub first_seen_at: Time,
    pub last_seen_at: Time,
    pub first_item: i64,
}

pub fn add_release(tx: &mut Tx<'_>, hash_id: i64, release: ReleaseId, seen: ReleaseSeen) -> Result<()> {
    tx.run(
        "insert into errors_releases (hash_id, release_id, events, first_seen_at, last_seen_at, first_item_id) values (?, ?, ?, ?, ?, ?) \
         on conflict do update set events = events + excluded.events, first_seen_at = min(first_seen_at, excluded.first_seen_at), \
         last_seen_at = max(last_seen_at, excluded.last_seen_at)",
        params![hash_id, release.0, signed(seen.events), seen.first_seen_at.0, seen.last_seen_at.0, seen.first_item],
    )?;
    Ok(())
}

/// Whether the hash was seen in the release.
pub fn has_release(r: &Reader<'_>, hash_id: i64, release: ReleaseId) -> Result<bool> {
    let sql = "select exists (select 1 from errors_releases where hash_id = ? and release_id = ?)";
    Ok(r.value::<i64>(sql, params![hash_id, release.0])? != 0)
}

/// Whether [`add_tag`] would count a value (or a key) that was never counted under this hash. What is counted as [`TagValue::OTHER`] is no news: there
/// is no end to it.
pub fn is_new_value(r: &Reader<'_>, hash_id: i64, tag: (&str, &str), room: &mut KeyRoom) -> Result<bool> {
    let (key, value) = tag;
    let (is_known, has_key): (bool, bool) = r
        .row(
            "select exists (select 1 from errors_tags where hash_id = ?1 and key = ?2 and value in (?3, ?4)), \
             exists (select 1 from errors_tags where hash_id = ?1 and key = ?2)",
            params![hash_id, key, value, TagValue::OTHER],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .unwrap_or_default();
    Ok(!is_known && (has_key || room.take(r, hash_id)?))
}

/// Of an issue, the most frequent value of each key first.
pub fn tags_of(r: &Reader<'_>, issue: IssueId) -> Result<Vec<TagValue>> {
    r.rows(
        "select t.key, t.value, sum(t.events), max(t.last_seen_at) from errors_hashes h join errors_tags t on t.hash_id = h.id \
         where h.issue_id = ? group by t.key, t.value order by t.key, 3 desc, t.value limit 10000",
        [issue.0],
        |row| Ok(TagValue { key: row.get(0)?, value: row.get(1)?, events: count(row, 2)?, last_seen_at: Time(row.get(3)?) }),
    )
}

/// Of an issue, the one that was seen last first.
pub fn releases_of(r: &Reader<'_>, issue: IssueId) -> Result<Vec<ReleaseCount>> {
    r.rows(
        "select release_id, sum(l.events), min(l.first_seen_at), max(l.last_seen_at) from errors_hashes h \
         join errors_releases l on l.hash_id = h.id where h.issue_id = ? group by release_id order by 4 desc limit 1000",
        [issue.0],
        |row| {
            Ok(ReleaseCount {
                release: ReleaseId(row.get(0)?),
                events: count(row, 1)?,
                first_seen_at: Time(row.get(2)?),
                last_seen_at: Time(row.get(3)?),
            })
        },
    )
}

/// Events of an issue per hour from `from` on; hours without any are not among them. Uses errors_hours_by_hash_id.
pub fn hours_of(r: &Reader<'_>, issue: IssueId, from: Time) -> Result<Vec<(Time, u64)>> {
    r.rows(
        "select c.hour, sum(c.events) from errors_hashes h join errors_hours c on c.hash_id = h.id \
         where h.issue_id = ? and c.hour >= ? group by c.hour order by c.hour",
        params![issue.0, from.hour_start().0],
        |row| Ok((Time(row.get(0)?), count(row, 1)?)),
    )
}

/// Events of an issue per day from `from` on; days without any are not among them. Uses errors_days_by_hash_id.
pub fn days_of(r: &Reader<'_>, issue: IssueId, from: Time) -> Result<Vec<(Time, u64)>> {
    r.rows(
        "select c.day, sum(c.events) from errors_hashes h join errors_days c on c.hash_id = h.id \
         where h.issue_id = ? and c.day >= ? group by c.day order by c.day",
        params![issue.0, from.day_start().0],
        |row| Ok((Time(row.get(0)?), count(row, 1)?)),
    )
}

/// All events per hour, of one project or all.
pub fn hours_of_all(r: &Reader<'_>, project: Option<ProjectId>, from: Time) -> Result<Vec<(Time, u64)>> {
    r.rows(
        "select c.hour, sum(c.events) from errors_hours c join errors_hashes h on h.id = c.hash_id \
         where c.hour >= ?1 and (?2 is null or h.project_id = ?2) group by c.hour order by c.hour",
        params![from.hour_start().0, project.map(|project| project.0)],
        |row| Ok((Time(row.get(0)?), count(row, 1)?)),
    )
}

/// Received from then on, to the minute.
pub fn events_since(r: &Reader<'_>, from: Time) -> Result<u64> {
    Ok(r.value::<i64>("select coalesce(sum(events), 0) from errors_minutes where minute >= ?", [from.0])?.unsigned_abs())
}

/// Issues that had at least so many events in this hour, the most first.
pub fn busy_issues(r: &Reader<'_>, hour: Time, least: u64) -> Result<Vec<(IssueId, u64)>> {
    r.rows(
        "select h.issue_id, sum(c.events) from errors_hours c join errors_hashes h on h.id = c.hash_id where c.hour = ? \
         group by h.issue_id having sum(c.events) >= ? order by 2 desc limit 1000",
        params![hour.0, signed(least)],
        |row| Ok((IssueId(row.get(0)?), count(row, 1)?)),
    )
}

/// Who was last hit before then, of the hashes with ids after `after` up to `upto`: users stay counted, by their digest, and lose their
/// names. From hash to hash through the primary key.
pub fn forget_names(tx: &mut Tx<'_>, (after, upto): (i64, i64), before: Time) -> Result<()> {
    tx.run(
        "delete from errors_tags where (hash_id, key, value) in (select t.hash_id, t.key, t.value from errors_hashes h \
         cross join errors_tags t on t.hash_id = h.id and t.key = 'user' where h.id > ? and h.id <= ? and t.last_seen_at < ?)",
        params![after, upto, before.0],
    )?;
    Ok(())
}

/// Hours beyond the reach of charts and spikes go; the days stay.
pub fn remove_old(tx: &mut Tx<'_>, minutes_before: Time, hours_before: Time, limit: u32) -> Result<usize> {
    let minutes = tx.run(
        "delete from errors_minutes where (minute, project_id) in (select minute, project_id from errors_minutes where minute < ? limit ?)",
        params![minutes_before.0, limit],
    )?;
    let hours = tx.run(
        "delete from errors_hours where (hour, hash_id) in (select hour, hash_id from errors_hours where hour < ? limit ?)",
        params![hours_before.0, limit],
    )?;
    Ok(minutes + hours)
}
