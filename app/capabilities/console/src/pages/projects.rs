//! Projects: the list, one project with its keys, how to connect a program, settings, and what became of everything.

pub(crate) mod connect;
pub(crate) mod list;
pub(crate) mod one;
pub(crate) mod outcomes;
pub(crate) mod settings;

use frontend::prelude::*;
use identity::projects::Project;
use ingest::store::LastKept;
use kernel::Time;

pub(crate) const PATH: &str = "/projects";

/// `1 234 567`: thin spaces, so that it stays one number in any language.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn last_seen(last: Option<LastKept>, now: Time) -> View {
    match last {
        None => muted("nothing yet"),
        Some(LastKept::At(at)) => ago(at, now),
        Some(LastKept::InHour(hour)) => view! { <span>"in the hour from "{moment(hour)}</span> }.into_any(),
    }
}

/// The places of one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Connect,
    Outcomes,
    Settings,
}

pub(crate) fn path(project: &Project, rest: &str) -> Href {
    Href::path(format!("{PATH}/{}{rest}", project.id))
}

/// Settings stand there for those who may change them.
pub(crate) fn places(project: &Project, current: Place, may_edit: bool) -> View {
    let tab = |place: Place, label, rest| Tab { label, href: path(project, rest), is_current: current == place, count: None };
    let mut all = vec![
        tab(Place::Overview, "Overview", ""),
        tab(Place::Connect, "Connect", "/connect"),
        tab(Place::Outcomes, "What became of it", "/outcomes"),
    ];
    if may_edit {
        all.push(tab(Place::Settings, "Settings", "/settings"));
    }
    tabs("Parts of the project", &all)
}

/// The head that all pages of a project have.
pub(crate) fn head(project: &Project, has_kept: bool) -> View {
    let badge = if has_kept { state_badge(Tone::Good, "receiving") } else { state_badge(Tone::Info, "waiting") };
    page_head(PageHead { title: &project.name, trail: vec![("Projects", PATH.into())], badge: Some(badge), ..PageHead::default() })
}
