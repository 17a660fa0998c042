//! The home page: tiles, what needs a look, what a new instance still lacks.

use frontend::prelude::*;

use crate::model::{Desk, Finding, Step};

pub(crate) fn show(numbers: &[capability::Tile], desk: &Desk) -> View {
    let mut views: Vec<View> = desk.findings.iter().map(finding).collect();
    views.push(number_tiles(numbers));
    if !desk.steps.is_empty() {
        views.push(steps(&desk.steps));
    }
    stack(vec![page_head(PageHead { title: "Home", ..PageHead::default() }), live("home", stack(views))])
}

fn number_tiles(numbers: &[capability::Tile]) -> View {
    if numbers.is_empty() {
        return empty_state(EmptyState {
            title: "No numbers yet",
            sentence: "As soon as something is watched, its numbers stand here.",
            actions: Vec::new(),
        });
    }
    let draw = |number: &capability::Tile| {
        tile(&Tile {
            title: &number.title,
            value: &number.value,
            note: &number.note,
            href: Href::path(number.href.clone()),
            tone: number.tone,
            spark: &number.spark,
            ..Tile::default()
        })
    };
    tiles(numbers.iter().map(draw).collect())
}

fn finding(finding: &Finding) -> View {
    let title = format!("{}: {}", finding.subject, finding.finding);
    let advice = if finding.advice.is_empty() { "Look" } else { &finding.advice };
    let more = link(Href::path(finding.href.clone()), advice);
    notice_about(finding.tone, &title, view! { <p>{more}</p> })
}

fn steps(steps: &[Step]) -> View {
    let done = steps.iter().filter(|step| step.is_done).count();
    let row = |step: &Step| {
        let mark = if step.is_done { state_dot(Tone::Good, "done") } else { state_dot(Tone::Info, "to do") };
        let title = if step.is_done { paragraph(&step.title) } else { link(Href::path(step.href.clone()), &step.title) };
        Row::new(vec![title, muted(&step.note), mark])
    };
    let body = vec![
        progress("Set up", done as u64, steps.len() as u64),
        table(Table {
            caption: "Next steps",
            heads: &[Head::text("Step"), Head::text("Why"), Head::text("State")],
            rows: steps.iter().map(row).collect(),
            empty: EmptyState::default(),
        }),
    ];
    card(
        Card { title: "Next steps", lead: "What makes this instance complete. It disappears when all is done.", ..Card::default() },
        stack(body),
    )
}
