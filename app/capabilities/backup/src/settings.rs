//! What may be set about copies. Where they go is part of the configuration: it must be known before a database is open.

use capability::settings;
use capability::{Section, Setting, SettingKind};
use db::Reader;
use kernel::time::{DAY, HOUR};
use kernel::{Error, Result};
use replica::levels::Windows;
use std::time::Duration;

use crate::model::cost::Prices;

pub const SECTION: Section = Section {
    title: "Backup",
    about: "When copies are rehearsed and told of, how long which moments are kept, what the store charges. Destinations stand in the configuration file.",
    fields: &[
        DURABLE,
        STATE_DAYS,
        ALL_DAYS,
        STALE_SECONDS,
        KEEP_TRANSACTIONS,
        KEEP_HALF_MINUTES,
        KEEP_FIVE_MINUTES,
        KEEP_HOURS,
        KEEP_DAYS,
        PRICE_PUTS,
        PRICE_GETS,
        PRICE_STORAGE,
    ],
};

pub const DURABLE: Setting = Setting {
    key: "backup.durable",
    label: "Answers that wait for the copy",
    help: "Capabilities, such as “console, uptime”, whose changes are answered only once their bytes are at the first destination, or after 10 s as “pending”. Empty: none waits.",
    kind: SettingKind::Capabilities { max: 200 },
    default: "",
};
const STATE_DAYS: Setting = Setting {
    key: "backup.drill_state_days",
    label: "Drill of hermetic.db every",
    help: "The copy at each destination is restored to a scratch folder and compared. 0: only by hand.",
    kind: SettingKind::Number { min: 0.0, max: 365.0, unit: "days" },
    default: "7",
};
const ALL_DAYS: Setting = Setting {
    key: "backup.drill_log_days",
    label: "Drill of telemetry.db every",
    help: "It is the larger file: each drill fetches all of it. 0: only by hand.",
    kind: SettingKind::Number { min: 0.0, max: 365.0, unit: "days" },
    default: "30",
};
const STALE_SECONDS: Setting = Setting {
    key: "backup.stale_seconds",
    label: "A copy is stale when something waits longer than",
    help: "A destination that fails is told of after seconds, whatever stands here.",
    kind: SettingKind::Number { min: 15.0, max: 86_400.0, unit: "s" },
    default: "60",
};
const KEEP_TRANSACTIONS: Setting = Setting {
    key: "backup.keep_transactions_hours",
    label: "Keep each transaction",
    help: "Takes effect with the next start, like the four below.",
    kind: SettingKind::Number { min: 1.0, max: 168.0, unit: "h" },
    default: "1",
};
const KEEP_HALF_MINUTES: Setting = Setting {
    key: "backup.keep_half_minutes_hours",
    label: "Keep a moment every 30 s",
    help: "",
    kind: SettingKind::Number { min: 1.0, max: 720.0, unit: "h" },
    default: "24",
};
const KEEP_FIVE_MINUTES: Setting = Setting {
    key: "backup.keep_five_minutes_days",
    label: "Keep a moment every 5 min",
    help: "",
    kind: SettingKind::Number { min: 1.0, max: 90.0, unit: "days" },
    default: "7",
};
const KEEP_HOURS: Setting = Setting {
    key: "backup.keep_hours_days",
    label: "Keep a moment every hour",
    help: "",
    kind: SettingKind::Number { min: 1.0, max: 366.0, unit: "days" },
    default: "30",
};
const KEEP_DAYS: Setting = Setting {
    key: "backup.keep_days",
    label: "Keep a moment every day",
    help: "",
    kind: SettingKind::Number { min: 7.0, max: 3_650.0, unit: "days" },
    default: "365",
};
const PRICE_PUTS: Setting = Setting {
    key: "backup.price_puts",
    label: "Price of 1,000 requests that put or list",
    help: "As your store bills them; the shipped prices are those of Amazon S3 Standard.",
    kind: SettingKind::Number { min: 0.0, max: 100.0, unit: "$" },
    default: "0.005",
};
const PRICE_GETS: Setting = Setting {
    key: "backup.price_gets",
    label: "Price of 1,000 requests that get",
    help: "",
    kind: SettingKind::Number { min: 0.0, max: 100.0, unit: "$" },
    default: "0.0004",
};
const PRICE_STORAGE: Setting = Setting {
    key: "backup.price_storage",
    label: "Price of a gigabyte a month",
    help: "",
    kind: SettingKind::Number { min: 0.0, max: 100.0, unit: "$" },
    default: "0.023",
};

pub fn prices(r: &Reader<'_>) -> Result<Prices> {
    let number = |setting| settings::number(r, setting);
    Ok(Prices { puts: number(&PRICE_PUTS)?, gets: number(&PRICE_GETS)?, storage: number(&PRICE_STORAGE)? })
}

pub fn windows(r: &Reader<'_>) -> Result<Windows> {
    Ok(Windows {
        transactions: span(r, &KEEP_TRANSACTIONS, HOUR)?,
        half_minutes: span(r, &KEEP_HALF_MINUTES, HOUR)?,
        five_minutes: span(r, &KEEP_FIVE_MINUTES, DAY)?,
        hours: span(r, &KEEP_HOURS, DAY)?,
        days: span(r, &KEEP_DAYS, DAY)?,
    })
}

/// Each coarser window reaches at least as far back as the finer one: otherwise moments that are to be kept would go.
pub fn check(r: &Reader<'_>) -> Result<()> {
    let steps = [(&KEEP_TRANSACTIONS, HOUR), (&KEEP_HALF_MINUTES, HOUR), (&KEEP_FIVE_MINUTES, DAY), (&KEEP_HOURS, DAY), (&KEEP_DAYS, DAY)];
    for pair in steps.windows(2) {
        let [(fine, fine_unit), (coarse, coarse_unit)] = pair else { continue };
        if span(r, fine, *fine_unit)? > span(r, coarse, *coarse_unit)? {
            let sentence = format!("“{}” must reach at least as far back as “{}”.", coarse.label, fine.label);
            return Err(Error::field(coarse.key, sentence));
        }
    }
    Ok(())
}

pub fn stale_after(r: &Reader<'_>) -> Result<Duration> {
    span(r, &STALE_SECONDS, Duration::from_secs(1))
}

/// How often this file is rehearsed; `None`: only by hand.
pub fn drill_every(r: &Reader<'_>, file: db::File) -> Result<Option<Duration>> {
    let setting = match file {
        db::File::Hermetic => &STATE_DAYS,
        db::File::Telemetry => &ALL_DAYS,
    };
    Ok(Some(span(r, setting, DAY)?).filter(|span| !span.is_zero()))
}

/// Names of the capabilities whose answers wait.
pub fn durable(r: &Reader<'_>) -> Result<Vec<String>> {
    Ok(settings::names(&settings::text(r, &DURABLE)?).collect())
}

fn span(r: &Reader<'_>, setting: &Setting, unit: Duration) -> Result<Duration> {
    let number = settings::number(r, setting)?;
    Ok(Duration::try_from_secs_f64(number * unit.as_secs_f64()).unwrap_or(unit))
}
