//! The events of one issue that are still kept.

use frontend::prelude::*;
use kernel::Time;

use super::issue;
use super::{IssuePlace, level_tone};
use crate::model::Level;

#[derive(Debug, Clone)]
pub struct EventLine {
    pub item: i64,
    pub at: Time,
    pub level: Level,
    pub title: String,
    /// Endpoint or address.
    pub place: String,
    pub user: String,
    pub release: String,
    pub environment: String,
}

/// As they stand in the address.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub environment: String,
    pub release: String,
    pub level: String,
    pub user: String,
}

pub struct Events {
    pub lines: Vec<EventLine>,
    pub asked: Asked,
    pub environments: Vec<String>,
    pub releases: Vec<String>,
    pub next: Option<i64>,
    pub is_older: bool,
}

impl Asked {
    fn href(&self, issue: i64) -> Href {
        let fields = [("environment", &self.environment), ("release", &self.release), ("level", &self.level), ("user", &self.user)];
        let own = Href::path(format!("/errors/{issue}/events"));
        fields.into_iter().filter(|(_, value)| !value.is_empty()).fold(own, |href, (name, value)| href.with(name, value))
    }

    fn is_empty(&self) -> bool {
        [&self.environment, &self.release, &self.level, &self.user].iter().all(|value| value.is_empty())
    }
}

pub fn page(shown: &issue::Shown, events: &Events) -> View {
    let id = shown.issue.id.0;
    let rows = events.lines.iter().map(|line| row(id, line, shown.now)).collect();
    let (title, sentence) = if events.asked.is_empty() {
        ("No event of it is kept any more", "Old events make room for new ones. Counts, tags and history stay.")
    } else {
        ("No such event is kept", "Take a filter away, or look at the counts: they include what is no longer kept.")
    };
    let listed = table(Table {
        caption: "Events",
        heads: &[
            Head::text("Event"),
            Head::text("Happened"),
            Head::text("Level"),
            Head::text("Release"),
            Head::text("Environment"),
            Head::text("User"),
        ],
        rows,
        empty: EmptyState { title, sentence, actions: vec![link_button(format!("/errors/{id}/events"), "All events", Look::Plain)] },
    });
    let own = events.asked.href(id);
    let pages = pager(&Pager {
        first: if events.is_older { own.clone() } else { Href::default() },
        next: events.next.map_or(Href::default(), |next| own.with("before", next)),
        note: "Only events that are still kept; counts include all.",
    });
    let listed = card(Card { is_flush: true, ..Card::default() }, listed);
    view! { {issue::head(shown, IssuePlace::Events)} {filters(id, events)} {listed} {pages} }.into_any()
}

fn row(issue: i64, line: &EventLine, now: Time) -> Row {
    let title = if line.title.is_empty() { format!("Event {}", line.item) } else { kernel::text::shorten(&line.title, 160) };
    let place = kernel::text::shorten(&line.place, 120);
    let text = |text: &str| if text.is_empty() { muted("–") } else { kernel::text::shorten(text, 60).into_any() };
    Row::new(vec![
        view! { {link(format!("/errors/{issue}/events/{}", line.item), &title)} <p class="muted">{place}</p> }.into_any(),
        ago(line.at, now),
        state_dot(level_tone(line.level), line.level.as_str()),
        text(&line.release),
        text(&line.environment),
        text(&line.user),
    ])
}

fn filters(issue: i64, events: &Events) -> View {
    let fields = Fields::new(&[]);
    let with_all = |values: &[String], all: &'static str| -> Vec<(String, String)> {
        std::iter::once((String::new(), all.to_owned())).chain(values.iter().map(|value| (value.clone(), value.clone()))).collect()
    };
    let environments = with_all(&events.environments, "All environments");
    let releases = with_all(&events.releases, "All releases");
    let mut levels = vec![(String::new(), "All levels".to_owned())];
    levels.extend(Level::ALL.iter().rev().map(|level| (level.as_str().to_owned(), level.as_str().to_owned())));
    let choices = |values: &[(String, String)], name: &'static str, label: &'static str, value: &str| {
        let choices: Vec<Choice<'_>> = values.iter().map(|(value, label)| Choice::new(value, label)).collect();
        fields.select(Select { name, label, value, choices: &choices, ..Select::default() })
    };
    let asked = &events.asked;
    let user = TextField {
        name: "user",
        label: "User",
        value: &asked.user,
        placeholder: "id, mail or network address",
        max: 200,
        ..TextField::default()
    };
    filter_form(
        format!("/errors/{issue}/events"),
        view! {
            {choices(&environments, "environment", "Environment", &asked.environment)}
            {choices(&releases, "release", "Release", &asked.release)}
            {choices(&levels, "level", "Level", &asked.level)}
            {fields.text(user)}
            {button("Show", Look::Plain, "", "")}
        },
    )
}
