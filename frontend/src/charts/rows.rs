//! Tables whose rows hold a bar: [`funnel_bars`] step by step, [`share_bars`] part by part. On a phone each row becomes a card.

use kernel::time::describe_duration;
use leptos::prelude::IntoAny;
use std::time::Duration;

use super::scale::{Portion, grouped, place};
use crate::parts::{EmptyState, Head, Row, Table, table};
use crate::raw::Markup;
use crate::{Tone, View};

/// Who came that far.
#[derive(Debug, Clone, Default)]
pub struct FunnelStep {
    pub name: String,
    pub people: u64,
    /// The median from the first step; `None` for the first one, and where nobody came.
    pub took: Option<Duration>,
}

pub struct FunnelBars<'a> {
    /// What is listed, for those who hear the page.
    pub caption: &'a str,
    pub steps: &'a [FunnelStep],
    pub empty: EmptyState<'a>,
}

/// One part: a value of a property, a band.
#[derive(Debug, Clone, Default)]
pub struct ShareBar {
    pub label: String,
    pub count: u64,
    pub tone: Tone,
}

pub struct ShareBars<'a> {
    /// What is listed, for those who hear the page.
    pub caption: &'a str,
    /// Heads the labels: "Plan".
    pub each: &'a str,
    /// Heads the counts: "People".
    pub counted: &'a str,
    /// All there are, which may be more than the parts listed, or less where one has several.
    pub of: u64,
    pub bars: &'a [ShareBar],
    pub empty: EmptyState<'a>,
}

pub fn funnel_bars(funnel: FunnelBars<'_>) -> View {
    let first = funnel.steps.first().map_or(0, |step| step.people);
    let before = std::iter::once(None).chain(funnel.steps.iter().map(|step| Some(step.people)));
    let steps = funnel.steps.iter().zip(before).enumerate();
    let rows = steps.map(|(place, (step, before))| {
        let of_first = Portion::new(step.people, first);
        let dash = || "–".to_owned();
        Row::new(vec![
            text(format!("{}. {}", place + 1, step.name)),
            bar(of_first, Tone::Info),
            text(grouped(step.people)),
            text(of_first.write()),
            text(before.map_or_else(dash, |before| Portion::new(step.people, before).write())),
            text(before.map_or_else(dash, |before| grouped(before.saturating_sub(step.people)))),
            text(step.took.map_or_else(dash, describe_duration)),
        ])
    });
    table(Table {
        caption: funnel.caption,
        heads: &[
            Head::text("Step"),
            Head::hidden("Bar"),
            Head::number("People"),
            Head::number("Of the first"),
            Head::number("Of the step before"),
            Head::number("Lost"),
            Head::number("Median time"),
        ],
        rows: rows.collect(),
        empty: funnel.empty,
    })
}

pub fn share_bars(shares: ShareBars<'_>) -> View {
    let rows = shares.bars.iter().map(|part| {
        let portion = Portion::new(part.count, shares.of);
        let tone = if part.tone == Tone::Neutral { Tone::Info } else { part.tone };
        Row::new(vec![text(part.label.clone()), bar(portion, tone), text(grouped(part.count)), text(portion.write())])
    });
    table(Table {
        caption: shares.caption,
        heads: &[Head::text(shares.each), Head::hidden("Bar"), Head::number(shares.counted), Head::number("Share")],
        rows: rows.collect(),
        empty: shares.empty,
    })
}

fn text(text: String) -> View {
    text.into_any()
}

/// Says nothing by itself: the numbers stand in the cells beside it.
fn bar(portion: Portion, tone: Tone) -> View {
    let mut html = Markup::new();
    html.tag("svg").attr("class", format!("row-bar {}", tone.class())).attr("viewBox", "0 0 100 6");
    html.attr("preserveAspectRatio", "none").attr("aria-hidden", "true");
    html.tag("rect").attr("class", "track").attr("width", 100).attr("height", 6).done();
    html.tag("rect").attr("class", "fill").attr("width", place(portion.percent().unwrap_or(0.0).min(100.0))).attr("height", 6).done();
    html.end("svg");
    html.into_view()
}
