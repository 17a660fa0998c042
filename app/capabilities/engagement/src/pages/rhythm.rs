//! At which hours people are there, and on how many days.

use frontend::prelude::*;

use super::{Tabbed, grouped, nothing_yet, pages_of, ranges};
use crate::look::Rhythm;

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

fn hours(found: &Rhythm) -> View {
    let most = found.heat.iter().flatten().copied().max().unwrap_or(0);
    let drawn = heat_map(&HeatMap { title: "Actions by weekday and hour", counted: "actions", hours: &found.heat });
    let lead = format!(
        "Actions by weekday and hour in {}, summed over {}. The stronger the colour, the more; the busiest hour has {}.",
        found.zone,
        found.range.label(),
        grouped(most)
    );
    card(Card { title: "Hours", lead: &lead, is_flush: true, ..Card::default() }, drawn)
}

fn curve(found: &Rhythm) -> View {
    let all: u64 = found.curve.iter().sum();
    let buckets: Vec<(String, u64)> = found.curve.iter().enumerate().map(|(place, people)| ((place + 1).to_string(), *people)).collect();
    let lead = format!("On exactly how many of the last 28 days people were active; n = {} people.", grouped(all));
    let drawn = histogram(&Histogram { title: "Power-user curve (L28)", about: &lead, buckets: &buckets, counted: "people" });
    card(Card::default(), view! { {drawn} {muted(&lead)} })
}
