//! The only crate that opens SQLite: one writer thread with group commit, a pool of readers, migrations.
//!
//! - [`Db`]: one of the two files, opened; [`Db::write`] and [`Db::read`] take synchronous closures, so no network can
//!   hide inside a transaction
//! - [`Tx`], [`Reader`]: what these closures get; [`Tx::now`](Reader::now) is the time of the transaction
//! - [`Migration`]: forward-only, one list per capability, checked by checksum at every start
//! - [`Quiet`]: the moment between two transactions, for whoever copies the file; [`Committed`] wakes it
//! - [`check_file`], [`inspect_file`]: whether a file that nobody writes is sound, for copies that were restored
//! - [`Signal`]: a topic told to listeners (live pages, sleeping workers) once the transaction is on disk

mod error;
mod floor;
mod inspect;
mod migrate;
mod open;
mod quiet;
mod reader;
mod tx;
mod writer;

pub use inspect::{Inspected, check_file, inspect_file, read_file};
pub use migrate::{Migration, Migrations};
pub use open::{Checkpoints, Db, File, OpenOptions};
pub use quiet::{Committed, Pinned, Quiet};
pub use reader::Reader;
pub use tx::Tx;

/// A topic of live updates and wake-ups: a capability's name, or a word of the spine such as `work`.
pub type Signal = &'static str;

#[cfg(test)]
mod tests;
