//! [`line_chart`]: one or more series over time. The line breaks where data is missing; the numbers stand in a table below.

use kernel::Time;
use std::fmt::Write;
use std::time::Duration;

use super::scale::{Unit, nice_top, place};
use crate::raw::Markup;
use crate::{Tone, View};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub at: Time,
    pub value: f64,
}

/// Up to four; the first is drawn above the others and filled.
#[derive(Debug, Clone, Default)]
pub struct Series<'a> {
    pub name: &'a str,
    pub points: Vec<Point>,
}

/// A stretch of time behind the lines: an outage, a maintenance.
#[derive(Debug, Clone)]
pub struct Band {
    pub from: Time,
    pub to: Time,
    pub tone: Tone,
    pub label: String,
}

/// A value that matters: a limit, a target.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    pub value: f64,
    pub label: &'a str,
}

#[derive(Debug, Clone, Default)]
pub struct LineChart<'a> {
    /// Unique on the page.
    pub id: &'a str,
    pub title: &'a str,
    /// One sentence for those who do not see the drawing.
    pub about: &'a str,
    pub unit: Unit,
    pub from: Time,
    pub to: Time,
    /// The usual distance of two points: the line breaks where it is more than one and a half times that.
    pub every: Duration,
    pub series: Vec<Series<'a>>,
    pub bands: Vec<Band>,
    pub marks: Vec<Mark<'a>>,
    /// Said when there is no point at all.
    pub empty: &'a str,
    /// Puts the numbers into a table below the drawing.
    pub has_table: bool,
}

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;
const STEPS: u8 = 4;
const TICKS: i64 = 4;
/// More columns than this cannot be told apart with a finger or a mouse.
const COLUMNS: usize = 120;

pub fn line_chart(chart: &LineChart<'_>) -> View {
    let mut html = Markup::new();
    html.tag("figure").attr("class", "chart").tag("figcaption").tag("span").attr("class", "chart-title").text(chart.title).end("span");
    write_legend(&mut html, &chart.series);
    html.end("figcaption");
    let chart = &with_clean_points(chart);
    if chart.series.iter().all(|series| series.points.is_empty()) {
        let empty = if chart.empty.is_empty() { "No data in this time." } else { chart.empty };
        html.tag("p").attr("class", "chart-empty").text(empty).end("p").end("figure");
        return html.into_view();
    }
    let frame = Plane::over(chart);
    html.tag("div").attr("class", "plot");
    write_values(&mut html, chart.unit, frame.top);
    write_drawing(&mut html, chart, &frame);
    write_times(&mut html, chart.from, chart.to);
    html.end("div");
    if chart.has_table {
        write_table(&mut html, chart);
    }
    html.end("figure");
    html.into_view()
}

/// In the order of time, within the chart's span, without values that are no numbers: those are holes.
fn with_clean_points<'a>(chart: &LineChart<'a>) -> LineChart<'a> {
    let mut chart = chart.clone();
    for series in &mut chart.series {
        series.points.retain(|point| point.value.is_finite() && point.at >= chart.from && point.at <= chart.to);
        series.points.sort_by_key(|point| point.at);
    }
    chart
}

/// Turns moments and values into coordinates.
struct Plane {
    from: Time,
    span: f64,
    top: f64,
}

impl Plane {
    fn over(chart: &LineChart<'_>) -> Self {
        let values = chart.series.iter().flat_map(|series| &series.points).map(|point| point.value);
        let marks = chart.marks.iter().map(|mark| mark.value);
        let largest = values.chain(marks).filter(|value| value.is_finite()).fold(0.0, f64::max);
        let top =
            if chart.unit == Unit::Percent && largest > 50.0 && largest <= 100.0 { 100.0 } else { nice_top(largest, f64::from(STEPS)) };
        Self { from: chart.from, span: millis(chart.to.since(chart.from)).max(1.0), top }
    }

