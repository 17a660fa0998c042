//! Salts by day, in hermetic.db.

use db::{Reader, Tx};
use kernel::{Result, Time};
use rusqlite::params;

pub type Salt = [u8; 16];

pub fn salt_of(r: &Reader<'_>, day: Time) -> Result<Option<Salt>> {
    r.row("select salt from ingest_salts where day = ?", params![day.0], |row| row.get(0))
}

/// Keeps the one that is there already.
pub fn keep_salt(tx: &mut Tx<'_>, day: Time, salt: Salt) -> Result<()> {
    tx.run("insert into ingest_salts (day, salt) values (?, ?) on conflict do nothing", params![day.0, salt])?;
    Ok(())
}

pub fn remove_salts_before(tx: &mut Tx<'_>, day: Time) -> Result<()> {
    tx.run("delete from ingest_salts where day < ?", params![day.0])?;
    Ok(())
}
