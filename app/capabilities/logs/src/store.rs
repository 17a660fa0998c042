//! SQL of the lines (telemetry.db) and of their hours' counts (hermetic.db).

mod hours;
mod lines;

pub use hours::*;
pub use lines::*;
