//! What may be set about releases, and how long what is kept.

use capability::settings;
use capability::{Keep, Section, Setting, SettingKind};
use db::Reader;
use kernel::Result;
use kernel::time::DAY;
use std::time::Duration;

pub const SECTION: Section = Section {
    title: "Releases",
    about: "How much room source maps may take, and how long the health of releases is kept.",
    fields: &[BUDGET, HOURS],
};

const BUDGET: Setting = Setting {
    key: "releases.artifact_megabytes",
    label: "Room for source maps and debug files",
    help: "As they lie on the disk, compressed. When it is full, the uploads of the release that helped nobody for the longest time go first.",
    kind: SettingKind::Number { min: 50.0, max: 1_000_000.0, unit: "MB" },
    default: "2000",
};
const HOURS: Setting = Setting {
    key: "releases.health_days",
    label: "Keep the health of releases",
    help: "Counts of sessions by hour.",
    kind: SettingKind::Number { min: 7.0, max: 3_650.0, unit: "days" },
    default: "400",
};

/// Sessions as they came: their counts outlive them.
pub const ITEMS_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Who used what, for the users of 30 days.
pub const PEOPLE_KEPT: Duration = Duration::from_secs(35 * 86_400);
pub const MISSES_KEPT: Duration = Duration::from_secs(14 * 86_400);
/// Pieces of uploads that nobody finished.
pub const CHUNKS_KEPT: Duration = Duration::from_secs(6 * 3_600);
/// Contents that no file names: an upload that is being put together has this long.
pub const SWEEP_AFTER: Duration = Duration::from_secs(6 * 3_600);

pub const KEEP: &[Keep] = &[
    Keep { what: "sessions as they were reported", days: 7 },
    Keep { what: "hashes of who used a release", days: 35 },
    Keep { what: "names of files whose source was looked for in vain", days: 14 },
];

/// In bytes.
pub fn budget(r: &Reader<'_>) -> Result<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the setting is at most a million")]
    Ok(settings::number(r, &BUDGET)?.max(0.0) as u64 * 1_000_000)
}

pub fn health_kept(r: &Reader<'_>) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(settings::number(r, &HOURS)? * DAY.as_secs_f64()).unwrap_or(DAY))
}
