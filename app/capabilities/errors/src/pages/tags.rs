//! How the events of an issue are spread over the values of their tags, and over releases.

use frontend::prelude::*;
use frontend::raw::Markup;
use kernel::Time;

use super::issue::{self, TagGroup};
use super::{IssuePlace, count, counted};
use crate::model::TagValue;
use crate::search::{Field, Pattern, Search};

/// A release the issue was seen in.
#[derive(Debug, Clone)]
pub struct ReleaseLine {
    pub version: String,
    pub events: u64,
    pub first_seen_at: Time,
    pub last_seen_at: Time,
}

pub fn page(shown: &issue::Shown, groups: &[TagGroup], releases: &[ReleaseLine]) -> View {
    let cards: Vec<View> = groups.iter().map(|group| card(Card::default(), distribution(group))).collect();
    let tags = if cards.is_empty() {
        let empty =
            EmptyState { title: "No tags yet", sentence: "Tags come with events: Sentry.setTag(\"plan\", \"pro\").", actions: Vec::new() };
        card(Card { title: "Tags", ..Card::default() }, empty_state(empty))
    } else {
        section(
            Section {
                title: "Tags",
                lead: "Each counts the events that carry it. Of each key and way of grouping the first hundred values are told apart; what comes beyond is counted as “other values”.",
                ..Section::default()
            },
            grid(cards),
        )
    };
    view! { {issue::head(shown, IssuePlace::Tags)} {release_table(releases, shown.now)} {tags} }.into_any()
}

fn release_table(releases: &[ReleaseLine], now: Time) -> View {
    let row = |line: &ReleaseLine| {
        Row::new(vec![code(&line.version), count(line.events).into_any(), ago(line.first_seen_at, now), ago(line.last_seen_at, now)])
    };
    let listed = table(Table {
        caption: "Releases",
        heads: &[Head::text("Release"), Head::number("Events"), Head::text("First seen"), Head::text("Last seen")],
        rows: releases.iter().map(row).collect(),
        empty: EmptyState {
            title: "Its events name no release",
            sentence: "Set `release` in the SDK's init: then resolved issues come back only by newer code, and you see which deploy brought them.",
            actions: Vec::new(),
        },
    });
    card(Card { title: "Releases", is_flush: true, ..Card::default() }, listed)
}

/// One key: its values as bars, the most frequent first.
pub fn distribution(group: &TagGroup) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "distribution").tag("h3").text(&group.key).end("h3").tag("ul");
    for (value, events) in &group.values {
        let share = share(*events, group.events);
        let search = Search::default().and(Field::Tag(group.key.clone(), Pattern(value.clone())));
        html.tag("li");
        if value == TagValue::OTHER {
            html.tag("span").text("other values").end("span");
        } else {
            html.tag("a").attr("href", Href::path("/errors").with("state", "all").with("q", search));
            html.text(if value.is_empty() { "(empty)" } else { value }).end("a");
        }
        html.tag("span").attr("class", "number").attr("title", counted(*events, "event", "events")).text(percent(share)).end("span");
        html.tag("svg").attr("class", "meter").attr("viewBox", "0 0 100 6").attr("preserveAspectRatio", "none").attr("aria-hidden", "true");
        html.tag("rect").attr("class", "track").attr("width", 100).attr("height", 6).done();
        html.tag("rect").attr("class", "fill").attr("width", share).attr("height", 6).done().end("svg").end("li");
    }
    html.end("ul");
    if group.hidden > 0 {
        html.tag("p").attr("class", "muted").text(format!("and {}", counted(group.hidden as u64, "other value", "other values"))).end("p");
    }
    html.end("div");
    html.into_view()
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
fn share(events: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { (events as f64 / all as f64 * 1000.0).round() / 10.0 }
}

fn percent(share: f64) -> String {
    if share > 0.0 && share < 1.0 { "< 1 %".to_owned() } else { format!("{share:.0} %") }
}
