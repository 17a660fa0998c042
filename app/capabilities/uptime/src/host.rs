//! The machine we run on: disk, memory and load as numbers that alert rules may watch. Linux, from /proc and statvfs.

use capability::{House, Metric, Reading};
use db::Reader;
use kernel::Result;

use crate::store;

pub const METRICS: &[Metric] = &[
    Metric { name: "uptime.monitors_down", label: "Monitors that are down", unit: "monitors", read: monitors_down },
    Metric { name: "uptime.host_disk_percent", label: "Disk used on this machine", unit: "%", read: disk },
    Metric { name: "uptime.host_memory_percent", label: "Memory used on this machine", unit: "%", read: memory },
    Metric { name: "uptime.host_load", label: "Load of this machine per core, 5 minutes", unit: "", read: load },
];

pub fn gauge_name(metric: &str) -> &'static str {
    match metric {
        "uptime.monitors_down" => "hermetic_uptime_monitors_down",
        "uptime.host_disk_percent" => "hermetic_uptime_host_disk_percent",
        "uptime.host_memory_percent" => "hermetic_uptime_host_memory_percent",
        _ => "hermetic_uptime_host_load_per_core",
    }
}

fn monitors_down(_: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let (down, watched) = store::states::down_and_watched(r)?;
    Ok((watched > 0).then(|| Reading { value: down as f64, samples: watched.unsigned_abs() }))
}

/// The file system that holds the database: the one whose filling up would stop us.
fn disk(_: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let path = store::file_path(r)?;
    let Ok(found) = rustix::fs::statvfs(path.as_str()) else { return Ok(None) };
    let used = found.f_blocks.saturating_sub(found.f_bfree);
    // As df does it: of what is not reserved for root.
    let usable = used + found.f_bavail;
    Ok((usable > 0).then(|| Reading { value: used as f64 * 100.0 / usable as f64, samples: 1 }))
}

fn memory(_: &House, _: &Reader<'_>) -> Result<Option<Reading>> {
    let Ok(text) = std::fs::read_to_string("/proc/meminfo") else { return Ok(None) };
    Ok(memory_percent(&text).map(|value| Reading { value, samples: 1 }))
}

fn load(_: &House, _: &Reader<'_>) -> Result<Option<Reading>> {
    let Ok(text) = std::fs::read_to_string("/proc/loadavg") else { return Ok(None) };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = text.split_whitespace().nth(1).and_then(|load| load.parse::<f64>().ok());
    Ok(load.map(|load| Reading { value: load / cores as f64, samples: 1 }))
}

/// What programs can still get is `MemAvailable`; caches do not count as used.
pub fn memory_percent(meminfo: &str) -> Option<f64> {
    let field = |name: &str| {
        let line = meminfo.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    let (total, available) = (field("MemTotal:")?, field("MemAvailable:")?);
    (total > 0.0).then(|| (total - available) * 100.0 / total)
}
