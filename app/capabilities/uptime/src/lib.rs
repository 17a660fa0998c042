//! Watches what the founder runs and says when it is up, slow or down.
//!
//! - [`model`]: what is decided, as plain functions; [`prober`]: real sockets; [`runner`]: the loop that keeps watch
//! - [`store`], [`jobs`]: what is kept, and how it is summed up; [`acts`]: what people change
//! - [`routes`], [`pages`]: console, API, beats, vantages; [`agent`]: the second vantage, `hermetic probe`
//! - [`check_ins`]: jobs that report by an SDK's check-ins
//! - [`feed`], [`host`], [`apply`], [`settings`]: what it contributes to the rest of the house

pub mod acts;
pub mod agent;
pub mod apply;
pub mod check_ins;
pub mod feed;
pub mod host;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod prober;
pub mod routes;
pub mod runner;
pub mod settings;
pub mod store;

pub use agent::{AgentOptions, probe_agent};

use capability::{
    Apply, Capability, Cx, Diagnosis, Digest, Feed, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Routes, Section, Tasks, Tile, Work,
};
use db::{Migration, Reader};
use kernel::{Result, Role};

/// Live pages about monitors.
pub const TOPIC: db::Signal = "uptime";
/// Something a person changed: the runner reloads.
pub const CONFIG_TOPIC: db::Signal = "uptime_config";

pub struct Uptime;

impl Capability for Uptime {
    fn name(&self) -> &'static str {
        "uptime"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[
            Migration { number: 1, name: "uptime", sql: include_str!("../migrations/0001_uptime.sql") },
            Migration { number: 2, name: "lost", sql: include_str!("../migrations/0002_lost.sql") },
            Migration { number: 3, name: "check_ins", sql: include_str!("../migrations/0003_check_ins.sql") },
        ]
    }

    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[Migration { number: 1, name: "checks", sql: include_str!("../migrations/0001_checks.sql") }]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[&check_ins::CheckIns]
    }

    fn start(&self, cx: &Cx, tasks: &mut Tasks) {
        runner::start(cx, tasks);
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }

    fn nav(&self) -> &'static [Nav] {
        &[Nav { label: "Uptime", path: "/uptime", icon: "uptime", group: NavGroup::Watch, rank: Role::Viewer }]
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        feed::tiles(r)
    }

    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        feed::search(r, query)
    }

    fn feed(&self) -> Option<&'static dyn Feed> {
        Some(&feed::MonitorFeed)
    }

    fn metrics(&self) -> &'static [Metric] {
        host::METRICS
    }

    fn gauges(&self, house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        feed::gauges(house, r)
    }

    fn keep(&self) -> &'static [Keep] {
        &[
            Keep { what: "Single checks, packed by the hour (see the setting)", days: 90 },
            Keep { what: "Hourly sums of checks", days: jobs::HOURS_KEPT_DAYS },
            Keep { what: "State changes of monitors", days: 400 },
        ]
    }

    fn apply(&self) -> &'static [&'static dyn Apply] {
        &[&apply::ApplyMonitors]
    }

    fn diagnose(&self, r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        feed::diagnose(r)
    }
}

#[cfg(test)]
mod tests;
