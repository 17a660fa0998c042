//! The list of replays: what it is asked for, what each was like.

use frontend::prelude::*;
use kernel::Time;
use kernel::ids::ProjectId;

use super::{Projects, activity, asking, busy, clock, path_of, signal_badges};
use crate::model::{Mode, Replay, Search};

pub struct List {
    pub search: Search,
    /// Chosen beside the search; narrows it as well.
    pub project: Option<ProjectId>,
    pub replays: Vec<Replay>,
    pub projects: Projects,
    /// Key of the next page; empty: this is the last one.
    pub next: String,
    pub is_older: bool,
    /// Whether any replay was ever recorded (and is still kept).
    pub has_any: bool,
    /// What a program has to say to be recorded; for the first visit.
    pub snippet: String,
    pub now: Time,
}

impl List {
    fn here(&self) -> Href {
        self.asking(&self.search.text)
    }

    /// Asked for something else, of the same project.
    fn asking(&self, text: &str) -> Href {
        let href = asking(text);
        match self.project {
            Some(project) => href.with("project", project),
            None => href,
        }
    }
}

pub fn show(list: &List) -> View {
    let head = page_head(PageHead {
        title: "Replay",
        lead: "What visitors saw and did, as their browsers recorded it. Text and fields are masked by the SDK unless you say otherwise.",
        actions: vec![link_button("/replay/doctor", "Replay doctor", Look::Plain)],
        ..PageHead::default()
    });
    if !list.has_any {
        return stack(vec![head, first_visit(list)]);
    }
    let mut parts = vec![head, filters(list)];
    parts.extend(list.search.problems.iter().map(|problem| notice(Tone::Warn, problem)));
    let rows = view! { {rows(list)} {pages(list)} };
    // Whoever reads an older page is not to lose the line under the eye.
    parts.push(if list.is_older { rows.into_any() } else { live("replays", rows) });
    stack(parts)
}

fn first_visit(list: &List) -> View {
    let empty = empty_state(EmptyState {
        title: "No replay has been recorded yet",
        sentence: "Add the integration below to your Sentry SDK in the browser. The first replay stands here seconds after a visitor opens a page.",
        actions: vec![
            link_button("/replay/doctor", "See why nothing comes", Look::Primary),
            link_button("/projects", "Projects", Look::Plain),
        ],
    });
    let snippet = card(
        Card {
            title: "For an app that never reloads its page",
            lead: "The replay doctor has the values for a site of many pages, and what your Content-Security-Policy must allow.",
            ..Card::default()
        },
        code_block(&list.snippet),
    );
    stack(vec![card(Card::default(), empty), snippet])
}

fn filters(list: &List) -> View {
    let fields = Fields::new(&[]);
    let ids: Vec<String> = list.projects.0.iter().map(|(id, _, _)| id.to_string()).collect();
    let mut projects = vec![Choice::new("", "All projects")];
    projects.extend(list.projects.0.iter().zip(&ids).map(|((_, _, name), id)| Choice::new(id, name)));
    let project = list.project.map(|id| id.to_string()).unwrap_or_default();
    let search = fields.text(TextField {
        name: "q",
        label: "Find",
        value: &list.search.text,
        kind: TextKind::Search,
        placeholder: "user:ada url:/checkout errors:>0",
        max: 500,
        ..TextField::default()
    });
    let select = (list.projects.0.len() > 1)
        .then(|| fields.select(Select { name: "project", label: "Project", value: &project, choices: &projects, ..Select::default() }));
    let form = filter_form("/replay", view! { {search}{select}{button("Find", Look::Plain, "", "")} });
    let quick = [
        ("has:errors", "With errors"),
        ("rage:>0", "Rage clicks"),
        ("dead:>0", "Dead clicks"),
        ("abandoned:>0", "Forms left"),
        ("is:pinned", "Pinned"),
        ("since:24h", "Last 24 hours"),
    ];
    let quick: Vec<View> = quick.into_iter().map(|(text, label)| link(list.asking(text), label)).collect();
    view! {
        <div class="replay-search">
            {form}
            <p class="replay-quick"><span class="muted">"Often wanted:"</span>{quick}</p>
            {disclosure("What can be searched for", false, help())}
        </div>
    }
    .into_any()
}

