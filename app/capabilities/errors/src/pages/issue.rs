//! One issue: what it is, whom it hits since when, what may be done about it, its latest event and its history.

mod acts;
mod history;
mod links;

use capability::Hit;
use frontend::prelude::*;
use kernel::Time;
use kernel::ids::{MemberId, ReleaseId};

use super::event::{self, Said};
use super::{IssuePlace, count, counted, issue_places, level_tone, priority_tone, state_words};
use crate::model::{Act, Ignored, Issue, Link, Resolved, State};

pub use history::comment_html;

/// A key of tags with its most frequent values.
#[derive(Debug, Clone, Default)]
pub struct TagGroup {
    pub key: String,
    pub values: Vec<(String, u64)>,
    /// Of all values, shown or not.
    pub events: u64,
    /// Values that are not shown.
    pub hidden: usize,
}

pub struct Shown {
    pub issue: Issue,
    pub project: String,
    pub first_release: String,
    pub last_release: String,
    pub assignee: String,
    /// Where the resolution names one.
    pub resolved_release: String,
    /// Steps of an hour over the last 24, oldest first.
    pub hours: Vec<(Time, u64)>,
    /// Steps of a day over the last 30, oldest first.
    pub days: Vec<(Time, u64)>,
    pub tags: Vec<TagGroup>,
    pub acts: Vec<Act>,
    pub links: Vec<Link>,
    pub feedback: Vec<Said>,
    pub related: Vec<Hit>,
    /// The latest that is still kept.
    pub event: Option<event::Shown>,
    pub members: Vec<(MemberId, String)>,
    /// Of the project, the newest first.
    pub releases: Vec<(ReleaseId, String)>,
    pub me: Option<MemberId>,
    pub can_act: bool,
    pub now: Time,
}

/// What every page of an issue begins with.
pub fn head(shown: &Shown, here: IssuePlace) -> View {
    let issue = &shown.issue;
    let (tone, word) = state_words(&issue.state, issue.regressed_at, issue.level);
    let title = kernel::text::shorten(&issue.title(), 200);
    let about =
        [shown.project.as_str(), issue.culprit.as_str()].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" · ");
    let head = page_head(PageHead {
        title: &title,
        lead: &kernel::text::shorten(&about, 240),
        trail: vec![("Errors", "/errors".into())],
        badge: Some(state_badge(tone, &word)),
        actions: Vec::new(),
    });
    let numbers = format!("{} · {} · last seen ", counted(issue.events, "event", "events"), counted(issue.users, "user", "users"));
    view! {
        {head}
        <p class="issue-numbers">{numbers} {ago(issue.last_seen_at, shown.now)} " · first " {ago(issue.first_seen_at, shown.now)}</p>
        {issue_places(issue.id.0, here)}
    }
    .into_any()
}

pub fn show(shown: &Shown) -> View {
    let (wide, narrow) = shown.event.as_ref().map(event::parts).unwrap_or_default();
    let bar = match &shown.event {
        Some(event) => view! { <div id="event"><h2>"Latest event"</h2> {event::bar(event)}</div> }.into_any(),
        None => no_event(),
    };
    let wide = view! {
        {live("issue-charts", charts(shown))} {bar} {wide} {event::feedback(&shown.feedback)} {history::view(shown)}
    };
    let facts = live("issue-facts", card(Card { title: "Facts", ..Card::default() }, facts(shown)));
    let narrow = view! { {facts} {event::related(&shown.related)} {links::card(shown)} {tag_card(shown)} {narrow} };
    let notice = live("issue-state", view! { {state_notice(shown)} });
    view! { {head(shown, IssuePlace::Overview)} {acts::bar(shown)} {notice} {columns(wide, narrow)} }.into_any()
}

/// What the state means for the next event.
fn state_notice(shown: &Shown) -> Option<View> {
    let issue = &shown.issue;
    let text = match issue.state {
        State::Open if issue.spiking_since.is_some() => "It has far more events than it usually has.".to_owned(),
        State::Open if issue.regressed_at.is_some() => "It came back after it was resolved or ignored.".to_owned(),
        State::Open => return None,
        State::Resolved(Resolved::AtOnce) => "Any event that happens from now on opens it again.".to_owned(),
        State::Resolved(Resolved::NextRelease(_)) if shown.resolved_release.is_empty() => {
            "An event of the first release opens it again.".to_owned()
        }
        State::Resolved(Resolved::NextRelease(_)) => format!("An event of a release newer than {} opens it again.", shown.resolved_release),
        State::Resolved(Resolved::InRelease(_)) => format!("An event of {} or a newer release opens it again.", shown.resolved_release),
        State::Ignored(until) => ignored_words(until),
    };
    let tone = if issue.state.is_open() { Tone::Warn } else { Tone::Info };
    Some(notice(tone, &text))
}

