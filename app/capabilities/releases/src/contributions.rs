//! What releases put into the pages and answers that belong to all.

use capability::{Gauge, Hit, House, Metric, Nav, NavGroup, Reading, Subject, Tile};
use db::Reader;
use frontend::Tone;
use ingest::releases::Release;
use kernel::ids::ProjectId;
use kernel::time::{DAY, HOUR};
use kernel::{Result, Role};
use std::collections::BTreeMap;

use crate::model::Counts;
use crate::model::health::{float, percent};
use crate::store::{artifacts, chunks, hours};

pub const NAV: &[Nav] = &[Nav { label: "Releases", path: "/releases", icon: "releases", group: NavGroup::Watch, rank: Role::Viewer }];

/// Releases of a project that a search looks through.
const SEARCHED: u32 = 10_000;
/// Fewer sessions say nothing about a release.
const FEW: u64 = 20;

pub const METRICS: &[Metric] = &[
    Metric {
        name: "releases.crash_free_percent",
        label: "Sessions without a crash, newest release, 24 h (the worst project)",
        unit: "%",
        read: |_, r| lowest(r, Counts::crash_free),
    },
    Metric {
        name: "releases.unhandled_free_percent",
        label: "Sessions without a crash or unhandled error, newest release, 24 h (the worst project)",
        unit: "%",
        read: |_, r| lowest(r, Counts::unhandled_free),
    },
    Metric { name: "releases.sessions_per_hour", label: "Sessions an hour, all projects, 24 h", unit: "sessions", read: sessions_per_hour },
];

/// The newest release of each project that had sessions within 24 hours.
pub fn newest(r: &Reader<'_>) -> Result<Vec<(Release, Counts)>> {
    let mut newest: BTreeMap<ProjectId, (Release, Counts)> = BTreeMap::new();
    for (project, id, counts) in hours::sum_all(r, r.now - DAY)? {
        let Some(release) = ingest::store::find_release_by_id(r, id)? else { continue };
        match newest.get(&project) {
            Some((known, _)) if known.order(&release).is_gt() => {}
            _ => {
                newest.insert(project, (release, counts));
            }
        }
    }
    Ok(newest.into_values().collect())
}

fn lowest(r: &Reader<'_>, share: fn(&Counts) -> Option<f64>) -> Result<Option<Reading>> {
    let readings = newest(r)?;
    let readings = readings.iter().filter(|(_, counts)| counts.sessions >= FEW);
    let readings = readings.filter_map(|(_, counts)| Some(Reading { value: share(counts)?, samples: counts.sessions }));
    Ok(readings.min_by(|one, other| one.value.total_cmp(&other.value)))
}

fn sessions_per_hour(_: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let all: u64 = hours::sum_all(r, r.now - DAY)?.iter().map(|(_, _, counts)| counts.sessions).sum();
    Ok((all > 0).then(|| Reading { value: float(all) / (DAY.as_secs_f64() / HOUR.as_secs_f64()), samples: all }))
}

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let worst = newest(r)?.into_iter().filter_map(|(release, counts)| Some((counts.unhandled_free()?, release, counts)));
    let Some((share, release, counts)) = worst.min_by(|one, other| one.0.total_cmp(&other.0)) else { return Ok(Vec::new()) };
    let tone = match share {
        _ if counts.sessions < FEW => Tone::Neutral,
        share if share >= 99.0 => Tone::Good,
        share if share >= 95.0 => Tone::Warn,
        _ => Tone::Bad,
    };
    Ok(vec![Tile {
        title: "Newest release".to_owned(),
        value: percent(share),
        note: format!(
            "{}: sessions without a crash or unhandled error, of {} in 24 h",
            kernel::text::shorten(&release.version, 40),
            counts.sessions
        ),
        href: format!("/releases/{}", release.id),
        tone,
        spark: Vec::new(),
    }])
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let needle = query.trim().to_lowercase();
    if needle.is_empty() {
        return Ok(Vec::new());
    }
    let mut hits = Vec::new();
    if "releases source maps deploys sentry-cli crash-free".contains(&needle) {
        hits.push(Hit { kind: "Page", title: "Releases".into(), note: "Health, deploys, source maps".into(), href: "/releases".into() });
    }
    for project in identity::store::list_projects(r)? {
        let releases = ingest::store::list_releases(r, project.id, SEARCHED)?;
        let named = releases.into_iter().filter(|release| release.version.to_lowercase().contains(&needle));
        hits.extend(named.take(5).map(|release| Hit {
            kind: "Release",
            title: release.version,
            note: project.name.clone(),
            href: format!("/releases/{}", release.id),
        }));
    }
    hits.truncate(10);
    Ok(hits)
}

/// The release of an issue or event, with what is known of its health.
pub fn related(house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
    let Subject::Release(project, version) = subject else { return Ok(Vec::new()) };
    house.hermetic.read_blocking(|r| {
        let Some(release) = ingest::store::find_release(r, *project, version)? else { return Ok(Vec::new()) };
        let counts = hours::sum_of(r, release.id, r.now - DAY)?;
        let note = match counts.unhandled_free() {
            Some(share) => format!("{} of {} sessions in 24 h without a crash or unhandled error", percent(share), counts.sessions),
            None => "no sessions in 24 h".to_owned(),
        };
        Ok(vec![Hit { kind: "Release", title: release.version, note, href: format!("/releases/{}", release.id) }])
    })
}

pub fn gauges(house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let (bytes, contents) = house.telemetry.read_blocking(artifacts::sum_blobs)?;
    let waiting = house.telemetry.read_blocking(chunks::sum)?;
    let budget = crate::settings::budget(r)?;
    let gauge = |name, help, value| Gauge { name, help, labels: Vec::new(), value: float(value) };
    let mut gauges = vec![
        gauge("hermetic_releases_artifact_bytes", "Source maps and debug files, compressed.", bytes),
        gauge("hermetic_releases_artifact_contents", "Different contents of source maps and debug files.", contents),
        gauge("hermetic_releases_artifact_budget_bytes", "What they may take.", budget),
        gauge("hermetic_releases_chunk_bytes", "Pieces of uploads that are not put together.", waiting),
    ];
    for (release, counts) in newest(r)? {
        let labels = || vec![("project", release.project.to_string()), ("release", release.version.clone())];
        let mut add = |name, help, value| gauges.push(Gauge { name, help, labels: labels(), value });
        add("hermetic_releases_sessions", "Sessions of the newest release within 24 hours.", float(counts.sessions));
        if let Some(share) = counts.crash_free() {
            add("hermetic_releases_crash_free_ratio", "Share of them without a crash.", share / 100.0);
        }
    }
    Ok(gauges)
}
