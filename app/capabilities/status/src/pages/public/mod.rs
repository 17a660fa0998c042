//! The public pages: one request each, no script, readable without colours, on a telephone and by ear.

pub mod bars;
pub mod chart;
pub mod document;
pub mod follow;
pub mod history;
pub mod index;
pub mod parts;
pub mod prose;

pub use document::{Place, Rendered};