fn ignored_words(until: Ignored) -> String {
    let mut ends = Vec::new();
    if let Some(at) = until.until {
        ends.push(format!("it happens after {}", at.rfc3339()));
    }
    if let Some(events) = until.events {
        ends.push(format!("it has {}", counted(events, "event", "events")));
    }
    if let Some(users) = until.users {
        ends.push(format!("it has hit {}", counted(users, "user", "users")));
    }
    if ends.is_empty() {
        "It stays ignored, whatever happens; everything is still counted.".to_owned()
    } else {
        format!("It is ignored until {}.", ends.join(" or "))
    }
}

fn facts(shown: &Shown) -> View {
    let issue = &shown.issue;
    let seen = |at: Time, release: &str| {
        let release = (!release.is_empty()).then(|| view! { <br/> {code(release)} });
        view! { {ago(at, shown.now)} " " <span class="muted">{moment(at)}</span> {release} }.into_any()
    };
    let mut pairs = vec![
        ("Events", paragraph(&count(issue.events))),
        ("Users", paragraph(&count(issue.users))),
        ("Last seen", seen(issue.last_seen_at, &shown.last_release)),
        ("First seen", seen(issue.first_seen_at, &shown.first_release)),
        ("Level", state_dot(level_tone(issue.level), issue.level.as_str())),
        ("Priority", state_dot(priority_tone(issue.priority), issue.priority.as_str())),
        ("Handled", muted(if issue.has_unhandled { "no: it ended what the program was doing" } else { "yes, or unknown" })),
        ("Assigned to", if shown.assignee.is_empty() { muted("nobody") } else { paragraph(&shown.assignee) }),
    ];
    if !issue.platform.is_empty() {
        pairs.push(("Platform", code(&issue.platform)));
    }
    pairs.push(("Number", code(&issue.id.to_string())));
    key_values(pairs)
}

fn charts(shown: &Shown) -> View {
    let hours = strip("Last 24 hours", "hour", &shown.hours, MomentStyle::Full);
    let days = strip("Last 30 days", "day", &shown.days, MomentStyle::Date);
    card(Card::default(), view! { <div class="issue-strips">{hours} {days}</div> })
}

/// A bar per step, with its ends and its height in words.
fn strip(title: &str, step: &str, points: &[(Time, u64)], style: MomentStyle) -> View {
    let values: Vec<u64> = points.iter().map(|(_, events)| *events).collect();
    let (all, most) = (values.iter().sum::<u64>(), values.iter().copied().max().unwrap_or(0));
    let words = format!("{}, at most {} in a {step}", counted(all, "event", "events"), count(most));
    let end = |point: Option<&(Time, u64)>| point.map(|(at, _)| moment_as(*at, style));
    let (title, drawing) = (title.to_owned(), super::spark::bars(&values, &words));
    view! {
        <figure class="issue-strip">
            <figcaption><b>{title}</b> " " <span class="muted">{words}</span></figcaption>
            {drawing}
            <p class="muted">{end(points.first())} {end(points.last())}</p>
        </figure>
    }
    .into_any()
}

fn tag_card(shown: &Shown) -> Option<View> {
    if shown.tags.is_empty() {
        return None;
    }
    let groups: Vec<View> = shown.tags.iter().map(super::tags::distribution).collect();
    let all = vec![link_button(format!("/errors/{}/tags", shown.issue.id), "All", Look::Quiet)];
    Some(card(Card { title: "Tags", actions: all, ..Card::default() }, view! { {groups} }))
}

fn no_event() -> View {
    let empty = EmptyState {
        title: "No event of it is kept any more",
        sentence: "Old events make room for new ones. Counts, tags and history stay.",
        actions: Vec::new(),
    };
    card(Card { title: "Latest event", ..Card::default() }, empty_state(empty))
}
