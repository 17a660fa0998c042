//! The observation door: what the founder's programs report comes in here, is checked, scrubbed, kept and counted.
//!
//! - [`Kind`]: what can be reported; [`Item`], [`NewItem`], [`Head`]: one such thing, as it lies in the log
//! - [`store`]: items, cursors, outcomes, releases as SQL; [`pack`]: how payloads are compressed
//! - [`releases`]: versions of programs, and which of two is the newer
//!
//! Whoever makes something of the items reads them by cursor (`capability::digest`).

pub mod item;
pub mod kind;
pub mod pack;
pub mod releases;
pub mod scrub;
pub mod store;

pub use item::{EventId, Head, Item, NewItem, TraceHead};
pub use kind::Kind;

use db::Migration;

/// Tables of the state.
pub const MIGRATIONS: &[Migration] = &[Migration { number: 1, name: "cursors", sql: include_str!("../migrations/0001_cursors.sql") }];
/// Tables of the log.
pub const TELEMETRY_MIGRATIONS: &[Migration] =
    &[Migration { number: 1, name: "items", sql: include_str!("../migrations/0001_items.sql") }];

/// Told on telemetry.db after each commit that kept an item: digests wake up.
pub const TOPIC: db::Signal = "ingest";
