//! One trace: the spans of all programs that took part, in the order of a waterfall.

use capability::{Hit, House, Subject};
use identity::projects::Project;
use ingest::Item;
use kernel::{Error, Result, Time};
use std::collections::{HashMap, HashSet};

use crate::model::arrange::{self, Gap, Line};
use crate::model::batch::root_name;
use crate::model::sketch::float;
use crate::model::span::{Span, TraceId};
use crate::model::{query, read, text};
use crate::settings::Kept;
use crate::store::roots;

/// Items of one trace that are opened.
const ITEMS: u32 = 200;
/// And bytes of them: a hostile program must not fill the memory by a page view.
const BYTES: usize = 16 << 20;
/// Lines of one page.
pub const LINES: usize = 400;
/// And bytes of what their spans say: a page ends early rather than leave something out.
const SAID: usize = 512 << 10;
/// Attributes of one span that are shown.
const ATTRIBUTES: usize = 60;

pub struct Trace {
    pub id: TraceId,
    pub started_at: Time,
    /// Milliseconds.
    pub total: f64,
    /// All spans of it.
    pub count: usize,
    pub failed: usize,
    /// Of its first line.
    pub title: String,
    /// Those of this page.
    pub lines: Vec<SpanLine>,
    /// How many lines stand before these.
    pub from: usize,
    /// Spans that name a parent which is not here.
    pub orphans: usize,
    /// Children that begin noticeably before their parents: two clocks.
    pub early: usize,
    pub gap: Option<(String, f64)>,
    pub programs: Vec<Program>,
    pub related: Vec<Hit>,
    pub has_more_items: bool,
}

/// A program that took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub project: Project,
    pub release: String,
    pub environment: String,
    pub sdk: String,
    pub user: String,
    pub spans: usize,
}

impl Program {
    fn of(project: &Project) -> Program {
        let none = String::new;
        Program { project: project.clone(), release: none(), environment: none(), sdk: none(), user: none(), spans: 0 }
    }
}

pub struct SpanLine {
    pub depth: usize,
    pub is_orphan: bool,
    pub op: String,
    pub title: String,
    pub project: String,
    pub outcome: String,
    pub is_failed: bool,
    pub is_root: bool,
    /// Milliseconds after the start of the trace.
    pub offset: f64,
    pub length: f64,
    /// Of its own, not of its children.
    pub own: f64,
    pub span: String,
    pub parent: String,
    pub attributes: Vec<(String, String)>,
}

struct Held {
    item: Item,
    payload: serde_json::Value,
}

/// On a blocking thread. `None` where nothing of it is kept (any more).
pub fn read(house: &House, id: TraceId, from: usize, kept: &Kept) -> Result<Option<Trace>> {
    let (held, has_more_items) = house.telemetry.read_blocking(|r| held(r, id, kept))?;
    let projects = house.hermetic.read_blocking(identity::store::list_projects)?;
    let projects: HashMap<_, _> = projects.into_iter().map(|project| (project.id, project)).collect();
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut owners: Vec<&Project> = Vec::new();
    let mut seen = HashSet::new();
    for one in &held {
        // A project that was removed has taken its spans along.
        let Some(project) = projects.get(&one.item.project) else { continue };
        for span in read::spans(&one.item, &one.payload) {
            let is_new = span.id.is_none_or(|id| seen.insert((project.id, id)));
            if span.trace == Some(id) && is_new {
                spans.push(span);
                owners.push(project);
            }
        }
    }
    if spans.is_empty() {
        return Ok(None);
    }
    // What others have about it must not keep the trace itself from being seen.
    let related = house.registry.related(house, &Subject::Trace(&id.to_string())).unwrap_or_else(|error| {
        tracing::warn!(error = error.chain(), "what else belongs to a trace could not be read");
        Vec::new()
    });
    let mut trace = drawn(id, from, &spans, &owners);
    trace.related = related.into_iter().filter(|hit| hit.kind != crate::contributions::TRACE).collect();
    trace.has_more_items = has_more_items;
    Ok(Some(trace))
}

/// What of the trace is kept, up to as much as one page can be made of; and whether there is more.
fn held(r: &db::Reader<'_>, id: TraceId, kept: &Kept) -> Result<(Vec<Held>, bool)> {
    let (mut held, mut bytes) = (Vec::new(), 0);
    for item_id in roots::items_of_trace(r, id, kept.examples, ITEMS)? {
        let Some(item) = ingest::store::find_item(r, item_id)? else { continue };
        bytes += item.payload()?.len();
        if bytes > BYTES && !held.is_empty() {
            return Ok((held, true));
        }
        held.push(Held { payload: read::payload(&item)?, item });
    }
    let is_full = held.len() >= ITEMS as usize;
    Ok((held, is_full))
}

pub fn find(house: &House, id: &str, from: usize, kept: &Kept) -> Result<Trace> {
    let missing = || Error::not_found("trace");
    read(house, TraceId::parse(id).ok_or_else(missing)?, from, kept)?.ok_or_else(missing)
}

