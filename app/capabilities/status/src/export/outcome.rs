//! What became of the last export, and when the next try is due. Pure.

use super::{Exported, Place};
use kernel::time::HOUR;
use kernel::{Result, Time};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    pub place: String,
    pub tried_at: Time,
    /// The last one that went well.
    pub done_at: Option<Time>,
    pub files: i64,
    /// Of the last one that changed something.
    pub changed: i64,
    pub bytes: i64,
    pub removed: i64,
    pub is_news: bool,
    pub failing_since: Option<Time>,
    /// One sentence; empty while all is well.
    pub failure: String,
}

impl Outcome {
    /// `before` is of the same place.
    pub fn after(before: Option<Outcome>, place: &Place, done: &Result<Exported>, now: Time) -> Outcome {
        let before = before.unwrap_or_else(|| Outcome { place: place.address.clone(), ..Outcome::default() });
        match done {
            Err(error) => Outcome {
                tried_at: now,
                is_news: false,
                failing_since: Some(before.failing_since.unwrap_or(now)),
                failure: error.message().to_owned(),
                ..before
            },
            Ok(done) => {
                let well = Outcome { tried_at: now, done_at: Some(now), failing_since: None, failure: String::new(), ..before };
                let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
                let well = Outcome { files: count(done.files), is_news: done.is_news, ..well };
                match done.changed + done.removed {
                    0 => well,
                    _ => Outcome { changed: count(done.changed), bytes: count(done.bytes), removed: count(done.removed), ..well },
                }
            }
        }
    }

    /// A quiet minute is not: each write of the database goes to its own replicas, too.
    pub fn is_worth_keeping(&self, kept: Option<&Outcome>) -> bool {
        let Some(kept) = kept else { return true };
        let is_other = (&kept.place, kept.failing_since, &kept.failure) != (&self.place, self.failing_since, &self.failure);
        is_other || self.is_news || (self.failing_since.is_none() && kept.done_at.is_none_or(|at| at + HOUR <= self.tried_at))
    }
}

/// 15 seconds, twice that after each further failure, at most ten minutes.
pub fn wait_after(failures: u32) -> Duration {
    Duration::from_secs(15 << failures.saturating_sub(1).min(6)).min(Duration::from_secs(600))
}
