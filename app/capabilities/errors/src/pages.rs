//! What errors looks like: plain data in, HTML out.

pub mod event;
pub mod events;
pub mod feedback;
pub mod grouping;
pub mod issue;
pub mod list;
pub mod rules;
pub mod spark;
pub mod tags;

use frontend::Tone;
use frontend::prelude::*;
use kernel::Time;

use crate::model::{Level, Priority, State};

/// The pages beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Issues,
    Feedback,
    Rules,
}

pub fn places(here: Place) -> View {
    let tab = |label, href: &str, place| Tab { label, href: href.into(), is_current: place == here, count: None };
    tabs(
        "Errors",
        &[
            tab("Issues", "/errors", Place::Issues),
            tab("Feedback", "/errors/feedback", Place::Feedback),
            tab("Grouping rules", "/errors/rules", Place::Rules),
        ],
    )
}

/// The pages of one issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuePlace {
    Overview,
    Events,
    Tags,
    Grouping,
}

pub fn issue_places(id: i64, here: IssuePlace) -> View {
    let tab = |label, end: &str, place| Tab { label, href: format!("/errors/{id}{end}").into(), is_current: place == here, count: None };
    tabs(
        "Issue",
        &[
            tab("Overview", "", IssuePlace::Overview),
            tab("Events", "/events", IssuePlace::Events),
            tab("Tags and releases", "/tags", IssuePlace::Tags),
            tab("Grouping", "/grouping", IssuePlace::Grouping),
        ],
    )
}

/// The state in a word and a tone; what came back after it was resolved or ignored is told from what is merely open.
pub fn state_words(state: &State, regressed_at: Option<Time>, level: Level) -> (Tone, String) {
    match state {
        State::Open if regressed_at.is_some() => (Tone::Bad, "Back".to_owned()),
        State::Open => (level_tone(level), "Open".to_owned()),
        State::Ignored(_) => (Tone::Neutral, "Ignored".to_owned()),
        State::Resolved(_) => (Tone::Good, "Resolved".to_owned()),
    }
}

pub fn level_tone(level: Level) -> Tone {
    match level {
        Level::Fatal | Level::Error => Tone::Bad,
        Level::Warning => Tone::Warn,
        Level::Info => Tone::Info,
        Level::Debug => Tone::Neutral,
    }
}

pub fn priority_tone(priority: Priority) -> Tone {
    match priority {
        Priority::High => Tone::Bad,
        Priority::Medium => Tone::Warn,
        Priority::Low => Tone::Neutral,
    }
}

/// `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 event`, `2,000 events`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// What unfolds below a button: a form that needs a choice before it acts.
pub fn unfolding(label: &str, look: Look, body: View) -> View {
    let class = match look {
        Look::Primary => "button primary",
        Look::Plain => "button plain",
        Look::Quiet => "button quiet",
        Look::Danger => "button danger",
    };
    let label = label.to_owned();
    view! { <details class="confirm"><summary class=class>{label}</summary><div class="confirm-body">{body}</div></details> }.into_any()
}
