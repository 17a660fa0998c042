//! Continuous copies of a SQLite file in Litestream's format: what a commit wrote becomes a file in the spool, then an
//! object at each destination; the objects become a database again.
//!
//! - [`ltx`]: the file format; [`wal`]: SQLite's write-ahead log. Both without I/O of their own
//! - [`source`]: what is asked of the process that writes the database
//! - [`capture`]: log → spool; [`files`]: names, listings, the spool
//! - [`address`], [`store`]: where a copy goes; [`lease`]: one writer for each path; [`envelope`]: encryption
//! - [`engine`]: all of it at work while the database is written; [`levels`], [`queue`]: its decisions; [`merge`]
//! - [`plan`]: which files make a database; [`rebuild`]: files → database; [`restore`]: a destination → a database

pub mod address;
pub mod capture;
pub mod engine;
pub mod envelope;
pub mod files;
pub mod lease;
pub mod levels;
pub mod ltx;
pub mod merge;
mod notes;
pub mod plan;
pub mod queue;
pub mod rebuild;
pub mod restore;
pub mod source;
pub mod store;
pub mod wal;

#[cfg(test)]
mod tests;
