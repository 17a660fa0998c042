//! The list of projects, and the form of a new one.

use frontend::prelude::*;
use identity::projects::Project;
use ingest::store::{LastKept, Outcome};
use kernel::Time;
use kernel::error::FieldError;

use super::{PATH, count, last_seen};
use crate::model::outcomes::{Totals, explain};
use crate::model::sdks::Sdk;

/// One project with what is counted of it.
pub(crate) struct ProjectRow {
    pub project: Project,
    pub keys: usize,
    /// In the last 24 hours.
    pub totals: Totals,
    /// Why most was dropped in that time.
    pub top_reason: Option<String>,
    pub last: Option<LastKept>,
}

pub(crate) struct List {
    pub rows: Vec<ProjectRow>,
    pub may_edit: bool,
    pub now: Time,
}

pub(crate) fn list(list: &List) -> View {
    let add = || link_button("/projects/new", "New project", Look::Primary);
    let mut actions = vec![link_button("/projects/outcomes", "What became of everything", Look::Plain)];
    if list.may_edit {
        actions.push(add());
    }
    let head = PageHead {
        title: "Projects",
        lead: "The programs that report errors, traces, logs and sessions here. Each has its own address to report to: its DSN.",
        actions,
        ..PageHead::default()
    };
    let heads = [
        Head::text("Project"),
        Head::text("SDK"),
        Head::number("Keys"),
        Head::number("Accepted in 24 h"),
        Head::number("Dropped in 24 h"),
        Head::text("Last item"),
    ];
    let empty = EmptyState {
        title: "No program reports here yet",
        sentence: "Make a project, put its DSN into any Sentry SDK, and its errors, traces and logs appear.",
        actions: if list.may_edit { vec![add()] } else { Vec::new() },
    };
    let rows = list.rows.iter().map(|one| row(one, list.now)).collect();
    let listed = table(Table { caption: "Projects", heads: &heads, rows, empty });
    stack(vec![page_head(head), live("projects", card(Card { is_flush: true, ..Card::default() }, listed))])
}

fn row(one: &ProjectRow, now: Time) -> Row {
    let project = &one.project;
    let name = view! { {link(format!("{PATH}/{}", project.id), &project.name)} <br/> <span class="muted">{project.slug.clone()}</span> };
    let dropped = if one.totals.dropped == 0 {
        muted("0")
    } else {
        let reason = one.top_reason.as_deref().map(|reason| explain(Outcome::Dropped, reason).title).unwrap_or_default();
        let number = link(format!("{PATH}/{}/outcomes", project.id), &count(one.totals.dropped));
        view! { <span>{number}<br/><span class="muted">{reason}</span></span> }.into_any()
    };
    let sdk = if project.platform.is_empty() { "–" } else { Sdk::of(&project.platform).label() };
    Row::new(vec![
        name.into_any(),
        paragraph(sdk),
        paragraph(&one.keys.to_string()),
        paragraph(&count(one.totals.accepted)),
        dropped,
        last_seen(one.last, now),
    ])
}

pub(crate) struct New<'a> {
    pub name: &'a str,
    pub platform: &'a str,
    pub errors: &'a [FieldError],
}

pub(crate) fn new(page: &New<'_>) -> View {
    let fields = Fields::new(page.errors);
    let name = TextField {
        name: "name",
        label: "Name",
        value: page.name,
        help: "One project for each program: “Shop”, “API”, “Worker”.",
        required: true,
        max: 60,
        has_focus: true,
        ..TextField::default()
    };
    let body = vec![
        fields.summary(),
        fields.text(name),
        fields.select(platform(page.platform)),
        submit_row(&SubmitRow { label: "Make the project", look: Look::Primary, cancel: PATH.into() }),
    ];
    let head = PageHead {
        title: "New project",
        lead: "You get its DSN and what to do with it on the next page.",
        trail: vec![("Projects", PATH.into())],
        ..PageHead::default()
    };
    stack(vec![page_head(head), card(Card::default(), form(Form { action: PATH.into(), ..Form::default() }, body))])
}

/// The field that chooses whose snippets are shown.
pub(crate) fn platform(value: &str) -> Select<'_> {
    const CHOICES: [Choice<'static>; 9] = [
        Choice { value: "", label: "Choose…", help: "" },
        Choice { value: "javascript", label: "Browser", help: "" },
        Choice { value: "node", label: "Node.js", help: "" },
        Choice { value: "python", label: "Python", help: "" },
        Choice { value: "rust", label: "Rust", help: "" },
        Choice { value: "go", label: "Go", help: "" },
        Choice { value: "php", label: "PHP", help: "" },
        Choice { value: "ruby", label: "Ruby", help: "" },
        Choice { value: "other", label: "Any other", help: "" },
    ];
    Select {
        name: "platform",
        label: "What it is written in",
        value,
        help: "Decides only which set-up is shown. Every Sentry SDK works.",
        choices: &CHOICES,
        required: false,
    }
}
