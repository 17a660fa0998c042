//! [`write_twin`]: the numbers of a drawing as a table that unfolds below it, for those who cannot see or hover.

use crate::raw::Markup;

pub(crate) struct Twin<'a> {
    /// What is listed.
    pub label: &'a str,
    /// The first heads the column that names the rows.
    pub heads: &'a [&'a str],
}

pub(crate) fn write_twin(html: &mut Markup, twin: &Twin<'_>, rows: impl Iterator<Item = (String, Vec<String>)>) {
    html.tag("details").attr("class", "disclosure chart-data").element("summary", "As a table");
    html.tag("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "region").attr("aria-label", twin.label);
    html.tag("table").attr("class", "twin").tag("thead").tag("tr");
    for head in twin.heads {
        html.tag("th").attr("scope", "col").text(head).end("th");
    }
    html.end("tr").end("thead").tag("tbody");
    for (label, cells) in rows {
        html.tag("tr").tag("th").attr("scope", "row").text(label).end("th");
        for cell in cells {
            html.element("td", cell);
        }
        html.end("tr");
    }
    html.end("tbody").end("table").end("div").end("details");
}
