//! SQL of the memory of sessions and of who used what, in telemetry.db. Written again, it comes out the same.

use db::{Reader, Tx};
use kernel::ids::{ProjectId, ReleaseId};
use kernel::{Result, Time};
use rusqlite::params;

use super::count;
use crate::model::{Ending, Users};

/// What names a session: the day it began, its project, its id.
pub type SessionKey = (Time, ProjectId, [u8; 16]);

/// What is remembered of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    pub release: ReleaseId,
    pub environment: String,
    pub hour: Time,
    pub ending: Ending,
    /// The item that set this.
    pub item: i64,
    /// What was counted before the batch of that item.
    pub prior: Option<Ending>,
}

pub fn find(r: &Reader<'_>, key: &SessionKey) -> Result<Option<Remembered>> {
    r.row(
        "select release_id, environment, hour, ending, item_id, prior from releases_sessions where day = ? and project_id = ? and sid = ?",
        params![key.0.0, key.1.0, key.2],
        |row| {
            Ok(Remembered {
                release: ReleaseId(row.get(0)?),
                environment: row.get(1)?,
                hour: Time(row.get(2)?),
                ending: Ending::from_code(row.get(3)?).unwrap_or(Ending::Well),
                item: row.get(4)?,
                prior: row.get::<_, Option<i64>>(5)?.and_then(Ending::from_code),
            })
        },
    )
}

pub fn put(tx: &mut Tx<'_>, key: &SessionKey, remembered: &Remembered) -> Result<()> {
    tx.run(
        "insert or replace into releases_sessions (day, project_id, sid, release_id, environment, hour, ending, item_id, prior) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            key.0.0,
            key.1.0,
            key.2,
            remembered.release.0,
            remembered.environment,
            remembered.hour.0,
            remembered.ending.code(),
            remembered.item,
            remembered.prior.map(Ending::code)
        ],
    )?;
    Ok(())
}

/// At most `limit` of days before `before`. Gives how many went.
pub fn forget_before(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from releases_sessions where (day, project_id, sid) in \
         (select day, project_id, sid from releases_sessions where day < ? order by day limit ?)",
        params![before.0, limit],
    )
}

/// Sessions of a release that began on this day: whatever they report from here on counts as if it were the first.
pub fn forget_of(tx: &mut Tx<'_>, day: Time, project: ProjectId, release: ReleaseId) -> Result<usize> {
    tx.run("delete from releases_sessions where day = ? and project_id = ? and release_id = ?", params![day.0, project.0, release.0])
}

/// Somebody used a release in this hour, and how that went.
pub fn put_person(tx: &mut Tx<'_>, hour: Time, release: ReleaseId, person: i64, crashed: bool, unhandled: bool) -> Result<()> {
    let marked = |is: bool| if is { hour.0 } else { 0 };
    tx.run(
        "insert into releases_users (day, release_id, person, seen_hour, crashed_hour, unhandled_hour) values (?, ?, ?, ?, ?, ?) \
         on conflict do update set seen_hour = max(seen_hour, excluded.seen_hour), crashed_hour = max(crashed_hour, excluded.crashed_hour), \
         unhandled_hour = max(unhandled_hour, excluded.unhandled_hour)",
        params![hour.day_start().0, release.0, person, hour.0, marked(crashed), marked(crashed || unhandled)],
    )?;
    Ok(())
}

/// Different users of a release from the hour `from` on.
pub fn count_users(r: &Reader<'_>, release: ReleaseId, from: Time) -> Result<Users> {
    let users = r.row(
        "with recursive days(day) as (select ?1 union all select day + 86400000 from days where day < ?2) \
         select count(distinct person), count(distinct case when crashed_hour >= ?4 then person end), \
         count(distinct case when unhandled_hour >= ?4 then person end) \
         from days join releases_users on releases_users.day = days.day and release_id = ?3 where seen_hour >= ?4",
        params![from.day_start().0, r.now.day_start().0, release.0, from.hour_start().0],
        |row| Ok(Users { all: count(row.get(0)?), crashed: count(row.get(1)?), unhandled: count(row.get(2)?) }),
    )?;
    Ok(users.unwrap_or_default())
}

pub fn forget_people_before(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from releases_users where (day, release_id, person) in \
         (select day, release_id, person from releases_users where day < ? order by day limit ?)",
        params![before.0, limit],
    )
}

pub fn forget_people_of(tx: &mut Tx<'_>, release: ReleaseId) -> Result<usize> {
    tx.run("delete from releases_users where release_id = ?", [release.0])
}

const REFUSED: &str = "refused";

/// Up to which item refusals were counted.
pub fn counted_upto(r: &Reader<'_>) -> Result<i64> {
    Ok(r.row("select item_id from releases_marks where name = ?", [REFUSED], |row| row.get(0))?.unwrap_or(0))
}

pub fn set_counted_upto(tx: &mut Tx<'_>, item: i64) -> Result<()> {
    tx.run(
        "insert into releases_marks (name, item_id) values (?, ?) on conflict (name) do update set item_id = excluded.item_id",
        params![REFUSED, item],
    )?;
    Ok(())
}
