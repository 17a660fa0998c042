//! Finding lines: the index leads, the lines themselves decide, and no question looks at more than it may.

use db::{Db, Reader};
use ingest::Item;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use std::collections::HashMap;

use crate::model::line::{Line, line_at, lines_of};
use crate::model::query::Candidate;
use crate::model::{Level, Query, Span, place};
use crate::store::{self, Place, Range};

/// Lines that are compared one by one for one answer. Each may lie in an item of its own, which costs some 50 µs to unpack and read.
pub const MOST_LOOKED: usize = 5_000;
/// Lines that the index counts for one answer, at about a microsecond each.
pub const MOST_COUNTED: usize = 100_000;
const CHUNK: usize = 250;

#[derive(Debug, Clone)]
pub struct Ask {
    pub query: Query,
    pub from: Time,
    pub to: Time,
    /// Only lines older than this one.
    pub before: Option<i64>,
    pub limit: usize,
}

#[derive(Debug, Clone)]
pub struct FoundLine {
    pub id: i64,
    pub project: ProjectId,
    pub line: Line,
}

#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The newest first.
    pub rows: Vec<FoundLine>,
    /// Where to go on; `None` at the end.
    pub next: Option<i64>,
    /// How many lines were looked at.
    pub looked: usize,
    /// The moment back to which was looked, where the search gave up before it had enough.
    pub gave_up_at: Option<Time>,
}

/// Reads telemetry.db.
pub fn find(r: &Reader<'_>, ask: &Ask) -> Result<Found> {
    let leads = ask.query.leads();
    let mut found = Found::default();
    let mut range = Range::of(ask.from, ask.to).before(ask.before);
    let mut items = Items::default();
    // Of what the index decides, a page and one more is enough.
    let chunk = if leads.is_exact { ask.limit + 1 } else { CHUNK };
    loop {
        let chunk = chunk.min(MOST_LOOKED.saturating_sub(found.looked)).max(1);
        let places = store::places(r, leads.expression.as_deref(), range, chunk)?;
        for place in &places {
            if found.rows.len() == ask.limit {
                found.next = found.rows.last().map(|row| row.id);
                return Ok(found);
            }
            found.looked += 1;
            range.to = place.id;
            if let Some(line) = items.line(r, place)?
                && ask.query.fits(&Candidate { project: place.project, line: &line })
            {
                found.rows.push(FoundLine { id: place.id, project: place.project, line });
            }
        }
        if places.len() < chunk {
            return Ok(found);
        }
        if found.looked >= MOST_LOOKED {
            found.next = Some(range.to);
            found.gave_up_at = Some(place::moment_of(range.to));
            return Ok(found);
        }
    }
}

/// Items that were read for one answer: a page's lines often lie in the same ones.
#[derive(Default)]
struct Items(HashMap<i64, Held>);

/// So many items are held at once; lines that lie near each other came in together.
const MOST_HELD: usize = 64;

/// An item is read for the line that is wanted; whole, once it turns out that many of it are.
enum Held {
    Gone,
    Packed { item: Box<Item>, asked: usize },
    Whole(Vec<Line>),
}

/// Reading one line of a container costs some tenth of reading all of it.
const FEW: usize = 3;

impl Items {
    /// `None` where the item has aged out meanwhile.
    fn line(&mut self, r: &Reader<'_>, place: &Place) -> Result<Option<Line>> {
        if !self.0.contains_key(&place.item) {
            if self.0.len() >= MOST_HELD {
                self.0.clear();
            }
            let item = ingest::store::find_item(r, place.item)?;
            self.0.insert(place.item, item.map_or(Held::Gone, |item| Held::Packed { item: Box::new(item), asked: 0 }));
        }
        let (Some(held), Ok(position)) = (self.0.get_mut(&place.item), usize::try_from(place.position)) else { return Ok(None) };
        if let Held::Packed { item, asked } = held {
            *asked += 1;
            if *asked <= FEW {
                return line_at(item, position);
            }
            *held = Held::Whole(lines_of(item)?);
        }
        Ok(match held {
            Held::Whole(lines) => lines.get(position).cloned(),
            _ => None,
        })
    }
}

/// How many lines there are in each part of a span and of each level.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    pub parts: Vec<u64>,
    pub levels: Vec<(Level, u64)>,
    /// Since when was counted, where there were too many to count them all.
    pub since: Option<Time>,
    /// Lines that may fit: some of them were not compared.
    pub is_at_most: bool,
}

impl Counts {
    fn empty(span: &Span) -> Counts {
        Counts { parts: vec![0; span.parts().len()], levels: Level::ALL.map(|level| (level, 0)).to_vec(), since: None, is_at_most: false }
    }

    fn add(&mut self, span: &Span, at: Time, level: Level, is_wanted: bool, count: u64) {
        if let Some((_, sum)) = self.levels.iter_mut().find(|(known, _)| *known == level) {
            *sum += count;
        }
        if let Some(part) = span.part_of(at).filter(|_| is_wanted).and_then(|part| self.parts.get_mut(part)) {
            *part += count;
        }
    }

    pub fn total(&self) -> u64 {
        self.parts.iter().sum()
    }
}

/// Chips count every level; the parts only those that are asked for.
pub fn count(house: &capability::House, query: &Query, span: &Span) -> Result<Counts> {
    match query.plain() {
        Some(plain) if span.is_of_hours() => {
            let mut counts = Counts::empty(span);
            let hours = house.hermetic.read_blocking(|r| store::hours(r, plain.project, span.from, span.to))?;
            for (at, level, lines) in hours {
                counts.add(span, at, level, plain.levels.contains(&level), lines);
            }
            Ok(counts)
        }
        _ => count_lines(&house.telemetry, query, span),
    }
}

fn count_lines(telemetry: &Db, query: &Query, span: &Span) -> Result<Counts> {
    let leads = query.without_levels().leads();
    let wanted = |level: Level| query.terms.iter().all(|term| term.allows(level));
    let mut counts = Counts { is_at_most: !leads.is_exact, ..Counts::empty(span) };
    let mut oldest = None;
    let counted = telemetry.read_blocking(|r| {
        store::each_level(r, leads.expression.as_deref(), Range::of(span.from, span.to), MOST_COUNTED, |at, level| {
            oldest = Some(at);
            counts.add(span, at, level, wanted(level), 1);
        })
    })?;
    counts.since = oldest.filter(|_| counted >= MOST_COUNTED);
    Ok(counts)
}
