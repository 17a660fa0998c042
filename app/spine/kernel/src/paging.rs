//! Lists come in pages by key, never by offset: the last page of a million rows costs what the first one does.

use serde::{Deserialize, Serialize};

/// What a list is asked for: `before` is the [`Page::next`] of the page above.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct PageRequest {
    #[serde(default)]
    pub before: Option<i64>,
    #[serde(default)]
    pub limit: Option<u32>,
}

impl PageRequest {
    pub const DEFAULT: u32 = 50;
    pub const MAX: u32 = 200;

    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(Self::DEFAULT).clamp(1, Self::MAX)
    }

    /// The key below which rows are wanted; the top of the list when none was given.
    pub fn before(&self) -> i64 {
        self.before.unwrap_or(i64::MAX)
    }
}

/// Rows of a page and the key to ask for the next one with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<i64>,
}

impl<T> Page<T> {
    /// Ask the store for `limit + 1` rows; the one too many only tells that there is a next page.
    pub fn from_rows(mut rows: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> i64) -> Self {
        let limit = request.limit() as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { rows, next }
    }
}
