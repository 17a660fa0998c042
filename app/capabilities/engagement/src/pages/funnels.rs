//! How many get from one step to the next.

use frontend::prelude::*;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Tabbed, as_file, field, nothing_yet, number, pages_of};
use crate::look::{Range, STEPS};
use crate::model::Reached;
use crate::store::{Funnel, NameId};

pub struct Page {
    pub steps: Vec<NameId>,
    /// From the first step to the last.
    pub days: u32,
    pub range: Range,
    pub reached: Vec<Reached>,
    pub names: Vec<(NameId, String)>,
    pub kept: Vec<Funnel>,
    pub can_keep: bool,
}

impl Page {
    fn name(&self, id: NameId) -> &str {
        self.names.iter().find(|(known, _)| *known == id).map_or("gone", |(_, name)| name)
    }

    fn href(&self, path: &str) -> Href {
        asking(Href::path(path), &self.steps, self.days).with("range", self.range.as_str())
    }
}

fn asking(href: Href, steps: &[NameId], days: u32) -> Href {
    steps.iter().fold(href, |href, step| href.with("step", step.0)).with("days", days)
}

pub fn draw(page: &Page) -> View {
    let file = (!page.reached.is_empty()).then(|| as_file(page.href("/engagement/funnels.csv")));
    let head = page_head(PageHead {
        title: "Funnels",
        lead: "How many of those who took the first step get to the next, in this order, each within the time that begins with the first.",
        actions: file.into_iter().collect(),
        ..PageHead::default()
    });
    let mut parts = vec![head, pages_of(Tabbed::Funnels)];
    if page.names.is_empty() {
        parts.push(nothing_yet());
        return stack(parts);
    }
    parts.extend([kept(page), ask(page)]);
    if !page.reached.is_empty() {
        parts.push(steps(page));
        parts.extend(page.can_keep.then(|| keep(page)));
    }
    stack(parts)
}

fn kept(page: &Page) -> View {
    let rows = page.kept.iter().map(|funnel| {
        let days = u32::try_from(funnel.window.as_secs() / 86_400).unwrap_or(u32::MAX);
        let path: Vec<&str> = funnel.steps.iter().map(|step| page.name(*step)).collect();
        let remove = page.can_keep.then(|| {
            confirm_button(&ConfirmButton {
                label: "Remove…",
                question: "The funnel goes; nothing else does.",
                confirm: "Remove",
                action: Href::path(format!("/engagement/funnels/{}/remove", funnel.id)),
                look: Look::Plain,
                fields: Vec::new(),
            })
        });
        Row::new(vec![
            link(asking(Href::path("/engagement/funnels"), &funnel.steps, days), &funnel.name),
            muted(&path.join(" → ")),
            number(&format!("{days} d")),
            view! { {remove} }.into_any(),
        ])
    });
    let listed = table(Table {
        caption: "Kept funnels",
        heads: &[Head::text("Name"), Head::text("Steps"), Head::number("Within"), Head::text("")],
        rows: rows.collect(),
        empty: EmptyState {
            title: "No funnel is kept yet",
            sentence: "Ask for one below; what is worth a second look can be kept.",
            actions: Vec::new(),
        },
    });
    card(Card { title: "Kept funnels", is_flush: true, ..Card::default() }, listed)
}

fn ask(page: &Page) -> View {
    let fields = Fields::new(&[]);
    let ids: Vec<(String, &str)> = page.names.iter().map(|(id, name)| (id.0.to_string(), name.as_str())).collect();
    let mut choices = vec![Choice::new("", "–")];
    choices.extend(ids.iter().map(|(id, name)| Choice::new(id, name)));
    let shown = (page.steps.len() + 1).clamp(3, STEPS);
    let steps: Vec<View> = (0..shown)
        .map(|place| {
            let value = page.steps.get(place).map(|step| step.0.to_string()).unwrap_or_default();
            let label = format!("Step {}", place + 1);
            fields.select(Select { name: "step", label: &label, value: &value, choices: &choices, ..Select::default() })
        })
        .collect();
    let days = page.days.to_string();
    let within = fields.number(NumberField {
        name: "days",
        label: "Within",
        unit: "days",
        value: &days,
        min: Some(1),
        max: Some(365),
        ..NumberField::default()
    });
    let ranges = Range::ALL.map(|range| Choice::new(range.as_str(), range.label()));
    let range = fields.select(Select {
        name: "range",
        label: "First step in the last",
        value: page.range.as_str(),
        choices: &ranges,
        ..Select::default()
    });
    filter_form("/engagement/funnels", view! { {steps}{within}{range}{button("Count", Look::Primary, "", "")} })
}

fn steps(page: &Page) -> View {
    let steps: Vec<FunnelStep> = page
        .reached
        .iter()
        .zip(&page.steps)
        .enumerate()
        .map(|(place, (reached, step))| FunnelStep {
            name: page.name(*step).to_owned(),
            people: reached.people,
            took: reached.took_ms.filter(|_| place > 0).map(|median| Duration::from_millis(median.value.unsigned_abs())),
        })
        .collect();
    let listed = funnel_bars(FunnelBars { caption: "Steps", steps: &steps, empty: EmptyState::default() });
    let lead = "Median time: from the first step to this one, of those who got there.";
    card(Card { title: "Steps", lead, is_flush: true, ..Card::default() }, listed)
}

fn keep(page: &Page) -> View {
    let fields = Fields::new(&[]);
    let steps: Vec<View> = page.steps.iter().map(|step| hidden("step", &step.0.to_string())).collect();
    let name = fields.text(TextField { name: "name", label: "Keep it as", required: true, max: 60, ..TextField::default() });
    let body = view! { {steps}{hidden("days", &page.days.to_string())}{name}{submit_row(&SubmitRow { label: "Keep", look: Look::Plain, ..SubmitRow::default() })} };
    card(Card::default(), form(Form { action: Href::path("/engagement/funnels"), ..Form::default() }, body))
}

/// As CSV: a line a step.
pub fn lines(page: &Page) -> String {
    let mut text = "step,name,people,median_ms\r\n".to_owned();
    for (place, (reached, step)) in page.reached.iter().zip(&page.steps).enumerate() {
        let median = reached.took_ms.map(|median| median.value.to_string()).unwrap_or_default();
        let _ = write!(text, "{},{},{},{median}\r\n", place + 1, field(page.name(*step)), reached.people);
    }
    text
}
