//! [`Sketch`]: counts in logarithmic buckets. Quantiles are within 2 %; merging is exact and does not mind the order.

/// How far a quantile may be from the true one, as a share of it.
pub const ALPHA: f64 = 0.02;
/// Bucket `i` holds what lies above `GAMMA^(i-1)` and up to `GAMMA^i`.
const GAMMA: f64 = (1.0 + ALPHA) / (1.0 - ALPHA);
/// 115 days in microseconds: whatever claims to be longer counts as this.
const MAX: u64 = 10_000_000_000_000;
/// `MAX` lies in bucket 749. A stored index beyond this is damage.
const BUCKETS: u16 = 760;

/// Counts of whole numbers: microseconds, or millionths where the unit is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    zeros: u64,
    /// Index and count of what holds something, rising. Most sketches of a batch hold one value: room for all of them would be a waste.
    buckets: Vec<(u16, u64)>,
}

impl Sketch {
    pub fn add(&mut self, value: u64) {
        match value {
            0 => self.zeros += 1,
            _ => self.add_to(index(value), 1),
        }
    }

    fn add_to(&mut self, index: u16, count: u64) {
        if count == 0 {
            return;
        }
        match self.buckets.binary_search_by_key(&index, |(own, _)| *own) {
            Ok(place) => self.buckets[place].1 = self.buckets[place].1.saturating_add(count),
            Err(place) => self.buckets.insert(place, (index, count)),
        }
    }

    pub fn merge(&mut self, other: &Sketch) {
        self.zeros = self.zeros.saturating_add(other.zeros);
        let mut place = 0;
        for (index, count) in &other.buckets {
            self.add_rising(&mut place, *index, *count);
        }
    }

    /// Like [`Sketch::add_to`] for indexes that rise: goes on from `place`, where the last one was.
    fn add_rising(&mut self, place: &mut usize, index: u16, count: u64) {
        if count == 0 {
            return;
        }
        while self.buckets.get(*place).is_some_and(|(own, _)| *own < index) {
            *place += 1;
        }
        match self.buckets.get_mut(*place) {
            Some((own, held)) if *own == index => *held = held.saturating_add(count),
            _ => self.buckets.insert(*place, (index, count)),
        }
    }

    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(self.zeros, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The value below which the share `q` of all lies (nearest rank); `None` without values.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * float(count)).ceil().max(1.0);
        let mut seen = self.zeros;
        if float(seen) >= rank {
            return Some(0.0);
        }
        for (index, held) in &self.buckets {
            seen = seen.saturating_add(*held);
            if float(seen) >= rank {
                return Some(middle(*index));
            }
        }
        self.buckets.last().map(|(index, _)| middle(*index))
    }

    /// Lower bound, upper bound and count of each bucket that holds something, rising; zeros come first.
    pub fn bars(&self) -> Vec<(f64, f64, u64)> {
        let zeros = (self.zeros > 0).then_some((0.0, 0.0, self.zeros));
        let held = self.buckets.iter().map(|(index, count)| (edge(*index) / GAMMA, edge(*index), *count));
        zeros.into_iter().chain(held).collect()
    }

    /// Zeros, then distance and count of each bucket that holds something, as variable-length numbers.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_number(&mut bytes, self.zeros);
        let mut last = 0;
        for (index, count) in &self.buckets {
            write_number(&mut bytes, u64::from(index - last));
            write_number(&mut bytes, *count);
            last = *index;
        }
        bytes
    }

    /// Adds what [`Sketch::encode`] wrote. Damaged bytes end it early and break nothing.
    pub fn add_encoded(&mut self, mut bytes: &[u8]) {
        let Some(zeros) = read_number(&mut bytes) else { return };
        self.zeros = self.zeros.saturating_add(zeros);
        let (mut index, mut place) = (0_u16, 0);
        while let (Some(distance), Some(count)) = (read_number(&mut bytes), read_number(&mut bytes)) {
            index = index.saturating_add(u16::try_from(distance).unwrap_or(u16::MAX));
            if index >= BUCKETS {
                return;
            }
            self.add_rising(&mut place, index, count);
        }
    }

    pub fn decode(bytes: &[u8]) -> Sketch {
        let mut sketch = Sketch::default();
        sketch.add_encoded(bytes);
        sketch
    }
}

fn index(value: u64) -> u16 {
    let index = (float(value.clamp(1, MAX)).ln() / GAMMA.ln()).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 749")]
    let index = index as u16;
    index
}

fn edge(index: u16) -> f64 {
    GAMMA.powi(i32::from(index))
}

/// As far from the lower edge as from the upper one, in shares of the value.
fn middle(index: u16) -> f64 {
    2.0 * edge(index) / (GAMMA + 1.0)
}

/// Counts and microseconds are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts and microseconds are far below 2^53")]
pub fn float(count: u64) -> f64 {
    count as f64
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
