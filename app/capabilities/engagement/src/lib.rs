//! Engagement: who uses what, how often, and whether they come back; counted exactly, from what analytics SDKs tell.
//!
//! - [`model`]: days, actives, retention, funnels, visits, bands, surveys' scores; pure
//! - [`mod@digest`]: how what SDKs told becomes actions that are counted; [`store`]: SQL; [`jobs`]: visits, ageing out, rebuilding
//! - [`settings`]: the zone that days are counted in, how long actions are kept, bands

pub mod digest;
pub mod jobs;
pub mod model;
pub mod settings;
pub mod store;

use capability::{Capability, Digest, Section, Work};
use db::Migration;

/// Live pages: actions were counted.
pub const TOPIC: db::Signal = "engagement";

pub struct Engagement;

impl Capability for Engagement {
    fn name(&self) -> &'static str {
        "engagement"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "days", sql: include_str!("../migrations/0001_days.sql") }]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "actions", sql: include_str!("../migrations/0001_actions.sql") }]
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&digest::Counted]
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }
}

#[cfg(test)]
mod tests;
