//! SQL of traces, in both files.
//!
//! - [`names`]: what is counted; [`rollups`]: counts by minute, hour and day; [`waiting`]: vitals without their page;
//!   [`pools`]: connections to databases; all in hermetic.db
//! - [`roots`]: what leads to the items of the log, in telemetry.db; [`retention`]: what of it goes, and what stays as an example

pub mod names;
pub mod pools;
pub mod retention;
pub mod rollups;
pub mod roots;
pub mod waiting;
