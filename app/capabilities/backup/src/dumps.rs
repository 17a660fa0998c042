//! Backups of the founder's own database: a command's output, compressed, encrypted, put where the copies go, and proven there.
//!
//! - [`model`]: what is decided, as plain functions; [`store`]: rows; [`acts`]: what people change; [`flat`]: a dump as JSON
//! - [`desk`]: the loop that keeps the schedule and says what is overdue; [`run`]: one run from its start to its verdict; [`mod@rotate`]: what goes after it
//! - [`child`]: the command; [`seal`]: compression and encryption, there and back; [`check`]: what is proven after the upload
//! - [`places`]: where dumps go; [`routes`], [`api`], [`pages`], [`apply`], [`feed`]: the doors

pub mod acts;
pub mod api;
pub mod apply;
pub mod check;
pub mod child;
pub mod desk;
pub mod feed;
pub mod flat;
pub mod model;
pub mod pages;
pub mod places;
pub mod rotate;
pub mod routes;
pub mod run;
pub mod seal;
pub mod store;

use capability::{Cx, Routes, Tasks};
use db::Migration;

/// Live pages about dumps, and what wakes the desk.
pub const TOPIC: db::Signal = "backup_dumps";

pub const MIGRATION: Migration = Migration { number: 2, name: "dumps", sql: include_str!("../migrations/0002_dumps.sql") };

pub fn mount(routes: &mut Routes) {
    routes::mount(routes);
    api::mount(routes);
}

pub fn start(cx: &Cx, tasks: &mut Tasks) {
    desk::start(cx, tasks);
}