    fn x(&self, at: Time) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a chart's span are far below 2^52")]
        let since = (at.0 - self.from.0) as f64;
        place((since / self.span * WIDTH).clamp(0.0, WIDTH))
    }

    fn y(&self, value: f64) -> f64 {
        place(HEIGHT - (value / self.top * HEIGHT).clamp(0.0, HEIGHT))
    }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

fn write_legend(html: &mut Markup, series: &[Series<'_>]) {
    if series.len() < 2 {
        return;
    }
    html.tag("ul").attr("class", "legend");
    for (number, one) in series.iter().enumerate() {
        html.tag("li").attr("class", format!("series-{}", number + 1)).text(one.name).end("li");
    }
    html.end("ul");
}

fn write_values(html: &mut Markup, unit: Unit, top: f64) {
    html.tag("ol").attr("class", "axis-y").attr("aria-hidden", "true");
    for step in (0..=STEPS).rev() {
        html.element("li", unit.write(top * f64::from(step) / f64::from(STEPS)));
    }
    html.end("ol");
}

fn write_times(html: &mut Markup, from: Time, to: Time) {
    let span = to.since(from);
    let (style, format) = match span.as_secs() {
        0..=93_600 => ("short-clock", "%H:%M"),
        93_601..=777_600 => ("weekday", "%a %-d"),
        _ => ("day", "%-d %b"),
    };
    html.tag("ol").attr("class", "axis-x").attr("aria-hidden", "true");
    for tick in 0..=TICKS {
        let at = Time(from.0 + (to.0 - from.0) / TICKS * tick);
        html.tag("li").tag("time").attr("datetime", at.rfc3339()).attr("data-moment", style);
        html.text(at.timestamp().strftime(format)).end("time").end("li");
    }
    html.end("ol");
}

fn write_drawing(html: &mut Markup, chart: &LineChart<'_>, plane: &Plane) {
    let (title_id, about_id) = (format!("{}-title", chart.id), format!("{}-about", chart.id));
    html.tag("svg").attr("viewBox", format!("0 0 {WIDTH} {HEIGHT}")).attr("preserveAspectRatio", "none").attr("role", "img");
    html.attr("aria-labelledby", format!("{title_id} {about_id}")).attr("data-tips", "");
    html.tag("title").attr("id", title_id).text(chart.title).end("title");
    html.tag("desc").attr("id", about_id).text(chart.about).end("desc");
    let mut grid = String::new();
    for step in 0..=STEPS {
        let _ = write!(grid, "M0 {}h{WIDTH}", place(HEIGHT * f64::from(step) / f64::from(STEPS)));
    }
    html.tag("path").attr("class", "grid-line").attr("d", grid).done();
    for band in &chart.bands {
        let (left, right) = (plane.x(band.from), plane.x(band.to));
        html.tag("rect").attr("class", format!("band {}", band.tone.class())).attr("x", left).attr("width", place((right - left).max(1.5)));
        html.attr("height", HEIGHT).element("title", &band.label).end("rect");
    }
    for (number, series) in chart.series.iter().enumerate().rev() {
        write_series(html, number, &runs(&series.points, chart.every), plane);
    }
    for mark in &chart.marks {
        html.tag("path")
            .attr("class", "limit-line")
            .attr("d", format!("M0 {}h{WIDTH}", plane.y(mark.value)))
            .element("title", mark.label)
            .end("path");
    }
    write_columns(html, chart, plane);
    html.end("svg");
}

/// Splits at holes, so that no line is drawn over a time nobody measured.
fn runs(points: &[Point], every: Duration) -> Vec<&[Point]> {
    let widest = i64::try_from(every.as_millis().saturating_mul(3) / 2).unwrap_or(i64::MAX);
    let is_near = |one: &Point, next: &Point| every.is_zero() || next.at.0 - one.at.0 <= widest;
    points.chunk_by(is_near).collect()
}

fn write_series(html: &mut Markup, number: usize, runs: &[&[Point]], plane: &Plane) {
    let (mut line, mut area) = (String::new(), String::new());
    for run in runs {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let mut path = String::new();
        for point in run.iter() {
            let _ = write!(path, "{}{} {}", if path.is_empty() { 'M' } else { 'L' }, plane.x(point.at), plane.y(point.value));
        }
        if run.len() == 1 {
            // A lone point: a line of no length with round ends is a dot.
            path.push_str("h0");
        } else if number == 0 {
            let _ = write!(area, "{path}L{} {HEIGHT}L{} {HEIGHT}z", plane.x(last.at), plane.x(first.at));
        }
        line.push_str(&path);
    }
    if !area.is_empty() {
        html.tag("path").attr("class", "area").attr("d", area).done();
    }
    html.tag("path").attr("class", format!("line series-{}", number + 1)).attr("d", line).done();
}

/// Invisible columns that carry the tooltips.
fn write_columns(html: &mut Markup, chart: &LineChart<'_>, plane: &Plane) {
    let longest = chart.series.iter().max_by_key(|series| series.points.len());
    let moments: Vec<Time> = longest.map(|series| series.points.iter().map(|point| point.at).collect()).unwrap_or_default();
    let stride = moments.len().div_ceil(COLUMNS).max(1);
    let shown: Vec<Time> = moments.into_iter().step_by(stride).collect();
    let width = if chart.every.is_zero() { WIDTH / 60.0 } else { millis(chart.every) / plane.span * WIDTH };
    #[expect(clippy::cast_precision_loss, reason = "a stride is a small number")]
    let width = (width * stride as f64).max(WIDTH / 240.0);
    for at in shown {
        let (left, right) = ((plane.x(at) - width / 2.0).max(0.0), (plane.x(at) + width / 2.0).min(WIDTH));
        let tip = tip_at(chart, at);
        html.tag("rect").attr("class", "hit").attr("x", place(left)).attr("width", place(right - left)).attr("height", HEIGHT);
        html.attr("data-at", at.rfc3339()).attr("data-tip", tip).done();
    }
}

/// `p50 120 ms, p95 310 ms`, one series a line.
fn tip_at(chart: &LineChart<'_>, at: Time) -> String {
    let mut lines = Vec::new();
    for series in &chart.series {
        if let Ok(found) = series.points.binary_search_by_key(&at, |point| point.at) {
            lines.push(format!("{} {}", series.name, chart.unit.write(series.points[found].value)));
        }
    }
    lines.join("\n")
}

/// The same numbers for those who cannot see or hover, newest first, at most as many as the drawing has columns.
fn write_table(html: &mut Markup, chart: &LineChart<'_>) {
    let longest = chart.series.iter().max_by_key(|series| series.points.len());
    let points = longest.map(|series| series.points.as_slice()).unwrap_or_default();
    html.tag("details").attr("class", "disclosure chart-data").element("summary", "Show the numbers");
    html.tag("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "region").attr("aria-label", chart.title).tag("table");
    html.tag("thead").tag("tr").tag("th").attr("scope", "col").text("Time").end("th");
    for series in &chart.series {
        html.tag("th").attr("scope", "col").attr("class", "number").text(series.name).end("th");
    }
    html.end("tr").end("thead").tag("tbody");
    for point in points.iter().rev().step_by(points.len().div_ceil(COLUMNS).max(1)) {
        html.tag("tr").tag("th").attr("scope", "row").view(crate::parts::moment(point.at)).end("th");
        for series in &chart.series {
            let found = series.points.binary_search_by_key(&point.at, |other| other.at).ok();
            let text = found.map_or_else(|| "–".to_owned(), |found| chart.unit.write(series.points[found].value));
            html.tag("td").attr("class", "number").text(text).end("td");
        }
        html.end("tr");
    }
    html.end("tbody").end("table").end("div").end("details");
}
