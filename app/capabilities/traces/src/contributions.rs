//! What traces puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Reading, Subject, Tile};
use db::Reader;
use frontend::Tone;
use frontend::charts::Unit;
use kernel::Result;
use kernel::time::{HOUR, MINUTE};

use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::rows::{MAX_NAMES, Name, OTHER};
use crate::model::sketch::float;
use crate::model::span::TraceId;
use crate::model::window::{Grain, Period, Window};
use crate::settings;
use crate::store::rollups::{self, Filter};
use crate::store::{names, pools, roots};

/// The kind of a hit that is a trace.
pub const TRACE: &str = "Trace";

pub const KEEP: &[Keep] = &[
    Keep { what: "every trace (see the settings; less where the budget is smaller)", days: 14 },
    Keep { what: "examples of traces (see the settings)", days: 30 },
    Keep { what: "response times by hour", days: 90 },
    Keep { what: "response times by day", days: 730 },
];

pub const METRICS: &[Metric] = &[
    Metric { name: "traces.p95_ms", label: "Response time, p95 of all endpoints over 10 minutes", unit: "ms", read: p95 },
    Metric {
        name: "traces.failure_rate_percent",
        label: "Failed requests of all endpoints over 10 minutes",
        unit: "%",
        read: |_, r| Ok(reading(&recent(r, Family::Endpoint)?, |cell| cell.failed_percent())),
    },
    Metric {
        name: "traces.slowest_query_ms",
        label: "Slowest query of the last 10 minutes",
        unit: "ms",
        read: |_, r| Ok(reading(&recent(r, Family::Query)?, |cell| cell.longest() / 1_000.0)),
    },
    Metric {
        name: "traces.database_connections_percent",
        label: "Database connections in use, of the fullest pool that programs report",
        unit: "%",
        read: |_, r| Ok(pools::fullest(r, r.now - MINUTE * 10)?.map(|(value, samples)| Reading { value, samples })),
    },
];

fn p95(_: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    Ok(reading(&recent(r, Family::Endpoint)?, |cell| cell.quantile(0.95) / 1_000.0))
}

fn reading(cell: &Cell, value: impl Fn(&Cell) -> f64) -> Option<Reading> {
    (cell.n > 0).then(|| Reading { value: value(cell), samples: cell.n })
}

/// The last ten full minutes and the one that runs.
fn recent(r: &Reader<'_>, family: Family) -> Result<Cell> {
    let to = Grain::Minute.start(r.now) + MINUTE;
    whole(r, family, Window { from: to - MINUTE * 11, to })
}

fn whole(r: &Reader<'_>, family: Family, window: Window) -> Result<Cell> {
    let mut whole = Cell::default();
    rollups::each(r, family, window, &Filter::default(), |row| row.cell.add_to(&mut whole))?;
    Ok(whole)
}

pub fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let mut gauges = Vec::new();
    let mut add = |name, help, labels, value| gauges.push(Gauge { name, help, labels, value });
    for family in [Family::Endpoint, Family::Page, Family::Query] {
        let cell = recent(r, family)?;
        let labels = || vec![("family", family.word().to_owned())];
        add("hermetic_traces_recent_count", "Counted in the last ten minutes.", labels(), float(cell.n));
        if cell.n > 0 {
            let failed = float(cell.failed) / float(cell.n);
            add("hermetic_traces_recent_p95_seconds", "p95 of the last ten minutes.", labels(), cell.quantile(0.95) / 1e6);
            add("hermetic_traces_recent_failed_ratio", "Share that failed in the last ten minutes.", labels(), failed);
        }
    }
    Ok(gauges)
}

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let window = Period::Day.window(r.now);
    let mut hours = vec![Cell::default(); 24];
    rollups::each(r, Family::Endpoint, window, &Filter::default(), |row| {
        let at = row.at.since(window.from).as_secs() / HOUR.as_secs();
        if let Some(hour) = usize::try_from(at).ok().and_then(|at| hours.get_mut(at)) {
            row.cell.add_to(hour);
        }
    })?;
    let mut whole = Cell::default();
    hours.iter().for_each(|hour| whole.merge(hour));
    if whole.n == 0 {
        return Ok(Vec::new());
    }
    let failed = whole.failed_percent();
    Ok(vec![Tile {
        title: "Response time, p95".to_owned(),
        value: Unit::Millis.write(whole.quantile(0.95) / 1_000.0),
        note: format!("{} requests in 24 h, {} failed", whole.n, Unit::Percent.write(failed)),
        href: "/traces".to_owned(),
        tone: if failed > 5.0 { Tone::Bad } else { Tone::Neutral },
        spark: hours.iter().filter(|hour| hour.n > 0).map(|hour| hour.quantile(0.95) / 1_000.0).collect(),
    }])
}

