//! [`Batch`]: what some items of the log come to: rows that lead to them, cells of rollups, vitals that wait for their page, findings.

use ingest::Item;
use kernel::Result;
use kernel::Time;
use kernel::ids::ProjectId;
use kernel::time::{DAY, MINUTE};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::cell::Cell;
use super::family::Family;
use super::findings::{self, Limits};
use super::rows::{CellKey, FlushRow, LateVital, Leads, MAX_LEADS, Name, NameId, OTHER, PageLoad, RootRow, UNKNOWN_PAGE};
use super::span::{ById, Span, SpanId, TraceId, by_id, root_of, time_of};
use super::vital::Vital;
use super::window::Grain;
use super::{query, read, text};

/// Statements whose normal form is remembered, and names whose id is.
const MAX_REMEMBERED: usize = 2_000;
/// Rows that are held before they are handed on: the batch of a few packed bytes may be millions of spans.
const PORTION: usize = 2_000;
/// Cells that one batch tells apart; a batch of real programs has some hundred. What is beyond is counted by its name alone.
const MAX_CELLS: usize = 20_000;
/// Vitals of one batch whose page is looked for; a browser sends five a page.
const MAX_LATE: usize = 5_000;

/// What the batch cannot know by itself.
pub trait Known {
    /// Whether the name may have a row of its own on this day.
    fn admits(&mut self, name: &Name, day: Time) -> Result<bool>;
    /// Whether the environment may be told apart from the others.
    fn admits_environment(&mut self, project: ProjectId, environment: &str) -> Result<bool>;
    /// The page that this page load of the project opened, if it was kept.
    fn page(&mut self, project: ProjectId, trace: TraceId, span: SpanId) -> Result<Option<String>>;
}

#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Microseconds within which an answer is quick.
    pub apdex: u64,
    pub limits: Limits,
}

#[derive(Debug, Default)]
pub struct Batch {
    /// With the day on which they were last seen.
    pub names: HashMap<NameId, (Name, Time)>,
    pub cells: BTreeMap<CellKey, Cell>,
    pub late: Vec<LateVital>,
    /// Environments by project.
    pub environments: BTreeSet<(ProjectId, String)>,
    /// What has not been handed on yet.
    leads: Leads,
    /// Page loads of this batch.
    pages: HashMap<PageLoad, String>,
    memory: Memory,
}

/// What was worked out before, so that the same text is not worked through again.
#[derive(Debug, Default)]
struct Memory {
    names: HashMap<(ProjectId, Family, String, String, Time), NameId>,
    queries: HashMap<(String, String), String>,
}

impl Batch {
    /// `keep` is handed the rows that lead to the items, some at a time.
    pub fn of(items: &[Item], rules: &Rules, known: &mut impl Known, keep: &mut dyn FnMut(Leads) -> Result<()>) -> Result<Batch> {
        let mut batch = Batch::default();
        let mut waiting = Vec::new();
        for item in items {
            let payload = read::payload(item)?;
            batch.add_item(item, &payload, rules, known, &mut waiting)?;
            if batch.leads.len() >= PORTION {
                keep(std::mem::take(&mut batch.leads))?;
            }
        }
        if !batch.leads.is_empty() {
            keep(std::mem::take(&mut batch.leads))?;
        }
        // A page load may stand behind its vitals, in the same batch.
        for late in waiting {
            batch.add_late(late, known)?;
        }
        Ok(batch)
    }

    fn add_item(
        &mut self,
        item: &Item,
        payload: &Value,
        rules: &Rules,
        known: &mut impl Known,
        waiting: &mut Vec<LateVital>,
    ) -> Result<()> {
        let spans = read::spans(item, payload);
        let ids = by_id(&spans);
        let mut traces: BTreeSet<TraceId> = spans.iter().filter_map(|span| span.trace).collect();
        if traces.is_empty() {
            traces.insert(TraceId::NONE);
        }
        self.leads.flushes.extend(traces.into_iter().map(|trace| FlushRow { received_at: item.received_at, trace, item: item.id }));
        let mut leads = 0;
        for (position, span) in spans.iter().enumerate() {
            let mut seen = Seen::of(item, span);
            if !self.admits_environment(item.project, &seen.environment, known)? {
                seen.environment = OTHER.to_owned();
            }
            if span.is_root {
                let name = self.add_root(item, span, &seen, rules, known)?;
                if leads < MAX_LEADS {
                    leads += 1;
                    self.leads.roots.push(RootRow::of(item, position, span, name, seen.at));
                }
            }
            if span.is_query() {
                self.add_query(item, span, &seen, &ids, known)?;
            }
            self.add_vitals(item, span, &seen, known, waiting)?;
        }
        let mut normal = |span: &Span<'_>| self.memory.query(span);
        for found in findings::find(&spans, &rules.limits, &mut normal) {
            let seen = Seen::of(item, found.span);
            let (place, op) = match root_of(found.span, &ids) {
                Some(root) => (root_name(root, |span| self.memory.query(span)), root.op),
                None => (text::parameterised(found.span.root_name), ""),
            };
            self.leads.findings.push(found.into_finding(item, &seen, &place, op));
        }
        Ok(())
    }

