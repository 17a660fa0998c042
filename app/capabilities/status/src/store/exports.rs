//! What became of the last export, and former places that still hold one.

use crate::export::leave::Left;
use crate::export::outcome::Outcome;
use db::{Reader, Tx};
use kernel::{Result, Time};
use rusqlite::params;

pub fn find(r: &Reader<'_>) -> Result<Option<Outcome>> {
    r.row(
        "select place, tried_at, done_at, files, changed, bytes, removed, failing_since, failure from status_exports where id = 1",
        [],
        |row| {
            Ok(Outcome {
                place: row.get(0)?,
                tried_at: row.get(1).map(Time)?,
                done_at: row.get::<_, Option<i64>>(2)?.map(Time),
                files: row.get(3)?,
                changed: row.get(4)?,
                bytes: row.get(5)?,
                removed: row.get(6)?,
                is_news: false,
                failing_since: row.get::<_, Option<i64>>(7)?.map(Time),
                failure: row.get(8)?,
            })
        },
    )
}

pub fn set(tx: &mut Tx<'_>, outcome: &Outcome) -> Result<()> {
    tx.run(
        "insert into status_exports (id, place, tried_at, done_at, files, changed, bytes, removed, failing_since, failure) \
         values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set place = excluded.place, tried_at = excluded.tried_at, \
         done_at = excluded.done_at, files = excluded.files, changed = excluded.changed, bytes = excluded.bytes, \
         removed = excluded.removed, failing_since = excluded.failing_since, failure = excluded.failure",
        params![
            outcome.place,
            outcome.tried_at.0,
            outcome.done_at.map(|at| at.0),
            outcome.files,
            outcome.changed,
            outcome.bytes,
            outcome.removed,
            outcome.failing_since.map(|at| at.0),
            outcome.failure
        ],
    )?;
    Ok(())
}

/// Nothing is exported to this place any more.
pub fn forget(tx: &mut Tx<'_>, place: &str) -> Result<()> {
    tx.run("delete from status_exports where place = ?", params![place]).map(|_| ())
}

pub fn list_left(r: &Reader<'_>) -> Result<Vec<Left>> {
    r.rows("select id, place, left_at, tried_at, failure, seen from status_left_exports order by id limit 100", [], |row| {
        Ok(Left {
            id: row.get(0)?,
            place: row.get(1)?,
            left_at: row.get(2).map(Time)?,
            tried_at: row.get(3).map(Time)?,
            failure: row.get(4)?,
            seen: row.get(5)?,
        })
    })
}

pub fn set_left(tx: &mut Tx<'_>, left: &Left) -> Result<()> {
    tx.run(
        "insert into status_left_exports (place, left_at, tried_at, failure, seen) values (?, ?, ?, ?, ?) \
         on conflict (place) do update set tried_at = excluded.tried_at, failure = excluded.failure, seen = excluded.seen",
        params![left.place, left.left_at.0, left.tried_at.0, left.failure, left.seen],
    )?;
    Ok(())
}

pub fn remove_left(tx: &mut Tx<'_>, place: &str) -> Result<()> {
    tx.run("delete from status_left_exports where place = ?", params![place]).map(|_| ())
}
