//! Counters of the front, in memory ([`Metrics`]): requests by class, in flight, durations, connections. Read for Prometheus.

use http::StatusCode;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the duration buckets, in milliseconds.
const BUCKETS: [u64; 8] = [1, 5, 25, 100, 250, 1_000, 2_500, 10_000];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Shared by server and layers; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    classes: [AtomicU64; 5],
    buckets: [AtomicU64; BUCKETS.len()],
    micros: AtomicU64,
    timed: AtomicU64,
    in_flight: AtomicI64,
    hot: AtomicU64,
    connections: AtomicI64,
    accepted: AtomicU64,
}

/// Counts down when dropped: a client that hangs up half-way must not stay counted.
#[derive(Debug)]
pub(crate) struct InFlight(Metrics);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// The same for an open connection.
#[derive(Debug)]
pub(crate) struct Connected(Metrics);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.0.connections.fetch_sub(1, Relaxed);
    }
}

impl Metrics {
    /// Answers with this class of code (`2` for 2xx), hot pages included.
    pub fn requests(&self, class: u16) -> u64 {
        self.0.classes.get(usize::from(class).wrapping_sub(1)).map_or(0, |count| count.load(Relaxed))
    }

    pub fn hot_requests(&self) -> u64 {
        self.0.hot.load(Relaxed)
    }

    pub fn in_flight(&self) -> i64 {
        self.0.in_flight.load(Relaxed)
    }

    pub fn connections(&self) -> i64 {
        self.0.connections.load(Relaxed)
    }

    /// Appends everything in Prometheus' text format, under `hermetic_http_…`.
    pub fn write_prometheus(&self, out: &mut String) {
        let counters = &self.0;
        // Writing to a String cannot fail, so the results carry nothing.
        let _ = writeln!(out, "# TYPE hermetic_http_requests_total counter");
        for (class, count) in CLASSES.iter().zip(&counters.classes) {
            let _ = writeln!(out, "hermetic_http_requests_total{{code=\"{class}\"}} {}", count.load(Relaxed));
        }
        let _ = writeln!(out, "# TYPE hermetic_http_hot_requests_total counter\nhermetic_http_hot_requests_total {}", self.hot_requests());
        let _ = writeln!(out, "# TYPE hermetic_http_requests_in_flight gauge\nhermetic_http_requests_in_flight {}", self.in_flight());
        let _ = writeln!(out, "# TYPE hermetic_http_connections gauge\nhermetic_http_connections {}", self.connections());
        let accepted = counters.accepted.load(Relaxed);
        let _ = writeln!(out, "# TYPE hermetic_http_connections_total counter\nhermetic_http_connections_total {accepted}");
        self.write_durations(out);
    }

    pub(crate) fn begin(&self) -> InFlight {
        self.0.in_flight.fetch_add(1, Relaxed);
        InFlight(self.clone())
    }

    pub(crate) fn connect(&self) -> Connected {
        self.0.connections.fetch_add(1, Relaxed);
        self.0.accepted.fetch_add(1, Relaxed);
        Connected(self.clone())
    }

    pub(crate) fn count_hot(&self, code: StatusCode) {
        self.0.hot.fetch_add(1, Relaxed);
        self.count(code);
    }

    pub(crate) fn count_routed(&self, code: StatusCode, took: Duration) {
        self.count(code);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.micros.fetch_add(micros, Relaxed);
        self.0.timed.fetch_add(1, Relaxed);
        if let Some(bucket) = BUCKETS.iter().position(|bound| micros <= bound * 1_000) {
            self.0.buckets[bucket].fetch_add(1, Relaxed);
        }
    }

    fn count(&self, code: StatusCode) {
        if let Some(count) = self.0.classes.get(usize::from(code.as_u16() / 100).wrapping_sub(1)) {
            count.fetch_add(1, Relaxed);
        }
    }

    fn write_durations(&self, out: &mut String) {
        let _ = writeln!(out, "# TYPE hermetic_http_request_seconds histogram");
        let mut below = 0;
        for (bound, count) in BUCKETS.iter().zip(&self.0.buckets) {
            below += count.load(Relaxed);
            let (whole, rest) = (bound / 1_000, bound % 1_000);
            let _ = writeln!(out, "hermetic_http_request_seconds_bucket{{le=\"{whole}.{rest:03}\"}} {below}");
        }
        let (timed, micros) = (self.0.timed.load(Relaxed), self.0.micros.load(Relaxed));
        let _ = writeln!(out, "hermetic_http_request_seconds_bucket{{le=\"+Inf\"}} {timed}");
        let _ = writeln!(out, "hermetic_http_request_seconds_sum {}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let _ = writeln!(out, "hermetic_http_request_seconds_count {timed}");
    }
}
