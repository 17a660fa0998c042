//! [`table`]: rows under headings; on a phone each row becomes a card. A table without rows shows its empty state, which has to be given.

use crate::parts::says::{EmptyState, empty_state};
use crate::raw::Markup;
use crate::{Tone, View};

/// A column's heading.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    text: &'a str,
    is_number: bool,
    is_hidden: bool,
}

impl<'a> Head<'a> {
    pub fn text(text: &'a str) -> Self {
        Self { text, is_number: false, is_hidden: false }
    }

    /// Right-aligned with figures of equal width.
    pub fn number(text: &'a str) -> Self {
        Self { is_number: true, ..Self::text(text) }
    }

    /// A column whose heading is only heard, such as "Actions".
    pub fn hidden(text: &'a str) -> Self {
        Self { is_hidden: true, ..Self::text(text) }
    }

    fn class(&self) -> &'static str {
        match (self.is_number, self.is_hidden) {
            (true, _) => "number",
            (_, true) => "acts",
            _ => "",
        }
    }
}

/// A row: as many cells as there are headings; the first names the row.
#[derive(Default)]
pub struct Row {
    pub cells: Vec<View>,
    /// Marks the edge of the row: for what needs a look.
    pub tone: Tone,
}

impl Row {
    pub fn new(cells: Vec<View>) -> Self {
        Self { cells, tone: Tone::Neutral }
    }
}

pub struct Table<'a> {
    /// What is listed, for those who hear the page.
    pub caption: &'a str,
    pub heads: &'a [Head<'a>],
    pub rows: Vec<Row>,
    pub empty: EmptyState<'a>,
}

/// Roles are written out because a table that is laid out as cards would lose them.
pub fn table(table: Table<'_>) -> View {
    if table.rows.is_empty() {
        return empty_state(table.empty);
    }
    let mut html = Markup::new();
    html.tag("div").attr("class", "table-wrap").tag("table").attr("role", "table");
    html.tag("caption").attr("class", "sr").text(table.caption).end("caption");
    html.tag("thead").attr("role", "rowgroup").tag("tr").attr("role", "row");
    for head in table.heads {
        html.tag("th").attr("scope", "col").attr("role", "columnheader").maybe("class", head.class());
        if head.is_hidden {
            html.tag("span").attr("class", "sr").text(head.text).end("span");
        } else {
            html.text(head.text);
        }
        html.end("th");
    }
    html.end("tr").end("thead").tag("tbody").attr("role", "rowgroup");
    for row in table.rows {
        write_row(&mut html, table.heads, row);
    }
    html.end("tbody").end("table").end("div");
    html.into_view()
}

fn write_row(html: &mut Markup, heads: &[Head<'_>], row: Row) {
    let class = if row.tone == Tone::Neutral { "" } else { row.tone.class() };
    html.tag("tr").attr("role", "row").attr("data-row", "").maybe("class", class);
    for (position, cell) in row.cells.into_iter().enumerate() {
        let head = heads.get(position).copied().unwrap_or(Head::text(""));
        if position == 0 {
            html.tag("th").attr("scope", "row").attr("role", "rowheader");
        } else {
            html.tag("td").attr("role", "cell").maybe("data-label", if head.is_hidden { "" } else { head.text });
        }
        html.maybe("class", head.class());
        html.view(cell).end(if position == 0 { "th" } else { "td" });
    }
    html.end("tr");
}
