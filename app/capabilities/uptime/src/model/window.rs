//! Maintenance windows of uptime's own: once, on weekdays, or by cron. Clock times are local to the window's zone, lengths are
//! real time, so a two-hour window is two hours long on the night of a clock change too.
//!
//! Nouns: [`Window`], [`WindowRule`].

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{self, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use kernel::error::FieldErrors;
use kernel::ids::MonitorId;
use kernel::text::checked_line;
use kernel::time::parse_zone;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};

use super::heartbeat::{next_cron, parse_cron};

/// No window is longer; how far back its start is looked for.
const LONGEST_MINUTES: u32 = 7 * 24 * 60;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WindowRule {
    Once {
        from: Time,
        to: Time,
        /// In whose clock people read it.
        #[serde(default = "utc")]
        zone: String,
    },
    /// `days`: 1 = Monday … 7 = Sunday; `at`: local `HH:MM`.
    Weekly {
        days: Vec<i8>,
        at: String,
        minutes: u32,
        zone: String,
    },
    Cron {
        expression: String,
        minutes: u32,
        zone: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    pub id: i64,
    pub title: String,
    /// Empty = all monitors.
    pub monitors: Vec<MonitorId>,
    pub rule: WindowRule,
    pub is_on: bool,
    /// Set when the status page announced it.
    pub announced_as: Option<i64>,
}

impl Window {
    pub fn covers(&self, monitor: MonitorId) -> bool {
        self.is_on && (self.monitors.is_empty() || self.monitors.contains(&monitor))
    }
}

impl WindowRule {
    pub fn checked(mut self, now: Time) -> Result<Self> {
        let mut errors = FieldErrors::default();
        match &mut self {
            WindowRule::Once { from, to, zone } => {
                if to <= from {
                    errors.push("to", "Please let the window end after it begins.");
                } else if *to <= now {
                    errors.push("to", "This window is over already. Please let it end at a time that lies ahead.");
                }
                errors.take("zone", parse_zone(zone));
            }
            WindowRule::Weekly { days, at, minutes, zone } => {
                days.retain(|day| (1..=7).contains(day));
                days.sort_unstable();
                days.dedup();
                if days.is_empty() {
                    errors.push("days", "Please choose at least one weekday.");
                }
                if local_time(at).is_none() {
                    errors.push("at", "Please give a time such as 02:30.");
                }
                check_length(*minutes, &mut errors);
                errors.take("zone", parse_zone(zone));
            }
            WindowRule::Cron { expression, minutes, zone } => {
                errors.take("expression", parse_cron(expression));
                check_length(*minutes, &mut errors);
                errors.take("zone", parse_zone(zone));
            }
        }
        errors.finish()?;
        Ok(self)
    }

    /// The occurrence that `now` lies in: from, to.
    pub fn covering(&self, now: Time) -> Option<(Time, Time)> {
        match self {
            WindowRule::Once { from, to, .. } => (*from <= now && now < *to).then_some((*from, *to)),
            WindowRule::Weekly { days, at, minutes, zone } => {
                let back = i64::from(*minutes) / 1_440 + 1;
                weekly(days, at, zone, now, -back..=0)
                    .map(|start| with_length(start, *minutes))
                    .find(|(from, to)| *from <= now && now < *to)
            }
            WindowRule::Cron { expression, minutes, zone } => {
                let mut start = next_cron(expression, zone, now - length(*minutes))?;
                // Occurrences closer together than their length: the newest one that began counts.
                let mut found = None;
                for _ in 0..LONGEST_MINUTES {
                    if start > now {
                        break;
                    }
                    found = Some(with_length(start, *minutes));
                    start = next_cron(expression, zone, start)?;
                }
                found.filter(|(_, to)| now < *to)
            }
        }
    }

    /// The next occurrence that begins after `now`.
    pub fn next(&self, now: Time) -> Option<(Time, Time)> {
        match self {
            WindowRule::Once { from, to, .. } => (*from > now).then_some((*from, *to)),
            WindowRule::Weekly { days, at, minutes, zone } => {
                weekly(days, at, zone, now, 0..=8).find(|start| *start > now).map(|start| with_length(start, *minutes))
            }
            WindowRule::Cron { expression, minutes, zone } => next_cron(expression, zone, now).map(|start| with_length(start, *minutes)),
        }
    }

    /// In words, for a list.
    pub fn describe(&self) -> String {
        let long = |minutes: &u32| kernel::time::describe_duration(length(*minutes));
        match self {
            WindowRule::Once { from, to, zone } => {
                let clock = parse_zone(zone).unwrap_or(TimeZone::UTC);
                let (from, to) = (from.in_zone(&clock), to.in_zone(&clock));
                let end = if from.date() == to.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
                format!("once, {} to {} ({zone})", from.strftime("%Y-%m-%d %H:%M"), to.strftime(end))
            }
            WindowRule::Weekly { days, at, minutes, zone } => {
                let names: Vec<&str> = days.iter().map(|day| weekday_name(*day)).collect();
                format!("{} at {at} for {} ({zone})", names.join(", "), long(minutes))
            }
            WindowRule::Cron { expression, minutes, zone } => format!("{expression} for {} ({zone})", long(minutes)),
        }
    }
}

pub fn weekday_name(day: i8) -> &'static str {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].get(usize::try_from(day - 1).unwrap_or(7)).copied().unwrap_or("?")
}

