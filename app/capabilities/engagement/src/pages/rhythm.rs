//! At which hours people are there, and on how many days.

use frontend::prelude::*;
use frontend::raw::Markup;

use super::{Tabbed, grouped, nothing_yet, pages_of, ranges};
use crate::look::Rhythm;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub fn draw(found: &Rhythm) -> View {
    let head = page_head(PageHead { title: "Rhythm", lead: "When people are there, and how regularly.", ..PageHead::default() });
    let mut parts = vec![head, pages_of(Tabbed::Rhythm)];
    if found.heat.iter().flatten().all(|actions| *actions == 0) && found.curve.iter().all(|people| *people == 0) {
        parts.push(nothing_yet());
        return stack(parts);
    }
    parts.extend([ranges("/engagement/rhythm", found.range), hours(found), curve(found)]);
    stack(parts)
}

/// A step of ten, of the busiest hour.
fn shade(actions: u64, most: u64) -> u64 {
    (actions * 10).div_ceil(most.max(1)).min(10)
}

fn hours(found: &Rhythm) -> View {
    let most = found.heat.iter().flatten().copied().max().unwrap_or(0);
    let mut html = Markup::new();
    html.tag("div")
        .attr("class", "grid-wrap")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", "Actions by weekday and hour");
    html.tag("table").attr("class", "grid-shaded grid-hours").tag("thead").tag("tr").tag("th").attr("scope", "col").text("Hour").end("th");
    for hour in 0..24 {
        html.tag("th").attr("scope", "col").text(hour).end("th");
    }
    html.tag("th").attr("scope", "col").attr("class", "number").text("All").end("th").end("tr").end("thead").tag("tbody");
    for (weekday, actions) in WEEKDAYS.iter().zip(&found.heat) {
        html.tag("tr").tag("th").attr("scope", "row").text(weekday).end("th");
        for (hour, count) in actions.iter().enumerate() {
            html.tag("td").attr("class", format!("shade-{}", shade(*count, most)));
            html.attr("title", format!("{weekday}, {hour} to {}: {} actions", hour + 1, grouped(*count)));
            html.tag("span").attr("class", "visually-hidden").text(grouped(*count)).end("span").end("td");
        }
        html.tag("td").attr("class", "number").text(grouped(actions.iter().sum())).end("td").end("tr");
    }
    html.end("tbody").end("table").end("div");
    let lead = format!(
        "Actions by weekday and hour, in {}, summed over {}. The darker, the more; the busiest hour has {}.",
        found.zone,
        found.range.label(),
        grouped(most)
    );
    card(Card { title: "Hours", lead: &lead, is_flush: true, ..Card::default() }, html.into_view())
}

fn curve(found: &Rhythm) -> View {
    let all: u64 = found.curve.iter().sum();
    let buckets: Vec<(String, u64)> = found.curve.iter().enumerate().map(|(place, people)| ((place + 1).to_string(), *people)).collect();
    let lead = format!("On exactly how many of the last 28 days people were active; n = {} people.", grouped(all));
    let drawn = histogram(&Histogram { title: "Power-user curve (L28)", about: &lead, buckets: &buckets, counted: "people" });
    card(Card { title: "", lead: &lead, ..Card::default() }, drawn)
}
