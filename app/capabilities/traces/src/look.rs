//! What pages and the API show, read from the rollups and the log: plain data.
//!
//! - [`scope`]: what was asked for: project, environment, release, window
//! - [`overview`]: names beside each other; [`detail`]: one name; [`trace`]: one trace

pub mod detail;
pub mod overview;
pub mod scope;
pub mod trace;
