//! When a dump runs next, and when a good one is overdue.

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::tz::TimeZone;
use kernel::time::{HOUR, MINUTE};
use kernel::{Error, Result, Time};

use super::{Draft, Dump};

pub const DEFAULT_HOURS: u32 = 24;
/// Who began a run, where nobody asked for it.
pub const SCHEDULE: &str = "schedule";
pub const RETRY: &str = "retry";
pub const RESTART: &str = "restart";
/// Long enough for a database or a network that restarts, short enough for the night.
pub const RETRY_AFTER_MINUTES: u32 = 10;
/// A dump may end with the process so often in a row before it counts as the cause.
pub const PATIENCE: usize = 2;

/// The first start after `after`. Every N hours means on full hours of UTC that N divides, so that a restart moves nothing.
pub fn next_after(draft: &Draft, zone: &TimeZone, after: Time) -> Option<Time> {
    if draft.cron.is_empty() {
        let period = i64::from(draft.every_hours.unwrap_or(DEFAULT_HOURS).max(1)) * HOUR.as_millis() as i64;
        return Some(Time((after.0.div_euclid(period) + 1).saturating_mul(period)));
    }
    let next = parse_cron(&draft.cron).ok()?.find_next_occurrence(&after.in_zone(zone), false).ok()?;
    Some(next.timestamp().into())
}

/// Five fields, checked to have a next occurrence at all.
pub fn parse_cron(expression: &str) -> Result<Cron> {
    let wrong = || Error::invalid("Please give a cron expression of five fields, such as 30 2 * * *.");
    if expression.len() > 200 {
        return Err(wrong());
    }
    let cron = CronParser::builder().seconds(Seconds::Disallowed).build().parse(expression).map_err(|_| wrong())?;
    cron.find_next_occurrence(&Time(1_704_067_200_000).in_zone(&TimeZone::UTC), false)
        .map_err(|_| Error::invalid("Please give a cron expression that comes true some day: this one never does."))?;
    Ok(cron)
}

/// From when on the dump that was due is missed. What nobody could have run while the server was off counts from its start.
pub fn missed_at(dump: &Dump, serving_since: Time) -> Option<Time> {
    dump.due_at.map(|due| due.max(serving_since) + MINUTE * dump.draft.grace_minutes)
}

/// When a failed run is tried again. Once, and not where the next one comes anyway; who asked for a run hears of it at once.
pub fn retry_at(dump: &Dump, started_by: &str, now: Time) -> Option<Time> {
    let at = now + MINUTE * RETRY_AFTER_MINUTES;
    let is_first = matches!(started_by, SCHEDULE | RESTART) && dump.wanted_at.is_none();
    (is_first && !dump.draft.paused && dump.next_at.is_some_and(|next| next > at)).then_some(at)
}

/// In words: `every 6 hours`, `cron 30 2 * * *`.
pub fn describe(draft: &Draft) -> String {
    if !draft.cron.is_empty() {
        return format!("cron {}", draft.cron);
    }
    match draft.every_hours.unwrap_or(DEFAULT_HOURS) {
        1 => "every hour".to_owned(),
        24 => "every day at 00:00 UTC".to_owned(),
        hours => format!("every {hours} hours"),
    }
}
