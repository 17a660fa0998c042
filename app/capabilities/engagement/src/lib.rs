//! Engagement: who uses what, how often, and whether they come back; counted exactly, from what analytics SDKs tell.
//!
//! - [`model`]: days, actives, retention, funnels, visits, bands, surveys' scores; pure
//! - [`mod@digest`]: how what SDKs told becomes actions that are counted; [`store`]: SQL; [`jobs`]: visits, ageing out, rebuilding; [`mod@erase`]: forgetting somebody
//! - [`routes`], [`pages`]: console and `/t.js`; [`look`]: what they ask of the counts; [`mod@read`]: actions with their words
//! - [`settings`]: the zone that days are counted in, how long actions are kept, bands; [`contributions`]: tiles, numbers, search

pub mod contributions;
pub mod digest;
pub mod erase;
pub mod jobs;
pub mod look;
pub mod model;
pub mod pages;
pub mod read;
pub mod routes;
pub mod settings;
pub mod store;

use capability::{Capability, Diagnosis, Digest, Gauge, Hit, House, Keep, Metric, Nav, Routes, Section, Tile, Work};
use db::{Migration, Reader};
use kernel::Result;

/// Live pages: actions were counted.
pub const TOPIC: db::Signal = "engagement";

pub struct Engagement;

impl Capability for Engagement {
    fn name(&self) -> &'static str {
        "engagement"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[
            Migration { number: 1, name: "days", sql: include_str!("../migrations/0001_days.sql") },
            Migration { number: 2, name: "sets", sql: include_str!("../migrations/0002_sets.sql") },
            Migration { number: 3, name: "newcomers", sql: include_str!("../migrations/0003_newcomers.sql") },
        ]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "actions", sql: include_str!("../migrations/0001_actions.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&digest::Counted]
    }

    fn nav(&self) -> &'static [Nav] {
        contributions::NAV
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }

    fn check_settings(&self, r: &Reader<'_>) -> Result<()> {
        settings::check(r)
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        contributions::tiles(r)
    }

    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        contributions::search(r, query)
    }

    fn metrics(&self) -> &'static [Metric] {
        contributions::METRICS
    }

    fn gauges(&self, _house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        contributions::gauges(r)
    }

    fn keep(&self) -> &'static [Keep] {
        contributions::KEEP
    }

    fn diagnose(&self, r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        contributions::diagnose(r)
    }
}

#[cfg(test)]
mod tests;
