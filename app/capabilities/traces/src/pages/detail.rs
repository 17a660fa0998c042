//! One name: over time, its spread, by release, what its time goes into, traces that show it.

use frontend::charts::Unit;
use frontend::prelude::*;
use std::time::Duration;

use super::{count, failed, filters, millis, percent, plain, quantile, rate, sampling, trend_view};
use crate::look::detail::Detail;
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::sketch::float;

/// Bars of the spread.
const BARS: usize = 24;

pub fn page(shown: &Detail) -> View {
    let scope = &shown.scope;
    let path = format!("/traces/names/{}", shown.id.0);
    let (label, list) = (family_label(shown.name.family), super::overview::back(shown.name.family, scope));
    let project = scope.project_name(shown.name.project);
    let lead = if shown.name.op.is_empty() { project.to_owned() } else { format!("{} · {project}", shown.name.op) };
    let head = page_head(PageHead {
        title: &shown.name.name,
        lead: &lead,
        trail: vec![("Traces", "/traces".into()), (label, list)],
        ..PageHead::default()
    });
    let mut views = vec![head, filters(&path, scope, false, false)];
    if shown.cell.n == 0 {
        views.push(card(Card::default(), empty_state(super::nothing_here())));
        return stack(views);
    }
    views.extend(sampling(&shown.cell));
    views.push(numbers(shown));
    if !shown.vitals.is_empty() {
        views.push(super::vitals::cards(&shown.vitals));
    }
    let wide = stack(vec![over_time(shown), how_many(shown), spread(shown), releases(shown), callers(shown)]);
    let narrow = stack(vec![examples(shown), parts(shown)]);
    views.push(columns(wide, narrow));
    stack(views)
}

fn family_label(family: Family) -> &'static str {
    match family {
        Family::Page | Family::Vital => "Pages & web vitals",
        Family::Query | Family::Caller => "Queries",
        Family::Other => "Jobs & others",
        Family::Endpoint => "Endpoints",
    }
}

fn numbers(shown: &Detail) -> View {
    let (cell, before) = (&shown.cell, &shown.before);
    let window = shown.scope.period.label();
    let of_before = |q: f64| if before.n > 0 { format!("{} before", millis(before.quantile(q))) } else { "none before".to_owned() };
    let quantiles = [("p50", 0.5), ("p75", 0.75), ("p95", 0.95), ("p99", 0.99)];
    let mut all: Vec<View> = quantiles
        .into_iter()
        .map(|(title, q)| {
            let (value, note) = (millis(cell.quantile(q)), of_before(q));
            tile(&Tile { title, value: &value, note: &note, ..Tile::default() })
        })
        .collect();
    let throughput = rate(cell.weight, shown.scope.minutes());
    let counted = format!("{} {} in {window}", count(cell.weight), shown.name.family.counted());
    all.push(tile(&Tile { title: "Throughput", value: &throughput, note: &counted, ..Tile::default() }));
    if shown.name.family != Family::Query {
        let (value, note) = (percent(cell.failed_percent()), format!("{} of {}", cell.failed, cell.n));
        let tone = if cell.failed_percent() >= 5.0 && cell.n >= 20 { Tone::Bad } else { Tone::Neutral };
        all.push(tile(&Tile { title: "Failed", value: &value, note: &note, tone, ..Tile::default() }));
    }
    if shown.name.family == Family::Endpoint {
        let value = format!("{:.2}", cell.apdex());
        all.push(tile(&Tile { title: "Apdex", value: &value, note: "1 is everybody content", ..Tile::default() }));
    }
    tiles(all)
}

fn over_time(shown: &Detail) -> View {
    let series = |q: f64| shown.series.iter().map(|(at, cell)| Point { at: *at, value: cell.quantile(q) / 1_000.0 }).collect::<Vec<_>>();
    let about = format!("p50 and p95 over {}, {} in all.", shown.scope.period.label(), shown.cell.n);
    let drawn = line_chart(&LineChart {
        id: "times",
        title: "Response time",
        about: &about,
        unit: Unit::Millis,
        from: shown.scope.window.from,
        to: shown.scope.window.to,
        every: shown.scope.period.step(),
        series: vec![Series { name: "p95", points: series(0.95) }, Series { name: "p50", points: series(0.5) }],
        has_table: true,
        ..LineChart::default()
    });
    card(Card::default(), drawn)
}

fn how_many(shown: &Detail) -> View {
    let of = |read: &dyn Fn(&Cell) -> f64| shown.series.iter().map(|(at, cell)| Point { at: *at, value: read(cell) }).collect::<Vec<_>>();
    let mut series = vec![Series { name: "All", points: of(&|cell| cell.weight) }];
    if shown.cell.failed > 0 {
        let stands_for = |cell: &Cell| float(cell.failed) * cell.weight / float(cell.n.max(1));
        series.push(Series { name: "Failed", points: of(&stands_for) });
    }
    let title = format!("Count, per {}", step_label(shown.scope.period.step()));
    let drawn = line_chart(&LineChart {
        id: "counts",
        title: &title,
        about: "How many there were, and how many of them failed.",
        unit: Unit::Count,
        from: shown.scope.window.from,
        to: shown.scope.window.to,
        every: shown.scope.period.step(),
        series,
        ..LineChart::default()
    });
    card(Card::default(), drawn)
}

fn step_label(step: Duration) -> &'static str {
    match step.as_secs() {
        0..=60 => "minute",
        61..=3_600 => "hour",
        3_601..=21_600 => "6 hours",
        _ => "day",
    }
}