const HELP: [(&str, &str); 13] = [
    ("ada@example.com", "words of the person or of an address that was visited"),
    ("user:ada", "the person's id as a whole, or a part of mail address or name"),
    ("url:/checkout", "a part of an address that was visited"),
    ("error:4f2c…", "during which this error (its event id) happened"),
    ("trace:0af7…", "a trace id"),
    ("release:shop@1.2", "a part of the release; also environment: browser: os:"),
    ("project:shop", "name, slug or number of the project"),
    ("since:24h", "that began within 24 hours; also 30m, 7d, since:2026-11-30 and until:2026-11-30T14:00, in UTC"),
    ("duration:>60", "seconds; also >= < <= ="),
    ("errors:>0", "how many errors; also segments:"),
    ("rage:>0 dead:>0", "trouble we saw: rage, dead, slow, abandoned, uturns"),
    ("is:pinned", "pinned, or buffered (kept because an error happened)"),
    ("has:user", "has a user, url, error, trace, release, environment, browser, os, rage or dead click"),
];

fn help() -> View {
    let rows = HELP.iter().map(|(ask, means)| Row::new(vec![code(ask), muted(means)])).collect();
    let heads = [Head::text("Ask"), Head::text("Finds replays with")];
    table(Table { caption: "What can be searched for", heads: &heads, rows, empty: EmptyState::default() })
}

fn rows(list: &List) -> View {
    let rows = list.replays.iter().map(|replay| row(list, replay)).collect();
    let (title, sentence) = if list.is_older {
        ("No older replay fits", "You have seen all of them.")
    } else {
        ("No replay fits", "Try fewer words, or look at all of them.")
    };
    let listed = table(Table {
        caption: "Replays",
        heads: &[
            Head::text("Visitor"),
            Head::text("Recorded"),
            Head::number("Length"),
            Head::text("Activity"),
            Head::text("Trouble"),
            Head::number("Errors"),
            Head::text("With"),
        ],
        rows,
        empty: EmptyState { title, sentence, actions: vec![link_button("/replay", "All replays", Look::Plain)] },
    });
    card(Card { is_flush: true, ..Card::default() }, listed)
}

fn row(list: &List, replay: &Replay) -> Row {
    let errors = replay.errors.len();
    let trouble = signal_badges(&replay.signals);
    let trouble = if trouble.is_empty() { muted("–") } else { view! { <span class="replay-badges">{trouble}</span> }.into_any() };
    let with: Vec<&str> = [&replay.browser, &replay.os].into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    Row::new(vec![
        visitor(list, replay),
        ago(replay.started_at, list.now),
        view! { <span class="number">{clock(replay.duration())}</span> }.into_any(),
        activity(&replay.activity, &busy(replay)),
        trouble,
        if errors == 0 { muted("0") } else { state_dot(Tone::Bad, &errors.to_string()) },
        if with.is_empty() { muted("–") } else { muted(&with.join(", ")) },
    ])
}

fn visitor(list: &List, replay: &Replay) -> View {
    let page = replay.urls.first().map(|url| path_of(url)).unwrap_or_default();
    let pages = match replay.urls.len() {
        0 | 1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    let kind = (replay.mode == Mode::Buffer).then(|| tag("on error"));
    let pinned = replay.pinned.is_some().then(|| tag("pinned"));
    let project = (list.projects.0.len() > 1).then(|| tag(&list.projects.name(replay.project)));
    let label = kernel::text::shorten(replay.person.label(), 60);
    view! {
        <span class="replay-visitor">{link(format!("/replay/{}", replay.id), &label)} " " {project} {kind} {pinned}</span>
        <p class="muted replay-pages">{page}{pages}</p>
    }
    .into_any()
}

fn pages(list: &List) -> View {
    let shown = list.replays.len();
    pager(&Pager {
        first: if list.is_older { list.here() } else { Href::default() },
        next: if list.next.is_empty() { Href::default() } else { list.here().with("before", &list.next) },
        // None at all is told above.
        note: &match shown {
            0 => String::new(),
            1 => "1 replay shown".to_owned(),
            _ => format!("{shown} replays shown, the newest first"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_often_wanted_is_wanted_of_the_project_that_was_chosen() {
        let list = List {
            search: Search::default(),
            project: Some(ProjectId(3)),
            replays: Vec::new(),
            projects: Projects::default(),
            next: String::new(),
            is_older: false,
            has_any: true,
            snippet: String::new(),
            now: Time(0),
        };
        let html = render(|| show(&list));
        let (_, quick) = html.split_once("replay-quick").unwrap();
        let (quick, _) = quick.split_once("</p>").unwrap();
        assert_eq!((quick.matches("href").count(), quick.matches("project=3").count()), (6, 6), "{quick}");
    }
}
