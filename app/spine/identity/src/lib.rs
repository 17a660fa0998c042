//! Who is who: members and their roles, signed-in browsers, second factors, API keys, one-time links, the audit log.
//!
//! - [`model`]: [`Member`](model::Member), [`Login`](model::Login), [`ApiKey`](model::ApiKey), [`Audit`](model::Audit); rules of passwords and roles
//! - [`password`]: argon2id, one at a time; [`totp`]: codes of an authenticator app, each good once
//! - [`sign_in`]: password, then code, then a login; [`gate`]: who a request comes from; [`store`]: SQL
//! - [`audit`]: one row per act, in the act's transaction

pub mod gate;
pub mod model;
pub mod password;
pub mod sign_in;
pub mod store;
pub mod totp;

pub use gate::{LoginCookie, MemberGate};
pub use store::audit;

use db::Migration;

pub const MIGRATIONS: &[Migration] = &[Migration { number: 1, name: "members", sql: include_str!("../migrations/0001_members.sql") }];

/// The topic of the pages about people and keys.
pub const TOPIC: db::Signal = "identity";

#[cfg(test)]
mod tests;
