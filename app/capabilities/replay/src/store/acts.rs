//! What people do with replays: watch, share, pin, delete. In hermetic.db.

use db::{Reader, Tx};
use kernel::ids::{ProjectId, ReplayId};
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};

use crate::model::{Share, View};
use ingest::EventId;

/// Counts one look. `viewer`: `member 3` or `share 5`.
pub fn note_view(tx: &mut Tx<'_>, replay: ReplayId, viewer: &str) -> Result<()> {
    tx.run(
        "insert into replay_views (replay_id, viewer, hour, first_at, last_at, times) values (?1, ?2, ?3, ?4, ?4, 1) \
         on conflict do update set last_at = excluded.last_at, times = times + 1",
        params![replay.0, viewer, tx.now.hour_start().0, tx.now.0],
    )?;
    Ok(())
}

/// The newest first; at most 200.
pub fn views(r: &Reader<'_>, replay: ReplayId) -> Result<Vec<View>> {
    r.rows(
        "select viewer, first_at, last_at, times from replay_views where replay_id = ? order by last_at desc, viewer limit 200",
        [replay.0],
        |row| {
            Ok(View {
                viewer: row.get(0)?,
                first_at: Time(row.get(1)?),
                last_at: Time(row.get(2)?),
                times: row.get::<_, i64>(3)?.clamp(0, i64::from(u32::MAX)) as u32,
            })
        },
    )
}

/// Links of one replay that may be open at the same time.
const MOST_SHARES: i64 = 50;

/// Gives the token, which is stored nowhere: the link is shown once.
pub fn make_share(tx: &mut Tx<'_>, replay: ReplayId, by: &str, expires_at: Time) -> Result<(i64, String)> {
    let open: i64 = tx.value(
        "select count(*) from replay_shares where replay_id = ? and revoked_at is null and expires_at > ?",
        params![replay.0, tx.now.0],
    )?;
    if open >= MOST_SHARES {
        return Err(Error::invalid(format!("This replay has {MOST_SHARES} open links already; please take some back first.")));
    }
    let token = kernel::ids::random_token();
    let id = tx.insert(
        "insert into replay_shares (replay_id, token_digest, made_by, made_at, expires_at) values (?, ?, ?, ?, ?)",
        params![replay.0, kernel::ids::digest(&token), by, tx.now.0, expires_at.0],
    )?;
    Ok((id, token))
}

const SHARE: &str = "id, replay_id, made_by, made_at, expires_at, revoked_at";

fn read_share(row: &Row<'_>) -> rusqlite::Result<Share> {
    Ok(Share {
        id: row.get(0)?,
        replay: ReplayId(row.get(1)?),
        made_by: row.get(2)?,
        made_at: Time(row.get(3)?),
        expires_at: Time(row.get(4)?),
        revoked_at: row.get::<_, Option<i64>>(5)?.map(Time),
    })
}

/// The link that this token opens; `None` where it is unknown, taken back, or past its time.
pub fn find_share(r: &Reader<'_>, token: &str) -> Result<Option<Share>> {
    let found = r.row(&format!("select {SHARE} from replay_shares where token_digest = ?"), [kernel::ids::digest(token)], read_share)?;
    Ok(found.filter(|share| share.is_open(r.now)))
}

/// The newest first; at most 100.
pub fn shares(r: &Reader<'_>, replay: ReplayId) -> Result<Vec<Share>> {
    r.rows(&format!("select {SHARE} from replay_shares where replay_id = ? order by id desc limit 100"), [replay.0], read_share)
}

/// `false`: there is no such open link of this replay.
pub fn revoke_share(tx: &mut Tx<'_>, replay: ReplayId, share: i64) -> Result<bool> {
    let changed = tx.run(
        "update replay_shares set revoked_at = ? where id = ? and replay_id = ? and revoked_at is null",
        params![tx.now.0, share, replay.0],
    )?;
    Ok(changed > 0)
}

/// Keeps it whatever its age; an existing note is replaced.
pub fn pin(tx: &mut Tx<'_>, replay: ReplayId, by: &str, note: &str) -> Result<()> {
    let changed = tx.run(
        "update replay_replays set pinned_at = coalesce(pinned_at, ?), pinned_by = ?, note = ? where id = ?",
        params![tx.now.0, by, note, replay.0],
    )?;
    tx.signal(crate::TOPIC);
    if changed == 0 { Err(Error::not_found("replay")) } else { Ok(()) }
}

pub fn unpin(tx: &mut Tx<'_>, replay: ReplayId) -> Result<()> {
    let changed = tx.run("update replay_replays set pinned_at = null, pinned_by = '', note = '' where id = ?", [replay.0])?;
    tx.signal(crate::TOPIC);
    if changed == 0 { Err(Error::not_found("replay")) } else { Ok(()) }
}

/// Takes the replay out of the state and remembers that it is gone. Its segments are then taken out of the log
/// ([`super::remove_recording`]); should that not happen, the hourly job finds them.
pub fn forget(tx: &mut Tx<'_>, replay: ReplayId) -> Result<(ProjectId, EventId)> {
    let key = tx.row("select project_id, sdk_id from replay_replays where id = ?", [replay.0], |row| {
        Ok((ProjectId(row.get(0)?), EventId(row.get(1)?)))
    })?;
    let (project, sdk_id) = key.ok_or_else(|| Error::not_found("replay"))?;
    tx.run("delete from replay_replays where id = ?", [replay.0])?;
    tx.run(
        "insert into replay_gone (project_id, sdk_id, gone_at) values (?, ?, ?) on conflict do update set gone_at = excluded.gone_at",
        params![project.0, sdk_id.0, tx.now.0],
    )?;
    tx.signal(crate::TOPIC);
    Ok((project, sdk_id))
}

/// What a person is found by. An id is exact; one customer's id may be another one's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonKey<'a> {
    Id(&'a str),
    Email(&'a str),
    Name(&'a str),
}

/// Replays of a person in one project or in all; at most `limit`.
pub fn of_person(r: &Reader<'_>, project: Option<ProjectId>, person: PersonKey<'_>, limit: u32) -> Result<Vec<ReplayId>> {
    let (test, key) = match person {
        PersonKey::Id(id) => ("person_id = ?2", id),
        PersonKey::Email(email) => ("person_email = ?2 collate nocase", email),
        PersonKey::Name(name) => ("person_name = ?2", name),
    };
    let sql = format!("select id from replay_replays where (?1 is null or project_id = ?1) and {test} order by id limit ?3");
    r.rows(&sql, params![project.map(|id| id.0), key, limit], |row| Ok(ReplayId(row.get(0)?)))
}
