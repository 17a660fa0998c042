//! One name: over time, by release, by caller, with traces that show it.

use capability::House;
use db::Reader;
use ingest::releases::Release;
use kernel::ids::ReleaseId;
use kernel::{Error, Result, Time};
use std::collections::{BTreeMap, HashMap};

use super::scope::{Asked, Scope};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::rows::{Name, NameId};
use crate::model::span::{Span, TraceId, by_id, root_of};
use crate::model::vital::Vital;
use crate::model::window::{Grain, Period};
use crate::model::{arrange, read};
use crate::settings::Kept;
use crate::store::{names, rollups, roots};

/// The newest of a name among which examples of its quantiles are looked for.
const CANDIDATES: u32 = 2_000;
/// Traces that are opened to see what their time went into.
const OPENED: usize = 20;

pub struct Detail {
    pub scope: Scope,
    pub id: NameId,
    pub name: Name,
    pub cell: Cell,
    pub before: Cell,
    /// Step by step, oldest first.
    pub series: Vec<(Time, Cell)>,
    /// The newest first; `None`: none was said.
    pub releases: Vec<(Option<Release>, Cell)>,
    /// Of queries: who sends them, by total time.
    pub callers: Vec<(String, Cell)>,
    /// Of pages.
    pub vitals: BTreeMap<Vital, Cell>,
    pub examples: Vec<Shown>,
    /// How many of the newest were looked at for examples.
    pub looked_at: usize,
    pub parts: Parts,
}

/// A trace as an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub label: &'static str,
    pub micros: u64,
    pub trace: TraceId,
}

/// What the time of some traces went into.
#[derive(Debug, Default)]
pub struct Parts {
    pub traces: usize,
    /// Operation, microseconds of its own, spans; the most time first.
    pub ops: Vec<(String, u64, u64)>,
}

/// Reads the state.
pub fn read(r: &Reader<'_>, id: NameId, asked: Asked) -> Result<Detail> {
    let name = names::find(r, id)?.ok_or_else(|| Error::not_found("name"))?;
    let mut asked = asked;
    let project = identity::store::get_project(r, name.project)?;
    asked.project = project.slug;
    let scope = Scope::of(r, asked)?;
    let step = i64::try_from(scope.period.step().as_millis()).unwrap_or(1);
    let coarsest = match scope.period {
        Period::Hour => Grain::Minute,
        Period::Day | Period::Week => Grain::Hour,
        Period::Month => Grain::Day,
    };
    let own = (name.project, name.family, id);
    let (mut cell, mut before) = (Cell::default(), Cell::default());
    let mut series: BTreeMap<Time, Cell> = BTreeMap::new();
    let mut releases: HashMap<ReleaseId, Cell> = HashMap::new();
    let mut callers: HashMap<NameId, Cell> = HashMap::new();
    rollups::each_of_name(r, own, scope.window, coarsest, &scope.filter, |row| {
        row.cell.add_to(series.entry(Time(row.at.0.div_euclid(step) * step)).or_default());
        row.cell.add_to(releases.entry(row.release).or_default());
        row.cell.add_to(callers.entry(row.caller).or_default());
    })?;
    series.values().for_each(|part| cell.merge(part));
    rollups::each_of_name(r, own, scope.window.previous(), Grain::Day, &scope.filter, |row| row.cell.add_to(&mut before))?;
    let vitals = if name.family == Family::Page { vitals_of(r, &name, &scope)? } else { BTreeMap::new() };
    Ok(Detail {
        releases: ordered_releases(r, releases)?,
        callers: named_callers(r, callers)?,
        series: series.into_iter().collect(),
        scope,
        id,
        name,
        cell,
        before,
        vitals,
        examples: Vec::new(),
        looked_at: 0,
        parts: Parts::default(),
    })
}

fn vitals_of(r: &Reader<'_>, page: &Name, scope: &Scope) -> Result<BTreeMap<Vital, Cell>> {
    let mut vitals = BTreeMap::new();
    for vital in Vital::ALL {
        let id = Name { family: Family::Vital, op: vital.word().to_owned(), ..page.clone() }.id();
        let mut cell = Cell::default();
        let own = (page.project, Family::Vital, id);
        rollups::each_of_name(r, own, scope.window, Grain::Day, &scope.filter, |row| row.cell.add_to(&mut cell))?;
        if cell.n > 0 {
            vitals.insert(vital, cell);
        }
    }
    Ok(vitals)
}

