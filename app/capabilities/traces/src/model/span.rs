//! [`Span`]: something a program did, with its beginning and its end, whichever way it was reported.

use kernel::Time;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;

use super::family::Family;
use super::vital::Vital;

/// 128 bits, written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub [u8; 16]);

impl TraceId {
    /// No span has it, and nobody can ask for it.
    pub const NONE: TraceId = TraceId([0; 16]);

    /// With or without dashes; all zeros is no id.
    pub fn parse(text: &str) -> Option<TraceId> {
        ingest::EventId::parse(text).map(|id| TraceId(id.0))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ingest::EventId(self.0).fmt(f)
    }
}

/// 64 bits, written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub u64);

impl SpanId {
    /// All zeros is no id.
    pub fn parse(text: &str) -> Option<SpanId> {
        let text = text.trim();
        let is_plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = if is_plain { u64::from_str_radix(text, 16).ok()? } else { return None };
        (id != 0).then_some(SpanId(id))
    }

    /// As SQLite stores it.
    pub fn stored(self) -> i64 {
        i64::from_be_bytes(self.0.to_be_bytes())
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What is worked with; everything else an SDK says stays in `raw` until somebody looks at it.
#[derive(Debug, Clone)]
pub struct Span<'a> {
    /// `None` where the SDK gave none that can be read: it is counted, and belongs to no trace.
    pub trace: Option<TraceId>,
    pub id: Option<SpanId>,
    pub parent: Option<SpanId>,
    /// The outermost of one program: Sentry calls it a segment, and a transaction before span v2.
    pub is_root: bool,
    /// The root it belongs to, where it says so.
    pub root: Option<SpanId>,
    pub root_name: &'a str,
    /// Of the operation: an endpoint, a statement, a function.
    pub name: &'a str,
    pub op: &'a str,
    /// Where the name of a root comes from: `route`, `url`, `custom`, ….
    pub source: &'a str,
    pub method: &'a str,
    /// The path of the address, as asked for.
    pub path: &'a str,
    pub code: Option<u16>,
    /// As the SDK says it: `ok`, `internal_error`, ….
    pub outcome: &'a str,
    pub is_failed: bool,
    /// Microseconds since 1970; `None` where none was given.
    pub start: Option<i64>,
    /// Microseconds.
    pub micros: u64,
    /// The statement, for spans of databases.
    pub query: &'a str,
    pub system: &'a str,
    pub release: &'a str,
    pub environment: &'a str,
    pub user: &'a str,
    pub sdk: &'a str,
    pub sample_rate: Option<f64>,
    pub vitals: Vec<(Vital, f64)>,
    pub raw: Raw<'a>,
}

/// Where the attributes of a span stand.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'a> {
    /// Of span v2: `{"key": {"value", "type"}}`.
    Typed(&'a Value),
    /// Of older spans, and of transactions: `data` as it is.
    Plain(&'a Value),
    None,
}

impl Span<'_> {
    pub fn family(&self) -> Family {
        Family::of_root(self.op)
    }

    pub fn is_query(&self) -> bool {
        !self.query.is_empty()
    }

    /// 1 where every one is sent, 10 where every tenth is: what it stands for.
    pub fn weight(&self) -> f64 {
        self.sample_rate.map_or(1.0, |rate| 1.0 / rate)
    }

    pub fn end(&self) -> Option<i64> {
        self.start.map(|start| start.saturating_add_unsigned(self.micros))
    }
}

/// Spans of one item by their ids.
pub type ById<'s, 'a> = HashMap<SpanId, &'s Span<'a>>;

pub fn by_id<'s, 'a>(spans: &'s [Span<'a>]) -> ById<'s, 'a> {
    spans.iter().filter_map(|span| Some((span.id?, span))).collect()
}

/// The root a span belongs to, if it stands in the same item: as the span says, or by the parents of its parents (OpenTelemetry says
/// nothing). Programs nest less deep than this; what goes round in circles ends here, too.
pub fn root_of<'s, 'a>(span: &Span<'_>, by_id: &ById<'s, 'a>) -> Option<&'s Span<'a>> {
    const DEEPEST: usize = 64;
    if let Some(root) = span.root.and_then(|id| by_id.get(&id)).filter(|root| root.is_root) {
        return Some(*root);
    }
    let mut next = span.parent;
    for _ in 0..DEEPEST {
        let above = by_id.get(&next?)?;
        if above.is_root {
            return Some(*above);
        }
        next = above.parent;
    }
    None
}

/// A share above nothing and up to all; anything else is no rate.
pub fn checked_rate(rate: f64) -> Option<f64> {
    (rate.is_finite() && rate > 0.000_001 && rate <= 1.0).then_some(rate)
}

/// Microseconds as the house's milliseconds.
pub fn time_of(micros: i64) -> Time {
    Time(micros.div_euclid(1_000))
}