/// Since when a window covers the monitor now; the earliest of several.
pub fn maintenance_since(windows: &[Window], monitor: MonitorId, now: Time) -> Option<Time> {
    windows.iter().filter(|window| window.covers(monitor)).filter_map(|window| window.rule.covering(now)).map(|(from, _)| from).min()
}

pub fn checked_title(title: &str) -> Result<String> {
    checked_line(title, "a title", 100)
}

/// `2026-11-23T14:30` on the zone's clock; of two such moments (the clocks go back) the first. One that the clocks skip is refused:
/// moved silently, a window would not be where somebody planned it.
pub fn local_moment(text: &str, zone: &str, field: &str) -> Result<Time> {
    let wrong = || Error::field(field, "Please give a day and time such as 2026-11-23T14:30.");
    let clock = parse_zone(zone).map_err(|error| Error::field("zone", error.message()))?;
    let wanted: civil::DateTime = text.trim().parse().map_err(|_| wrong())?;
    let found = clock.to_ambiguous_zoned(wanted);
    let is_skipped = matches!(found.offset(), AmbiguousOffset::Gap { .. });
    let moment = found.compatible().map_err(|_| wrong())?.timestamp();
    if !is_skipped {
        return Ok(moment.into());
    }
    let back = clock.preceding(moment).next().map_or(moment, |change| change.timestamp()).to_zoned(clock);
    let (wanted, back) = (wanted.strftime("%Y-%m-%d %H:%M"), back.strftime("%Y-%m-%d %H:%M"));
    Err(Error::field(field, format!("The clocks in {zone} skip {wanted}. Please give {back} or later.")))
}

fn utc() -> String {
    "UTC".to_owned()
}

fn check_length(minutes: u32, errors: &mut FieldErrors) {
    if !(1..=LONGEST_MINUTES).contains(&minutes) {
        errors.push("minutes", "Please give a length from 1 minute to 7 days (10080 minutes).");
    }
}

fn length(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

fn with_length(start: Time, minutes: u32) -> (Time, Time) {
    (start, start + length(minutes))
}

fn local_time(text: &str) -> Option<civil::Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Starts on the wanted weekdays around the local date of `now`. A start inside the skipped hour is moved behind it; one inside
/// the repeated hour is the first of the two.
fn weekly<'a>(
    days: &'a [i8],
    at: &str,
    zone: &str,
    now: Time,
    around: std::ops::RangeInclusive<i64>,
) -> impl Iterator<Item = Time> + use<'a> {
    let zone = parse_zone(zone).ok();
    let at = local_time(at);
    let today = zone.as_ref().map(|zone| now.in_zone(zone).date());
    around.filter_map(move |offset| {
        let date = today?.checked_add(offset.days()).ok()?;
        let wanted = days.iter().any(|day| Weekday::from_monday_one_offset(*day).is_ok_and(|day| day == date.weekday()));
        if !wanted {
            return None;
        }
        Some(date.to_datetime(at?).to_zoned(zone.clone()?).ok()?.timestamp().into())
    })
}
