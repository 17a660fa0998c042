//! [`stacked_bars`]: what adds up stands above the line of zero, what is lost hangs below it; the numbers stand in a table.

use std::fmt::Write;

use super::scale::{Unit, float, grouped, nice_top, place};
use super::twin::{Twin, write_twin};
use crate::View;
use crate::raw::Markup;

/// One layer of every column. A value that is missing at the end counts as none.
#[derive(Debug, Clone, Default)]
pub struct Stack<'a> {
    pub name: &'a str,
    pub values: Vec<u64>,
    pub is_below: bool,
}

/// Up to four layers, the first nearest to the line of zero.
#[derive(Debug, Clone, Default)]
pub struct StackedBars<'a> {
    pub title: &'a str,
    /// One sentence for those who do not see the drawing.
    pub about: &'a str,
    /// What a column is: "Week from".
    pub each: &'a str,
    /// Oldest first.
    pub labels: &'a [String],
    pub stacks: Vec<Stack<'a>>,
    /// Said of the last column when its time is not over; empty when it is.
    pub running: &'a str,
    /// Said when there is no column at all.
    pub empty: &'a str,
}

/// Of one column, and of the bar in it, in the drawing's units.
const COLUMN: usize = 10;
const BAR: usize = 8;
const HEIGHT: f64 = 100.0;
/// Of the taller side; the other one has as many steps of the same size as it needs.
const STEPS: f64 = 4.0;
/// This many dates have a place on a phone, too.
const DATES: usize = 5;

pub fn stacked_bars(chart: &StackedBars<'_>) -> View {
    let mut html = Markup::new();
    html.tag("figure").attr("class", "chart stacked").tag("figcaption").tag("span").attr("class", "chart-title").text(chart.title);
    html.end("span").tag("ul").attr("class", "legend");
    for (number, stack) in chart.stacks.iter().enumerate() {
        html.tag("li").attr("class", hue(number)).text(stack.name).end("li");
    }
    html.end("ul").end("figcaption");
    if chart.labels.is_empty() {
        let empty = if chart.empty.is_empty() { "No data in this time." } else { chart.empty };
        html.tag("p").attr("class", "chart-empty").text(empty).end("p").end("figure");
        return html.into_view();
    }
    let plane = Plane::over(chart);
    html.tag("div").attr("class", "plot");
    write_values(&mut html, &plane);
    write_drawing(&mut html, chart, &plane);
    write_dates(&mut html, chart.labels);
    html.end("div");
    let heads: Vec<&str> = std::iter::once(chart.each).chain(chart.stacks.iter().map(|stack| stack.name)).collect();
    let rows = (0..chart.labels.len()).rev().map(|column| (said(chart, column), numbers(chart, column)));
    write_twin(&mut html, &Twin { label: chart.title, heads: &heads }, rows);
    html.end("figure");
    html.into_view()
}

fn hue(number: usize) -> String {
    format!("series-{}", number % 4 + 1)
}

fn value(stack: &Stack<'_>, column: usize) -> u64 {
    stack.values.get(column).copied().unwrap_or(0)
}

/// What is lost is written as what it is: less.
fn signed(stack: &Stack<'_>, column: usize) -> String {
    let count = value(stack, column);
    if stack.is_below && count > 0 { format!("−{}", grouped(count)) } else { grouped(count) }
}

fn numbers(chart: &StackedBars<'_>, column: usize) -> Vec<String> {
    chart.stacks.iter().map(|stack| signed(stack, column)).collect()
}

fn is_running(chart: &StackedBars<'_>, column: usize) -> bool {
    !chart.running.is_empty() && column + 1 == chart.labels.len()
}

fn said(chart: &StackedBars<'_>, column: usize) -> String {
    let label = &chart.labels[column];
    if is_running(chart, column) { format!("{label}, {}", chart.running) } else { label.clone() }
}

/// Both sides of the line of zero share one scale, so that what comes and what goes can be compared.
struct Plane {
    step: f64,
    above: f64,
    below: f64,
}

