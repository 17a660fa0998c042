//! Small things in running text: times, code, what may be copied, what unfolds.

use kernel::Time;
use kernel::time::describe_duration;
use leptos::prelude::*;

use crate::View;
use crate::raw::{self, Markup};

/// How a moment is written. The text is UTC; the island shows it in the zone of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MomentStyle {
    /// `23 Nov 2026, 14:39 UTC`
    #[default]
    Full,
    /// `23 Nov 2026`
    Date,
    /// `14:39:05 UTC`
    Clock,
}

pub fn moment(at: Time) -> View {
    moment_as(at, MomentStyle::Full)
}

pub fn date(at: Time) -> View {
    moment_as(at, MomentStyle::Date)
}

/// [`moment`] where only text can stand.
pub fn moment_text(at: Time) -> String {
    at.timestamp().strftime(FULL).to_string()
}

const FULL: &str = "%-d %b %Y, %H:%M UTC";

pub fn moment_as(at: Time, style: MomentStyle) -> View {
    let (name, format) = match style {
        MomentStyle::Full => ("full", FULL),
        MomentStyle::Date => ("date", "%-d %b %Y"),
        MomentStyle::Clock => ("clock", "%H:%M:%S UTC"),
    };
    time_element(at, name, &at.timestamp().strftime(format).to_string())
}

/// `3 min 12 s ago` or `in 2 h`; the island keeps it true while the page stands. The exact time is its title.
pub fn ago(at: Time, now: Time) -> View {
    let text = match at.0.cmp(&now.0) {
        std::cmp::Ordering::Greater => format!("in {}", first_unit(&describe_duration(at.since(now)))),
        _ if now.since(at).as_secs() < 5 => "just now".to_owned(),
        _ => format!("{} ago", first_unit(&describe_duration(now.since(at)))),
    };
    time_element(at, "ago", &text)
}

/// Short code in a sentence.
pub fn code(text: &str) -> View {
    let text = text.to_owned();
    view! { <code>{text}</code> }.into_any()
}

/// Several lines of code, scrolled rather than wrapped, with a button to copy them.
pub fn code_block(text: &str) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "code-block").tag("pre").attr("tabindex", 0).element("code", text).end("pre");
    copy_button(&mut html, text);
    html.end("div");
    html.into_view()
}

/// A value to take elsewhere, such as a beat's address or a key that is shown once.
pub fn copy_box(label: &str, value: &str) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "copy-box").tag("label").tag("span").text(label).end("span");
    html.tag("input").attr("type", "text").attr("readonly", "").attr("value", value).attr("spellcheck", "false");
    html.attr("autocomplete", "off").done().end("label");
    copy_button(&mut html, value);
    html.end("div");
    html.into_view()
}

/// Names and values in two columns.
pub fn key_values(pairs: Vec<(&str, View)>) -> View {
    let mut html = Markup::new();
    html.tag("dl").attr("class", "key-values");
    for (key, value) in pairs {
        html.tag("div").element("dt", key).tag("dd").view(value).end("dd").end("div");
    }
    html.end("dl");
    html.into_view()
}

/// What is rarely wanted, folded away.
pub fn disclosure(summary: &str, is_open: bool, body: impl IntoView + 'static) -> View {
    let summary = summary.to_owned();
    view! {
        <details class="disclosure" open=is_open><summary>{summary}</summary><div class="disclosure-body">{body}</div></details>
    }
    .into_any()
}

pub fn paragraph(text: &str) -> View {
    let text = text.to_owned();
    view! { <p>{text}</p> }.into_any()
}

/// Less important words in a line.
pub fn muted(text: &str) -> View {
    let text = text.to_owned();
    view! { <span class="muted">{text}</span> }.into_any()
}

/// A drawing of the binary beside a text that says the same.
pub fn icon(drawing: &'static str) -> View {
    raw::svg(drawing)
}

fn time_element(at: Time, style: &str, text: &str) -> View {
    let mut html = Markup::new();
    html.tag("time").attr("datetime", at.rfc3339()).attr("data-moment", style);
    if style == "ago" {
        html.attr("title", at.timestamp().strftime("%-d %b %Y, %H:%M:%S UTC"));
    }
    html.text(text).end("time");
    html.into_view()
}

/// `3 min` of `3 min 12 s`: one unit is enough for what changes while one looks at it.
fn first_unit(text: &str) -> &str {
    text.match_indices(' ').nth(1).map_or(text, |(cut, _)| &text[..cut])
}

/// Hidden until the island can make it work.
fn copy_button(html: &mut Markup, value: &str) {
    html.tag("button").attr("type", "button").attr("class", "button plain copy").attr("data-copy", value).attr("hidden", "");
    html.text("Copy").end("button");
}