    fn admits_environment(&mut self, project: ProjectId, environment: &str, known: &mut impl Known) -> Result<bool> {
        let key = (project, environment.to_owned());
        if environment.is_empty() || self.environments.contains(&key) {
            return Ok(true);
        }
        let is_admitted = known.admits_environment(project, environment)?;
        if is_admitted {
            self.environments.insert(key);
        }
        Ok(is_admitted)
    }

    fn add_root(&mut self, item: &Item, span: &Span<'_>, seen: &Seen, rules: &Rules, known: &mut impl Known) -> Result<NameId> {
        let family = span.family();
        let shown = root_name(span, |span| self.memory.query(span));
        if family == Family::Page
            && let (Some(trace), Some(id)) = (span.trace, span.id)
        {
            self.pages.insert((item.project, trace, id), shown.clone());
        }
        let name = self.name(item, family, shown, text::one_line(span.op, 64), known)?;
        let cell = self.cell(family, item.project, name, NameId(0), seen);
        cell.add(span.micros, span.weight(), span.is_failed, span.trace);
        cell.add_patience(span.micros, rules.apdex);
        Ok(name)
    }

    fn add_query(&mut self, item: &Item, span: &Span<'_>, seen: &Seen, ids: &ById<'_, '_>, known: &mut impl Known) -> Result<()> {
        let statement = self.memory.query(span);
        if statement.is_empty() {
            return Ok(());
        }
        let query = self.name(item, Family::Query, statement, text::one_line(span.system, 64), known)?;
        let root = root_of(span, ids).filter(|root| root.id != span.id);
        let caller = match root {
            Some(root) => root_name(root, |span| self.memory.query(span)),
            None if span.is_root => String::new(),
            None => text::parameterised(span.root_name),
        };
        let caller = if caller.is_empty() { NameId(0) } else { self.name(item, Family::Caller, caller, String::new(), known)? };
        let cell = self.cell(Family::Query, item.project, query, caller, seen);
        cell.add(span.micros, span.weight(), span.is_failed, span.trace);
        Ok(())
    }

    fn add_vitals(
        &mut self,
        item: &Item,
        span: &Span<'_>,
        seen: &Seen,
        known: &mut impl Known,
        waiting: &mut Vec<LateVital>,
    ) -> Result<()> {
        for (vital, value) in span.vitals.iter().copied() {
            let above = [span.root, span.parent].into_iter().flatten().find(|above| Some(*above) != span.id);
            match (span.trace, above) {
                (Some(trace), Some(page)) if !span.is_root && waiting.len() < MAX_LATE => waiting.push(LateVital {
                    project: item.project,
                    trace,
                    page,
                    vital,
                    value,
                    weight: span.weight(),
                    at: seen.at,
                    received_at: item.received_at,
                    environment: seen.environment.clone(),
                    release: seen.release.clone(),
                }),
                _ => {
                    let page = match (span.is_root, span.root_name) {
                        (true, _) => root_name(span, |span| self.memory.query(span)),
                        (false, "") => UNKNOWN_PAGE.to_owned(),
                        (false, name) => text::parameterised(name),
                    };
                    self.add_vital(item.project, page, vital, value, span.weight(), span.trace, seen, known)?;
                }
            }
        }
        Ok(())
    }

    /// A vital whose page stands in another envelope, or later in this one.
    fn add_late(&mut self, late: LateVital, known: &mut impl Known) -> Result<()> {
        let page = match self.pages.get(&(late.project, late.trace, late.page)) {
            Some(page) => Some(page.clone()),
            None => known.page(late.project, late.trace, late.page)?,
        };
        let Some(page) = page else {
            self.late.push(late);
            return Ok(());
        };
        self.credit(&late, page, known)
    }

    /// Counts a vital that has waited under its page.
    pub fn credit(&mut self, late: &LateVital, page: String, known: &mut impl Known) -> Result<()> {
        let (environment, release) = (late.environment.clone(), late.release.clone());
        let seen = Seen { at: late.at, received_at: late.received_at, environment, release };
        self.add_vital(late.project, page, late.vital, late.value, late.weight, Some(late.trace), &seen, known)
    }

