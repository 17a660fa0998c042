//! What may be set about errors.

use std::time::Duration;

use capability::settings;
use capability::{Section, Setting, SettingKind};
use db::Reader;
use kernel::{Result, Time};

pub const SECTION: Section = Section {
    title: "Errors",
    about: "How long and how much of what programs report is kept. Counts and history stay, whatever of the events goes.",
    fields: &[KEEP_DAYS, EVENTS_MB, ATTACHMENTS_MB, QUIET_DAYS],
};

pub const KEEP_DAYS: Setting = Setting {
    key: "errors.keep_days",
    label: "Keep events",
    help: "Older events and their attachments are removed, all of them, and the names of users among the tags: a promise you may have made to your customers.",
    kind: SettingKind::Number { min: 1.0, max: 730.0, unit: "days" },
    default: "90",
};
const EVENTS_MB: Setting = Setting {
    key: "errors.events_mb",
    label: "Room for events",
    help: "Beyond it duplicates go first; the first, the latest and the telling events of each issue go last.",
    kind: SettingKind::Number { min: 10.0, max: 200_000.0, unit: "MB" },
    default: "2000",
};
const ATTACHMENTS_MB: Setting = Setting {
    key: "errors.attachments_mb",
    label: "Room for attachments",
    help: "Files that come with events, minidumps included. Beyond it the oldest go first.",
    kind: SettingKind::Number { min: 10.0, max: 200_000.0, unit: "MB" },
    default: "1000",
};
const QUIET_DAYS: Setting = Setting {
    key: "errors.quiet_days",
    label: "Resolve what stays quiet",
    help: "An open issue without an event for so long is resolved by itself. 0: never.",
    kind: SettingKind::Number { min: 0.0, max: 365.0, unit: "days" },
    default: "0",
};

fn days(number: f64) -> Duration {
    Duration::try_from_secs_f64(number * 86_400.0).unwrap_or(Duration::from_secs(90 * 86_400))
}

pub fn keep_since(r: &Reader<'_>) -> Result<Time> {
    Ok(r.now - days(settings::number(r, &KEEP_DAYS)?))
}

/// `None`: never.
pub fn quiet_since(r: &Reader<'_>) -> Result<Option<Time>> {
    let number = settings::number(r, &QUIET_DAYS)?;
    Ok((number > 0.0).then(|| r.now - days(number)))
}

fn megabytes(r: &Reader<'_>, setting: &Setting) -> Result<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the setting's range is 10 to 200,000")]
    let megabytes = settings::number(r, setting)? as u64;
    Ok(megabytes * 1_000_000)
}

pub fn event_bytes(r: &Reader<'_>) -> Result<u64> {
    megabytes(r, &EVENTS_MB)
}

pub fn attachment_bytes(r: &Reader<'_>) -> Result<u64> {
    megabytes(r, &ATTACHMENTS_MB)
}
