//! Names of one family beside each other: endpoints, queries, jobs.

use frontend::prelude::*;

use super::{
    count, failed, filters, millis, more, nothing_here, nothing_yet, path_of, percent, places, plain, quantile, rate, sampling, scoped,
    trend_view,
};
use crate::look::overview::{Overview, Ranked};
use crate::model::family::Family;
use crate::model::sketch::float;

pub fn page(shown: &Overview) -> View {
    let head = page_head(PageHead { title: "Traces", lead: lead(shown.family), ..PageHead::default() });
    let mut views = vec![head, places(shown.family, &shown.scope), filters(path_of(shown.family), &shown.scope, true, true)];
    let mut parts = Vec::new();
    if shown.whole.n > 0 {
        parts.extend(sampling(&shown.whole));
        parts.push(numbers(shown));
    }
    parts.push(list(shown));
    views.push(live("traces-list", stack(parts)));
    stack(views)
}

fn lead(family: Family) -> &'static str {
    match family {
        Family::Query | Family::Caller => "The statements that programs send to their databases, with their values taken out.",
        Family::Other => "Jobs, commands, messages, and requests to others that belong to no request of your own.",
        _ => {
            "How fast your servers answer, and where the time goes. Failed is what was answered with 5xx or broke off; a 4xx is no failure of the server."
        }
    }
}

fn numbers(shown: &Overview) -> View {
    let (cell, scope) = (&shown.whole, &shown.scope);
    let window = scope.period.label();
    let p95 = millis(cell.quantile(0.95));
    let before =
        if shown.before.n > 0 { format!("{} before", millis(shown.before.quantile(0.95))) } else { "nothing to compare with".to_owned() };
    let note = format!("{before}; p50 {}", millis(cell.quantile(0.5)));
    let throughput = rate(cell.weight, scope.minutes());
    let counted = format!("{} {} in {window}", count(cell.weight), shown.family.counted());
    let failing = percent(cell.failed_percent());
    let failures = format!("{} of {}", cell.failed, cell.n);
    let mut all = vec![
        tile(&Tile { title: "p95", value: &p95, note: &note, ..Tile::default() }),
        tile(&Tile { title: "Throughput", value: &throughput, note: &counted, ..Tile::default() }),
    ];
    if shown.family == Family::Query {
        let spent = millis(cell.whole_time());
        all.push(tile(&Tile { title: "Time in queries", value: &spent, note: "of all programs together", ..Tile::default() }));
        return tiles(all);
    }
    let tone = if cell.failed_percent() >= 5.0 && cell.n >= 20 { Tone::Bad } else { Tone::Neutral };
    all.push(tile(&Tile { title: "Failed", value: &failing, note: &failures, tone, ..Tile::default() }));
    if shown.family == Family::Endpoint {
        let apdex = format!("{:.2}", cell.apdex());
        all.push(tile(&Tile { title: "Apdex", value: &apdex, note: "1 is everybody content", ..Tile::default() }));
    }
    tiles(all)
}

fn list(shown: &Overview) -> View {
    let rows = shown.rows.iter().map(|row| match shown.family {
        Family::Query => query_row(shown, row),
        _ => endpoint_row(shown, row),
    });
    let rows: Vec<Row> = rows.collect();
    let first = match shown.family {
        Family::Query => "Query",
        Family::Other => "Operation",
        _ => "Endpoint",
    };
    let query_heads = [
        Head::text(first),
        Head::text("Sent by"),
        Head::number("Count"),
        Head::number("p50"),
        Head::number("p95"),
        Head::number("Slowest"),
        Head::number("Time share"),
        Head::number("Trend"),
    ];
    let endpoint_heads = [
        Head::text(first),
        Head::number("Rate"),
        Head::number("p50"),
        Head::number("p75"),
        Head::number("p95"),
        Head::number("p99"),
        Head::number("Failed"),
        Head::number("Apdex"),
        Head::number("Time share"),
        Head::number("Trend"),
        Head::hidden("Count over time"),
    ];
    let heads: &[Head<'_>] = if shown.family == Family::Query { &query_heads } else { &endpoint_heads };
    let listed =
        table(Table { caption: "What was traced", heads, rows, empty: if shown.has_any { nothing_here() } else { nothing_yet() } });
    let note = more(shown);
    card(Card { is_flush: true, ..Card::default() }, view! { <div class="dense">{listed}</div> {note} })
}

fn endpoint_row(shown: &Overview, row: &Ranked) -> Row {
    let cell = &row.cell;
    let apdex = if shown.family == Family::Endpoint { format!("{:.2}", cell.apdex()) } else { "–".to_owned() };
    let spark = sparkline(&row.spark, "");
    Row::new(vec![
        title(shown, row),
        plain(&rate(cell.weight, shown.scope.minutes())),
        quantile(cell, 0.5),
        quantile(cell, 0.75),
        quantile(cell, 0.95),
        quantile(cell, 0.99),
        failed(cell),
        plain(&apdex),
        plain(&share(shown, row)),
        trend_view(cell, &row.before),
        view! { <div class="cell-spark">{spark}</div> }.into_any(),
    ])
}

fn query_row(shown: &Overview, row: &Ranked) -> Row {
    let more = if row.callers > 1 { format!(" and {} more", row.callers - 1) } else { String::new() };
    let caller = if row.caller.is_empty() { "–".to_owned() } else { format!("{}{more}", row.caller) };
    let cell = &row.cell;
    let slowest = match cell.slowest.trace {
        Some(trace) => link(format!("/traces/{trace}"), &millis(float(cell.slowest.micros))),
        None => plain(&millis(cell.quantile(1.0))),
    };
    Row::new(vec![
        title(shown, row),
        muted(&caller),
        plain(&count(cell.weight)),
        quantile(cell, 0.5),
        quantile(cell, 0.95),
        slowest,
        plain(&share(shown, row)),
        trend_view(cell, &row.before),
    ])
}

fn title(shown: &Overview, row: &Ranked) -> View {
    let scope = &shown.scope;
    let mut href = Href::path(format!("/traces/names/{}", row.id.0)).with("window", scope.period.word());
    for (name, value) in [("environment", &scope.asked.environment), ("release", &scope.asked.release)] {
        if !value.is_empty() {
            href = href.with(name, value);
        }
    }
    let project = (scope.projects.len() > 1 && scope.project.is_none()).then(|| tag(scope.project_name(row.name.project)));
    let op = match (shown.family, row.name.op.as_str()) {
        (Family::Endpoint, _) | (_, "") => None,
        (_, op) => Some(tag(op)),
    };
    let name = link(href, &row.name.name);
    let name = if shown.family == Family::Query { view! { <span class="statement">{name}</span> }.into_any() } else { name };
    view! { {name} " " {op} " " {project} }.into_any()
}

/// Of the time of everything in this list.
fn share(shown: &Overview, row: &Ranked) -> String {
    let whole = shown.whole.whole_time();
    if whole > 0.0 { percent(row.cell.whole_time() / whole * 100.0) } else { "–".to_owned() }
}

/// For other pages that lead here.
pub(crate) fn back(family: Family, scope: &crate::look::scope::Scope) -> Href {
    scoped(path_of(family), scope)
}
