//! Replay: what a person saw and did before something went wrong; kept, searched, and played again without anything running.
//!
//! - [`model`]: replays, moments, signals, what a recording holds, what of it may be played; [`mod@digest`]: how segments become replays
//! - [`store`]: SQL; [`mod@read`]: timeline, parts and moments out of both files; [`jobs`]: signals, packing, ageing out; [`settings`]
//! - [`routes`], [`pages`]: console, player, JSON; [`contributions`]: tiles, numbers, what belongs to an error

pub mod contributions;
pub mod digest;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod read;
pub mod routes;
pub mod settings;
pub mod store;

use capability::{Capability, Diagnosis, Digest, Gauge, Hit, House, Keep, Metric, Nav, Person, Routes, Section, Subject, Tile, Work};
use db::{Migration, Reader};
use kernel::Result;

/// Live pages: segments came in, or a replay was changed.
pub const TOPIC: db::Signal = "replay";

pub struct Replay;

impl Capability for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "replays", sql: include_str!("../migrations/0001_replays.sql") }]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "segments", sql: include_str!("../migrations/0001_segments.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&digest::Replays]
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

    fn erase(&self, house: &House, person: &Person) -> Result<u64> {
        contributions::erase(house, person)
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