impl Plane {
    fn over(chart: &StackedBars<'_>) -> Self {
        let tallest = |is_below: bool| (0..chart.labels.len()).map(|column| height(chart, column, is_below)).fold(0.0, f64::max);
        let (above, below) = (tallest(false), tallest(true));
        let step = (nice_top(above.max(below), STEPS) / STEPS).max(1.0);
        let mut above = (above / step).ceil();
        let below = (below / step).ceil();
        if above + below == 0.0 {
            above = STEPS;
        }
        Self { step, above: above * step, below: below * step }
    }

    fn y(&self, value: f64) -> f64 {
        (self.above - value) / (self.above + self.below) * HEIGHT
    }

    /// The values of the axis, from above to below.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        std::iter::successors(Some(self.above), |tick| Some(tick - self.step)).take_while(|tick| *tick > -self.below - self.step / 2.0)
    }
}

fn height(chart: &StackedBars<'_>, column: usize, is_below: bool) -> f64 {
    chart.stacks.iter().filter(|stack| stack.is_below == is_below).map(|stack| float(value(stack, column))).sum()
}

fn write_values(html: &mut Markup, plane: &Plane) {
    html.tag("ol").attr("class", "axis-y").attr("aria-hidden", "true");
    for tick in plane.ticks() {
        let text = Unit::Count.write(tick.abs());
        html.element("li", if tick < 0.0 { format!("−{text}") } else { text });
    }
    html.end("ol");
}

/// All of them while there is room, else a few at equal distances.
fn write_dates(html: &mut Markup, labels: &[String]) {
    let is_few = labels.len() <= DATES;
    html.tag("ol").attr("class", if is_few { "axis-x each" } else { "axis-x" }).attr("aria-hidden", "true");
    for pick in 0..labels.len().min(DATES) {
        html.element("li", &labels[if is_few { pick } else { pick * (labels.len() - 1) / (DATES - 1) }]);
    }
    html.end("ol");
}

fn write_drawing(html: &mut Markup, chart: &StackedBars<'_>, plane: &Plane) {
    let width = chart.labels.len() * COLUMN;
    html.tag("svg").attr("viewBox", format!("0 0 {width} {HEIGHT}")).attr("preserveAspectRatio", "none").attr("role", "img");
    html.attr("aria-label", format!("{}. {}", chart.title, chart.about)).attr("data-tips", "");
    let mut grid = String::new();
    for tick in plane.ticks() {
        let _ = write!(grid, "M0 {}h{width}", place(plane.y(tick)));
    }
    html.tag("path").attr("class", "grid-line").attr("d", grid).done();
    for (number, path) in layers(chart, plane).into_iter().enumerate() {
        html.tag("path").attr("class", format!("layer {}", hue(number))).attr("d", path).done();
    }
    html.tag("path").attr("class", "zero-line").attr("d", format!("M0 {}h{width}", place(plane.y(0.0)))).done();
    for column in 0..chart.labels.len() {
        let lines = chart.stacks.iter().map(|stack| format!("\n{} {}", stack.name, signed(stack, column)));
        let class = if is_running(chart, column) { "hit is-running" } else { "hit" };
        html.tag("rect").attr("class", class).attr("x", column * COLUMN).attr("width", COLUMN).attr("height", HEIGHT);
        html.element("title", format!("{}{}", said(chart, column), lines.collect::<String>())).end("rect");
    }
    html.end("svg");
}

/// A path for each stack: in one element for all columns, which is a third of the bytes.
fn layers(chart: &StackedBars<'_>, plane: &Plane) -> Vec<String> {
    let mut paths = vec![String::new(); chart.stacks.len()];
    for column in 0..chart.labels.len() {
        let (mut above, mut below) = (0.0, 0.0);
        for (stack, path) in chart.stacks.iter().zip(&mut paths) {
            let count = float(value(stack, column));
            let side = if stack.is_below { &mut below } else { &mut above };
            let near = if stack.is_below { -*side } else { *side + count };
            *side += count;
            if count > 0.0 {
                let (top, tall) = (place(plane.y(near)), place(count / (plane.above + plane.below) * HEIGHT).max(0.1));
                let _ = write!(path, "M{} {top}h{BAR}v{tall}h-{BAR}z", column * COLUMN + (COLUMN - BAR) / 2);
            }
        }
    }
    paths
}
