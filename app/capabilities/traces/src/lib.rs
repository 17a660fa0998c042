//! Traces: how fast the founder's programs answer, where the time goes, and each single trace.
//!
//! - [`model`]: what is worked out without asking anybody; [`store`]: SQL; [`settings`]
//! - [`mod@digest`]: spans of the log become counts; [`jobs`]: counts are summed up, what is old goes
//! - [`routes`], [`pages`]: console and API
//! - [`look`]: what they show, as plain data; [`contributions`]: what it puts into the pages of others

pub mod contributions;
pub mod digest;
pub mod jobs;
pub mod look;
pub mod model;
pub mod pages;
pub mod routes;
pub mod settings;
pub mod store;

use capability::{Capability, Diagnosis, Digest, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Routes, Section, Subject, Tile, Work};
use db::{Migration, Reader};
use kernel::{Result, Role};

/// Live pages about traces.
pub const TOPIC: db::Signal = "traces";

pub struct Traces;

impl Capability for Traces {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[
            Migration { number: 1, name: "traces", sql: include_str!("../migrations/0001_traces.sql") },
            Migration { number: 2, name: "pools", sql: include_str!("../migrations/0002_pools.sql") },
        ]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "roots", sql: include_str!("../migrations/0001_roots.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&digest::Spans, &digest::Pools]
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }

    fn nav(&self) -> &'static [Nav] {
        &[Nav { label: "Traces", path: "/traces", icon: "traces", group: NavGroup::Watch, rank: Role::Viewer }]
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        contributions::tiles(r)
    }

    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        contributions::search(r, query)
    }

    fn related(&self, house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
        contributions::related(house, subject)
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

    fn check_settings(&self, r: &Reader<'_>) -> Result<()> {
        settings::check(r)
    }
}

#[cfg(test)]
mod tests;
