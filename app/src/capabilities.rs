//! THE LIST: what this binary can do, in the order of the navigation. Adding or deleting a capability is its folder, one
//! line here and one dependency line in Cargo.toml.

use capability::{Capability, Registry};

static LIST: &[&dyn Capability] = &[
    &console::Console,
    &errors::Errors,
    &traces::Traces,
    &logs::Logs,
    &replay::Replay,
    &releases::Releases,
    &uptime::Uptime,
    &status::Status,
    &alerts::Alerts,
    &engagement::Engagement,
    &backup::Backup,
];

pub const REGISTRY: Registry = Registry(LIST);
