//! Replays and what happened in them: types and pure decisions.
//!
//! - [`replay`]: one session as a whole; [`moment`]: what happened when; [`signals`]: what that says of the person's trouble
//! - [`recording`]: reading segments as SDKs record them; [`neutral`]: what of them may reach a browser
//! - [`doctor`]: why nothing is recorded, or too little
//! - [`search`]: what the list is asked for; [`parts`]: how a long recording is cut; [`told`]: what an SDK's report says

pub mod doctor;
pub mod moment;
pub mod neutral;
pub mod parts;
pub mod recording;
pub mod replay;
pub mod search;
pub mod signals;
pub mod told;

pub use moment::{Moment, What};
pub use parts::{Part, Timeline};
pub use replay::{Mode, Person, Pinned, Replay, Share, Signals, View};
pub use search::Search;
