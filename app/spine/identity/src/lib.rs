//! Who is who: members and their roles, signed-in browsers, second factors, API keys, one-time links, the audit log; the projects whose
//! programs report here; and the people who use the founder's product.
//!
//! - [`model`]: [`Member`](model::Member), [`Login`](model::Login), [`ApiKey`](model::ApiKey), [`Audit`](model::Audit); rules of passwords and roles
//! - [`projects`]: [`Project`](projects::Project), its [`DsnKey`](projects::DsnKey)s, their rules
//! - [`contacts`]: [`Contact`](contacts::Contact)s of the product, their customers and handles; when two are one
//! - [`password`]: argon2id, one at a time; [`totp`]: codes of an authenticator app, each good once
//! - [`sign_in`]: password, then code, then a login; [`gate`]: who a request comes from; [`store`]: SQL
//! - [`audit`]: one row per act, in the act's transaction

pub mod contacts;
pub mod gate;
pub mod model;
pub mod password;
pub mod projects;
pub mod sign_in;
pub mod store;
pub mod totp;

pub use gate::{LoginCookie, MemberGate};
pub use store::audit;

use db::Migration;

pub const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "members", sql: include_str!("../migrations/0001_members.sql") },
    Migration { number: 2, name: "projects", sql: include_str!("../migrations/0002_projects.sql") },
    Migration { number: 3, name: "contacts", sql: include_str!("../migrations/0003_contacts.sql") },
];

/// Projects and their keys changed: whoever keeps them in memory reads them again.
pub const PROJECTS_TOPIC: db::Signal = "identity_projects";
/// The topic of the pages about people and keys.
pub const TOPIC: db::Signal = "identity";

#[cfg(test)]
mod tests;
