//! Whether people come back: a grid of cohorts.

use frontend::prelude::*;
use frontend::raw::Markup;
use std::fmt::Write as _;

use super::{Tabbed, as_file, day_text, grouped, nothing_yet, pages_of, percent};
use crate::look::{Retained, RetentionAsked};
use crate::model::{Cell, Period, Row as Cohort, Share};
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

/// A step of ten: how much of a cohort was there.
fn shade(share: Share) -> u64 {
    if share.of == 0 { 0 } else { (share.part * 10).div_ceil(share.of).min(10) }
}

fn grid(found: &Retained) -> View {
    let (period, rows) = (found.asked.period, &found.grid.rows);
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let mut html = Markup::new();
    html.tag("div").attr("class", "grid-wrap").attr("tabindex", "0").attr("role", "region").attr("aria-label", "Retention");
    html.tag("table").attr("class", "grid-shaded").tag("thead").tag("tr");
    html.tag("th")
        .attr("scope", "col")
        .text("Began")
        .end("th")
        .tag("th")
        .attr("scope", "col")
        .attr("class", "number")
        .text("People")
        .end("th");
    for later in 0..columns {
        html.tag("th").attr("scope", "col").attr("class", "number").text(format!("{} {later}", capitalised(period))).end("th");
    }
    html.end("tr").end("thead").tag("tbody");
    for row in rows.iter().rev() {
        write_row(&mut html, row, period, columns);
    }
    write_means(&mut html, found, columns);
    html.end("tbody").end("table").end("div");
    let lead = "Hatched: the period is not over; it is part of no mean. The mean counts each person the same.";
    card(Card { title: "Cohorts", lead, is_flush: true, ..Card::default() }, html.into_view())
}

fn capitalised(period: Period) -> &'static str {
    match period {
        Period::Day => "Day",
        Period::Week => "Week",
        Period::Month => "Month",
    }
}

fn write_row(html: &mut Markup, row: &Cohort, period: Period, columns: usize) {
    let from = day_text(period.first_day(row.cohort));
    let label = if period == Period::Month { from.chars().take(7).collect() } else { from };
    html.tag("tr")
        .tag("th")
        .attr("scope", "row")
        .text(label)
        .end("th")
        .tag("td")
        .attr("class", "number")
        .text(grouped(row.people))
        .end("td");
    for later in 0..columns {
        match row.cells.get(later) {
            Some(cell) => write_cell(html, cell, row.people),
            None => drop(html.tag("td").end("td")),
        }
    }
    html.end("tr");
}

fn write_cell(html: &mut Markup, cell: &Cell, people: u64) {
    let share = Share::new(cell.back, people);
    let class = format!("number shade-{}{}", shade(share), if cell.is_whole { "" } else { " is-running" });
    let said = if cell.is_whole { "" } else { ", not over" };
    html.tag("td").attr("class", class).attr("title", format!("{} of {}{said}", grouped(cell.back), grouped(people)));
    html.text(percent(share)).end("td");
}

fn write_means(html: &mut Markup, found: &Retained, columns: usize) {
    html.tag("tr").attr("class", "grid-mean").tag("th").attr("scope", "row").text("Mean").end("th").tag("td").end("td");
    for mean in found.grid.means.iter().take(columns) {
        html.tag("td").attr("class", "number").attr("title", format!("of {} people", grouped(mean.weighted.of)));
        html.text(percent(mean.weighted)).end("td");
    }
    html.end("tr");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_there_has_a_shade() {
        let of = |part, of| shade(Share::new(part, of));
        assert_eq!((of(0, 10), of(1, 100), of(50, 100), of(100, 100), of(0, 0)), (0, 1, 5, 10, 0));
    }
}
