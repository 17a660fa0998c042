//! The picture in the head of the page.

use crate::model::look::Logo;
use db::{Reader, Tx};
use kernel::Result;
use rusqlite::params;

pub fn find_logo(r: &Reader<'_>) -> Result<Option<Logo>> {
    let bytes: Option<Vec<u8>> = r.row("select bytes from status_logos where id = 1", [], |row| row.get(0))?;
    // What was accepted by an older version and is no longer is not shown.
    Ok(bytes.and_then(|bytes| Logo::checked(bytes).ok()))
}

pub fn set_logo(tx: &mut Tx<'_>, logo: Option<&Logo>) -> Result<()> {
    tx.run("delete from status_logos", [])?;
    if let Some(logo) = logo {
        tx.run("insert into status_logos (id, bytes, created_at) values (1, ?, ?)", params![logo.bytes, tx.now.0])?;
    }
    Ok(())
}
