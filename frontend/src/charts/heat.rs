//! [`heat_map`]: at which hours of which weekdays things happen. A table of 7 by 24, shaded, with its sums at the edges.

use super::scale::{Portion, grouped, shade};
use crate::View;
use crate::raw::Markup;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[derive(Debug, Clone, Copy)]
pub struct HeatMap<'a> {
    pub title: &'a str,
    /// What is counted, such as "actions".
    pub counted: &'a str,
    /// Seven days from Monday, of 24 hours each.
    pub hours: &'a [[u64; 24]; 7],
}

pub fn heat_map(map: &HeatMap<'_>) -> View {
    let most = map.hours.iter().flatten().copied().max().unwrap_or(0);
    let mut html = Markup::new();
    html.tag("div").attr("class", "grid-wrap").attr("tabindex", 0).attr("role", "region").attr("aria-label", map.title);
    html.tag("table").attr("class", "grid-shaded grid-hours").tag("caption").attr("class", "sr").text(map.title).end("caption");
    html.tag("thead").tag("tr").tag("th").attr("scope", "col").text("Hour").end("th");
    for hour in 0..24 {
        html.tag("th").attr("scope", "col").text(hour).end("th");
    }
    html.tag("th").attr("scope", "col").text("All").end("th").end("tr").end("thead").tag("tbody");
    for (weekday, hours) in WEEKDAYS.into_iter().zip(map.hours) {
        html.tag("tr").tag("th").attr("scope", "row").text(weekday).end("th");
        for (hour, count) in hours.iter().enumerate() {
            html.tag("td").attr("class", format!("shade-{}", shade(Portion::new(*count, most))));
            html.attr("title", format!("{weekday} {hour}–{}: {} {}", hour + 1, grouped(*count), map.counted));
            html.tag("span").attr("class", "sr").text(grouped(*count)).end("span").end("td");
        }
        html.element("td", grouped(sum(hours.iter()))).end("tr");
    }
    html.tag("tr").attr("class", "grid-mean").tag("th").attr("scope", "row").text("All").end("th");
    for hour in 0..24 {
        html.element("td", grouped(sum(map.hours.iter().map(|hours| &hours[hour]))));
    }
    html.element("td", grouped(sum(map.hours.iter().flatten()))).end("tr").end("tbody").end("table").end("div");
    html.into_view()
}

fn sum<'a>(counts: impl Iterator<Item = &'a u64>) -> u64 {
    counts.fold(0, |all, count| all.saturating_add(*count))
}
