//! What users said, with or without an error.

use frontend::prelude::*;
use kernel::ids::ProjectId;

use super::event::{Said, quote};
use super::{Place, places};

pub struct Line {
    pub id: i64,
    pub project: String,
    pub said: Said,
}

pub struct Listed {
    pub lines: Vec<Line>,
    pub projects: Vec<(ProjectId, String)>,
    pub project: Option<ProjectId>,
    pub next: Option<i64>,
    pub is_older: bool,
    pub can_act: bool,
}

pub fn list(listed: &Listed) -> View {
    let head = page_head(PageHead {
        title: "Feedback",
        lead: "What users of your programs said when something went wrong, or at any time.",
        ..PageHead::default()
    });
    let entries: Vec<View> = listed.lines.iter().map(|line| entry(line, listed.can_act)).collect();
    let body = if entries.is_empty() {
        let empty = EmptyState {
            title: "Nobody has said anything yet",
            sentence: "Sentry's feedback widget, the crash-report dialog and captureFeedback() of any SDK arrive here.",
            actions: vec![link_button("/projects", "See the projects and their DSNs", Look::Plain)],
        };
        card(Card::default(), empty_state(empty))
    } else {
        stack(entries)
    };
    let own = listed.project.map_or(Href::path("/errors/feedback"), |project| Href::path("/errors/feedback").with("project", project));
    let pages = pager(&Pager {
        first: if listed.is_older { own.clone() } else { Href::default() },
        next: listed.next.map_or(Href::default(), |next| own.with("before", next)),
        note: "",
    });
    view! { {head} {places(Place::Feedback)} {filter(listed)} {live("errors-feedback", body)} {pages} }.into_any()
}

fn filter(listed: &Listed) -> Option<View> {
    if listed.projects.len() < 2 {
        return None;
    }
    let ids: Vec<String> = listed.projects.iter().map(|(id, _)| id.to_string()).collect();
    let mut choices = vec![Choice::new("", "All projects")];
    choices.extend(listed.projects.iter().zip(&ids).map(|((_, name), id)| Choice::new(id, name)));
    let project = listed.project.map(|id| id.to_string()).unwrap_or_default();
    let select =
        Fields::new(&[]).select(Select { name: "project", label: "Project", value: &project, choices: &choices, ..Select::default() });
    Some(filter_form("/errors/feedback", view! { {select} {button("Show", Look::Plain, "", "")} }))
}

fn entry(line: &Line, can_act: bool) -> View {
    let about = if line.said.href.is_empty() {
        muted(&format!("{} · about no error that is known", line.project))
    } else {
        view! { <span class="muted">{line.project.clone()}" · about "</span> {link(line.said.href.clone(), &line.said.title)} }.into_any()
    };
    let remove = can_act.then(|| {
        confirm_button(&ConfirmButton {
            label: "Delete",
            question: "What was said is gone for good.",
            confirm: "Delete it",
            action: format!("/errors/feedback/{}/remove", line.id).into(),
            look: Look::Quiet,
            ..ConfirmButton::default()
        })
    });
    card(Card::default(), view! { {quote(&line.said)} <div class="actions">{about} {remove}</div> })
}
