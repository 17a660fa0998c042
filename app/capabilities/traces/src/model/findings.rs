//! Findings: one statement again and again where one would do (N+1), and statements that take long. They become ordinary issues.

use ingest::{EventId, Item};
use kernel::ids;
use kernel::ids::ProjectId;
use kernel::{Time, time::HOUR};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

use super::batch::Seen;
use super::sketch::float;
use super::span::{Span, SpanId, TraceId};

/// This often the same statement under one parent is a pattern.
const REPEATS: usize = 5;
/// Findings of one item: a page that does everything wrong is told of by its worst.
const MAX_FOUND: usize = 10;

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Microseconds from which a statement is slow.
    pub slow: u64,
    /// Microseconds that repeated statements must take together to be worth an issue.
    pub repeated: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Repeated,
    Slow,
}

impl Flaw {
    pub fn title(self) -> &'static str {
        match self {
            Flaw::Repeated => "N+1 query",
            Flaw::Slow => "Slow query",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Flaw::Repeated => "n-plus-one",
            Flaw::Slow => "slow-query",
        }
    }
}

/// In one item, by its spans.
pub struct Found<'s, 'a> {
    pub flaw: Flaw,
    pub span: &'s Span<'a>,
    pub query: String,
    /// The statement before the repeated ones, whose rows they are asked for; empty for none.
    pub source: String,
    pub parent_op: String,
    pub count: usize,
    pub micros: u64,
}

/// Ready to be told: one for each flaw, place and hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub flaw: Flaw,
    pub project: ProjectId,
    pub event_id: EventId,
    pub fingerprint: Vec<String>,
    pub query: String,
    pub source: String,
    pub place: String,
    pub place_op: String,
    pub count: usize,
    pub micros: u64,
    pub trace: Option<TraceId>,
    pub span: Option<SpanId>,
    pub at: Time,
    pub environment: String,
    pub release: String,
    pub system: String,
}

/// Slow statements and repeated ones of an item, the longest first.
pub fn find<'s, 'a>(spans: &'s [Span<'a>], limits: &Limits, normal: &mut dyn FnMut(&Span<'a>) -> String) -> Vec<Found<'s, 'a>> {
    let mut families: BTreeMap<(Option<TraceId>, Option<SpanId>), Vec<&'s Span<'a>>> = BTreeMap::new();
    let mut found = Vec::new();
    for span in spans.iter().filter(|span| span.is_query()) {
        if span.micros >= limits.slow {
            found.push(slow(span, normal(span)));
        }
        families.entry((span.trace, span.parent)).or_default().push(span);
    }
    let ops: HashMap<(Option<TraceId>, SpanId), &str> = spans.iter().filter_map(|span| Some(((span.trace, span.id?), span.op))).collect();
    for ((trace, parent), mut queries) in families {
        // Roots have no parent in common.
        let Some(parent) = parent.filter(|_| queries.len() >= REPEATS) else { continue };
        queries.sort_by_key(|span| (span.start, span.id));
        let parent_op = ops.get(&(trace, parent)).copied().unwrap_or_default();
        found.extend(repeated(&queries, parent_op, limits, normal));
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.micros));
    found.truncate(MAX_FOUND);
    found
}

fn slow<'s, 'a>(span: &'s Span<'a>, query: String) -> Found<'s, 'a> {
    Found { flaw: Flaw::Slow, span, query, source: String::new(), parent_op: String::new(), count: 1, micros: span.micros }
}

/// The same statement five times or more, one after the other: what runs side by side was meant so.
fn repeated<'s, 'a>(
    queries: &[&'s Span<'a>],
    parent_op: &str,
    limits: &Limits,
    normal: &mut dyn FnMut(&Span<'a>) -> String,
) -> Vec<Found<'s, 'a>> {
    let texts: Vec<String> = queries.iter().map(|span| normal(span)).collect();
    let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, text) in texts.iter().enumerate().filter(|(_, text)| asks_for_rows(text)) {
        by_text.entry(text).or_default().push(at);
    }
    let mut found = Vec::new();
    for (query, same) in by_text {
        let Some(run) = longest_run(queries, &same) else { continue };
        let (first, micros) = (queries[run[0]], run.iter().map(|at| queries[*at].micros).sum());
        if run.len() < REPEATS || micros < limits.repeated {
            continue;
        }
        let is_source = |at: &usize| texts[*at] != query && queries[*at].end() <= first.start;
        let source = (0..run[0]).rev().find(is_source).map_or_else(String::new, |at| texts[at].clone());
        let (query, parent_op, count) = (query.to_owned(), parent_op.to_owned(), run.len());
        found.push(Found { flaw: Flaw::Repeated, span: first, query, source, parent_op, count, micros });
    }
    found
}

