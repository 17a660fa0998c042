//! Pages of browsers: how fast they load, and their web vitals with ratings.

use frontend::charts::Unit;
use frontend::prelude::*;
use std::collections::BTreeMap;

use super::{filters, more, nothing_here, nothing_yet, places, plain, quantile, rate, sampling};
use crate::look::overview::{Overview, Ranked, Vitals};
use crate::model::cell::{Cell, share};
use crate::model::family::Family;
use crate::model::vital::Vital;

pub fn page(shown: &Overview, vitals: &Vitals) -> View {
    let head = page_head(PageHead {
        title: "Traces",
        lead: "What visitors' browsers measured. Each value is the p75: three of four had it at least as good.",
        ..PageHead::default()
    });
    let mut views = vec![head, places(Family::Page, &shown.scope), filters("/traces/pages", &shown.scope, true, true)];
    let mut parts = Vec::new();
    if shown.whole.n > 0 {
        parts.extend(sampling(&shown.whole));
    }
    if !vitals.whole.is_empty() {
        parts.push(cards(&vitals.whole));
    }
    parts.push(list(shown, vitals));
    views.push(live("traces-pages", stack(parts)));
    stack(views)
}

/// One card for each vital that was measured: value, rating, and how many were good.
pub(crate) fn cards(vitals: &BTreeMap<Vital, Cell>) -> View {
    let tile_of = |(vital, cell): (&Vital, &Cell)| {
        let value = vital.value(cell.quantile(0.75));
        let rating = vital.rate(value);
        let title = format!("{}, p75", vital.label());
        let note = format!("{}; {} measured", rating.label(), cell.n);
        let shown = vital.write(value);
        let tile = tile(&Tile { title: &title, value: &shown, note: &note, tone: rating.tone(), ..Tile::default() });
        let about = format!("{}: {}", vital.label(), vital.about());
        view! { <div class="stack"> {tile} {ratings(&about, cell)} </div> }.into_any()
    };
    grid(vitals.iter().map(tile_of).collect())
}

fn ratings(about: &str, cell: &Cell) -> View {
    let poor = cell.n.saturating_sub(cell.satisfied + cell.tolerating);
    let percent = |count: u64| share(count, cell.n) * 100.0;
    let parts = [
        Share { label: "good", value: percent(cell.satisfied) },
        Share { label: "needs improvement", value: percent(cell.tolerating) },
        Share { label: "poor", value: percent(poor) },
    ];
    let drawn = shares(&Shares { label: about, unit: Unit::Percent, parts: &parts });
    let about = about.to_owned();
    view! { <div class="vital-ratings">{drawn}<p class="muted">{about}</p></div> }.into_any()
}

fn list(shown: &Overview, vitals: &Vitals) -> View {
    let heads = [
        Head::text("Page"),
        Head::number("Loads"),
        Head::number("Load, p75"),
        Head::number("LCP"),
        Head::number("INP"),
        Head::number("CLS"),
        Head::number("FCP"),
        Head::number("TTFB"),
    ];
    let listed = table(Table {
        caption: "Pages, with p75 of each vital",
        heads: &heads,
        rows: shown.rows.iter().map(|row| page_row(shown, row, vitals)).collect(),
        empty: if shown.has_any { nothing_here() } else { nothing_yet() },
    });
    let note = more(shown);
    card(Card { is_flush: true, ..Card::default() }, view! { {listed} {note} })
}

fn page_row(shown: &Overview, row: &Ranked, vitals: &Vitals) -> Row {
    let own = vitals.pages.get(&(row.name.project, row.name.name.clone()));
    let scope = &shown.scope;
    let href = Href::path(format!("/traces/names/{}", row.id.0)).with("window", scope.period.word());
    let project = (scope.projects.len() > 1 && scope.project.is_none()).then(|| tag(scope.project_name(row.name.project)));
    let op = tag(&row.name.op);
    let mut cells = vec![
        view! { {link(href, &row.name.name)} " " {op} " " {project} }.into_any(),
        plain(&rate(row.cell.weight, scope.minutes())),
        quantile(&row.cell, 0.75),
    ];
    // A navigation within the page shares its vitals with the page load: they stand once.
    let own = own.filter(|_| row.name.op != "navigation");
    cells.extend(Vital::ALL.into_iter().map(|vital| rated(vital, own.and_then(|own| own.get(&vital)))));
    Row::new(cells)
}

pub(crate) fn rated(vital: Vital, cell: Option<&Cell>) -> View {
    let Some(cell) = cell.filter(|cell| cell.n > 0) else { return muted("–") };
    let value = vital.value(cell.quantile(0.75));
    state_dot(vital.rate(value).tone(), &vital.write(value))
}
