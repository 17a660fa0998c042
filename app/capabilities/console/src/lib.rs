//! The founder's desk: set-up, sign-in, home, search, projects, settings, deliveries and jobs, people.
//!
//! - [`model`]: what the pages decide: next steps, scopes, readiness, Prometheus text; [`model::settings`]: a posted section
//! - [`routes`]: thin handlers; [`pages`]: what they show; [`mail`]: invitations and the test mail
//! - [`health`]: `/healthz`, `/readyz`, `/metrics`; [`apply`]: `hermetic apply`, also behind the API
//! - [`jobs`]: tidying; [`store`]: the pings and measures of readiness

pub mod apply;
mod health;
mod jobs;
mod mail;
mod model;
mod pages;
mod routes;
mod store;

use capability::{Apply, Capability, Diagnosis, Gauge, Hit, House, Keep, Nav, NavGroup, Routes, Work};
use db::Reader;
use kernel::{Result, Role};

pub struct Console;

const NAV: &[Nav] = &[
    Nav { label: "Home", path: "/console", icon: "home", group: NavGroup::Home, rank: Role::Viewer },
    Nav { label: "Deliveries", path: "/console/deliveries", icon: "deliveries", group: NavGroup::Run, rank: Role::Viewer },
    Nav { label: "Jobs", path: "/console/jobs", icon: "jobs", group: NavGroup::Run, rank: Role::Viewer },
    Nav { label: "Health", path: "/console/health", icon: "shield", group: NavGroup::Run, rank: Role::Viewer },
    Nav { label: "Projects", path: "/projects", icon: "projects", group: NavGroup::Set, rank: Role::Viewer },
    Nav { label: "Settings", path: "/console/settings", icon: "settings", group: NavGroup::Set, rank: Role::Admin },
    Nav { label: "Members", path: "/console/members", icon: "members", group: NavGroup::Set, rank: Role::Admin },
    Nav { label: "API keys", path: "/console/keys", icon: "keys", group: NavGroup::Set, rank: Role::Admin },
    Nav { label: "Audit log", path: "/console/audit", icon: "audit", group: NavGroup::Set, rank: Role::Admin },
];

const KEEP: &[Keep] = &[
    Keep { what: "Finished deliveries and facts", days: jobs::KEEP_FINISHED_DAYS },
    Keep { what: "Audit log", days: jobs::KEEP_AUDITS_DAYS },
];

impl Capability for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        work.job(jobs::TIDY, jobs::tidy);
        work.cron(jobs::TIDY, "17 3 * * *");
        work.sender(mail::SENDER, mail::send);
    }

    fn nav(&self) -> &'static [Nav] {
        NAV
    }

    /// Projects by name; the pages and settings are found by the search itself.
    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        routes::search_projects(r, query)
    }

    fn gauges(&self, _: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        health::gauges(r)
    }

    fn keep(&self) -> &'static [Keep] {
        KEEP
    }

    fn apply(&self) -> &'static [&'static dyn Apply] {
        &[&apply::projects::Projects]
    }

    fn diagnose(&self, r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        health::diagnose(r)
    }
}

#[cfg(test)]
mod tests;
