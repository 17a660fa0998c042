//! What a destination would cost a month, at the rate since the start of this process.

use kernel::time::HOUR;
use replica::store::Counts;
use std::time::Duration;

/// In the currency of the person who set them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// For 1,000 requests that put, copy or list.
    pub puts: f64,
    /// For 1,000 requests that get or ask for a head.
    pub gets: f64,
    /// For a gigabyte (10⁹ bytes) a month.
    pub storage: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    pub puts: f64,
    pub gets: f64,
    pub storage: f64,
    /// Requests that were counted, and over how long.
    pub requests: u64,
    pub over: Duration,
}

impl Cost {
    pub fn total(&self) -> f64 {
        self.puts + self.gets + self.storage
    }
}

/// Fewer hours say more about the start than about a month.
pub const LEAST: Duration = HOUR;
const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// `None` while it is too early. Deleting costs nothing at the stores we know.
pub fn estimate(counts: &Counts, bytes: u64, over: Duration, prices: &Prices) -> Option<Cost> {
    if over < LEAST {
        return None;
    }
    let months = over.as_secs_f64() / MONTH.as_secs_f64();
    let requests = |count: u64, price: f64| float(count) / 1_000.0 * price / months;
    Some(Cost {
        puts: requests(counts.put + counts.copy + counts.list, prices.puts),
        gets: requests(counts.get + counts.head, prices.gets),
        storage: float(bytes) / 1e9 * prices.storage,
        requests: counts.requests(),
        over,
    })
}

#[expect(clippy::cast_precision_loss, reason = "an estimate needs no more than 52 bits")]
pub fn float(count: u64) -> f64 {
    count as f64
}
