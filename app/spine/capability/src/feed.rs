//! Conditions of watched things, for the status page: what it was when, and how fast it answered.

use db::Reader;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};

/// Something whose condition can stand on the status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSource {
    /// The capability's word and its id: `uptime:12`.
    pub key: String,
    pub name: String,
    pub kind: String,
}

/// Better first; the worst of several is their maximum, with `NoData` and `Maintenance` handled by whoever combines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Operational,
    Degraded,
    Down,
    Maintenance,
    NoData,
}

/// From (inclusive) to (exclusive) in one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub from: Time,
    pub to: Time,
    pub condition: Condition,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ResponsePoint {
    /// The start of the hour it sums up.
    pub at: Time,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub samples: u64,
}

pub trait Feed: Sync {
    fn sources(&self, r: &Reader<'_>) -> Result<Vec<FeedSource>>;

    /// The condition of every source now.
    fn conditions(&self, r: &Reader<'_>) -> Result<Vec<(String, Condition)>>;

    /// Contiguous stretches from `from` to `to`; what was not observed is `NoData`.
    fn history(&self, r: &Reader<'_>, key: &str, from: Time, to: Time) -> Result<Vec<Stretch>>;

    fn response_times(&self, r: &Reader<'_>, key: &str, from: Time, to: Time) -> Result<Vec<ResponsePoint>>;
}
