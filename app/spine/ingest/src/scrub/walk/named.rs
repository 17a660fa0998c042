//! `{"name": "password", "value": "…"}`: what the fields of an object say of each other, in any order.

use std::ops::Range;

use crate::scrub::keys::Verdict;

/// What is known of an object once its fields are read.
#[derive(Default)]
pub struct Named {
    pub verdict: Option<Verdict>,
    pub value_at: Option<(usize, usize)>,
    /// Which of the edits are inside of it.
    pub value_edits: Range<usize>,
    pub type_at: Option<(usize, usize)>,
    /// The value of a typed attribute went.
    pub is_gone: bool,
}
