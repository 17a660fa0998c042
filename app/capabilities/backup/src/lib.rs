//! Backup: copies of this instance's own two files, kept while they are written, and proven by restoring them.
//!
//! - [`copies`]: the running copies, lent by the app; [`source`]: the databases as the replica crate sees them
//! - [`watch`]: what changes about them becomes rows and facts, as does a full [`disk`]; [`look`]: how they are at this moment
//! - [`drill`]: restoring rehearsed, each with a report that is signed ([`sign`])
//! - [`durable`]: answers that wait for the copy
//! - [`model`]: what is decided without asking anybody; [`store`]: SQL; [`settings`]
//! - [`dumps`]: backups of the founder's own database

pub mod contributions;
pub mod copies;
pub mod disk;
pub mod drill;
pub mod dumps;
pub mod durable;
pub mod look;
pub mod model;
mod pages;
mod routes;
pub mod settings;
pub mod sign;
pub mod source;
pub mod store;
pub mod watch;

use capability::{Apply, Capability, Cx, Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, Routes, Section, Tasks, Tile};
use db::{Migration, Reader};
use kernel::Result;

pub use copies::{Copies, FILES, Place};

/// Live pages about copies and drills.
pub const TOPIC: db::Signal = "backup";

/// Both parts' metrics: a contribution is a constant.
static METRICS: std::sync::LazyLock<Vec<Metric>> = std::sync::LazyLock::new(|| [contributions::METRICS, dumps::feed::METRICS].concat());

pub struct Backup;

impl Capability for Backup {
    fn name(&self) -> &'static str {
        "backup"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "backup", sql: include_str!("../migrations/0001_backup.sql") }, dumps::MIGRATION]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "sentinels", sql: include_str!("../migrations/0001_sentinels.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::register(routes);
        dumps::mount(routes);
    }

    fn start(&self, cx: &Cx, tasks: &mut Tasks) {
        watch::start(cx, tasks);
        drill::start(cx, tasks);
        dumps::start(cx, tasks);
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }

    fn nav(&self) -> &'static [Nav] {
        contributions::NAV
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        let mut all = contributions::tiles(r)?;
        all.extend(dumps::feed::tiles(r)?);
        Ok(all)
    }

    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        let mut all = contributions::search(r, query)?;
        all.extend(dumps::feed::search(r, query)?);
        Ok(all)
    }

    fn metrics(&self) -> &'static [Metric] {
        &METRICS
    }

    fn gauges(&self, house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        let mut all = contributions::gauges(house, r)?;
        all.extend(dumps::feed::gauges(r)?);
        Ok(all)
    }

    fn apply(&self) -> &'static [&'static dyn Apply] {
        &[&dumps::apply::ApplyDumps]
    }

    fn keep(&self) -> &'static [Keep] {
        contributions::KEEP
    }

    fn check_settings(&self, r: &Reader<'_>) -> Result<()> {
        settings::check(r)
    }

    fn diagnose(&self, r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        let mut all = contributions::diagnose(r)?;
        all.extend(dumps::feed::diagnose(r)?);
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
