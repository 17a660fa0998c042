//! What is used by how many; features are sets of actions that the founder names.

use frontend::prelude::*;
use std::fmt::Write as _;

use super::overview::used_row;
use super::{Tabbed, as_file, field, grouped, nothing_yet, number, pages_of, ranges};
use crate::look::{Features, Used};

pub fn draw(found: &Features, can_name: bool) -> View {
    let head = page_head(PageHead {
        title: "Features",
        lead: "Adoption: people who used it, of those who were active in the same time.",
        actions: vec![as_file(Href::path("/engagement/features.csv").with("range", found.range.as_str()))],
        ..PageHead::default()
    });
    let mut parts = vec![head, pages_of(Tabbed::Features)];
    if found.all.is_empty() {
        parts.push(nothing_yet());
        return stack(parts);
    }
    parts.extend([ranges("/engagement/features", found.range), features(found, can_name), names(found), spread(found)]);
    parts.extend(can_name.then(|| make(found)));
    stack(parts)
}

const HEADS: [(&str, bool); 5] = [("Name", false), ("People", true), ("Of the active", true), ("Times", true), ("Times each", true)];

fn heads(more: &'static [&'static str]) -> Vec<Head<'static>> {
    let own = HEADS.iter().map(|(label, is_number)| if *is_number { Head::number(label) } else { Head::text(label) });
    own.chain(more.iter().map(|label| Head::number(label))).collect()
}

fn features(found: &Features, can_name: bool) -> View {
    let rows = found.features.iter().map(|used| {
        let days = used.to_adopt.map_or_else(|| "–".to_owned(), |median| format!("{} d, n = {}", median.value, grouped(median.of)));
        let remove = match (&used.feature, can_name) {
            (Some(feature), true) => confirm_button(&ConfirmButton {
                label: "Remove…",
                question: "The name goes; its actions are counted as before.",
                confirm: "Remove",
                action: Href::path(format!("/engagement/features/{}/remove", feature.id)),
                look: Look::Plain,
                fields: Vec::new(),
            }),
            _ => muted(""),
        };
        used_row(used, vec![number(&days), remove])
    });
    let listed = table(Table {
        caption: "Features",
        heads: &heads(&["Days to adopt, median", ""]),
        rows: rows.collect(),
        empty: EmptyState {
            title: "No feature is named yet",
            sentence: "Several actions often are one feature: name them below, and adoption is counted for the past as well.",
            actions: Vec::new(),
        },
    });
    let lead = "Days to adopt: from the first action of any kind to the first of these, of those who came to it within the range.";
    card(Card { title: "Features", lead, is_flush: true, ..Card::default() }, listed)
}

fn names(found: &Features) -> View {
    let listed = table(Table {
        caption: "Actions",
        heads: &heads(&[]),
        rows: found.names.iter().map(|used| used_row(used, Vec::new())).collect(),
        empty: EmptyState { title: "Nothing was done in this time", sentence: "Look further back.", actions: Vec::new() },
    });
    card(Card { title: "Actions", is_flush: true, ..Card::default() }, listed)
}

fn spread(found: &Features) -> View {
    let what = if found.features.is_empty() { "actions" } else { "features" };
    let buckets: Vec<(String, u64)> = found.breadth.iter().enumerate().map(|(used, people)| (used.to_string(), *people)).collect();
    let about =
        format!("How many of {} active people used how many of the {} {what}.", grouped(found.active), buckets.len().saturating_sub(1));
    let drawn = histogram(&Histogram { title: "Breadth", about: &about, buckets: &buckets, counted: "people" });
    card(Card::default(), view! { {drawn} {muted(&about)} })
}

fn make(found: &Features) -> View {
    let fields = Fields::new(&[]);
    let ids: Vec<(String, &str)> = found.all.iter().map(|(id, name)| (id.0.to_string(), name.as_str())).collect();
    let choices: Vec<Choice<'_>> = ids.iter().map(|(id, name)| Choice::new(id, name)).collect();
    let name = fields.text(TextField { name: "name", label: "Name", required: true, max: 60, ..TextField::default() });
    let list = fields.check_list(CheckList {
        name: "action",
        label: "Whoever does one of these uses it",
        choices: &choices,
        ..CheckList::default()
    });
    let submit = submit_row(&SubmitRow { label: "Name the feature", look: Look::Primary, ..SubmitRow::default() });
    let made = form(Form { action: Href::path("/engagement/features"), ..Form::default() }, view! { {name}{list}{submit} });
    disclosure("Name a feature", found.features.is_empty(), made)
}

/// As CSV: features first.
pub fn lines(found: &Features) -> String {
    let mut text = "kind,name,people,active,actions\r\n".to_owned();
    let all = found.features.iter().map(|used| ("feature", used)).chain(found.names.iter().map(|used| ("action", used)));
    for (kind, Used { label, adoption, actions, .. }) in all {
        let _ = write!(text, "{kind},{},{},{},{actions}\r\n", field(label), adoption.people, found.active);
    }
    text
}
