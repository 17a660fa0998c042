//! SQL of readiness: pings and measures. It changes nothing.

use db::{Reader, Tx};
use kernel::Result;

/// Whether this file answers.
pub(crate) fn ping(r: &Reader<'_>) -> Result<()> {
    r.value::<i64>("select count(*) from db_migrations", []).map(drop)
}

/// Whether the writer thread takes and ends a transaction. Nothing is changed: an idle instance must not write, since every
/// page written is also replicated. That the disk takes data is tried beside it, in a file of its own.
pub(crate) fn ping_writer(tx: &mut Tx<'_>) -> Result<()> {
    tx.value::<i64>("select 1", []).map(drop)
}

pub(crate) fn sqlite_version(r: &Reader<'_>) -> Result<String> {
    r.value("select sqlite_version()", [])
}
