//! When the disk counts as full, and when it has room again: [`Full`].

use capability::LOG_FLOOR;
use kernel::{Fact, Time};

use crate::pages::bytes;

/// So much must be free again: at the floor itself each observation would turn it over.
const ENOUGH: u64 = LOG_FLOOR / 4 * 5;

/// The disk has too little room for observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    pub since: Time,
    /// When that began.
    pub free_bytes: u64,
}

impl Full {
    pub fn sentence(&self) -> String {
        format!(
            "{} of the disk were free, less than {}: checks and other observations are not stored. What you do here still is.",
            bytes(self.free_bytes),
            bytes(LOG_FLOOR)
        )
    }
}

/// What is to be remembered now, and what that calls for telling.
pub fn judge(known: Option<Full>, free_bytes: u64, now: Time) -> (Option<Full>, Option<Fact>) {
    match known {
        None if free_bytes < LOG_FLOOR => {
            let full = Full { since: now, free_bytes };
            (Some(full), Some(Fact::DiskFull { free_bytes, since: now, detail: full.sentence() }))
        }
        Some(full) if free_bytes >= ENOUGH => (None, Some(Fact::DiskHasRoom { since: full.since, recovered_at: now })),
        known => (known, None),
    }
}
