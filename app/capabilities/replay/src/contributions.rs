//! What replays put into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Subject, Tile};
use db::Reader;
use kernel::{Result, Role};

pub const NAV: &[Nav] = &[Nav { label: "Replay", path: "/replay", icon: "replay", group: NavGroup::Watch, rank: Role::Viewer }];
pub const KEEP: &[Keep] = &[Keep { what: "Session replays (see the settings)", days: 30 }];
pub const METRICS: &[Metric] = &[];

pub fn tiles(_r: &Reader<'_>) -> Result<Vec<Tile>> {
    Ok(Vec::new())
}

pub fn search(_r: &Reader<'_>, _query: &str) -> Result<Vec<Hit>> {
    Ok(Vec::new())
}

pub fn related(_house: &House, _subject: &Subject<'_>) -> Result<Vec<Hit>> {
    Ok(Vec::new())
}

pub fn gauges(_r: &Reader<'_>) -> Result<Vec<Gauge>> {
    Ok(Vec::new())
}

pub fn diagnose(_r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    Ok(Vec::new())
}
