//! Traces: how fast the founder's programs answer, where the time goes, and each single trace.

pub mod model;
pub mod pages;
pub mod routes;
pub mod store;

use capability::{Capability, Nav, NavGroup, Routes};
use kernel::Role;

pub struct Traces;

impl Capability for Traces {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn nav(&self) -> &'static [Nav] {
        &[Nav { label: "Traces", path: "/traces", icon: "traces", group: NavGroup::Watch, rank: Role::Viewer }]
    }
}

#[cfg(test)]
mod tests;