fn ordered_releases(r: &Reader<'_>, cells: HashMap<ReleaseId, Cell>) -> Result<Vec<(Option<Release>, Cell)>> {
    let mut releases = Vec::new();
    for (id, cell) in cells {
        let release = if id.0 == 0 { None } else { ingest::store::find_release_by_id(r, id)? };
        releases.push((release, cell));
    }
    releases.sort_by(|(one, _), (other, _)| match (one, other) {
        (Some(one), Some(other)) => other.order(one),
        (one, other) => other.is_some().cmp(&one.is_some()),
    });
    Ok(releases)
}

fn named_callers(r: &Reader<'_>, cells: HashMap<NameId, Cell>) -> Result<Vec<(String, Cell)>> {
    let mut callers = Vec::new();
    for (id, cell) in cells {
        let name = if id.0 == 0 { String::new() } else { names::find(r, id)?.map_or_else(String::new, |name| name.name) };
        callers.push((name, cell));
    }
    callers.sort_by(|one, other| other.1.sum.cmp(&one.1.sum).then_with(|| one.0.cmp(&other.0)));
    Ok(callers)
}

/// Adds what the log shows of it. On a blocking thread.
pub fn add_examples(house: &House, detail: &mut Detail, kept: &Kept) -> Result<()> {
    let back = kept.examples;
    let (examples, looked_at, parts) = house.telemetry.read_blocking(|r| {
        let newest = roots::newest_of_name(r, detail.id, detail.scope.window.from, detail.scope.window.to, CANDIDATES)?;
        let mut examples = near_quantiles(&newest, &detail.cell);
        let ends = [("slowest", detail.cell.slowest), ("a failed one", detail.cell.failure)];
        for (label, example) in ends {
            for kept in roots::kept_of(r, &[example], back)? {
                examples.extend(kept.trace.map(|trace| Shown { label, micros: kept.micros, trace }));
            }
        }
        Ok((examples, newest.len(), parts_of(r, &newest[..newest.len().min(OPENED)])?))
    })?;
    (detail.examples, detail.looked_at, detail.parts) = (examples, looked_at, parts);
    Ok(())
}

/// Of each quantile the trace that is nearest to it.
fn near_quantiles(roots: &[roots::RootBrief], cell: &Cell) -> Vec<Shown> {
    let quantiles = [("p50", 0.5), ("p75", 0.75), ("p95", 0.95), ("p99", 0.99)];
    let near = |(label, q): (&'static str, f64)| {
        let wanted = cell.quantile(q);
        let distance = |micros: u64| (crate::model::sketch::float(micros) - wanted).abs();
        let traced = roots.iter().filter_map(|root| Some((root.micros, root.trace?)));
        let (micros, trace) = traced.min_by(|one, other| distance(one.0).total_cmp(&distance(other.0)))?;
        Some(Shown { label, micros, trace })
    };
    quantiles.into_iter().filter_map(near).collect()
}

/// Of exactly these roots: an item may hold those of other names as well.
fn parts_of(r: &Reader<'_>, newest: &[roots::RootBrief]) -> Result<Parts> {
    let mut parts = Parts::default();
    let mut ops: HashMap<String, (u64, u64)> = HashMap::new();
    let mut positions: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for root in newest {
        positions.entry(root.item).or_default().push(root.position);
    }
    for (item, positions) in positions {
        let Some(item) = ingest::store::find_item(r, item)? else { continue };
        let payload = read::payload(&item)?;
        let spans = read::spans(&item, &payload);
        let ids = by_id(&spans);
        for root in positions.into_iter().filter_map(|position| spans.get(position)).filter(|span| span.is_root) {
            let belongs = |span: &Span<'_>| {
                std::ptr::eq(span, root) || (!span.is_root && root_of(span, &ids).is_some_and(|own| std::ptr::eq(own, root)))
            };
            let own: Vec<Span<'_>> = spans.iter().filter(|span| belongs(span)).cloned().collect();
            parts.traces += 1;
            for line in arrange::arrange(&own) {
                let op = if own[line.span].op.is_empty() { "other" } else { own[line.span].op };
                let sum = ops.entry(crate::model::text::one_line(op, 64)).or_default();
                *sum = (sum.0.saturating_add(line.own), sum.1 + 1);
            }
        }
    }
    parts.ops = ops.into_iter().map(|(op, (micros, spans))| (op, micros, spans)).collect();
    parts.ops.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    Ok(parts)
}
