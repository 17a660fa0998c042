//! [`Cell`]: what one bucket of a rollup holds. Cells merge exactly, so that minutes become hours and hours become days.

use super::sketch::{ALPHA, Sketch, float};
use super::span::TraceId;
use super::vital::{Rating, Vital};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    pub n: u64,
    pub failed: u64,
    /// Microseconds, or millionths for CLS.
    pub sum: u64,
    /// Within T; of vitals: good.
    pub satisfied: u64,
    /// Within 4 T; of vitals: needs improvement.
    pub tolerating: u64,
    /// What `n` stands for where not everything is sent: the sum of 1 / sample rate.
    pub weight: f64,
    pub sketch: Sketch,
    pub slowest: Example,
    pub failure: Example,
}

/// A trace that shows it; none where `trace` is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Example {
    pub micros: u64,
    pub trace: Option<TraceId>,
}

/// A cell as it is stored: its sketch is not read into memory of its own before it is added to another.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    pub n: u64,
    pub failed: u64,
    pub sum: u64,
    pub satisfied: u64,
    pub tolerating: u64,
    pub weight: f64,
    pub sketch: &'a [u8],
    pub slowest: Example,
    pub failure: Example,
}

impl Stored<'_> {
    pub fn add_to(&self, cell: &mut Cell) {
        cell.n += self.n;
        cell.failed += self.failed;
        cell.sum = cell.sum.saturating_add(self.sum);
        cell.satisfied += self.satisfied;
        cell.tolerating += self.tolerating;
        cell.weight += self.weight;
        cell.sketch.add_encoded(self.sketch);
        cell.slowest = slower(cell.slowest, self.slowest);
        cell.failure = newer(cell.failure, self.failure);
    }
}

impl Cell {
    pub fn add(&mut self, micros: u64, weight: f64, is_failed: bool, trace: Option<TraceId>) {
        self.n += 1;
        self.failed += u64::from(is_failed);
        self.sum = self.sum.saturating_add(micros);
        self.weight += weight;
        self.sketch.add(micros);
        let example = Example { micros, trace };
        self.slowest = slower(self.slowest, example);
        if is_failed {
            self.failure = newer(self.failure, example);
        }
    }

    /// Apdex: within `t` everybody is content, within four times that one bears it.
    pub fn add_patience(&mut self, micros: u64, t: u64) {
        self.satisfied += u64::from(micros <= t);
        self.tolerating += u64::from(micros > t && micros <= t.saturating_mul(4));
    }

    pub fn add_rating(&mut self, vital: Vital, value: f64) {
        let rating = vital.rate(value);
        self.satisfied += u64::from(rating == Rating::Good);
        self.tolerating += u64::from(rating == Rating::NeedsImprovement);
    }

    pub fn merge(&mut self, other: &Cell) {
        self.n += other.n;
        self.failed += other.failed;
        self.sum = self.sum.saturating_add(other.sum);
        self.satisfied += other.satisfied;
        self.tolerating += other.tolerating;
        self.weight += other.weight;
        self.sketch.merge(&other.sketch);
        self.slowest = slower(self.slowest, other.slowest);
        self.failure = newer(self.failure, other.failure);
    }

    /// In microseconds, or millionths for CLS.
    pub fn quantile(&self, q: f64) -> f64 {
        self.sketch.quantile(q).unwrap_or(0.0)
    }

    /// Microseconds of the slowest: exactly where a trace shows it, within 2 % where the slowest of all belongs to no trace.
    pub fn longest(&self) -> f64 {
        let (shown, most) = (float(self.slowest.micros), self.quantile(1.0));
        if self.slowest.trace.is_some() && most <= shown * (1.0 + 2.0 * ALPHA) { shown } else { most }
    }

    pub fn failed_percent(&self) -> f64 {
        share(self.failed, self.n) * 100.0
    }

    /// From 0 (everybody waits) to 1.
    pub fn apdex(&self) -> f64 {
        if self.n == 0 { 0.0 } else { (float(self.satisfied) + float(self.tolerating) / 2.0) / float(self.n) }
    }

    /// Microseconds all of them took, with those that were not sent.
    pub fn whole_time(&self) -> f64 {
        if self.n == 0 { 0.0 } else { float(self.sum) * self.weight / float(self.n) }
    }

    /// Not everything is sent: what is counted stands for more.
    pub fn is_sampled(&self) -> bool {
        self.weight > float(self.n) * 1.001
    }
}

pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

fn slower(one: Example, other: Example) -> Example {
    let is_better = other.trace.is_some() && (one.trace.is_none() || (other.micros, other.trace) > (one.micros, one.trace));
    if is_better { other } else { one }
}

/// Cells are merged in the order of time; where they are not, any failure is as good.
fn newer(one: Example, other: Example) -> Example {
    if other.trace.is_some() { other } else { one }
}
