//! Releases: how healthy each version is (sessions, crashes, adoption), its deploys, and the source maps that belong to it.

pub mod model;
pub mod pages;
pub mod routes;
pub mod store;

use capability::{Capability, Nav, NavGroup, Routes};
use kernel::Role;

pub struct Releases;

impl Capability for Releases {
    fn name(&self) -> &'static str {
        "releases"
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn nav(&self) -> &'static [Nav] {
        &[Nav { label: "Releases", path: "/releases", icon: "releases", group: NavGroup::Watch, rank: Role::Viewer }]
    }
}

#[cfg(test)]
mod tests;
