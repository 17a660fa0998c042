//! How a long recording is cut: a player asks for one part after the other.

use kernel::Time;
use serde::Serialize;
use std::fmt;

use crate::store::FiledSegment;

/// What a player asks for first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timeline {
    /// Milliseconds since 1970, by the clock of the browser: everything else counts from here.
    pub started_at: i64,
    pub duration_ms: i64,
    /// How many have arrived.
    pub segments: usize,
    pub parts: Vec<Part>,
}

/// Some segments that are fetched together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    pub name: Name,
    /// From the start of the replay.
    pub from_ms: i64,
    pub to_ms: i64,
    /// Of its JSON.
    pub bytes: u64,
    /// Whether a whole page is in it, with which a player can begin.
    pub snapshot: bool,
    /// Where its segments lie packed together.
    #[serde(skip)]
    chunk: Option<i64>,
}

/// The numbers of a part's first and last segment, such as `12-40`: right whether they lie alone or were packed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Name {
    pub first: u32,
    pub last: u32,
}

impl Name {
    pub fn parse(text: &str) -> Option<Name> {
        let (first, last) = text.split_once('-')?;
        Some(Name { first: first.parse().ok()?, last: last.parse().ok()? })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.to_string()
    }
}

/// The parts of some segments, which come in the order of their numbers. Parts come in the order of their times.
pub fn parts(segments: &[FiledSegment], started_at: Time) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    for segment in segments {
        match all.last_mut() {
            Some(part) if part.takes(segment) => part.add(segment, started_at),
            _ => all.push(Part::of(segment, started_at)),
        }
    }
    all.sort_by_key(|part| part.from_ms);
    all
}

impl Part {
    fn of(segment: &FiledSegment, started_at: Time) -> Part {
        Part {
            name: Name { first: segment.segment, last: segment.segment },
            from_ms: segment.from.0 - started_at.0,
            to_ms: segment.to.0 - started_at.0,
            bytes: segment.raw_bytes,
            snapshot: segment.has_snapshot,
            chunk: segment.chunk,
        }
    }

    fn takes(&self, segment: &FiledSegment) -> bool {
        match segment.chunk {
            Some(_) => self.chunk == segment.chunk,
            None => self.chunk.is_none() && !is_full(self.bytes, segment, LOOSE),
        }
    }

    fn add(&mut self, segment: &FiledSegment, started_at: Time) {
        self.name.last = segment.segment;
        (self.from_ms, self.to_ms) = (self.from_ms.min(segment.from.0 - started_at.0), self.to_ms.max(segment.to.0 - started_at.0));
        self.bytes += segment.raw_bytes;
        self.snapshot |= segment.has_snapshot;
    }
}

/// How much JSON goes together.
#[derive(Debug, Clone, Copy)]
struct Measure {
    most: u64,
    /// From here on a page of its own begins anew, so that a player can begin there.
    enough: u64,
}

/// What is packed: the more lies together, the more of it repeats.
const CHUNK: Measure = Measure { most: 1 << 20, enough: 256 << 10 };
/// What is fetched of segments that lie alone: an SDK sends one each five seconds, of a few kilobytes; to begin late in a recording they
/// are all needed from its last page on, and 240 requests took 2 s.
const LOOSE: Measure = Measure { most: 256 << 10, enough: 64 << 10 };

fn is_full(bytes: u64, next: &FiledSegment, measure: Measure) -> bool {
    bytes + next.raw_bytes > measure.most || (next.has_snapshot && bytes > measure.enough)
}

/// No name asks for more: twice a chunk, since segments that were late may have come between; or one segment, however large.
pub fn is_a_part(segments: &[FiledSegment]) -> bool {
    let bytes: u64 = segments.iter().map(|segment| segment.raw_bytes).sum();
    segments.len() == 1 || (!segments.is_empty() && bytes <= 2 * CHUNK.most)
}

/// Which segments are packed together: runs in the order of their numbers.
pub fn runs(segments: Vec<FiledSegment>) -> Vec<Vec<FiledSegment>> {
    let mut runs: Vec<Vec<FiledSegment>> = Vec::new();
    let mut bytes = 0;
    for segment in segments {
        match runs.last_mut() {
            Some(run) if !is_full(bytes, &segment, CHUNK) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u32, kilobytes: u64) -> FiledSegment {
        let (from, to) = (Time(1_000 + i64::from(number) * 5_000), Time(1_000 + i64::from(number) * 5_000 + 4_900));
        FiledSegment {
            id: 100 + i64::from(number),
            segment: number,
            item: Some(1),
            chunk: None,
            received_at: to,
            from,
            to,
            has_snapshot: false,
            page: String::new(),
            raw_bytes: kilobytes << 10,
            bytes: 0,
        }
    }

    fn names(segments: &[FiledSegment]) -> Vec<String> {
        parts(segments, Time(1_000)).into_iter().map(|part| part.name.to_string()).collect()
    }

    #[test]
    fn small_segments_go_together_and_a_page_begins_anew_where_there_is_enough() {
        let mut segments: Vec<FiledSegment> = (0..100).map(|number| segment(number, 4)).collect();
        assert_eq!(names(&segments), ["0-63", "64-99"], "256 kB each");
        segments[10].has_snapshot = true;
        segments[50].has_snapshot = true;
        assert_eq!(names(&segments), ["0-49", "50-99"], "40 kB are not enough for a part of their own");
        let whole = &parts(&segments, Time(1_000))[1];
        assert_eq!((whole.from_ms, whole.to_ms, whole.bytes, whole.snapshot), (250_000, 499_900, 200 << 10, true));
        segments[20] = segment(20, 9_000);
        assert_eq!(names(&segments)[..3], ["0-19", "20-20", "21-49"], "what is large goes alone");
    }

    #[test]
    fn what_is_packed_together_is_one_part_and_what_came_late_stands_between() {
        let mut segments: Vec<FiledSegment> = (0..8).map(|number| segment(number, 4)).collect();
        for (number, chunk) in [(0, 1), (1, 1), (2, 2), (3, 1), (4, 3)] {
            segments[number].chunk = Some(chunk);
        }
        segments.remove(5);
        assert_eq!(names(&segments), ["0-1", "2-2", "3-3", "4-4", "6-7"]);
    }

    #[test]
    fn a_name_asks_for_no_more_than_a_part() {
        assert_eq!(Name::parse("12-40"), Some(Name { first: 12, last: 40 }));
        for wrong in ["", "12", "-1-3", "1-", "a-b", "1-99999999999"] {
            assert_eq!(Name::parse(wrong), None, "{wrong}");
        }
        let many: Vec<FiledSegment> = (0..3).map(|number| segment(number, 700)).collect();
        assert!(is_a_part(&many[..2]) && !is_a_part(&many) && !is_a_part(&[]) && is_a_part(&[segment(0, 30_000)]));
    }
}
