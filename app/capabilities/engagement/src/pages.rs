//! Pages of engagement: plain data in, HTML out.
//!
//! - [`mod@overview`], [`mod@features`], [`mod@actions`], [`mod@retention`], [`mod@funnels`], [`mod@rhythm`]: what the counts say
//! - [`mod@live`]: actions as they arrive, and how to send the first; [`mod@people`]: contacts and visitors; [`mod@surveys`]: what they were asked

pub mod actions;
pub mod features;
pub mod funnels;
pub mod live;
pub mod overview;
pub mod people;
pub mod retention;
pub mod rhythm;
pub mod surveys;

use frontend::prelude::*;
use kernel::ids::ProjectId;
use serde_json::{Map, Value};

use crate::look::Range;
use crate::model::{Day, Share};
use crate::read::Shown;

/// Names of projects, as actions show them.
#[derive(Debug, Clone, Default)]
pub struct Projects(pub Vec<(ProjectId, String)>);

impl Projects {
    fn name(&self, id: ProjectId) -> String {
        self.0.iter().find(|(known, _)| *known == id).map_or_else(|| format!("project {id}"), |(_, name)| name.clone())
    }
}

/// The pages of this capability, beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tabbed {
    Overview,
    Features,
    Retention,
    Funnels,
    Rhythm,
    People,
    Surveys,
    Live,
}

pub(crate) fn pages_of(current: Tabbed) -> View {
    let tab = |label, path: &str, tabbed| Tab { label, href: Href::path(path), is_current: current == tabbed, ..Tab::default() };
    tabs(
        "Pages of engagement",
        &[
            tab("Overview", "/engagement", Tabbed::Overview),
            tab("Features", "/engagement/features", Tabbed::Features),
            tab("Retention", "/engagement/retention", Tabbed::Retention),
            tab("Funnels", "/engagement/funnels", Tabbed::Funnels),
            tab("Rhythm", "/engagement/rhythm", Tabbed::Rhythm),
            tab("People", "/engagement/people", Tabbed::People),
            tab("Surveys", "/engagement/surveys", Tabbed::Surveys),
            tab("Live", "/engagement/live", Tabbed::Live),
        ],
    )
}

/// How far back, as links beside each other.
pub(crate) fn ranges(path: &str, current: Range) -> View {
    let tab = |range: Range| Tab {
        label: range.label(),
        href: Href::path(path).with("range", range.as_str()),
        is_current: range == current,
        ..Tab::default()
    };
    tabs("How far back", &Range::ALL.map(tab))
}

/// `12.5 %`; “–” of nothing.
pub(crate) fn percent(share: Share) -> String {
    share.percent().map_or_else(|| "–".to_owned(), |value| Unit::Percent.write(value))
}

/// `12,345`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn number(text: &str) -> View {
    let text = text.to_owned();
    view! { <span class="number">{text}</span> }.into_any()
}

/// One field of a CSV file (RFC 4180). What a spreadsheet would take for a formula is led by an apostrophe.
pub(crate) fn field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) || !guard.is_empty() {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The same page as a file.
pub(crate) fn as_file(href: Href) -> View {
    link_button(href, "As CSV", Look::Plain)
}

/// Before the first action.
pub(crate) fn nothing_yet() -> View {
    let empty = empty_state(EmptyState {
        title: "Nobody has done anything yet",
        sentence: "Connect a page or a program: numbers stand here from the first action on.",
        actions: vec![link_button("/engagement/live", "Connect", Look::Primary)],
    });
    card(Card::default(), empty)
}

/// `2026-11-30`.
pub(crate) fn day_text(day: Day) -> String {
    day.date().to_string()
}

/// How long ago a day was, in words.
pub(crate) fn days_ago(day: Day, today: Day) -> String {
    match today.0.saturating_sub(day.0) {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// What libraries add by themselves: said last.
const SURROUNDINGS: [&str; 7] = ["browser", "device", "host", "locale", "os", "screen", "title"];

/// The first few of what is known of an action: `path /pricing · utm_source hn`.
pub(crate) fn facts_of(props: &Map<String, Value>, most: usize) -> String {
    let mut told: Vec<(&String, &Value)> = props.iter().filter(|(_, value)| !value.is_object() && !value.is_array()).collect();
    told.sort_by_key(|(name, _)| SURROUNDINGS.contains(&name.as_str()));
    let shown = told.into_iter().take(most);
    let parts: Vec<String> = shown.map(|(name, value)| format!("{name} {}", kernel::text::shorten(&plain(value), 40))).collect();
    let rest = props.len().saturating_sub(parts.len());
    match (parts.is_empty(), rest) {
        (true, 0) => String::new(),
        (true, rest) => format!("{rest} properties"),
        (false, 0) => parts.join(" · "),
        (false, rest) => format!("{} · {rest} more", parts.join(" · ")),
    }
}

pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An action in a list: when, what, and whatever else the list says.
fn action_row(action: &Shown, now: kernel::Time, who: Option<View>, projects: &Projects) -> Row {
    let mut cells = vec![ago(action.at, now), view! { <b>{action.name.clone()}</b> }.into_any()];
    cells.extend(who);
    let facts = facts_of(&action.props, 4);
    cells.push(if facts.is_empty() { muted("–") } else { muted(&facts) });
    let from = if action.is_client { "client" } else { "server" };
    let from = if projects.0.len() > 1 { format!("{}, {from}", projects.name(action.project)) } else { from.to_owned() };
    cells.push(muted(&from));
    Row::new(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_known_of_an_action_is_told_shortly() {
        let told = |json: Value| facts_of(json.as_object().unwrap(), 2);
        assert_eq!(told(json!({})), "");
        assert_eq!(told(json!({"path": "/pricing"})), "path /pricing");
        assert_eq!(told(json!({"amount": 49.5, "currency": "USD", "plan": "pro"})), "amount 49.5 · currency USD · 1 more");
        assert_eq!(told(json!({"browser": "Firefox", "os": "Linux", "path": "/"})), "path / · browser Firefox · 1 more");
        assert_eq!(told(json!({"nested": {"a": 1}})), "1 properties");
    }

    #[test]
    fn numbers_are_grouped_and_fields_are_quoted() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        for (text, written) in [("plain", "plain"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("=cmd()", "\"'=cmd()\"")] {
            assert_eq!(field(text), written);
        }
        assert_eq!(percent(Share::new(0, 0)), "–");
    }

    #[test]
    fn days_are_told_from_today() {
        let told = |day| days_ago(Day(day), Day(100));
        assert_eq!((told(100), told(99), told(70), told(101)), ("today".into(), "yesterday".into(), "30 days ago".into(), "today".into()));
    }
}
