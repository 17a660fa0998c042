//! What may be set about alerts as a whole.

use std::time::Duration;

use capability::settings;
use capability::{Section, Setting, SettingKind};
use db::Reader;
use jiff::tz::TimeZone;
use kernel::{Result, Time};

pub const SECTION: Section = Section {
    title: "Alerts",
    about: "When notices are grouped, repeated and limited. Rules, channels, silences and quiet hours have pages of their own.",
    fields: &[GROUP_SECONDS, REMINDERS, ACK_HOURS, SMS_PER_DAY, KEEP_DAYS],
};

const GROUP_SECONDS: Setting = Setting {
    key: "alerts.group_seconds",
    label: "Group window",
    help: "A notice waits so long: what ends within it is never sent, and what fails together is told together.",
    kind: SettingKind::Number { min: 0.0, max: 600.0, unit: "s" },
    default: "30",
};
const REMINDERS: Setting = Setting {
    key: "alerts.reminders",
    label: "Remind until somebody acknowledges",
    help: "After an hour, then after twice the time, at most a day apart.",
    kind: SettingKind::Switch,
    default: settings::ON,
};
const ACK_HOURS: Setting = Setting {
    key: "alerts.ack_hours",
    label: "An acknowledgement lasts",
    help: "What is still open then is told again and escalates again. 0: for as long as the alert.",
    kind: SettingKind::Number { min: 0.0, max: 168.0, unit: "h" },
    default: "24",
};
const SMS_PER_DAY: Setting = Setting {
    key: "alerts.sms_per_day",
    label: "Text messages a day",
    help: "Over all channels together, in the instance's time zone. Beyond it you get one note by another channel.",
    kind: SettingKind::Number { min: 0.0, max: 1_000.0, unit: "" },
    default: "30",
};
const KEEP_DAYS: Setting = Setting {
    key: "alerts.keep_days",
    label: "Keep resolved alerts",
    help: "Older ones are removed with their timelines.",
    kind: SettingKind::Number { min: 7.0, max: 3_650.0, unit: "days" },
    default: "365",
};

pub fn group_window(r: &Reader<'_>) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(settings::number(r, &GROUP_SECONDS)?).unwrap_or(Duration::from_secs(30)))
}

pub fn has_reminders(r: &Reader<'_>) -> Result<bool> {
    settings::is_on(r, &REMINDERS)
}

/// `None`: for as long as the alert.
pub fn ack_lasts(r: &Reader<'_>) -> Result<Option<Duration>> {
    let hours = settings::number(r, &ACK_HOURS)?;
    Ok(Duration::try_from_secs_f64(hours * 3_600.0).ok().filter(|span| !span.is_zero()))
}

pub fn sms_per_day(r: &Reader<'_>) -> Result<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the setting's range is 0 to 1,000")]
    Ok(settings::number(r, &SMS_PER_DAY)? as u64)
}

pub fn keep_since(r: &Reader<'_>) -> Result<Time> {
    Ok(r.now - Duration::try_from_secs_f64(settings::number(r, &KEEP_DAYS)? * 86_400.0).unwrap_or(Duration::from_secs(365 * 86_400)))
}

/// The instance's own time zone.
pub fn zone(r: &Reader<'_>) -> Result<TimeZone> {
    Ok(kernel::time::parse_zone(&settings::text(r, &settings::ZONE)?).unwrap_or(TimeZone::UTC))
}

/// The start of the day in the instance's own time zone.
pub fn day_start(r: &Reader<'_>) -> Result<Time> {
    let start = r.now.in_zone(&zone(r)?).start_of_day().map(|start| Time::from(start.timestamp()));
    Ok(start.unwrap_or(r.now.day_start()))
}
