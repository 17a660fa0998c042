//! What became of the last export.

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