/// A project whose names are too many to be told apart.
pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let projects = identity::store::list_projects(r)?;
    let mut findings = Vec::new();
    for project in projects {
        let full: Vec<&str> = [Family::Endpoint, Family::Page, Family::Other, Family::Query]
            .into_iter()
            .map(|family| (Name { project: project.id, family, name: OTHER.to_owned(), op: String::new() }, family))
            .filter_map(|(name, family)| {
                names::has_other(r, &name, r.now.day_start()).map(|full| full.then_some(family.word())).transpose()
            })
            .collect::<Result<_>>()?;
        if !full.is_empty() {
            findings.push(Diagnosis {
                tone: Tone::Warn,
                subject: format!("Traces of {}", project.name),
                finding: format!("More than {MAX_NAMES} different {} came in today; the rest is counted as “{OTHER}”.", full.join(" and ")),
                advice: "Name operations by their route instead of by their address, in the program that sends them.".to_owned(),
            });
        }
    }
    Ok(findings)
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let query = query.trim();
    let mut hits = Vec::new();
    if query.len() >= 32
        && let Some(trace) = TraceId::parse(query)
    {
        hits.push(Hit {
            kind: TRACE,
            title: format!("Trace {trace}"),
            note: "if spans of it are kept".to_owned(),
            href: format!("/traces/{trace}"),
        });
    }
    if query.chars().count() >= 2 {
        hits.extend(names::search(r, query, 9)?.into_iter().map(|(id, name)| Hit {
            kind: match name.family {
                Family::Endpoint => "Endpoint",
                Family::Page => "Page",
                _ => "Operation",
            },
            title: name.name,
            note: name.op,
            href: format!("/traces/names/{}", id.0),
        }));
    }
    Ok(hits)
}

/// On a blocking thread.
pub fn related(house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
    match subject {
        Subject::Trace(id) => related_trace(house, id),
        Subject::Release(project, version) => house.hermetic.read_blocking(|r| related_release(r, *project, version)),
        _ => Ok(Vec::new()),
    }
}

fn related_trace(house: &House, id: &str) -> Result<Vec<Hit>> {
    let Some(trace) = TraceId::parse(id) else { return Ok(Vec::new()) };
    let kept = house.hermetic.read_blocking(settings::kept)?;
    let found = house.telemetry.read_blocking(|r| {
        let items = roots::items_of_trace(r, trace, kept.examples, 20)?;
        let mut found = Vec::new();
        for item in &items {
            found.extend(roots::of_item(r, *item)?.into_iter().filter(|root| root.trace == Some(trace)));
        }
        Ok((!items.is_empty()).then_some(found))
    })?;
    let Some(found) = found else { return Ok(Vec::new()) };
    let longest = found.iter().max_by_key(|root| root.micros);
    let (title, note) = match longest {
        Some(root) => {
            let name = house.hermetic.read_blocking(|r| names::find(r, root.name))?.map_or_else(String::new, |name| name.name);
            let more = if found.len() > 1 { format!(", {} root spans", found.len()) } else { String::new() };
            let failed = if found.iter().any(|root| root.is_failed) { ", failed" } else { "" };
            (name, format!("{}{failed}{more}", Unit::Millis.write(float(root.micros) / 1_000.0)))
        }
        None => ("Spans without their root".to_owned(), String::new()),
    };
    Ok(vec![Hit { kind: TRACE, title, note, href: format!("/traces/{trace}") }])
}

fn related_release(r: &Reader<'_>, project: kernel::ids::ProjectId, version: &str) -> Result<Vec<Hit>> {
    let Some(release) = ingest::store::find_release(r, project, version)? else { return Ok(Vec::new()) };
    let filter = Filter { project: Some(project), environment: None, release: Some(release.id) };
    let mut cell = Cell::default();
    rollups::each(r, Family::Endpoint, Period::Month.window(r.now), &filter, |row| row.cell.add_to(&mut cell))?;
    if cell.n == 0 {
        return Ok(Vec::new());
    }
    let slug = identity::store::get_project(r, project)?.slug;
    let href = frontend::Href::path("/traces").with("project", slug).with("release", version).with("window", Period::Month.word());
    Ok(vec![Hit {
        kind: "Response times",
        title: format!("p95 {} over {} requests", Unit::Millis.write(cell.quantile(0.95) / 1_000.0), cell.n),
        note: format!("{} failed, last 30 days", Unit::Percent.write(cell.failed_percent())),
        href: href.to_string(),
    }])
}
