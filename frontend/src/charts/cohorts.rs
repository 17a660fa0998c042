//! [`retention_grid`]: cohorts as rows, how many of each came back as shaded cells, the mean below. It is a table, so it can be read aloud.

use super::scale::{Portion, grouped, shade};
use crate::View;
use crate::raw::Markup;

/// How many were back in one period. `of` may be less than the cohort: those for whom the period is over.
#[derive(Debug, Clone, Copy, Default)]
pub struct GridCell {
    pub back: Portion,
    /// Its time is not over: hatched, and said.
    pub is_running: bool,
}

#[derive(Debug, Clone, Default)]
pub struct GridRow {
    /// When they began.
    pub label: String,
    pub size: u64,
    /// `None` where nothing can be known yet.
    pub cells: Vec<Option<GridCell>>,
}

#[derive(Debug, Clone, Default)]
pub struct RetentionGrid<'a> {
    pub title: &'a str,
    /// Heads the columns with their number: "Week".
    pub period: &'a str,
    /// The number of the first column: 0 where that is the period in which they began.
    pub first: usize,
    pub rows: &'a [GridRow],
    /// Over the cells whose time is over.
    pub mean: &'a [Option<Portion>],
    /// Said instead of a grid without rows.
    pub empty: &'a str,
}

pub fn retention_grid(grid: &RetentionGrid<'_>) -> View {
    let mut html = Markup::new();
    if grid.rows.is_empty() {
        let empty = if grid.empty.is_empty() { "Nobody began in this time." } else { grid.empty };
        html.tag("p").attr("class", "chart-empty").text(empty).end("p");
        return html.into_view();
    }
    let columns = grid.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    html.tag("div").attr("class", "grid-wrap").attr("tabindex", 0).attr("role", "region").attr("aria-label", grid.title);
    html.tag("table").attr("class", "grid-shaded").tag("caption").attr("class", "sr").text(grid.title).end("caption");
    html.tag("thead").tag("tr");
    write_head(&mut html, "", "Began");
    write_head(&mut html, "number", "People");
    for column in 0..columns {
        write_head(&mut html, "number", &format!("{} {}", grid.period, column + grid.first));
    }
    html.end("tr").end("thead").tag("tbody");
    for row in grid.rows {
        write_row(&mut html, row, columns);
    }
    write_mean(&mut html, grid.mean, columns);
    html.end("tbody").end("table").end("div");
    html.into_view()
}

fn write_head(html: &mut Markup, class: &str, text: &str) {
    html.tag("th").attr("scope", "col").maybe("class", class).text(text).end("th");
}

fn write_row(html: &mut Markup, row: &GridRow, columns: usize) {
    html.tag("tr").tag("th").attr("scope", "row").text(&row.label).end("th").element("td", grouped(row.size));
    for column in 0..columns {
        match row.cells.get(column).copied().flatten() {
            Some(cell) => write_cell(html, cell),
            None => _ = html.tag("td").end("td"),
        }
    }
    html.end("tr");
}

fn write_cell(html: &mut Markup, cell: GridCell) {
    let class = format!("shade-{}{}", shade(cell.back), if cell.is_running { " is-running" } else { "" });
    let tip = format!("{} of {}", grouped(cell.back.part), grouped(cell.back.of));
    html.tag("td").attr("class", class).attr("title", tip).text(cell.back.write()).element("small", grouped(cell.back.part));
    if cell.is_running {
        html.tag("span").attr("class", "sr").text("not over").end("span");
    }
    html.end("td");
}

fn write_mean(html: &mut Markup, mean: &[Option<Portion>], columns: usize) {
    if mean.is_empty() {
        return;
    }
    html.tag("tr").attr("class", "grid-mean").tag("th").attr("scope", "row").text("Mean").end("th").tag("td").end("td");
    for column in 0..columns {
        let known = mean.get(column).copied().flatten();
        html.element("td", known.map_or_else(|| "–".to_owned(), Portion::write));
    }
    html.end("tr");
}
