//! Types and decisions. Pure.
//!
//! - [`artifact`]: uploaded files, how they are named, and what an upload may hold
//! - [`session`]: what SDKs say about sessions; [`health`]: what is computed from the counts; [`order`]: which release stands above which

pub mod artifact;
pub mod health;
pub mod order;
pub mod session;

pub use artifact::{ArtifactKind, Checksum, DebugId};
pub use health::{Counts, Users};
pub use session::{Ending, Observed};
