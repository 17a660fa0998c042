//! Errors: what went wrong in the founder's programs, grouped into issues that open, are resolved and come back.
//!
//! - [`normal`]: an event in one form, whatever the SDK sent; [`grouping`]: which events are one problem
//! - [`digest`]: what is made of reported items; [`acts`]: what people do about issues
//! - [`model`]: issues, their states and history; `store`: SQL

pub mod acts;
pub mod digest;
pub mod grouping;
mod jobs;
pub mod model;
pub mod normal;
pub mod pages;
pub mod routes;
mod settings;
pub mod store;

use capability::{Capability, Digest, Nav, NavGroup, Routes, Section, Work};
use db::Migration;
use kernel::Role;

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
        &[Nav { label: "Errors", path: "/errors", icon: "errors", group: NavGroup::Watch, rank: Role::Viewer }]
    }
}

#[cfg(test)]
mod tests;
