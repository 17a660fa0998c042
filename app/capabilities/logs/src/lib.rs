//! Logs: lines of the founder's programs, searchable, joined to errors and traces by trace id.
//!
//! - [`model`]: lines, words, questions; [`mod@digest`]: how containers become lines that are found
//! - [`mod@find`]: searching within bounds; [`store`]: SQL; [`jobs`]: ageing out; [`settings`]
//! - [`routes`], [`pages`]: console, export, API; [`contributions`]: tiles, numbers, what belongs to a trace

pub mod contributions;
pub mod digest;
pub mod find;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod routes;
pub mod settings;
pub mod store;

use capability::{Capability, Diagnosis, Digest, Gauge, Hit, House, Keep, Metric, Nav, Routes, Section, Subject, Tile, Work};
use db::{Migration, Reader};
use kernel::Result;

/// Live pages: lines came in.
pub const TOPIC: db::Signal = "logs";

pub struct Logs;

impl Capability for Logs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "hours", sql: include_str!("../migrations/0001_hours.sql") }]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "lines", sql: include_str!("../migrations/0001_lines.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&digest::Lines]
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }

    fn nav(&self) -> &'static [Nav] {
        contributions::NAV
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        contributions::tiles(r)
    }

    fn search(&self, _r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        Ok(contributions::search(query))
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
}

#[cfg(test)]
mod tests;
