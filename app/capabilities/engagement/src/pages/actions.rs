//! One action, by the values of a property.

use frontend::prelude::*;
use std::fmt::Write as _;

use super::{as_file, field, grouped, ranges};
use crate::look::Breakdown;

fn href(path: &str, found: &Breakdown) -> Href {
    Href::path(path).with("by", &found.by).with("range", found.range.as_str())
}

pub fn draw(found: &Breakdown) -> View {
    let path = format!("/engagement/actions/{}", found.name.id.0);
    let head = page_head(PageHead {
        title: &found.name.name,
        trail: vec![("Features", Href::path("/engagement/features"))],
        actions: vec![as_file(href(&format!("{path}/values.csv"), found))],
        ..PageHead::default()
    });
    let mut parts = vec![head, ranges(&path, found.range)];
    if found.keys.is_empty() {
        let empty = empty_state(EmptyState {
            title: "No properties were told",
            sentence: "Send some along with the action, such as a plan or an amount, or look further back.",
            actions: Vec::new(),
        });
        parts.push(card(Card::default(), empty));
        return stack(parts);
    }
    parts.extend([ask(&path, found), values(found)]);
    stack(parts)
}

fn ask(path: &str, found: &Breakdown) -> View {
    let fields = Fields::new(&[]);
    let labels: Vec<(String, &str)> =
        found.keys.iter().map(|(key, times)| (format!("{key} ({})", grouped(*times)), key.as_str())).collect();
    let choices: Vec<Choice<'_>> = labels.iter().map(|(label, key)| Choice::new(key, label)).collect();
    let by = fields.select(Select { name: "by", label: "By", value: &found.by, choices: &choices, ..Select::default() });
    filter_form(path, view! { {by}{hidden("range", found.range.as_str())}{button("Show", Look::Plain, "", "")} })
}

fn values(found: &Breakdown) -> View {
    let bars: Vec<ShareBar> = found
        .values
        .iter()
        .map(|value| ShareBar {
            label: format!("{} ({} times)", value.value, grouped(value.actions)),
            count: value.people,
            tone: Tone::Neutral,
        })
        .collect();
    let listed = share_bars(ShareBars {
        caption: "Values",
        each: &found.by,
        counted: "People",
        of: found.people,
        bars: &bars,
        empty: EmptyState::default(),
    });
    let newest = if found.is_cut { "the newest " } else { "" };
    let lead = format!(
        "Of {newest}{} actions of {} people in {}. Somebody with several values is counted with each.",
        grouped(found.looked),
        grouped(found.people),
        found.range.label()
    );
    card(Card { title: "Values", lead: &lead, is_flush: true, ..Card::default() }, listed)
}

/// As CSV: a line a value.
pub fn lines(found: &Breakdown) -> String {
    let mut text = "property,value,people,actions\r\n".to_owned();
    for value in &found.values {
        let _ = write!(text, "{},{},{},{}\r\n", field(&found.by), field(&value.value), value.people, value.actions);
    }
    text
}
