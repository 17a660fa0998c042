//! The vocabulary everybody shares. No I/O, no async, no SQL: whatever stands here can be tested with plain values.
//!
//! - [`ids`]: newtypes over row ids; random public tokens
//! - [`time`]: milliseconds UTC, the clock, the stopwatch (the only place that reads a clock)
//! - [`error`]: a small closed set of kinds + one sentence for the person
//! - [`fact`]: what happened, past tense; the only way capabilities hear of each other
//! - [`role`]: who may do what
//! - [`secret`]: values that never print, and the sealer that stores them
//! - [`text`]: checked text (names, mail addresses, web addresses)
//! - [`paging`]: page requests and pages

pub mod error;
pub mod fact;
pub mod ids;
pub mod paging;
pub mod rng;
pub mod role;
pub mod secret;
pub mod text;
pub mod time;

pub use error::{Error, Kind, Result};
pub use fact::Fact;
pub use role::Role;
pub use secret::{Sealer, Secret};
pub use time::{Clock, Time};

#[cfg(test)]
mod tests;
