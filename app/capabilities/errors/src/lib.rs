//! Errors: what went wrong in the founder's programs, grouped into issues that open, are resolved and come back.
//!
//! - [`normal`]: an event in one form, whatever the SDK sent; [`grouping`]: which events are one problem
//! - [`digest`]: what is made of reported items; [`acts`]: what people do about issues
//! - [`model`]: issues, their states and history; `store`: SQL

pub mod acts;
mod contributions;
pub mod digest;
pub mod grouping;
mod jobs;
pub mod model;
pub mod normal;
pub mod pages;
pub mod routes;
pub mod search;
mod settings;
pub mod store;

use capability::{Capability, Diagnosis, Digest, Gauge, Hit, House, Keep, Metric, Nav, Routes, Section, Subject, Tile, Work};
use db::{Migration, Reader};
use kernel::Result;

pub struct Errors;

impl Capability for Errors {
    fn name(&self) -> &'static str {
        "errors"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "issues", sql: include_str!("../migrations/0001_issues.sql") }]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "events", sql: include_str!("../migrations/0001_events.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&digest::Events]
    }

    fn nav(&self) -> &'static [Nav] {
        contributions::NAV
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        contributions::tiles(r)
    }

    fn related(&self, house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
        contributions::related(house, subject)
    }

    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        search::console::search(r, query)
    }

    fn metrics(&self) -> &'static [Metric] {
        contributions::METRICS
    }

    fn gauges(&self, house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        contributions::gauges(house, r)
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
