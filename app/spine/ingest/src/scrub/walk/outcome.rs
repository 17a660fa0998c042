//! What a walk found: ranges of the text to replace, and why.

use std::borrow::Cow;

/// A range of the text and what comes in its place.
#[derive(Debug)]
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub text: Cow<'static, str>,
}

/// Why the value at a path changed.
#[derive(Debug)]
pub struct Note {
    pub path: Vec<String>,
    pub remarks: Vec<Remark>,
    /// The length before, where only parts were replaced.
    pub original_len: Option<usize>,
}

#[derive(Debug)]
pub struct Remark {
    pub rule: &'static str,
    /// Bytes of the new text; `None`: the whole value is gone.
    pub range: Option<(usize, usize)>,
}

#[derive(Debug, Default)]
pub struct Outcome {
    pub edits: Vec<Edit>,
    pub notes: Vec<Note>,
    /// Where the value of the payload's own `_meta` lies.
    pub meta: Option<(usize, usize)>,
    /// Where the payload's closing brace lies; `None`: it is no object.
    pub object_end: Option<usize>,
    pub is_empty_object: bool,
}
