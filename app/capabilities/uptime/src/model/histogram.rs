//! A latency histogram that merges: fixed logarithmic buckets, so that hours add up to days and months without losing the
//! percentiles. Every quantile is within 2 % of the true value.
//!
//! Nouns: [`Histogram`].

use super::varint;

/// Neighbouring bucket borders differ by this factor: (1 + 0.02) / (1 − 0.02) bounds the relative error by 2 %.
const GROWTH: f64 = 1.02 / 0.98;

/// Counts of durations in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// (bucket, count), sorted by bucket, counts never 0.
    buckets: Vec<(u16, u64)>,
}

impl Histogram {
    pub fn add(&mut self, micros: u64) {
        self.add_to(bucket_of(micros), 1);
    }

    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, count) in &other.buckets {
            self.add_to(*bucket, *count);
        }
    }

    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The value below or at which `fraction` (0..=1) of all durations lie, in microseconds.
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        let total = self.count();
        if total == 0 {
            return None;
        }
        let rank = (fraction.clamp(0.0, 1.0) * (total - 1) as f64).floor() as u64;
        let mut seen = 0u64;
        for (bucket, count) in &self.buckets {
            seen = seen.saturating_add(*count);
            if seen > rank {
                return Some(middle_of(*bucket));
            }
        }
        self.buckets.last().map(|(bucket, _)| middle_of(*bucket))
    }

    pub fn quantile_ms(&self, fraction: f64) -> Option<f64> {
        self.quantile(fraction).map(|micros| micros / 1_000.0)
    }

    /// Pairs of (distance to the bucket before, count) as varints.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.buckets.len() * 2);
        let mut before = 0;
        for (bucket, count) in &self.buckets {
            varint::put(&mut out, u64::from(bucket - before));
            varint::put(&mut out, *count);
            before = *bucket;
        }
        out
    }

    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut histogram = Self::default();
        let mut bucket = 0u16;
        while !bytes.is_empty() {
            let step = u16::try_from(varint::take(&mut bytes)?).ok()?;
            let count = varint::take(&mut bytes)?;
            bucket = bucket.checked_add(step)?;
            if count > 0 {
                histogram.add_to(bucket, count);
            }
        }
        Some(histogram)
    }

    fn add_to(&mut self, bucket: u16, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(count),
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }
}

/// Bucket 0 is "no measurable time"; bucket n holds (GROWTH^(n−2), GROWTH^(n−1)].
fn bucket_of(micros: u64) -> u16 {
    if micros == 0 {
        return 0;
    }
    ((micros as f64).ln() / GROWTH.ln()).ceil() as u16 + 1
}

fn middle_of(bucket: u16) -> f64 {
    if bucket == 0 {
        return 0.0;
    }
    2.0 * GROWTH.powi(i32::from(bucket) - 1) / (GROWTH + 1.0)
}
