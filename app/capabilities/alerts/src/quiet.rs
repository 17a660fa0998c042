//! Quiet hours: a daily window in a channel's own time zone in which what is not critical waits. Windows are laid out in wall-clock
//! time day by day and only then turned into moments, so both clock changes of a year come out right.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::ids::ChannelId;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};

use crate::ids::QuietId;
use crate::severity::Severity;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    pub id: QuietId,
    pub channel: ChannelId,
    pub zone: String,
    /// Minutes after midnight; an end at or before the start lies on the next day.
    pub starts: u16,
    pub ends: u16,
    /// Bit 0 = Monday. The day on which the window starts.
    pub weekdays: u8,
    /// The highest severity that waits; critical never does.
    pub holds: Severity,
}

pub const EVERY_DAY: u8 = 0b111_1111;

/// Until when a notice of this severity waits; `None` = it may go now. Windows that touch are one long night.
pub fn quiet_until(windows: &[QuietHours], severity: Severity, now: Time) -> Option<Time> {
    if severity == Severity::Critical {
        return None;
    }
    let mut until = None;
    let mut at = now;
    // A chain longer than a fortnight of windows is a channel that is always quiet; it is let go once in two weeks.
    for _ in 0..30 {
        match windows.iter().filter(|window| severity <= window.holds).filter_map(|window| window.end_at(at)).max() {
            Some(end) if end > at => {
                until = Some(end);
                at = end;
            }
            _ => break,
        }
        if at.since(now) > Duration::from_secs(14 * 86_400) {
            break;
        }
    }
    until
}

impl QuietHours {
    /// The end of the window that `at` lies in.
    pub fn end_at(&self, at: Time) -> Option<Time> {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        let today = at.in_zone(&zone).date();
        [today.checked_sub(1.day()).ok()?, today].into_iter().find_map(|day| {
            let (start, end) = self.on(day, &zone)?;
            (start <= at && at < end).then_some(end)
        })
    }

    /// The window that starts on `day`, when the weekday has one.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Time, Time)> {
        let bit = u8::try_from(day.weekday().to_monday_zero_offset()).ok()?;
        if self.weekdays >> bit & 1 == 0 {
            return None;
        }
        let end_day = if self.ends <= self.starts { day.checked_add(1.day()).ok()? } else { day };
        Some((moment(day, self.starts, zone)?, moment(end_day, self.ends, zone)?))
    }
}

/// A wall-clock minute as a moment. One that is skipped in spring counts as the same distance later, one that comes twice in
/// autumn as its first coming.
fn moment(day: Date, minute: u16, zone: &TimeZone) -> Option<Time> {
    let hour = i8::try_from(minute / 60).ok()?;
    let minute = i8::try_from(minute % 60).ok()?;
    let zoned = day.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?;
    Some(Time::from(zoned.timestamp()))
}

/// `22:30` as minutes after midnight.
pub fn parse_minute(text: &str) -> Result<u16> {
    let wrong = || Error::invalid("Please give a time of day like 22:30.");
    let (hour, minute) = text.trim().split_once(':').ok_or_else(wrong)?;
    let (hour, minute) = (hour.parse::<u16>().map_err(|_| wrong())?, minute.parse::<u16>().map_err(|_| wrong())?);
    if hour > 23 || minute > 59 {
        return Err(wrong());
    }
    Ok(hour * 60 + minute)
}

pub fn show_minute(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `Mon Tue Wed`, or `every day`.
pub fn show_weekdays(weekdays: u8) -> String {
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    if weekdays & EVERY_DAY == EVERY_DAY {
        return "every day".to_owned();
    }
    let named: Vec<_> = NAMES.iter().enumerate().filter(|(bit, _)| weekdays >> bit & 1 == 1).map(|(_, name)| *name).collect();
    named.join(" ")
}
