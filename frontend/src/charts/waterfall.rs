//! [`waterfall`]: what happened within a trace, line by line, each with its place in time. A line unfolds to what is known of it.

use super::scale::{Unit, place};
use crate::raw::Markup;
use crate::{Tone, View};

/// Lines in the order in which they are shown. Offsets and lengths are milliseconds.
#[derive(Default)]
pub struct Waterfall<'a> {
    /// What is shown, for those who hear the page.
    pub label: &'a str,
    /// The end of the axis; it begins at 0.
    pub total: f64,
    pub lines: Vec<WaterfallLine>,
}

#[derive(Default)]
pub struct WaterfallLine {
    /// How far it is moved to the right.
    pub depth: usize,
    /// What kind of thing it is, such as `db`.
    pub kind: String,
    pub title: String,
    /// A word before the title: the program it belongs to; empty for none.
    pub tag: String,
    /// One of six colours, from 1.
    pub hue: u8,
    /// Bad: it failed; warn: something about it is odd.
    pub tone: Tone,
    pub offset: f64,
    pub length: f64,
    /// Said below the title in small letters; empty for nothing.
    pub note: String,
    /// Unfolds; `None` for nothing more to say.
    pub details: Option<View>,
}

const WIDTH: f64 = 1_000.0;
/// Of one step to the right, in pixels.
const STEP: usize = 12;
const TICKS: u8 = 4;

pub fn waterfall(options: Waterfall<'_>) -> View {
    let total = if options.total.is_finite() && options.total > 0.0 { options.total } else { 1.0 };
    let mut html = Markup::new();
    html.tag("div").attr("class", "waterfall").attr("role", "group").attr("aria-label", options.label);
    write_axis(&mut html, total);
    html.tag("ol");
    for line in options.lines {
        html.tag("li").attr("class", line.tone.class());
        write_line(&mut html, line, total);
        html.end("li");
    }
    html.end("ol").end("div");
    html.into_view()
}

fn write_axis(html: &mut Markup, total: f64) {
    html.tag("div").attr("class", "waterfall-axis").attr("aria-hidden", "true").tag("span").end("span").tag("ol");
    for tick in 0..=TICKS {
        html.element("li", Unit::Millis.write(total * f64::from(tick) / f64::from(TICKS)));
    }
    html.end("ol").tag("span").end("span").end("div");
}

fn write_line(html: &mut Markup, line: WaterfallLine, total: f64) {
    let has_details = line.details.is_some();
    if has_details {
        html.tag("details").tag("summary").attr("class", "waterfall-line");
    } else {
        html.tag("div").attr("class", "waterfall-line");
    }
    write_title(html, &line);
    write_bar(html, &line, total);
    html.tag("span").attr("class", "number").text(Unit::Millis.write(known(line.length))).end("span");
    html.end(if has_details { "summary" } else { "div" });
    if let Some(details) = line.details {
        html.tag("div").attr("class", "waterfall-details").view(details).end("div").end("details");
    }
}

fn write_title(html: &mut Markup, line: &WaterfallLine) {
    html.tag("span").attr("class", "waterfall-title");
    if line.depth > 0 {
        // A drawing of this width moves the text: widths in styles are not allowed on our pages.
        html.tag("svg").attr("class", "indent").attr("width", line.depth * STEP).attr("height", 1).attr("aria-hidden", "true").end("svg");
    }
    if line.tone != Tone::Neutral {
        html.view(line.tone.glyph());
    }
    html.tag("span").attr("class", "waterfall-text");
    if !line.tag.is_empty() {
        html.tag("span").attr("class", "tag").text(&line.tag).end("span").text(" ");
    }
    if !line.kind.is_empty() {
        html.tag("b").text(&line.kind).end("b").text(" ");
    }
    html.text(&line.title);
    if !line.note.is_empty() {
        html.tag("small").text(" ").text(&line.note).end("small");
    }
    html.end("span").end("span");
}

fn write_bar(html: &mut Markup, line: &WaterfallLine, total: f64) {
    let left = (known(line.offset) / total * WIDTH).clamp(0.0, WIDTH - 3.0);
    // What takes no time is seen all the same.
    let width = (known(line.length) / total * WIDTH).clamp(3.0, WIDTH - left);
    let begins = Unit::Millis.write(known(line.offset));
    html.tag("svg").attr("class", format!("share-{}", line.hue.clamp(1, 6))).attr("viewBox", format!("0 0 {WIDTH} 10"));
    html.attr("preserveAspectRatio", "none").attr("role", "img").attr("aria-label", format!("begins after {begins}"));
    html.tag("path").attr("class", "rule").attr("d", "M0 0v10M250 0v10M500 0v10M750 0v10M1000 0v10").done();
    html.tag("rect").attr("x", place(left)).attr("y", 1).attr("width", place(width)).attr("height", 8).done().end("svg");
}

fn known(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(lines: Vec<WaterfallLine>, total: f64) -> String {
        crate::render(|| waterfall(Waterfall { label: "Spans", total, lines }))
    }

    #[test]
    fn a_bar_lies_where_its_span_lies_and_never_outside() {
        let line = |offset, length| WaterfallLine { title: "x".into(), offset, length, ..WaterfallLine::default() };
        assert!(drawn(vec![line(50.0, 25.0)], 100.0).contains(r#"<rect x="500" y="1" width="250" height="8"/>"#));
        assert!(drawn(vec![line(90.0, 50.0)], 100.0).contains(r#"<rect x="900" y="1" width="100" height="8"/>"#));
        for (offset, length, total) in [(-5.0, 1.0, 10.0), (f64::NAN, f64::INFINITY, 10.0), (1.0, 1.0, 0.0), (1e300, 1e300, f64::NAN)] {
            let html = drawn(vec![line(offset, length)], total);
            assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
        }
    }

    #[test]
    fn what_a_program_calls_its_spans_stays_text() {
        let nasty = "<script>alert(1)</script>\"'";
        let line =
            WaterfallLine { title: nasty.into(), kind: nasty.into(), tag: nasty.into(), note: nasty.into(), ..WaterfallLine::default() };
        let html = drawn(vec![line], 1.0);
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;").count(), 4);
    }
}
