//! Errors: what went wrong in the founder's programs, grouped into issues that open, are resolved and come back.

pub mod model;
pub mod pages;
pub mod routes;
pub mod store;

use capability::{Capability, Nav, NavGroup, Routes};
use kernel::Role;

pub struct Errors;

impl Capability for Errors {
    fn name(&self) -> &'static str {
        "errors"
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn nav(&self) -> &'static [Nav] {
        &[Nav { label: "Errors", path: "/errors", icon: "errors", group: NavGroup::Watch, rank: Role::Viewer }]
    }
}

#[cfg(test)]
mod tests;