/// The sketch itself, some of its buckets together.
fn spread(shown: &Detail) -> View {
    let bars = shown.cell.sketch.bars();
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return ().into_any() };
    let (low, high) = (first.1.max(1.0).ln(), last.1.max(2.0).ln());
    let width = ((high - low) / float(BARS as u64)).max(0.04);
    let mut counts = vec![0_u64; BARS];
    for (_, upper, count) in &bars {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among two dozen bars")]
        let place = (((upper.max(1.0).ln() - low) / width) as usize).min(BARS - 1);
        counts[place] += count;
    }
    let used = counts.iter().rposition(|count| *count > 0).map_or(1, |last| last + 1);
    let label = |place: usize| millis((low + width * float(place as u64 + 1)).exp());
    // Each fourth is named: there is no room for more words below the bars.
    let buckets: Vec<(String, u64)> = counts
        .into_iter()
        .take(used)
        .enumerate()
        .map(|(place, count)| (if place % 4 == 0 { label(place) } else { String::new() }, count))
        .collect();
    let about = format!("p50 {}, p95 {}, of {}.", millis(shown.cell.quantile(0.5)), millis(shown.cell.quantile(0.95)), shown.cell.n);
    let drawn =
        histogram(&Histogram { title: "Spread of durations", about: &about, buckets: &buckets, counted: shown.name.family.counted() });
    card(Card::default(), drawn)
}

fn releases(shown: &Detail) -> View {
    if shown.releases.iter().all(|(release, _)| release.is_none()) {
        return ().into_any();
    }
    let has_failures = shown.name.family != Family::Query;
    let rows = shown.releases.iter().enumerate().map(|(place, (release, cell))| {
        let name = match release {
            Some(release) => plain(&release.version),
            None => muted("without a release"),
        };
        // Against the release before it, if there is one.
        let older = shown.releases.get(place + 1).filter(|(older, _)| older.is_some() && release.is_some());
        let mut cells = vec![name, plain(&cell.n.to_string()), quantile(cell, 0.5), quantile(cell, 0.95)];
        if has_failures {
            cells.push(failed(cell));
        }
        cells.push(older.map_or_else(|| muted("–"), |(_, older)| trend_view(cell, older)));
        Row::new(cells)
    });
    let mut heads = vec![Head::text("Release"), Head::number("Count"), Head::number("p50"), Head::number("p95")];
    if has_failures {
        heads.push(Head::number("Failed"));
    }
    heads.push(Head::number("p95 against the release before"));
    let listed = table(Table { caption: "Releases, the newest first", heads: &heads, rows: rows.collect(), empty: EmptyState::default() });
    let lead = "A comparison needs twenty on each side.";
    card(Card { title: "Releases in this window", lead, is_flush: true, ..Card::default() }, listed)
}

fn callers(shown: &Detail) -> View {
    if shown.name.family != Family::Query {
        return ().into_any();
    }
    let rows = shown.callers.iter().take(50).map(|(name, cell)| {
        let name = if name.is_empty() { muted("outside of any request") } else { plain(name) };
        let spent = millis(cell.whole_time());
        Row::new(vec![name, plain(&count(cell.weight)), quantile(cell, 0.5), quantile(cell, 0.95), plain(&spent)])
    });
    let heads = [Head::text("Sent by"), Head::number("Count"), Head::number("p50"), Head::number("p95"), Head::number("Time")];
    let listed = table(Table { caption: "Callers, by time", heads: &heads, rows: rows.collect(), empty: EmptyState::default() });
    card(Card { title: "Who sends it", is_flush: true, ..Card::default() }, listed)
}

fn examples(shown: &Detail) -> View {
    let rows = shown.examples.iter().map(|example| {
        let took = millis(float(example.micros));
        Row::new(vec![plain(example.label), link(format!("/traces/{}", example.trace), &took)])
    });
    let listed = table(Table {
        caption: "Traces that show it",
        heads: &[Head::text("Near"), Head::number("Trace")],
        rows: rows.collect(),
        empty: EmptyState {
            title: "None is kept",
            sentence: "The traces of this window have aged out; the numbers stay.",
            actions: Vec::new(),
        },
    });
    let lead = match shown.name.family {
        Family::Query => "The slowest of the window.".to_owned(),
        _ => format!("The nearest to each quantile among the newest {} of the window, over all environments.", shown.looked_at),
    };
    card(Card { title: "Example traces", lead: &lead, is_flush: true, ..Card::default() }, listed)
}

fn parts(shown: &Detail) -> View {
    if shown.parts.ops.is_empty() {
        return ().into_any();
    }
    let whole: u64 = shown.parts.ops.iter().map(|(_, micros, _)| micros).sum();
    let rows = shown.parts.ops.iter().take(12).map(|(op, micros, _)| {
        let share = percent(crate::model::cell::share(*micros, whole) * 100.0);
        let each = millis(float(*micros) / float(shown.parts.traces.max(1) as u64));
        Row::new(vec![plain(op), plain(&share), plain(&each)])
    });
    let heads = [Head::text("Operation"), Head::number("Time"), Head::number("Each")];
    let listed = table(Table { caption: "What the time goes into", heads: &heads, rows: rows.collect(), empty: EmptyState::default() });
    let lead = format!("Time of their own, in the newest {} traces.", shown.parts.traces);
    card(Card { title: "Where the time goes", lead: &lead, is_flush: true, ..Card::default() }, listed)
}
