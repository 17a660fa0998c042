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

/// Reasons kept in `_meta` of one payload, and bytes of the names that lead to them: everything beyond is scrubbed, too, but not
/// explained. A name can be as long as the payload, and stands in the path of everything inside of it.
const MAX_REMARKS: usize = 1_000;
const MAX_PATHS: usize = 128 << 10;

#[derive(Debug, Default)]
pub struct Outcome {
    pub edits: Vec<Edit>,
    /// Those that are told.
    pub notes: Vec<Note>,
    /// How many values lost something, told or not.
    pub redactions: usize,
    told: Told,
    /// Where the value of the payload's own `_meta` lies.
    pub meta: Option<(usize, usize)>,
    /// Where the payload's closing brace lies; `None`: it is no object.
    pub object_end: Option<usize>,
    pub is_empty_object: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Told {
    remarks: usize,
    path_bytes: usize,
}

/// Where an outcome stood before a value was read.
pub struct Mark {
    edits: usize,
    notes: usize,
    redactions: usize,
    told: Told,
}

impl Outcome {
    pub fn mark(&self) -> Mark {
        Mark { edits: self.edits.len(), notes: self.notes.len(), redactions: self.redactions, told: self.told }
    }

    /// As if nothing had been read since.
    pub fn back_to(&mut self, mark: &Mark) {
        self.edits.truncate(mark.edits);
        self.notes.truncate(mark.notes);
        (self.redactions, self.told) = (mark.redactions, mark.told);
    }

    /// How many more reasons are told of a value whose path has so many bytes. 0: it is only counted.
    pub fn room_for(&self, path_bytes: usize) -> usize {
        if self.told.path_bytes.saturating_add(path_bytes) > MAX_PATHS { 0 } else { MAX_REMARKS.saturating_sub(self.told.remarks) }
    }

    pub fn tell(&mut self, note: Note, path_bytes: usize) {
        self.told.remarks += note.remarks.len();
        self.told.path_bytes += path_bytes;
        self.notes.push(note);
    }
}
