//! SQL of the settings.

use db::{Reader, Tx};
use kernel::Result;
use rusqlite::params;

pub(crate) fn find_setting(r: &Reader<'_>, key: &str) -> Result<Option<String>> {
    r.row("select value from capability_settings where key = ?", [key], |row| row.get(0))
}

pub(crate) fn set_setting(tx: &mut Tx<'_>, key: &str, value: &str) -> Result<()> {
    tx.run(
        "insert into capability_settings (key, value, updated_at) values (?, ?, ?) \
         on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
        params![key, value, tx.now.0],
    )?;
    Ok(())
}

pub(crate) fn remove_setting(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    tx.run("delete from capability_settings where key = ?", [key])?;
    Ok(())
}
