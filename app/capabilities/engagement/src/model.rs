//! What actions mean: days, actives, retention, funnels, visits, bands. Pure: no SQL, no clock.

mod day;
mod survey;
mod when;

pub use day::*;
pub use survey::*;
pub use when::*;
