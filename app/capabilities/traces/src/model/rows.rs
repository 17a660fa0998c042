//! Rows as they are worked out, before they are written: names, cells' keys, roots, flushes, vitals that wait.

use kernel::ids::ProjectId;
use kernel::{Time, ids};

use super::family::Family;
use super::span::{SpanId, TraceId};
use super::vital::Vital;

/// Names of one family that one project may have in a day; the rest is counted as [`OTHER`].
pub const MAX_NAMES: usize = 500;
/// Environments of one project.
pub const MAX_ENVIRONMENTS: usize = 50;
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

    pub fn other(&self) -> Name {
        Name { name: OTHER.to_owned(), ..self.clone() }
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
    pub family: Family,
    pub trace: Option<TraceId>,
    pub span: Option<SpanId>,
    pub at: Time,
    pub micros: u64,
    pub is_failed: bool,
}

/// A trace has spans in this item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlushRow {
    pub received_at: Time,
    pub trace: TraceId,
    pub item: i64,
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
