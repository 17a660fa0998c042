//! What actions mean: days, actives, lifecycle, retention, funnels, visits, surveys. Pure: no SQL, no clock.

mod active;
mod day;
mod funnel;
mod lifecycle;
mod range;
mod retention;
mod survey;
mod visit;
mod when;

pub use active::*;
pub use day::*;
pub use funnel::*;
pub use lifecycle::*;
pub use range::*;
pub use retention::*;
pub use survey::*;
pub use visit::*;
pub use when::*;
