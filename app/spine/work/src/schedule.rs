//! Recurring work: fixed periods and cron expressions, in UTC. A start that was missed while the server was off happens
//! once, not once for each time it was missed.

use croner::Cron;
use kernel::{Error, Result, Time};
use std::str::FromStr;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Aligned to the epoch: every 60 s means at each full minute.
    Every(Duration),
    Cron(&'static str),
}

impl Rhythm {
    /// The first time strictly after `now`.
    pub fn next_after(self, now: Time) -> Result<Time> {
        match self {
            Rhythm::Every(period) => {
                let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(1);
                Ok(Time((now.0.div_euclid(period) + 1).saturating_mul(period)))
            }
            Rhythm::Cron(expression) => {
                let wrong = |error: croner::errors::CronError| {
                    Error::internal(format!("reading the cron expression {expression:?}")).because(error.to_string())
                };
                let cron = Cron::from_str(expression).map_err(wrong)?;
                let next = cron.find_next_occurrence(&now.in_zone(&jiff::tz::TimeZone::UTC), false).map_err(wrong)?;
                Ok(next.timestamp().into())
            }
        }
    }
}
