//! What a person may set about logs.

use capability::settings::number;
use capability::{Section, Setting, SettingKind};
use db::Reader;
use kernel::Result;

const DAYS: Setting = Setting {
    key: "logs.days",
    label: "Lines are kept for",
    help: "Older lines leave the log. Their counts by the hour stay for 90 days.",
    kind: SettingKind::Number { min: 1.0, max: 365.0, unit: "days" },
    default: "14",
};
const BUDGET: Setting = Setting {
    key: "logs.budget_mb",
    label: "Lines take up at most",
    help: "With what makes them searchable. Above it the oldest leave before their time.",
    kind: SettingKind::Number { min: 10.0, max: 1_000_000.0, unit: "MB" },
    default: "1000",
};

pub const SECTION: Section = Section { title: "Logs", about: "Log lines of your programs.", fields: &[DAYS, BUDGET] };

pub fn days(r: &Reader<'_>) -> Result<u32> {
    Ok(number(r, &DAYS)? as u32)
}

pub fn budget_bytes(r: &Reader<'_>) -> Result<u64> {
    Ok((number(r, &BUDGET)? * 1e6) as u64)
}
