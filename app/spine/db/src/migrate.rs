//! Migrations: forward only, one list per owner, never edited after they landed. A checksum catches the edit, a number
//! that this program does not know catches a database from a newer version.

use kernel::{Error, Result};
use rusqlite::params;

use crate::Tx;

/// One step. `number` counts from 1 without holes; `sql` is the file's text (`include_str!`).
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    pub number: u32,
    pub name: &'static str,
    pub sql: &'static str,
}

/// All steps of one owner (a capability or a crate of the spine).
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    pub owner: &'static str,
    pub list: &'static [Migration],
}

pub(crate) fn apply(tx: &mut Tx<'_>, migrations: &Migrations) -> Result<()> {
    tx.run(
        "create table if not exists db_migrations (owner text not null, number integer not null, name text not null, checksum text not null, \
         applied_at integer not null, primary key (owner, number)) strict, without rowid",
        [],
    )?;
    let applied =
        tx.rows("select number, name, checksum from db_migrations where owner = ? order by number", [migrations.owner], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
    for (number, name, checksum) in &applied {
        let known = migrations.list.iter().find(|migration| migration.number == *number);
        match known {
            None => return Err(newer(migrations.owner, name)),
            Some(migration) if kernel::ids::digest(migration.sql) != *checksum => return Err(edited(migrations.owner, name)),
            Some(_) => {}
        }
    }
    for (index, migration) in migrations.list.iter().enumerate() {
        if migration.number as usize != index + 1 {
            return Err(Error::internal(format!("the migrations of {} are not numbered 1, 2, 3 …", migrations.owner)));
        }
        if index >= applied.len() {
            step(tx, migrations.owner, migration)?;
        }
    }
    Ok(())
}

fn step(tx: &mut Tx<'_>, owner: &str, migration: &Migration) -> Result<()> {
    tx.reader.connection.execute_batch(migration.sql).map_err(|error| {
        Error::internal(format!("applying migration {owner}/{:04}_{}", migration.number, migration.name)).because(error)
    })?;
    let checksum = kernel::ids::digest(migration.sql);
    tx.run(
        "insert into db_migrations (owner, number, name, checksum, applied_at) values (?, ?, ?, ?, ?)",
        params![owner, migration.number, migration.name, checksum, tx.now.0],
    )?;
    Ok(())
}

fn newer(owner: &str, name: &str) -> Error {
    Error::conflict(format!(
        "This database was written by a newer Hermetic (it knows the migration {owner}/{name}). Install that version or a newer one."
    ))
}

fn edited(owner: &str, name: &str) -> Error {
    Error::conflict(format!(
        "The migration {owner}/{name} differs from the one this database was built with. Install an unmodified version."
    ))
}
