//! What a person may set for all monitors at once.
//!
//! Nouns: [`SECTION`], and a function for each setting as it is now.

use capability::settings::{is_on, number, text};
use capability::{Cx, Section, Setting, SettingKind};
use db::Reader;
use kernel::Result;

use crate::model::codes::{socket_address, socket_addresses};
use crate::model::watch::Rules;
use crate::prober::ProberOptions;

const INTERVAL: Setting = Setting {
    key: "uptime.interval_s",
    label: "Interval of new monitors",
    help: "How often a new monitor looks, unless it says otherwise.",
    kind: SettingKind::Number { min: 10.0, max: 86_400.0, unit: "seconds" },
    default: "30",
};
const TIMEOUT: Setting = Setting {
    key: "uptime.timeout_ms",
    label: "Timeout of new monitors",
    help: "After this long a check has failed.",
    kind: SettingKind::Number { min: 100.0, max: 60_000.0, unit: "milliseconds" },
    default: "10000",
};
const CANARIES: Setting = Setting {
    key: "uptime.canaries",
    label: "Canaries",
    help: "Addresses that are nearly always there. When none of them opens, the fault is our own network and nobody is told that a monitor is down. \
           Empty switches this off.",
    kind: SettingKind::Text { max: 500 },
    default: "1.1.1.1:53, 9.9.9.9:53",
};
const RESOLVER: Setting = Setting {
    key: "uptime.resolver",
    label: "DNS server for checks",
    help: "By its IP address, such as 1.1.1.1 or 10.0.0.2:5353. Empty: the one of this system.",
    kind: SettingKind::Text { max: 60 },
    default: "",
};
const USER_AGENT: Setting = Setting {
    key: "uptime.user_agent",
    label: "User agent",
    help: "How HTTP checks introduce themselves. Empty: Hermetic with the address of this instance.",
    kind: SettingKind::Text { max: 200 },
    default: "",
};
const ALLOW_PRIVATE: Setting = Setting {
    key: "uptime.allow_private",
    label: "Allow private addresses",
    help: "Monitors may look at this machine and at private networks.",
    kind: SettingKind::Switch,
    default: "on",
};
const ALLOW_METADATA: Setting = Setting {
    key: "uptime.allow_metadata",
    label: "Allow cloud metadata addresses",
    help: "Such as 169.254.169.254, which can give out credentials of the machine. Leave this off unless you know why you need it.",
    kind: SettingKind::Switch,
    default: "off",
};
const BLOCK_DAYS: Setting = Setting {
    key: "uptime.keep_checks_days",
    label: "Keep single checks",
    help: "Hourly and daily sums are kept longer.",
    kind: SettingKind::Number { min: 3.0, max: 400.0, unit: "days" },
    default: "90",
};

pub const SECTION: Section = Section {
    title: "Uptime",
    about: "Defaults of new monitors, and how checks look out into the world.",
    fields: &[INTERVAL, TIMEOUT, CANARIES, RESOLVER, USER_AGENT, ALLOW_PRIVATE, ALLOW_METADATA, BLOCK_DAYS],
};

/// How the prober shall be, by the settings of now. A text that cannot be read counts as its default: checks go on.
pub fn prober_options(r: &Reader<'_>, cx: &Cx) -> Result<ProberOptions> {
    let user_agent = match text(r, &USER_AGENT)? {
        own if own.is_empty() => format!("Hermetic/{} (+{})", cx.boot.version, cx.boot.public_url.origin()),
        own => own,
    };
    let canaries = socket_addresses(&text(r, &CANARIES)?, 53).or_else(|| socket_addresses(CANARIES.default, 53)).unwrap_or_default();
    Ok(ProberOptions {
        resolver: socket_address(&text(r, &RESOLVER)?, 53),
        user_agent,
        allow_private: is_on(r, &ALLOW_PRIVATE)?,
        allow_metadata: is_on(r, &ALLOW_METADATA)?,
        canaries,
        extra_ca_pem: String::new(),
    })
}

/// What a new monitor starts with.
pub fn default_rules(r: &Reader<'_>) -> Result<Rules> {
    let interval_s = number(r, &INTERVAL)? as u32;
    let timeout_ms = (number(r, &TIMEOUT)? as u32).min(interval_s.saturating_mul(1_000));
    Ok(Rules { interval_s, timeout_ms, retry_s: interval_s.min(10), ..Rules::default() })
}

pub fn keep_checks_days(r: &Reader<'_>) -> Result<u32> {
    Ok(number(r, &BLOCK_DAYS)? as u32)
}