/// Where one statement could do for many. What holds transactions together, and the commands of a store of keys, cannot be said at once.
fn asks_for_rows(query: &str) -> bool {
    const WORDS: [&str; 14] = [
        "select",
        "insert",
        "update",
        "delete",
        "with",
        "merge",
        "replace",
        "upsert",
        "call",
        "exec",
        "execute",
        "find",
        "aggregate",
        "count",
    ];
    let first = query.split(|letter: char| !letter.is_ascii_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    WORDS.iter().any(|word| first.eq_ignore_ascii_case(word)) || query.starts_with('{')
}

/// The most spans of which none begins before the one before it has ended (give or take a millisecond of clock).
fn longest_run<'v>(queries: &[&Span<'_>], places: &'v [usize]) -> Option<&'v [usize]> {
    let follows = |one: &usize, next: &usize| queries[*next].start >= queries[*one].end().map(|end| end - 1_000);
    places.chunk_by(follows).max_by_key(|run| run.len())
}

impl Found<'_, '_> {
    pub fn into_finding(self, item: &Item, seen: &Seen, place: &str, place_op: &str) -> Finding {
        let mut fingerprint = vec![format!("traces.{}", self.flaw.word())];
        match self.flaw {
            Flaw::Slow => fingerprint.push(self.query.clone()),
            Flaw::Repeated => fingerprint.extend([self.parent_op, self.source.clone(), self.query.clone()]),
        }
        // One an hour for each fingerprint; the same again when the batch is digested again.
        let hour = item.received_at.hour_start().0 / i64::try_from(HOUR.as_millis()).unwrap_or(1);
        let seed = format!("{}\u{1f}{hour}\u{1f}{}", item.project, fingerprint.join("\u{1f}"));
        let mut id = [0_u8; 16];
        let digest = ids::digest(&seed);
        for (place, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digest.get(place * 2..place * 2 + 2).unwrap_or("0"), 16).unwrap_or(0);
        }
        Finding {
            flaw: self.flaw,
            project: item.project,
            event_id: EventId(id),
            fingerprint,
            query: self.query,
            source: self.source,
            place: place.to_owned(),
            place_op: place_op.to_owned(),
            count: self.count,
            micros: self.micros,
            trace: self.span.trace,
            span: self.span.parent.filter(|_| self.flaw == Flaw::Repeated).or(self.span.id),
            at: seen.at,
            environment: seen.environment.clone(),
            release: seen.release.clone(),
            system: super::text::one_line(self.span.system, 64),
        }
    }
}

impl Finding {
    /// As an SDK would report it, so that it becomes an issue like every other.
    pub fn event(&self) -> Value {
        let took = frontend::charts::Unit::Millis.write(float(self.micros) / 1_000.0);
        let place = if self.place.is_empty() { String::new() } else { format!(" in {}", self.place) };
        let value = match self.flaw {
            Flaw::Repeated => format!("{} times one after the other{place}, {took} together: {}", self.count, self.query),
            Flaw::Slow => format!("{took}{place}: {}", self.query),
        };
        let mut event = json!({
            "event_id": self.event_id.to_string(),
            "timestamp": self.at.rfc3339_millis(),
            "platform": "other",
            "level": "warning",
            "logger": "hermetic.traces",
            "transaction": self.place,
            "fingerprint": self.fingerprint,
            "exception": {"values": [{"type": self.flaw.title(), "value": value, "mechanism": {"type": "hermetic.traces", "handled": true}}]},
            "contexts": {"query": {
                "statement": self.query, "before": self.source, "count": self.count, "total_ms": float(self.micros) / 1_000.0,
                "system": self.system,
            }},
            "tags": {"finding": self.flaw.word(), "db.system": self.system},
            "sdk": {"name": "hermetic.traces", "version": "1"},
        });
        if let Some(trace) = self.trace {
            let span = self.span.map(|span| span.to_string()).unwrap_or_default();
            event["contexts"]["trace"] = json!({"trace_id": trace.to_string(), "span_id": span, "op": self.place_op});
        }
        for (name, text) in [("environment", &self.environment), ("release", &self.release)] {
            if !text.is_empty() {
                event[name] = json!(text);
            }
        }
        event
    }
}
