//! What became of what is not kept, added up: in one request, and over all requests that cost no write of their own.
//!
//! A flood that is refused must not cost a write each. Its counts lie in memory and go into the table every few seconds.

use kernel::ids::ProjectId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::reason::Reason;
use crate::store::Outcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub category: &'static str,
    /// Dropped by us, or by the SDK before it was sent.
    pub is_ours: bool,
    pub reason: &'static str,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub quantity: u64,
    pub bytes: u64,
}

impl Line {
    pub fn outcome(&self) -> Outcome {
        if self.is_ours { Outcome::Dropped } else { Outcome::Discarded }
    }
}

/// Of one request: a handful of lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drops(Vec<(Line, Sum)>);

impl Drops {
    pub fn drop(&mut self, category: &'static str, reason: Reason, quantity: u64, bytes: usize) {
        self.add(Line { category, is_ours: true, reason: reason.as_str() }, Sum { quantity, bytes: bytes as u64 });
    }

    pub fn discarded(&mut self, category: &'static str, reason: &'static str, quantity: u64) {
        self.add(Line { category, is_ours: false, reason }, Sum { quantity, bytes: 0 });
    }

    fn add(&mut self, line: Line, sum: Sum) {
        match self.0.iter_mut().find(|(known, _)| *known == line) {
            Some((_, known)) => {
                known.quantity = known.quantity.saturating_add(sum.quantity);
                known.bytes = known.bytes.saturating_add(sum.bytes);
            }
            None => self.0.push((line, sum)),
        }
    }

    pub fn has(&self, reason: Reason) -> bool {
        self.0.iter().any(|(line, _)| line.is_ours && line.reason == reason.as_str())
    }

    /// Whether all that we dropped is of this category.
    pub fn is_all(&self, category: &str) -> bool {
        self.0.iter().filter(|(line, _)| line.is_ours).all(|(line, _)| line.category == category)
    }

    /// How many things we dropped.
    pub fn ours(&self) -> u64 {
        self.0.iter().filter(|(line, _)| line.is_ours).map(|(_, sum)| sum.quantity).fold(0, u64::saturating_add)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &(Line, Sum)> {
        self.0.iter()
    }
}

/// Over all requests. Bounded: projects that exist, a fixed set of words, and one line for those that do not.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<(ProjectId, Line), Sum>>);

/// Stands for no project: what came for one that does not exist.
pub const NO_PROJECT: ProjectId = ProjectId(0);

impl Tally {
    pub fn add(&self, project: ProjectId, drops: &Drops) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (line, sum) in drops.iter() {
            let known = sums.entry((project, *line)).or_default();
            known.quantity = known.quantity.saturating_add(sum.quantity);
            known.bytes = known.bytes.saturating_add(sum.bytes);
        }
    }

    /// Everything so far; it begins anew.
    pub fn take(&self) -> Vec<(ProjectId, Line, Sum)> {
        let sums = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        sums.into_iter().map(|((project, line), sum)| (project, line, sum)).collect()
    }

    /// Puts back what could not be stored.
    pub fn give_back(&self, sums: Vec<(ProjectId, Line, Sum)>) {
        for (project, line, sum) in sums {
            self.add(project, &Drops(vec![(line, sum)]));
        }
    }
}
