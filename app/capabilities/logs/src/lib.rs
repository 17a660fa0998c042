//! Logs: lines of the founder's programs, searchable, joined to errors and traces by trace id.

pub mod model;
pub mod pages;
pub mod routes;
pub mod store;

use capability::{Capability, Nav, NavGroup, Routes};
use kernel::Role;

pub struct Logs;

impl Capability for Logs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn nav(&self) -> &'static [Nav] {
        &[Nav { label: "Logs", path: "/logs", icon: "logs", group: NavGroup::Watch, rank: Role::Viewer }]
    }
}

#[cfg(test)]
mod tests;
