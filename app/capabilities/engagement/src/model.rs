//! What actions mean: days, actives, retention, funnels, visits, bands. Pure: no SQL, no clock.

mod active;
mod adoption;
mod daily;
mod day;
mod figure;
mod funnel;
mod heat;
mod lifecycle;
mod paged;
mod period;
mod power;
#[cfg(test)]
mod reference;
mod retention;
mod survey;
mod visit;
mod when;

pub use active::*;
pub use adoption::*;
pub use daily::*;
pub use day::*;
pub use figure::*;
pub use funnel::*;
pub use heat::*;
pub use lifecycle::*;
pub use period::*;
pub use power::*;
pub use retention::*;
pub use survey::*;
pub use visit::*;
pub use when::*;
