//! What a person may set about replays.

use capability::settings::number;
use capability::{Section, Setting, SettingKind};
use db::Reader;
use kernel::Result;

const DAYS: Setting = Setting {
    key: "replay.keep_days",
    label: "Replays are kept for",
    help: "Older ones leave, except those that are pinned.",
    kind: SettingKind::Number { min: 1.0, max: 3_650.0, unit: "days" },
    default: "30",
};
const MEGABYTES: Setting = Setting {
    key: "replay.megabytes",
    label: "Replays take up at most",
    help: "Above it the oldest leave before their time. Pinned ones stay, and are on top of it.",
    kind: SettingKind::Number { min: 10.0, max: 1_000_000.0, unit: "MB" },
    default: "2048",
};

pub const SECTION: Section =
    Section { title: "Session replay", about: "What people saw and did, as their browsers recorded it.", fields: &[DAYS, MEGABYTES] };

pub fn days(r: &Reader<'_>) -> Result<u32> {
    Ok(number(r, &DAYS)? as u32)
}

pub fn budget_bytes(r: &Reader<'_>) -> Result<u64> {
    Ok((number(r, &MEGABYTES)? * 1e6) as u64)
}
