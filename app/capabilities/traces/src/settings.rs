//! What may be set about traces.

use capability::settings;
use capability::{Section, Setting, SettingKind};
use db::Reader;
use kernel::time::{DAY, HOUR};
use kernel::{Error, Result};
use std::time::Duration;

use crate::model::batch::Rules;
use crate::model::findings::Limits;

pub const SECTION: Section = Section {
    title: "Traces",
    about: "When an answer counts as quick and a query as slow, and how long spans are kept. Counts and quantiles are kept longer: minutes for 2 days, hours for 90 days, days for 2 years. How full pools of database connections are is known where programs send the gauges db.client.connection.count and db.client.connection.max.",
    fields: &[APDEX, SLOW_QUERY, REPEATED, KEEP_DAYS, BUDGET, EXAMPLE_DAYS],
};

const APDEX: Setting = Setting {
    key: "traces.apdex_ms",
    label: "An answer is quick within",
    help: "T of Apdex: within T everybody is content, within 4 T one bears it. Holds for what comes in from now on.",
    kind: SettingKind::Number { min: 1.0, max: 600_000.0, unit: "ms" },
    default: "500",
};
const SLOW_QUERY: Setting = Setting {
    key: "traces.slow_query_ms",
    label: "A query is slow from",
    help: "Each such statement becomes an issue.",
    kind: SettingKind::Number { min: 1.0, max: 600_000.0, unit: "ms" },
    default: "1000",
};
const REPEATED: Setting = Setting {
    key: "traces.repeated_query_ms",
    label: "Repeated queries are worth an issue from",
    help: "The same statement five times or more, one after the other, that take this long together (N+1).",
    kind: SettingKind::Number { min: 0.0, max: 600_000.0, unit: "ms" },
    default: "50",
};
const KEEP_DAYS: Setting = Setting {
    key: "traces.keep_days",
    label: "Keep every trace for",
    help: "Then the slowest, a failed and one more of each endpoint and hour stay as examples.",
    kind: SettingKind::Number { min: 1.0, max: 365.0, unit: "days" },
    default: "14",
};
const BUDGET: Setting = Setting {
    key: "traces.budget_mb",
    label: "Keep at most",
    help: "Of every trace, compressed. When more comes in, the oldest hours are thinned to examples earlier. Examples take up as much again at most.",
    kind: SettingKind::Number { min: 10.0, max: 1_000_000.0, unit: "MB" },
    default: "2048",
};
const EXAMPLE_DAYS: Setting = Setting {
    key: "traces.example_days",
    label: "Keep examples for",
    help: "",
    kind: SettingKind::Number { min: 1.0, max: 730.0, unit: "days" },
    default: "30",
};

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "settings are checked to lie between 0 and 600,000 ms")]
fn micros(millis: f64) -> u64 {
    (millis * 1_000.0) as u64
}

pub fn rules(r: &Reader<'_>) -> Result<Rules> {
    Ok(Rules {
        apdex: micros(settings::number(r, &APDEX)?),
        limits: Limits { slow: micros(settings::number(r, &SLOW_QUERY)?), repeated: micros(settings::number(r, &REPEATED)?) },
    })
}

/// How long what of the log is kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    pub whole: Duration,
    pub examples: Duration,
    pub bytes: u64,
}

impl Kept {
    /// What the examples of one hour may take up, so that all of them together take up no more than the whole may.
    pub fn example_bytes(&self) -> u64 {
        self.bytes / (self.examples.as_secs() / HOUR.as_secs()).max(1)
    }
}

pub fn kept(r: &Reader<'_>) -> Result<Kept> {
    let days = |setting: &Setting| -> Result<Duration> { Ok(DAY.mul_f64(settings::number(r, setting)?.clamp(1.0, 3_650.0))) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the setting is checked to lie below 1e6 MB")]
    let bytes = (settings::number(r, &BUDGET)? * 1_000_000.0) as u64;
    Ok(Kept { whole: days(&KEEP_DAYS)?, examples: days(&EXAMPLE_DAYS)?, bytes })
}

/// Examples stay at least as long as the whole.
pub fn check(r: &Reader<'_>) -> Result<()> {
    let kept = kept(r)?;
    if kept.examples < kept.whole {
        return Err(Error::field(EXAMPLE_DAYS.key, format!("“{}” must be at least as long as “{}”.", EXAMPLE_DAYS.label, KEEP_DAYS.label)));
    }
    Ok(())
}
