//! Types and decisions. Pure.
//!
//! - [`Issue`], [`Level`], [`Priority`]: what a problem is
//! - [`State`], [`Resolved`], [`Ignored`], [`Seen`]: its states, and what an event does to them
//! - [`Act`], [`ActKind`]: its history; [`Feedback`], [`Link`]: what people added
//! - [`spike`]: far more events than usual; [`relevance`]: which events tell most

mod history;
mod issue;
pub mod relevance;
pub mod spike;
pub mod state;

pub use history::{Act, ActKind, Feedback, Link, LinkKind};
pub use issue::{Issue, IssueHash, Level, Priority, PriorityFacts, ReleaseCount, Stored, TagValue, title};
pub use state::{Ignored, Resolved, Seen, State, Wake};
