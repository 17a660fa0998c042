//! SQL of pieces of uploads, in telemetry.db.

use db::{Reader, Tx};
use ingest::pack::{self, Packed};
use kernel::{Result, Time};
use rusqlite::params;

use super::{count, stored};
use crate::model::Checksum;

/// A chunk that is here already is kept longer, as is one that somebody asked for: its upload goes on.
pub fn put(tx: &mut Tx<'_>, checksum: Checksum, size: u64, packed: &Packed) -> Result<()> {
    tx.run(
        "insert into releases_chunks (checksum, size, stored, received_at, codec, bytes) values (?, ?, ?, ?, ?, ?) \
         on conflict (checksum) do update set received_at = excluded.received_at",
        params![checksum.0, stored(size), stored(packed.bytes.len() as u64), tx.now.0, packed.codec, packed.bytes],
    )?;
    Ok(())
}

/// Size of its bytes; `None` when it is not here.
pub fn size(r: &Reader<'_>, checksum: Checksum) -> Result<Option<u64>> {
    r.row("select size from releases_chunks where checksum = ?", [checksum.0], |row| Ok(count(row.get(0)?)))
}

pub fn touch(tx: &mut Tx<'_>, checksum: Checksum) -> Result<()> {
    tx.run("update releases_chunks set received_at = ? where checksum = ?", params![tx.now.0, checksum.0])?;
    Ok(())
}

pub fn read(r: &Reader<'_>, checksum: Checksum) -> Result<Option<Vec<u8>>> {
    let packed = r.row("select codec, bytes from releases_chunks where checksum = ?", [checksum.0], |row| {
        Ok(Packed { codec: row.get(0)?, bytes: row.get(1)? })
    })?;
    packed.as_ref().map(pack::unpack).transpose()
}

/// What all of them take.
pub fn sum(r: &Reader<'_>) -> Result<u64> {
    Ok(count(r.value("select coalesce(sum(stored), 0) from releases_chunks indexed by releases_chunks_by_received_at", [])?))
}

/// At most `limit` of those that came before `before`. Gives how many went.
pub fn remove_before(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<usize> {
    tx.run(
        "delete from releases_chunks where id in (select id from releases_chunks where received_at < ? order by received_at limit ?)",
        params![before.0, limit],
    )
}
