//! Releases: how healthy each version is (sessions, crashes, adoption), its deploys, and the source maps that belong to it.
//!
//! - [`digest`]: sessions become counters; [`model`]: what is decided without asking anybody
//! - [`upload`]: what sentry-cli and the bundler plugins send; [`sourcemap`]: the format; [`resolve`]: frames led back to the source
//! - [`acts`], [`jobs`], [`contributions`], [`settings`]; `routes`, `pages`, `store`

mod acts;
pub mod contributions;
pub mod digest;
pub mod jobs;
pub mod model;
mod pages;
pub mod resolve;
mod routes;
pub mod settings;
pub mod sourcemap;
pub mod store;
pub mod upload;

use capability::frames::Frames;
use capability::{Capability, Digest, Gauge, Hit, House, Keep, Metric, Nav, Routes, Section, Subject, Tile, Work};
use db::{Migration, Reader};
use kernel::Result;

/// Live pages about releases.
pub const TOPIC: db::Signal = "releases";

pub struct Releases;

impl Capability for Releases {
    fn name(&self) -> &'static str {
        "releases"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "releases", sql: include_str!("../migrations/0001_releases.sql") }]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "artifacts", sql: include_str!("../migrations/0001_artifacts.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::register(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&digest::Sessions]
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

    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        contributions::search(r, query)
    }

    fn related(&self, house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
        contributions::related(house, subject)
    }

    fn frames(&self) -> Option<&'static dyn Frames> {
        Some(&resolve::Resolver)
    }

    fn metrics(&self) -> &'static [Metric] {
        contributions::METRICS
    }

    fn gauges(&self, house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        contributions::gauges(house, r)
    }

    fn keep(&self) -> &'static [Keep] {
        settings::KEEP
    }
}

#[cfg(test)]
mod tests;
