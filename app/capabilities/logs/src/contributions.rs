//! What logs puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Reading, Subject, Tile};
use db::Reader;
use frontend::{Href, Tone};
use kernel::time::{DAY, HOUR, MINUTE};
use kernel::{Result, Role, Time};

use crate::model::{Level, line, words};
use crate::store::{self, Range};
use crate::{jobs, settings};

pub const NAV: &[Nav] = &[Nav { label: "Logs", path: "/logs", icon: "logs", group: NavGroup::Watch, rank: Role::Viewer }];

pub const KEEP: &[Keep] = &[
    Keep { what: "Log lines (see the settings)", days: 14 },
    Keep { what: "Counts of log lines by the hour", days: jobs::HOURS_KEPT_DAYS },
];

pub const METRICS: &[Metric] = &[Metric {
    name: "logs.errors_per_minute",
    label: "Log lines of the levels error and fatal, over 5 minutes",
    unit: "lines a minute",
    read: errors_per_minute,
}];

/// Five minutes: one burst is not a trend, and a rule should not wait for a quarter of an hour.
const OVER: std::time::Duration = MINUTE.saturating_mul(5);
/// Counting stops here; whatever rule watches this has fired long before.
const MOST: usize = 100_000;
const SHOWN: usize = 1_000;

/// The attribute by which browsers' SDKs name the replay.
const REPLAY: &str = "sentry.replay_id";

fn bad() -> String {
    format!("\"{}\" OR \"{}\"", words::level(Level::Error), words::level(Level::Fatal))
}

/// `None` while nothing has been logged for a day: then nobody reports, and zero errors would be no good news.
fn errors_per_minute(house: &House, _: &Reader<'_>) -> Result<Option<Reading>> {
    let now = house.clock.now();
    house.telemetry.read_blocking(|r| {
        let recent = Range::of(now - OVER, now + MINUTE);
        let samples = store::count_lines(r, recent, MOST)?;
        if samples == 0 && store::count_lines(r, Range::of(now - DAY, now), 1)? == 0 {
            return Ok(None);
        }
        let errors = store::count_led(r, &bad(), recent, MOST)?;
        Ok(Some(Reading { value: errors as f64 / (OVER.as_secs_f64() / 60.0), samples }))
    })
}

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let hours = store::hours(r, None, (r.now - DAY).hour_start(), r.now + HOUR)?;
    if hours.is_empty() {
        return Ok(Vec::new());
    }
    let is_bad = |level: Level| level >= Level::Error;
    let total: u64 = hours.iter().map(|(_, _, lines)| lines).sum();
    let errors: u64 = hours.iter().filter(|(_, level, _)| is_bad(*level)).map(|(_, _, lines)| lines).sum();
    let first = (r.now - DAY).hour_start();
    let of =
        |hour: Time| hours.iter().filter(|(at, level, _)| *at == hour && is_bad(*level)).map(|(_, _, lines)| *lines as f64).sum::<f64>();
    let spark = (0..25).map(|hour| of(first + HOUR * hour)).collect();
    Ok(vec![Tile {
        title: "Logged errors, 24 hours".to_owned(),
        value: errors.to_string(),
        note: format!("of {total} lines"),
        href: Href::path("/logs").with("q", "level:>=error").with("window", "24h").as_str().to_owned(),
        tone: if errors > 0 { Tone::Warn } else { Tone::Good },
        spark,
    }])
}

pub fn related(house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
    let (id, of) = match subject {
        Subject::Trace(id) => (id, "trace"),
        Subject::Replay(id) => (id, "replay"),
        _ => return Ok(Vec::new()),
    };
    let Some(id) = line::checked_hex(id, 32) else { return Ok(Vec::new()) };
    let (word, asked) = match of {
        "trace" => (words::trace(&id), format!("trace:{id}")),
        _ => (words::is(REPLAY, &id), format!("{REPLAY}:{id}")),
    };
    let expression = format!("\"{word}\"");
    let lines = house.telemetry.read_blocking(|r| store::count_led(r, &expression, Range { from: 0, to: i64::MAX }, SHOWN))?;
    let title = match lines {
        0 => return Ok(Vec::new()),
        1 => "1 log line".to_owned(),
        lines if lines >= SHOWN as u64 => format!("{SHOWN} log lines and more"),
        lines => format!("{lines} log lines"),
    };
    let href = Href::path("/logs").with("q", asked).with("window", "30d").as_str().to_owned();
    Ok(vec![Hit { kind: "Logs", title, note: format!("of this {of}"), href }])
}

pub fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let hours = store::hours(r, None, (r.now - DAY).hour_start(), r.now + HOUR)?;
    let lines = |level: Level| hours.iter().filter(|(_, known, _)| *known == level).map(|(_, _, lines)| lines).sum::<u64>();
    let gauge = |level: Level| Gauge {
        name: "hermetic_logs_lines_24h",
        help: "Log lines of the last 24 hours and the present one, by level.",
        labels: vec![("level", level.as_str().to_owned())],
        value: lines(level) as f64,
    };
    Ok(Level::ALL.map(gauge).to_vec())
}

/// The console's search leads on to the search of lines, for what looks like a trace.
pub fn search(query: &str) -> Vec<Hit> {
    let Some(id) = line::checked_hex(query, 32) else { return Vec::new() };
    let href = Href::path("/logs").with("q", format!("trace:{id}")).with("window", "30d").as_str().to_owned();
    vec![Hit { kind: "Logs", title: format!("Log lines of the trace {id}"), note: String::new(), href }]
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let hours = store::hours(r, None, r.now - DAY, r.now + HOUR)?;
    let lines: u64 = hours.iter().map(|(_, _, lines)| lines).sum();
    if lines == 0 {
        return Ok(Vec::new());
    }
    Ok(vec![Diagnosis {
        tone: Tone::Good,
        subject: "Logs".to_owned(),
        finding: format!(
            "{lines} lines came in within 24 hours; they are kept for {} days or {} MB.",
            settings::days(r)?,
            settings::budget_bytes(r)? / 1_000_000
        ),
        advice: String::new(),
    }])
}
