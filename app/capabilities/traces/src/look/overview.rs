//! Names of one family beside each other, over a window and the one before it.

use db::Reader;
use kernel::Result;
use kernel::time::{DAY, MINUTE};
use std::collections::{BTreeMap, HashMap};

use super::scope::{Order, Scope};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::rows::{Name, NameId};
use crate::model::sketch::float;
use crate::model::vital::Vital;
use crate::model::window::Period;
use crate::store::{names, rollups};

/// Rows of one page.
pub const SHOWN: usize = 50;

pub struct Overview {
    pub scope: Scope,
    pub family: Family,
    /// The first of them, in the order asked for.
    pub rows: Vec<Ranked>,
    /// Of how many.
    pub count: usize,
    pub whole: Cell,
    pub before: Cell,
    /// Whether anything was ever counted, in any scope.
    pub has_any: bool,
}

pub struct Ranked {
    pub id: NameId,
    pub name: Name,
    pub cell: Cell,
    /// In the window before.
    pub before: Cell,
    /// How many, step by step.
    pub spark: Vec<f64>,
    /// Of queries: the one that sends most of it, and how many there are.
    pub caller: String,
    pub callers: usize,
}

impl Ranked {
    /// How much slower than before, in percent of p95; `None` where one of the two rests on fewer than 20.
    pub fn trend(&self) -> Option<f64> {
        trend(&self.cell, &self.before)
    }
}

pub fn trend(cell: &Cell, before: &Cell) -> Option<f64> {
    let old = before.quantile(0.95);
    (cell.n >= 20 && before.n >= 20 && old > 0.0).then(|| (cell.quantile(0.95) / old - 1.0) * 100.0)
}

#[derive(Default)]
struct Gathered {
    cell: Cell,
    spark: Vec<f64>,
    callers: HashMap<NameId, u64>,
}

pub fn read(r: &Reader<'_>, family: Family, scope: Scope) -> Result<Overview> {
    let step = match scope.period {
        Period::Hour => MINUTE * 5,
        Period::Week => DAY,
        period => period.step(),
    };
    let steps = usize::try_from(scope.period.span().as_millis() / step.as_millis()).unwrap_or(0);
    let mut gathered: HashMap<NameId, Gathered> = HashMap::new();
    rollups::each(r, family, scope.window, &scope.filter, |row| {
        let own = gathered.entry(row.name).or_insert_with(|| Gathered { spark: vec![0.0; steps], ..Gathered::default() });
        row.cell.add_to(&mut own.cell);
        let at = row.at.since(scope.window.from).as_millis() / step.as_millis();
        if let Some(count) = usize::try_from(at).ok().and_then(|at| own.spark.get_mut(at)) {
            *count += float(row.cell.n);
        }
        *own.callers.entry(row.caller).or_default() += row.cell.sum;
    })?;
    let mut before: HashMap<NameId, Cell> = HashMap::new();
    rollups::each(r, family, scope.window.previous(), &scope.filter, |row| row.cell.add_to(before.entry(row.name).or_default()))?;
    let (whole, whole_before) = (sum(gathered.values().map(|own| &own.cell)), sum(before.values()));
    if !scope.asked.q.trim().is_empty() {
        let wanted = scope.asked.q.trim().to_lowercase();
        let found = names::containing(r, gathered.keys().copied(), &wanted)?;
        gathered.retain(|id, _| found.contains(id));
    }
    let count = gathered.len();
    let mut ids: Vec<(NameId, f64)> = gathered.iter().map(|(id, own)| (*id, weight_of(scope.order, &own.cell, before.get(id)))).collect();
    ids.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    let mut rows = Vec::new();
    for (id, _) in ids.into_iter().take(SHOWN) {
        let (Some(name), Some(own)) = (names::find(r, id)?, gathered.remove(&id)) else { continue };
        let caller = own.callers.iter().filter(|(id, _)| id.0 != 0).max_by_key(|(id, sum)| (**sum, **id)).map(|(id, _)| *id);
        let caller = caller.map_or(Ok(None), |id| names::find(r, id))?.map_or_else(String::new, |name| name.name);
        let callers = own.callers.keys().filter(|id| id.0 != 0).count();
        rows.push(Ranked { id, name, cell: own.cell, before: before.remove(&id).unwrap_or_default(), spark: own.spark, caller, callers });
    }
    Ok(Overview { has_any: whole.n > 0 || names::has_any(r)?, scope, family, rows, count, whole, before: whole_before })
}

fn sum<'c>(cells: impl Iterator<Item = &'c Cell>) -> Cell {
    cells.fold(Cell::default(), |mut whole, cell| {
        whole.merge(cell);
        whole
    })
}

fn weight_of(order: Order, cell: &Cell, before: Option<&Cell>) -> f64 {
    match order {
        Order::Time => cell.whole_time(),
        Order::Slow => cell.quantile(0.95),
        Order::Often => cell.weight,
        Order::Failed => float(cell.failed),
        Order::Worse => before.and_then(|before| trend(cell, before)).unwrap_or(f64::NEG_INFINITY),
    }
}

/// Pages with what browsers measured of them.
pub struct Vitals {
    /// Of all pages.
    pub whole: BTreeMap<Vital, Cell>,
    /// By project and page.
    pub pages: HashMap<(kernel::ids::ProjectId, String), BTreeMap<Vital, Cell>>,
}

pub fn read_vitals(r: &Reader<'_>, scope: &Scope) -> Result<Vitals> {
    let mut by_id: HashMap<NameId, Cell> = HashMap::new();
    rollups::each(r, Family::Vital, scope.window, &scope.filter, |row| row.cell.add_to(by_id.entry(row.name).or_default()))?;
    let mut vitals = Vitals { whole: BTreeMap::new(), pages: HashMap::new() };
    for (id, cell) in by_id {
        let Some(name) = names::find(r, id)? else { continue };
        let Some(vital) = Vital::parse(&name.op) else { continue };
        vitals.whole.entry(vital).or_default().merge(&cell);
        vitals.pages.entry((name.project, name.name)).or_default().entry(vital).or_default().merge(&cell);
    }
    Ok(vitals)
}
