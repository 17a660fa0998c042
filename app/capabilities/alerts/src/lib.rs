//! Rules over facts and metrics, alerts, channels that deliver, escalation.
//!
//! - the pure half: [`rule`], [`topic`], [`shipped`], [`alert`], [`grouping`], [`silence`], [`quiet`], [`policy`], [`recipients`],
//!   [`reach`], [`notice`]
//! - [`channel`]: nine kinds of channels, each a pure function from a notice to what travels
//! - [`engine`]: what happens inside transactions; [`deliver`]: what happens outside; [`jobs`]: when
//! - [`ack`]: links that acknowledge; `store`: SQL

mod apply;
mod contributions;
mod manage;
mod pages;
mod routes;
mod store;

pub mod ack;
pub mod alert;
pub mod channel;
pub mod deliver;
pub mod engine;
pub mod grouping;
pub mod ids;
pub mod jobs;
pub mod notice;
pub mod policy;
pub mod quiet;
pub mod reach;
pub mod recipients;
pub mod rule;
pub mod settings;
pub mod severity;
pub mod shipped;
pub mod silence;
pub mod topic;

use capability::{Capability, Cx, Diagnosis, Gauge, Hit, House, Keep, Nav, Routes, Section, Tasks, Tile, Work};
use db::{Migration, Reader};
use kernel::Result;

/// The capability.
pub struct Alerts;

impl Capability for Alerts {
    fn name(&self) -> &'static str {
        "alerts"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[
            Migration { number: 1, name: "alerts", sql: include_str!("../migrations/0001_alerts.sql") },
            Migration { number: 2, name: "lost", sql: include_str!("../migrations/0002_lost.sql") },
            Migration { number: 3, name: "issues", sql: include_str!("../migrations/0003_issues.sql") },
            Migration { number: 4, name: "waiting", sql: include_str!("../migrations/0004_waiting.sql") },
        ]
    }

    fn routes(&self, routes: &mut Routes) {
        routes::register(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::register(work);
    }

    /// The shipped rules are there from the first second, not from the first minute.
    fn start(&self, cx: &Cx, tasks: &mut Tasks) {
        let cx = cx.clone();
        tasks.once("alerts.seed", async move {
            if let Err(error) = cx.write(store::rules::seed).await {
                tracing::error!(error = error.chain(), "the shipped alert rules could not be written; the next minute tries again");
            }
            let sealer = cx.sealer.clone();
            if let Err(error) = cx.write(move |tx| store::channels::mark_lost(tx, &sealer)).await {
                tracing::error!(
                    error = error.chain(),
                    "which channels must be set up again could not be written; the next start tries again"
                );
            }
        });
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

    fn gauges(&self, _: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        contributions::gauges(r)
    }

    fn keep(&self) -> &'static [Keep] {
        contributions::KEEP
    }

    fn apply(&self) -> &'static [&'static dyn capability::Apply] {
        &[&apply::Channels, &apply::Quiet, &apply::Policies, &apply::Rules]
    }

    fn diagnose(&self, r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        contributions::diagnose(r)
    }
}

#[cfg(test)]
mod tests;
