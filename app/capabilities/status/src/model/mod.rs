//! What the status page is about, as plain values and pure decisions: no SQL, no clock, no await.
//!
//! - [`component`]: what the public sees of the machinery, and how feeds and people decide its state
//! - [`report`]: public text about a problem and its updates; suggested drafts
//! - [`maintenance`]: announced windows and their course
//! - [`bars`]: days in the page's zone, uptime rounded down
//! - [`snapshot`]: everything a page shows, and nothing that must stay inside
//! - [`look`]: name, colour, language, zone of the page
//! - [`subscriber`]: who is told, and which updates are told together
//! - [`prose`]: the little markdown that reports may use

pub mod bars;
pub mod component;
pub mod look;
pub mod maintenance;
pub mod prose;
pub mod report;
pub mod snapshot;
pub mod subscriber;
mod words;

pub use bars::{Condition, Day, Stretch, Uptime};
pub use component::{ComponentState, FeedRule};
pub use look::{Language, Look};
pub use maintenance::{MaintenancePhase, MaintenanceView};
pub use report::{Effect, Impact, Phase, ReportView, UpdateView};
pub use snapshot::{Banner, ComponentView, SectionView, Snapshot};
