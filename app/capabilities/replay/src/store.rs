//! SQL of replays (hermetic.db) and of their segments and chunks (telemetry.db).

mod acts;
mod doctor;
mod find;
mod replays;
mod segments;

pub use acts::*;
pub use doctor::*;
pub use find::*;
pub use replays::*;
pub use segments::*;
