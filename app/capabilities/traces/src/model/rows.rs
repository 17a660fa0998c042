//! Rows as they are worked out, before they are written: names, cells' keys, roots, flushes, vitals that wait.

use ingest::Item;
use kernel::ids::ProjectId;
use kernel::{Time, ids};
use std::collections::BTreeSet;

use super::family::Family;
use super::findings::Finding;
use super::span::{Span, SpanId, TraceId};
use super::vital::Vital;

/// Names of one family that one project may have in a day; the rest is counted as [`OTHER`].
pub const MAX_NAMES: usize = 500;
/// Environments of one project.
pub const MAX_ENVIRONMENTS: usize = 50;
/// Root spans of one item that rows lead to; all of them are counted. SDKs and collectors send at most so many spans together.
pub const MAX_LEADS: usize = 1_000;
pub const OTHER: &str = "<other>";
/// Whose page load never came.
pub const UNKNOWN_PAGE: &str = "<unknown page>";

/// Made of what is named, so that a row of the log can carry it before the state knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NameId(pub i64);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    pub project: ProjectId,
    pub family: Family,
    pub name: String,
    /// The operation; of queries the database system, of vitals the vital.
    pub op: String,
}

impl Name {
    pub fn id(&self) -> NameId {
        let parts = [&self.project.to_string(), self.family.word(), &self.op, &self.name].join("\u{1f}");
        // 60 bits of SHA-256: two names of one instance meet once in a million years.
        NameId(i64::from_str_radix(&ids::digest(&parts)[..15], 16).unwrap_or_default())
    }

    /// What all that are too many are counted as: one name, whatever operations they make up. The vitals are told apart: there are five.
    pub fn other(&self) -> Name {
        let op = if self.family == Family::Vital { self.op.clone() } else { String::new() };
        Name { name: OTHER.to_owned(), op, ..self.clone() }
    }
}

/// What a cell is kept under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    pub family: Family,
    pub minute: Time,
    pub project: ProjectId,
    pub name: NameId,
    /// Of queries; 0 otherwise.
    pub caller: NameId,
    pub environment: String,
    pub release: String,
}

/// A root span, as telemetry.db remembers it.
#[derive(Debug, Clone, PartialEq)]
pub struct RootRow {
    pub item: i64,
    /// Among the spans of its item.
    pub position: i64,
    /// When its item was kept.
    pub received_at: Time,
    pub project: ProjectId,
    pub name: NameId,
    pub trace: Option<TraceId>,
    pub span: Option<SpanId>,
    pub at: Time,
    pub micros: u64,
    pub is_failed: bool,
}

impl RootRow {
    pub fn of(item: &Item, position: usize, span: &Span<'_>, name: NameId, at: Time) -> RootRow {
        RootRow {
            item: item.id,
            position: i64::try_from(position).unwrap_or(i64::MAX),
            received_at: item.received_at,
            project: item.project,
            name,
            trace: span.trace,
            span: span.id,
            at,
            micros: span.micros,
            is_failed: span.is_failed,
        }
    }
}

/// A trace has spans in this item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlushRow {
    pub received_at: Time,
    /// [`TraceId::NONE`] for an item of which no span names one: it is led to as well, so that it ages with the others.
    pub trace: TraceId,
    pub item: i64,
}

/// What of some items is written to telemetry.db: rows that lead to them, and what they give away.
#[derive(Debug, Default)]
pub struct Leads {
    pub roots: Vec<RootRow>,
    pub flushes: BTreeSet<FlushRow>,
    pub findings: Vec<Finding>,
}

impl Leads {
    pub fn len(&self) -> usize {
        self.roots.len() + self.flushes.len() + self.findings.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A vital whose page load is not in the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct LateVital {
    pub project: ProjectId,
    pub trace: TraceId,
    pub page: SpanId,
    pub vital: Vital,
    pub value: f64,
    pub weight: f64,
    pub at: Time,
    pub received_at: Time,
    pub environment: String,
    pub release: String,
}

/// A page load is known by the root span that it is.
pub type PageLoad = (ProjectId, TraceId, SpanId);
