//! Whether people come back: a grid of cohorts.

use frontend::prelude::*;
use std::fmt::Write as _;

use super::{Tabbed, as_file, day_text, grouped, nothing_yet, pages_of, percent};
use crate::look::{Retained, RetentionAsked};
use crate::model::{Period, Row as Cohort, Share};
use crate::store::NameId;

fn word(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    }
}

fn href(path: &str, asked: &RetentionAsked) -> Href {
    let id = |name: Option<NameId>| name.map(|name| name.0.to_string()).unwrap_or_default();
    let mut href = Href::path(path).with("by", word(asked.period)).with("start", id(asked.start)).with("back", id(asked.back));
    href = href.with("cohorts", asked.cohorts);
    for (name, is_on) in [("recurring", asked.is_recurring), ("unbounded", asked.is_unbounded)] {
        if is_on {
            href = href.with(name, "on");
        }
    }
    href
}

pub fn draw(found: &Retained) -> View {
    let head = page_head(PageHead {
        title: "Retention",
        lead: "Of those who began in a period, who was there so many periods later.",
        actions: vec![as_file(href("/engagement/retention.csv", &found.asked))],
        ..PageHead::default()
    });
    let mut parts = vec![head, pages_of(Tabbed::Retention)];
    if found.names.is_empty() {
        parts.push(nothing_yet());
        return stack(parts);
    }
    parts.extend([later(found), ask(found), grid(found)]);
    stack(parts)
}

fn later(found: &Retained) -> View {
    let on = if found.asked.is_unbounded { "that day or later" } else { "exactly that day" };
    let shown = found.days.iter().map(|(after, share)| {
        let title = format!("Day {after}");
        let note = format!("of {} newcomers of the last 120 days whose day is over; {on}", grouped(share.of));
        tile(&Tile { title: &title, value: &percent(*share), note: &note, ..Tile::default() })
    });
    tiles(shown.collect())
}

fn ask(found: &Retained) -> View {
    let (fields, asked) = (Fields::new(&[]), &found.asked);
    let ids: Vec<(String, &str)> = found.names.iter().map(|(id, name)| (id.0.to_string(), name.as_str())).collect();
    let mut names = vec![Choice::new("", "Anything")];
    names.extend(ids.iter().map(|(id, name)| Choice::new(id, name)));
    let periods = [Choice::new("day", "Days"), Choice::new("week", "Weeks"), Choice::new("month", "Months")];
    let id = |name: Option<NameId>| name.map(|name| name.0.to_string()).unwrap_or_default();
    let (start, back, cohorts) = (id(asked.start), id(asked.back), asked.cohorts.to_string());
    let by = fields.select(Select { name: "by", label: "By", value: word(asked.period), choices: &periods, ..Select::default() });
    let start = fields.select(Select { name: "start", label: "Began with", value: &start, choices: &names, ..Select::default() });
    let back = fields.select(Select { name: "back", label: "Came back with", value: &back, choices: &names, ..Select::default() });
    let count = fields.number(NumberField {
        name: "cohorts",
        label: "Cohorts",
        value: &cohorts,
        min: Some(2),
        max: Some(53),
        ..NumberField::default()
    });
    let recurring = fields.check_box(CheckBox {
        name: "recurring",
        label: "Not only newcomers",
        help: "Whoever began in a period is in its cohort, though not for the first time.",
        is_checked: asked.is_recurring,
    });
    let unbounded = fields.check_box(CheckBox {
        name: "unbounded",
        label: "Then or later",
        help: "There in that period or in any later one, instead of in that period.",
        is_checked: asked.is_unbounded,
    });
    filter_form("/engagement/retention", view! { {by}{start}{back}{count}{recurring}{unbounded}{button("Count", Look::Primary, "", "")} })
}

fn grid(found: &Retained) -> View {
    let portion = |share: Share| Portion::new(share.part, share.of);
    let row = |row: &Cohort| GridRow {
        label: label(found.asked.period, row.cohort),
        size: row.people,
        cells: row
            .cells
            .iter()
            .map(|cell| Some(GridCell { back: Portion::new(cell.back, row.people), is_running: !cell.is_whole }))
            .collect(),
    };
    let rows: Vec<GridRow> = found.grid.rows.iter().rev().map(row).collect();
    let mean: Vec<Option<Portion>> = found.grid.means.iter().map(|mean| (mean.weighted.of > 0).then(|| portion(mean.weighted))).collect();
    let drawn = retention_grid(&RetentionGrid {
        title: "Retention by cohort",
        period: capitalised(found.asked.period),
        first: 0,
        rows: &rows,
        mean: &mean,
        empty: "",
    });
    let lead = "Hatched: the period is not over; it is part of no mean. The mean counts each person the same.";
    card(Card { title: "Cohorts", lead, is_flush: true, ..Card::default() }, drawn)
}

/// When a cohort began.
fn label(period: Period, cohort: i32) -> String {
    let from = day_text(period.first_day(cohort));
    if period == Period::Month { from.chars().take(7).collect() } else { from }
}

fn capitalised(period: Period) -> &'static str {
    match period {
        Period::Day => "Day",
        Period::Week => "Week",
        Period::Month => "Month",
    }
}

/// As CSV: a line a cohort and period.
pub fn lines(found: &Retained) -> String {
    let mut text = "began,people,later,back,is_over\r\n".to_owned();
    for row in &found.grid.rows {
        let from = day_text(found.asked.period.first_day(row.cohort));
        for (later, cell) in row.cells.iter().enumerate() {
            let _ = write!(text, "{from},{},{later},{},{}\r\n", row.people, cell.back, cell.is_whole);
        }
    }
    text
}
