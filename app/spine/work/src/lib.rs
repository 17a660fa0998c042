//! Durable work: jobs, schedules, the outbox of deliveries, reactions from facts to jobs. At least once, idempotent by key.
//!
//! - [`record`]: a [`kernel::Fact`] as a row of the causing transaction; reactions turn it into jobs by cursor
//! - [`enqueue`], [`Job`]: work that survives a crash; fails with backoff, ends `dead` where a person sees it
//! - [`post`], [`Delivery`], [`Sent`]: one notification to one address; FIFO per destination, so that a dead destination
//!   delays nobody else and "recovered" never overtakes "down"
//! - [`Work`]: what the capabilities registered; [`Runner`]: does it

mod backoff;
mod delivery;
mod job;
mod registry;
mod runner;
mod schedule;
pub mod store;

pub use delivery::{Attempt, Delivery, DeliveryRow, DeliveryState, NewDelivery, Sent, cancel, post};
pub use job::{Job, JobRow, NewJob, cancel_job, enqueue, record};
pub use registry::Work;
pub use runner::Runner;

use db::Migration;

pub const MIGRATIONS: &[Migration] = &[Migration { number: 1, name: "work", sql: include_str!("../migrations/0001_work.sql") }];

/// The topic that wakes the runner and refreshes the pages of jobs and deliveries.
pub const TOPIC: db::Signal = "work";

#[cfg(test)]
mod tests;
