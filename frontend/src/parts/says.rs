//! What tells the person how things are: badges, notices, tiles, meters, and the empty list that says the next step.

use kernel::Time;
use leptos::prelude::*;

use super::text::moment;
use crate::charts::sparkline;
use crate::raw::Markup;
use crate::{Href, Tone, View, some};

/// An empty list: what would stand here, and what to do so that it does.
#[derive(Default)]
pub struct EmptyState<'a> {
    pub title: &'a str,
    pub sentence: &'a str,
    pub actions: Vec<View>,
}

/// One number of the home page or of a page's head.
#[derive(Debug, Clone, Default)]
pub struct Tile<'a> {
    pub title: &'a str,
    pub value: &'a str,
    /// Small text after the value: `ms`, `%`.
    pub unit: &'a str,
    pub note: &'a str,
    pub href: Href,
    pub tone: Tone,
    /// The last values, oldest first; fewer than two draw nothing.
    pub spark: &'a [f64],
}

/// One line of a [`timeline`].
pub struct Happening {
    pub at: Time,
    pub tone: Tone,
    pub title: String,
    /// Empty for nothing more to say.
    pub body: Vec<View>,
}

/// How much of something is used up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter<'a> {
    pub label: &'a str,
    pub value: f64,
    pub max: f64,
    /// The value in words, such as "12.4 of 40 GB".
    pub text: &'a str,
    pub tone: Tone,
}

pub fn empty_state(options: EmptyState<'_>) -> View {
    let (title, sentence) = (options.title.to_owned(), options.sentence.to_owned());
    let actions = (!options.actions.is_empty()).then(|| super::actions(options.actions));
    view! { <div class="empty"><p class="empty-title">{title}</p><p>{sentence}</p>{actions}</div> }.into_any()
}

/// The state of a thing: shape, word and colour.
pub fn state_badge(tone: Tone, text: &str) -> View {
    marked("badge", tone, text)
}

/// The same without a box, for dense rows.
pub fn state_dot(tone: Tone, text: &str) -> View {
    marked("state", tone, text)
}

/// A word that sorts things: a kind, a label. Not a state.
pub fn tag(text: &str) -> View {
    let text = text.to_owned();
    view! { <span class="tag">{text}</span> }.into_any()
}

/// A sentence across the page. Bad news is spoken at once by screen readers, other news when they pause.
pub fn notice(tone: Tone, text: &str) -> View {
    notice_about(tone, text, ())
}

/// A notice with more below its sentence.
pub fn notice_about(tone: Tone, title: &str, body: impl IntoView + 'static) -> View {
    let class = format!("notice {}", tone.class());
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    let title = title.to_owned();
    view! {
        <div class=class role=role>{tone.glyph()}<div><p class="notice-title">{title}</p>{body}</div></div>
    }
    .into_any()
}

pub fn tile(options: &Tile<'_>) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", format!("tile {}", options.tone.class()));
    html.tag("p").attr("class", "tile-title");
    if options.href.is_empty() {
        html.text(options.title);
    } else {
        html.tag("a").attr("href", &options.href).text(options.title).end("a");
    }
    html.end("p");
    html.tag("p").attr("class", "tile-value").text(options.value);
    if !options.unit.is_empty() {
        html.tag("span").attr("class", "unit").text("\u{a0}").text(options.unit).end("span");
    }
    html.end("p").tag("p").attr("class", "tile-note");
    if options.tone != Tone::Neutral {
        html.view(options.tone.glyph());
    }
    html.text(options.note).end("p");
    if options.spark.len() > 1 {
        html.view(sparkline(options.spark, ""));
    }
    html.end("div");
    html.into_view()
}

/// What happened, one after the other, in the order given.
pub fn timeline(happenings: Vec<Happening>) -> View {
    let mut html = Markup::new();
    html.tag("ol").attr("class", "timeline");
    for happening in happenings {
        html.tag("li").attr("class", happening.tone.class()).view(happening.tone.glyph());
        html.tag("p").attr("class", "timeline-head").element("b", happening.title);
        html.tag("span").attr("class", "muted").view(moment(happening.at)).end("span").end("p");
        for body in happening.body {
            html.tag("div").attr("class", "timeline-body").view(body).end("div");
        }
        html.end("li");
    }
    html.end("ol");
    html.into_view()
}

pub fn tiles(views: Vec<View>) -> View {
    view! { <div class="tiles">{views}</div> }.into_any()
}

/// How far something has come, as `value` of `max`.
pub fn progress(label: &str, value: u64, max: u64) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "gauge").tag("p").tag("span").text(label).end("span");
    html.tag("span").attr("class", "number").text(value).text(" of ").text(max).end("span").end("p");
    html.tag("progress").attr("value", value).attr("max", max.max(1)).attr("aria-label", label);
    html.text(value).text(" of ").text(max).end("progress").end("div");
    html.into_view()
}

pub fn meter(options: &Meter<'_>) -> View {
    let max = if options.max > 0.0 { options.max } else { 1.0 };
    let value = if options.value.is_finite() { options.value.clamp(0.0, max) } else { 0.0 };
    let share = (value / max * 1000.0).round() / 10.0;
    let mut html = Markup::new();
    html.tag("div").attr("class", format!("gauge {}", options.tone.class()));
    html.tag("p").tag("span").text(options.label).end("span").tag("span").attr("class", "number");
    if matches!(options.tone, Tone::Warn | Tone::Bad) {
        html.view(options.tone.glyph());
    }
    html.text(options.text).end("span").end("p");
    html.tag("svg").attr("class", "meter").attr("viewBox", "0 0 100 6").attr("preserveAspectRatio", "none").attr("role", "meter");
    html.attr("aria-label", options.label).attr("aria-valuenow", share).attr("aria-valuemin", 0).attr("aria-valuemax", 100);
    html.maybe("aria-valuetext", options.text);
    html.tag("rect").attr("class", "track").attr("width", 100).attr("height", 6).done();
    html.tag("rect").attr("class", "fill").attr("width", share).attr("height", 6).done();
    html.end("svg").end("div");
    html.into_view()
}

fn marked(kind: &str, tone: Tone, text: &str) -> View {
    let class = format!("{kind} {}", tone.class());
    let text = some(text);
    view! { <span class=class>{tone.glyph()}{text}</span> }.into_any()
}