impl Trace {
    /// Where the next page begins, if there is one.
    pub fn next(&self) -> Option<usize> {
        let next = self.from.saturating_add(self.lines.len());
        (next < self.count && !self.lines.is_empty()).then_some(next)
    }
}

fn drawn(id: TraceId, from: usize, spans: &[Span<'_>], owners: &[&Project]) -> Trace {
    let arranged = arrange::arrange(spans);
    let begin = spans.iter().filter_map(|span| span.start).min().unwrap_or(0);
    let end = spans.iter().filter_map(Span::end).max().unwrap_or(begin);
    let (mut lines, mut said) = (Vec::new(), 0);
    for line in arranged.iter().skip(from).take(LINES) {
        let line = drawn_line(line, &spans[line.span], owners[line.span], begin);
        said += line.attributes.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if said > SAID && !lines.is_empty() {
            break;
        }
        lines.push(line);
    }
    Trace {
        id,
        started_at: crate::model::span::time_of(begin),
        total: millis(end.saturating_sub(begin).unsigned_abs()),
        count: spans.len(),
        failed: spans.iter().filter(|span| span.is_failed).count(),
        orphans: arranged.iter().filter(|line| line.is_orphan).count(),
        early: early(spans),
        gap: arrange::largest_gap(spans).map(|Gap { span, micros }| (title(&spans[span]), millis(micros))),
        programs: programs(spans, owners),
        title: arranged.first().map_or_else(String::new, |line| title(&spans[line.span])),
        lines,
        from,
        related: Vec::new(),
        has_more_items: false,
    }
}

fn drawn_line(line: &Line, span: &Span<'_>, project: &Project, begin: i64) -> SpanLine {
    let attributes = read::attributes(span.raw, ATTRIBUTES * 4).into_iter().filter(|(name, _)| !is_noise(name)).take(ATTRIBUTES);
    SpanLine {
        depth: line.depth,
        is_orphan: line.is_orphan,
        op: text::one_line(span.op, 64),
        title: title(span),
        project: project.name.clone(),
        outcome: text::one_line(span.outcome, 64),
        is_failed: span.is_failed,
        is_root: span.is_root,
        offset: millis(span.start.map_or(0, |start| start.saturating_sub(begin).unsigned_abs())),
        length: millis(span.micros),
        own: millis(line.own),
        span: span.id.map(|id| id.to_string()).unwrap_or_default(),
        parent: span.parent.map(|id| id.to_string()).unwrap_or_default(),
        attributes: attributes.map(|(name, value)| (text::one_line(name, 200), value.into_owned())).collect(),
    }
}

/// What every span of a program repeats, and stands above the waterfall.
fn is_noise(name: &str) -> bool {
    let own = ["sentry.sdk.", "sentry.trace_lifecycle", "sentry.segment.", "sentry.release", "sentry.environment", "sentry.op"];
    own.iter().any(|prefix| name.starts_with(prefix))
}

fn title(span: &Span<'_>) -> String {
    if span.is_root { root_name(span, |span| query::normalised(span.query, span.system)) } else { text::one_line(span.name, 500) }
}

/// More than ten milliseconds before its parent: no program starts a thing before it starts itself.
fn early(spans: &[Span<'_>]) -> usize {
    let starts: HashMap<_, _> = spans.iter().filter_map(|span| Some((span.id?, span.start?))).collect();
    let is_early = |span: &&Span<'_>| {
        let parent = span.parent.and_then(|parent| starts.get(&parent));
        matches!((parent, span.start), (Some(parent), Some(start)) if start + 10_000 < *parent)
    };
    spans.iter().filter(is_early).count()
}

fn programs(spans: &[Span<'_>], owners: &[&Project]) -> Vec<Program> {
    let mut programs: Vec<Program> = Vec::new();
    for (span, owner) in spans.iter().zip(owners) {
        let (release, environment) = (text::one_line(span.release, 200), text::one_line(span.environment, 64));
        // A span that names no release is of the program that does.
        let fits = |known: &str, said: &str| known == said || known.is_empty() || said.is_empty();
        let fits = |one: &Program| one.project.id == owner.id && fits(&one.release, &release) && fits(&one.environment, &environment);
        let found = programs.iter().position(fits);
        let at = found.unwrap_or_else(|| {
            programs.push(Program::of(owner));
            programs.len() - 1
        });
        let program = &mut programs[at];
        program.spans += 1;
        let said = [span.release, span.environment, span.sdk, span.user];
        let known = [&mut program.release, &mut program.environment, &mut program.sdk, &mut program.user];
        for (known, said) in known.into_iter().zip(said) {
            if known.is_empty() {
                *known = text::one_line(said, 200);
            }
        }
    }
    programs
}

fn millis(micros: u64) -> f64 {
    float(micros) / 1_000.0
}
