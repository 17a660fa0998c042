//! The observation door: what the founder's programs report comes in here, is checked, scrubbed, kept and counted.
//!
//! - [`Door`]: keys, limits, and what is under way; [`mount`]: its addresses. From the wire inwards: [`auth`], [`encoding`], [`envelope`],
//!   [`limits`], [`quota`]; then each thing is judged, and kept or counted with its [`Reason`]
//! - [`Kind`]: what can be reported; [`Item`], [`NewItem`], [`Head`]: one such thing, as it lies in the log
//! - [`store`]: items, cursors, outcomes, releases as SQL; [`pack`]: how payloads are compressed
//! - [`recording`]: segments of session replays; [`agent`]: browsers by their user agent
//! - [`action`]: what analytics SDKs and our own script tell, in one form
//! - [`releases`]: versions of programs, and which of two is the newer
//!
//! Whoever makes something of the items reads them by cursor (`capability::digest`).

pub mod action;
pub mod agent;
mod answer;
pub mod auth;
mod backlog;
mod carried;
mod directory;
mod door;
pub mod encoding;
pub mod envelope;
pub mod item;
mod judge;
mod keep;
pub mod kind;
pub mod limits;
mod mispaste;
mod old_spans;
mod origins;
pub mod otlp;
mod outline;
pub mod pack;
pub mod quota;
mod raw;
mod reason;
pub mod recording;
mod refusal;
pub mod releases;
mod reports;
pub mod retention;
mod room;
mod routes;
mod salts;
pub mod scrub;
pub mod store;
mod tally;

pub use door::Door;
pub use item::{EventId, Head, Item, NewItem, TraceHead};
pub use kind::Kind;
pub use reason::Reason;
pub use routes::mount;

use db::Migration;

/// Tables of the state.
pub const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "cursors", sql: include_str!("../migrations/0001_cursors.sql") },
    Migration { number: 2, name: "release_days", sql: include_str!("../migrations/0002_release_days.sql") },
    Migration { number: 3, name: "salts", sql: include_str!("../migrations/0003_salts.sql") },
];
/// Tables of the log.
pub const TELEMETRY_MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "items", sql: include_str!("../migrations/0001_items.sql") },
    Migration { number: 2, name: "kinds", sql: include_str!("../migrations/0002_kinds.sql") },
    Migration { number: 3, name: "marks", sql: include_str!("../migrations/0003_marks.sql") },
];

/// Told on telemetry.db after each commit that kept an item: digests wake up.
pub const TOPIC: db::Signal = "ingest";

#[cfg(test)]
mod tests;
