//! The list of monitors.

use std::collections::HashMap;

use frontend::prelude::*;
use kernel::Time;

use super::{Origin, badge, percent, sections, tone};
use crate::model::arithmetic::Percent;
use crate::model::state::MonitorState;
use crate::model::watch::Monitor;

pub struct MonitorRow {
    pub monitor: Monitor,
    pub state: MonitorState,
    pub since: Option<Time>,
    pub why: String,
    pub day: Option<Percent>,
    pub month: Option<Percent>,
    /// Of a job that reports by check-ins.
    pub origin: Option<Origin>,
    /// The newest response times in ms.
    pub spark: Vec<f64>,
}

pub struct Listing {
    pub rows: Vec<MonitorRow>,
    /// Failing, watched, and the first of them: many began to fail within a minute.
    pub mass: Option<(usize, usize, String)>,
    pub q: String,
    pub state: String,
    pub tag: String,
    pub page: usize,
    pub next: Option<usize>,
    pub tags: Vec<String>,
    pub total: usize,
    pub found: usize,
    pub counts: HashMap<MonitorState, usize>,
    pub can_edit: bool,
    pub now: Time,
}

pub fn show(listing: &Listing) -> View {
    let mut actions = Vec::new();
    if listing.can_edit {
        actions.push(link_button("/uptime/new", "New monitor", Look::Primary));
        actions.push(link_button("/uptime/import", "Import from Uptime Kuma", Look::Quiet));
    }
    let head = page_head(PageHead { title: "Monitors", lead: &summary(listing), actions, ..PageHead::default() });
    let filter = if listing.total > 0 { filter(listing) } else { ().into_any() };
    let body = card(Card { is_flush: true, ..Card::default() }, rows(listing));
    let mass = listing.mass.as_ref().map_or_else(
        || ().into_any(),
        |(failing, total, first)| {
            let text =
                format!("{failing} of {total} monitors began to fail within a minute, first {first}. Look for what they have in common.");
            notice(Tone::Bad, &text)
        },
    );
    stack(vec![head, sections("/uptime"), live("mass", mass), filter, live("monitors", body), pages(listing)])
}

fn summary(listing: &Listing) -> String {
    let count = |state| listing.counts.get(&state).copied().unwrap_or(0);
    let parts: Vec<String> = MonitorState::ALL
        .into_iter()
        .filter(|state| count(*state) > 0)
        .map(|state| format!("{} {}", count(state), state.label().to_lowercase()))
        .collect();
    parts.join(" · ")
}

fn filter(listing: &Listing) -> View {
    let fields = Fields::new(&[]);
    let search = fields.text(TextField { name: "q", label: "Search", value: &listing.q, kind: TextKind::Search, ..TextField::default() });
    let states: Vec<Choice<'_>> = std::iter::once(Choice::new("", "All states"))
        .chain(MonitorState::ALL.iter().map(|state| Choice::new(state.as_str(), state.label())))
        .collect();
    let state = fields.select(Select { name: "state", label: "State", value: &listing.state, choices: &states, ..Select::default() });
    let tags: Vec<Choice<'_>> =
        std::iter::once(Choice::new("", "All tags")).chain(listing.tags.iter().map(|tag| Choice::new(tag, tag))).collect();
    let tag = fields.select(Select { name: "tag", label: "Tag", value: &listing.tag, choices: &tags, ..Select::default() });
    let tag = if listing.tags.is_empty() { ().into_any() } else { tag };
    let button = button("Show", Look::Plain, "", "");
    filter_form("/uptime", view! { {search}{state}{tag}{button} })
}

fn rows(listing: &Listing) -> View {
    let heads = [
        Head::text("Monitor"),
        Head::text("State"),
        Head::text("Looks at"),
        Head::text("Response"),
        Head::number("24 h"),
        Head::number("30 d"),
    ];
    let empty = if listing.total == 0 {
        EmptyState {
            title: "Nothing is watched yet",
            sentence: "Make a monitor for your website first: give its address, and you will hear of it when it does not answer.",
            actions: if listing.can_edit {
                vec![link_button("/uptime/new?kind=http", "Watch a website", Look::Primary)]
            } else {
                Vec::new()
            },
        }
    } else {
        EmptyState {
            title: "No monitor fits",
            sentence: "Try other words, another state or another tag.",
            actions: vec![link_button("/uptime", "Show all", Look::Plain)],
        }
    };
    table(Table { caption: "Monitors", heads: &heads, rows: listing.rows.iter().map(|row| one(row, listing.now)).collect(), empty })
}

fn one(row: &MonitorRow, now: Time) -> Row {
    let name = link(format!("/uptime/monitors/{}", row.monitor.id), &row.monitor.name);
    let tags: Vec<View> = row.monitor.tags.iter().map(|name| tag(name)).collect();
    let since = row.since.map(|since| ago(since, now));
    let why = if row.state == MonitorState::Up || row.why.is_empty() {
        String::new()
    } else {
        format!("· {}", kernel::text::shorten(&row.why, 90))
    };
    // A heartbeat without a start signal has no duration: a flat line at zero would tell a number that nobody measured.
    let has_times = row.spark.len() > 1 && row.spark.iter().any(|value| *value > 0.0);
    let spark = if has_times { sparkline(&row.spark, "") } else { muted("–") };
    let (kind, target) = match &row.origin {
        Some(origin) => ("check-in", format!("{} · {} · {}", row.monitor.watch.target(), origin.project, origin.environment)),
        None => (row.monitor.watch.kind().as_str(), row.monitor.watch.target()),
    };
    Row {
        cells: vec![
            view! { <span>{name}" "{tags}</span> }.into_any(),
            view! { <span>{badge(row.state)}" "<span class="muted">{since}</span>" "<span class="muted">{why}</span></span> }.into_any(),
            view! { <span>{tag(kind)}" "<span class="muted">{target}</span></span> }.into_any(),
            spark,
            muted(&percent(row.day)),
            muted(&percent(row.month)),
        ],
        tone: if row.state == MonitorState::Down { tone(row.state) } else { Tone::Neutral },
    }
}

fn pages(listing: &Listing) -> View {
    if listing.page == 0 && listing.next.is_none() {
        return ().into_any();
    }
    let at = |page: usize| {
        Href::path("/uptime").with("q", &listing.q).with("state", &listing.state).with("tag", &listing.tag).with("page", page)
    };
    let first = if listing.page > 0 { at(0) } else { Href::default() };
    let next = listing.next.map(at).unwrap_or_default();
    pager(&Pager { first, next, note: &format!("{} of {} monitors", listing.rows.len(), listing.found) })
}
