//! [`arrange`]: spans as a waterfall shows them: each below its parent, in the order of time, whatever the spans claim of each other.

use std::collections::{HashMap, HashSet};

use super::span::{Span, SpanId};

/// A line of a waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Of the span in the list that was arranged.
    pub span: usize,
    pub depth: usize,
    /// It names a parent that is not here.
    pub is_orphan: bool,
    /// Microseconds of its own: not covered by children.
    pub own: u64,
}

/// The longest stretch in which a span has children before and after, but nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub span: usize,
    pub micros: u64,
}

/// Deeper than this a line is not moved any more to the right.
const MAX_DEPTH: usize = 24;

/// Each span once. Cycles are cut where they are met.
pub fn arrange(spans: &[Span<'_>]) -> Vec<Line> {
    let by_id: HashMap<SpanId, usize> = spans.iter().enumerate().rev().filter_map(|(at, span)| Some((span.id?, at))).collect();
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        match span.parent.and_then(|parent| by_id.get(&parent)) {
            Some(parent) if *parent != at => children.entry(*parent).or_default().push(at),
            _ => tops.push(at),
        }
    }
    let order = |at: &usize| (spans[*at].start.unwrap_or(i64::MAX), std::cmp::Reverse(spans[*at].micros), *at);
    for list in children.values_mut() {
        list.sort_by_key(order);
    }
    tops.sort_by_key(order);
    let mut walk = Walk { spans, children: &children, seen: HashSet::new(), lines: Vec::with_capacity(spans.len()) };
    tops.into_iter().for_each(|top| walk.down(top));
    // What is left goes round in circles: the earliest of each begins it.
    let mut rest: Vec<usize> = (0..spans.len()).filter(|at| !walk.seen.contains(at)).collect();
    rest.sort_by_key(order);
    rest.into_iter().for_each(|at| walk.down(at));
    walk.lines
}

struct Walk<'w, 'a> {
    spans: &'w [Span<'a>],
    children: &'w HashMap<usize, Vec<usize>>,
    seen: HashSet<usize>,
    lines: Vec<Line>,
}

impl Walk<'_, '_> {
    /// With a stack of its own: a chain of ten thousand spans must not be a chain of ten thousand calls.
    fn down(&mut self, top: usize) {
        let mut stack = vec![(top, 0)];
        let mut is_first = true;
        while let Some((at, depth)) = stack.pop() {
            if !self.seen.insert(at) {
                continue;
            }
            let children = self.children.get(&at).map(Vec::as_slice).unwrap_or_default();
            let own = own_time(&self.spans[at], children.iter().map(|child| &self.spans[*child]));
            let is_orphan = is_first && self.spans[at].parent.is_some();
            is_first = false;
            self.lines.push(Line { span: at, depth: depth.min(MAX_DEPTH), is_orphan, own });
            stack.extend(children.iter().rev().map(|child| (*child, depth + 1)));
        }
    }
}

/// Stretches of `span` that its children cover, in order and joined.
fn covered<'s, 'a: 's>(span: &Span<'_>, children: impl Iterator<Item = &'s Span<'a>>) -> Vec<(i64, i64)> {
    let (Some(start), Some(end)) = (span.start, span.end()) else { return Vec::new() };
    let clamp = |child: &Span<'_>| Some((child.start?.clamp(start, end), child.end()?.clamp(start, end)));
    let mut stretches: Vec<(i64, i64)> = children.filter_map(clamp).filter(|(from, to)| to > from).collect();
    stretches.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in stretches {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

fn own_time<'s, 'a: 's>(span: &Span<'_>, children: impl Iterator<Item = &'s Span<'a>>) -> u64 {
    let covered: i64 = covered(span, children).iter().map(|(from, to)| to - from).sum();
    span.micros.saturating_sub(covered.unsigned_abs())
}

/// The longest unexplained stretch of a trace: within one span, between two of its children.
pub fn largest_gap(spans: &[Span<'_>]) -> Option<Gap> {
    let mut children: HashMap<SpanId, Vec<&Span<'_>>> = HashMap::new();
    for span in spans {
        if let Some(parent) = span.parent {
            children.entry(parent).or_default().push(span);
        }
    }
    let gaps = spans.iter().enumerate().filter_map(|(at, span)| {
        let own = children.get(&span.id?)?;
        let joined = covered(span, own.iter().copied());
        let widest = joined.windows(2).map(|pair| pair[1].0 - pair[0].1).max()?;
        Some(Gap { span: at, micros: widest.unsigned_abs() })
    });
    gaps.max_by_key(|gap| gap.micros)
}
