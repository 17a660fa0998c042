//! Named values as a list: short ones beside their name, blocks below it, notes on what was removed or shortened.

use frontend::View;
use frontend::raw::Markup;

use super::content::values::{Data, Datum};

pub fn data_list(data: &Data) -> View {
    let mut html = Markup::new();
    write_data(&mut html, data);
    html.into_view()
}

pub(super) fn write_data(html: &mut Markup, data: &Data) {
    html.tag("dl").attr("class", "key-values data");
    for row in &data.rows {
        html.tag("div").maybe("class", if row.is_block { "wide" } else { "" }).element("dt", &row.name).tag("dd");
        write_value(html, row, "code");
        html.end("dd").end("div");
    }
    html.end("dl");
    write_hidden(html, data.hidden);
    if !data.note.is_empty() {
        html.tag("p").tag("small").attr("class", "data-note").text(format!("({})", data.note)).end("small").end("p");
    }
}

pub(super) fn write_hidden(html: &mut Markup, hidden: usize) {
    if hidden > 0 {
        html.tag("p").attr("class", "muted").text(format!("{hidden} more stand in the raw JSON.")).end("p");
    }
}

/// `line` is the element of a short value.
pub(super) fn write_value(html: &mut Markup, datum: &Datum, line: &'static str) {
    if datum.is_block {
        html.tag("pre").attr("tabindex", 0).text(&datum.value).end("pre");
    } else {
        html.element(line, &datum.value);
    }
    if !datum.note.is_empty() {
        html.text(" ").tag("small").attr("class", "data-note").text(format!("({})", datum.note)).end("small");
    }
}
