//! How a long recording is cut: a player asks for one part after the other.

use kernel::Time;
use serde::Serialize;

use crate::store::FiledSegment;

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
    /// Whether a whole page is in it, with which a player can begin.
    pub snapshot: bool,
    pub page: String,
}

/// What a part is called: chunks are even, segments that lie alone are odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Chunk(i64),
    Segment(i64),
}

impl Name {
    pub fn of(n: i64) -> Name {
        if n % 2 == 0 { Name::Chunk(n / 2) } else { Name::Segment(n / 2) }
    }

    pub fn n(self) -> i64 {
        match self {
            Name::Chunk(id) => id * 2,
            Name::Segment(id) => id * 2 + 1,
        }
    }
}

/// The parts of some segments, which come in the order of their numbers. Parts come in the order of their times.
pub fn parts(segments: &[FiledSegment], started_at: Time) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    for segment in segments {
        let n = segment.chunk.map_or(Name::Segment(segment.id), Name::Chunk).n();
        let (from_ms, to_ms) = (segment.from.0 - started_at.0, segment.to.0 - started_at.0);
        match all.iter_mut().rev().find(|part| part.n == n) {
            Some(part) => {
                (part.from_ms, part.to_ms) = (part.from_ms.min(from_ms), part.to_ms.max(to_ms));
                part.bytes += segment.raw_bytes;
                part.snapshot |= segment.has_snapshot;
                if part.page.is_empty() {
                    part.page.clone_from(&segment.page);
                }
            }
            None => {
                all.push(Part { n, from_ms, to_ms, bytes: segment.raw_bytes, snapshot: segment.has_snapshot, page: segment.page.clone() })
            }
        }
    }
    all.sort_by_key(|part| part.from_ms);
    all
}

/// JSON of one chunk.
const CHUNK: u64 = 1 << 20;
/// From here on a page of its own begins a chunk of its own, so that a player can begin there.
const ENOUGH: u64 = 256 << 10;

/// Which segments are packed together: runs in the order of their numbers.
pub fn runs(segments: Vec<FiledSegment>) -> Vec<Vec<FiledSegment>> {
    let mut runs: Vec<Vec<FiledSegment>> = Vec::new();
    let mut bytes = 0;
    for segment in segments {
        let is_full = bytes + segment.raw_bytes > CHUNK || (segment.has_snapshot && bytes > ENOUGH);
        match runs.last_mut() {
            Some(run) if !is_full => {
                bytes += segment.raw_bytes;
                run.push(segment);
            }
            _ => {
                bytes = segment.raw_bytes;
                runs.push(vec![segment]);
            }
        }
    }
    runs
}
