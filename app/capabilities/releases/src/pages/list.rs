//! The releases of a project.

use frontend::prelude::*;
use identity::projects::Project;
use ingest::releases::Release;
use kernel::Time;

use super::{counted, grouped, help, share, tone_of};
use crate::model::health::percent;
use crate::model::{Counts, Users};
use crate::store::artifacts::Held;
use crate::store::deploys::Deploy;

pub struct List {
    pub projects: Vec<Project>,
    pub project: Option<Project>,
    pub rows: Vec<Listed>,
    pub next: Option<i64>,
    pub is_older: bool,
    pub public_url: String,
    pub now: Time,
}

/// Counts and users are those of 24 hours.
pub struct Listed {
    pub release: Release,
    pub counts: Counts,
    pub users: Users,
    pub adoption: Option<f64>,
    pub held: Held,
    pub new_issues: u64,
    pub regressions: u64,
    pub deploy: Option<Deploy>,
}

pub fn page(list: &List) -> View {
    let actions = match &list.project {
        Some(project) => vec![link_button(format!("/releases/uploads/{}", project.id), "Uploads without a release", Look::Quiet)],
        None => Vec::new(),
    };
    let head = page_head(PageHead {
        title: "Releases",
        lead: "How healthy each version of a program is within the last 24 hours, what came with it, and whether its stacks can be read.",
        actions,
        ..PageHead::default()
    });
    let Some(project) = &list.project else { return view! { {head} {no_project()} }.into_any() };
    let tabs = (list.projects.len() > 1).then(|| project_tabs(list, project));
    let heads = [
        Head::text("Release"),
        Head::number("Adoption"),
        Head::number("Sessions"),
        Head::number("Crash-free"),
        Head::number("No unhandled errors"),
        Head::number("Crash-free users"),
        Head::number("New issues"),
        Head::text("Source maps"),
    ];
    let rows = table(Table {
        caption: "Releases",
        heads: &heads,
        rows: list.rows.iter().map(|row| row_of(row, list.now)).collect(),
        empty: empty(),
    });
    let pager = pager(&Pager {
        first: if list.is_older { Href::path("/releases").with("project", project.id) } else { Href::default() },
        next: list.next.map(|next| Href::path("/releases").with("project", project.id).with("before", next)).unwrap_or_default(),
        note: "",
    });
    let pager = (list.next.is_some() || list.is_older).then_some(pager);
    let help =
        (list.rows.is_empty() || list.rows.iter().all(|row| row.held.files == 0)).then(|| help::upload(&list.public_url, project, ""));
    view! { {head} {tabs} {live("releases", stack(vec![card(Card { is_flush: true, ..Card::default() }, rows), pager.into_any(), help.into_any()]))} }
        .into_any()
}

fn project_tabs(list: &List, current: &Project) -> View {
    let all: Vec<Tab<'_>> = list
        .projects
        .iter()
        .map(|project| Tab {
            label: &project.name,
            href: Href::path("/releases").with("project", project.id),
            is_current: project.id == current.id,
            count: None,
        })
        .collect();
    tabs("Projects", &all)
}

fn no_project() -> View {
    empty_state(EmptyState {
        title: "No project yet",
        sentence: "A release belongs to a project: make one, and put its DSN into your program.",
        actions: vec![link_button("/projects/new", "Make a project", Look::Primary)],
    })
}

fn empty() -> EmptyState<'static> {
    EmptyState {
        title: "No release yet",
        sentence: "Give `release` to the init of your SDK, such as “shop@1.4.2”. It appears here with the first event, span or session that names it.",
        actions: Vec::new(),
    }
}

fn row_of(row: &Listed, now: Time) -> Row {
    let adoption = bare(row.adoption.filter(|_| row.counts.sessions > 0));
    let back = (row.regressions > 0).then(|| muted(&format!("{} back", grouped(row.regressions))));
    let issues = grouped(row.new_issues);
    let maps = match row.held.files {
        0 => muted("none"),
        files => paragraph(&counted(files, "file")),
    };
    Row {
        cells: vec![
            name_of(row, now),
            adoption,
            paragraph(&grouped(row.counts.sessions)),
            bare(row.counts.crash_free()),
            bare(row.counts.unhandled_free()),
            share(row.users.crash_free(), row.users.all, "user"),
            view! { <span>{issues}" "{back}</span> }.into_any(),
            maps,
        ],
        tone: match tone_of(row.counts.unhandled_free(), row.counts.sessions) {
            Tone::Good => Tone::Neutral,
            tone => tone,
        },
    }
}

/// What it rests on stands in the column of sessions.
fn bare(share: Option<f64>) -> View {
    share.map_or_else(|| muted("–"), |share| paragraph(&percent(share)))
}

fn name_of(row: &Listed, now: Time) -> View {
    let name = link(format!("/releases/{}", row.release.id), &row.release.version);
    let created = ago(row.release.created_at, now);
    let deployed = row.deploy.as_ref().map(|deploy| {
        let at = ago(deploy.finished_at, now);
        let place = format!(" · {} ", deploy.environment);
        view! { {place} {at} }
    });
    view! { {name} <p class="muted">"first seen " {created} {deployed}</p> }.into_any()
}
