//! Small drawings: [`sparkline`] beside a number, [`histogram`] of counts ([`histogram_with_table`] has its numbers below), [`shares`]
//! of a whole (the phases of one check).

use leptos::prelude::IntoAny;
use std::fmt::Write;

use super::scale::{Unit, float, grouped, place};
use super::twin::{Twin, write_twin};
use crate::View;
use crate::raw::Markup;

/// Counts of things that fall into the same drawer. Buckets: label and count.
#[derive(Debug, Clone, Default)]
pub struct Histogram<'a> {
    pub title: &'a str,
    pub about: &'a str,
    pub buckets: &'a [(String, u64)],
    /// What is counted, such as "checks".
    pub counted: &'a str,
}

/// One part of a whole.
#[derive(Debug, Clone, Copy)]
pub struct Share<'a> {
    pub label: &'a str,
    pub value: f64,
}

/// Parts that follow each other and make up a whole: DNS, connect, TLS, first byte, transfer. At most six.
#[derive(Debug, Clone, Default)]
pub struct Shares<'a> {
    pub label: &'a str,
    pub unit: Unit,
    pub parts: &'a [Share<'a>],
}

/// A line without axes. With an empty label it is decoration that screen readers pass over.
pub fn sparkline(values: &[f64], label: &str) -> View {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    if known.len() < 2 {
        return ().into_any();
    }
    let low = known.iter().copied().fold(f64::INFINITY, f64::min);
    let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = if high > low { high - low } else { 1.0 };
    let mut line = String::new();
    for (position, value) in known.iter().enumerate() {
        let x = place(index(position) / index(known.len() - 1) * 100.0);
        let y = if high > low { place(26.0 - (value - low) / span * 24.0) } else { 14.0 };
        let _ = write!(line, "{}{x} {y}", if position == 0 { 'M' } else { 'L' });
    }
    let mut html = Markup::new();
    html.tag("svg").attr("class", "spark").attr("viewBox", "0 0 100 28").attr("preserveAspectRatio", "none");
    if label.is_empty() {
        html.attr("aria-hidden", "true");
    } else {
        html.attr("role", "img").attr("aria-label", label);
    }
    html.tag("path").attr("class", "area").attr("d", format!("{line}L100 28L0 28z")).done();
    html.tag("path").attr("class", "line").attr("d", line).done().end("svg");
    html.into_view()
}

pub fn histogram(options: &Histogram<'_>) -> View {
    let mut html = Markup::new();
    write_histogram(&mut html, options);
    html.end("figure");
    html.into_view()
}

/// The same with its numbers as a table. `each` heads the buckets: "Days active".
pub fn histogram_with_table(options: &Histogram<'_>, each: &str) -> View {
    let mut html = Markup::new();
    if options.buckets.is_empty() {
        html.tag("figure").attr("class", "chart histogram").tag("figcaption").tag("span").attr("class", "chart-title");
        html.text(options.title).end("span").end("figcaption").tag("p").attr("class", "chart-empty").text("No data in this time.");
        html.end("p").end("figure");
        return html.into_view();
    }
    write_histogram(&mut html, options);
    let rows = options.buckets.iter().map(|(label, count)| (label.clone(), vec![grouped(*count)]));
    write_twin(&mut html, &Twin { label: options.title, heads: &[each, options.counted] }, rows);
    html.end("figure");
    html.into_view()
}

fn write_histogram(html: &mut Markup, options: &Histogram<'_>) {
    let largest = options.buckets.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    html.tag("figure").attr("class", "chart histogram").tag("figcaption").tag("span").attr("class", "chart-title");
    html.text(options.title).end("span").end("figcaption").tag("div").attr("class", "plot");
    html.tag("svg").attr("viewBox", format!("0 0 {} 100", options.buckets.len().max(1) * 10)).attr("preserveAspectRatio", "none");
    html.attr("role", "img").attr("aria-label", format!("{}. {}", options.title, options.about)).attr("data-tips", "");
    for (position, (label, count)) in options.buckets.iter().enumerate() {
        let height = place(float(*count) / float(largest) * 100.0);
        let height = if *count > 0 { height.max(1.0) } else { 0.0 };
        html.tag("rect").attr("class", "bar").attr("x", position * 10 + 1).attr("y", place(100.0 - height)).attr("width", 8);
        html.attr("height", height).element("title", format!("{label}: {count} {}", options.counted)).end("rect");
    }
    html.end("svg").tag("ol").attr("class", "axis-x").attr("aria-hidden", "true");
    for (label, _) in options.buckets {
        html.element("li", label);
    }
    html.end("ol").end("div");
}

pub fn shares(options: &Shares<'_>) -> View {
    let parts: Vec<&Share<'_>> = options.parts.iter().filter(|part| part.value.is_finite() && part.value >= 0.0).collect();
    let whole: f64 = parts.iter().map(|part| part.value).sum();
    let spoken: Vec<String> = parts.iter().map(|part| format!("{} {}", part.label, options.unit.write(part.value))).collect();
    let mut html = Markup::new();
    html.tag("div").attr("class", "shares").tag("svg").attr("viewBox", "0 0 600 10").attr("preserveAspectRatio", "none");
    html.attr("role", "img").attr("aria-label", format!("{}: {}", options.label, spoken.join(", ")));
    let mut left = 0.0;
    for (number, part) in parts.iter().enumerate() {
        let width = if whole > 0.0 { part.value / whole * 600.0 } else { 0.0 };
        html.tag("rect").attr("class", format!("share-{}", number % 6 + 1)).attr("x", place(left)).attr("width", place(width));
        html.attr("height", 10).element("title", &spoken[number]).end("rect");
        left += width;
    }
    html.end("svg").tag("ul").attr("class", "legend");
    for (number, part) in parts.iter().enumerate() {
        html.tag("li").attr("class", format!("share-{}", number % 6 + 1)).text(part.label).text(" ");
        html.tag("b").text(options.unit.write(part.value)).end("b").end("li");
    }
    html.end("ul").end("div");
    html.into_view()
}

fn index(position: usize) -> f64 {
    float(u64::try_from(position).unwrap_or(u64::MAX))
}
