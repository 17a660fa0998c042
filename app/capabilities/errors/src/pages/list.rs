//! The list of issues: what it is asked for, what it shows, what may be done with several at once.

pub(super) mod bulk;

use frontend::prelude::*;
use kernel::Time;
use kernel::ids::{MemberId, ProjectId};

use super::{Place, count, counted, level_tone, places, spark, state_words};
use crate::model::{Level, Priority, State};
use crate::search::asked::{Asked, Range, Sort, StateTab};

/// The list's own address with everything that was asked for.
pub fn href(asked: &Asked) -> Href {
    let mut href = Href::path("/errors");
    if asked.tab != StateTab::Open {
        href = href.with("state", asked.tab.as_str());
    }
    if asked.sort != Sort::LastSeen {
        href = href.with("sort", asked.sort.as_str());
    }
    if asked.range != Range::Day {
        href = href.with("range", asked.range.as_str());
    }
    if let Some(project) = asked.project {
        href = href.with("project", project);
    }
    if asked.text.is_empty() { href } else { href.with("q", &asked.text) }
}

/// One issue of the list.
#[derive(Debug, Clone)]
pub struct Line {
    pub id: i64,
    pub kind: String,
    pub value: String,
    pub culprit: String,
    pub project: String,
    pub level: Level,
    pub state: State,
    pub regressed_at: Option<Time>,
    pub is_spiking: bool,
    pub has_unhandled: bool,
    pub first_seen_at: Time,
    pub last_seen_at: Time,
    pub events: u64,
    pub users: u64,
    pub priority: Priority,
    pub assignee: String,
    /// Oldest first.
    pub spark: Vec<u64>,
}

pub struct List {
    pub asked: Asked,
    pub lines: Vec<Line>,
    pub counts: Vec<(StateTab, u64)>,
    /// What of the search was not understood.
    pub problems: Vec<String>,
    pub projects: Vec<(ProjectId, String)>,
    pub members: Vec<(MemberId, String)>,
    /// Key of the next page; empty: this is the last one.
    pub next: String,
    pub is_older: bool,
    pub can_act: bool,
    /// Whether any issue was ever opened.
    pub has_any: bool,
    pub now: Time,
}

pub fn list(list: &List) -> View {
    let head = page_head(PageHead {
        title: "Errors",
        lead: "What went wrong in your programs, the same problem in one line.",
        ..PageHead::default()
    });
    let body = live("errors-list", view! { {state_tabs(list)} {filters(list)} {problems(list)} {rows(list)} {pages(list)} });
    view! { {head} {places(Place::Issues)} {body} }.into_any()
}

fn state_tabs(list: &List) -> View {
    let tab = |(tab, count): &(StateTab, u64)| Tab {
        label: tab.label(),
        href: href(&Asked { tab: *tab, ..list.asked.clone() }),
        is_current: list.asked.tab == *tab,
        count: Some(*count),
    };
    tabs("States of issues", &list.counts.iter().map(tab).collect::<Vec<_>>())
}

fn filters(list: &List) -> View {
    let fields = Fields::new(&[]);
    let ids: Vec<String> = list.projects.iter().map(|(id, _)| id.to_string()).collect();
    let mut projects = vec![Choice::new("", "All projects")];
    projects.extend(list.projects.iter().zip(&ids).map(|((_, name), id)| Choice::new(id, name)));
    let sorts = Sort::ALL.map(|sort| Choice::new(sort.as_str(), sort.label()));
    let ranges = [Range::Day, Range::Fortnight].map(|range| Choice::new(range.as_str(), range.words()));
    let asked = &list.asked;
    let project = asked.project.map(|id| id.to_string()).unwrap_or_default();
    let search = TextField {
        name: "q",
        label: "Find",
        value: &asked.text,
        kind: TextKind::Search,
        placeholder: "level:error user:ada !timeout",
        max: 1_000,
        ..TextField::default()
    };
    let form = filter_form(
        "/errors",
        view! {
            {hidden("state", asked.tab.as_str())}
            {fields.text(search)}
            {(list.projects.len() > 1).then(|| fields.select(Select { name: "project", label: "Project", value: &project, choices: &projects, ..Select::default() }))}
            {fields.select(Select { name: "sort", label: "Sort by", value: asked.sort.as_str(), choices: &sorts, ..Select::default() })}
            {fields.select(Select { name: "range", label: "Drawn", value: asked.range.as_str(), choices: &ranges, ..Select::default() })}
            {button("Find", Look::Plain, "", "")}
        },
    );
    view! { <div class="errors-filters">{form} {help()}</div> }.into_any()
}

const HELP: [(&str, &str); 11] = [
    ("timeout \"card declined\"", "words of the type, the message or a function of the stack; all must be there"),
    ("!timeout", "an exclamation mark turns any condition around"),
    ("is:regressed", "open, new, regressed, ignored, resolved, assigned, unassigned, unhandled"),
    ("level:error", "fatal, error, warning, info, debug"),
    ("priority:high", "high, medium, low"),
    ("release:shop@1.2.*", "seen in this release; a star stands for anything"),
    ("user:ada@example.com", "hit this user: id, mail address, name or network address"),
    ("environment:production", "also url: and transaction:"),
    ("tag:browser.name=Firefox", "any tag; browser.name:Firefox is the same"),
    ("has:customer", "has this tag at all"),
    ("assigned:me", "me, none, or a name"),
];

