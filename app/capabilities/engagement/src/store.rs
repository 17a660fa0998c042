//! SQL of actions (telemetry.db) and of what they add up to (hermetic.db).

mod actions;
mod days;
mod names;
mod people;
mod read;
mod sets;
mod surveys;
mod visits;

pub use actions::*;
pub use days::*;
pub use names::*;
pub use people::*;
pub use read::*;
pub use sets::*;
pub use surveys::*;
pub use visits::*;
