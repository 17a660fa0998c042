//! The digest: spans of the log become rows that lead to them, and counts by minute.

use capability::Cx;
use capability::digest::{Change, Digest};
use db::{Reader, Tx};
use ingest::{Item, Kind};
use kernel::ids::ProjectId;
use kernel::time::HOUR;
use kernel::{Result, Time};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::model::batch::{Batch, Known};
use crate::model::family::Family;
use crate::model::rows::{Leads, MAX_ENVIRONMENTS, MAX_NAMES, Name, UNKNOWN_PAGE};
use crate::model::span::{SpanId, TraceId};
use crate::model::{pool, read};
use crate::store::{names, pools, rollups, roots, waiting};
use crate::{TOPIC, settings};

/// A vital comes seconds after its page load, or when the tab is closed: after two days nobody looks for it any more.
const VITALS_LATE: Duration = Duration::from_secs(48 * HOUR.as_secs());
/// So long a vital waits for a page load that is late itself.
pub const WAIT: Duration = HOUR;
/// Vitals of a project that wait at once: real pages have few, and each is a row of the state.
pub const MAX_WAITING: usize = 5_000;

pub struct Spans;

impl Digest for Spans {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Transaction, Kind::Spans]
    }

    fn digest(&self, cx: &Cx, items: &[Item]) -> Result<Change> {
        let mut batch = cx.hermetic.read_blocking(|r| {
            let projects: HashSet<ProjectId> = identity::store::list_projects(r)?.into_iter().map(|project| project.id).collect();
            // What a project that is gone has reported ages out with the log.
            let items: Vec<Item> = items.iter().filter(|item| projects.contains(&item.project)).cloned().collect();
            let rules = settings::rules(r)?;
            let mut keep = |leads: Leads| cx.telemetry.write_blocking(move |tx| roots::add(tx, &leads));
            cx.telemetry.read_blocking(|t| Batch::of(&items, &rules, &mut State::new(r, Some(t)), &mut keep))
        })?;
        Ok(Box::new(move |tx| {
            take_waiting(tx, &mut batch)?;
            give_up_crowd(tx, &mut batch)?;
            apply(tx, &batch)
        }))
    }
}

/// Of all measurements only those of connection pools mean something here.
pub struct Pools;

impl Digest for Pools {
    fn name(&self) -> &'static str {
        "traces.pools"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Metrics]
    }

    fn digest(&self, _: &Cx, items: &[Item]) -> Result<Change> {
        let mut told = Vec::new();
        for item in items {
            told.extend(pool::reports(&read::payload(item)?).into_iter().map(|report| (item.project, report)));
        }
        Ok(Box::new(move |tx| {
            for (project, report) in &told {
                if identity::store::find_project(tx, *project)?.is_some() {
                    pools::note(tx, *project, report)?;
                }
            }
            Ok(())
        }))
    }
}

/// What the files know.
struct State<'r, 'c> {
    r: &'r Reader<'c>,
    /// `None` where only the state may be asked.
    t: Option<&'r Reader<'c>>,
    counts: HashMap<(ProjectId, Family, Time), usize>,
    environments: HashMap<ProjectId, HashSet<String>>,
}

impl<'r, 'c> State<'r, 'c> {
    fn new(r: &'r Reader<'c>, t: Option<&'r Reader<'c>>) -> Self {
        Self { r, t, counts: HashMap::new(), environments: HashMap::new() }
    }
}

impl Known for State<'_, '_> {
    fn admits(&mut self, name: &Name, day: Time) -> Result<bool> {
        // Only as few of them as there are families and vitals.
        let is_ours = *name == name.other() || (name.family == Family::Vital && name.name == UNKNOWN_PAGE);
        if is_ours || names::is_seen(self.r, name.id(), day)? {
            return Ok(true);
        }
        let key = (name.project, name.family, day);
        let count = match self.counts.get(&key) {
            Some(count) => *count,
            None => names::count(self.r, name.project, name.family, day)?,
        };
        // Each vital of a page is a name of its own.
        let most = if name.family == Family::Vital { MAX_NAMES * 5 } else { MAX_NAMES };
        let is_room = count < most;
        self.counts.insert(key, count + usize::from(is_room));
        Ok(is_room)
    }

    fn admits_environment(&mut self, project: ProjectId, environment: &str) -> Result<bool> {
        let known = match self.environments.entry(project) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(names::environments_of(self.r, project)?),
        };
        let is_room = known.len() < MAX_ENVIRONMENTS;
        if is_room {
            known.insert(environment.to_owned());
        }
        Ok(known.contains(environment))
    }

    fn page(&mut self, project: ProjectId, trace: TraceId, span: SpanId) -> Result<Option<String>> {
        let Some(t) = self.t else { return Ok(None) };
        let Some(id) = roots::name_of_root(t, trace, span, VITALS_LATE)? else { return Ok(None) };
        let name = names::find(self.r, id)?;
        Ok(name.filter(|name| name.project == project && name.family == Family::Page).map(|name| name.name))
    }
}

/// Vitals that came before the page loads of this batch.
fn take_waiting(tx: &mut Tx<'_>, batch: &mut Batch) -> Result<()> {
    if !waiting::has_any(tx)? {
        return Ok(());
    }
    for ((project, trace, span), page) in batch.page_loads() {
        let lates = waiting::of_page(tx, project, trace, span)?;
        let mut state = State::new(tx, None);
        for late in &lates {
            batch.credit(late, page.clone(), &mut state)?;
        }
        if !lates.is_empty() {
            waiting::remove_of_page(tx, project, trace, span)?;
        }
    }
    Ok(())
}

/// Vitals for which there is no room to wait are counted without their page.
fn give_up_crowd(tx: &mut Tx<'_>, batch: &mut Batch) -> Result<()> {
    let mut held: HashMap<ProjectId, usize> = HashMap::new();
    let mut state = State::new(tx, None);
    for late in std::mem::take(&mut batch.late) {
        let held = match held.entry(late.project) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(place) => place.insert(waiting::count(tx, late.project, MAX_WAITING)?),
        };
        if *held < MAX_WAITING {
            *held += 1;
            batch.late.push(late);
        } else {
            batch.credit(&late, UNKNOWN_PAGE.to_owned(), &mut state)?;
        }
    }
    Ok(())
}

/// Vitals whose page load never came are counted all the same.
pub fn give_up_waiting(tx: &mut Tx<'_>, limit: u32) -> Result<usize> {
    let lates = waiting::take_old(tx, tx.now - WAIT, limit)?;
    let mut batch = Batch::default();
    let mut state = State::new(tx, None);
    for late in &lates {
        batch.credit(late, UNKNOWN_PAGE.to_owned(), &mut state)?;
    }
    apply(tx, &batch)?;
    Ok(lates.len())
}

/// What a batch changes in the state.
fn apply(tx: &mut Tx<'_>, batch: &Batch) -> Result<()> {
    for (id, (name, day)) in &batch.names {
        names::note(tx, *id, name, *day)?;
    }
    let today = tx.now.day_start();
    for (project, environment) in &batch.environments {
        names::note_environment(tx, *project, environment, today)?;
    }
    batch.late.iter().try_for_each(|late| waiting::insert(tx, late))?;
    rollups::add_batch(tx, batch)?;
    tx.signal(TOPIC);
    Ok(())
}