fn help() -> View {
    let pairs =
        HELP.iter().map(|(example, words)| view! { <div><dt>{code(example)}</dt><dd>{*words}</dd></div> }.into_any()).collect::<Vec<_>>();
    disclosure("What can be searched for", false, view! { <dl class="key-values search-help">{pairs}</dl> })
}

fn problems(list: &List) -> View {
    if list.problems.is_empty() {
        return ().into_any();
    }
    let lines: Vec<View> = list.problems.iter().map(|problem| view! { <li>{problem.clone()}</li> }.into_any()).collect();
    notice_about(Tone::Warn, "A part of this search was not understood and left out.", view! { <ul>{lines}</ul> })
}

fn rows(list: &List) -> View {
    let drawn = format!("Events in {}", list.asked.range.words());
    let listed = table(Table {
        caption: "Issues",
        heads: &[
            Head::text("Issue"),
            Head::text(&drawn),
            Head::number("Events"),
            Head::number("Users"),
            Head::text("Last seen"),
            Head::text("Priority"),
            Head::text("Assigned to"),
        ],
        rows: list.lines.iter().map(|line| row(list, line)).collect(),
        empty: empty(list),
    });
    let listed = card(Card { is_flush: true, ..Card::default() }, listed);
    if list.can_act && !list.lines.is_empty() { bulk::form(list, listed) } else { listed }
}

fn empty(list: &List) -> EmptyState<'static> {
    let (title, sentence) = if !list.has_any {
        let sentence = "Put a project's DSN into any Sentry SDK: the first error opens the first issue, seconds later.";
        let actions = vec![link_button("/projects", "See the projects and their DSNs", Look::Primary)];
        return EmptyState { title: "Nothing has been reported yet", sentence, actions };
    } else if list.asked.text.is_empty() {
        match list.asked.tab {
            StateTab::Open => ("Nothing is open", "Every known problem is resolved or ignored."),
            StateTab::Fresh => ("Nothing is new", "No issue was opened within a day, and none has come back."),
            _ => ("No issues here", "Issues come here when somebody puts them into this state."),
        }
    } else {
        ("Nothing found", "Use fewer words, or look among all issues.")
    };
    let all = Asked { tab: StateTab::All, ..list.asked.clone() };
    EmptyState { title, sentence, actions: vec![link_button(href(&all), "Look among all issues", Look::Plain)] }
}

fn row(list: &List, line: &Line) -> Row {
    let total: u64 = line.spark.iter().sum();
    let drawn = format!("{} in {}", counted(total, "event", "events"), list.asked.range.words());
    let (tone, _) = state_words(&line.state, line.regressed_at, line.level);
    Row {
        tone: if line.state.is_open() { tone } else { Tone::Neutral },
        cells: vec![
            name(list, line),
            spark::bars(&line.spark, &drawn),
            count(line.events).into_any(),
            count(line.users).into_any(),
            view! { <span class="seen">{ago(line.last_seen_at, list.now)} <br/> <span class="muted">"first " {ago(line.first_seen_at, list.now)}</span></span> }.into_any(),
            priority(line.priority),
            if line.assignee.is_empty() { muted("nobody") } else { line.assignee.clone().into_any() },
        ],
    }
}

/// Only what is urgent stands out; fifty signs would tell nothing, and weigh.
fn priority(priority: Priority) -> View {
    if priority == Priority::High { view! { <b class="urgent">"high"</b> }.into_any() } else { muted(priority.as_str()) }
}

/// What it is called, and in a second line where it happens.
fn name(list: &List, line: &Line) -> View {
    let title = if line.kind.is_empty() { crate::model::title("", &line.value) } else { line.kind.clone() };
    let title = kernel::text::shorten(&title, 100);
    let value = if line.kind.is_empty() { String::new() } else { kernel::text::shorten(&crate::model::title("", &line.value), 100) };
    let value = if value == "<no message>" { String::new() } else { value };
    let mut about = vec![line.project.clone()];
    about.extend((!line.culprit.is_empty()).then(|| kernel::text::shorten(&line.culprit, 80)));
    let about = about.join(" · ");
    let pick = list.can_act.then(|| {
        let (id, label) = (line.id.to_string(), format!("Pick issue {}", line.id));
        view! { <input type="checkbox" name="issue" value=id aria-label=label/> }
    });
    let (tone, word) = state_words(&line.state, line.regressed_at, line.level);
    let is_new = line.state.is_open() && line.regressed_at.is_none() && list.now.since(line.first_seen_at) < kernel::time::DAY;
    let marks: Vec<View> = [
        (line.regressed_at.is_some() || !line.state.is_open()).then(|| state_dot(tone, &word)),
        is_new.then(|| tag("new")),
        line.is_spiking.then(|| state_dot(Tone::Bad, "spiking")),
        line.has_unhandled.then(|| tag("unhandled")),
        (line.level != Level::Error).then(|| state_dot(level_tone(line.level), line.level.as_str())),
    ]
    .into_iter()
    .flatten()
    .collect();
    view! {
        <div class="issue-name">
            {pick}
            <div>
                {link(format!("/errors/{}", line.id), &title)} " " {marks}
                <p class="issue-value">{value}</p>
                <p class="muted">{about}</p>
            </div>
        </div>
    }
    .into_any()
}

fn pages(list: &List) -> View {
    let own = href(&list.asked);
    pager(&Pager {
        first: if list.is_older { own.clone() } else { Href::default() },
        next: if list.next.is_empty() { Href::default() } else { own.with("after", &list.next) },
        note: "",
    })
}
