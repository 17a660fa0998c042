//! A whole house in a temporary folder: frozen clock, clients by role, fakes of other companies' servers.
//!
//! - [`TestHouse`]: real SQLite, the router as it is served, work that runs when the test says so
//! - [`Client`], [`Answer`]: a browser or program of a given role
//! - [`fakes`]: other companies' servers on real sockets, speaking their protocols
//! - [`recorded`]: what real SDKs sent

#![expect(clippy::expect_used, clippy::panic, reason = "a test kit says what is wrong by panicking; it is a dev-dependency only")]

mod client;
pub mod fakes;
mod house;
pub mod recorded;

pub use client::{Answer, Client};
pub use fakes::S3;
pub use house::TestHouse;

#[cfg(test)]
mod tests;