    /// With the pages they opened.
    pub fn page_loads(&self) -> Vec<(PageLoad, String)> {
        self.pages.iter().map(|(load, page)| (*load, page.clone())).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "a measurement is all of this, and nothing else takes it together")]
    fn add_vital(
        &mut self,
        project: ProjectId,
        page: String,
        vital: Vital,
        value: f64,
        weight: f64,
        trace: Option<TraceId>,
        seen: &Seen,
        known: &mut impl Known,
    ) -> Result<()> {
        let Some(micros) = vital.micros(value) else { return Ok(()) };
        let name = Name { project, family: Family::Vital, name: page, op: vital.word().to_owned() };
        let name = self.admitted(name, seen.received_at.day_start(), known)?;
        let cell = self.cell(Family::Vital, project, name, NameId(0), seen);
        cell.add(micros, weight, false, trace);
        cell.add_rating(vital, value);
        Ok(())
    }

    fn name(&mut self, item: &Item, family: Family, name: String, op: String, known: &mut impl Known) -> Result<NameId> {
        let name = if name.is_empty() { "<unnamed>".to_owned() } else { name };
        self.admitted(Name { project: item.project, family, name, op }, item.received_at.day_start(), known)
    }

    fn admitted(&mut self, name: Name, day: Time, known: &mut impl Known) -> Result<NameId> {
        let key = (name.project, name.family, name.name.clone(), name.op.clone(), day);
        if let Some(id) = self.memory.names.get(&key) {
            return Ok(*id);
        }
        // What is remembered is bounded; a name that this batch has admitted stays so.
        if self.memory.names.len() >= MAX_REMEMBERED {
            self.memory.names.clear();
        }
        let is_admitted = self.names.get(&name.id()).is_some_and(|(_, noted)| *noted >= day);
        let name = if is_admitted || known.admits(&name, day)? { name } else { name.other() };
        let id = name.id();
        self.memory.names.insert(key, id);
        let entry = self.names.entry(id).or_insert((name, day));
        entry.1 = entry.1.max(day);
        Ok(id)
    }

    fn cell(&mut self, family: Family, project: ProjectId, name: NameId, caller: NameId, seen: &Seen) -> &mut Cell {
        let (environment, release) = (seen.environment.clone(), seen.release.clone());
        let mut key = CellKey { family, minute: Grain::Minute.start(seen.at), project, name, caller, environment, release };
        if self.cells.len() >= MAX_CELLS && !self.cells.contains_key(&key) {
            let minute = Grain::Minute.start(seen.received_at);
            key = CellKey { minute, caller: NameId(0), environment: OTHER.to_owned(), release: String::new(), ..key };
        }
        self.cells.entry(key).or_default()
    }
}

impl Memory {
    fn query(&mut self, span: &Span<'_>) -> String {
        // What is remembered is bounded: texts come from strangers.
        if self.queries.len() >= MAX_REMEMBERED {
            self.queries.clear();
        }
        let key = (query::read_part(span.query).to_owned(), span.system.to_owned());
        self.queries.entry(key).or_insert_with(|| query::normalised(span.query, span.system)).clone()
    }
}

/// When and where a span happened, as rollups count it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Time,
    pub received_at: Time,
    pub environment: String,
    pub release: String,
}

impl Seen {
    fn of(item: &Item, span: &Span<'_>) -> Seen {
        Seen {
            at: happened(item, span),
            received_at: item.received_at,
            environment: text::one_line(span.environment, 64),
            release: ingest::releases::checked_version(span.release).unwrap_or_default(),
        }
    }
}

/// When it ended. What lies in the future, or so far back that nobody looks, happened when it was received.
fn happened(item: &Item, span: &Span<'_>) -> Time {
    const OLDEST: Duration = Duration::from_secs(30 * DAY.as_secs());
    let Some(end) = span.end() else { return item.received_at };
    let at = time_of(end);
    if at > item.received_at + MINUTE || at < item.received_at - OLDEST { item.received_at } else { at }
}

/// What a root span is called: its route; its address with the ids taken out; its statement without values.
pub fn root_name(span: &Span<'_>, mut normal: impl FnMut(&Span<'_>) -> String) -> String {
    if span.is_query() {
        return normal(span);
    }
    // Browser SDKs from 11 on call every page “Pageload”; the page itself stands in the path.
    let is_page = span.family() == Family::Page;
    if is_page && !span.path.is_empty() && !span.name.starts_with('/') && matches!(span.source, "url" | "") {
        return text::parameterised(span.path);
    }
    let name = match span.source {
        "url" | "" | "unknown" => text::parameterised(span.name),
        _ => text::one_line(span.name, text::MAX_NAME),
    };
    let has_method = span.method.is_empty() || name.starts_with(span.method) || !name.starts_with('/') || is_page;
    if has_method { name } else { format!("{} {name}", text::one_line(span.method, 16)) }
}
