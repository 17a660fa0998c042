//! Actions one by one. In telemetry.db.

use db::{Reader, Tx};
use ingest::pack::Packed;
use kernel::ids::{HandleId, ProjectId};
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::NameId;

pub const IS_CLIENT: i64 = 1;
pub const IS_LATE: i64 = 2;

/// Positions of one item; a request holds fewer.
pub const PLACES: i64 = 10_000;

/// An action with everything worked out: what is left is to write it, unless it came before.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// By which it is known when it is sent again.
    pub key: Key,
    pub at: Time,
    pub name: NameId,
    pub handle: HandleId,
    pub project: ProjectId,
    pub flags: i64,
    pub props: Packed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// UTC day by the client's clock.
    pub day: i64,
    pub hash: i64,
    /// Item × [`PLACES`] + position.
    pub place: i64,
}

/// An action as it lies in the log.
#[derive(Debug, Clone)]
pub struct Action {
    pub at: Time,
    pub tie: i64,
    pub name: NameId,
    pub handle: HandleId,
    pub project: ProjectId,
    pub is_client: bool,
    props: Packed,
}

impl Action {
    /// A JSON object; empty where nothing was told.
    pub fn props(&self) -> Result<Vec<u8>> {
        ingest::pack::unpack(&self.props)
    }
}

/// `false`: it came before, in another place. The same place comes again where a digest is repeated.
pub fn file(tx: &mut Tx<'_>, new: &NewAction) -> Result<bool> {
    let Key { day, hash, place } = new.key;
    if tx.run("insert or ignore into engagement_ids (day, hash, place) values (?, ?, ?)", params![day, hash, place])? == 0 {
        let first: i64 = tx.value("select place from engagement_ids where day = ? and hash = ?", params![day, hash])?;
        return Ok(first == place);
    }
    let (handle, project) = (new.handle.0, new.project.0);
    let row = params![new.at.0, new.name.0, handle, project, new.flags, new.props.codec, new.props.bytes];
    // Most milliseconds have one action at most: the others are looked for only where this fails.
    if tx.run(&insert("insert or ignore", "0"), row)? == 0 {
        tx.run(&insert("insert", "(select max(tie) + 1 from engagement_actions where at = ?1)"), row)?;
    }
    Ok(true)
}

fn insert(verb: &str, tie: &str) -> String {
    format!(
        "{verb} into engagement_actions (at, tie, name_id, handle_id, project_id, flags, codec, props) values (?1, {tie}, ?2, ?3, ?4, ?5, ?6, ?7)"
    )
}

/// Whether this place has filed what it told.
pub fn is_filed(r: &Reader<'_>, key: Key) -> Result<bool> {
    let place = r.row("select place from engagement_ids where day = ? and hash = ?", params![key.day, key.hash], |row| row.get(0))?;
    Ok(place == Some(key.place))
}

const COLUMNS: &str = "at, tie, name_id, handle_id, project_id, flags, codec, props";

fn read_action(row: &Row<'_>) -> rusqlite::Result<Action> {
    Ok(Action {
        at: Time(row.get(0)?),
        tie: row.get(1)?,
        name: NameId(row.get(2)?),
        handle: HandleId(row.get(3)?),
        project: ProjectId(row.get(4)?),
        is_client: row.get::<_, i64>(5)? & IS_CLIENT != 0,
        props: Packed { codec: row.get(6)?, bytes: row.get(7)? },
    })
}

/// The newest before `(at, tie)`, newest first.
pub fn newest(r: &Reader<'_>, before: (Time, i64), limit: u32) -> Result<Vec<Action>> {
    let sql = format!("select {COLUMNS} from engagement_actions where (at, tie) < (?, ?) order by at desc, tie desc limit ?");
    r.rows(&sql, params![before.0.0, before.1, limit], read_action)
}

/// What these handles did before `(at, tie)`, newest first.
pub fn newest_of(r: &Reader<'_>, handles: &[HandleId], before: (Time, i64), limit: u32) -> Result<Vec<Action>> {
    let mut all = Vec::new();
    let sql =
        format!("select {COLUMNS} from engagement_actions where handle_id = ? and (at, tie) < (?, ?) order by at desc, tie desc limit ?");
    for handle in handles {
        all.extend(r.rows(&sql, params![handle.0, before.0.0, before.1, limit], read_action)?);
    }
    all.sort_by_key(|action| std::cmp::Reverse((action.at, action.tie)));
    all.truncate(limit as usize);
    Ok(all)
}

