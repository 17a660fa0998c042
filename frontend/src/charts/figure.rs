//! [`figure`]: a number on a card, what it was before, of how many it is, and how it is counted. [`percent_change`] compares.

use super::scale::{Unit, grouped};
use super::small::sparkline;
use crate::raw::Markup;
use crate::{Tone, View};

#[derive(Debug, Clone, Default)]
pub struct Figure<'a> {
    pub title: &'a str,
    pub value: &'a str,
    pub unit: &'a str,
    /// In percent of what it was; `None` where there was nothing.
    pub change: Option<f64>,
    /// What it is compared with: "the 28 days before"; empty for no comparison.
    pub against: &'a str,
    pub is_less_better: bool,
    /// Of how many, and of what: "people"; empty where the value is the count itself.
    pub n: u64,
    pub counted: &'a str,
    /// How it is counted, as a sentence that unfolds.
    pub formula: &'a str,
    pub spark: &'a [f64],
}

/// `None` where there was nothing, or nothing that is a number.
pub fn percent_change(now: f64, before: f64) -> Option<f64> {
    let change = (now / before - 1.0) * 100.0;
    (before > 0.0 && change.is_finite()).then_some(change)
}

pub fn figure(figure: &Figure<'_>) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "tile figure neutral").tag("p").attr("class", "tile-title").text(figure.title).end("p");
    html.tag("p").attr("class", "tile-value").text(figure.value);
    if !figure.unit.is_empty() {
        html.tag("span").attr("class", "unit").text("\u{a0}").text(figure.unit).end("span");
    }
    html.end("p");
    if !figure.against.is_empty() {
        write_change(&mut html, figure);
    }
    if !figure.counted.is_empty() {
        html.tag("p").attr("class", "tile-note").text(format!("n = {} {}", grouped(figure.n), figure.counted)).end("p");
    }
    if !figure.formula.is_empty() {
        html.tag("details").attr("class", "disclosure figure-how").element("summary", "How it is counted");
        html.element("p", figure.formula).end("details");
    }
    html.view(sparkline(figure.spark, "")).end("div");
    html.into_view()
}

fn write_change(html: &mut Markup, figure: &Figure<'_>) {
    let Some(change) = figure.change.filter(|change| change.is_finite()) else {
        html.tag("p").attr("class", "tile-note").text(format!("nothing in {} to compare with", figure.against)).end("p");
        return;
    };
    let size = Unit::Percent.write(change.abs());
    // What is written as nothing is nothing: an arrow beside "0 %" would contradict it.
    let is_same = size == Unit::Percent.write(0.0);
    let (arrow, word) = match change > 0.0 {
        _ if is_same => ("", "as in"),
        true => ("▲ ", "more than in"),
        false => ("▼ ", "less than in"),
    };
    let tone = match (change > 0.0) == figure.is_less_better {
        _ if is_same => Tone::Neutral,
        true => Tone::Bad,
        false => Tone::Good,
    };
    html.tag("p").attr("class", format!("tile-note change {}", tone.class()));
    html.tag("span").attr("aria-hidden", "true").text(arrow).end("span");
    let text = if is_same { format!("{word} {}", figure.against) } else { format!("{size} {word} {}", figure.against) };
    html.element("span", text).end("p");
}
