//! What a person may set about engagement.

use capability::settings::{number, text};
use capability::{Section, Setting, SettingKind};
use db::Reader;
use kernel::time::{DAY, parse_zone};
use kernel::{Error, Result};
use std::time::Duration;

use crate::model::{BandLimits, Calendar};
use crate::store;

const ZONE: Setting = Setting {
    key: "engagement.zone",
    label: "Days are counted in",
    help: "A time zone such as Europe/Berlin. When it changes, all days are counted again from the actions that are kept.",
    kind: SettingKind::Zone,
    default: "UTC",
};
const KEEP: Setting = Setting {
    key: "engagement.keep_days",
    label: "Actions are kept for",
    help: "Older ones leave. Who was active on which day stays.",
    kind: SettingKind::Number { min: 31.0, max: 3_650.0, unit: "days" },
    default: "396",
};
const POWER: Setting = Setting {
    key: "engagement.power_days",
    label: "Power: active on at least",
    help: "Of the last 30 days.",
    kind: SettingKind::Number { min: 2.0, max: 30.0, unit: "days" },
    default: "12",
};
const ACTIVE: Setting = Setting {
    key: "engagement.active_days",
    label: "Active: on at least",
    help: "Of the last 30 days. Who was there on fewer is casual.",
    kind: SettingKind::Number { min: 1.0, max: 29.0, unit: "days" },
    default: "4",
};
const AT_RISK: Setting = Setting {
    key: "engagement.at_risk_days",
    label: "At risk: not seen for more than",
    help: "However often they were there before: how long ago counts before how often.",
    kind: SettingKind::Number { min: 1.0, max: 364.0, unit: "days" },
    default: "14",
};
const DORMANT: Setting = Setting {
    key: "engagement.dormant_days",
    label: "Dormant: not seen for more than",
    help: "These count as inactive in alerts.",
    kind: SettingKind::Number { min: 2.0, max: 365.0, unit: "days" },
    default: "30",
};

pub const SECTION: Section = Section {
    title: "Engagement",
    about: "Who uses the product, how often, and whether they come back.",
    fields: &[ZONE, KEEP, POWER, ACTIVE, AT_RISK, DORMANT],
};

/// The zone that was set; days may still be of another one, until they are counted again.
pub fn wanted_zone(r: &Reader<'_>) -> Result<String> {
    text(r, &ZONE)
}

/// The zone that days are counted in now.
pub fn counted_zone(r: &Reader<'_>) -> Result<String> {
    store::zone(r)?.map_or_else(|| wanted_zone(r), Ok)
}

pub fn calendar(r: &Reader<'_>) -> Result<Calendar> {
    Ok(Calendar::new(parse_zone(&counted_zone(r)?)?))
}

pub fn keep(r: &Reader<'_>) -> Result<Duration> {
    Ok(DAY * number(r, &KEEP)? as u32)
}

/// Not seen for longer than this: dormant.
pub fn dormant_days(r: &Reader<'_>) -> Result<i32> {
    Ok(number(r, &DORMANT)? as i32)
}

/// Where bands begin and end.
pub fn limits(r: &Reader<'_>) -> Result<BandLimits> {
    let days = |setting: &Setting| Ok::<u32, Error>(number(r, setting)? as u32);
    Ok(BandLimits {
        power_days: days(&POWER)?,
        active_days: days(&ACTIVE)?,
        at_risk_after_days: days(&AT_RISK)?,
        dormant_after_days: days(&DORMANT)?,
    })
}

/// Whether the limits of bands follow each other.
pub fn check(r: &Reader<'_>) -> Result<()> {
    let limits = limits(r)?;
    if limits.active_days >= limits.power_days {
        return Err(Error::field(ACTIVE.key, "“Active” must begin with fewer days than “power”."));
    }
    if limits.at_risk_after_days >= limits.dormant_after_days {
        return Err(Error::field(AT_RISK.key, "“At risk” must begin before “dormant”."));
    }
    Ok(())
}