/// Actions of a name within `from..to`, the newest first.
pub fn newest_named(r: &Reader<'_>, name: NameId, (from, to): (Time, Time), limit: u32) -> Result<Vec<Action>> {
    let sql =
        format!("select {COLUMNS} from engagement_actions where name_id = ? and at >= ? and at < ? order by at desc, tie desc limit ?");
    r.rows(&sql, params![name.0, from.0, to.0, limit], read_action)
}

/// Who did it when, in order, straight out of the index.
pub fn each_named(r: &Reader<'_>, name: NameId, (from, to): (Time, Time), mut each: impl FnMut(Time, i64, HandleId)) -> Result<()> {
    r.each(
        "select at, tie, handle_id from engagement_actions indexed by engagement_actions_by_name \
         where name_id = ? and at >= ? and at < ? order by at, tie",
        params![name.0, from.0, to.0],
        |row| {
            each(Time(row.get(0)?), row.get(1)?, HandleId(row.get(2)?));
            Ok(())
        },
    )
}

/// One action as a rebuild reads it.
#[derive(Debug, Clone, Copy)]
pub struct Bare {
    pub at: Time,
    pub name: NameId,
    pub handle: HandleId,
    pub is_client: bool,
}

/// All within `from..to`, in order.
pub fn each_between(r: &Reader<'_>, (from, to): (Time, Time), mut each: impl FnMut(Bare)) -> Result<()> {
    r.each(
        "select at, name_id, handle_id, flags from engagement_actions where at >= ? and at < ? order by at, tie",
        params![from.0, to.0],
        |row| {
            let flags: i64 = row.get(3)?;
            each(Bare {
                at: Time(row.get(0)?),
                name: NameId(row.get(1)?),
                handle: HandleId(row.get(2)?),
                is_client: flags & IS_CLIENT != 0,
            });
            Ok(())
        },
    )
}

/// What a handle did, in order.
pub fn each_of(r: &Reader<'_>, handle: HandleId, mut each: impl FnMut(Bare)) -> Result<()> {
    r.each("select at, name_id, flags from engagement_actions where handle_id = ? order by at, tie", [handle.0], |row| {
        let is_client = row.get::<_, i64>(2)? & IS_CLIENT != 0;
        each(Bare { at: Time(row.get(0)?), name: NameId(row.get(1)?), handle, is_client });
        Ok(())
    })
}

/// Removes at most `limit` of a handle's actions; gives how many.
pub fn remove_of(tx: &mut Tx<'_>, handle: HandleId, limit: u32) -> Result<usize> {
    tx.run(
        "delete from engagement_actions where (at, tie) in (select at, tie from engagement_actions where handle_id = ? limit ?)",
        params![handle.0, limit],
    )
}

/// That a handle did something stays; with what does not.
pub fn forget_props(tx: &mut Tx<'_>, handle: HandleId) -> Result<()> {
    tx.run("update engagement_actions set codec = 0, props = x'' where handle_id = ? and length(props) > 0", [handle.0]).map(drop)
}

/// When the oldest and the newest that are kept happened.
pub fn span(r: &Reader<'_>) -> Result<Option<(Time, Time)>> {
    let first = r.row("select at from engagement_actions order by at limit 1", [], |row| row.get(0).map(Time))?;
    let last = r.row("select at from engagement_actions order by at desc limit 1", [], |row| row.get(0).map(Time))?;
    Ok(first.zip(last))
}

/// Removes at most `limit` of those that happened before; gives how many.
pub fn remove_before(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from engagement_actions where (at, tie) in \
         (select at, tie from engagement_actions where at < ? order by at, tie limit ?)",
        params![before.0, limit],
    )
}

/// Remembers which item came first on its day.
pub fn mark(tx: &mut Tx<'_>, received_at: Time, item: i64) -> Result<()> {
    tx.run("insert or ignore into engagement_marks (day, item_id) values (?, ?)", params![received_at.day_start().0, item])?;
    Ok(())
}

/// Forgets at most `limit` ids of messages that came before the day; gives how many.
pub fn forget_ids(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    let first: Option<i64> = tx.value("select min(item_id) from engagement_marks where day >= ?", [before.day_start().0])?;
    let Some(first) = first else { return Ok(0) };
    tx.run(
        "delete from engagement_ids where (day, hash) in (select day, hash from engagement_ids where place < ? limit ?)",
        params![first * PLACES, limit],
    )
}
