//! How a long recording is cut: a player asks for one part after the other.

use serde::Serialize;

/// What a player asks for first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timeline {
    /// Milliseconds since 1970, by the clock of the browser: everything else counts from here.
    pub started_at: i64,
    pub duration_ms: i64,
    pub parts: Vec<Part>,
}

/// Some segments that are fetched together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its name: stable until more is packed together.
    pub n: i64,
    /// From the start of the replay.
    pub from_ms: i64,
    pub to_ms: i64,
    /// Of its JSON.
    pub bytes: u64,
    /// Whether a player can begin with it.
    pub snapshot: bool,
    pub page: String,
}
