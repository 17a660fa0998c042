//! [`day_bars`]: one bar a day. The state shows in the shape as well as in the colour: whole (good), broken (trouble), whole with a
//! foot (down), raised (maintenance), a stub (no data).

use crate::raw::Markup;
use crate::{Tone, View};

/// One day: `label` is its date, `note` what happened, in words.
#[derive(Debug, Clone, Default)]
pub struct DayCell {
    pub tone: Tone,
    pub label: String,
    pub note: String,
}

#[derive(Debug, Clone, Default)]
pub struct DayBars<'a> {
    /// What the bars are about, such as the component's name.
    pub label: &'a str,
    /// Said instead of the bars by screen readers; empty for a count in English.
    pub summary: &'a str,
    /// Oldest first.
    pub days: &'a [DayCell],
    /// Below the bars at the left end, in the middle, at the right end.
    pub from: &'a str,
    pub middle: &'a str,
    pub to: &'a str,
}

/// The height of the bars and of the foot below them, in the drawing's units; one day is 4 wide.
const HEIGHT: u32 = 40;

pub fn day_bars(options: &DayBars<'_>) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "days").tag("svg");
    html.attr("viewBox", format!("0 0 {} {HEIGHT}", options.days.len().max(1) * 4)).attr("preserveAspectRatio", "none");
    let summary = if options.summary.is_empty() { summarise(options.days) } else { options.summary.to_owned() };
    html.attr("role", "img").attr("aria-label", format!("{}: {summary}", options.label)).attr("data-tips", "");
    for (position, day) in options.days.iter().enumerate() {
        let tip = if day.note.is_empty() { day.label.clone() } else { format!("{}: {}", day.label, day.note) };
        html.tag("path").attr("class", day.tone.class()).attr("d", format!("M{} {}", position * 4 + 2, shape(day.tone)));
        html.element("title", tip).end("path");
    }
    html.end("svg");
    if !(options.from.is_empty() && options.middle.is_empty() && options.to.is_empty()) {
        html.tag("p").attr("class", "days-foot").element("span", options.from).element("span", options.middle);
        html.element("span", options.to).end("p");
    }
    html.end("div");
    html.into_view()
}

fn shape(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "0v33",
        Tone::Warn => "0v20m0 4v9",
        Tone::Bad => "0v33m0 3v4",
        Tone::Info => "9v24",
        Tone::Neutral => "27v6",
    }
}

fn summarise(days: &[DayCell]) -> String {
    let said = [
        (Tone::Good, "without trouble"),
        (Tone::Warn, "with trouble"),
        (Tone::Bad, "with an outage"),
        (Tone::Info, "under maintenance"),
        (Tone::Neutral, "without data"),
    ];
    let mut summary = format!("{} days", days.len());
    for (tone, words) in said {
        let count = days.iter().filter(|day| day.tone == tone).count();
        if count > 0 {
            summary.push_str(&format!(", {count} {words}"));
        }
    }
    summary
}
