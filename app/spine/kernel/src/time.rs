//! Time: milliseconds UTC, a clock that can be frozen, a stopwatch. The only file that reads the machine's clocks.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// A moment in milliseconds since 1970 UTC: how every `*_at` column and JSON field is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// How long after `earlier`; zero when it was not.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The start of the UTC hour this moment lies in.
    pub fn hour_start(self) -> Time {
        Time(self.0.div_euclid(3_600_000).saturating_mul(3_600_000))
    }

    /// The start of the UTC day this moment lies in.
    pub fn day_start(self) -> Time {
        Time(self.0.div_euclid(86_400_000).saturating_mul(86_400_000))
    }

    /// Beyond the years −9999…9999 the nearest end is given: no stored number can break a page.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }

    pub fn in_zone(self, zone: &TimeZone) -> Zoned {
        self.timestamp().to_zoned(zone.clone())
    }

    /// `2026-11-23T14:39:00Z`, to the second.
    pub fn rfc3339(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `2026-11-23T14:39:00.123Z`, as Statuspage's JSON has it.
    pub fn rfc3339_millis(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        text.parse::<Timestamp>().ok().map(|stamp| Time(stamp.as_millisecond()))
    }
}

impl From<Timestamp> for Time {
    fn from(stamp: Timestamp) -> Self {
        Time(stamp.as_millisecond())
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, span: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// `3 min 12 s`, `2 h 5 min`, `4 d 3 h`: the two largest units, rounded down.
pub fn describe_duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let pair = |big: u64, big_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big} {big_unit}"),
        _ => format!("{big} {big_unit} {small} {small_unit}"),
    };
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A time zone by its IANA name; the error names the field's fix.
pub fn parse_zone(name: &str) -> crate::Result<TimeZone> {
    TimeZone::get(name.trim()).map_err(|_| crate::Error::invalid("Please give a time zone by its IANA name, such as Europe/Berlin or UTC."))
}

/// Where `now` comes from. Tests freeze it and move it by hand; nothing else in the house reads a clock.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    Frozen(Arc<AtomicI64>),
}

impl Clock {
    pub fn frozen(at: Time) -> Self {
        Clock::Frozen(Arc::new(AtomicI64::new(at.0)))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where the wall clock is read")]
    pub fn now(&self) -> Time {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Frozen(at) => Time(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a frozen clock forward; the system clock is left as it is.
    pub fn advance(&self, span: Duration) {
        if let Clock::Frozen(at) = self {
            at.fetch_add(i64::try_from(span.as_millis()).unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Sets a frozen clock; the system clock is left as it is.
    pub fn set(&self, to: Time) {
        if let Clock::Frozen(at) = self {
            at.store(to.0, Ordering::SeqCst);
        }
    }
}

/// Measures a span on the monotonic clock: never jumps when the wall clock is set.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the monotonic clock is read")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where the monotonic clock is read")]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.0)
    }

    /// Whole microseconds since the start.
    pub fn micros(&self) -> u64 {
        u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
